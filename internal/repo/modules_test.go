package repo

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// missing returns the directories of go.mod files that a Makefile does not name among its modules.
func missing(makefile string, mods []string) (out []string) {
	var named []string
	if line := regexp.MustCompile(`(?m)^modules := (.*)$`).FindStringSubmatch(makefile); line != nil {
		named = strings.Fields(line[1])
	}
	for _, mod := range mods {
		if dir := path.Dir(mod); !slices.Contains(named, dir) {
			out = append(out, dir)
		}
	}
	return out
}

func TestMissingModules(t *testing.T) {
	mods := []string{"go.mod", "core/go.mod", "a/b/go.mod"}
	for makefile, want := range map[string][]string{
		"modules := . core a/b\n": nil,
		"modules := . core\n":     {"a/b"},
		"other := . core a/b\n":   {".", "core", "a/b"},
	} {
		if found := missing(makefile, mods); !slices.Equal(found, want) {
			t.Errorf("%q: expected %v, found %v", makefile, want, found)
		}
	}
}

func TestEveryGoModuleTakesPartInTheTargets(t *testing.T) {
	mods := files(t, "go.mod")
	if len(mods) < 2 {
		t.Fatalf("expected go.mod and core/go.mod, found %v", mods)
	}
	for _, dir := range missing(read(t, "Makefile"), mods) {
		t.Errorf("%s/go.mod: the Makefile's modules don't name %s, so no target runs there", dir, dir)
	}
}
