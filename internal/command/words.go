package command

import (
	"regexp"
	"strings"

	"github.com/spf13/cobra"
)

var (
	// sourceLine matches the source position that the SDK appends to an error, in this process or in a node.
	sourceLine = regexp.MustCompile(`\s*\[[^\[\]\s]+\.go:\d+\]`)
	// rpcPrefix matches what gRPC puts before an error's text, once for each time that the error was passed on.
	rpcPrefix = regexp.MustCompile(`rpc error: code = \w+ desc = `)
	// unknownKey matches the SDK's name for a key that the keyring lacks.
	unknownKey = regexp.MustCompile(`(\S+)\.info: key not found`)
	// position matches the name that autocli gives to an argument that isn't a flag.
	position = regexp.MustCompile(`for "--(\d+)" flag`)
)

type worded struct {
	error
	text string
}

func (w worded) Error() string { return w.text }
func (w worded) Unwrap() error { return w.error }

// InWords returns the error of a command with a text for people: without source positions and gRPC's prefixes, and with
// the name of an argument where autocli has its position. A command may be nil.
func InWords(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	text := rpcPrefix.ReplaceAllString(sourceLine.ReplaceAllString(err.Error(), ""), "")
	text = unknownKey.ReplaceAllString(text, "no key $1 in the keyring")
	if cmd != nil {
		text = position.ReplaceAllStringFunc(text, func(found string) string {
			at := position.FindStringSubmatch(found)[1]
			names := strings.Fields(cmd.Use)
			if i := int(at[0]-'0') + 1; len(at) == 1 && i < len(names) {
				return "for " + names[i]
			}
			return "for an argument"
		})
	}
	return worded{err, strings.TrimSpace(text)} // also an unchanged one: an error of the SDK prints source positions with %v
}
