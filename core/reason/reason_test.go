package reason_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/reason"
)

func TestEveryReasonIsInTheTableOnce(t *testing.T) {
	source, err := os.ReadFile("reason.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`Reason = "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	if len(declared) != len(reason.Table) {
		t.Errorf("expected %d entries, one for each constant, found %d", len(declared), len(reason.Table))
	}
	shape := regexp.MustCompile(`^[A-Z][A-Z0-9_]+[A-Z0-9]$`) // google.rpc.ErrorInfo
	for _, match := range declared {
		name := reason.Reason(match[1])
		entry, known := reason.Find(name)
		if !known || !shape.MatchString(match[1]) || entry.Code == 0 || !strings.HasSuffix(entry.Meaning, ".") {
			t.Errorf("%s: expected an entry with a code and a sentence, found %+v", name, entry)
		}
	}
	if _, known := reason.Find("NOTHING_OF_THE_KIND"); known {
		t.Error("expected an unknown reason not to be found")
	}
}

func TestTheDocumentedTableIsThisOne(t *testing.T) {
	document, err := os.ReadFile("../../docs/errors.md")
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, line := range strings.Split(string(document), "\n") {
		if strings.HasPrefix(line, "| `") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	if len(rows) != len(reason.Table) {
		t.Fatalf("expected %d rows, found %d", len(reason.Table), len(rows))
	}
	for i, entry := range reason.Table {
		later := map[bool]string{true: "yes", false: "no"}[entry.Later]
		if want := fmt.Sprintf("| `%s` | %d | %s | %s |", entry.Reason, entry.Code, later, entry.Meaning); rows[i] != want {
			t.Errorf("expected %s, found %s", want, rows[i])
		}
	}
}
