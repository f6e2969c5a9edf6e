package repo

import (
	"strings"
	"testing"
)

// terms are the terms that a reader meets first.
var terms = []string{"voter", "checkpoint", "epoch", "justified", "finalized", "pair", "rear", "current", "next", "era", "hand-over", "trust point"}

func TestTheTermsOfTheReadmeAreDefined(t *testing.T) {
	protocol := read(t, "docs/protocol.md")
	_, glossary, _ := strings.Cut(protocol, "\n## Glossary\n")
	glossary, _, found := strings.Cut(glossary, "\n## ")
	if !found {
		t.Fatal("docs/protocol.md: expected a glossary before the first section")
	}
	introduction := read(t, "README.md") + read(t, "docs/tutorial.md")
	for _, term := range terms {
		if !strings.Contains(glossary, "**"+term+"**") {
			t.Errorf("the glossary does not define %s", term)
		}
		if !strings.Contains(introduction, "*"+term+"*") && !strings.Contains(introduction, "*"+term+"s*") {
			t.Errorf("neither README.md nor docs/tutorial.md introduces %s in italics", term)
		}
	}
}
