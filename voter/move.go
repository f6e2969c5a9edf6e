package voter

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/internal/durable"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// A voter moves as one file, which is complete before the old machine is disabled, and appears only afterwards. So at no
// moment are two machines able to vote, and whoever has the file knows that the old machine votes no more.

// NoOtherMachineFlag is the flag for somebody who moves a voter again because the file that was made first is lost.
const NoOtherMachineFlag = "i-know-no-other-machine-has-these-keys"

// Errors of moving.
var (
	// ErrMoved: the keys were moved away already.
	ErrMoved = errors.New("keys were moved to another machine")
	// ErrOwnFile: the file holds no more than this machine knows: it is most likely the one that was made here.
	ErrOwnFile = errors.New("move file of this machine")
)

// MoveOut writes all keys of the home and what they have signed into a new file, and disables them here for good: slashing
// protection refuses every signature from then on. The client must not be running. alone says that the keys were moved
// before, but that no other machine has them. Errors: ErrConfig, ErrMoved, fs.ErrExist, those of packages keys and guard.
func (h Home) MoveOut(path string, config Config, alone bool) ([]keys.Info, error) {
	if config.ChainID == "" {
		return nil, fmt.Errorf("move: %w: chain_id: expected the chain's id, found none", ErrConfig)
	}
	if config.Signer.Address != "" {
		return nil, fmt.Errorf("move: %w: expected keys in this home, found a [signer]: move its home", ErrConfig)
	}
	b, infos, err := h.pack(config)
	if err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	protection, err := guard.Open(h.guardPath())
	if err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	defer protection.Close() //nolint:errcheck // what matters is on disk
	for _, key := range b.publicKeys() {
		if protection.Retired(key) && !alone {
			return nil, fmt.Errorf("move: %w: expected key %s to vote here, found it moved away; if the file is lost and was never used anywhere, repeat with --%s",
				ErrMoved, key, NoOtherMachineFlag)
		}
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("move: expected no file %s: %w", path, fs.ErrExist)
	}
	if b.Protection, err = protection.Export(ffg.Domain(config.ChainID), b.publicKeys(), false); err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	content, err := b.encode()
	if err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	err = durable.Make(path, func(file *os.File) error { // until this is done, the file has another name
		if _, err := file.Write(content); err != nil {
			return err
		}
		if err := file.Sync(); err != nil {
			return err
		}
		for _, key := range b.publicKeys() {
			if err := protection.Retire(key); err != nil {
				return fmt.Errorf("%w: keys before it are disabled already: repeat with --%s", err, NoOtherMachineFlag)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	return infos, nil
}

// pack puts all keys of the home into a bundle.
func (h Home) pack(config Config) (bundle, []keys.Info, error) {
	b := bundle{Format: bundleFormat, ChainID: config.ChainID, Operator: config.Operator, Protection: json.RawMessage("{}")}
	infos, err := keys.List(h.Keys())
	if err != nil {
		return b, nil, err
	}
	for _, info := range infos {
		content, err := keys.ReadKeystore(h.Keys(), info.Name)
		if err != nil {
			return b, nil, err
		}
		b.Keys = append(b.Keys, bundleKey{Name: info.Name, Keystore: content})
	}
	if err := b.check(); err != nil {
		return b, nil, fmt.Errorf("in %s: %w", h.Keys(), err)
	}
	return b, infos, nil
}
