package cert_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	ics23 "github.com/cosmos/ics23/go"
	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

const (
	vectorChain = "dualchain-vectors-1"
	unbonding   = 10_000 // ms; a block takes a second
)

// proof returns a proof that starts at epoch 1 and leads to epoch 2.
func (l ledger) proof(trust *cert.Trust) cert.Proof {
	return cert.Proof{
		ChainID: vectorChain, Trust: trust, HandOvers: []cert.HandOver{l.HandOver(firstEpoch, ledgerEpoch, ledgerEpoch+1)},
	}
}

func (l ledger) txProof(t *testing.T, index int) cert.Proof {
	t.Helper()
	p, tx := l.proof(nil), l.tx(t, index)
	p.Tx = &tx
	return p
}

func (l ledger) stateProof(t *testing.T, key string) cert.Proof {
	t.Helper()
	return l.stateOf(t, []byte(key))
}

func (l ledger) stateOf(t *testing.T, key []byte) cert.Proof {
	t.Helper()
	p, state := l.proof(nil), l.state(t, string(key))
	p.State = &state
	return copied(t, p)
}

// copied shares nothing with the store, which gives its own values away.
func copied(t *testing.T, p cert.Proof) cert.Proof {
	t.Helper()
	raw, err := p.Encode()
	require.NoError(t, err)
	p, err = cert.DecodeProof(raw)
	require.NoError(t, err)
	return p
}

func (l ledger) blockProof(height uint64) cert.Proof {
	p, block := l.proof(nil), l.Inclusion(height, ledgerEpoch)
	p.Block = &block
	return p
}

func (l ledger) input(d *certtest.Document) certtest.Input {
	trust := l.Trust(firstEpoch)
	return certtest.Input{ChainID: vectorChain, Mode: "skipping", Trust: certtest.InBinary(trust), Now: trust.Checkpoint.Time, Unbonding: unbonding, Proof: d}
}

func proofVectors(t *testing.T) (out []certtest.Vector) {
	l := newLedger(t)
	add := func(name string, in certtest.Input, e certtest.Expect) {
		final := l.Checkpoints[ledgerEpoch].Ref()
		e.OK, e.Final = true, &final
		out = append(out, certtest.Vector{Name: name, Op: "verify_proof", Input: in, Expect: e})
	}
	code := func(c uint32) *uint32 { return &c }
	add("a transaction that succeeded", l.input(certtest.Both(l.txProof(t, 0))), certtest.Expect{Height: txHeight, Code: code(0)})
	add("a transaction that failed: final, and failed", l.input(certtest.InBinary(l.txProof(t, 1))), certtest.Expect{Height: txHeight, Code: code(5)})
	add("a transaction with an empty result", l.input(certtest.InBinary(l.txProof(t, 3))), certtest.Expect{Height: txHeight, Code: code(0)})
	add("the last of five transactions", l.input(certtest.InBinary(l.txProof(t, 4))), certtest.Expect{Height: txHeight, Code: code(0)})
	add("a block", l.input(certtest.Both(l.blockProof(2))), certtest.Expect{Height: 2})
	add("the first block", l.input(certtest.InBinary(l.blockProof(1))), certtest.Expect{Height: 1})
	add("the checkpoint's own block", l.input(certtest.InBinary(l.blockProof(ledgerHeight))), certtest.Expect{Height: ledgerHeight})
	add("a key's value", l.input(certtest.Both(l.stateProof(t, "bob"))), certtest.Expect{Height: txHeight, Value: cert.Bytes{txHeight, 100}})
	add("a key's absence", l.input(certtest.InBinary(l.stateProof(t, "bill"))), certtest.Expect{Height: txHeight, Absent: true})
	add("absence before the first key", l.input(certtest.InBinary(l.stateProof(t, "\x01"))), certtest.Expect{Height: txHeight, Absent: true})
	add("absence after the last key", l.input(certtest.InBinary(l.stateProof(t, "zoe"))), certtest.Expect{Height: txHeight, Absent: true})

	trust := l.Trust(firstEpoch)
	byRoot := l.proof(&trust)
	byRoot.Block = l.blockProof(2).Block
	in := l.input(certtest.Both(byRoot))
	at := trust.Checkpoint.Ref()
	in.Trust, in.At = nil, &at
	add("trusted by epoch and root", in, certtest.Expect{Height: 2})
	alone := l.blockProof(2)
	alone.HandOvers = nil
	reached := l.input(certtest.InBinary(alone))
	reached.Trust = certtest.InBinary(l.Trust(ledgerEpoch))
	add("under the trusted checkpoint itself", reached, certtest.Expect{Height: 2})

	out = append(out, subjectVectors(t, l)...)
	out = append(out, numberVectors(t, l)...)
	out = append(out, commitmentVectors(t, l)...)
	out = append(out, forgedProofs(t, l)...)
	out = append(out, forgedAbsences(t, l)...)
	out = append(out, forgedOps(t, l)...)
	out = append(out, consistencyVectors(l)...)
	return append(out, historyVectors(t)...)
}

