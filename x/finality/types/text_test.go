package types

import (
	"fmt"
	"strings"
	"testing"
)

func TestADescriptionHasNoCharactersThatSteerATerminal(t *testing.T) {
	for _, text := range []string{"", "Alice & Söhne GmbH", "投票者", "می\u200cخواهم", "👩\u200d🚀", "https://voter.example/?a=b", " ~\u00a0\u00ac\u00ae", "\u202f\u2010"} {
		if err := ValidateDescription(text, text); err != nil {
			t.Errorf("%q: expected it valid, found %v", text, err)
		}
	}
	for _, r := range []rune{
		0, '\n', '\r', '\t', 0x1b, 0x1f, 0x7f, 0x80, 0x9b, 0x9f, 0xad, 0x61c, 0x180e, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029, 0x202a, 0x202e,
		0x2060, 0x2066, 0x2069, 0x206f, 0xfeff, 0xfff9, 0xfffb, 0xe0000, 0xe0041, 0xe007f,
	} {
		text, want := "evil"+string(r)+"name", fmt.Sprintf("found U+%04X", r)
		if err := ValidateDescription(text, ""); err == nil || !strings.Contains(err.Error(), "moniker: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("moniker with U+%04X: expected a refusal that names it, found %v", r, err)
		}
		if err := ValidateDescription("", text); err == nil || !strings.Contains(err.Error(), "website: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("website with U+%04X: expected a refusal that names it, found %v", r, err)
		}
	}
	if err := ValidateDescription("a\xffb", ""); err == nil || !strings.Contains(err.Error(), "expected UTF-8") {
		t.Errorf("expected other bytes to be refused, found %v", err)
	}
}
