package cmd

import (
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/voter/keys"
)

// asJSON requires one document of JSON, or one a line.
func asJSON(t *testing.T, text string) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	for n := 0; ; n++ {
		var value any
		if err := decoder.Decode(&value); err == io.EOF && n > 0 {
			return
		} else if err != nil {
			t.Fatalf("expected JSON, found %v in %q", err, text)
		}
	}
}

// matching requires nothing but a text that matches.
func matching(pattern string) func(*testing.T, string) {
	whole := regexp.MustCompile(`^(?:` + pattern + `)\n?$`)
	return func(t *testing.T, text string) {
		t.Helper()
		require.Regexp(t, whole, text)
	}
}

func TestStandardOutputIsDataWithEverySettingOfTheLog(t *testing.T) {
	node, _ := newNode(t)
	t.Setenv(keys.PasswordEnv, "correct horse")
	voter, _ := makeVoter(t)
	program := newSession(t)
	const digits = `[0-9a-f]+`

	for _, c := range []struct {
		home  string
		check func(*testing.T, string)
		args  []string
	}{
		{node, matching(``), []string{"export"}}, // the home has no state yet, and the log says so
		{node, matching(digits), []string{"comet", "show-node-id"}},
		{node, asJSON, []string{"comet", "show-validator"}},
		{node, matching(`dualvalcons1[a-z0-9]+`), []string{"comet", "show-address"}},
		{node, matching(`(?s)[a-zA-Z]+: .*`), []string{"comet", "version"}},
		{node, asJSON, []string{"version", "--long", "--output", "json"}},
		{node, matching(`(?:[a-z]+ ){23}[a-z]+`), []string{"keys", "mnemonic"}},
		{node, asJSON, []string{"keys", "list", "--output", "json", "--keyring-backend", "test"}},
		{node, asJSON, []string{"keys", "show", "alice", "--output", "json", "--keyring-backend", "test"}},
		{node, asJSON, []string{"keys", "parse", "00112233445566778899aabbccddeeff00112233", "--output", "json"}},
		{node, matching(``), []string{"snapshots", "list"}},
		{voter, asJSON, []string{"voter", "keys", "list"}},
		{voter, asJSON, []string{"voter", "keys", "show"}},
		{voter, asJSON, []string{"voter", "keys", "pop"}},
		{voter, asJSON, []string{"voter", "guard", "show"}},
		{voter, asJSON, []string{"voter", "guard", "export"}},
	} {
		for _, log := range [][]string{
			{"--log_level", "trace"},
			{"--log_level", "debug", "--log_format", "json"},
			{"--log_no_color"},
			{"--log_level", "disabled", "--trace"},
			{"--log_level", "*:debug,server:info"},
		} {
			if c.home == voter && log[0] == "--log_level" && log[1] != "debug" {
				continue // the voter's log has only the usual levels
			}
			t.Run(strings.Join(append(c.args, log...), " "), func(t *testing.T) {
				args := append(append(slices.Clone(c.args), "--home", c.home), log...)
				if c.args[0] == "export" || c.args[0] == "snapshots" { // they leave the database open until the process ends
					stdout, err := process(t, args...).Output()
					require.Equal(t, c.args[0] == "export", err != nil)
					c.check(t, string(stdout))
					return
				}
				stdout, stderr, err := program.run("", args...)
				require.NoError(t, err, stderr)
				c.check(t, stdout)
			})
		}
	}
}
