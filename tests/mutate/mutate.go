package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

type options struct {
	module, explained, report string
	every, workers            int
	only                      bool // the explained ones
}

// targets are what a verifier consists of. Of ffg only what the vectors reach counts: the rest is the chain's.
var targets = []target{
	{dir: "ffg", skip: []string{"finalize.go", "possession.go", "doc.go"}},
	{dir: "cert", skip: []string{"doc.go"}},
}

const vectorTest = "^TestVectors$"

// Unit tests come second. Those that take seconds, or make the vectors anew, are left out.
var unitTests = []suite{
	{
		name: "unit tests of cert", pkg: "cert", run: "^Test", arguments: []string{"-rapid.nofailfile"},
		skip: "^(TestVectors|TestTheVectorsAreWhatThisCodeMakes|TestSkippingTakesOneHopPerChange|TestFollowersConvictAThird|TestCertificateIsSmall|TestDependsOnNoChain)$",
	},
	{name: "unit tests of ffg", pkg: "ffg", run: "^Test", skip: "^TestImportsStandardLibraryOnly$"},
}

// mutate tries the mutants and returns an error if one survives that is not explained, or if an explanation is of none that survives.
func mutate(ctx context.Context, o options, log io.Writer) error {
	folder, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // temporary
	explained, err := readExplained(o.explained)
	if err != nil {
		return err
	}
	file, mutants, err := overlay(o.module, folder, targets)
	if err != nil {
		return err
	}
	suites := append([]suite{{name: "vectors", pkg: "cert", run: vectorTest}}, unitTests...)
	if err := build(o.module, folder, file, suites); err != nil {
		return err
	}
	reached, err := suites[0].reached(ctx, o.module, folder)
	if err != nil {
		return err
	}
	var tried []mutant
	for i, m := range mutants {
		inScope := strings.HasPrefix(m.file, "cert/") || reached[m.id]
		_, known := report{explained: explained}.reasonFor(m.name())
		if inScope && i%o.every == 0 && (known || !o.only) {
			tried = append(tried, m)
		}
	}
	fmt.Fprintf(log, "%d mutants, of which %d are tried\n", len(mutants), len(tried))
	left := tried
	r := report{tried: len(tried), explained: explained}
	for i, s := range suites {
		ids := idsOf(left)
		if i == 0 { // what they don't reach they can't notice
			ids = slices.DeleteFunc(ids, func(id int) bool { return !reached[id] })
		}
		done := 0
		alive, err := s.survivors(ctx, o.module, ids, o.workers, func() {
			if done++; done%50 == 0 {
				fmt.Fprintf(log, "%s: %d of %d\n", s.name, done, len(ids))
			}
		})
		if err != nil {
			return err
		}
		left = slices.DeleteFunc(slices.Clone(left), func(m mutant) bool {
			killed := slices.Contains(ids, m.id) && !alive[m.id]
			if killed {
				r.count(s.name, m)
			}
			return killed
		})
	}
	r.survivors = left
	if o.report != "" {
		if err := os.WriteFile(o.report, []byte(r.String()), 0o644); err != nil {
			return err
		}
	}
	return r.verdict(o.every == 1)
}

func idsOf(mutants []mutant) (ids []int) {
	for _, m := range mutants {
		ids = append(ids, m.id)
	}
	return ids
}
