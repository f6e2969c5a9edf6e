package cmd

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/cosmos/cosmos-sdk/client/flags"
)

// requireCommand requires that a command line, from the word after dualchaind on, names a command and flags that exist. What
// is written in capital letters stands for something.
func requireCommand(t *testing.T, root *cobra.Command, line string) {
	t.Helper()
	words := strings.Fields(line)
	cmd, rest, err := root.Find(words)
	if err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	cmd.InitDefaultHelpFlag()
	known := cmd.Flags()
	known.AddFlagSet(cmd.InheritedFlags())
	wantsValue := false
	for _, word := range rest {
		name, isFlag := strings.CutPrefix(word, "--")
		switch {
		case isFlag:
			name, _, given := strings.Cut(name, "=")
			flag := known.Lookup(name)
			if flag == nil {
				t.Errorf("%s: %q has no flag --%s", line, cmd.CommandPath(), name)
				return
			}
			wantsValue = !given && takesValue(flag)
		case wantsValue:
			wantsValue = false
		case cmd.HasSubCommands():
			t.Errorf("%s: %q has no command %s", line, cmd.CommandPath(), word)
			return
		}
	}
}

func takesValue(flag *pflag.Flag) bool { return flag.NoOptDefVal == "" }

var (
	program     = regexp.MustCompile(`^(?:\$ )?(?:\./build/)?dualchaind (.*)`)
	shellBlock  = regexp.MustCompile("(?s)```(?:sh|console)\n(.*?)```")
	inlineShell = regexp.MustCompile("`(?:[a-z]+/)?dualchaind ([^`]+)`")
	shortInline = regexp.MustCompile("`(voter|signer) ([^`]+)`")
	comment     = regexp.MustCompile(`(?m)(^|\s)#.*$`)
	rest        = regexp.MustCompile(`\s(>|\||&&|;|<).*$`)
)

// commandLines returns what a document tells its readers to type.
func commandLines(text string) []string {
	var lines []string
	for _, block := range shellBlock.FindAllStringSubmatch(text, -1) {
		script := strings.ReplaceAll(comment.ReplaceAllString(block[1], ""), "\\\n", " ")
		for line := range strings.Lines(script) {
			if command := program.FindStringSubmatch(line); command != nil {
				lines = append(lines, command[1])
			}
		}
	}
	text = shellBlock.ReplaceAllString(text, "")
	for _, match := range inlineShell.FindAllStringSubmatch(text, -1) {
		lines = append(lines, match[1])
	}
	for _, match := range shortInline.FindAllStringSubmatch(text, -1) {
		lines = append(lines, match[1]+" "+match[2])
	}
	for i := range lines {
		lines[i] = strings.TrimSpace(rest.ReplaceAllString(lines[i], ""))
	}
	return lines
}

func TestTheCommandsInTheDocumentationExist(t *testing.T) {
	root, err := NewRoot()
	require.NoError(t, err)
	root.PersistentFlags().String(flags.FlagHome, "", "") // as main's Execute does
	for _, path := range []string{"README.md", "docs/tutorial.md", "docs/operations.md", "docs/light-client.md"} {
		text, err := os.ReadFile(filepath.Join("../../..", path))
		require.NoError(t, err)
		lines := commandLines(string(text))
		require.NotEmpty(t, lines, path)
		for _, line := range lines {
			t.Run(path+": "+line, func(t *testing.T) { requireCommand(t, root, line) })
		}
	}
}

const units = "../../../contrib/systemd"

func TestTheUnitsOfSystemdStartCommandsThatExist(t *testing.T) {
	root, err := NewRoot()
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(units, "*.service"))
	require.NoError(t, err)
	require.Len(t, paths, 3)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		_, line, found := strings.Cut(string(text), "\nExecStart=/usr/local/bin/dualchaind ")
		require.True(t, found, path)
		line, _, _ = strings.Cut(line, "\n")
		requireCommand(t, root, line)
		for _, setting := range []string{"NoNewPrivileges=yes", "ProtectSystem=strict", "Restart=on-failure", "UMask=0077", "StateDirectoryMode=0700"} {
			require.Contains(t, string(text), "\n"+setting+"\n", path)
		}
	}
}

func TestSystemdUnderstandsTheUnits(t *testing.T) {
	verify, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("no systemd-analyze on this machine")
	}
	program, err := os.Executable()
	require.NoError(t, err)
	paths, err := filepath.Glob(filepath.Join(units, "*.service"))
	require.NoError(t, err)
	args := []string{"verify", "--man=no"}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		copied := filepath.Join(t.TempDir(), filepath.Base(path))
		require.NoError(t, os.WriteFile(copied, []byte(strings.ReplaceAll(string(text), "/usr/local/bin/dualchaind", program)), 0o600))
		args = append(args, copied)
	}
	out, err := exec.Command(verify, args...).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Empty(t, string(out))
}
