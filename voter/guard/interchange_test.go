package guard

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

// interchangeOf is a file with votes of alice.
func interchangeOf(t testing.TB, domain ffg.Root, votes ...Record) []byte {
	t.Helper()
	content, err := formatInterchange(domain, []history{{key: alice, votes: votes}})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// span is a record without a signing root.
func span(source, target uint64) Record { return Record{Source: source, Target: target} }

func approveAll(t testing.TB, g *Guard, votes ...ffg.Vote) {
	t.Helper()
	for _, vote := range votes {
		if err := g.Approve(chainA, alice, vote); err != nil {
			t.Fatal(err)
		}
	}
}

// What the EIP demands of an import, rule by rule: the conditions that it numbers, its advice, and how files may relate to
// what is here.
func TestImportedFilesProtectAsTheEIPDemands(t *testing.T) {
	ours := []ffg.Vote{link(10, 11), link(11, 12), link(12, 13)}
	known := func(votes ...ffg.Vote) (all []Record) {
		for _, v := range votes {
			all = append(all, recordOf(v))
		}
		return all
	}
	for name, tc := range map[string]struct {
		before  []ffg.Vote
		file    []Record
		clashes int
		floor   Floor
		refused []ffg.Vote
		allowed []ffg.Vote
	}{
		"condition 3: double votes": {
			file: known(link(3, 4), link(4, 6)), floor: Floor{3, 4},
			refused: []ffg.Vote{link(4, 6, 9), link(5, 6)}, allowed: []ffg.Vote{link(4, 5), link(4, 6), link(5, 7)},
		},
		"condition 3: surround votes": {
			file: known(link(3, 4), link(4, 8), link(6, 9)), floor: Floor{3, 4},
			refused: []ffg.Vote{link(5, 7), link(5, 10), link(4, 10)}, allowed: []ffg.Vote{link(4, 7), link(6, 10)},
		},
		"condition 4: below the lowest source": {
			file: known(link(3, 4), link(4, 5)), floor: Floor{3, 4},
			refused: []ffg.Vote{link(2, 6)}, allowed: []ffg.Vote{link(4, 6)},
		},
		"condition 5: up to the lowest target": {
			file: known(link(3, 5), link(5, 6)), floor: Floor{3, 5},
			refused: []ffg.Vote{link(3, 4), link(4, 5)}, allowed: []ffg.Vote{link(3, 5)},
		},
		"condition 5: a repeated vote, by its signing root": {
			file: known(link(3, 5)), floor: Floor{3, 5},
			refused: []ffg.Vote{link(3, 5, 9)}, allowed: []ffg.Vote{link(3, 5)},
		},
		"no signing root: not even a repeated vote": {
			file: []Record{span(3, 5), span(5, 6)}, floor: Floor{3, 5},
			refused: []ffg.Vote{link(3, 5), link(5, 6)}, allowed: []ffg.Vote{link(5, 7)},
		},
		"no signing root in the file, but here": {
			before: ours, file: []Record{span(12, 13)}, floor: Floor{12, 13},
			refused: []ffg.Vote{link(12, 13)}, allowed: []ffg.Vote{link(13, 14)},
		},
		"a gap between two files stays closed": {
			before: []ffg.Vote{link(1, 2)}, file: known(link(30, 31)), floor: Floor{30, 31},
			refused: []ffg.Vote{link(2, 3), link(2, 20), link(29, 32)}, allowed: []ffg.Vote{link(30, 31), link(30, 32)},
		},
		"the same as here": {
			before: ours, file: known(ours...), floor: Floor{10, 11},
			refused: []ffg.Vote{link(9, 14), link(9, 10)}, allowed: append(ours, link(13, 14)),
		},
		"older than here": {
			before: ours, file: known(link(5, 6), link(6, 7)), floor: Floor{5, 6},
			refused: []ffg.Vote{link(4, 14), link(5, 14), link(12, 13, 9)}, allowed: append(ours, link(12, 14)),
		},
		"newer than here": {
			before: ours, file: known(link(12, 13), link(13, 14), link(14, 15)), floor: Floor{12, 13},
			refused: []ffg.Vote{link(11, 12), link(13, 14, 9), link(12, 16)}, allowed: []ffg.Vote{link(14, 15), link(15, 16)},
		},
		"a double vote with what is here": {
			before: ours, file: known(link(11, 13)), clashes: 1, floor: Floor{12, 13},
			refused: append(ours, link(11, 13), link(11, 14)), allowed: []ffg.Vote{link(12, 14)},
		},
		"another vote of the same span as here": {
			before: ours, file: known(link(12, 13, 9)), clashes: 1, floor: Floor{12, 13},
			refused: []ffg.Vote{link(12, 13), link(12, 13, 9), link(11, 14)}, allowed: []ffg.Vote{link(12, 14)},
		},
		"a vote around what is here": {
			before: ours, file: known(link(8, 20)), clashes: 1, floor: Floor{12, 20},
			refused: append(ours, link(8, 20), link(11, 21), link(12, 20)), allowed: []ffg.Vote{link(12, 21)},
		},
		"a vote within what is here": {
			before: []ffg.Vote{link(1, 20)}, file: known(link(5, 6)), clashes: 1, floor: Floor{5, 20},
			refused: []ffg.Vote{link(1, 20), link(5, 6), link(4, 21)}, allowed: []ffg.Vote{link(5, 21)},
		},
		"a file that conflicts with itself": {
			file: known(link(2, 3), link(1, 4), link(4, 5)), clashes: 1, floor: Floor{2, 4},
			refused: []ffg.Vote{link(2, 3), link(1, 4), link(1, 6)}, allowed: []ffg.Vote{link(4, 5), link(4, 6)},
		},
		"no votes": {
			before: ours, allowed: append(ours, link(5, 6)), refused: []ffg.Vote{link(9, 14)},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g, path := openNew(t)
			approveAll(t, g, tc.before...)
			report, err := g.Import(chainA, interchangeOf(t, chainA, tc.file...))
			if err != nil || len(report.Keys) != 1 {
				t.Fatalf("expected one key imported, found %+v, %v", report, err)
			}
			if r := report.Keys[0]; r.Key != alice || r.Admitted || r.Votes != len(tc.file) || len(r.Clashes) != tc.clashes || r.Floor != tc.floor {
				t.Errorf("expected %d clashes and floor %+v, found %+v", tc.clashes, tc.floor, r)
			}
			if err := g.Close(); err != nil {
				t.Fatal(err)
			}
			g = reopen(t, path)
			for _, vote := range tc.refused {
				var conflict *Conflict
				var below *BelowFloor
				if err := g.Approve(chainA, alice, vote); !errors.As(err, &conflict) && !errors.As(err, &below) {
					t.Errorf("%s: expected a refusal, found %v", describe(vote), err)
				}
			}
			for _, vote := range tc.allowed {
				if err := g.Approve(chainA, alice, vote); err != nil {
					t.Errorf("%s: expected approval, found %v", describe(vote), err)
				}
			}
		})
	}
}

