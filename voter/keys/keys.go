// Package keys stores a voter's secret keys. Each key is a file NAME.json, an EIP-2335 keystore that only its owner can
// read and its password opens. Nothing here prints or logs a secret or a password, and no error contains a part of one.
//
// A new key is derived by EIP-2333 from a mnemonic of BIP-39 (24 words that restore every key), at the path
//
//	m / 1685414252 / 118 / INDEX / 0
//
// The path has the form of EIP-2334 with its own purpose, "dual" in ASCII. Ethereum's purpose is 12381, so the same
// words never give a key that signs on both.
//
// Passwords are processed as EIP-2335 says (NFKD, no control codes). They come from a [Password], so every caller looks
// for them in the same places.
package keys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/internal/durable"
)

const suffix = ".json"

// maxKeystore bounds the size of a keystore in bytes. A usual keystore has less than a thousand.
const maxKeystore = 64 << 10

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// Errors of this package.
var (
	// ErrName means that a key can't have the name.
	ErrName = errors.New("invalid key name")
	// ErrMode means that users other than the owner may read the file, and somebody may write it.
	ErrMode = errors.New("file is not private")
	// ErrSize means that the file is too large for its kind.
	ErrSize = errors.New("file is too large")
	// ErrFormat means that the content is not an EIP-2335 keystore of a BLS key within the bounds of this package, or that
	// there is no key to encrypt.
	ErrFormat = errors.New("invalid keystore")
	// ErrPassword means that the password does not open the keystore. A keystore with a damaged message gives it too.
	ErrPassword = errors.New("wrong password")
	// ErrNoPassword means that no password was found, or one that is too short to protect a key.
	ErrNoPassword = errors.New("no usable password")
	// ErrMnemonic means that the words are not a mnemonic.
	ErrMnemonic = errors.New("invalid mnemonic")
)

// Info is what a keystore tells about its key without the password. The file may be wrong: Load checks the public key,
// and nothing can check the rest.
type Info struct {
	Name        string `json:"name"`
	PubKey      string `json:"pub_key"` // 96 hexadecimal digits
	Path        string `json:"path"`    // "" if unknown
	Description string `json:"description,omitempty"`
}

// Save writes a new keystore into folder. It never replaces one, and a key has only one: otherwise the error wraps
// fs.ErrExist. Other errors: ErrName, those of Encode and List.
func Save(ctx context.Context, folder, name string, secret *bls.SecretKey, password []byte, options SaveOptions) (Info, error) {
	path, err := pathOf(folder, name)
	if err != nil {
		return Info{}, fmt.Errorf("save key: %w", err)
	}
	if err := Absent(folder, secret.PublicKey()); err != nil {
		return Info{}, fmt.Errorf("save key: %w", err)
	}
	content, err := Encode(ctx, secret, password, options)
	if err != nil {
		return Info{}, fmt.Errorf("save key: %w", err)
	}
	if err := durable.Write(path, content); err != nil {
		return Info{}, fmt.Errorf("save key: %w", err)
	}
	return Info{Name: name, PubKey: secret.PublicKey().String(), Path: options.Path, Description: options.Description}, nil
}

// Load opens a keystore of the folder. The caller zeroes the key after use. Errors: ErrName, ErrMode, ErrSize, those of
// Decode and of reading.
func Load(ctx context.Context, folder, name string, password []byte) (*bls.SecretKey, error) {
	path, err := pathOf(folder, name)
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	content, err := ReadPrivate(path, maxKeystore)
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	secret, err := Decode(ctx, content, password)
	if err != nil {
		return nil, fmt.Errorf("load key %s: %w", path, err)
	}
	return secret, nil
}

