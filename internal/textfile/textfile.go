// Package textfile reads text files as the editors of all systems write them.
package textfile

import (
	"bytes"
	"errors"
	"fmt"
)

// ErrText: the file can't be read as text, or has more than one line.
var ErrText = errors.New("not the expected text")

// Text returns a part of content: all of it without a byte order mark. UTF-16 wraps ErrText, since everything that is read
// here is UTF-8.
func Text(content []byte) ([]byte, error) {
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(content, []byte(mark)) {
			return nil, fmt.Errorf("%w: expected UTF-8, found UTF-16: save the file as UTF-8", ErrText)
		}
	}
	return bytes.TrimPrefix(content, []byte("\xef\xbb\xbf")), nil
}

// Line returns the only line of a file, a part of content, without the newlines at its end. More than one line wraps ErrText.
// The error shows nothing of the content.
func Line(content []byte) ([]byte, error) {
	line, err := Text(content)
	if err != nil {
		return nil, err
	}
	line = bytes.TrimRight(line, "\r\n")
	if bytes.ContainsAny(line, "\r\n") {
		return nil, fmt.Errorf("%w: expected one line, found more", ErrText)
	}
	return line, nil
}
