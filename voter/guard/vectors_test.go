package guard

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
)

// Where we differ from the public tests, which allow it: a guard may refuse more than a complete strategy has to, and
// a test is over when its file is refused. Nothing is signed here that a test forbids, but for one identical vote.
var differences = map[string]string{
	"multiple_interchanges_single_validator_single_message_gap 3-31": "no",  // the EIP's text forbids to sign in the gap between two files
	"multiple_interchanges_single_validator_single_message_gap 9-49": "no",  //
	"single_validator_resign_attestation 5-15#515":                   "yes", // the one vote that the minimal strategy remembers may be signed again
}

var publishedKeys = []string{
	"a99a76ed7796f7be22d5b7e85deeb7c5677e88e511e0b337618f8c4eb61349b4bf2d153f649f7b53359fe8b94a38e44c",
	"b89bebc699769726a318c8e9971bd3171297c61aea4a6578a7a4f94b547dcba5bac16a89108b6b6a1fe3695d1a874a0b",
	"a3a32b0f8b4ddb83f1a0a853d81dd725dfe577d4f4c3db8ece52ce2b026eca84815c1a7e8e92a4de3d755733bf7e4a9b",
}

// vector is one of the public tests: a name and its lines.
type vector struct {
	name  string
	lines [][]string
}

func readVectors(t *testing.T) (all []vector) {
	t.Helper()
	content, err := os.ReadFile("testdata/eip3076.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(content)) {
		words := strings.Fields(line)
		switch {
		case len(words) == 0 || words[0] == "#":
		case words[0] == "test":
			all = append(all, vector{name: words[1]})
		default:
			last := &all[len(all)-1]
			last.lines = append(last.lines, words)
		}
	}
	return all
}

func publishedKey(t *testing.T, index string) (key ffg.PublicKey) {
	t.Helper()
	if _, err := hex.Decode(key[:], []byte(publishedKeys[index[0]-'0'])); err != nil {
		t.Fatal(err)
	}
	return key
}

// parseRecord reads SOURCE-TARGET[#ROOT].
func parseRecord(t *testing.T, text string) (r Record) {
	t.Helper()
	epochs, root, known := strings.Cut(text, "#")
	if _, err := fmt.Sscanf(epochs, "%d-%d", &r.Source, &r.Target); err != nil {
		t.Fatal(err)
	}
	if known {
		var low uint64
		if _, err := fmt.Sscan(root, &low); err != nil {
			t.Fatal(err)
		}
		binary.BigEndian.PutUint64(r.Root[24:], low)
	}
	return r
}

func TestThePublicTestsOfTheEIP(t *testing.T) {
	all := readVectors(t)
	if len(all) != 26 {
		t.Errorf("expected 26 tests, found %d", len(all))
	}
	for name, keep := range map[string]int{"complete": Complete, "minimal": Minimal} {
		for _, v := range all {
			t.Run(name+"/"+v.name, func(t *testing.T) { v.run(t, keep) })
		}
	}
}

func (v vector) run(t *testing.T, keep int) {
	var chain ffg.Root // as there
	g, _ := openNew(t, Keep(keep))
	for _, words := range v.lines {
		switch words[0] {
		case "other-chain":
			content, err := formatInterchange(ffg.Root{1}, nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := g.Import(chain, content); !errors.Is(err, ErrDomain) {
				t.Errorf("expected %v, found %v", ErrDomain, err)
			}
		case "import":
			content, backwards := v.file(t, chain, words[1:])
			_, err := g.Import(chain, content)
			if backwards && !errors.Is(err, ErrInterchange) || !backwards && err != nil {
				t.Fatalf("%v: expected a file with a source above its target refused, others not, found %v", words, err)
			}
			if backwards {
				return // the file was refused, which the tests allow
			}
		case "sign":
			r := parseRecord(t, words[2])
			vote := ffg.Vote{Source: ffg.Ref{Epoch: r.Source}, Target: ffg.Ref{Epoch: r.Target}}
			err := g.approve(chain, publishedKey(t, words[1]), vote, r.Root)
			outcome := words[3]
			if different := differences[v.name+" "+words[2]]; different != "" {
				outcome = different
			}
			if expected := outcome == "yes" || outcome == "complete" && keep == Complete; (err == nil) != expected {
				t.Errorf("%v: expected signed %t, found %v", words, expected, err)
			}
		default:
			t.Fatalf("expected import, sign or other-chain, found %v", words)
		}
	}
}

// file makes an interchange file, and says whether it has a source above its target.
func (v vector) file(t *testing.T, chain ffg.Root, words []string) (content []byte, backwards bool) {
	t.Helper()
	var all []history
	for part := range strings.SplitSeq(strings.Join(words, " "), "|") {
		words := strings.Fields(part)
		h := history{key: publishedKey(t, words[0])}
		for _, text := range words[1:] {
			r := parseRecord(t, text)
			h.votes = append(h.votes, r)
			backwards = backwards || r.Source > r.Target
		}
		all = append(all, h)
	}
	content, err := formatInterchange(chain, all)
	if err != nil {
		t.Fatal(err)
	}
	return content, backwards
}
