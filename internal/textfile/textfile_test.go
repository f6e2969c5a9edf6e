package textfile_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/dualchain/dualchain/internal/textfile"
)

func TestALineIsTheSameHoweverItsFileEnds(t *testing.T) {
	for _, content := range []string{"pass word", "pass word\n", "pass word\r\n", "pass word\n\n", "pass word\r\n\r\n", "\ufeffpass word\r\n"} {
		if found, err := textfile.Line([]byte(content)); err != nil || string(found) != "pass word" {
			t.Errorf("%q: expected the line, found %q, %v", content, found, err)
		}
	}
	for _, kept := range []string{" pass ", "pass\t", "", "p\x00ss"} {
		if found, err := textfile.Line([]byte(kept)); err != nil || string(found) != kept {
			t.Errorf("%q: expected it as it is, found %q, %v", kept, found, err)
		}
	}
}

func TestWhatIsNoLineIsRefusedWithoutShowingIt(t *testing.T) {
	for content, want := range map[string]string{
		"secret\nmore\n": "expected one line, found more", "\nsecret": "expected one line", "secret\rmore": "expected one line",
		"\xff\xfes\x00": "found UTF-16", "\xfe\xff\x00s": "found UTF-16",
	} {
		_, err := textfile.Line([]byte(content))
		if !errors.Is(err, textfile.ErrText) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: expected %q, found %v", content, want, err)
		}
	}
}

func TestATextKeepsItsLines(t *testing.T) {
	if found, err := textfile.Text([]byte("\ufeffa\r\n\nb\n\n")); err != nil || string(found) != "a\r\n\nb\n\n" {
		t.Errorf("expected all but the mark, found %q, %v", found, err)
	}
	if _, err := textfile.Text([]byte("\xff\xfea\x00")); !errors.Is(err, textfile.ErrText) {
		t.Errorf("expected UTF-16 to be refused, found %v", err)
	}
}
