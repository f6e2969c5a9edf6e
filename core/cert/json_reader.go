package cert

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// ReadJSON reads one JSON text into *v, a struct made of this package's types. Unlike encoding/json it refuses an unknown
// name, a name in another case, a name twice, a missing field (unless its tag says omitempty or omitzero), null, a number in
// another spelling, and anything after the value. Nothing is nested more deeply than the type of v. Its memory is
// proportional to the text. Errors wrap ErrEncoding, as those of this module's UnmarshalText do.
func ReadJSON(b []byte, v any) error {
	r := jsonReader{json.NewDecoder(bytes.NewReader(b)), map[reflect.Type][]jsonField{}}
	r.UseNumber()
	if err := r.read(reflect.ValueOf(v).Elem(), false); err != nil {
		return err
	}
	if token, err := r.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("expected the end, found %.80v: %w", token, ErrEncoding)
	}
	return nil
}

// jsonReader goes through the tokens of a text and fills in what they are for. It stops at the first that does not fit, so
// that a list of many wrong items never becomes as many values.
type jsonReader struct {
	*json.Decoder
	fields map[reflect.Type][]jsonField // of the structs met so far
}

// jsonField is how a field of a struct stands in JSON, from its tag.
type jsonField struct {
	name     string
	optional bool // omitempty or omitzero
	quoted   bool // string: a number in quotes
}

func (r jsonReader) read(to reflect.Value, quoted bool) error {
	token, err := r.Token()
	if err != nil {
		return fmt.Errorf("%w: %w", err, ErrEncoding)
	}
	if to.Kind() == reflect.Pointer {
		to.Set(reflect.New(to.Type().Elem()))
		to = to.Elem()
	}
	if text, ok := to.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return readText(token, to, text)
	}
	switch to.Kind() {
	case reflect.Struct:
		return r.object(token, to)
	case reflect.Slice:
		return r.list(token, to)
	default:
		return readScalar(token, to, quoted)
	}
}

// object reads the members of an object, each once.
func (r jsonReader) object(token json.Token, to reflect.Value) error {
	if token != json.Delim('{') {
		return fmt.Errorf("expected an object, found %.80v: %w", token, ErrEncoding)
	}
	fields := r.fieldsOf(to.Type())
	seen := make([]bool, len(fields))
	for r.More() {
		name, err := r.Token()
		if err != nil {
			return fmt.Errorf("%w: %w", err, ErrEncoding)
		}
		i := 0
		for i < len(fields) && fields[i].name != name {
			i++
		}
		if i == len(fields) || fields[i].name == "" {
			return fmt.Errorf("unknown field %.80q: %w", name, ErrEncoding)
		}
		if seen[i] {
			return fmt.Errorf("field %.80q stands twice: %w", name, ErrEncoding)
		}
		seen[i] = true
		if err := r.read(to.Field(i), fields[i].quoted); err != nil {
			return fmt.Errorf("%.80s: %w", name, err)
		}
	}
	for i, field := range fields {
		if !seen[i] && !field.optional {
			return fmt.Errorf("missing field %q: %w", field.name, ErrEncoding)
		}
	}
	return r.end()
}

// list reads the items of a list.
func (r jsonReader) list(token json.Token, to reflect.Value) error {
	if token != json.Delim('[') {
		return fmt.Errorf("expected a list, found %.80v: %w", token, ErrEncoding)
	}
	item := reflect.New(to.Type().Elem()).Elem()
	for r.More() {
		item.SetZero()
		if err := r.read(item, false); err != nil {
			return fmt.Errorf("item %d: %w", to.Len(), err)
		}
		to.Set(reflect.Append(to, item))
	}
	return r.end()
}

// end reads the bracket that closes an object or a list.
func (r jsonReader) end() error {
	if _, err := r.Token(); err != nil {
		return fmt.Errorf("%w: %w", err, ErrEncoding)
	}
	return nil
}

func (r jsonReader) fieldsOf(t reflect.Type) []jsonField {
	if fields, known := r.fields[t]; known {
		return fields
	}
	fields := make([]jsonField, t.NumField())
	for i := range fields {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		fields[i] = jsonField{name: name, optional: strings.Contains(options, "omit"), quoted: strings.Contains(options, "string")}
	}
	r.fields[t] = fields
	return fields
}

func readText(token json.Token, to reflect.Value, text encoding.TextUnmarshaler) error {
	s, ok := token.(string)
	if !ok {
		return fmt.Errorf("expected a string, found %.80v: %w", token, ErrEncoding)
	}
	if s == "" && to.Kind() == reflect.Slice {
		return nil // empty is the same as left out
	}
	return text.UnmarshalText([]byte(s))
}

// readScalar reads a string, a Boolean or an integer in its only spelling.
func readScalar(token json.Token, to reflect.Value, quoted bool) error {
	text, isString := token.(string)
	number, isNumber := token.(json.Number)
	if isNumber {
		text = number.String()
	}
	fits := isString == quoted && isNumber != quoted // of an integer
	switch to.Kind() {
	case reflect.Bool:
		b, ok := token.(bool)
		to.SetBool(b)
		fits = ok
	case reflect.String:
		to.SetString(text)
		fits = isString
	case reflect.Uint64, reflect.Uint32:
		n, err := strconv.ParseUint(text, 10, to.Type().Bits())
		to.SetUint(n)
		fits = fits && err == nil && strconv.FormatUint(n, 10) == text
	case reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		to.SetInt(n)
		fits = fits && err == nil && strconv.FormatInt(n, 10) == text
	default:
		return fmt.Errorf("no JSON form for %s: %w", to.Type(), ErrEncoding)
	}
	if !fits {
		return fmt.Errorf("expected %s, found %.80v: %w", to.Type(), token, ErrEncoding)
	}
	return nil
}
