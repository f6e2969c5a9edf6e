package cert

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
)

// TxProof proves that a transaction is in a block, and its result: the transaction under the block's data_hash, its
// result under the next block's last_results_hash, both blocks under a checkpoint. Inclusion alone does not show success.
type TxProof struct {
	Hash ffg.Root `json:"hash"` // SHA-256 of the transaction's bytes
	// Index is the transaction's place among Total in its block, and that of its result.
	Index   uint32     `json:"index"`
	Total   uint32     `json:"total"`
	Path    []ffg.Root `json:"path,omitempty"`
	Data    FieldProof `json:"data_hash"`
	Block   BlockProof `json:"block"`
	Result  TxResult   `json:"result"`
	Results FieldProof `json:"last_results_hash"`
	Next    BlockProof `json:"next_block"`
}

// TxResult is the part of a transaction's result that a header commits to (CometBFT's deterministic ExecTxResult).
type TxResult struct {
	// Code is 0 for success. The header commits neither to the codespace nor to the log.
	Code      uint32     `json:"code"`
	Data      Bytes      `json:"data,omitempty"`
	GasWanted int64      `json:"gas_wanted,string"`
	GasUsed   int64      `json:"gas_used,string"`
	Path      []ffg.Root `json:"path,omitempty"`
}

// Verify checks that the transaction is in a block under the checkpoint, with this result. The error is a *StepError of
// StepInclusion, StepHeader, StepTx or StepResult.
func (p TxProof) Verify(under ffg.Checkpoint) error {
	for _, block := range []BlockProof{p.Block, p.Next} {
		if err := block.Verify(under); err != nil {
			return err
		}
	}
	if p.Next.Height != p.Block.Height+1 {
		return fail(StepInclusion, 0, "results of block %d: expected in block %d, found %d", p.Block.Height, p.Block.Height+1, p.Next.Height)
	}
	if err := p.Data.verify(FieldDataHash, p.Block.Hash); err != nil {
		return fail(StepHeader, 0, "data hash of block %d: %w", p.Block.Height, err)
	}
	if err := p.Results.verify(FieldResultsHash, p.Next.Hash); err != nil {
		return fail(StepHeader, 0, "last results hash of block %d: %w", p.Next.Height, err)
	}
	// Total is not bound by either root, but both trees have as many leaves, so one place is the same leaf in both.
	if err := p.verifyLeaf(p.Hash[:], p.Path, p.Data.Hash); err != nil {
		return fail(StepTx, 0, "transaction %s: %w", p.Hash, err)
	}
	if err := p.verifyLeaf(p.Result.encode(), p.Result.Path, p.Results.Hash); err != nil {
		return fail(StepResult, 0, "transaction %s: %w", p.Hash, err)
	}
	return nil
}

func (p TxProof) verifyLeaf(leaf []byte, path []ffg.Root, root ffg.Root) error {
	if err := history.VerifyLeaf(leaf, uint64(p.Index), uint64(p.Total), arrays(path), root); err != nil {
		return fmt.Errorf("number %d of %d: %w", p.Index, p.Total, err)
	}
	return nil
}

// encode returns the result as protobuf, the leaf that CometBFT hashes: fields that are zero are left out.
func (r TxResult) encode() (b []byte) {
	number := func(field protowire.Number, v uint64) {
		if v != 0 {
			b = protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), v)
		}
	}
	number(1, uint64(r.Code))
	if len(r.Data) > 0 {
		b = protowire.AppendBytes(protowire.AppendTag(b, 2, protowire.BytesType), r.Data)
	}
	number(5, uint64(r.GasWanted))
	number(6, uint64(r.GasUsed))
	return b
}

func (p TxProof) write(w *writer) {
	w.root(p.Hash)
	w.uint32(p.Index)
	w.uint32(p.Total)
	w.roots(p.Path)
	p.Data.write(w)
	p.Block.write(w)
	w.uint32(p.Result.Code)
	w.bytes(4, p.Result.Data)
	w.uint64(uint64(p.Result.GasWanted))
	w.uint64(uint64(p.Result.GasUsed))
	w.roots(p.Result.Path)
	p.Results.write(w)
	p.Next.write(w)
}

func readTxProof(r *reader) TxProof {
	return TxProof{
		Hash: r.root(), Index: r.uint32(), Total: r.uint32(), Path: r.roots(), Data: readFieldProof(r), Block: readBlockProof(r),
		Result: TxResult{
			Code: r.uint32(), Data: r.bytes(4), GasWanted: int64(r.uint64()), GasUsed: int64(r.uint64()), Path: r.roots(),
		},
		Results: readFieldProof(r), Next: readBlockProof(r),
	}
}
