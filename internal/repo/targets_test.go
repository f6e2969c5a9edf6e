package repo

import (
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	recipe = regexp.MustCompile(`(?m)^(test|test-race|lint|format): .*\n((?:\t.*\n)+)`)
	fuzzer = regexp.MustCompile(`(?m)^func (Fuzz\w*)\(`)
	goline = regexp.MustCompile(`(?m)^go (1\.\d+)`)
)

func TestTheTargetsLoopOverAllModules(t *testing.T) {
	found := recipe.FindAllStringSubmatch(read(t, "Makefile"), -1)
	if len(found) != 4 {
		t.Fatalf("expected the targets test, test-race, lint and format, found %d of them", len(found))
	}
	for _, match := range found {
		if !strings.Contains(match[2], "$(each_module)") {
			t.Errorf("make %s: expected it to loop over $(modules), found\n%s", match[1], match[2])
		}
	}
}

func TestEveryFuzzFunctionIsRun(t *testing.T) {
	out, err := exec.Command(filepath.Join(root, "scripts", "fuzz.sh"), "--list").Output()
	if err != nil {
		t.Fatalf("list the fuzz functions: %v", err)
	}
	total := 0
	for _, file := range files(t, "_test.go") {
		for _, match := range fuzzer.FindAllStringSubmatch(read(t, file), -1) {
			total++
			if line := "== " + path.Dir(file) + " " + match[1] + "\n"; !strings.Contains(string(out), line) {
				t.Errorf("make fuzz doesn't run %s of %s", match[1], file)
			}
		}
	}
	if total < 20 {
		t.Errorf("expected at least 20 fuzz functions, found %d: does this test still look everywhere?", total)
	}
}

// Importers of core may have an old Go: what core uses of the standard library must be as old as its go.mod says.
func TestModulesKeepToTheirGoVersion(t *testing.T) {
	for _, mod := range files(t, "go.mod") {
		dir := path.Dir(mod)
		if dir == "." { // as new as the toolchain
			continue
		}
		version := goline.FindStringSubmatch(read(t, mod))
		if !slices.Equal(version, []string{"go 1.23", "1.23"}) {
			t.Errorf("%s: expected go 1.23, found %v", mod, version)
		}
		vet := exec.Command("go", "vet", "-stdversion", "./...")
		vet.Dir = filepath.Join(root, dir)
		if out, err := vet.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", dir, err, out)
		}
	}
}
