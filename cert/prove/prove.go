// Package prove makes the parts of proofs that come from CometBFT's blocks and the application's store, in the form that
// package cert verifies. The caller adds the paths of the blocks under a checkpoint, and the hand-overs to it.
package prove

import (
	"errors"
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	comet "github.com/cometbft/cometbft/types"
	ics23 "github.com/cosmos/ics23/go"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// ErrNotProvable is wrapped for inputs that don't belong together, or that no proof can show.
var ErrNotProvable = errors.New("cannot be proven")

// Tx proves transaction number index of a block, given the headers of that block and the next, all its transactions and all
// their results. The paths of both blocks are left to the caller.
func Tx(header, next *comet.Header, txs comet.Txs, results []*abci.ExecTxResult, index int) (cert.TxProof, error) {
	if index < 0 || index >= len(txs) || len(results) != len(txs) || next.Height != header.Height+1 {
		return cert.TxProof{}, fmt.Errorf("%w: transaction %d of %d, with %d results, of block %d before %d",
			ErrNotProvable, index, len(txs), len(results), header.Height, next.Height)
	}
	data, block, err := field(header, cert.FieldDataHash, header.DataHash)
	if err != nil {
		return cert.TxProof{}, fmt.Errorf("data hash: %w", err)
	}
	resultsHash, nextBlock, err := field(next, cert.FieldResultsHash, next.LastResultsHash)
	if err != nil {
		return cert.TxProof{}, fmt.Errorf("last results hash: %w", err)
	}
	inBlock, inResults := txs.Proof(index).Proof, comet.NewResults(results).ProveResult(index)
	result := results[index]
	return cert.TxProof{
		Hash: ffg.Root(txs[index].Key()), Index: uint32(index), Total: uint32(len(txs)), Path: roots(inBlock.Aunts), Data: data, Block: block,
		Result: cert.TxResult{
			Code: result.Code, Data: result.Data, GasWanted: result.GasWanted, GasUsed: result.GasUsed, Path: roots(inResults.Aunts),
		},
		Results: resultsHash, Next: nextBlock,
	}, nil
}

// State proves what a store has under a key, given the answer to an ABCI query with prove at a height, and the header of
// the block after that height. The path of that block is left to the caller.
func State(store string, key []byte, answer *abci.ResponseQuery, next *comet.Header) (cert.StateProof, error) {
	if next.Height != answer.Height+1 {
		return cert.StateProof{}, fmt.Errorf("%w: state after block %d by the header of block %d", ErrNotProvable, answer.Height, next.Height)
	}
	if ops := answer.ProofOps; ops == nil || len(ops.Ops) != 2 {
		return cert.StateProof{}, fmt.Errorf("%w: expected a proof of two trees with the answer, found %v", ErrNotProvable, ops)
	}
	app, block, err := field(next, cert.FieldAppHash, next.AppHash)
	if err != nil {
		return cert.StateProof{}, fmt.Errorf("app hash: %w", err)
	}
	inStore, err := commitment(answer.ProofOps.Ops[0].Data)
	if err != nil {
		return cert.StateProof{}, fmt.Errorf("key in the store: %w", err)
	}
	inApp, err := commitment(answer.ProofOps.Ops[1].Data)
	if err != nil {
		return cert.StateProof{}, fmt.Errorf("store in the multistore: %w", err)
	}
	return cert.StateProof{
		Store: store, Key: key, Value: answer.Value, InStore: inStore, InApp: inApp, App: app, Block: block,
	}, nil
}

// Block returns the proof of a block without its path.
func Block(header *comet.Header) (cert.BlockProof, error) {
	hash, err := root(header.Hash())
	if err != nil {
		return cert.BlockProof{}, fmt.Errorf("header of block %d: %w", header.Height, err)
	}
	return cert.BlockProof{Height: uint64(header.Height), Hash: hash}, nil
}

// commitment returns an ICS-23 proof in the encoding that package cert requires.
func commitment(data []byte) ([]byte, error) {
	proof := new(ics23.CommitmentProof)
	if err := proof.Unmarshal(data); err != nil {
		return nil, fmt.Errorf("decode the ICS-23 proof: %w", err)
	}
	return proof.Marshal()
}

func root(hash []byte) (ffg.Root, error) {
	if len(hash) != len(ffg.Root{}) {
		return ffg.Root{}, fmt.Errorf("%w: expected a hash of %d bytes, found %x", ErrNotProvable, len(ffg.Root{}), hash)
	}
	return ffg.Root(hash), nil
}

// roots expects hashes of 32 bytes.
func roots(path [][]byte) (out []ffg.Root) {
	for _, hash := range path {
		out = append(out, ffg.Root(hash))
	}
	return out
}
