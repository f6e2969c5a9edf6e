// Package keys keeps a voter's secret keys: one key a file, NAME.json, an EIP-2335 keystore that its password opens, for
// its owner only. Nothing here prints or logs a secret or a password, and no error contains a part of one.
//
// A new key comes from a mnemonic of BIP-39 (24 words, from which every key can be had back) by EIP-2333, at the path
//
//	m / 1685414252 / 118 / INDEX / 0
//
// which has the shape of EIP-2334 under a purpose of our own, "dual" in ASCII. Ethereum's is 12381: the same words
// never give a key that signs on both.
//
// Passwords are processed as EIP-2335 says (NFKD, no control codes) and come from a [Password], so that whoever needs
// one finds it in the same places.
package keys

import (
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

// maxKeystore bounds the size of a keystore in bytes. Usual ones have less than a thousand.
const maxKeystore = 64 << 10

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// Errors of this package.
var (
	// ErrName: not a name for a key.
	ErrName = errors.New("invalid key name")
	// ErrMode: others than the owner may read the file.
	ErrMode = errors.New("file is not private")
	// ErrSize: the file is larger than any of its kind.
	ErrSize = errors.New("file is too large")
	// ErrFormat: not an EIP-2335 keystore of a BLS key, or one beyond the bounds of this package; or no key to put in one.
	ErrFormat = errors.New("invalid keystore")
	// ErrPassword: the password does not open the keystore. A keystore with a damaged message can't be told from it.
	ErrPassword = errors.New("wrong password")
	// ErrNoPassword: no password was found, or one too short to protect a key.
	ErrNoPassword = errors.New("no usable password")
	// ErrMnemonic: not the words of a mnemonic.
	ErrMnemonic = errors.New("invalid mnemonic")
)

// Info is what may be known of a key without its password. The file says so and could be wrong: Load checks the
// public key, nobody can check the rest.
type Info struct {
	Name        string `json:"name"`
	PubKey      string `json:"pub_key"` // 96 hexadecimal digits
	Path        string `json:"path"`    // "" if it is not known
	Description string `json:"description,omitempty"`
}

// Save writes a new keystore into folder. It never replaces one, and a key has one: the error then wraps fs.ErrExist.
// Others: ErrName, those of Encode and List.
func Save(folder, name string, secret *bls.SecretKey, password []byte, options SaveOptions) (Info, error) {
	path, err := pathOf(folder, name)
	if err != nil {
		return Info{}, fmt.Errorf("save key: %w", err)
	}
	if err := Absent(folder, secret.PublicKey()); err != nil {
		return Info{}, fmt.Errorf("save key: %w", err)
	}
	content, err := Encode(secret, password, options)
	if err != nil {
		return Info{}, fmt.Errorf("save key: %w", err)
	}
	if err := durable.Write(path, content); err != nil {
		return Info{}, fmt.Errorf("save key: %w", err)
	}
	return Info{Name: name, PubKey: secret.PublicKey().String(), Path: options.Path, Description: options.Description}, nil
}

// Load opens a keystore of the folder. The caller zeroes the key after use. Errors: ErrName, ErrMode, ErrSize, those of
// Decode, those of reading.
func Load(folder, name string, password []byte) (*bls.SecretKey, error) {
	path, err := pathOf(folder, name)
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	content, err := ReadPrivate(path, maxKeystore)
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	secret, err := Decode(content, password)
	if err != nil {
		return nil, fmt.Errorf("load key %s: %w", path, err)
	}
	return secret, nil
}

// Show returns what a keystore of the folder says of itself, without its password. Errors: those of Load but ErrPassword.
func Show(folder, name string) (Info, error) {
	path, err := pathOf(folder, name)
	if err != nil {
		return Info{}, fmt.Errorf("show key: %w", err)
	}
	content, err := ReadPrivate(path, maxKeystore)
	if err != nil {
		return Info{}, fmt.Errorf("show key: %w", err)
	}
	info, err := Inspect(content)
	if err != nil {
		return Info{}, fmt.Errorf("show key %s: %w", path, err)
	}
	info.Name = name
	return info, nil
}

// List returns all keys of a folder by name, as Show does; none if there is no such folder. A file that isn't one of a
// key, but has its ending, is an error: it could be a key that would be missed.
func List(folder string) ([]Info, error) {
	entries, err := os.ReadDir(folder) // sorted by name
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list keys: %w", err)
	}
	infos := []Info{}
	for _, entry := range entries {
		name, isKey := strings.CutSuffix(entry.Name(), suffix)
		if !isKey {
			continue
		}
		info, err := Show(folder, name)
		if err != nil {
			return nil, fmt.Errorf("list keys in %s: %w", folder, err)
		}
		infos = append(infos, info)
	}
	return infos, nil
}

// Absent returns an error wrapping fs.ErrExist that names the file if a folder has the key already, under whatever name.
// Others: those of List.
func Absent(folder string, public *bls.PublicKey) error {
	infos, err := List(folder)
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

// Delete removes a keystore for good. Without its mnemonic or a copy the key is lost. Errors: ErrName, those of removing.
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

// WriteFile writes a new file, durably, that only its owner may read: a keystore elsewhere, or a password. It never
// replaces one: the error then wraps fs.ErrExist.
func WriteFile(path string, content []byte) error { return durable.Write(path, content) }

// othersBits are the bits of a file's mode that let others read it. For a systemd credential the group's are none: they are
// the mask of the access list by which the service may read it (systemd.exec(5), LoadCredential=).
func othersBits(path string) fs.FileMode {
	if folder := os.Getenv("CREDENTIALS_DIRECTORY"); folder != "" && filepath.Dir(path) == filepath.Clean(folder) {
		return 0o007
	}
	return 0o077
}

// ReadPrivate reads a file of at most most bytes that nobody but its owner may read. It wraps ErrMode and ErrSize.
func ReadPrivate(path string, most int) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	stat, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if mode := stat.Mode().Perm(); mode&othersBits(path) != 0 {
		return nil, fmt.Errorf("%w: %s: expected mode 0600, found %#o: run chmod 600", ErrMode, path, mode)
	}
	content := make([]byte, most+1) // at once: growing would leave copies of a secret behind
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
