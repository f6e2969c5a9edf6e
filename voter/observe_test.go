package voter_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/internal/duration"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/x/finality/types"
)

// monitored starts the voter with a monitor and returns the monitor's address.
func (f *fixture) monitored() string {
	f.t.Helper()
	f.config.Monitor.Listen = "127.0.0.1:0"
	line := f.start().said(event.MonitorStarted.String())
	_, address, _ := strings.Cut(line, "address=")
	f.said(event.Listening.String())
	return "http://" + address
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func statusOf(t *testing.T, address string) (status monitor.Status) {
	t.Helper()
	_, body := get(t, address+"/status")
	if err := json.Unmarshal([]byte(body), &status); err != nil {
		t.Fatalf("%s: %v", body, err)
	}
	return status
}

func TestTheMonitorTellsOfVotes(t *testing.T) {
	f := newFixture(t, 1)
	address := f.monitored()
	for epoch := uint64(1); epoch <= 3; epoch++ {
		f.votesFor(epoch)
		f.said(event.Voted.String(), "took=")
	}
	f.said(event.Recorded.String(), "epoch=2")
	if code, body := get(t, address+"/healthz"); code != http.StatusOK {
		t.Errorf("expected 200, found %d %s", code, body)
	}
	status := statusOf(t, address)
	if status.ChainID != chainID || status.Height != 3 || status.Epoch != 3 || len(status.Nodes) != 1 || !status.Nodes[0].InUse {
		t.Errorf("found %+v", status)
	}
	if k := status.Keys[0]; !k.Member || k.Signed != 3 || k.Recorded != 2 || k.Last.Epoch != 3 || !k.Last.Accepted || k.Reason != nil {
		t.Errorf("found %+v", k)
	}
	_, metrics := get(t, address+"/metrics")
	for _, want := range []string{
		`votes_signed_total\{key="[0-9a-f]{96}"\} 3`, `votes_recorded_total\{key="[0-9a-f]{96}"\} 2`, `last_voted_epoch\{key="[0-9a-f]{96}"\} 3`,
		`vote_latency_seconds_count 3`, `inclusion_delay_blocks_bucket\{key="[0-9a-f]{96}",le="1"\} 2`, `node_in_use\{node="127.0.0.1:[0-9]+",role="node"\} 1`,
	} {
		if !regexp.MustCompile(`(?m)^dualchain_voter_` + want + `$`).MatchString(metrics) {
			t.Errorf("expected %s in\n%s", want, metrics)
		}
	}
	f.stop()
}

func TestTheMonitorTellsOfAlarmsUntilTheyEnd(t *testing.T) {
	f := newFixture(t, 1)
	address := f.monitored()
	f.votesFor(1)
	f.node.Fork(chainID, 1)
	f.node.Grow() // epoch 1 again, of another block
	f.said(event.NotVoting.String(), "code=guard_", "code=guard_conflict")
	code, body := get(t, address+"/healthz")
	if code != http.StatusServiceUnavailable || !strings.Contains(body, `"code":"guard_conflict"`) || !strings.Contains(body, "another process has the key") {
		t.Errorf("expected 503 with the alarm and its explanation, found %d %s", code, body)
	}
	f.votesFor(2)
	f.said(event.VotingAgain.String())
	if code, body := get(t, address+"/healthz"); code != http.StatusOK {
		t.Errorf("expected 200, found %d %s", code, body)
	}
	f.stop()
}

func TestAVoterOutsideTheSetIsHealthy(t *testing.T) {
	f := newFixture(t, 1)
	f.node.Lie(func(r *types.QueryDutyResponse) { r.Member = false })
	address := f.monitored()
	f.node.Grow()
	f.said(event.NotVoting.String())
	if code, body := get(t, address+"/healthz"); code != http.StatusOK {
		t.Errorf("expected 200, found %d %s", code, body)
	}
	if reason := statusOf(t, address).Keys[0].Reason; reason == nil || reason.Code != "not_member" || reason.Alarm {
		t.Errorf("expected the reason, found %+v", reason)
	}
	f.stop()
}

func TestAPortThatIsTakenCostsNoVote(t *testing.T) {
	f := newFixture(t, 1)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	f.config.Monitor.Listen = taken.Addr().String()
	f.start().said(event.MonitorEnded.String(), taken.Addr().String())
	f.said(event.Listening.String())
	f.votesFor(1)
	f.stop()
}

func TestAVoterThatCannotVoteForTooLongIsNotHealthy(t *testing.T) {
	f := newFixture(t, 1)
	f.config.StallAfter, f.config.PollInterval = duration.Text(time.Second), duration.Text(100*time.Millisecond)
	address := f.monitored()
	f.votesFor(1)
	f.node.StopGRPC()
	for code := http.StatusOK; code != http.StatusServiceUnavailable; time.Sleep(50 * time.Millisecond) {
		code, _ = get(t, address+"/healthz")
	}
	f.stop()
}
