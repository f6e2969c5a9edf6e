package voter

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/signerd"
	"github.com/dualchain/dualchain/voter/watch"
)

func TestEachReasonHasACodeOfItsOwnAndAdvice(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range reasons {
		if seen[r.Code] || r.Code == "" || r.Advice == "" || strings.Contains(r.Advice, "|") || strings.HasPrefix(r.Message, event.AlarmPrefix) {
			t.Errorf("found %+v", r.Reason)
		}
		seen[r.Code] = true
	}
}

// errorsOf has an error of each reason that a key or the nodes can have, by code.
var errorsOf = map[string]error{
	"doppelganger": ErrDoppelganger, "guard_conflict": &guard.Conflict{}, "guard_floor": &guard.BelowFloor{}, "guard_retired": guard.ErrRetired,
	"guard_missing": guard.ErrMissing, "guard_lost": errors.Join(guard.ErrLost, guard.ErrStorage), "guard_storage": guard.ErrStorage,
	"keystore_unusable": keys.ErrFormat, "wrong_chain": watch.ErrWrongChain, "future": watch.ErrFuture, "disputed": watch.ErrDisputed,
	"unconfirmed": watch.ErrUnconfirmed, "no_node": watch.ErrNoNode, "inconsistent": watch.ErrInconsistent, "signer_refuses": signerd.ErrDenied,
	"signer_lost": signerd.ErrUnavailable, "node_skipped": watch.ErrSkipped, "nodes_differ": watch.ErrDiffer, "blocks_old": watch.ErrOld,
}

// Each reason that the table calls an alarm makes the voter ill, is counted, and has a line in the log with the prefix and its code. Those
// without a message have their line in packages watch and signerd.
func TestEachReasonThatTheTableCallsAnAlarmRaisesOne(t *testing.T) {
	key := ffg.PublicKey{1}
	for _, r := range reasons {
		err, known := errorsOf[r.Code]
		if alarm := r.Severity == monitor.Alarm; alarm != known {
			t.Errorf("%s: expected an example here of each alarm and of nothing else, found %t for %t", r.Code, known, alarm)
		}
		if !known {
			continue
		}
		if r.Message == "" {
			seen := monitor.New(monitor.Config{StallAfter: time.Hour, Alarms: func() []monitor.Standing {
				return []monitor.Standing{monitor.Stand(reasonOf(err), err)}
			}})
			expectAlarm(t, seen, r.Code)
			continue
		}
		var log bytes.Buffer
		seen := monitor.New(monitor.Config{StallAfter: time.Hour})
		seen.Signer([]ffg.PublicKey{key}, monitor.Reason{}, nil)
		b := &ballot{key: key, seen: seen.Key(key), log: slog.New(slog.NewTextHandler(&log, nil))}
		b.report(fmt.Errorf("vote: %w", err))
		if !strings.Contains(log.String(), `level=ERROR msg="`+event.AlarmPrefix+r.Message+`"`) || !strings.Contains(log.String(), "code="+r.Code) {
			t.Errorf("%s: expected an alarm in the log, found %s", r.Code, log.String())
		}
		expectAlarm(t, seen, r.Code)
		b.report(nil)
		if status := seen.Status(); !status.Healthy {
			t.Errorf("%s: expected health afterwards, found %+v", r.Code, status.Reasons)
		}
	}
}

// expectAlarm requires that the monitor is ill because of an alarm, and has counted it.
func expectAlarm(t *testing.T, seen *monitor.Monitor, code string) {
	t.Helper()
	seen.Review()
	answer := httptest.NewRecorder()
	seen.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/healthz", nil))
	if answer.Code != http.StatusServiceUnavailable || !strings.Contains(answer.Body.String(), `"code":"`+code+`","alarm":true`) {
		t.Errorf("%s: expected 503 with the alarm, found %d %s", code, answer.Code, answer.Body)
	}
	answer = httptest.NewRecorder()
	seen.Handler().ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if !strings.Contains(answer.Body.String(), `dualchain_voter_alarms_total{reason="`+code+`"} 1`) {
		t.Errorf("%s: expected it counted once, found\n%s", code, answer.Body)
	}
}

