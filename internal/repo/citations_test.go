package repo

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The rule (CONTRIBUTING.md): a section sign cites docs/protocol.md, unless the number of another standard stands right
// before it, as in "RFC 6962" or "draft-irtf-cfrg-bls-signature-05". What follows such a citation in a list belongs to the
// same standard.
var (
	heading  = regexp.MustCompile(`(?m)^#{2,} ([0-9]+(?:\.[0-9]+)*)\.? `)
	citation = regexp.MustCompile(`§\s*([0-9]+(?:\.[0-9]+)*)(?:[–-]([0-9]+(?:\.[0-9]+)*))?`)
	standard = regexp.MustCompile(`(?:\b(?:RFC|EIP|ERC|BIP|ICS|SLIP|FIPS)[ -]?[0-9]+|\bdraft-[a-z0-9-]+[0-9])$`)
	inList   = regexp.MustCompile(`^(?:,|–|-|\s|and|or|[/#*])*$`)
)

// breaks may stand between a standard's name and the sign: white space and the comment marker of the next line.
const breaks = " \t\n/#*"

// sections returns the numbers of the specification's headings.
func sections(specification string) (numbers []string) {
	for _, match := range heading.FindAllStringSubmatch(specification, -1) {
		numbers = append(numbers, match[1])
	}
	return numbers
}

// unknownCitations returns how many citations of the specification a text has, and those whose section is not known.
func unknownCitations(text string, known []string) (cited int, unknown []string) {
	end, ofAnother := 0, false // of the previous citation
	for _, at := range citation.FindAllStringSubmatchIndex(text, -1) {
		start := at[0]
		continues := end > 0 && inList.MatchString(text[end:start])
		ofAnother = standard.MatchString(strings.TrimRight(text[:start], breaks)) || ofAnother && continues
		end = at[1]
		if ofAnother {
			continue
		}
		for _, group := range [][]int{at[2:4], at[4:6]} {
			if group[0] < 0 {
				continue
			}
			cited++
			if number := text[group[0]:group[1]]; !slices.Contains(known, number) {
				line := 1 + strings.Count(text[:start], "\n")
				unknown = append(unknown, fmt.Sprintf("line %d: section %s", line, number))
			}
		}
	}
	return cited, unknown
}

func TestUnknownCitations(t *testing.T) {
	known := sections("# Title\n## Glossary\n## 2. Objects\n### 2.1 Trees\n## 7. Sets\n## 9. Liveness\n## 11. Safe mode (planned)\n")
	if want := []string{"2", "2.1", "7", "9", "11"}; !slices.Equal(known, want) {
		t.Fatalf("sections: expected %v, found %v", want, known)
	}
	for _, c := range []struct {
		text    string // $ stands for the section sign
		cited   int
		unknown []string
	}{
		{"quorum (protocol $7)", 1, nil},
		{"(protocol $13)", 1, []string{"line 1: section 13"}},
		{"one\ntwo ($8).", 1, []string{"line 2: section 8"}},
		{"$2.1 exists, $2.2 does not", 2, []string{"line 1: section 2.2"}},
		{"$7–$9", 2, nil},
		{"$7–$12", 2, []string{"line 1: section 12"}},
		{"$7–12", 2, []string{"line 1: section 12"}},
		{"$7, $11", 2, nil},
		{"$7, $10", 2, []string{"line 1: section 10"}},
		{"$ 3", 1, []string{"line 1: section 3"}},
		{"as RFC 6962 $2.1.1 says", 0, nil},
		{"as RFC 6962 $2.1.1, $5 and $6 say", 0, nil},
		{"// as RFC 6962\n\t// $3.3 says", 0, nil},
		{"draft-irtf-cfrg-bls-signature-05 $4.2.3 (protocol $7)", 1, nil},
		{"draft-irtf-cfrg-bls-signature-05 $4.2.3 (protocol $5)", 1, []string{"line 1: section 5"}},
		{"EIP-2333 $99", 0, nil},
		{"RFC 6962 is a standard. $99", 1, []string{"line 1: section 99"}},
		{"the paper's $99", 1, []string{"line 1: section 99"}},
		{"RFC 6962 $3 says so; $3 does not", 1, []string{"line 1: section 3"}},
		{"$1.234,56 is an amount", 1, []string{"line 1: section 1.234"}},
		{"no citation", 0, nil},
	} {
		text := strings.ReplaceAll(c.text, "$", "\u00a7")
		cited, unknown := unknownCitations(text, known)
		if cited != c.cited || !slices.Equal(unknown, c.unknown) {
			t.Errorf("%q: expected %d citations, unknown %v; found %d, unknown %v", text, c.cited, c.unknown, cited, unknown)
		}
	}
}

func TestEverySectionThatIsCitedExists(t *testing.T) {
	known := sections(read(t, "docs/protocol.md"))
	total := 0
	for _, path := range files(t, ".go", ".ts", ".proto", ".sh", ".md", ".yaml", ".yml") {
		cited, unknown := unknownCitations(read(t, path), known)
		for _, section := range unknown {
			t.Errorf("%s: %s is not in docs/protocol.md; name the standard before the sign if it is another's", path, section)
		}
		total += cited
	}
	if total < 150 {
		t.Errorf("expected the tree to cite the protocol at least 150 times, found %d: does this test still look everywhere?", total)
	}
}
