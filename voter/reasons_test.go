package voter

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/watch"
)

func TestEachReasonHasACodeOfItsOwnAndAdvice(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range reasons {
		if seen[r.Code] || r.Code == "" || r.Message == "" || r.Advice == "" || strings.Contains(r.Advice, "|") {
			t.Errorf("found %+v", r.Reason)
		}
		if alarm := strings.HasPrefix(r.Message, "ALARM"); alarm && r.Severity != monitor.Alarm {
			t.Errorf("%s: expected the severity of an alarm, found %d", r.Code, r.Severity)
		}
		seen[r.Code] = true
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
	row(unexplained)
	for _, r := range monitor.Reasons() {
		if r != monitor.NoNode {
			row(r)
		}
	}
	if !strings.Contains(string(text), table) {
		t.Errorf("expected this table in docs/operations.md\n%s", table)
	}
}
