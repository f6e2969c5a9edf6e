package minichain_test

import (
	"bytes"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"
)

// maxAdded is how many lines a chain may need to take finality in.
const maxAdded = 60

// plain/app.go is an ordinary application, app.go the same with finality: the diff is what an adopter writes.
func TestFinalityCostsAChainFewLines(t *testing.T) {
	before, after := read(t, "plain/app.go"), read(t, "app.go")
	added := difference(before, after)
	t.Logf("%d lines:\n%s", len(added), strings.Join(added, "\n"))
	if len(added) > maxAdded {
		t.Errorf("expected at most %d added lines, found %d", maxAdded, len(added))
	}
	if len(added) < 10 {
		t.Errorf("expected both files to differ by finality, found %d added lines", len(added))
	}
	for _, line := range added {
		if wide := strings.ReplaceAll(line, "\t", "    "); len(wide) > 120 {
			t.Errorf("expected at most 120 columns, found %d: %s", len(wide), line)
		}
	}
	if removed := difference(after, before); len(removed) > 1 {
		t.Errorf("expected one line to change, the ante handler's; found %q", removed)
	}
}

func TestFinalityIsTakenFromExportedPackagesAlone(t *testing.T) {
	const repository = "github.com/dualchain/dualchain/"
	file, err := parser.ParseFile(token.NewFileSet(), "app.go", nil, parser.ImportsOnly)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		if ours, ok := strings.CutPrefix(path, repository); ok && (!strings.HasPrefix(ours, "x/") || strings.Contains(ours, "internal")) {
			t.Errorf("expected packages of the modules alone, found %s", path)
		}
	}
}

func read(t *testing.T, file string) []string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	formatted, err := format.Source(content)
	if err != nil || !bytes.Equal(formatted, content) {
		t.Fatalf("%s: expected formatted code, found something else (%v)", file, err)
	}
	return strings.Split(string(content), "\n")
}

// difference returns the lines of b that a longest common subsequence with a leaves over, blank ones and comments included.
func difference(a, b []string) []string {
	common := make([][]int, len(a)+1) // of a[i:] and b[j:]
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var added []string
	i, j := 0, 0
	for j < len(b) {
		switch {
		case i < len(a) && a[i] == b[j]:
			i, j = i+1, j+1
		case i < len(a) && common[i+1][j] >= common[i][j+1]:
			i++
		default:
			added = append(added, b[j])
			j++
		}
	}
	return added
}
