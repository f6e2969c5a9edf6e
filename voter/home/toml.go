package home

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pelletier/go-toml/v2"

	"github.com/dualchain/dualchain/internal/durable"
)

// loadTOML fills in what a file says, nothing if there is none, and reports whether there is one.
func loadTOML(path string, config any) (found bool, err error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read configuration: %w", err)
	}
	decoder := toml.NewDecoder(bytes.NewReader(content)).DisallowUnknownFields()
	if err := decoder.Decode(config); err != nil {
		return false, fmt.Errorf("%w: %s: %w", ErrConfig, path, explain(err))
	}
	return true, nil
}

// writeTOML writes a new file, with a text at its end.
func writeTOML(path string, config any, after string) error {
	content, err := toml.Marshal(config)
	if err == nil {
		err = durable.Write(path, append(content, after...))
	}
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	return nil
}

// explain makes TOML's errors show the line.
func explain(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) {
		return fmt.Errorf("unknown field:\n%s", strict.String())
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		return fmt.Errorf("%w\n%s", err, decode.String())
	}
	return err
}
