// Package duration reads and writes durations in configuration files.
package duration

import "time"

// Text is a time.Duration that is written as text, such as "2s", in TOML and JSON.
type Text time.Duration

// UnmarshalText reads the syntax of time.ParseDuration.
func (d *Text) UnmarshalText(text []byte) error {
	parsed, err := time.ParseDuration(string(text))
	*d = Text(parsed)
	return err
}

// MarshalText writes the shortest form, which UnmarshalText reads.
func (d Text) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }
