package guard

import (
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/dualchain/dualchain/core/ffg"
)

// interchange is an EIP-3076 interchange file. A vote is an attestation with this protocol's epochs and signing root, and
// genesis_validators_root is the domain. The required field signed_blocks is empty, because voters sign no blocks.
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

// Bounds of an import: a file's size in bytes, its entries, its votes, the fields of an object, and an epoch. A vote for an epoch
// that no chain reaches would keep its key from voting for ever.
const (
	MaxInterchange = 64 << 20
	maxHistories   = 4096
	maxVotes       = 1 << 19
	maxFields      = 64
	maxEpoch       = 1 << 48
)

// history is the votes of a key in a file.
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
