package guard

import (
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/dualchain/dualchain/core/ffg"
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

// Bounds of what is imported: of a file's size in bytes, of the entries and of the votes in it, of the fields of an
// object, and of an epoch. A vote for an epoch that no chain reaches would close its key for ever.
const (
	MaxInterchange = 64 << 20
	maxHistories   = 4096
	maxVotes       = 1 << 19
	maxFields      = 64
	maxEpoch       = 1 << 48
)

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

func hexText(b []byte) string { return "0x" + hex.EncodeToString(b) }
