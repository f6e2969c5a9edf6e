package guard

import (
	"errors"
	"path/filepath"
	"testing"
)

func TestAnImportAdmitsForItsDomainOnly(t *testing.T) {
	g, _ := openNew(t)
	approveAll(t, g, link(0, 1))
	if err := g.Approve(chainB, alice, link(0, 1)); err != nil {
		t.Fatal(err)
	}
	content, err := g.Export(chainB, nil, false)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), FileName)
	if err := Create(path); err != nil {
		t.Fatal(err)
	}
	there := reopen(t, path)
	report, err := there.Import(chainB, content)
	if err != nil || !report.Keys[0].Admitted || report.Keys[0].Unknown {
		t.Fatalf("expected alice admitted, found %+v, %v", report, err)
	}
	if bobs := report.Keys[1]; bobs.Admitted || !bobs.Unknown {
		t.Errorf("a key without votes: expected it not admitted, found %+v", bobs)
	}
	for _, when := range []string{"at once", "after a restart", "after a compaction"} {
		if err := there.Approve(chainA, alice, link(0, 1, 9)); !errors.Is(err, ErrMissing) {
			t.Errorf("%s, conflict on another chain: expected %v, found %v", when, ErrMissing, err)
		}
		if err := there.Approve(chainB, alice, link(0, 1)); err != nil {
			t.Errorf("%s, the chain of the file: %v", when, err)
		}
		if err := there.Approve(chainB, bob, link(0, 1, 9)); !errors.Is(err, ErrMissing) {
			t.Errorf("%s, an empty list: expected %v, found %v", when, ErrMissing, err)
		}
		if when == "at once" {
			if err := there.Close(); err != nil {
				t.Fatal(err)
			}
			there = reopen(t, path)
		} else if err := there.Prune(Complete); err != nil {
			t.Fatal(err)
		}
	}
}
