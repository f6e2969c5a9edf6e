// Package trusted guards a node against its own chain: checkpoints that the operator trusts, by name or because a
// certificate proves them final, must be this chain's. A node on a fork that finality went against has nothing true to
// serve, so it stops (protocol §14).
//
// This is node-local: it stops a node and never changes what a block does.
package trusted

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/durable"
)

// FileName is that of the imported checkpoints, in a node's config folder.
const FileName = "trusted_checkpoints.json"

// Option is the key in app.toml under which the operator lists checkpoints as EPOCH:ROOT.
const Option = "trusted-checkpoint"

// ErrFormat is wrapped for text that names no checkpoint.
var ErrFormat = errors.New("invalid trusted checkpoint")

// Checkpoint is one that this chain must contain.
type Checkpoint struct {
	Epoch uint64   `json:"epoch,string"`
	Root  ffg.Root `json:"root"`
	// Height and BlockHash are known of an imported one.
	Height    uint64   `json:"height,string,omitempty"`
	BlockHash ffg.Root `json:"block_hash,omitzero"`
	// From says where it comes from.
	From string `json:"from"`
}

// Parse reads EPOCH:ROOT, the root's digits in either case. It wraps ErrFormat.
func Parse(text string) (Checkpoint, error) {
	ref, err := ffg.ParseRef(text)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return Checkpoint{Epoch: ref.Epoch, Root: ref.Root}, nil
}

// Load returns the checkpoints that app.toml names and those imported into a home, ascending by epoch.
func Load(named []string, home string) ([]Checkpoint, error) {
	list, err := imported(home)
	if err != nil {
		return nil, err
	}
	for _, text := range named {
		c, err := Parse(text)
		if err != nil {
			return nil, fmt.Errorf("read %s in app.toml: %w", Option, err)
		}
		c.From = Option + " in app.toml"
		list = append(list, c)
	}
	slices.SortStableFunc(list, func(a, b Checkpoint) int { return cmp.Compare(a.Epoch, b.Epoch) })
	return list, nil
}

// Add imports a checkpoint into a home. Again it changes nothing.
func Add(home string, c Checkpoint) error {
	list, err := imported(home)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(list, func(known Checkpoint) bool { return known.Epoch == c.Epoch && known.Root == c.Root }) {
		return nil
	}
	content, err := json.MarshalIndent(append(list, c), "", "  ")
	if err != nil {
		return fmt.Errorf("write trusted checkpoints: %w", err)
	}
	if err := durable.Replace(pathIn(home), append(content, '\n')); err != nil {
		return fmt.Errorf("write trusted checkpoints: %w", err)
	}
	return nil
}

func imported(home string) ([]Checkpoint, error) {
	content, err := os.ReadFile(pathIn(home))
	if home == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var list []Checkpoint
	if err == nil {
		err = json.Unmarshal(content, &list)
	}
	if err != nil {
		return nil, fmt.Errorf("read trusted checkpoints %s: %w", pathIn(home), err)
	}
	return list, nil
}

func pathIn(home string) string { return filepath.Join(home, "config", FileName) }

// Own returns this chain's checkpoint of an epoch, and whether it is there: proposed, and not pruned yet.
type Own func(epoch uint64) (own ffg.Checkpoint, known bool, err error)

// Check returns a *Conflict for the first of these checkpoints that this chain contradicts.
func Check(list []Checkpoint, own Own) error {
	for _, c := range list {
		found, known, err := own(c.Epoch)
		if err != nil {
			return fmt.Errorf("check trusted checkpoint of epoch %d: %w", c.Epoch, err)
		}
		if known && found.Root() != c.Root {
			return &Conflict{Trusted: c, Own: found}
		}
	}
	return nil
}

// Pruned returns those of the checkpoints up to a chain's head epoch that the chain no longer has, so that they can't be checked.
func Pruned(list []Checkpoint, own Own, head uint64) (pruned []Checkpoint, err error) {
	for _, c := range list {
		if c.Epoch > head {
			continue
		}
		if _, known, err := own(c.Epoch); err != nil {
			return nil, fmt.Errorf("look trusted checkpoint of epoch %d up: %w", c.Epoch, err)
		} else if !known {
			pruned = append(pruned, c)
		}
	}
	return pruned, nil
}

// Conflict says that this node's chain is not the one that the operator trusts.
type Conflict struct {
	Trusted Checkpoint
	Own     ffg.Checkpoint
}

// Error shows both.
func (c *Conflict) Error() string {
	trusted := fmt.Sprintf("root %s", c.Trusted.Root)
	if c.Trusted.Height > 0 {
		trusted += fmt.Sprintf(" (block %d, %s)", c.Trusted.Height, c.Trusted.BlockHash)
	}
	return fmt.Sprintf("this node's chain conflicts with a trusted checkpoint: in epoch %d expected %s, from %s, found root %s (block %d, %s): "+
		"the node stops; it is on a fork that finality went against, or the trust is wrong: see \"Guarding a node\" in docs/light-client.md",
		c.Trusted.Epoch, trusted, c.Trusted.From, c.Own.Root(), c.Own.Height, c.Own.BlockHash)
}
