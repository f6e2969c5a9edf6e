package home

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/dualchain/dualchain/internal/duration"
	"github.com/dualchain/dualchain/internal/redact"
	"github.com/dualchain/dualchain/voter/guard"
)

// Bounds of Config.PollInterval and Config.StallAfter.
const (
	minPoll  = 100 * time.Millisecond
	maxPoll  = time.Minute
	minStall = time.Second
	maxStall = time.Hour
)

// maxChainID is CometBFT's bound.
const maxChainID = 50

// maxDoppelganger bounds Config.DoppelgangerEpochs.
const maxDoppelganger = 1000

// Validate returns an error wrapping ErrConfig unless a voter can start with c.
func (c Config) Validate() error {
	refuse := func(field string, err error) error { return fmt.Errorf("%w: %s: %w", ErrConfig, field, err) }
	if err := checkChainID(c.ChainID); err != nil {
		return refuse("chain_id", err)
	}
	if _, err := KeptVotes(c.Protection); err != nil {
		return refuse("protection", err)
	}
	if err := c.Signer.validate(c.Keys); err != nil {
		return refuse("signer", err)
	}
	if err := c.Keymanager.validate(c.Keys); err != nil {
		return refuse("keymanager", err)
	}
	if c.Keymanager.On() && c.Signer.Address != "" {
		return refuse("keymanager", errors.New("expected it in signer.toml, where the keys are, found it beside a [signer]"))
	}
	if err := c.Monitor.validate(); err != nil {
		return refuse("monitor", err)
	}
	if err := checkNodes(c.Nodes, c.Witnesses); err != nil {
		return fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if err := between(c.PollInterval, minPoll, maxPoll); err != nil {
		return refuse("poll_interval", err)
	}
	if err := between(c.StallAfter, minStall, maxStall); err != nil {
		return refuse("stall_after", err)
	}
	if c.DoppelgangerEpochs > maxDoppelganger {
		return refuse("doppelganger_epochs", fmt.Errorf("expected at most %d, found %d", maxDoppelganger, c.DoppelgangerEpochs))
	}
	return nil
}

func checkChainID(id string) error {
	switch {
	case id == "":
		return errors.New("expected the chain's id, found none")
	case len(id) > maxChainID:
		return fmt.Errorf("expected at most %d characters, found %d", maxChainID, len(id))
	}
	return nil
}

func (r RemoteSigner) validate(keys []string) error {
	switch {
	case r.Address == "":
		return nil
	case !isHostPort(r.Address):
		return fmt.Errorf("address: expected HOST:PORT, found %q", redact.URL(r.Address))
	case len(keys) > 0:
		return fmt.Errorf("it can't be combined with a list of keys, found keys = %q: the signer has the keys", keys)
	default:
		return nil
	}
}

func (m Monitor) validate() error {
	if m.Listen != "" && !isHostPort(m.Listen) {
		return fmt.Errorf("listen: expected HOST:PORT or nothing, found %q", redact.URL(m.Listen))
	}
	return nil
}

func isHostPort(address string) bool {
	host, port, err := net.SplitHostPort(address)
	return err == nil && port != "" && !strings.ContainsAny(host, "/@")
}

// KeptVotes returns the number of votes that a setting of Config.Protection keeps for each key.
func KeptVotes(protection string) (int, error) {
	switch protection {
	case CompleteProtection:
		return guard.Complete, nil
	case MinimalProtection:
		return guard.Minimal, nil
	default:
		return 0, fmt.Errorf("expected %q or %q, found %q", CompleteProtection, MinimalProtection, protection)
	}
}

func between(d duration.Text, least, most time.Duration) error {
	if found := time.Duration(d); found < least || found > most {
		return fmt.Errorf("expected %s to %s, found %s", least, most, found)
	}
	return nil
}
