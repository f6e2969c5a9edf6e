package voter

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
)

// A voter moves as one file, which is complete before the old machine is disabled, and has its name only afterwards. So at no
// moment are two machines able to vote, and whoever has the file knows that the old machine votes no more.

// NoOtherMachineFlag is the flag for somebody who moves a voter again because the file that was made first is lost, or who
// takes it back.
const NoOtherMachineFlag = guard.NoOtherMachineFlag

// Errors of moving.
var (
	// ErrMoved: the keys were moved away already.
	ErrMoved = errors.New("keys were moved to another machine")
	// ErrNothingNew: the file tells no more than this machine knows of keys that were moved away from here.
	ErrNothingNew = errors.New("move file tells nothing new")
)

// MoveOut writes all keys of the home and what they have signed into a new file, and disables them here for good: slashing
// protection refuses every signature from then on. The client must not be running. alone says that the keys were moved
// before, but that no other machine has them. Errors: ErrConfig, ErrMoved, ErrBundle, fs.ErrExist, those of packages keys and guard.
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
	if err := b.mayLeave(protection, alone); err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	if b.Protection, err = protection.Export(ffg.Domain(config.ChainID), b.publicKeys(), false); err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	content, err := b.encode()
	if err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	// A file that no machine takes would leave the keys without any.
	if _, err := decodeBundle(content); err != nil {
		return nil, fmt.Errorf("move: %w: no machine could take the file, and nothing is moved: %w; if it has too many votes, forget old ones with 'dualchaind voter guard prune'",
			ErrBundle, err)
	}
	if err := draft(path, content); err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	for _, key := range b.publicKeys() {
		if err := protection.Retire(key); err != nil {
			return nil, errors.Join(fmt.Errorf("move: %w: some keys may be disabled already: repeat with --%s", err, NoOtherMachineFlag), discard(path))
		}
	}
	if err := finish(path); err != nil {
		return nil, fmt.Errorf("move: the keys are disabled: %w: repeat with --%s and another file", err, NoOtherMachineFlag)
	}
	return infos, nil
}

// mayLeave returns an error for keys that can't be moved from here.
func (b *bundle) mayLeave(protection *guard.Guard, alone bool) error {
	domain := ffg.Domain(b.ChainID)
	for _, k := range b.Keys {
		known, err := protection.Knows(domain, k.public)
		if err != nil {
			return err
		}
		if !known {
			return fmt.Errorf("%w: expected a record of key %s (%s.json), found none: import what it has signed with 'dualchaind voter guard import', "+
				"start the voter once with --%s if it has never voted, or take its keystore out of the folder", guard.ErrMissing, k.public, k.Name, NeverVotedFlag)
		}
		if protection.Retired(k.public) && !alone {
			return fmt.Errorf("%w: expected key %s to vote here, found it moved away; if the file is lost and was never used anywhere, repeat with --%s",
				ErrMoved, k.public, NoOtherMachineFlag)
		}
	}
	return nil
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
