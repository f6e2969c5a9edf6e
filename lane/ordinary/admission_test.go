package ordinary

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/math"

	sdkerrors "github.com/cosmos/cosmos-sdk/types/errors"
)

func TestTheNextNumberIsAdmittedBehindAPendingOneAndAHoleIsNot(t *testing.T) {
	s := newScene(t, Config{})
	result := s.refuses(send("a", 1, 10), ReasonAnte, sdkerrors.ErrWrongSequence)
	require.True(t, result.Retry, "the number before may come")
	s.admits(send("a", 0, 10), send("a", 1, 10))
	result = s.refuses(send("a", 3, 10), ReasonSequence, sdkerrors.ErrWrongSequence)
	require.Contains(t, result.Err.Error(), "expected 2")
	s.admits(send("a", 2, 10)).holds(send("a", 0, 10), send("a", 1, 10), send("a", 2, 10))
}

func TestAResultIsWhatCheckTxAnswers(t *testing.T) {
	s := newScene(t, Config{})
	resp := s.lane.Insert(send("a", 0, 10).bytes(), true).CheckTx()
	require.Zero(t, resp.Code)
	require.Equal(t, int64(100), resp.GasWanted)
	bad := send("a", 1, 10)
	bad.Bad = true
	resp = s.refuses(bad, ReasonAnte, sdkerrors.ErrUnauthorized).CheckTx()
	require.Equal(t, "sdk", resp.Codespace)
	require.Contains(t, resp.Log, "bad signature")
	require.Equal(t, int64(100), resp.GasWanted)
	s.refuses(send("a", 0, 10), ReasonKnown, sdkerrors.ErrTxInMempoolCache)
	require.Equal(t, map[string]uint64{ReasonAnte: 1, ReasonKnown: 1}, s.lane.Counters().Refused)
}

func TestSizesAreCheckedBeforeAnythingIsDecoded(t *testing.T) {
	fits := send("a", 0, 10)
	s := newScene(t, Config{MaxTxBytes: len(fits.bytes())})
	decoded := 0
	decode := s.lane.chain.Decode
	s.lane.chain.Decode = func(bytes []byte) (tx sdkTx, err error) { decoded++; return decode(bytes) }
	larger := fits
	larger.Note = "x"
	s.refuses(larger, ReasonSize, sdkerrors.ErrTxTooLarge)
	require.Equal(t, ReasonSize, s.lane.Insert(nil, false).Reason)
	require.Zero(t, decoded)
	s.admits(fits)
	require.Equal(t, 1, decoded)
}

func TestAnAccountHasABoundOfPendingTransactionsEvenAsSecondSigner(t *testing.T) {
	s := newScene(t, Config{MaxPerSender: 3})
	both := fakeTx{From: []string{"b", "a"}, Seq: []uint64{0, 2}, Fee: 1, Gas: 1}
	s.admits(send("a", 0, 10), send("a", 1, 10), both)
	s.refuses(send("a", 3, 99), ReasonSender, sdkerrors.ErrMempoolIsFull)
	unordered := fakeTx{From: []string{"a"}, Seq: []uint64{0}, Fee: 1, Gas: 1, Unordered: 5}
	s.refuses(unordered, ReasonSender, sdkerrors.ErrMempoolIsFull)
	s.admits(send("b", 1, 10), send("a", 1, 20)) // a replacement takes no place
}

func TestSecondSignersAreServedInOrderToo(t *testing.T) {
	s := newScene(t, Config{})
	first := send("b", 0, 1)
	both := fakeTx{From: []string{"a", "b"}, Seq: []uint64{0, 1}, Fee: 500, Gas: 100}
	last := send("b", 2, 400)
	s.refuses(both, ReasonAnte, sdkerrors.ErrWrongSequence)
	s.admits(first, both, last)
	require.Equal(t, []string{string(first.bytes()), string(both.bytes()), string(last.bytes())}, texts(s.lane.Select(-1, -1)))
	s.commits(first, both).holds(last)
}

func TestUnorderedTransactionsWaitForNothingAndAreReplacedByTimestamp(t *testing.T) {
	s := newScene(t, Config{})
	one := fakeTx{From: []string{"a"}, Seq: []uint64{0}, Fee: 100, Gas: 100, Unordered: 7}
	other := one
	other.Unordered = 8
	s.admits(one, other, send("a", 0, 10))
	cheaper := one
	cheaper.Fee = 109
	s.refuses(cheaper, ReasonReplacement, sdkerrors.ErrInsufficientFee)
	better := one
	better.Fee = 110
	s.admits(better).holds(better, other, send("a", 0, 10))
	numbered := one
	numbered.Seq = []uint64{1}
	s.refuses(numbered, ReasonBasic, sdkerrors.ErrInvalidRequest)
	s.commits(better).holds(other, send("a", 0, 10))
	foreign := other
	foreign.Note = "through another node"
	s.commits(foreign).holds(send("a", 0, 10))
}

