// Package move moves a voter to another machine: all keys of its home with what they have signed, in one file.
//
// The file is complete on disk before the keys are disabled in the old home, and it gets its name only afterwards. So two machines are
// never able to vote at the same time, and a file with that name proves that the old machine votes no more.
package move

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/custody"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// NoOtherMachineFlag is the flag for an operator who moves a voter again because the first file is lost, or who takes the voter back.
const NoOtherMachineFlag = guard.NoOtherMachineFlag

// Errors of moving.
var (
	// ErrMoved: the keys have been moved away already.
	ErrMoved = custody.ErrGone
	// ErrNothingNew: the file tells no more than this home knows of keys that were moved away from it.
	ErrNothingNew = custody.ErrNothingNew
)

// openGuard opens the slashing protection of a home.
type openGuard func(home.Dir) (protection, error)

// protection is the slashing protection of a home, which Close unlocks.
type protection interface {
	custody.Guard
	Close() error
}

func open(dir home.Dir) (protection, error) { return dir.OpenGuard() }

// Out writes all keys of a home and what they have signed into a new file, and disables them in the home for good: slashing protection
// refuses every vote from then on. No voter may be running in the home. alone says that the keys were moved before, but that no other
// machine has them. Errors: home.ErrConfig, ErrMoved, ErrFile, fs.ErrExist, those of packages keys and guard.
func Out(dir home.Dir, path string, config home.Config, alone bool) ([]keys.Info, error) {
	infos, err := out(dir, path, config, alone, open)
	if err != nil {
		return nil, fmt.Errorf("move: %w", err)
	}
	return infos, nil
}

func out(dir home.Dir, path string, config home.Config, alone bool, open openGuard) ([]keys.Info, error) {
	if config.ChainID == "" {
		return nil, fmt.Errorf("%w: chain_id: expected the chain's id, found none", home.ErrConfig)
	}
	if config.Signer.Address != "" {
		return nil, fmt.Errorf("%w: expected keys in this home, found a [signer]: move the signer's home", home.ErrConfig)
	}
	f, infos, err := pack(dir, config)
	if err != nil {
		return nil, err
	}
	protection, err := open(dir)
	if err != nil {
		return nil, err
	}
	defer protection.Close() //nolint:errcheck // every change is on disk
	c := custody.Custody{Folder: dir.Keys(), Domain: ffg.Domain(config.ChainID), Guard: protection}
	err = c.LetGo(f.publicKeys(), alone, func(history []byte) error {
		f.Protection = history
		content, err := f.encode()
		if err != nil {
			return err
		}
		// If no machine could take the file, the keys would be lost.
		if _, err := decode(content); err != nil {
			return fmt.Errorf("%w: no machine could take the file, and nothing is moved: %w; if it has too many votes, forget old ones with 'voter guard prune'",
				ErrFile, err)
		}
		return draft(path, content)
	})
	if err != nil {
		return nil, f.explain(err, path)
	}
	if err := finish(path); err != nil {
		return nil, fmt.Errorf("the keys are disabled: %w: repeat with --%s and another file", err, NoOtherMachineFlag)
	}
	return infos, nil
}

// explain adds to an error of custody.LetGo what the operator can do.
func (f *file) explain(err error, path string) error {
	var missing *custody.Unrecorded
	switch {
	case errors.As(err, &missing):
		return fmt.Errorf("%w (%s.json): import what it has signed with 'voter guard import', start the voter once with --%s if it has never voted, "+
			"or take its keystore out of the folder", err, f.nameOf(missing.Key), home.NeverVotedFlag)
	case errors.Is(err, ErrMoved):
		return fmt.Errorf("%w; if the file is lost and was never used anywhere, repeat with --%s", err, NoOtherMachineFlag)
	case errors.Is(err, custody.ErrSomeGone):
		return errors.Join(fmt.Errorf("%w: repeat with --%s", err, NoOtherMachineFlag), discard(path))
	default:
		return err
	}
}

// pack puts all keys of a home into a file, without their history.
func pack(dir home.Dir, config home.Config) (file, []keys.Info, error) {
	f := file{Format: format, ChainID: config.ChainID, Operator: config.Operator, Protection: json.RawMessage("{}")}
	infos, err := keys.List(dir.Keys())
	if err != nil {
		return f, nil, err
	}
	for _, info := range infos {
		content, err := keys.ReadKeystore(dir.Keys(), info.Name)
		if err != nil {
			return f, nil, err
		}
		f.Keys = append(f.Keys, sealedKey{Name: info.Name, Keystore: content})
	}
	if err := f.check(); err != nil {
		return f, nil, fmt.Errorf("in %s: %w", dir.Keys(), err)
	}
	return f, infos, nil
}
