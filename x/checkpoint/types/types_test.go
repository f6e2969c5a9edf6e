package types

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/history"
)

func TestTheIntervalIsBoundedOnBothSides(t *testing.T) {
	require.NoError(t, DefaultParams().Validate())
	require.NoError(t, DefaultGenesis().Validate())
	for interval, err := range map[uint64]error{0: ErrInvalidParams, 1: nil, maxInterval: nil, maxInterval + 1: ErrInvalidParams} {
		require.ErrorIs(t, Params{Interval: interval}.Validate(), err, "interval %d", interval)
	}
}

func root(t *rapid.T, label string) ffg.Root {
	return ffg.Root(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, label))
}

func drawRecord(t *rapid.T) Record {
	return Record{
		Checkpoint: ffg.Checkpoint{
			Epoch: rapid.Uint64().Draw(t, "epoch"), ParentRoot: root(t, "parent"), Height: rapid.Uint64().Draw(t, "height"),
			Time: rapid.Uint64().Draw(t, "time"), BlockHash: root(t, "block"), HistorySize: rapid.Uint64().Draw(t, "size"),
			HistoryRoot: root(t, "history"), Pair: rapid.Uint64().Draw(t, "pair"), Degraded: rapid.Bool().Draw(t, "degraded"),
			Anchor: rapid.Uint64().Draw(t, "anchor"), VoterSetHash: root(t, "set"), NextVoterSetHash: root(t, "next"),
		},
		Source:    rapid.Uint64().Draw(t, "source"),
		Justified: rapid.Bool().Draw(t, "justified"),
	}
}

func TestRecordsAreReadAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := drawRecord(t)
		encoded, err := RecordValue.Encode(record)
		require.NoError(t, err)
		decoded, err := RecordValue.Decode(encoded)
		require.NoError(t, err)
		require.Equal(t, record, decoded)
		asJSON, err := RecordValue.EncodeJSON(record)
		require.NoError(t, err)
		decoded, err = RecordValue.DecodeJSON(asJSON)
		require.NoError(t, err)
		require.Equal(t, record, decoded)
	})
}

func TestCheckpointsConvertBothWays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		checkpoint := drawRecord(t).Checkpoint
		back, err := CheckpointFromFFG(checkpoint).ToFFG()
		require.NoError(t, err)
		require.Equal(t, checkpoint, back)

		message := CheckpointFromFFG(checkpoint)
		message.Height++
		_, err = message.ToFFG()
		require.ErrorIs(t, err, ErrInvalidRoot, "the root is of other contents")
	})
}

func TestRootsAre64LowerCaseDigits(t *testing.T) {
	good := strings.Repeat("0a", 32)
	parsed, err := ParseRoot(good)
	require.NoError(t, err)
	require.Equal(t, good, parsed.String())
	for _, bad := range []string{"", good[1:], good + "0", good + "00", strings.ToUpper(good), "0x" + good[2:], "0x" + good, strings.Repeat("zz", 32)} {
		_, err := ParseRoot(bad)
		require.ErrorIs(t, err, ErrInvalidRoot, bad)
		_, err = Ref{Root: bad}.ToFFG()
		require.ErrorIs(t, err, ErrInvalidRoot, bad)
		_, err = HistoryRange{Size_: 1, Hashes: []string{bad}}.ToHistory()
		require.ErrorIs(t, err, ErrInvalidGenesis, bad)
		for field, set := range map[string]func(*Checkpoint){
			"root": func(c *Checkpoint) { c.Root = bad }, "parent": func(c *Checkpoint) { c.ParentRoot = bad },
			"block": func(c *Checkpoint) { c.BlockHash = bad }, "history": func(c *Checkpoint) { c.HistoryRoot = bad },
			"voters": func(c *Checkpoint) { c.VoterSetHash = bad }, "next": func(c *Checkpoint) { c.NextVoterSetHash = bad },
		} {
			message := CheckpointFromFFG(ffg.Checkpoint{})
			set(&message)
			_, err := message.ToFFG()
			require.ErrorIs(t, err, ErrInvalidRoot, "%s %q", field, bad)
		}
	}
	_, err = HistoryRange{Size_: 1, Hashes: []string{good}}.ToHistory()
	require.NoError(t, err)
}

// FuzzRecordValue looks for bytes that are read as something else than what they are.
func FuzzRecordValue(f *testing.F) {
	encoded, err := RecordValue.Encode(Record{Source: 3, Justified: true})
	require.NoError(f, err)
	f.Add(encoded)
	f.Add(encoded[1:])
	f.Add(append(encoded[:len(encoded)-1:len(encoded)-1], 2))
	f.Fuzz(func(t *testing.T, b []byte) {
		record, err := RecordValue.Decode(b)
		if err != nil {
			return
		}
		again, err := RecordValue.Encode(record)
		require.NoError(t, err)
		require.Equal(t, b, again)
	})
}

// FuzzHistoryValue looks for bytes that are read as something else than what they are.
func FuzzHistoryValue(f *testing.F) {
	var h history.History
	for i := range byte(5) {
		encoded, err := HistoryValue.Encode(h)
		require.NoError(f, err)
		f.Add(encoded)
		f.Add(append(encoded, make([]byte, 32)...))
		h, err = h.Append([32]byte{i}, func(history.NodeID, [32]byte) error { return nil })
		require.NoError(f, err)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := HistoryValue.Decode(b)
		if err != nil {
			return
		}
		again, err := HistoryValue.Encode(h)
		require.NoError(t, err)
		require.Equal(t, b, again)
	})
}
