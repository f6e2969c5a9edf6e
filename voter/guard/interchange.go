package guard

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/dualchain/dualchain/ffg"
)

// An interchange file, as in EIP-3076. A vote is an attestation with our epochs and signing root, and the domain stands
// where genesis_validators_root does. Nothing here signs blocks: signed_blocks is there, as it must be, and empty.
type interchange struct {
	Metadata metadata     `json:"metadata"`
	Data     []keyHistory `json:"data"`
}

type metadata struct {
	Version string `json:"interchange_format_version"`
	Domain  string `json:"genesis_validators_root"`
}

type keyHistory struct {
	Key    string        `json:"pubkey"`
	Blocks []struct{}    `json:"signed_blocks"`
	Votes  []attestation `json:"signed_attestations"`
}

type attestation struct {
	Source string `json:"source_epoch"`
	Target string `json:"target_epoch"`
	Root   string `json:"signing_root,omitempty"`
}

const interchangeVersion = "5"

// MaxInterchange is the size in bytes of the largest file that is imported.
const MaxInterchange = 64 << 20

// history is what a file says that a key signed.
type history struct {
	key   ffg.PublicKey
	votes []Record
}

// formatInterchange writes a file.
func formatInterchange(domain ffg.Root, all []history) ([]byte, error) {
	out := interchange{Metadata: metadata{Version: interchangeVersion, Domain: hexText(domain[:])}, Data: []keyHistory{}}
	for _, h := range all {
		entry := keyHistory{Key: hexText(h.key[:]), Blocks: []struct{}{}, Votes: []attestation{}}
		for _, r := range h.votes {
			a := attestation{Source: strconv.FormatUint(r.Source, 10), Target: strconv.FormatUint(r.Target, 10)}
			if r.Root != (ffg.Root{}) {
				a.Root = hexText(r.Root[:])
			}
			entry.Votes = append(entry.Votes, a)
		}
		out.Data = append(out.Data, entry)
	}
	content, err := json.MarshalIndent(out, "", "  ")
	return append(content, '\n'), err
}

// parseInterchange reads a file. A key may come more than once. Errors wrap ErrInterchange or ErrDomain.
//
// The EIP's schema allows other fields, which are left aside. A field that comes twice is refused: readers differ in
// which of the two counts.
func parseInterchange(domain ffg.Root, content []byte) ([]history, error) {
	if len(content) > MaxInterchange {
		return nil, fmt.Errorf("%w: expected at most %d bytes, found %d", ErrInterchange, MaxInterchange, len(content))
	}
	if err := json.Unmarshal(content, new(json.RawMessage)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInterchange, err)
	}
	top, err := readObject("the file", content, "metadata", "data")
	if err != nil {
		return nil, err
	}
	if err := checkMetadata(domain, top["metadata"]); err != nil {
		return nil, err
	}
	entries, err := readList("data", top["data"])
	if err != nil {
		return nil, err
	}
	all := make([]history, len(entries))
	for i, raw := range entries {
		if all[i], err = readHistory(fmt.Sprintf("data[%d]", i), raw); err != nil {
			return nil, err
		}
	}
	return all, nil
}

func checkMetadata(domain ffg.Root, raw json.RawMessage) error {
	fields, err := readObject("metadata", raw, "interchange_format_version", "genesis_validators_root")
	if err != nil {
		return err
	}
	version, err := readText("interchange_format_version", fields["interchange_format_version"])
	if err != nil {
		return err
	}
	if version != interchangeVersion {
		return malformed("interchange_format_version", interchangeVersion, version)
	}
	var found ffg.Root
	if err := readHex("genesis_validators_root", fields["genesis_validators_root"], found[:]); err != nil {
		return err
	}
	if found != domain {
		return fmt.Errorf("%w: genesis_validators_root: expected domain %s, found %s", ErrDomain, domain, found)
	}
	return nil
}

