package monitor_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/monitor"
)

const stall = time.Minute

var (
	first    = ffg.PublicKey{1}
	second   = ffg.PublicKey{2}
	waits    = monitor.Reason{Code: "not_member", Severity: monitor.Waiting, Message: "waiting"}
	passes   = monitor.Reason{Code: "no_answer", Severity: monitor.Trouble, Message: "not voting"}
	conflict = monitor.Reason{Code: monitor.GuardPrefix + "conflict", Severity: monitor.Alarm, Message: "refused", Advice: "stop the other one"}
	errAny   = errors.New("something")
)

// story is a monitor with its own clock.
type story struct {
	*monitor.Monitor
	t         *testing.T
	now       time.Time
	nodes     []monitor.Node
	elsewhere []monitor.Standing
	log       bytes.Buffer
}

func begin(t *testing.T) *story {
	s := &story{t: t, now: time.Unix(1_700_000_000, 0)}
	s.Monitor = monitor.New(monitor.Config{
		ChainID: "test-1", Version: "v1", StallAfter: stall, Now: func() time.Time { return s.now }, Log: slog.New(slog.NewTextHandler(&s.log, nil)),
		Nodes: func() []monitor.Node { return s.nodes }, Alarms: func() []monitor.Standing { return s.elsewhere },
	})
	return s
}

// block makes a block at which a key did its duty, or did not.
func (s *story) block(height uint64, key ffg.PublicKey, reason monitor.Reason, err error) {
	s.Block(height)
	s.Key(key).Duty(height, true)
	s.Key(key).Result(reason, err)
}

// get queries the HTTP server.
func (s *story) get(path string) (int, string) {
	s.t.Helper()
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, path, nil))
	return answer.Code, answer.Body.String()
}

// ill returns the codes of the reasons for which /healthz answers 503.
func (s *story) ill() []string {
	s.t.Helper()
	code, body := s.get("/healthz")
	var health struct {
		Healthy bool
		Reasons []monitor.Standing
	}
	if err := json.Unmarshal([]byte(body), &health); err != nil {
		s.t.Fatalf("%s: %v", body, err)
	}
	if health.Healthy != (code == http.StatusOK) || health.Healthy != (len(health.Reasons) == 0) || code != http.StatusOK && code != http.StatusServiceUnavailable {
		s.t.Errorf("expected 200 without reasons or 503 with some, found %d %s", code, body)
	}
	codes := []string{}
	for _, r := range health.Reasons {
		codes = append(codes, r.Code)
	}
	return codes
}

func (s *story) expect(what string, codes ...string) {
	s.t.Helper()
	if found := s.ill(); !slices.Equal(found, codes) {
		s.t.Errorf("%s: expected %v, found %v", what, codes, found)
	}
}

func TestAVoterIsHealthyWhileItOwesNothing(t *testing.T) {
	s := begin(t)
	s.expect("at the start")
	s.now = s.now.Add(stall)
	s.expect("after as long as it takes to stall")
	s.now = s.now.Add(1)
	s.expect("later", monitor.Stalled.Code)
	s.block(1, first, monitor.Reason{}, nil)
	s.expect("after a block")
	s.now = s.now.Add(stall)
	s.expect("still")
}

func TestAKeyThatOwesAVoteForTooLong(t *testing.T) {
	s := begin(t)
	s.block(1, first, monitor.Reason{}, nil)
	s.block(1, second, waits, errAny)
	s.now = s.now.Add(stall)
	s.block(2, first, passes, errAny)
	s.block(2, second, waits, errAny)
	s.expect("not for too long")
	s.now = s.now.Add(1)
	s.expect("too long, for the one that does not wait", monitor.Behind.Code)
	if _, body := s.get("/metrics"); !strings.Contains(body, "dualchain_voter_alarms{reason=\"behind\"} 1\n") {
		t.Errorf("expected the alarm, found\n%s", body)
	}
	if reasons := s.Status().Reasons; reasons[0].PublicKey != first.String() || !strings.Contains(reasons[0].Error, errAny.Error()) {
		t.Errorf("expected the key and what keeps it from voting, found %+v", reasons)
	}
	s.now = s.now.Add(stall)
	s.expect("without blocks that is the chain's fault", monitor.Stalled.Code)
	s.block(3, first, monitor.Reason{}, nil)
	s.block(3, second, waits, errAny)
	s.expect("when it votes again")
}