// A floor stands for votes, so a file may clash with it: here 5 → 6 is forgotten, 1 → 20 isn't, and then 3 → 30 comes.
func TestAFileMayClashWithWhatIsForgotten(t *testing.T) {
	g, _ := openNew(t)
	for _, r := range []Record{recordOf(link(1, 20)), recordOf(link(5, 6)), recordOf(link(3, 30))} {
		if _, err := g.Import(chainA, interchangeOf(t, chainA, r)); err != nil {
			t.Fatal(err)
		}
	}
	if floor, err := g.FloorOf(chainA, alice); floor != (Floor{5, 30}) || err != nil {
		t.Errorf("expected floor 5, 30, found %+v, %v", floor, err)
	}
	for _, vote := range []ffg.Vote{link(1, 20), link(5, 6), link(3, 30), link(4, 31), link(5, 30)} {
		if err := g.Approve(chainA, alice, vote); err == nil {
			t.Errorf("%s: expected a refusal, found none", describe(vote))
		}
	}
	approveAll(t, g, link(5, 31))
}

func describe(v ffg.Vote) string { return fmt.Sprintf("%d → %d", v.Source.Epoch, v.Target.Epoch) }

func TestFilesThatAreNotImported(t *testing.T) {
	good := string(interchangeOf(t, chainA, recordOf(link(3, 4)), span(4, 5)))
	change := func(old, with string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("expected %q in %s", old, good)
		}
		return strings.Replace(good, old, with, 1)
	}
	root := recordOf(link(3, 4)).Root.String()
	for name, tc := range map[string]struct {
		content string
		want    error
		says    string
	}{
		"another chain":                     {string(interchangeOf(t, chainB, span(3, 4))), ErrDomain, chainB.String()},
		"another version":                   {change(`"5"`, `"4"`), ErrInterchange, `expected 5, found "4"`},
		"a version that is a number":        {change(`"interchange_format_version": "5"`, `"interchange_format_version": 5`), ErrInterchange, "expected a string"},
		"no version":                        {change(`"interchange_format_version"`, `"version"`), ErrInterchange, `expected a field "interchange_format_version", found "none"`},
		"no domain":                         {change(`"genesis_validators_root"`, `"root"`), ErrInterchange, `"genesis_validators_root"`},
		"a short domain":                    {change(chainA.String(), chainA.String()[2:]), ErrInterchange, "0x and 64 hexadecimal digits"},
		"no metadata":                       {change(`"metadata"`, `"meta"`), ErrInterchange, `"metadata"`},
		"metadata that is a list":           {`{"metadata": [], "data": []}`, ErrInterchange, "metadata: expected an object"},
		"no data":                           {change(`"data"`, `"dates"`), ErrInterchange, `"data"`},
		"data that is an object":            {`{"metadata": {"interchange_format_version": "5", "genesis_validators_root": "0x` + chainA.String() + `"}, "data": {}}`, ErrInterchange, "data: expected a list"},
		"a field twice":                     {change(`"data":`, `"data": [], "data":`), ErrInterchange, `field "data" once`},
		"a signing root twice":              {change(`"signing_root":`, `"signing_root": "0x`+root+`", "signing_root":`), ErrInterchange, `field "signing_root" once`},
		"a key without 0x":                  {change(`"0x`+alice.String(), `"`+alice.String()), ErrInterchange, "data[0].pubkey"},
		"a key of 47 bytes":                 {change(alice.String(), alice.String()[2:]), ErrInterchange, "0x and 96 hexadecimal digits"},
		"a key of 49 bytes":                 {change(alice.String(), alice.String()+"00"), ErrInterchange, "0x and 96 hexadecimal digits"},
		"a key that isn't hexadecimal":      {change(alice.String(), "zz"+alice.String()[2:]), ErrInterchange, "0x and 96 hexadecimal digits"},
		"no key":                            {change(`"pubkey"`, `"key"`), ErrInterchange, `"pubkey"`},
		"no signed_blocks":                  {change(`"signed_blocks"`, `"blocks"`), ErrInterchange, `"signed_blocks"`},
		"signed_blocks that is null":        {change(`"signed_blocks": []`, `"signed_blocks": null`), ErrInterchange, "signed_blocks: expected a list"},
		"a signed block":                    {change(`"signed_blocks": []`, `"signed_blocks": [{"slot": "1"}]`), ErrInterchange, "a voter signs no blocks"},
		"no signed_attestations":            {change(`"signed_attestations"`, `"attestations"`), ErrInterchange, `"signed_attestations"`},
		"a source above its target":         {change(`"source_epoch": "3"`, `"source_epoch": "5"`), ErrInterchange, "a source epoch up to 4"},
		"no source":                         {change(`"source_epoch"`, `"source"`), ErrInterchange, `"source_epoch"`},
		"no target":                         {change(`"target_epoch"`, `"target"`), ErrInterchange, `"target_epoch"`},
		"an epoch that is a number":         {change(`"source_epoch": "3"`, `"source_epoch": 3`), ErrInterchange, "expected a string"},
		"an epoch that is null":             {change(`"source_epoch": "3"`, `"source_epoch": null`), ErrInterchange, "expected a string"},
		"an empty epoch":                    {change(`"source_epoch": "3"`, `"source_epoch": ""`), ErrInterchange, "a decimal number"},
		"a negative epoch":                  {change(`"source_epoch": "3"`, `"source_epoch": "-3"`), ErrInterchange, "a decimal number"},
		"an epoch of 65 bits":               {change(`"target_epoch": "4"`, `"target_epoch": "18446744073709551616"`), ErrInterchange, "a decimal number of 64 bits"},
		"an epoch that no chain reaches":    {change(`"target_epoch": "4"`, `"target_epoch": "281474976710657"`), ErrInterchange, "an epoch up to 281474976710656"},
		"one too many votes":                {change(`"signed_attestations": [`, `"signed_attestations": [`+strings.Repeat(`{"source_epoch":"0","target_epoch":"1"},`, maxVotes-1)), ErrInterchange, "up to 524288 votes"},
		"one too many entries":              {`{"data": [` + strings.Repeat(`{"pubkey":"0x`+alice.String()+`","signed_blocks":[],"signed_attestations":[]},`, maxHistories) + "0]}", ErrInterchange, "up to 4096 entries"},
		"one too many fields":               {`{` + manyFields(maxFields+1) + `}`, ErrInterchange, "up to 64 fields"},
		"a hexadecimal epoch":               {change(`"source_epoch": "3"`, `"source_epoch": "0x3"`), ErrInterchange, "a decimal number"},
		"a signing root that is null":       {change(`"0x`+root+`"`, "null"), ErrInterchange, "expected a string"},
		"an empty signing root":             {change("0x"+root, ""), ErrInterchange, "0x and 64 hexadecimal digits"},
		"a short signing root":              {change(root, root[2:]), ErrInterchange, "0x and 64 hexadecimal digits"},
		"a second, damaged entry":           {change(`"target_epoch": "5"`, `"target_epoch": "five"`), ErrInterchange, "data[0].signed_attestations[1].target_epoch"},
		"an attestation that is a string":   {change(`"signed_attestations": [`, `"signed_attestations": ["x",`), ErrInterchange, "signed_attestations[0]: expected an object"},
		"something behind it":               {good + "{}", ErrInterchange, "after top-level value"},
		"cut off":                           {good[:len(good)/2], ErrInterchange, "unexpected end"},
		"nothing":                           {"", ErrInterchange, "unexpected end"},
		"not JSON":                          {"guard", ErrInterchange, "invalid character"},
		"null":                              {"null", ErrInterchange, "the file: expected an object"},
		"more than the largest file by one": {good + strings.Repeat(" ", MaxInterchange+1-len(good)), ErrInterchange, "at most 67108864 bytes, found 67108865"},
	} {
		t.Run(name, func(t *testing.T) {
			g, path := openNew(t)
			approveAll(t, g, link(0, 1))
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			report, err := g.Import(chainA, []byte(tc.content))
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.says) || len(report.Keys) > 0 {
				t.Errorf("expected %v, with %q, found %+v, %v", tc.want, tc.says, report, err)
			}
			if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
				t.Errorf("expected the journal as it was, found another, %v", err)
			}
			approveAll(t, g, link(1, 2))
		})
	}
}

