package cli

import (
	"fmt"
	"strings"
)

// Said returns an error of a node as the node meant it. A query that goes through CometBFT's RPC is wrapped on the way: in a second
// status, with another code, and in the name of an error of the SDK at the end.
func Said(err error) error {
	if err == nil {
		return nil
	}
	const mark, description = "rpc error: code = ", " desc = "
	at := strings.LastIndex(err.Error(), mark)
	if at < 0 {
		return err
	}
	code, text, found := strings.Cut(err.Error()[at+len(mark):], description)
	if !found {
		return err
	}
	for _, name := range []string{": invalid request", ": key not found", ": unauthorized", ": unknown request"} {
		text = strings.TrimSuffix(text, name)
	}
	return &nodeError{text: fmt.Sprintf("%s (%s)", text, code), err: err}
}

// nodeError has another text than the error that it wraps.
type nodeError struct {
	text string
	err  error
}

func (e *nodeError) Error() string { return e.text }
func (e *nodeError) Unwrap() error { return e.err }