func TestAlarmsMakeTheVoterIllAtOnce(t *testing.T) {
	s := begin(t)
	s.block(1, first, conflict, errAny)
	s.expect("an alarm of a key", conflict.Code)
	s.Signer(nil, monitor.Reason{Code: "signer_lost", Severity: monitor.Alarm}, errAny)
	s.expect("and no signer", "signer_lost", conflict.Code)
	s.Signer([]ffg.PublicKey{first}, monitor.Reason{}, nil)
	s.block(2, first, monitor.Reason{}, nil)
	s.expect("both gone")
	s.nodes = []monitor.Node{{Address: "a"}, {Address: "b", Healthy: true, Witness: true}}
	s.expect("a witness is no node to vote with", monitor.NoNode.Code)
	s.nodes = []monitor.Node{{Address: "a"}, {Address: "b", Healthy: true}}
	s.expect("one is enough")
}

func TestAKeyWhoseVotesAreNotRecorded(t *testing.T) {
	s := begin(t)
	epoch := uint64(0)
	vote := func(after time.Duration) {
		s.now = s.now.Add(after)
		epoch++
		s.block(epoch, first, monitor.Reason{}, nil)
		s.Key(first).Signed(epoch)
	}
	vote(0)
	vote(stall)
	s.expect("not for too long")
	vote(1)
	s.expect("too long", monitor.NotRecorded.Code)
	s.Key(first).Recorded(epoch, 1)
	s.expect("recorded")
	for _, want := range [][]string{nil, nil, {monitor.NotRecorded.Code}} {
		vote(1)
		s.Key(first).Lost(epoch)
		s.expect("given up", want...)
	}
	s.Key(first).Recorded(epoch, 1)
	s.expect("recorded again")
	vote(1)
	s.now = s.now.Add(stall + 1)
	s.expect("a chain that stands still", monitor.Stalled.Code)
	vote(0)
	s.expect("goes on")
	vote(stall)
	s.block(epoch, first, waits, errAny)
	vote(1)
	s.expect("out of the voter set in between")
}

func TestAVoterInJailIsNotHealthy(t *testing.T) {
	s := begin(t)
	s.block(1, first, monitor.Reason{}, nil)
	s.Jailed(first, monitor.Jail{Until: s.now.Add(time.Minute)})
	s.expect("jailed", monitor.InJail.Code)
	s.Jailed(first, monitor.Jail{})
	s.expect("free")
	s.Jailed(first, monitor.Jail{Until: s.now, Tombstoned: true})
	s.expect("tombstoned", monitor.Tombstoned.Code)
	if _, body := s.get("/metrics"); !strings.Contains(body, "dualchain_voter_jailed{key=\""+first.String()+"\"} 1\n") {
		t.Errorf("expected the voter jailed, found\n%s", body)
	}
}

func TestStatusHasNoDateOfWhatNeverWas(t *testing.T) {
	s := begin(t)
	s.block(1, first, monitor.Reason{}, nil)
	if _, body := s.get("/status"); strings.Contains(body, "0001-01-01") {
		t.Errorf("expected no such date, found %s", body)
	}
}

func TestAKeyThatIsForgottenOwesNothing(t *testing.T) {
	s := begin(t)
	s.block(1, first, conflict, errAny)
	s.Key(first).Recorded(1, 1)
	s.Forget(first)
	s.Jailed(first, monitor.Jail{Tombstoned: true})
	s.expect("without it")
	if _, body := s.get("/metrics"); strings.Contains(body, first.String()) {
		t.Errorf("expected no metric of the key, found\n%s", body)
	}
}

func TestStatusTellsWhatHappened(t *testing.T) {
	s := begin(t)
	s.block(7, first, monitor.Reason{}, nil)
	k := s.Key(first)
	k.Signed(7)
	k.Accepted(3 * time.Millisecond)
	k.Resent(7)
	k.Recorded(7, 2)
	k.Lost(6)
	s.block(8, second, conflict, errAny)
	s.nodes = []monitor.Node{{Address: "a", Healthy: true, InUse: true, Height: 8}}
	_, body := s.get("/status")
	var status monitor.Status
	if err := json.Unmarshal([]byte(body), &status); err != nil {
		t.Fatal(err)
	}
	if status.ChainID != "test-1" || status.Height != 8 || status.Epoch != 8 || status.Healthy || len(status.Nodes) != 1 || len(status.Keys) != 2 {
		t.Errorf("found %+v", status)
	}
	voted, refused := status.Keys[0], status.Keys[1]
	want := monitor.Vote{Epoch: 7, At: s.now, Accepted: true, Recorded: true, Blocks: 2}
	if voted.PublicKey != first.String() || voted.Reason != nil || !voted.Last.At.Equal(want.At) || voted.Signed != 1 || voted.Recorded != 1 || voted.Resent != 1 || voted.Lost != 1 {
		t.Errorf("found %+v", voted)
	}
	if voted.Last.At = want.At; voted.Last != want {
		t.Errorf("expected %+v, found %+v", want, voted.Last)
	}
	if refused.Reason == nil || refused.Reason.Code != conflict.Code || refused.Reason.Advice != conflict.Advice || !refused.Since.Equal(s.now) {
		t.Errorf("found %+v", refused)
	}
}

