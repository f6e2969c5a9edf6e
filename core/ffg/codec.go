package ffg

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrEncoding is wrapped by every decoder that meets bytes which no encoder writes.
var ErrEncoding = errors.New("not a canonical encoding")

// reader takes fixed-width big-endian fields from bytes whose length has been checked before.
type reader []byte

func (r *reader) take(n int) []byte {
	field := (*r)[:n]
	*r = (*r)[n:]
	return field
}

func (r *reader) root() Root     { return Root(r.take(len(Root{}))) }
func (r *reader) uint64() uint64 { return binary.BigEndian.Uint64(r.take(8)) }
func (r *reader) ref() Ref       { return Ref{Epoch: r.uint64(), Root: r.root()} }

func appendUint64(b []byte, v uint64) []byte { return binary.BigEndian.AppendUint64(b, v) }

func appendRef(b []byte, r Ref) []byte { return append(appendUint64(b, r.Epoch), r.Root[:]...) }

func lengthError(what string, expected, found int) error {
	return fmt.Errorf("decode %s: expected %d bytes, found %d: %w", what, expected, found, ErrEncoding)
}
