package cert_test

import (
	"encoding/hex"
	"strings"
	"testing"

	"cosmossdk.io/collections"
	sdk "github.com/cosmos/cosmos-sdk/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

// subjectVectors say what a proof must be about.
func subjectVectors(t *testing.T, l ledger) (out []certtest.Vector) {
	final := l.Checkpoints[ledgerEpoch].Ref()
	add := func(name string, p cert.Proof, about cert.Subject, e certtest.Expect) {
		in := l.input(certtest.InBinary(p))
		in.About = certtest.NewAbout(about)
		if e.Error == "" {
			e.OK, e.Final = true, &final
		}
		out = append(out, certtest.Vector{Name: "about " + name, Op: "verify_proof", Input: in, Expect: e})
	}
	refused := certtest.Expect{Error: cert.StepSubject}
	succeeded := uint32(0)
	tx, block, state := l.txProof(t, 0), l.blockProof(2), l.stateProof(t, "bob")
	add("this transaction", tx, cert.TxSubject(tx.Tx.Hash), certtest.Expect{Height: txHeight, Code: &succeeded})
	add("another transaction", tx, cert.TxSubject(l.tx(t, 1).Hash), refused)
	add("a transaction, and it is about its block", tx, cert.BlockSubject(txHeight), refused)
	add("this block", block, cert.BlockSubject(2), certtest.Expect{Height: 2})
	add("another block", block, cert.BlockSubject(3), refused)
	add("a block, and it is about a transaction", block, cert.TxSubject(tx.Tx.Hash), refused)
	add("a block, and it is about a state", block, cert.StateSubject("bank", []byte("bob"), 0), refused)
	there := certtest.Expect{Height: txHeight, Value: state.State.Value}
	add("this state, whenever", state, cert.StateSubject("bank", []byte("bob"), 0), there)
	add("this state, after this block", state, cert.StateSubject("bank", []byte("bob"), txHeight), there)
	add("this state, after the block before", state, cert.StateSubject("bank", []byte("bob"), txHeight-1), refused)
	add("this state, after the block that shows it", state, cert.StateSubject("bank", []byte("bob"), txHeight+1), refused)
	add("another key", state, cert.StateSubject("bank", []byte("alice"), 0), refused)
	add("the beginning of the key", state, cert.StateSubject("bank", []byte("bo"), 0), refused)
	add("another store", state, cert.StateSubject("gov", []byte("bob"), 0), refused)
	add("a state, and it is about its block", state, cert.BlockSubject(txHeight+1), refused)
	add("a state, and it is about the block that it was after", state, cert.BlockSubject(txHeight), refused)
	absent := l.stateProof(t, "bill")
	add("a key that is absent", absent, cert.StateSubject("bank", []byte("bill"), txHeight), certtest.Expect{Height: txHeight, Absent: true})
	elsewhere := l.txProof(t, 0)
	elsewhere.ChainID = "dualchain-vectors-2"
	add("another transaction, of another chain", elsewhere, cert.TxSubject(ffg.Root{1}), certtest.Expect{Error: cert.StepChain})
	add("a transaction whose proof doesn't hold", broken(t, l), cert.TxSubject(l.tx(t, 1).Hash), certtest.Expect{Error: cert.StepResult})
	add("another transaction than the one whose proof doesn't hold", broken(t, l), cert.TxSubject(l.tx(t, 0).Hash), refused)

	proposal := l.stateIn(t, "gov", "proposal")
	short := l.proof(nil)
	short.State = &proposal
	short = copied(t, short)
	add("a value of one byte, alone in its store", short, cert.StateSubject("gov", []byte("proposal"), 0), certtest.Expect{Height: txHeight, Value: cert.Bytes{txHeight}})
	add("block 0", l.blockProof(2), cert.BlockSubject(0), refused)

	balance := l.stateOf(t, balanceKey(t))
	add("the balance of an account", balance, cert.StateSubject("bank", balance.State.Key, 0), certtest.Expect{Height: txHeight, Value: balance.State.Value})
	return out
}

// broken is a proof of a failed transaction that claims that it succeeded.
func broken(t *testing.T, l ledger) cert.Proof {
	t.Helper()
	p := l.txProof(t, 1)
	p.Tx.Result.Code = 0
	return p
}

// balanceKey is the key under which x/bank has the balance of the account 0101…01 in udual.
func balanceKey(t testing.TB) []byte {
	t.Helper()
	account := make([]byte, 20)
	for i := range account {
		account[i] = 1
	}
	key, err := collections.EncodeKeyWithPrefix(banktypes.BalancesPrefix,
		collections.PairKeyCodec(sdk.AccAddressKey, collections.StringKey), collections.Join(sdk.AccAddress(account), "udual"))
	require.NoError(t, err)
	require.Len(t, key, 1+1+20+5)
	return key
}

// numberVectors are at the bounds of the numbers in proofs.
func numberVectors(t *testing.T, l ledger) (out []certtest.Vector) {
	final := l.Checkpoints[ledgerEpoch].Ref()
	place := func(name string, index int, step cert.Step, change func(*cert.TxProof)) {
		p := l.txProof(t, index)
		change(p.Tx)
		e := certtest.Expect{Error: step}
		if step == "" {
			e = certtest.Expect{OK: true, Final: &final, Height: txHeight, Code: &p.Tx.Result.Code}
		}
		out = append(out, certtest.Vector{Name: "a place: " + name, Op: "verify_proof", Input: l.input(certtest.InBinary(p)), Expect: e})
	}
	const refused = cert.StepTx
	place("the first of more transactions, a number that nothing binds", 0, "", func(tx *cert.TxProof) { tx.Total = 8 })
	place("the first of fewer transactions", 0, refused, func(tx *cert.TxProof) { tx.Total = 4 })
	place("the first of none", 0, refused, func(tx *cert.TxProof) { tx.Total = 0 })
	place("the last, as one after the last", 4, refused, func(tx *cert.TxProof) { tx.Index, tx.Total = 5, 5 })
	place("the last, as far after the last", 4, refused, func(tx *cert.TxProof) { tx.Index = 1<<32 - 1 })
	place("the last of as many as there can be", 4, refused, func(tx *cert.TxProof) { tx.Index, tx.Total = 1<<32-2, 1<<32-1 })
	place("the first, as the last", 0, refused, func(tx *cert.TxProof) { tx.Index = 4 })
	return out
}

// commitmentVectors are of the bound of ICS-23 proofs, 64 KiB each. What is inside is no proof, which only verification sees.
func commitmentVectors(t *testing.T, l ledger) (out []certtest.Vector) {
	const bound = 64 << 10
	p := l.stateProof(t, "bob")
	inStore, inApp := hex.EncodeToString(p.State.InStore), hex.EncodeToString(p.State.InApp)
	add := func(name string, text bool, size int, swap func(document *certtest.Document)) {
		d := certtest.InBinary(p)
		if text {
			raw, err := cert.EncodeJSON(p)
			require.NoError(t, err)
			d = &certtest.Document{Type: "proof", Text: string(raw)}
		}
		d.Zeros = size
		swap(d)
		e := certtest.Expect{OK: true}
		if size > bound {
			e = certtest.Expect{Error: cert.StepDecode}
		}
		out = append(out, certtest.Vector{Name: "proof: " + name, Op: "decode", Input: certtest.Input{Decode: d}, Expect: e})
	}
	length := func(n int) string {
		return hex.EncodeToString([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	}
	for _, size := range []int{bound, bound + 1} {
		for what, proof := range map[string]string{"in_store": inStore, "in_app": inApp} {
			name := map[bool]string{true: what + " of 64 KiB", false: what + " of 64 KiB and a byte"}[size == bound]
			add(name, false, size, func(d *certtest.Document) {
				at := length(len(proof)/2) + proof
				require.Equal(t, 1, strings.Count(d.Binary, at))
				d.Binary = strings.Replace(d.Binary, at, length(size)+"*", 1)
			})
			add(name+", as text", true, size, func(d *certtest.Document) {
				require.Equal(t, 1, strings.Count(d.Text, `"`+proof+`"`))
				d.Text = strings.Replace(d.Text, `"`+proof+`"`, `"*"`, 1)
			})
		}
	}
	return sorted(out)
}
