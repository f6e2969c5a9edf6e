package voter

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

// ErrBundle: not a file of 'voter move'.
var ErrBundle = errors.New("not a voter's move file")

const bundleFormat = "dualchain-voter-move/1"

// maxBundle bounds the size of a move file in bytes.
const maxBundle = guard.MaxInterchange + 16<<20

// bundle is what moves: keys as EIP-2335 keystores under the password that they have, and what they have signed as an
// EIP-3076 interchange file.
type bundle struct {
	Format     string          `json:"format"`
	ChainID    string          `json:"chain_id"`
	Operator   string          `json:"operator"`
	Keys       []bundleKey     `json:"keys"`
	Protection json.RawMessage `json:"slashing_protection"`
}

type bundleKey struct {
	Name     string          `json:"name"`
	Keystore json.RawMessage `json:"keystore"`

	public ffg.PublicKey // as the keystore says
}

// readBundle wraps ErrBundle and keys.ErrFormat.
func readBundle(path string) (bundle, error) {
	file, err := os.Open(path)
	if err != nil {
		return bundle{}, err
	}
	defer file.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(file, maxBundle+1))
	if err != nil {
		return bundle{}, fmt.Errorf("read %s: %w", path, err)
	}
	b, err := decodeBundle(content)
	if err != nil {
		return bundle{}, fmt.Errorf("%w: %s: %w", ErrBundle, path, err)
	}
	return b, nil
}

// decodeBundle is what every file has to pass, where it is read and before it is written.
func decodeBundle(content []byte) (b bundle, err error) {
	if len(content) > maxBundle {
		return bundle{}, fmt.Errorf("expected at most %d bytes, found more", maxBundle)
	}
	if err := json.Unmarshal(content, &b); err != nil {
		return bundle{}, err
	}
	err = b.check()
	if err == nil {
		err = b.checkProtection()
	}
	return b, err
}

// check also fills in the public keys.
func (b *bundle) check() error {
	switch {
	case b.Format != bundleFormat:
		return fmt.Errorf("format: expected %q, found %q", bundleFormat, b.Format)
	case b.ChainID == "":
		return errors.New("chain_id: expected the chain's id, found none")
	case len(b.Keys) == 0:
		return errors.New("keys: expected at least one, found none")
	}
	seen := map[ffg.PublicKey]bool{}
	for i := range b.Keys {
		k := &b.Keys[i]
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
func (b *bundle) checkProtection() error {
	named, err := guard.Named(ffg.Domain(b.ChainID), b.Protection)
	if err != nil {
		return fmt.Errorf("slashing_protection: %w", err)
	}
	for _, k := range b.Keys {
		if !slices.Contains(named, k.public) {
			return fmt.Errorf("slashing_protection: expected key %s, found nothing of it", k.public)
		}
	}
	return nil
}

func (b *bundle) publicKeys() []ffg.PublicKey {
	out := make([]ffg.PublicKey, len(b.Keys))
	for i, k := range b.Keys {
		out[i] = k.public
	}
	return out
}

func (b *bundle) encode() ([]byte, error) {
	content, err := json.MarshalIndent(b, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encode move file: %w", err)
	}
	return append(content, '\n'), nil
}