func TestFilesThatAreImportedThoughUnusual(t *testing.T) {
	good := string(interchangeOf(t, chainA, span(3, 4)))
	for name, content := range map[string]string{
		"fields that the schema doesn't name": strings.Replace(good, `"data"`, `"comment": {"by": ["me", 1, null]}, "data"`, 1),
		"capital digits":                      strings.Replace(good, alice.String(), strings.ToUpper(alice.String()), 1),
		"a byte order mark":                   "\ufeff" + strings.ReplaceAll(good, "\n", "\r\n"),
		"no keys":                             string(must(formatInterchange(chainA, nil))),
		"as many fields as there may be":      "{" + manyFields(maxFields-2) + "," + good[1:],
		"the last epoch":                      strings.Replace(good, `"target_epoch": "4"`, `"target_epoch": "281474976710656"`, 1),
		"of the largest size":                 good + strings.Repeat(" ", MaxInterchange-len(good)),
		"a source equal to its target, as in Ethereum's first": strings.Replace(good, `"source_epoch": "3"`, `"source_epoch": "4"`, 1),
	} {
		g, _ := openNew(t)
		if _, err := g.Import(chainA, []byte(content)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// manyFields returns n fields with other names.
func manyFields(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf(`"field %d": 0`, i))
	}
	return strings.Join(all, ", ")
}

func TestAFileMayBeFull(t *testing.T) {
	for name, content := range map[string]string{
		"of entries": string(must(formatInterchange(chainA, make([]history, maxHistories)))),
		"of votes":   string(interchangeOf(t, chainA, make([]Record, maxVotes)...)),
	} {
		if _, err := parseInterchange(chainA, []byte(strings.ReplaceAll(content, "  ", ""))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A small file must not take all the memory of a voter.
func TestReadingAFileTakesLittleMemory(t *testing.T) {
	good := string(interchangeOf(t, chainA, span(3, 4)))
	const size = 8 << 20
	for name, content := range map[string]string{
		"a list of numbers": strings.Replace(good, `"data": [`, `"data": [`+strings.Repeat("0,", size/2), 1),
		"a list of fields":  strings.Replace(good, `"data": [`, `"x": [`+strings.Repeat("0,", size/2)+`0], "data": [`, 1),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _ = parseInterchange(chainA, []byte(content))
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 8*size {
			t.Errorf("%s: expected at most %d bytes taken, found %d", name, 8*size, taken)
		}
	}
}

func must(content []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return content
}

func TestAnImportAdmitsUnknownKeys(t *testing.T) {
	g, _ := openNew(t)
	stranger := ffg.PublicKey{3}
	content := must(formatInterchange(chainA, []history{{key: stranger, votes: []Record{span(3, 4)}}, {key: ffg.PublicKey{4}}}))
	report, err := g.Import(chainA, content)
	if err != nil || len(report.Keys) != 2 || !report.Keys[0].Admitted || report.Keys[1].Admitted || !report.Keys[1].Unknown {
		t.Fatalf("expected the key with a vote admitted, found %+v, %v", report, err)
	}
	var conflict *Conflict
	if err := g.Approve(chainA, stranger, link(2, 5)); !errors.As(err, &conflict) {
		t.Errorf("around what is in the file: expected a conflict, found %v", err)
	}
	if err := g.Approve(chainA, stranger, link(3, 5)); err != nil {
		t.Error(err)
	}
	if err := g.Approve(chainA, ffg.PublicKey{4}, link(0, 1)); !errors.Is(err, ErrMissing) {
		t.Errorf("a key of which the file has no vote: expected %v, found %v", ErrMissing, err)
	}
}

func TestAnImportLeavesARetiredKeyRetired(t *testing.T) {
	g, _ := openNew(t)
	if err := g.Retire(alice); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Import(chainA, interchangeOf(t, chainA, span(3, 4))); err != nil || !g.Retired(alice) {
		t.Errorf("expected alice retired, found %t, %v", g.Retired(alice), err)
	}
}

func TestImportingAgainChangesNothing(t *testing.T) {
	g, path := openNew(t)
	approveAll(t, g, link(0, 1), link(1, 5))
	content := interchangeOf(t, chainA, span(1, 2), span(3, 4)) // the second lies within 1 → 5
	var files [2][]byte
	var reports [2]Report
	for i := range files {
		var err error
		if reports[i], err = g.Import(chainA, content); err != nil {
			t.Fatal(err)
		}
		if files[i], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(files[0], files[1]) || reports[0].Keys[0].Floor != reports[1].Keys[0].Floor {
		t.Errorf("expected the same journal and report again, found %+v and %+v", reports[0], reports[1])
	}
}

func TestExportsMakeTheSameGuardElsewhere(t *testing.T) {
	for name, minimal := range map[string]bool{"complete": false, "minimal": true} {
		t.Run(name, func(t *testing.T) {
			here, _ := openNew(t)
			approveAll(t, here, link(0, 1), link(1, 2), link(2, 4))
			if err := here.Approve(chainB, alice, link(7, 8)); err != nil {
				t.Fatal(err)
			}
			content, err := here.Export(chainA, []ffg.PublicKey{alice}, minimal)
			if err != nil {
				t.Fatal(err)
			}
			path := t.TempDir() + "/" + FileName
			if err := Create(path); err != nil {
				t.Fatal(err)
			}
			there := reopen(t, path)
			if _, err := there.Import(chainA, content); err != nil {
				t.Fatal(err)
			}
			if again, err := there.Export(chainA, nil, minimal); err != nil || !bytes.Equal(again, content) {
				t.Errorf("expected the same export again,\n%s, found\n%s, %v", content, again, err)
			}
			if known, err := there.Knows(chainA, bob); known || err != nil {
				t.Errorf("expected bob left out, found %t, %v", known, err)
			}
			latest, found, err := there.Latest(chainA, alice)
			if want := recordOf(link(2, 4)); latest != want || !found || err != nil {
				t.Errorf("expected %+v, found %+v, %v", want, latest, err)
			}
			if _, found, err := there.Latest(chainB, alice); found || !errors.Is(err, ErrMissing) {
				t.Errorf("expected nothing of another chain, found %t, %v", found, err)
			}
			for _, vote := range slashableWith(link(2, 4)) {
				if err := there.Approve(chainA, alice, vote); err == nil {
					t.Errorf("%s: expected a refusal, found none", describe(vote))
				}
			}
			approveAll(t, there, link(2, 4), link(4, 5))
		})
	}
}

// The example of the EIP, with our numbers: what an exported file looks like.
func TestAnExportedFileIsAsTheSchemaSays(t *testing.T) {
	g, _ := openNew(t, Keep(2))
	approveAll(t, g, link(0, 1), link(1, 2), link(2, 4))
	content, err := g.Export(chainA, nil, false)
	want := fmt.Sprintf(`{
  "metadata": {
    "interchange_format_version": "5",
    "genesis_validators_root": "0x%s"
  },
  "data": [
    {
      "pubkey": "0x%s",
      "signed_blocks": [],
      "signed_attestations": [
        {
          "source_epoch": "1",
          "target_epoch": "2",
          "signing_root": "0x%s"
        },
        {
          "source_epoch": "2",
          "target_epoch": "4",
          "signing_root": "0x%s"
        }
      ]
    },
    {
      "pubkey": "0x%s",
      "signed_blocks": [],
      "signed_attestations": []
    }
  ]
}
`, chainA, alice, recordOf(link(1, 2)).Root, recordOf(link(2, 4)).Root, bob)
	if err != nil || string(content) != want {
		t.Errorf("expected\n%s, found\n%s, %v", want, content, err)
	}
	if _, err := g.Export(chainA, []ffg.PublicKey{{3}}, false); !errors.Is(err, ErrMissing) {
		t.Errorf("an unknown key: expected %v, found %v", ErrMissing, err)
	}
}

func FuzzImport(f *testing.F) {
	f.Add(interchangeOf(f, chainA, recordOf(link(3, 4)), span(4, 5)))
	f.Add(interchangeOf(f, chainA, span(1, 9), span(4, 5), span(4, 5)))
	f.Add([]byte(`{"metadata":{},"data":[{"pubkey":"0x","signed_blocks":[],"signed_attestations":[{}]}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		all, err := parseInterchange(chainA, content)
		if err != nil {
			if !errors.Is(err, ErrInterchange) && !errors.Is(err, ErrDomain) {
				t.Errorf("expected %v or %v, found %v", ErrInterchange, ErrDomain, err)
			}
			return
		}
		again, err := parseInterchange(chainA, must(formatInterchange(chainA, all)))
		if err != nil || len(again) != len(all) || len(all) > 0 && fmt.Sprint(again) != fmt.Sprint(all) {
			t.Errorf("expected %v again, found %v, %v", all, again, err)
		}
		s := make(state)
		s.merge(chainA, all, Complete)
		next := s.clone()
		next.merge(chainA, all, Complete)
		if !reflect.DeepEqual(next.entries(), s.entries()) {
			t.Errorf("expected nothing new the second time, found %v after %v", next.entries(), s.entries())
		}
	})
}
