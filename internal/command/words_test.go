package command_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/internal/command"
)

func TestAnErrorInWords(t *testing.T) {
	cmd := &cobra.Command{Use: "delegate OPERATOR [amount]"}
	for found, want := range map[string]string{
		"expected a name, found none": "expected a name, found none",
		"rpc error: code = NotFound desc = rpc error: code = NotFound desc = no account: key not found": "no account: key not found",
		"out of gas [cosmos/cosmos-sdk@v0.55.0/x/auth/ante/fee.go:12] with gas wanted: '3'":             "out of gas with gas wanted: '3'",
		`invalid argument "x" for "--0" flag: bad`:                                                      `invalid argument "x" for OPERATOR: bad`,
		`invalid argument "x" for "--1" flag: bad`:                                                      `invalid argument "x" for [amount]: bad`,
		`invalid argument "x" for "--2" flag: bad`:                                                      `invalid argument "x" for an argument: bad`,
		`invalid argument "x" for "--height" flag: bad`:                                                 `invalid argument "x" for "--height" flag: bad`,
		"alice.info: key not found":                                                                     "no key alice in the keyring",
	} {
		if text := command.InWords(cmd, errors.New(found)).Error(); text != want {
			t.Errorf("%q: expected %q, found %q", found, want, text)
		}
	}
}

// positioned prints its source position with %v, as errors of the SDK do.
type positioned struct{}

func (positioned) Error() string              { return "wrong" }
func (positioned) Format(s fmt.State, _ rune) { fmt.Fprint(s, "wrong [a/b.go:1]") }

func TestAnErrorInWordsKeepsWhatItWraps(t *testing.T) {
	err := command.InWords(nil, fmt.Errorf("do: %w", positioned{}))
	if !errors.Is(err, positioned{}) {
		t.Errorf("expected the error that it wraps, found %v", err)
	}
	if text := fmt.Sprint(command.InWords(nil, positioned{})); text != "wrong" {
		t.Errorf("expected no source position, found %q", text)
	}
	if err := command.InWords(nil, nil); err != nil {
		t.Errorf("expected no error, found %v", err)
	}
}
