package integration

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"cosmossdk.io/log/v2"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A vote that fails in a block is a fault of somebody's wiring or node, and finality silently never comes unless a log says so.
func TestAVoteThatFailsInABlockIsLoggedAsAnError(t *testing.T) {
	var out bytes.Buffer
	f := fixture.New(t, fixture.Voters(1, 1, 1), fixture.Logger(log.NewLogger(&out, log.OutputJSONOption())))
	f.Honest(0, 1, 2).Blocks(4)
	require.Empty(t, failures(t, &out))

	spoiled := vote(func(_ *fixture.Fixture, agg *ffg.AggregateVote) { agg.Signature[5] ^= 1 })(f)
	ordinary := f.Sign(fixture.Tx{From: fixture.Alice, Gas: 1}) // it fails, too
	require.NotZero(t, f.Force(spoiled, ordinary).TxResults[1].Code)
	logged := failures(t, &out)
	require.Len(t, logged, 1)
	require.EqualValues(t, 0, logged[0]["position"])
	require.EqualValues(t, f.Height(), logged[0]["height"])
	require.Equal(t, types.ModuleName, logged[0]["codespace"])
	require.Contains(t, logged[0]["reason"], types.ErrInvalidSignature.Error())
}

// failures returns the errors about votes and evidence in a log, and empties it.
func failures(t *testing.T, out *bytes.Buffer) []map[string]any {
	t.Helper()
	var found []map[string]any
	for decoder := json.NewDecoder(out); decoder.More(); {
		var line map[string]any
		require.NoError(t, decoder.Decode(&line))
		if line["level"] == "error" && line["message"] == "a vote or evidence failed in a block" {
			found = append(found, line)
		}
	}
	return found
}
