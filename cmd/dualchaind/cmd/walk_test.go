package cmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/require"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"

	"github.com/dualchain/dualchain/internal/command"
)

// leaves returns the commands that do something.
func leaves(cmd *cobra.Command) []*cobra.Command {
	if !cmd.HasSubCommands() {
		return []*cobra.Command{cmd}
	}
	var found []*cobra.Command
	if slices.Contains(endless, pathOf(cmd)) { // `light` does something without its command too
		found = append(found, cmd)
	}
	for _, child := range cmd.Commands() {
		found = append(found, leaves(child)...)
	}
	return found
}

// A session runs command lines in this process, all with one tree of commands: making the tree takes longer than most commands do.
type session struct {
	t    *testing.T
	root *cobra.Command
}

func newSession(t *testing.T) session {
	t.Helper()
	root, err := NewRoot()
	require.NoError(t, err)
	root.SetArgs([]string{"version"})
	root.SetOut(io.Discard)
	require.NoError(t, svrcmd.Execute(root, "", t.TempDir())) // it adds flags and the commands that cobra brings
	return session{t: t, root: root}
}

// run gives it a command line and what is typed, and returns what it prints. Flags other than --home keep their values
// from run to run.
func (p session) run(input string, args ...string) (stdout, stderr string, err error) {
	p.t.Helper()
	leaf, _, err := p.root.Find(args)
	require.NoError(p.t, err)
	folder := p.t.TempDir()
	files := map[string]*os.File{}
	for _, name := range []string{"in", "out", "err"} {
		files[name], err = os.Create(filepath.Join(folder, name))
		require.NoError(p.t, err)
		defer files[name].Close()
	}
	_, err = files["in"].WriteString(input)
	require.NoError(p.t, err)
	_, err = files["in"].Seek(0, io.SeekStart)
	require.NoError(p.t, err)

	in, out, log := os.Stdin, os.Stdout, os.Stderr
	defer func() { os.Stdin, os.Stdout, os.Stderr = in, out, log }()
	os.Stdin, os.Stdout, os.Stderr = files["in"], files["out"], files["err"]
	p.root.SetIn(files["in"])
	p.root.SetOut(files["out"])
	p.root.SetErr(files["err"])
	leaf.SetIn(nil) // an earlier run has set them
	leaf.SetOut(nil)
	leaf.SetErr(nil)
	leaf.SetContext(svrcmd.CreateExecuteContext(context.Background()))
	p.root.SetArgs(args)
	err = command.InWords(nil, p.root.ExecuteContext(leaf.Context()))
	return read(p.t, files["out"].Name()), read(p.t, files["err"].Name()), err
}

func read(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(content)
}

// unreadable matches what no person should have to read.
var unreadable = regexp.MustCompile(`goroutine \d+ \[|\.go:\d+|rpc error|flag "--\d|"--\d+" flag|nil pointer|%!|^\s*EOF$|^$`)

// writing names the commands that write into a home without being given more than a name.
var writing = []string{"init", "signer certs"}

func TestEveryCommandAnswersInWordsAndLeavesNothing(t *testing.T) {
	t.Chdir(t.TempDir()) // 'testnet init-files' writes here
	p := newSession(t)
	for _, leaf := range leaves(p.root) {
		path := strings.TrimPrefix(leaf.CommandPath(), "dualchaind ")
		for _, args := range [][]string{{}, {"1"}, {"x"}, {"1", "1"}, {"x", "x"}, {"1", "1", "1"}, {"x", "x", "x"}, {"1", "1", "1", "1"}, {"x", "x", "x", "x"}} {
			if len(args) > 0 && (leaf.Args == nil || leaf.ValidateArgs(args) != nil) {
				continue
			}
			line := fmt.Sprintf("dualchaind %s %s", path, strings.Join(args, " "))
			if path == "localnet start" && len(args) == 0 {
				args = []string{"--validators", "0"}
			}
			home := filepath.Join(t.TempDir(), "home")
			stdout, stderr, err := p.run("", append(append(strings.Fields(path), args...), "--home", home)...)
			if err != nil && unreadable.MatchString(fmt.Sprint(err)) {
				t.Errorf("%s: expected an error in words, found %v", line, err)
			}
			if unreadable.MatchString(stderr) && stderr != "" || err != nil && strings.Contains(stdout, "Error") {
				t.Errorf("%s: expected words, found %s%s", line, stdout, stderr)
			}
			if errors.Is(err, errBug) {
				t.Errorf("%s: expected an error, found a panic: %v", line, err)
			}
			if _, statErr := os.Stat(home); statErr == nil && (err != nil || !slices.Contains(writing, path)) {
				t.Errorf("%s: expected no home, found one; the error is %v", line, err)
			}
		}
	}
}