func TestAllThatAnAccountHasPendingSpendsItsBalance(t *testing.T) {
	s := newScene(t, Config{})
	s.rich = 100
	s.admits(send("a", 0, 60))
	s.refuses(send("a", 1, 41), ReasonAnte, sdkerrors.ErrInsufficientFunds)
	unordered := fakeTx{From: []string{"a"}, Seq: []uint64{0}, Fee: 41, Gas: 1, Unordered: 7}
	s.refuses(unordered, ReasonAnte, sdkerrors.ErrInsufficientFunds)
	unordered.Fee = 40
	s.admits(unordered)
	s.refuses(send("a", 1, 1), ReasonAnte, sdkerrors.ErrInsufficientFunds)
}

func TestAReplacementPaysTenPercentMore(t *testing.T) {
	s := newScene(t, Config{})
	s.admits(send("a", 0, 1_000))
	result := s.refuses(send("a", 0, 1_099), ReasonReplacement, sdkerrors.ErrInsufficientFee)
	require.Contains(t, result.Err.Error(), "at least 1100udual for 100 gas, found 1099udual")
	moreGas := send("a", 0, 2_199)
	moreGas.Gas = 200
	result = s.refuses(moreGas, ReasonReplacement, sdkerrors.ErrInsufficientFee)
	require.Contains(t, result.Err.Error(), "at least 2200udual for 200 gas")
	s.admits(send("a", 0, 1_100)).holds(send("a", 0, 1_100))
	free := newScene(t, Config{})
	free.admits(send("a", 0, 0))
	note := send("a", 0, 0)
	note.Note = "another one"
	free.refuses(note, ReasonReplacement, sdkerrors.ErrInsufficientFee)
	free.admits(send("a", 0, 1))
}

func TestSuccessorsStayBehindAReplacementIfTheyStillPass(t *testing.T) {
	s := newScene(t, Config{})
	s.rich = 1_000
	s.admits(send("a", 0, 100), send("a", 1, 200), send("a", 2, 300))
	s.admits(send("a", 0, 150)).holds(send("a", 0, 150), send("a", 1, 200), send("a", 2, 300))
	s.admits(send("a", 0, 600)).holds(send("a", 0, 600), send("a", 1, 200))
	require.Equal(t, uint64(2), s.lane.Counters().Replaced)
	require.Equal(t, uint64(1), s.lane.Counters().Invalid)
}

func TestAFullLaneEvictsTheLowestTailForABetterOne(t *testing.T) {
	s := newScene(t, Config{MaxTxs: 3})
	s.admits(send("a", 0, 100), send("a", 1, 300), send("b", 0, 200))
	require.Equal(t, "100/100", s.lane.Status().MinFee.String(), "the tail of a pays 300, but 100 stands before it")
	result := s.refuses(send("c", 0, 100), ReasonFull, sdkerrors.ErrMempoolIsFull)
	require.Contains(t, result.Err.Error(), "expected a fee per gas above 100/100udual, at least 101udual for 100 gas, found 100udual")
	require.True(t, result.Retry)
	s.admits(send("c", 0, 101)).holds(send("a", 0, 100), send("b", 0, 200), send("c", 0, 101))
	s.admits(send("c", 1, 150)).holds(send("c", 1, 150), send("b", 0, 200), send("c", 0, 101))
	require.Equal(t, uint64(2), s.lane.Counters().Evicted)
	result = s.refuses(send("c", 2, 1_000), ReasonFull, sdkerrors.ErrMempoolIsFull)
	require.Contains(t, result.Err.Error(), "found 101/100 in a pending transaction that must be executed before")
}

func TestBytesAreBoundedAndARefusedNewcomerChangesNothing(t *testing.T) {
	small, large := send("a", 0, 10), send("c", 0, 15)
	large.Note = fmt.Sprintf("%060d", 0)
	n := int64(len(small.bytes()))
	s := newScene(t, Config{MaxBytes: 2 * n, MaxTxBytes: int(2 * n)})
	s.admits(small, send("b", 0, 20))
	require.Greater(t, int64(len(large.bytes())), n)
	s.refuses(large, ReasonFull, sdkerrors.ErrMempoolIsFull) // a would go for it, but b is worth more
	s.holds(small, send("b", 0, 20))
	large.Fee = 21
	s.admits(large).holds(large)
	require.Equal(t, uint64(2), s.lane.Counters().Evicted)
}

func TestRoomForOneMoreIsFreeAndTheNextHasToPay(t *testing.T) {
	s := newScene(t, Config{MaxTxs: 2})
	s.admits(send("a", 0, 0))
	require.Equal(t, math.ZeroInt(), s.lane.Status().MinFee.Fee)
	s.admits(send("b", 0, 0))
	s.refuses(send("c", 0, 0), ReasonFull, sdkerrors.ErrMempoolIsFull)
	s.admits(send("c", 0, 1)).holds(send("a", 0, 0), send("c", 0, 1))
}

func TestTimeoutHeightsOnBothSides(t *testing.T) {
	s := newScene(t, Config{})
	tx := send("a", 0, 1)
	tx.Timeout = 100 // the latest block is 100
	s.refuses(tx, ReasonTimeout, sdkerrors.ErrTxTimeoutHeight)
	tx.Timeout = 102
	s.admits(tx).commits().holds(tx).commits().holds()
	require.Equal(t, uint64(1), s.lane.Counters().Expired)
}