// What asks for a human has one prefix and one level: event.Alarm, or both by hand where lines are limited.
func TestEveryErrorInTheLogIsAnAlarm(t *testing.T) {
	direct := regexp.MustCompile(`[lL]og\.Error\(|LevelError, (?:[^e]|e[^v])|"ALARM`)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == filepath.Join("event", "event.go") {
			return err
		}
		content, err := os.ReadFile(path)
		for number, line := range strings.Split(string(content), "\n") {
			if direct.MatchString(line) {
				t.Errorf("%s:%d: expected event.Alarm, found %s", path, number+1, strings.TrimSpace(line))
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// messagesOfAlarms returns what follows the prefix in each alarm that the code logs.
func messagesOfAlarms(t *testing.T) (all []string) {
	t.Helper()
	logged := regexp.MustCompile(`(?:event\.Alarm\([^,]+, (?:what\+)?|AlarmPrefix\+)"([^"]+)"`)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		for _, match := range logged.FindAllStringSubmatch(string(content), -1) {
			all = append(all, match[1])
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range reasons {
		if r.Severity == monitor.Alarm && r.Message != "" {
			all = append(all, r.Message)
		}
	}
	for _, r := range monitor.Reasons() {
		if r.Message != "" {
			all = append(all, r.Message)
		}
	}
	return all
}

func TestTheDocumentationHasEachAlarmOfTheLogAndNoOther(t *testing.T) {
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, match := range regexp.MustCompile("`"+event.AlarmPrefix+"([^`]+)`").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, match[1])
	}
	logged := messagesOfAlarms(t)
	if len(logged) < 20 || len(documented) < 20 {
		t.Fatalf("expected at least 20 alarms, found %q and %q", logged, documented)
	}
	one := func(of []string, other string) bool {
		return slices.ContainsFunc(of, func(text string) bool { return strings.Contains(text, other) || strings.Contains(other, text) })
	}
	for _, message := range logged {
		if !one(documented, message) {
			t.Errorf("docs/operations.md lacks %q", message)
		}
	}
	for _, line := range documented {
		if !one(logged, line) {
			t.Errorf("docs/operations.md has %q, which nothing logs", line)
		}
	}
}

func TestReasonsOfErrors(t *testing.T) {
	for _, tc := range []struct {
		err  error
		code string
	}{
		{nil, ""},
		{errors.New("anything"), "other"},
		{fmt.Errorf("ask: %w", watch.ErrNoDuty), "no_duty"},
		{fmt.Errorf("sign: %w", &guard.Conflict{}), "guard_conflict"},
		{&guard.BelowFloor{}, "guard_floor"},
		{errors.Join(watch.ErrStuck, watch.ErrFuture), "future"},
	} {
		if found := reasonOf(tc.err).Code; found != tc.code {
			t.Errorf("%v: expected %q, found %q", tc.err, tc.code, found)
		}
	}
}

func TestTheDocumentationHasTheTableOfReasons(t *testing.T) {
	text, err := os.ReadFile("../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	severity := map[monitor.Severity]string{monitor.Waiting: "", monitor.Trouble: "", monitor.Alarm: "alarm"}
	table := "| reason | | what it means, what to do |\n|---|---|---|\n"
	row := func(r monitor.Reason) {
		table += fmt.Sprintf("| `%s` | %s | %s |\n", r.Code, severity[r.Severity], r.Advice)
	}
	for _, r := range reasons {
		row(r.Reason)
	}
	row(monitor.Unexplained)
	for _, r := range monitor.Reasons() {
		if r != monitor.NoNode {
			row(r)
		}
	}
	if !strings.Contains(string(text), table) {
		t.Errorf("expected this table in docs/operations.md\n%s", table)
	}
}
