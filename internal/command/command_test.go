package command_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/internal/command"
)

func TestPrintedJSONSteersNoTerminal(t *testing.T) {
	text := "Söhne\x1b[2J\u009b\u202eevil\u2066\U000e0041\"\\\n投票"
	var out bytes.Buffer
	cmd := new(cobra.Command)
	cmd.SetOut(&out)
	if err := command.PrintJSON(cmd, map[string]string{"moniker": text}); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(out.String(), "\x1b\u009b\u202e\u2066\U000e0041") || !strings.Contains(out.String(), "Söhne") || !strings.Contains(out.String(), "投票") {
		t.Errorf("expected what is unprintable to be escaped and nothing else, found %q", out.String())
	}
	var back map[string]string
	if err := json.Unmarshal(out.Bytes(), &back); err != nil || back["moniker"] != text {
		t.Errorf("expected the same text in JSON, found %q, %v", back, err)
	}
}
