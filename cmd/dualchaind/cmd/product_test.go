package cmd

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/testutil/long"
)

// endless names the commands that run until they are ended. They, and those on a node's database, need a process.
var endless = []string{"voter start", "signer start", "light"}

func needsProcess(leaf *cobra.Command) bool {
	return needsNode(leaf) || slices.Contains(endless, pathOf(leaf))
}

func pathOf(leaf *cobra.Command) string { return strings.TrimPrefix(leaf.CommandPath(), "dualchaind ") }

// bad is a value that is no number, duration, address or encoding of anything, and no path of a file.
const bad = "x!/y"

// aCase is one command line of the product: all but the home and the input.
type aCase struct {
	path  string
	args  []string
	fails bool // cobra refuses it with every home and input
}

// cases returns the command lines of a command: without flags, with an unknown one, and with a bad value for each.
func cases(leaf *cobra.Command) []aCase {
	path := pathOf(leaf)
	var args []string
	for n := 0; n < 5 && leaf.Args != nil && leaf.ValidateArgs(args) != nil; n++ {
		args = append(args, "alice")
	}
	if path == "localnet start" {
		args = []string{"--validators", "0"}
	}
	args = append(strings.Fields(path), args...)
	found := []aCase{{path, args, false}, {path, append(slices.Clone(args), "--unknown"), true}}
	leaf.InheritedFlags() // it adds those of the commands above
	leaf.Flags().VisitAll(func(flag *pflag.Flag) {
		if flag.Name != "home" && flag.Name != "help" {
			_, boolErr := strconv.ParseBool(flag.DefValue)
			_, numberErr := strconv.ParseFloat(flag.DefValue, 64)
			found = append(found, aCase{path, append(slices.Clone(args), "--"+flag.Name+"="+bad), flag.Value.Type() != "string" && (boolErr == nil || numberErr == nil)})
		}
	})
	return found
}

// A places is a folder with a home, in which commands run.
type places struct {
	t      *testing.T
	folder string
	// templates hold the homes of nodes and voters by name; none for a home that does not exist.
	templates map[string]string
}

func (p places) home() string { return filepath.Join(p.folder, "home") }

// here is the folder that commands run in.
func (p places) here() string { return filepath.Join(p.folder, "here") }

// restore makes the home again.
func (p places) restore(template string) {
	p.t.Helper()
	require.NoError(p.t, os.RemoveAll(p.home()))
	written, err := filepath.Glob(filepath.Join(p.here(), "*"))
	require.NoError(p.t, err)
	for _, path := range written {
		require.NoError(p.t, os.RemoveAll(path))
	}
	if template == "" {
		return
	}
	if stat, err := os.Stat(template); err == nil && !stat.IsDir() {
		require.NoError(p.t, os.WriteFile(p.home(), []byte("a file"), 0o600))
		return
	}
	require.NoError(p.t, os.CopyFS(p.home(), os.DirFS(template)))
}

// state returns the files of the folder. Databases write at each opening.
func (p places) state() map[string]string {
	p.t.Helper()
	found := content(p.t, p.folder)
	for name := range found {
		if strings.Contains(name, ".db/") || strings.HasSuffix(name, "/LOCK") {
			delete(found, name)
		}
	}
	return found
}

// newPlaces makes the homes: good ones, none, an empty folder, a file, and good ones in which every file is damaged, or every file below
// config is but those of the configuration, or every file is a folder.
func newPlaces(t *testing.T) places {
	t.Helper()
	node, _ := newNode(t)
	_, stderr, err := newSession(t).run("", "config", "set", "client", "keyring-backend", "test", "--home", node)
	require.NoError(t, err, stderr)
	for _, name := range []string{"config.toml", "app.toml"} {
		text := read(t, configFile(node, name))
		for _, port := range []string{":26656", ":26657", ":6060", ":1317", ":9090", ":9091", ":8899"} {
			text = strings.ReplaceAll(text, port, ":0")
		}
		require.NoError(t, os.WriteFile(configFile(node, name), []byte(text), 0o600))
	}
	voter, _ := makeVoter(t)
	empty, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	folder := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(folder, "here"), 0o700))
	return places{t, folder, map[string]string{
		"none": "", "empty": empty, "a file": file, "good": node, "good voter": voter,
		"damaged": damaged(t, node, ""), "damaged voter": damaged(t, voter, ""),
		"damaged but its configuration": damaged(t, node, ".toml"), "damaged voter but its configuration": damaged(t, voter, ".toml"),
		"folders": folders(t, node), "folders voter": folders(t, voter),
	}}
}

// damaged copies a home, with junk in every file but those of a type.
func damaged(t *testing.T, home, but string) string {
	t.Helper()
	made := t.TempDir()
	require.NoError(t, os.CopyFS(made, os.DirFS(home)))
	for file := range content(t, made) {
		if but == "" || filepath.Ext(file) != but {
			require.NoError(t, os.WriteFile(file, []byte("\x00{junk"), 0o600))
		}
	}
	return made
}

