package cert

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
)

// version is the first byte of every binary form.
const version = 1

// MaxSize is the most that any decoder reads, in bytes of input. Its allocations are proportional to the input.
const MaxSize = 32 << 20

// ErrEncoding is wrapped by every decoder for bytes that no encoder writes, and by encoders for values that have no encoding. It is
// ffg's.
var ErrEncoding = ffg.ErrEncoding

// reader takes big-endian fields from untrusted bytes. After the first error it yields zeros, so that callers check once.
type reader struct {
	rest []byte
	err  error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format+": %w", append(args, ErrEncoding)...)
	}
}

// take returns the next n bytes, which the caller must not keep, or nil.
func (r *reader) take(n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.rest) {
		r.fail("expected %d more bytes, found %d", n, len(r.rest))
		return nil
	}
	field := r.rest[:n]
	r.rest = r.rest[n:]
	return field
}

// fill reads as many bytes as out has.
func (r *reader) fill(out []byte) { copy(out, r.take(len(out))) }

func (r *reader) uint(bytes int) (v uint64) {
	for _, b := range r.take(bytes) {
		v = v<<8 | uint64(b)
	}
	return v
}

func (r *reader) uint8() uint8   { return uint8(r.uint(1)) }
func (r *reader) uint32() uint32 { return uint32(r.uint(4)) }
func (r *reader) uint64() uint64 { return r.uint(8) }

func (r *reader) bool() bool {
	b := r.uint8()
	if b > 1 {
		r.fail("expected 0 or 1, found %d", b)
	}
	return b == 1
}

func (r *reader) root() (root ffg.Root) {
	r.fill(root[:])
	return root
}

// bytes reads a length that takes `length` bytes, and then that many bytes. It returns nil for length 0.
func (r *reader) bytes(length int) []byte { return append([]byte(nil), r.take(int(r.uint(length)))...) }

// count reads the length of a list, and refuses one that the remaining bytes cannot hold at min bytes an item.
func (r *reader) count(length, minimum int) int {
	n := int(r.uint(length))
	if n > len(r.rest)/minimum {
		r.fail("expected at most %d items in %d bytes, found %d", len(r.rest)/minimum, len(r.rest), n)
		return 0
	}
	return n
}

func (r *reader) roots() []ffg.Root {
	return list(r, 1, len(ffg.Root{}), (*reader).root)
}

// list reads a length and then that many items. It returns nil for length 0.
func list[T any](r *reader, length, minimum int, item func(*reader) T) (out []T) {
	for range r.count(length, minimum) {
		out = append(out, item(r))
	}
	return out
}

// decode reads a whole versioned form, and refuses input that differs from its own re-encoding.
func decode[T any](what string, b []byte, read func(*reader) T, encode func(T) ([]byte, error)) (T, error) {
	var zero T
	refuse := func(err error) (T, error) { return zero, fail(StepDecode, 0, "%s: %w", what, err) }
	if len(b) > MaxSize {
		return refuse(fmt.Errorf("expected at most %d bytes, found %d: %w", MaxSize, len(b), ErrEncoding))
	}
	r := &reader{rest: b}
	if v := r.uint8(); r.err == nil && v != version {
		return refuse(fmt.Errorf("expected version %d, found %d: %w", version, v, ErrEncoding))
	}
	out := read(r)
	if r.err == nil && len(r.rest) > 0 {
		r.fail("expected the end, found %d more bytes", len(r.rest))
	}
	if r.err != nil {
		return refuse(r.err)
	}
	again, err := encode(out)
	if err != nil {
		return refuse(err)
	}
	if !bytes.Equal(again, b) {
		return refuse(fmt.Errorf("another encoding of the same content: %w", ErrEncoding))
	}
	return out, nil
}

// writer appends big-endian fields. Like reader, it keeps its first error.
type writer struct {
	out []byte
	err error
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (w *writer) uint8(v uint8)      { w.out = append(w.out, v) }
func (w *writer) uint32(v uint32)    { w.out = binary.BigEndian.AppendUint32(w.out, v) }
func (w *writer) uint64(v uint64)    { w.out = binary.BigEndian.AppendUint64(w.out, v) }
func (w *writer) raw(b []byte)       { w.out = append(w.out, b...) }
func (w *writer) root(root ffg.Root) { w.raw(root[:]) }
func (w *writer) bytes(n int, b []byte) {
	w.length(n, len(b))
	w.raw(b)
}

func (w *writer) bool(b bool) {
	if b {
		w.uint8(1)
		return
	}
	w.uint8(0)
}

// length writes v in a number of bytes.
func (w *writer) length(bytes, v int) {
	if v>>(8*bytes) != 0 {
		w.fail(fmt.Errorf("expected a length of %d bytes, found %d: %w", bytes, v, ErrEncoding))
	}
	for shift := 8 * (bytes - 1); shift >= 0; shift -= 8 {
		w.uint8(uint8(v >> shift))
	}
}

func (w *writer) roots(roots []ffg.Root) {
	w.length(1, len(roots))
	for _, root := range roots {
		w.root(root)
	}
}

// encode writes a versioned form.
func encode(write func(*writer)) ([]byte, error) {
	w := &writer{}
	w.uint8(version)
	write(w)
	return w.out, w.err
}

// Bytes are arbitrary bytes, in lower-case hexadecimal as text.
type Bytes []byte

// MarshalText returns the bytes in lower-case hexadecimal.
func (b Bytes) MarshalText() ([]byte, error) { return ffg.Bitfield(b).MarshalText() }

// UnmarshalText reads what MarshalText wrote.
func (b *Bytes) UnmarshalText(text []byte) error { return (*ffg.Bitfield)(b).UnmarshalText(text) }
