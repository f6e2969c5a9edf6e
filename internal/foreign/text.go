// Package foreign makes text from other machines safe for logs and terminals.
package foreign

import (
	"strconv"
	"strings"
)

// MaxText bounds a text in bytes.
const MaxText = 256

// Text cuts a text to MaxText and escapes unprintable characters as Go does in quotes: they can't steer a terminal.
func Text(text string) string {
	if len(text) > MaxText {
		text = strings.ToValidUTF8(text[:MaxText], "") + "..."
	}
	return Printable(text)
}

// Printable is Text without the cut.
func Printable(text string) string {
	var out strings.Builder
	for _, r := range text {
		if strconv.IsPrint(r) {
			out.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		out.WriteString(quoted[1 : len(quoted)-1])
	}
	return out.String()
}

// Error wraps an error so that its message passes through Text. It returns nil for nil.
func Error(err error) error {
	if err == nil {
		return nil
	}
	return foreignError{err}
}

type foreignError struct{ error }

func (e foreignError) Error() string { return Text(e.error.Error()) }

func (e foreignError) Unwrap() error { return e.error }