func TestNoBytesAndNoHandlerPanicTheLane(t *testing.T) {
	s := newScene(t, Config{})
	s.before = func(tx fakeTx, _ bool) {
		if tx.Note == "panic" {
			panic("ante")
		}
	}
	tx := send("a", 0, 1)
	tx.Note = "panic"
	result := s.refuses(tx, ReasonAnte, sdkerrors.ErrLogic)
	require.Contains(t, result.Err.Error(), "panic: ante")
	s.lane.chain.Decode = func([]byte) (sdkTx, error) { panic("decode") }
	s.refuses(tx, ReasonPanic, sdkerrors.ErrLogic)
	s.lane.chain.Decode = func([]byte) (sdkTx, error) { return nil, nil }
	s.refuses(tx, ReasonDecode, sdkerrors.ErrTxDecode)
	s.lane.chain.Decode = decodeFake
	s.lane.chain.State = func() (sdkContext, error) { panic("state") }
	require.True(t, s.refuses(send("a", 0, 1), ReasonState, sdkerrors.ErrLogic).Retry)
	s.lane.Commit(200, []Committed{{Tx: nil, OK: true}, {Tx: []byte("{"), OK: true}})
}

func TestALaneSaysWhatItsConstructionLacks(t *testing.T) {
	chain := newFakeChain().chain()
	for name, change := range map[string]func(*Chain){
		"Decode": func(c *Chain) { c.Decode = nil }, "Ante": func(c *Chain) { c.Ante = nil }, "State": func(c *Chain) { c.State = nil },
		"FeeDenom": func(c *Chain) { c.FeeDenom = "" }, "Now": func(c *Chain) { c.Now = nil }, "Random": func(c *Chain) { c.Random = nil },
	} {
		changed := chain
		change(&changed)
		_, err := New(changed, Config{})
		require.ErrorContains(t, err, name)
	}
	wrong := chain
	wrong.FeeDenom = "1!"
	_, err := New(wrong, Config{})
	require.ErrorContains(t, err, "FeeDenom")
	_, err = New(chain, Config{TTL: -1})
	require.ErrorContains(t, err, "found -1")
	_, err = New(chain, Config{MaxBytes: 10, MaxTxBytes: 11})
	require.ErrorContains(t, err, "MaxTxBytes")
	lane, err := New(chain, Config{})
	require.NoError(t, err)
	require.Equal(t, DefaultConfig(), lane.Status().Config)
	lane.Close()
	lane.Close()
	require.Equal(t, ReasonClosed, lane.Insert(send("a", 0, 1).bytes(), true).Reason)
}

func TestAMessageThatNothingHandlesIsRefused(t *testing.T) {
	s := newScene(t, Config{})
	s.lane.chain.Route = func(sdkMsg) bool { return false }
	s.refuses(send("a", 0, 1), ReasonBasic, sdkerrors.ErrUnknownRequest)
}

func TestATransactionHasAtMostMaxSigners(t *testing.T) {
	s := newScene(t, Config{})
	tx := fakeTx{Fee: 1, Gas: 1}
	for i := range MaxSigners {
		tx.From, tx.Seq = append(tx.From, fmt.Sprint("account", i)), append(tx.Seq, 0)
	}
	more := tx
	more.From, more.Seq = append(more.From, "one more"), append(more.Seq, 0)
	s.refuses(more, ReasonBasic, sdkerrors.ErrTooManySignatures)
	s.admits(tx)
}

func TestAnAdmissionChecksABoundedNumberOfPendingTransactions(t *testing.T) {
	s := newScene(t, Config{MaxPerSender: 2}) // so 8 of them
	last := fakeTx{Fee: 1, Gas: 1}
	for i := range 8 {
		from := fmt.Sprint("account", i)
		s.admits(send(from, 0, 10))
		last.From, last.Seq = append(last.From, from), append(last.Seq, 1)
	}
	s.admits(send("ninth", 0, 10))
	more := last
	more.From, more.Seq = append(more.From, "ninth"), append(more.Seq, 1)
	s.refuses(more, ReasonSender, sdkerrors.ErrMempoolIsFull)
	s.admits(last)

	wide := fakeTx{From: []string{"e", "f", "g", "h"}, Seq: []uint64{0, 0, 0, 0}, Fee: 1, Gas: 1}
	s.admits(wide)
	for _, from := range wide.From {
		s.admits(fakeTx{From: []string{from, "x" + from, "y" + from}, Seq: []uint64{1, 0, 0}, Fee: 10, Gas: 100})
		s.admits(send("x"+from, 1, 10))
	}
	better := wide
	better.Fee = 2
	s.admits(better) // 8 stand behind it
	s.admits(send("ye", 1, 10))
	better.Fee = 3
	result := s.refuses(better, ReasonSender, sdkerrors.ErrMempoolIsFull)
	require.True(t, result.Retry)
	require.ErrorContains(t, result.Err, "at most 8 pending transactions")
}
