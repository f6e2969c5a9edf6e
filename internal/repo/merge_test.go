package repo

import (
	"regexp"
	"testing"
)

var marker = regexp.MustCompile(`(?m)^(?:<{7} |={7}$|>{7} )`)

func TestNoFileHasMarkersOfAMergeConflict(t *testing.T) {
	if !marker.MatchString("a\n" + "<<<<<<" + "< HEAD\nb\n") {
		t.Fatal("a marker is not recognised")
	}
	for _, path := range files(t, ".go", ".ts", ".proto", ".sh", ".md", ".yaml", ".yml", ".toml", "Makefile") {
		if marker.MatchString(read(t, path)) {
			t.Errorf("%s has markers of a merge conflict", path)
		}
	}
}
