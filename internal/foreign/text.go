// Package foreign makes what somebody else wrote fit for logs and terminals.
package foreign

import (
	"strconv"
	"strings"
)

// MaxText bounds a text in bytes.
const MaxText = 256

// Text cuts a text, and shows what isn't printable as Go does in quotes, so that it can't steer a terminal.
func Text(text string) string {
	if len(text) > MaxText {
		text = strings.ToValidUTF8(text[:MaxText], "") + "..."
	}
	return Printable(text)
}

// Printable is Text that cuts nothing.
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

// Error makes an error whose text is from elsewhere say Text; nil stays nil.
func Error(err error) error {
	if err == nil {
		return nil
	}
	return foreignError{err}
}

type foreignError struct{ error }

func (e foreignError) Error() string { return Text(e.error.Error()) }

func (e foreignError) Unwrap() error { return e.error }
