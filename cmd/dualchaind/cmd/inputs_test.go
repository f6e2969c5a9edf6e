package cmd

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/stretchr/testify/require"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"

	"github.com/dualchain/dualchain/internal/command"
)

// patience is how long a command may take; comeUp is when one that runs until it is ended is ended.
const (
	patience = 2 * time.Minute
	comeUp   = 3 * time.Second
)

// junk is what is typed, or comes through a pipe.
const junk = "junk\n\x01\x7f{\n-1\nabcdefgh\nabcdefgh\n"

// inputs are the kinds of standard input. Each function returns one, and a function that ends it and returns what a terminal has shown.
var inputs = map[string]func(*testing.T) (*os.File, func() string){
	"closed": func(t *testing.T) (*os.File, func() string) {
		t.Helper()
		file, err := os.Open(os.DevNull)
		require.NoError(t, err)
		require.NoError(t, file.Close())
		return file, func() string { return "" }
	},
	"pipe": func(t *testing.T) (*os.File, func() string) {
		t.Helper()
		in, out, err := os.Pipe()
		require.NoError(t, err)
		_, err = out.WriteString(junk)
		require.NoError(t, errors.Join(err, out.Close()))
		return in, func() string { _ = in.Close(); return "" }
	},
	"terminal": func(t *testing.T) (*os.File, func() string) {
		t.Helper()
		terminal, in, err := pty.Open()
		require.NoError(t, err)
		_, err = terminal.WriteString(junk + strings.Repeat("\x04", 16)) // Ctrl-D ends the input
		require.NoError(t, err)
		shown := make(chan string, 1)
		go func() {
			text, _ := io.ReadAll(terminal) // on Linux the end is an error
			shown <- string(text)
		}()
		return in, func() string {
			_ = in.Close()
			text := <-shown
			_ = terminal.Close()
			return text
		}
	},
}

// inProcess runs a command line in this process, and returns what it prints.
func (p session) inProcess(input func(*testing.T) (*os.File, func() string), args ...string) (string, error) {
	p.t.Helper()
	leaf, _, err := p.root.Find(args)
	require.NoError(p.t, err)
	standardIn, end := input(p.t)
	printed, err := os.Create(filepath.Join(p.t.TempDir(), "printed"))
	require.NoError(p.t, err)
	defer printed.Close()
	in, out, log := os.Stdin, os.Stdout, os.Stderr
	os.Stdin, os.Stdout, os.Stderr = standardIn, printed, printed
	p.root.SetIn(standardIn)
	p.root.SetOut(printed)
	p.root.SetErr(printed)
	leaf.SetIn(nil) // an earlier run has set them
	leaf.SetOut(nil)
	leaf.SetErr(nil)
	ctx, cancel := context.WithTimeout(context.Background(), patience/2)
	leaf.SetContext(svrcmd.CreateExecuteContext(ctx))
	p.root.SetArgs(args)
	watchdog := time.AfterFunc(patience, func() { panic("did not end: dualchaind " + strings.Join(args, " ")) })
	tidyUp := emptyFolders(args[len(args)-1]) // this tree has the keyring of the run before while it reads flags; a process has none then
	err = command.InWords(nil, p.root.ExecuteContext(leaf.Context()))
	tidyUp()
	watchdog.Stop()
	cancel()
	os.Stdin, os.Stdout, os.Stderr = in, out, log
	shown := end()
	return read(p.t, printed.Name()) + shown, err
}

// asProcess runs a command line in a process. If it runs on, it is ended by SIGTERM, which is no error.
func (p session) asProcess(input func(*testing.T) (*os.File, func() string), args ...string) (string, error) {
	p.t.Helper()
	self, err := os.Executable()
	require.NoError(p.t, err)
	var printed bytes.Buffer
	cmd := exec.Command(self, args...)
	in, end := input(p.t)
	if _, err := in.Stat(); err != nil { // a closed file can't be passed on
		cmd = exec.Command("sh", append([]string{"-c", `exec "$0" "$@" <&-`, self}, args...)...)
	} else {
		cmd.Stdin = in
	}
	cmd.Stdout, cmd.Stderr, cmd.Env = &printed, &printed, append(os.Environ(), asProgram+"=1")
	require.NoError(p.t, cmd.Start())
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	defer end()
	select {
	case err = <-done:
		return printed.String(), err
	case <-time.After(comeUp):
	}
	require.NoError(p.t, cmd.Process.Signal(syscall.SIGTERM))
	select {
	case err = <-done:
		if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			err = nil // it has not come up yet
		}
		return printed.String(), err
	case <-time.After(patience):
		_ = cmd.Process.Kill()
		<-done
		p.t.Errorf("expected SIGTERM to end it: dualchaind %s\n%.2000s", strings.Join(args, " "), printed.String())
		return "", nil
	}
}

// reset gives the command's flags their defaults, or errs.
func (p session) reset(leaf *cobra.Command) error {
	var failed error
	leaf.Flags().VisitAll(func(flag *pflag.Flag) {
		if !flag.Changed {
			return
		}
		flag.Changed = false
		if slice, ok := flag.Value.(pflag.SliceValue); ok {
			failed = errors.Join(failed, slice.Replace(strings.FieldsFunc(flag.DefValue, func(r rune) bool { return strings.ContainsRune("[],", r) })))
			return
		}
		failed = errors.Join(failed, flag.Value.Set(flag.DefValue))
	})
	return failed
}
