package e2e

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
	"github.com/dualchain/dualchain/tests/e2e/harness"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/overview"
)

// overviewOf returns the report of `voter status` about the one key of a home.
func overviewOf(n *harness.Net, dir string) (overview.Overview, overview.Voter) {
	n.Helper()
	var found overview.Overview
	if err := json.Unmarshal(n.Run("voter", "status", "--home", dir, "--output", "json"), &found); err != nil {
		n.Fatal(err)
	}
	if len(found.Voters) != 1 || len(found.Gaps) != 0 || found.Voters[0].Registration == nil {
		n.Fatalf("expected one registered voter and no gaps, found %+v", found)
	}
	return found, found.Voters[0]
}

// Two voters hold a tenth together and are away long enough to be jailed. Their operators bring them back. Neither is jailed again for what it missed, and neither votes on old epochs. In an era of 20 epochs the
// doppelganger check does not count as absence.
func TestVotersThatWereAwayComeOutOfJailAndStayOut(t *testing.T) {
	if testing.Short() {
		t.Skip("takes two eras and two vote windows")
	}
	const era, window = 20, 32
	n := harness.Start(t, bin, "--validators", "1", "--voters", "4", "--voter-power", "45,45,5,5", "--interval", "1", "--block-time", "400ms",
		"--set-period", "2", "--era-length", strconv.Itoa(era), "--jail-duration", "2s")
	node := n.Node("validator-0")
	node.AwaitFinalized(2, time.Minute)
	operators := map[string]string{"voter-2": n.Process("voter-2").Operator, "voter-3": n.Process("voter-3").Operator}
	is := func(name, what string, ok func(*finalityapi.QueryVoterResponse) bool) *finalityapi.QueryVoterResponse {
		t.Helper()
		var found *finalityapi.QueryVoterResponse
		n.Await(name+" "+what, time.Minute, func(ctx context.Context) (bool, error) {
			v, err := node.Voter(ctx, operators[name])
			found = v
			return err == nil && ok(v), err
		})
		return found
	}
	jailed := func(v *finalityapi.QueryVoterResponse) bool {
		return v.State == finalityapi.VoterState_VOTER_STATE_JAILED
	}
	free := func(v *finalityapi.QueryVoterResponse) bool {
		return v.State == finalityapi.VoterState_VOTER_STATE_ELIGIBLE
	}
	dir := func(name string) string { return n.Process(name).Home }

	n.Localnet("kill", "voter-2")
	n.Localnet("kill", "voter-3")
	node.AwaitFinalized(2*era+window, 2*time.Minute)
	is("voter-2", "in jail", jailed)
	is("voter-3", "in jail", jailed)
	if _, v := overviewOf(n, dir("voter-2")); v.Registration.JailedUntil == nil || v.Protection.Latest == 0 || v.Client != nil {
		t.Errorf("expected a jailed voter whose client does not run, found %+v", v)
	}

	monitored := n.FreeAddress()
	n.Configure(dir("voter-3"), func(c *home.Config) { c.Monitor.Listen = monitored })
	out := map[string]*finalityapi.QueryVoterResponse{}
	for _, name := range []string{"voter-2", "voter-3"} {
		n.Localnet("restart", name)
		// As a timer would: the simulation refuses it until the time in jail is over.
		n.Await(name+" is unjailed", time.Minute, func(ctx context.Context) (bool, error) {
			_, err := n.Command(ctx, "tx", "finality", "unjail", "--from", operators[name], "--home", n.ClientHome(), "--gas", "auto", "--gas-adjustment", "1.5", "--yes")
			return err == nil, err
		})
		out[name] = is(name, "out of jail", free)
		if out[name].Voter.AccountableFrom == 0 {
			t.Errorf("expected a clean slate, found %v", out[name])
		}
	}

	// By then the missed eras are settled, and also the first era in which they had to vote.
	head := node.MustHeads().Head.Epoch
	node.AwaitFinalized(head+2*era+window+5, 3*time.Minute)
	for name, before := range out {
		now := is(name, "in both sides", func(v *finalityapi.QueryVoterResponse) bool { return v.Rear > 0 && v.Current > 0 })
		if !now.Voter.JailedUntil.AsTime().Equal(before.Voter.JailedUntil.AsTime()) {
			t.Errorf("%s: expected no second jailing, found %v after %v", name, now, before)
		}
		log, err := os.ReadFile(n.Process(name).Log)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(log)) {
			for _, words := range []string{
				"code=guard_", "code=doppelganger\n", "code=wrong_chain", "code=future", "code=inconsistent",
				event.NotRecorded.String(),
			} {
				if strings.Contains(line, words) {
					t.Errorf("%s: expected no such line, found %s", name, line)
				}
			}
		}
	}
	// An era that has just begun has no recorded vote yet.
	n.Await("voter status of a healthy voter", time.Minute, func(context.Context) (bool, error) {
		found, v := overviewOf(n, dir("voter-3"))
		healthy := found.Client != nil && found.Client.Healthy && v.Client != nil && v.Client.Signed > 0 && v.Registration.State == "eligible"
		if !healthy {
			n.Fatalf("expected a healthy voter, found client %+v, key %+v, registration %+v", found.Client, v.Client, v.Registration)
		}
		return v.Participation.Recorded > 0, nil
	})
	answer, err := http.Get("http://" + monitored + "/healthz")
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("expected health, found %v, %v", answer, err)
	}
}
