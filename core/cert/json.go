package cert

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Document is what has a JSON form of its own.
type Document interface {
	Certificate | HandOver | Trust | Proof | Dispute
}

// envelope is a document in JSON, with what it is and in which version.
type envelope[T Document] struct {
	Type  string `json:"type"`
	Value T      `json:"value"`
}

// documentType returns the name under which a document stands in JSON.
func documentType[T Document](v T) string {
	switch any(v).(type) {
	case Certificate:
		return "dualchain/certificate/v1"
	case HandOver:
		return "dualchain/hand-over/v1"
	case Trust:
		return "dualchain/trust/v1"
	case Proof:
		return "dualchain/proof/v1"
	default:
		return "dualchain/dispute/v1"
	}
}

// EncodeJSON returns a document's JSON form (README.md), in one line: {"type":"dualchain/…/v1","value":{…}}, with bytes in
// lower-case hexadecimal, 64-bit integers as decimal strings, and whatever is empty left out.
func EncodeJSON[T Document](v T) ([]byte, error) {
	return marshal(envelope[T]{Type: documentType(v), Value: v})
}

// DecodeJSON reads what EncodeJSON wrote, whatever its white space, and refuses everything else: fields that are unknown,
// missing, repeated or out of order, null, other spellings of a number. The error is a *StepError of StepDecode.
func DecodeJSON[T Document](b []byte) (T, error) {
	var zero T
	name := documentType(zero)
	refuse := func(err error) (T, error) { return zero, fail(StepDecode, 0, "%s: %w", name, err) }
	if len(b) > MaxSize {
		return refuse(fmt.Errorf("expected at most %d bytes, found %d: %w", MaxSize, len(b), ErrEncoding))
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return refuse(fmt.Errorf("%w: %w", err, ErrEncoding))
	}
	if size, found := shortestItem(compact.Bytes()); found && size < minItem {
		return refuse(fmt.Errorf("expected items of lists of at least %d characters, found %d: %w", minItem, size, ErrEncoding))
	}
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(compact.Bytes(), &kind); err != nil {
		return refuse(fmt.Errorf("%w: %w", err, ErrEncoding))
	}
	if kind.Type != name {
		return refuse(fmt.Errorf("expected type %s, found %q: %w", name, kind.Type, ErrEncoding))
	}
	var e envelope[T]
	if err := json.Unmarshal(compact.Bytes(), &e); err != nil {
		return refuse(fmt.Errorf("%w: %w", err, ErrEncoding))
	}
	if v, ok := any(e.Value).(interface{ validate() error }); ok {
		if err := v.validate(); err != nil {
			return refuse(err)
		}
	}
	again, err := marshal(e)
	if err != nil {
		return refuse(err)
	}
	if !bytes.Equal(again, compact.Bytes()) {
		return refuse(fmt.Errorf("another encoding of the same content: %w", ErrEncoding))
	}
	return e.Value, nil
}

// marshal leaves &, < and > as they are, so that other implementations need no rule for them.
func marshal(v any) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

// A list of many items that are none, such as {}, would take hundreds of times the memory of its text before its re-encoding
// shows that. So the length of every item is looked at first, and those that take most are checked one by one as they are read.

// minItem is the length of the shortest item of any list in characters, a hash in quotes.
const minItem = 66

// shortestItem returns the length of the shortest item of any list in a compact text.
func shortestItem(text []byte) (size int, found bool) {
	var starts []int // of the present item in each list and object around it; -1 for an object
	ends := func(at int) {
		if last := len(starts) - 1; last >= 0 && starts[last] >= 0 {
			if length := at - starts[last]; !found || length < size {
				size, found = length, true
			}
			starts[last] = at + 1
		}
	}
	quoted := false
	for at := 0; at < len(text); at++ {
		switch c := text[at]; {
		case quoted && c == '\\':
			at++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{':
			starts = append(starts, -1)
		case c == '[':
			starts = append(starts, at+1)
		case c == ',':
			ends(at)
		case c == ']' && text[at-1] != '[':
			ends(at)
			starts = starts[:len(starts)-1]
		case c == '}' || c == ']':
			starts = starts[:len(starts)-1]
		}
	}
	return size, found
}

// UnmarshalJSON refuses what MarshalJSON would have written differently.
func (l *Link) UnmarshalJSON(b []byte) error {
	type plain Link
	return unmarshalItem(b, (*plain)(l))
}

// UnmarshalJSON refuses what MarshalJSON would have written differently.
func (h *HandOver) UnmarshalJSON(b []byte) error {
	type plain HandOver
	return unmarshalItem(b, (*plain)(h))
}

// UnmarshalJSON refuses what MarshalJSON would have written differently.
func (e *Evidence) UnmarshalJSON(b []byte) error {
	type plain Evidence
	return unmarshalItem(b, (*plain)(e))
}

func unmarshalItem(b []byte, item any) error {
	var compact bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		return err
	}
	if err := json.Unmarshal(b, item); err != nil {
		return err
	}
	again, err := marshal(item)
	if err == nil && !bytes.Equal(again, compact.Bytes()) {
		err = fmt.Errorf("another encoding of the same content: %w", ErrEncoding)
	}
	return err
}
