package cert

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Decode reads a document in whichever form it has: binary, which begins with its version, below every character of JSON, or JSON.
// A dispute has no binary form. The error is a *StepError of StepDecode.
func Decode[T Document](b []byte) (T, error) {
	if len(b) > 0 && b[0] < '\t' {
		return decodeBinary[T](b)
	}
	return DecodeJSON[T](b)
}

// decodeBinary reads what the type's Encode wrote.
func decodeBinary[T Document](b []byte) (out T, err error) {
	switch to := any(&out).(type) {
	case *Certificate:
		*to, err = DecodeCertificate(b)
	case *HandOver:
		*to, err = DecodeHandOver(b)
	case *Trust:
		*to, err = DecodeTrust(b)
	case *Proof:
		*to, err = DecodeProof(b)
	default:
		err = fail(StepDecode, 0, "%s: expected JSON, found binary: %w", documentType(out), ErrEncoding)
	}
	return out, err
}

// MaxJSON bounds a document in JSON, in bytes. A longer one has its binary form only.
const MaxJSON = 1 << 20

// Document is a type with a JSON form of its own.
type Document interface {
	Certificate | HandOver | Trust | Proof | Dispute
}

// envelope is a document in JSON, with the name of its type.
type envelope[T Document] struct {
	Type  typeName[T] `json:"type"`
	Value T           `json:"value"`
}

// typeName is the name of a document's type as text, and refuses any other.
type typeName[T Document] struct{}

// MarshalText returns the name.
func (typeName[T]) MarshalText() ([]byte, error) {
	var document T
	return []byte(documentType(document)), nil
}

// UnmarshalText refuses another name.
func (n typeName[T]) UnmarshalText(text []byte) error {
	if expected, _ := n.MarshalText(); !bytes.Equal(text, expected) {
		return fmt.Errorf("expected type %s, found %.80q: %w", expected, text, ErrEncoding)
	}
	return nil
}

// documentType returns the name of a document's type in JSON.
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

// EncodeJSON returns a document's JSON form (protocol §13.5) on one line: {"type":"dualchain/…/v1","value":{…}}, with bytes in
// lower-case hexadecimal, 64-bit integers as decimal strings, and empty fields left out. The error wraps ErrEncoding if that
// is longer than MaxJSON, or if the document has no JSON form.
func EncodeJSON[T Document](v T) ([]byte, error) {
	if err := validate(v); err != nil {
		return nil, err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false) // no document has escaped characters
	if err := encoder.Encode(envelope[T]{Value: v}); err != nil {
		return nil, err
	}
	out := bytes.TrimSuffix(text.Bytes(), []byte("\n"))
	if len(out) > MaxJSON {
		return nil, fmt.Errorf("%s: expected at most %d bytes of JSON, found %d: use the binary form: %w", documentType(v), MaxJSON, len(out), ErrEncoding)
	}
	return out, nil
}

// DecodeJSON reads a document from JSON. Fields may stand in any order. It refuses a text that is longer than MaxJSON,
// escaped characters, and everything that ReadJSON refuses. The error is a *StepError of StepDecode.
func DecodeJSON[T Document](b []byte) (T, error) {
	var e envelope[T]
	err := func() error {
		if len(b) > MaxJSON {
			return fmt.Errorf("expected at most %d bytes, found %d: %w", MaxJSON, len(b), ErrEncoding)
		}
		if at := bytes.IndexByte(b, '\\'); at >= 0 {
			return fmt.Errorf("expected no escaped characters, found one at byte %d: %w", at, ErrEncoding)
		}
		if err := ReadJSON(b, &e); err != nil {
			return err
		}
		return validate(e.Value)
	}()
	if err != nil {
		var zero T
		return zero, fail(StepDecode, 0, "%s: %w", documentType(zero), err)
	}
	return e.Value, nil
}

// validate checks what the binary form requires too.
func validate[T Document](v T) error {
	if v, ok := any(v).(interface{ validate() error }); ok {
		return v.validate()
	}
	return nil
}
