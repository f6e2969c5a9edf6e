package cert

import (
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
)

// A CometBFT header's hash is the RFC 6962 root over its 14 fields, each encoded as protobuf (types.Header.Hash). These are
// the indexes of the fields that proofs need.
const (
	HeaderFields     = 14
	FieldDataHash    = 6
	FieldAppHash     = 10
	FieldResultsHash = 11
)

// FieldProof shows that a block's header has a hash in one of its fields: the audit path of that field.
type FieldProof struct {
	Hash ffg.Root   `json:"hash"`
	Path []ffg.Root `json:"path,omitempty"`
}

// verify checks the field with this index of the header with this hash.
func (p FieldProof) verify(field uint64, header ffg.Root) error {
	// google.protobuf.BytesValue: field 1, 32 bytes.
	leaf := append([]byte{0x0a, byte(len(p.Hash))}, p.Hash[:]...)
	if err := history.VerifyLeaf(leaf, field, HeaderFields, arrays(p.Path), header); err != nil {
		return fmt.Errorf("field %d: %w", field, err)
	}
	return nil
}

func (p FieldProof) write(w *writer) {
	w.root(p.Hash)
	w.roots(p.Path)
}

func readFieldProof(r *reader) FieldProof { return FieldProof{Hash: r.root(), Path: r.roots()} }