// sorted orders vectors by name.
func sorted(vectors []certtest.Vector) []certtest.Vector {
	slices.SortFunc(vectors, func(a, b certtest.Vector) int { return strings.Compare(a.Name, b.Name) })
	return vectors
}

// forgedProofs change one thing each.
func forgedProofs(t *testing.T, l ledger) (out []certtest.Vector) {
	add := func(name string, step cert.Step, in certtest.Input) {
		out = append(out, certtest.Vector{Name: name, Op: "verify_proof", Input: in, Expect: certtest.Expect{Error: step}})
	}
	elsewhere := l.blockProof(2)
	elsewhere.ChainID = "dualchain-vectors-2"
	add("for another chain", cert.StepChain, l.input(certtest.InBinary(elsewhere)))
	there := l.input(certtest.InBinary(elsewhere))
	there.ChainID = elsewhere.ChainID
	add("signed for another chain", cert.StepSignature, there)
	trust := l.Trust(firstEpoch)
	for _, at := range []struct {
		name  string
		trust *cert.Trust
		ref   ffg.Ref
	}{
		{"brings another checkpoint than the trusted root", &trust, ffg.Ref{Epoch: firstEpoch, Root: ffg.Root{1}}},
		{"brings another checkpoint than the trusted epoch", &trust, ffg.Ref{Epoch: firstEpoch + 1, Root: trust.Checkpoint.Root()}},
		{"brings no checkpoint", nil, trust.Checkpoint.Ref()},
	} {
		p := l.proof(at.trust)
		p.Block = l.blockProof(2).Block
		in := l.input(certtest.InBinary(p))
		in.Trust, in.At = nil, &at.ref
		add(at.name, cert.StepTrust, in)
		if at.trust == nil {
			in.ChainID = elsewhere.ChainID
			add(at.name+", and is for another chain", cert.StepTrust, in)
		}
	}
	lying := l.Trust(firstEpoch)
	lying.Voters = append(ffg.VoterSet{}, lying.Voters...)
	lying.Voters[0].Rear++
	p := l.proof(&lying)
	p.Block = l.blockProof(2).Block
	in, ref := l.input(certtest.InBinary(p)), trust.Checkpoint.Ref()
	in.Trust, in.At = nil, &ref
	add("brings other voters than the trusted checkpoint's", cert.StepTrust, in)
	expired := l.input(certtest.InBinary(l.blockProof(2)))
	expired.Now += unbonding + 1
	add("stale trust", cert.StepExpired, expired)

	block := func(name string, change func(*cert.BlockProof)) {
		p := l.blockProof(4)
		change(p.Block)
		add(name, cert.StepInclusion, l.input(certtest.InBinary(p)))
	}
	block("a block's hash is another", func(b *cert.BlockProof) { b.Hash[0] ^= 1 })
	block("a block of the height before", func(b *cert.BlockProof) { b.Height-- })
	block("a block of the height after", func(b *cert.BlockProof) { b.Height++ })
	block("a block at the anchor", func(b *cert.BlockProof) { b.Height = 0 })
	block("a block above the checkpoint", func(b *cert.BlockProof) { b.Height = ledgerHeight + 1 })
	p = l.blockProof(1)
	p.Block.Height = 0
	add("the first block passed off as the anchor's", cert.StepInclusion, l.input(certtest.InBinary(p)))
	p = l.blockProof(ledgerHeight)
	p.Block.Height++
	add("the checkpoint's own block passed off as the next one", cert.StepInclusion, l.input(certtest.InBinary(p)))
	block("a block's path is too short", func(b *cert.BlockProof) { b.Path = b.Path[1:] })
	block("a block's path is too long", func(b *cert.BlockProof) { b.Path = append(b.Path, ffg.Root{}) })
	block("a block's path is another", func(b *cert.BlockProof) { b.Path[1][0] ^= 1 })
	out = append(out, forgedTxs(t, l)...)
	return append(out, forgedStates(t, l)...)
}

