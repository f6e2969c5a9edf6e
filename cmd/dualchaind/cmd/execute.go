package cmd

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"

	"github.com/spf13/cobra"

	svrcmd "github.com/cosmos/cosmos-sdk/server/cmd"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/internal/durable"
)

// errBug: a command panicked. The SDK's commands do so on some input.
var errBug = errors.New("internal error")

// Execute runs the command line that root has. The error's text is for people; it never is a stack trace.
func Execute(root *cobra.Command) error {
	return command.InWords(nil, svrcmd.Execute(root, "", app.DefaultNodeHome))
}

// speakPlainly makes the errors of every command below root, and their panics, readable. Each command tidies up after itself.
func speakPlainly(root *cobra.Command, tidyUp func()) {
	for _, cmd := range root.Commands() {
		speakPlainly(cmd, tidyUp)
	}
	run := root.RunE
	if run == nil && root.Run != nil {
		old := root.Run
		root.Run, run = nil, func(cmd *cobra.Command, args []string) error { old(cmd, args); return nil }
	}
	if run == nil {
		return
	}
	root.RunE = func(cmd *cobra.Command, args []string) (err error) {
		defer tidyUp()
		defer func() {
			if reason := recover(); reason != nil {
				if trace, flagErr := cmd.Flags().GetBool("trace"); flagErr == nil && trace {
					fmt.Fprintf(cmd.ErrOrStderr(), "%s\n", debug.Stack())
				}
				err = fmt.Errorf("%w: %v: are the arguments right? usage: %s (--trace shows where it happened)", errBug, reason, cmd.UseLine())
			}
			if errors.Is(err, io.EOF) && err.Error() == io.EOF.Error() {
				err = fmt.Errorf("expected an answer on standard input, found none: %w", err)
			}
			err = command.InWords(cmd, err)
		}()
		return run(cmd, args)
	}
}

// emptyFolders returns a function that removes what a keyring makes in order to look into it: folders that are missing now
// and empty then. What root has made in a home then belongs to its folder's owner.
func emptyFolders(home string) func() {
	remove := newFiles([]string{filepath.Join(home, "keyring-file"), filepath.Join(home, "keyring-test"), home})
	return func() {
		remove()
		if err := durable.InheritAll(home); err != nil { // of what the SDK and CometBFT wrote
			fmt.Fprintln(os.Stderr, "Warning:", err)
		}
	}
}
