package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A twentieth of the mutants, all of them in a long run: `make mutation` tries them all, too.
func TestTheVectorsNoticeWhatChangesInTheVerifier(t *testing.T) {
	o := options{module: "../../core", explained: "explained.txt", every: 20, workers: 2}
	if os.Getenv("DUALCHAIN_LONG") != "" {
		o.every = 1
	}
	if err := mutate(t.Context(), o, t.Output()); err != nil {
		t.Error(err)
	}
}

// changed instruments a file of a package, and returns its mutants' names.
func changed(t *testing.T, source string) (names []string, text string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte("package a\n"+source), 0o600); err != nil {
		t.Fatal(err)
	}
	next := 1
	mutants, err := instrumentPackage(dir, target{dir: "a"}, nil, &next, func(name string, content []byte) error {
		if name == "a.go" {
			text = string(content)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range mutants {
		if m.id != i+1 {
			t.Errorf("expected mutant %d, found %d", i+1, m.id)
		}
		names = append(names, m.name())
	}
	return names, text
}

func TestWhatIsChanged(t *testing.T) {
	for source, expected := range map[string][]string{
		"func f(a, b int) bool { return a < b }":                     {"a < b → a <= b"},
		"func f(a, b int) bool { return a == b }":                    {"a == b → a != b"},
		"func f(a bool) bool { return !a }":                          {"!a → a"},
		"func f() bool { return true }":                              {"true → not true"},
		"func f(a, b bool) bool { return a && b }":                   {"a && b → a || b", "a && b → a", "a && b → b"},
		"func f(a bool) { if a { f(a) } }":                           {"if a → never", "if a → always", "f(a) → nothing"},
		"func f(a int) { if a != 1 { return } }":                     {"if a != 1 → never", "if a != 1 → always", "a != 1 → 1 + 1", "return → nothing"},
		"func f(a int) { switch { case a > 2: a++ } }":               {"case a > 2 → never", "case a > 2 → always", "a > 2 → a >= 2", "a > 2 → 2 + 1", "a++ → nothing"},
		"func f(a []int) []int { return a[1:] }":                     {"a[1:] → 1 + 1"},
		"func f(a, b uint8) uint8 { return a<<1 | b }":               {"a<<1 | b → a<<1 & b", "a << 1 → a >> 1"},
		"func (x *T) f(a int) int { return a - 3 }\ntype T struct{}": {"a - 3 → a + 3", "a - 3 → 3 + 1"},
		"const c = 1 << 3\nvar a [4]int":                             {},
		"func Errorf(int) {}\nfunc f() { Errorf(1) }":                {"Errorf(1) → nothing"}, // not its text
	} {
		names, text := changed(t, source)
		function := "f"
		if strings.Contains(source, "(x *T)") {
			function = "T.f"
		}
		for i := range expected {
			expected[i] = "a/a.go " + function + ": " + expected[i]
		}
		if strings.Join(names, "\n") != strings.Join(expected, "\n") {
			t.Errorf("%s: expected\n%s\nfound\n%s\nin\n%s", source, strings.Join(expected, "\n"), strings.Join(names, "\n"), text)
		}
	}
}

func TestMutantsThatLookTheSameHaveNumbers(t *testing.T) {
	names, _ := changed(t, "func f(a bool) { f(a); f(a); f(a) }")
	const name = "a/a.go f: f(a) → nothing"
	if strings.Join(names, "\n") != strings.Join([]string{name, name + " (2)", name + " (3)"}, "\n") {
		t.Errorf("expected numbers, found %q", names)
	}
}

func TestEverySurvivorIsExplainedAndNothingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "explained.txt")
	content := "# The sum is\n# the same.\na.go f: a → b\n\n# Never.\na.go f: c → d\n"
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	explained, err := readExplained(path)
	if err != nil || len(explained) != 2 || explained[0].reason != "The sum is the same." {
		t.Fatalf("expected two reasons, found %v, %v", explained, err)
	}
	known, other := mutant{file: "a.go", function: "f", original: "a", changed: "b"}, mutant{file: "a.go", function: "f", original: "c", changed: "d"}
	stranger := mutant{file: "a.go", function: "g", original: "c", changed: "d", line: 7}
	for name, tc := range map[string]struct {
		survivors []mutant
		whole     bool
		says      string
	}{
		"all":                          {[]mutant{known, other}, true, ""},
		"one more":                     {[]mutant{known, other, stranger}, true, "survived: a.go g: c → d   (line 7)"},
		"one less":                     {[]mutant{known}, true, "gone or killed: a.go f: c → d"},
		"one less in a sample":         {[]mutant{known}, false, ""},
		"one that is new, in a sample": {[]mutant{stranger}, false, "survived: a.go g"},
	} {
		err := report{survivors: tc.survivors, explained: explained}.verdict(tc.whole)
		if (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: expected %q, found %v", name, tc.says, err)
		}
	}
	if err := os.WriteFile(path, []byte("a.go f: a → b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readExplained(path); err == nil || !strings.Contains(err.Error(), "expected a reason") {
		t.Errorf("expected a reason to be required, found %v", err)
	}
}
