// Package keys keeps a voter's secret keys in files: one key a file, plain JSON, readable by its owner only. Nothing
// here prints or logs a secret, and no error contains one.
package keys

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/dualchain/dualchain/bls"
	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/voter/internal/durable"
)

// version is that of the file format: {"version": 1, "pub_key": 96 digits, "secret_key": 64 digits}, hexadecimal.
const version = 1

const suffix = ".key.json"

var validName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}$`)

// Errors of this package.
var (
	// ErrName: not a name for a key.
	ErrName = errors.New("invalid key name")
	// ErrMode: others than the owner may read the file.
	ErrMode = errors.New("key file is not private")
	// ErrFormat: the file is not a key file of this version.
	ErrFormat = errors.New("invalid key file")
)

// Info is what may be known of a key.
type Info struct {
	Name   string `json:"name"`
	PubKey string `json:"pub_key"` // 96 hexadecimal digits
}

// Save writes a new key file into folder. It never replaces one: the error then wraps fs.ErrExist. Others: ErrName,
// ErrFormat for a key that is nil or was zeroed.
func Save(folder, name string, secret *bls.SecretKey) error {
	path, err := pathOf(folder, name)
	if err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	public := secret.PublicKey()
	if public == nil {
		return fmt.Errorf("save key: %w: expected a secret key, found none", ErrFormat)
	}
	raw := secret.Bytes()
	defer clear(raw[:])
	digits := hex.AppendEncode(nil, raw[:])
	defer clear(digits)
	content := fmt.Appendf(make([]byte, 0, 512), "{\n  \"version\": %d,\n  \"pub_key\": %q,\n  \"secret_key\": \"%s\"\n}\n", version, public, digits)
	defer clear(content)
	if err := durable.Write(path, content); err != nil {
		return fmt.Errorf("save key: %w", err)
	}
	return nil
}

// Load reads a key file. The caller zeroes the key after use. Errors: ErrName, ErrMode, ErrFormat, those of reading.
func Load(folder, name string) (*bls.SecretKey, error) {
	path, err := pathOf(folder, name)
	if err != nil {
		return nil, fmt.Errorf("load key: %w", err)
	}
	secret, err := read(path)
	if err != nil {
		return nil, fmt.Errorf("load key %s: %w", path, err)
	}
	return secret, nil
}

// Show returns what may be known of a key. Errors: those of Load.
func Show(folder, name string) (Info, error) {
	secret, err := Load(folder, name)
	if err != nil {
		return Info{}, err
	}
	defer secret.Zero()
	return Info{Name: name, PubKey: secret.PublicKey().String()}, nil
}

// List returns all keys of a folder by name; none if there is no such folder.
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
			return nil, fmt.Errorf("list keys: %w", err)
		}
		infos = append(infos, info)
	}
	return infos, nil
}

func pathOf(folder, name string) (string, error) {
	if !validName.MatchString(name) {
		return "", fmt.Errorf("%w: expected 1 to 63 of a-z 0-9 _ - starting with a letter or digit, found %q", ErrName, name)
	}
	return filepath.Join(folder, name+suffix), nil
}

func read(path string) (*bls.SecretKey, error) {
	stat, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if mode := stat.Mode().Perm(); mode&0o077 != 0 {
		return nil, fmt.Errorf("%w: expected mode 0600, found %#o: run chmod 600", ErrMode, mode)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	defer clear(content)
	return decode(content)
}

// decode reads what Save wrote.
func decode(content []byte) (*bls.SecretKey, error) {
	var file struct {
		Version   int           `json:"version"`
		PubKey    ffgKey        `json:"pub_key"`
		SecretKey secretKeyText `json:"secret_key"`
	}
	defer func() { clear(file.SecretKey[:]) }()
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if decoder.More() {
		return nil, fmt.Errorf("%w: expected one object, found more", ErrFormat)
	}
	if file.Version != version {
		return nil, fmt.Errorf("%w: expected version %d, found %d", ErrFormat, version, file.Version)
	}
	secret, err := bls.ParseSecretKey(file.SecretKey[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	if public := ffg.PublicKey(secret.PublicKey().Bytes()); public != ffg.PublicKey(file.PubKey) {
		secret.Zero()
		return nil, fmt.Errorf("%w: expected the public key %s of the secret key, found %s", ErrFormat, public, ffg.PublicKey(file.PubKey))
	}
	return secret, nil
}

type ffgKey ffg.PublicKey

// UnmarshalText reads 96 hexadecimal digits.
func (k *ffgKey) UnmarshalText(digits []byte) error { return unhex(k[:], digits, "pub_key") }

type secretKeyText [bls.SecretKeySize]byte

// UnmarshalText reads 64 hexadecimal digits.
func (k *secretKeyText) UnmarshalText(digits []byte) error { return unhex(k[:], digits, "secret_key") }

// unhex doesn't wrap the error of hex.Decode: that shows a digit of the secret.
func unhex(to, digits []byte, field string) error {
	if len(digits) != hex.EncodedLen(len(to)) {
		return fmt.Errorf("%s: expected %d hexadecimal digits, found %d bytes", field, hex.EncodedLen(len(to)), len(digits))
	}
	if _, err := hex.Decode(to, digits); err != nil {
		return fmt.Errorf("%s: expected hexadecimal digits, found others", field)
	}
	return nil
}