func forgedTxs(t *testing.T, l ledger) (out []certtest.Vector) {
	forge := func(name string, step cert.Step, change func(*cert.TxProof)) {
		p := l.txProof(t, 1)
		change(p.Tx)
		out = append(out, certtest.Vector{Name: name, Op: "verify_proof", Input: l.input(certtest.InBinary(p)), Expect: certtest.Expect{Error: step}})
	}
	other := l.tx(t, 0)
	forge("a failed transaction passed off as successful", cert.StepResult, func(tx *cert.TxProof) { tx.Result.Code = 0 })
	forge("another transaction's result", cert.StepResult, func(tx *cert.TxProof) { tx.Result = other.Result })
	forge("a result with other data", cert.StepResult, func(tx *cert.TxProof) { tx.Result.Data = []byte{1} })
	forge("a result with another gas limit", cert.StepResult, func(tx *cert.TxProof) { tx.Result.GasWanted++ })
	forge("a result that used other gas", cert.StepResult, func(tx *cert.TxProof) { tx.Result.GasUsed++ })
	forge("a result's path is too short", cert.StepResult, func(tx *cert.TxProof) { tx.Result.Path = tx.Result.Path[1:] })
	forge("a result's path is another", cert.StepResult, func(tx *cert.TxProof) { tx.Result.Path[0][0] ^= 1 })
	forge("another transaction", cert.StepTx, func(tx *cert.TxProof) { tx.Hash = other.Hash })
	forge("a transaction's place is another", cert.StepTx, func(tx *cert.TxProof) { tx.Index = 0 })
	forge("a place beyond the last", cert.StepTx, func(tx *cert.TxProof) { tx.Index = 5 })
	forge("a transaction's path is too short", cert.StepTx, func(tx *cert.TxProof) { tx.Path = tx.Path[1:] })
	forge("a transaction's path is another", cert.StepTx, func(tx *cert.TxProof) { tx.Path[0][0] ^= 1 })
	forge("the data hash is another", cert.StepHeader, func(tx *cert.TxProof) { tx.Data.Hash[0] ^= 1 })
	forge("the data hash's path is too short", cert.StepHeader, func(tx *cert.TxProof) { tx.Data.Path = tx.Data.Path[1:] })
	forge("another field than the data hash", cert.StepHeader, func(tx *cert.TxProof) {
		state := l.state(t, "bob")
		tx.Data, tx.Block = state.App, state.Block
		tx.Next = l.Inclusion(txHeight+2, ledgerEpoch)
	})
	forge("the results hash is another", cert.StepHeader, func(tx *cert.TxProof) { tx.Results.Hash[0] ^= 1 })
	forge("the results hash's path is another", cert.StepHeader, func(tx *cert.TxProof) { tx.Results.Path[0][0] ^= 1 })
	forge("the transaction's block is not under the checkpoint", cert.StepInclusion, func(tx *cert.TxProof) { tx.Block.Hash[0] ^= 1 })
	forge("the results' block is not under the checkpoint", cert.StepInclusion, func(tx *cert.TxProof) { tx.Next.Path[0][0] ^= 1 })
	forge("results from two blocks later", cert.StepInclusion, func(tx *cert.TxProof) {
		tx.Next = l.Inclusion(txHeight+2, ledgerEpoch)
	})
	forge("results from the same block", cert.StepInclusion, func(tx *cert.TxProof) { tx.Next = tx.Block })
	return out
}

