package move

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// ErrFile: not a file of 'voter move'.
var ErrFile = errors.New("not a voter's move file")

const format = "dualchain-voter-move/1"

// maxFile bounds the size of a move file in bytes.
const maxFile = guard.MaxInterchange + 16<<20

// file is a move file: keys as EIP-2335 keystores, under the password that they have, and what they have signed as an EIP-3076
// interchange file.
type file struct {
	Format     string          `json:"format"`
	ChainID    string          `json:"chain_id"`
	Operator   string          `json:"operator"`
	Keys       []sealedKey     `json:"keys"`
	Protection json.RawMessage `json:"slashing_protection"`
}

type sealedKey struct {
	Name     string          `json:"name"`
	Keystore json.RawMessage `json:"keystore"`

	public ffg.PublicKey // of the keystore
}

// read reads a move file. It wraps ErrFile and keys.ErrFormat.
func read(path string) (file, error) {
	in, err := os.Open(path)
	if err != nil {
		return file{}, err
	}
	defer in.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(in, maxFile+1))
	if err != nil {
		return file{}, fmt.Errorf("read %s: %w", path, err)
	}
	f, err := decode(content)
	if err != nil {
		return file{}, fmt.Errorf("%w: %s: %w", ErrFile, path, err)
	}
	return f, nil
}

// decode reads the content of a move file. Every file passes it, when it is read and before it is written.
func decode(content []byte) (f file, err error) {
	if len(content) > maxFile {
		return file{}, fmt.Errorf("expected at most %d bytes, found more", maxFile)
	}
	if err := json.Unmarshal(content, &f); err != nil {
		return file{}, err
	}
	err = f.check()
	if err == nil {
		err = f.checkProtection()
	}
	return f, err
}

// check returns an error unless format, chain and keys are as they must be. It fills in the public keys.
func (f *file) check() error {
	switch {
	case f.Format != format:
		return fmt.Errorf("format: expected %q, found %q", format, f.Format)
	case f.ChainID == "":
		return errors.New("chain_id: expected the chain's id, found none")
	case len(f.Keys) == 0:
		return errors.New("keys: expected at least one, found none")
	}
	seen := map[ffg.PublicKey]bool{}
	for i := range f.Keys {
		k := &f.Keys[i]
		info, err := keys.Inspect(k.Keystore)
		if err == nil {
			err = k.public.UnmarshalText([]byte(info.PubKey))
		}
		if err != nil {
			return fmt.Errorf("key %q: %w", k.Name, err)
		}
		if seen[k.public] {
			return fmt.Errorf("key %q: expected each key once, found %s again", k.Name, k.public)
		}
		seen[k.public] = true
	}
	return nil
}

// checkProtection returns an error unless there is a history for each key.
func (f *file) checkProtection() error {
	named, err := guard.Named(ffg.Domain(f.ChainID), f.Protection)
	if err != nil {
		return fmt.Errorf("slashing_protection: %w", err)
	}
	for _, k := range f.Keys {
		if !slices.Contains(named, k.public) {
			return fmt.Errorf("slashing_protection: expected key %s, found nothing of it", k.public)
		}
	}
	return nil
}

func (f *file) publicKeys() []ffg.PublicKey {
	out := make([]ffg.PublicKey, len(f.Keys))
	for i, k := range f.Keys {
		out[i] = k.public
	}
	return out
}

func (f *file) encode() ([]byte, error) {
	content, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode move file: %w", err)
	}
	return append(content, '\n'), nil
}

// nameOf returns the name of a key in the old home.
func (f *file) nameOf(key ffg.PublicKey) string {
	for _, k := range f.Keys {
		if k.public == key {
			return k.Name
		}
	}
	return ""
}
