package home

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/pelletier/go-toml/v2"

	"github.com/dualchain/dualchain/internal/durable"
	"github.com/dualchain/dualchain/internal/textfile"
)

// loadTOML decodes a file into config, and reports whether there is a file.
func loadTOML(path string, config any) (found bool, err error) {
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read configuration: %w", err)
	}
	if content, err = textfile.Text(content); err != nil {
		return false, fmt.Errorf("%w: %s: %w", ErrConfig, path, err)
	}
	decoder := toml.NewDecoder(bytes.NewReader(content)).DisallowUnknownFields()
	if err := decoder.Decode(config); err != nil {
		return false, fmt.Errorf("%w: %s: %w", ErrConfig, path, explain(err))
	}
	return true, nil
}

// writeTOML writes a new file and appends a text to it.
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

// explain adds the line to an error of the TOML decoder.
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