func forgedStates(t *testing.T, l ledger) (out []certtest.Vector) {
	forge := func(name, key string, step cert.Step, change func(*cert.StateProof)) {
		p := l.stateProof(t, key)
		change(p.State)
		out = append(out, certtest.Vector{Name: name, Op: "verify_proof", Input: l.input(certtest.InBinary(p)), Expect: certtest.Expect{Error: step}})
	}
	alice, absent := l.state(t, "alice"), l.state(t, "bill")
	forge("another value", "bob", cert.StepState, func(s *cert.StateProof) { s.Value[0]++ })
	forge("another key", "bob", cert.StepState, func(s *cert.StateProof) { s.Key[0]++ })
	forge("another key's proof", "bob", cert.StepState, func(s *cert.StateProof) { s.InStore = alice.InStore })
	forge("another store", "bob", cert.StepState, func(s *cert.StateProof) { s.Store = "gov" })
	forge("a present key passed off as absent", "bob", cert.StepState, func(s *cert.StateProof) { s.Value = nil })
	forge("a present key with another's proof of absence", "bob", cert.StepState, func(s *cert.StateProof) {
		s.Value, s.InStore = nil, absent.InStore
	})
	forge("an absent key passed off as present", "bill", cert.StepState, func(s *cert.StateProof) { s.Value = []byte{1} })
	forge("the store's proof is cut off", "bob", cert.StepState, func(s *cert.StateProof) { s.InStore = s.InStore[:len(s.InStore)-1] })
	forge("the store's proof is empty", "bob", cert.StepState, func(s *cert.StateProof) { s.InStore = nil })
	forge("the multistore's proof is another", "bob", cert.StepState, func(s *cert.StateProof) { s.InApp[len(s.InApp)-1] ^= 1 })
	forge("the multistore's proof of another store", "bob", cert.StepState, func(s *cert.StateProof) { s.InApp = s.InStore })
	forge("the multistore's proof is one of absence", "bob", cert.StepState, func(s *cert.StateProof) { s.InApp = absent.InStore })
	forge("an ICS-23 proof with an unknown field", "bob", cert.StepState, func(s *cert.StateProof) { s.InApp = append(s.InApp, 0x38, 1) })
	forge("a compressed ICS-23 proof", "bob", cert.StepState, func(s *cert.StateProof) { s.InStore = compressed(t, s.InStore) })
	forge("the app hash is another", "bob", cert.StepHeader, func(s *cert.StateProof) { s.App.Hash[0] ^= 1 })
	forge("the app hash's path is too long", "bob", cert.StepHeader, func(s *cert.StateProof) { s.App.Path = append(s.App.Path, ffg.Root{}) })
	forge("the app hash of another block", "bob", cert.StepHeader, func(s *cert.StateProof) { s.Block = l.Inclusion(txHeight, ledgerEpoch) })
	forge("the state's block is not under the checkpoint", "bob", cert.StepInclusion, func(s *cert.StateProof) { s.Block.Hash[0] ^= 1 })
	forge("the state after the checkpoint's block", "bob", cert.StepInclusion, func(s *cert.StateProof) { s.Block.Height = ledgerHeight + 1 })
	return out
}

func consistencyVectors(l ledger) (out []certtest.Vector) {
	add := func(name string, earlier, later uint64, step cert.Step, change func(*certtest.Input)) {
		a, b := l.Checkpoints[earlier], l.Checkpoints[later]
		in := certtest.Input{Earlier: &a, Later: &b}
		if earlier <= later {
			in.Path = l.Consistency(earlier, later)
		}
		change(&in)
		out = append(out, certtest.Vector{Name: name, Op: "verify_consistency", Input: in, Expect: certtest.Expect{Error: step, OK: step == ""}})
	}
	same := func(*certtest.Input) {}
	add("one history goes on from another", firstEpoch, ledgerEpoch, "", same)
	add("a history goes on from the anchor's", 0, ledgerEpoch, "", same)
	add("a history goes on from itself", ledgerEpoch, ledgerEpoch, "", same)
	const step = cert.StepConsistency
	add("backwards", ledgerEpoch, firstEpoch, step, func(in *certtest.Input) { in.Path = l.Consistency(firstEpoch, ledgerEpoch) })
	add("a path too short", firstEpoch, ledgerEpoch, step, func(in *certtest.Input) { in.Path = in.Path[1:] })
	add("a path too long", firstEpoch, ledgerEpoch, step, func(in *certtest.Input) { in.Path = append(in.Path, ffg.Root{}) })
	add("another path", firstEpoch, ledgerEpoch, step, func(in *certtest.Input) { in.Path[0][0] ^= 1 })
	add("another earlier history", firstEpoch, ledgerEpoch, step, func(in *certtest.Input) { in.Earlier.HistoryRoot[0] ^= 1 })
	add("another later history", firstEpoch, ledgerEpoch, step, func(in *certtest.Input) { in.Later.HistoryRoot[0] ^= 1 })
	add("another history at the anchor", 0, ledgerEpoch, step, func(in *certtest.Input) { in.Earlier.HistoryRoot[0] ^= 1 })
	add("another anchor", firstEpoch, ledgerEpoch, step, func(in *certtest.Input) { in.Later.Height++ })
	add("a height before the anchor's", 0, ledgerEpoch, step, func(in *certtest.Input) {
		in.Earlier.Height = in.Later.Height + 1 // the size that goes with it wraps around
		in.Later.HistorySize, in.Path = math.MaxUint64, nil
	})
	return out
}

// compressed returns an ICS-23 proof in another of its forms.
func compressed(t *testing.T, raw []byte) []byte {
	t.Helper()
	proof := new(ics23.CommitmentProof)
	require.NoError(t, proof.Unmarshal(raw))
	batch, err := ics23.CombineProofs([]*ics23.CommitmentProof{proof})
	require.NoError(t, err)
	out, err := batch.Marshal()
	require.NoError(t, err)
	return out
}