// folders copies a home, with a folder in place of every file but the configuration.
func folders(t *testing.T, home string) string {
	t.Helper()
	made := t.TempDir()
	require.NoError(t, os.CopyFS(made, os.DirFS(home)))
	for file := range content(t, made) {
		if filepath.Ext(file) != ".toml" {
			require.NoError(t, os.Remove(file))
			require.NoError(t, os.Mkdir(file, 0o700))
		}
	}
	return made
}

// fits reports whether a command's homes are those of voters, or else of nodes.
func fits(home, path string) bool {
	if !strings.Contains(home, "voter") && !strings.HasPrefix(path, "voter ") && !strings.HasPrefix(path, "signer ") {
		return true
	}
	return strings.Contains(home, "voter") == (strings.HasPrefix(path, "voter ") || strings.HasPrefix(path, "signer ")) ||
		slices.Contains([]string{"none", "empty", "a file"}, home)
}

// isGenerated reports whether a command is one of some hundreds that differ only in what they ask the chain. Each of their command lines
// runs with one input and, at most, one home, in turn.
func isGenerated(leaf *cobra.Command) bool {
	return strings.HasPrefix(pathOf(leaf), "query ") || strings.HasPrefix(pathOf(leaf), "tx ")
}

// TestEveryCommandWithEveryInputHomeAndFlag is the long form of TestEveryCommandAnswersInWordsAndLeavesNothing.
func TestEveryCommandWithEveryInputHomeAndFlag(t *testing.T) {
	if !long.Run() {
		t.Skip("it takes many minutes: make test-long runs it")
	}
	t.Setenv("HOME", t.TempDir())
	p := newPlaces(t)
	w := walk{places: p, program: newSession(t), inputs: slices.Sorted(maps.Keys(inputs)), homes: slices.Sorted(maps.Keys(p.templates))}
	for n, leaf := range leaves(w.program.root) {
		t.Run(pathOf(leaf), func(t *testing.T) {
			w.t, w.program = t, newSession(t) // a tree may still have the last command's tidying to do
			leaf, _, err := w.program.root.Find(strings.Fields(pathOf(leaf)))
			require.NoError(t, err)
			t.Chdir(w.here())
			w.command(leaf, n)
		})
	}
}

// A walk gives commands their inputs, homes and flags.
type walk struct {
	places
	program       session
	inputs, homes []string
}

// command runs one command, the nth, with all that it may be given.
func (w *walk) command(leaf *cobra.Command, nth int) {
	refused := map[string]bool{}
	for h, home := range w.homes {
		if !fits(home, pathOf(leaf)) {
			continue
		}
		w.restore(w.templates[home])
		before := w.state()
		for n, c := range cases(leaf) {
			line := strings.Join(c.args, " ")
			for i, input := range w.inputs {
				if isGenerated(leaf) && ((n+h)%len(w.homes) != 0 || (n+nth)%len(w.inputs) != i) {
					continue
				}
				slow := needsProcess(leaf) && strings.Contains(line, "--") && (input != "closed" || !strings.HasPrefix(home, "good"))
				if refused[line] || slow {
					continue // it has been refused for what it is; and processes take long
				}
				refused[line] = c.fails
				w.one(leaf, c, home, input, before)
			}
			if w.program.reset(leaf) != nil {
				w.program = newSession(w.t)
				leaf, _, _ = w.program.root.Find(strings.Fields(c.path))
			}
		}
	}
}

// one runs a command line, and checks what it prints and what it leaves.
func (w *walk) one(leaf *cobra.Command, c aCase, home, input string, before map[string]string) {
	run := w.program.inProcess
	if needsProcess(leaf) {
		run = w.program.asProcess
	}
	out, err := run(inputs[input], append(slices.Clone(c.args), "--home", w.home())...)
	label := fmt.Sprintf("home %s, input %s: dualchaind %s", home, input, strings.Join(c.args, " "))
	if err != nil && unreadable.MatchString(err.Error()) || unreadable.MatchString(out) && strings.TrimSpace(out) != "" {
		w.t.Errorf("%s: expected words, found %v\n%.2000s", label, err, out)
	}
	if errors.Is(err, errBug) || strings.Contains(out, errBug.Error()) {
		w.t.Errorf("%s: expected an error, found a panic: %v %.2000s", label, err, out)
	}
	changed := difference(before, w.state())
	if _, statErr := os.Stat(w.home()); w.templates[home] == "" && statErr == nil {
		changed = append(changed, "the home")
	}
	if len(changed) == 0 {
		return
	}
	if err != nil && c.path != "start" { // a node writes while it starts
		w.t.Errorf("%s: expected no change by a command that fails, found %v; the error is %v", label, changed, err)
	}
	w.restore(w.templates[home])
}

// difference returns the names of files that two states have differently.
func difference(before, after map[string]string) []string {
	var found []string
	for name, text := range before {
		if other, ok := after[name]; !ok || other != text {
			found = append(found, name)
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}