func readHistory(place string, raw json.RawMessage) (h history, err error) {
	fields, err := readObject(place, raw, "pubkey", "signed_blocks", "signed_attestations")
	if err != nil {
		return h, err
	}
	if err := readHex(place+".pubkey", fields["pubkey"], h.key[:]); err != nil {
		return h, err
	}
	blocks, err := readList(place+".signed_blocks", fields["signed_blocks"])
	if err != nil {
		return h, err
	}
	if len(blocks) > 0 {
		return h, malformed(place+".signed_blocks", "none, for a voter signs no blocks: is the key a validator's of another chain?", len(blocks))
	}
	votes, err := readList(place+".signed_attestations", fields["signed_attestations"])
	if err != nil {
		return h, err
	}
	h.votes = make([]Record, len(votes))
	for i, raw := range votes {
		if h.votes[i], err = readVote(fmt.Sprintf("%s.signed_attestations[%d]", place, i), raw); err != nil {
			return h, err
		}
	}
	return h, nil
}

func readVote(place string, raw json.RawMessage) (r Record, err error) {
	fields, err := readObject(place, raw, "source_epoch", "target_epoch")
	if err != nil {
		return r, err
	}
	if r.Source, err = readEpoch(place+".source_epoch", fields["source_epoch"]); err != nil {
		return r, err
	}
	if r.Target, err = readEpoch(place+".target_epoch", fields["target_epoch"]); err != nil {
		return r, err
	}
	if r.Source > r.Target {
		return r, malformed(place, fmt.Sprintf("a source epoch up to %d", r.Target), r.Source)
	}
	if root, found := fields["signing_root"]; found {
		err = readHex(place+".signing_root", root, r.Root[:])
	}
	return r, err
}

// readObject returns the fields of an object, each there once. The content is valid JSON.
func readObject(place string, raw json.RawMessage, required ...string) (map[string]json.RawMessage, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, malformed(place, "an object", start)
	}
	fields := make(map[string]json.RawMessage)
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrInterchange, place, err)
		}
		name, _ := token.(string) // which the name of a field is
		if _, twice := fields[name]; twice {
			return nil, malformed(place, fmt.Sprintf("field %q once", name), "it again")
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, fmt.Errorf("%w: %s.%s: %w", ErrInterchange, place, name, err)
		}
		fields[name] = value
	}
	for _, name := range required {
		if _, found := fields[name]; !found {
			return nil, malformed(place, fmt.Sprintf("a field %q", name), "none")
		}
	}
	return fields, nil
}

func readList(place string, raw json.RawMessage) (list []json.RawMessage, err error) {
	if raw[0] != '[' {
		return nil, malformed(place, "a list", string(raw))
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrInterchange, place, err)
	}
	return list, nil
}

func readText(place string, raw json.RawMessage) (text string, err error) {
	if raw[0] != '"' {
		return "", malformed(place, "a string", string(raw))
	}
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", fmt.Errorf("%w: %s: %w", ErrInterchange, place, err)
	}
	return text, nil
}

func readEpoch(place string, raw json.RawMessage) (uint64, error) {
	text, err := readText(place, raw)
	if err != nil {
		return 0, err
	}
	epoch, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, malformed(place, "a decimal number of 64 bits", text)
	}
	return epoch, nil
}

// readHex reads 0x and twice as many digits as out has bytes.
func readHex(place string, raw json.RawMessage, out []byte) error {
	text, err := readText(place, raw)
	if err != nil {
		return err
	}
	digits, prefixed := strings.CutPrefix(text, "0x")
	if !prefixed || len(digits) != 2*len(out) {
		return malformed(place, fmt.Sprintf("0x and %d hexadecimal digits", 2*len(out)), text)
	}
	if _, err := hex.Decode(out, []byte(digits)); err != nil {
		return malformed(place, fmt.Sprintf("0x and %d hexadecimal digits", 2*len(out)), text)
	}
	return nil
}

func hexText(b []byte) string { return "0x" + hex.EncodeToString(b) }

// malformed says where a file is not as it should be. What was found is cut to a length that fits a line.
func malformed(place, expected string, found any) error {
	return fmt.Errorf("%w: %s: expected %s, found %.80q", ErrInterchange, place, expected, fmt.Sprint(found))
}
