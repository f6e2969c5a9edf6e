package prove

import (
	"bytes"
	"fmt"

	"github.com/cometbft/cometbft/crypto/merkle"
	comet "github.com/cometbft/cometbft/types"
	gogotypes "github.com/cosmos/gogoproto/types"

	"github.com/dualchain/dualchain/core/cert"
)

// field proves the hash that is at this index of a header's fields, and returns the header's block without its path.
func field(header *comet.Header, index int, hash []byte) (cert.FieldProof, cert.BlockProof, error) {
	block, err := Block(header)
	if err != nil {
		return cert.FieldProof{}, block, err
	}
	value, err := root(hash)
	if err != nil {
		return cert.FieldProof{}, block, err
	}
	leaves, err := headerLeaves(header)
	if err != nil {
		return cert.FieldProof{}, block, fmt.Errorf("encode header: %w", err)
	}
	hashed, proofs := merkle.ProofsFromByteSlices(leaves)
	if !bytes.Equal(hashed, block.Hash[:]) {
		return cert.FieldProof{}, block, fmt.Errorf("%w: header of block %d: expected hash %s from its fields, found %X",
			ErrNotProvable, header.Height, block.Hash, hashed)
	}
	return cert.FieldProof{Hash: value, Path: roots(proofs[index].Aunts)}, block, nil
}

// message is a protobuf message.
type message interface{ Marshal() ([]byte, error) }

// encoded is a field that is protobuf already.
type encoded []byte

func (e encoded) Marshal() ([]byte, error) { return e, nil }

// headerLeaves returns the encoded fields that CometBFT hashes, in the order of types.Header.Hash. A field that is empty
// is an empty leaf, which is what protobuf makes of it.
func headerLeaves(h *comet.Header) ([][]byte, error) {
	time, err := gogotypes.StdTimeMarshal(h.Time)
	if err != nil {
		return nil, err
	}
	lastBlock := h.LastBlockID.ToProto()
	value := func(b []byte) message { return &gogotypes.BytesValue{Value: b} }
	fields := [cert.HeaderFields]message{
		&h.Version, &gogotypes.StringValue{Value: h.ChainID}, &gogotypes.Int64Value{Value: h.Height}, encoded(time), &lastBlock,
		value(h.LastCommitHash), value(h.DataHash), value(h.ValidatorsHash), value(h.NextValidatorsHash), value(h.ConsensusHash),
		value(h.AppHash), value(h.LastResultsHash), value(h.EvidenceHash), value(h.ProposerAddress),
	}
	leaves := make([][]byte, len(fields))
	for i, field := range fields {
		if leaves[i], err = field.Marshal(); err != nil {
			return nil, fmt.Errorf("field %d: %w", i, err)
		}
	}
	return leaves, nil
}
