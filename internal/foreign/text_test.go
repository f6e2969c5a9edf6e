package foreign_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/internal/foreign"
)

func TestForeignTextIsShortAndPrintable(t *testing.T) {
	long := strings.Repeat("a", foreign.MaxText)
	for text, want := range map[string]string{
		"":                               "",
		`voter "x" isn't found: Zürich`:  `voter "x" isn't found: Zürich`,
		"\x1b[2Jhealthy\x07\r\n":         `\x1b[2Jhealthy\a\r\n`,
		"\u202e":                         `\u202e`,
		"\xff":                           "\ufffd",
		long:                             long,
		long + "a":                       long + "...",
		long[:foreign.MaxText-1] + "üaa": long[:foreign.MaxText-1] + "...",
	} {
		if found := foreign.Text(text); found != want {
			t.Errorf("%q: expected %q, found %q", text, want, found)
		}
	}
	if found := foreign.Printable(long + "a\n"); found != long+`a\n` {
		t.Errorf("expected all of it, found %q", found)
	}
}

func TestAForeignErrorIsStillTheSame(t *testing.T) {
	err := foreign.Error(errors.Join(errors.New(strings.Repeat("a", 1<<20)), io.EOF))
	if !errors.Is(err, io.EOF) || len(err.Error()) > foreign.MaxText+3 {
		t.Errorf("found %d bytes, %t", len(err.Error()), errors.Is(err, io.EOF))
	}
	if err := foreign.Error(nil); err != nil {
		t.Errorf("expected nil, found %v", err)
	}
}