// metricsOf plays a story in which every metric appears.
func metricsOf(t *testing.T) string {
	s := begin(t)
	s.block(7, first, monitor.Reason{}, nil)
	k := s.Key(first)
	k.Signed(7)
	k.Accepted(3 * time.Millisecond)
	k.Recorded(7, 2)
	s.nodes = []monitor.Node{{Address: "a", Healthy: true, InUse: true, Height: 8}, {Address: "a", Witness: true}}
	s.block(8, second, conflict, errAny)
	s.block(9, second, conflict, errAny)
	s.block(9, first, passes, errAny)
	s.now = s.now.Add(5 * time.Second)
	code, body := s.get("/metrics")
	if code != http.StatusOK {
		t.Fatalf("%d %s", code, body)
	}
	return body
}

func TestMetrics(t *testing.T) {
	found := metricsOf(t)
	for _, line := range []string{
		`dualchain_voter_build_info{chain_id="test-1",version="v1"} 1`,
		`dualchain_voter_healthy 0`,
		`dualchain_voter_block_height 9`,
		`dualchain_voter_head_epoch 9`,
		`dualchain_voter_signer_up 1`,
		`dualchain_voter_alarms_total{reason="guard_conflict"} 1`, // it began once and continues
		`dualchain_voter_alarms{reason="guard_conflict"} 1`,
		`dualchain_voter_guard_refusals_total{key="` + second.String() + `"} 2`,
		`dualchain_voter_failures_total{key="` + first.String() + `",reason="no_answer"} 1`,
		`dualchain_voter_seconds_since_last_vote{key="` + first.String() + `"} 5`,
		`dualchain_voter_last_voted_epoch{key="` + first.String() + `"} 7`,
		`dualchain_voter_inclusion_delay_blocks_bucket{key="` + first.String() + `",le="2"} 1`,
		`dualchain_voter_inclusion_delay_blocks_bucket{key="` + first.String() + `",le="1"} 0`,
		`dualchain_voter_vote_latency_seconds_bucket{le="0.005"} 1`,
		`dualchain_voter_vote_latency_seconds_bucket{le="0.002"} 0`,
		`dualchain_voter_node_in_use{node="a",role="node"} 1`,
		`dualchain_voter_node_healthy{node="a",role="witness"} 0`,
	} {
		if !strings.Contains(found, "\n"+line+"\n") {
			t.Errorf("expected %s in\n%s", line, found)
		}
	}
	if strings.Contains(found, `last_voted_epoch{key="`+second.String()) {
		t.Error("expected no last vote of a key that has not voted")
	}
}

func TestTheDocumentationListsEveryMetric(t *testing.T) {
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented, served []string
	for _, match := range regexp.MustCompile("(?m)^\\| `dualchain_voter_([a-z_]+)` \\|").FindAllSubmatch(text, -1) {
		documented = append(documented, string(match[1]))
	}
	for _, match := range regexp.MustCompile(`(?m)^# TYPE dualchain_voter_([a-z_]+) `).FindAllStringSubmatch(metricsOf(t), -1) {
		served = append(served, match[1])
	}
	slices.Sort(documented)
	slices.Sort(served)
	if !slices.Equal(documented, served) {
		t.Errorf("expected the table in docs/operations.md to list\n%v\nfound\n%v", served, documented)
	}
}

func TestLabelsThatAreNoTextBreakNothing(t *testing.T) {
	m := monitor.New(monitor.Config{ChainID: "\xff", StallAfter: stall})
	answer := httptest.NewRecorder()
	m.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if answer.Code != http.StatusInternalServerError {
		t.Errorf("expected 500, found %d", answer.Code)
	}
}
