package keys

import (
	"fmt"

	"github.com/dualchain/dualchain/internal/durable"
)

// ValidName reports whether a key may have this name.
func ValidName(name string) bool { return validName.MatchString(name) }

// ReadKeystore returns a keystore of the folder as it is, still encrypted. Errors: those of Show.
func ReadKeystore(folder, name string) ([]byte, error) {
	path, err := pathOf(folder, name)
	if err != nil {
		return nil, fmt.Errorf("read keystore: %w", err)
	}
	content, err := ReadPrivate(path, maxKeystore)
	if err != nil {
		return nil, fmt.Errorf("read keystore: %w", err)
	}
	if _, err := inspectNamed(content); err != nil {
		return nil, fmt.Errorf("read keystore %s: %w", path, err)
	}
	return content, nil
}

// SaveKeystore writes a keystore unchanged into folder. It never replaces one: if it exists, the error wraps fs.ErrExist.
// Other errors: ErrName, ErrFormat.
func SaveKeystore(folder, name string, content []byte) (Info, error) {
	path, err := pathOf(folder, name)
	if err != nil {
		return Info{}, fmt.Errorf("save keystore: %w", err)
	}
	info, err := inspectNamed(content)
	if err != nil {
		return Info{}, fmt.Errorf("save keystore: %w", err)
	}
	if err := durable.Write(path, content); err != nil {
		return Info{}, fmt.Errorf("save keystore: %w", err)
	}
	info.Name = name
	return info, nil
}