// Show returns the Info of a keystore of the folder, without its password. Errors: those of Load except ErrPassword.
func Show(folder, name string) (Info, error) {
	path, err := pathOf(folder, name)
	if err != nil {
		return Info{}, fmt.Errorf("show key: %w", err)
	}
	content, err := ReadPrivate(path, maxKeystore)
	if err != nil {
		return Info{}, fmt.Errorf("show key: %w", err)
	}
	info, err := inspectNamed(content)
	if err != nil {
		return Info{}, fmt.Errorf("show key %s: %w", path, err)
	}
	info.Name = name
	return info, nil
}

// Odd is a file with the ending of a keystore that can't be used as one.
type Odd struct {
	Name string // of the file, without its ending
	Err  error  // why
}

// Survey returns the Info of all keys of a folder by name, and the files with the ending of a keystore that aren't any. A folder
// that is missing has neither. Errors: those of reading the folder.
func Survey(folder string) (infos []Info, odd []Odd, err error) {
	entries, err := os.ReadDir(folder) // sorted by name
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("list keys: %w", err)
	}
	infos = []Info{}
	for _, entry := range entries {
		name, isKey := strings.CutSuffix(entry.Name(), suffix)
		if !isKey {
			continue
		}
		if info, err := Show(folder, name); err == nil {
			infos = append(infos, info)
		} else {
			odd = append(odd, Odd{Name: name, Err: err})
		}
	}
	return infos, odd, nil
}

// List is Survey for those who must miss no key: a file with the ending of a keystore that isn't one is an error.
func List(folder string) ([]Info, error) {
	infos, odd, err := Survey(folder)
	if err != nil {
		return nil, err
	}
	if len(odd) > 0 {
		return nil, fmt.Errorf("list keys in %s: %w", folder, odd[0].Err)
	}
	return infos, nil
}

// Absent returns an error wrapping fs.ErrExist, with the file's name, if a folder has the key already under any name. Other
// errors: those of Survey.
func Absent(folder string, public *bls.PublicKey) error {
	infos, _, err := Survey(folder)
	if err != nil {
		return err
	}
	for _, info := range infos {
		if public != nil && info.PubKey == public.String() {
			return fmt.Errorf("%w: expected a key that isn't in %s, found %s as %s", fs.ErrExist, folder, public, info.Name+suffix)
		}
	}
	return nil
}

// Delete removes a keystore for good. Without its mnemonic or a copy, the key is lost. Errors: ErrName, those of removing.
func Delete(folder, name string) error {
	path, err := pathOf(folder, name)
	if err != nil {
		return fmt.Errorf("delete key: %w", err)
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("delete key: %w", err)
	}
	if err := durable.SyncFolder(folder); err != nil {
		return fmt.Errorf("delete key: %w", err)
	}
	return nil
}

func pathOf(folder, name string) (string, error) {
	if !validName.MatchString(name) {
		return "", fmt.Errorf("%w: expected 1 to 63 of a-z 0-9 _ - starting with a letter or digit, found %q", ErrName, name)
	}
	return filepath.Join(folder, name+suffix), nil
}

// WriteFile durably writes a new file that only its owner may read: a keystore elsewhere, or a password. It never
// replaces one: if it exists, the error wraps fs.ErrExist.
func WriteFile(path string, content []byte) error { return durable.Write(path, content) }

// ReadPrivate reads a file of at most most bytes that only its owner may read, or that nobody may write: systemd, Docker and Kubernetes
// hand secrets over in such files, with mode 0440 or 0444. It wraps ErrMode and ErrSize.
func ReadPrivate(path string, most int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // the file was only read
	stat, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if mode := stat.Mode().Perm(); mode&0o077 != 0 && mode&0o222 != 0 {
		return nil, fmt.Errorf("%w: %s: expected mode 0600, found %#o: run chmod 600, or mount it with mode 0440", ErrMode, path, mode)
	}
	content := make([]byte, most+1) // allocated at once: growing would leave copies of a secret behind
	n, err := io.ReadFull(file, content)
	if err == nil {
		clear(content)
		return nil, fmt.Errorf("%w: %s: expected at most %d bytes, found more", ErrSize, path, most)
	}
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		clear(content)
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return content[:n], nil
}
