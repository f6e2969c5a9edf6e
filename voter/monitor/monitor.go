// Package monitor remembers what a voter client does, and tells it: as metrics for Prometheus, as /healthz for whoever
// restarts or pages, and as /status for people. The client tells the monitor everything and never asks it anything: what
// is seen here changes no vote.
package monitor

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dualchain/dualchain/core/ffg"
)

// Config says what is watched.
type Config struct {
	ChainID    string
	Version    string           // of this program
	StallAfter time.Duration    // how long a key may owe a vote, or the chain a block, before the client counts as ill
	Nodes      func() []Node    // asks for all nodes, each once; nil if nothing is known of any
	Now        func() time.Time // nil for the machine's clock
}

// Node is what is known of a node that the voter can follow.
type Node struct {
	Address string `json:"address"`
	Witness bool   `json:"witness"`
	Healthy bool   `json:"healthy"`
	InUse   bool   `json:"in_use"`
	Height  uint64 `json:"height"`          // of its latest block, 0 if unknown
	Error   string `json:"error,omitempty"` // why it is not healthy
}

// Monitor may be used from many goroutines.
type Monitor struct {
	config  Config
	metrics *metrics

	mu       sync.Mutex
	started  time.Time
	height   uint64
	blockAt  time.Time
	epoch    uint64
	signer   error // why it does not answer
	signerBy Reason
	alarms   map[string]uint64 // how often one began, by code
	keys     map[ffg.PublicKey]*Key
}

// New returns a monitor that has seen nothing.
func New(config Config) *Monitor {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Nodes == nil {
		config.Nodes = func() []Node { return []Node{} }
	}
	m := &Monitor{config: config, started: config.Now(), alarms: map[string]uint64{}, keys: map[ffg.PublicKey]*Key{}}
	m.blockAt = m.started
	m.metrics = newMetrics(m)
	return m
}

// Block is told of each new block.
func (m *Monitor) Block(height uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.config.Now()
	if now.Sub(m.blockAt) > m.config.StallAfter { // a chain that stood still recorded no votes
		for _, k := range m.keys {
			k.expectNoRecord()
		}
	}
	m.height, m.blockAt = height, now
}

// Signer is told why the signer does not answer, or nil and no reason when it does.
func (m *Monitor) Signer(reason Reason, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil && m.signer == nil {
		m.began(reason)
	}
	m.signer, m.signerBy = err, reason
}

// Jailed is told whether a voter is in jail. It may come after the key was forgotten.
func (m *Monitor) Jailed(public ffg.PublicKey, jail Jail) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k := m.keys[public]
	if k == nil || k.jail == jail {
		return
	}
	if reason, err := jail.reason(); err != nil {
		m.began(reason)
	}
	k.jail = jail
}

// Key returns what to tell about a key, from now on. It is forgotten by Forget.
func (m *Monitor) Key(public ffg.PublicKey) *Key {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.keys[public] == nil {
		m.keys[public] = &Key{monitor: m, public: public, fineAt: m.config.Now(), failures: map[string]uint64{}}
	}
	return m.keys[public]
}

// Forget is told that a key was removed.
func (m *Monitor) Forget(public ffg.PublicKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.keys, public)
	m.metrics.inclusion.DeletePartialMatch(prometheus.Labels{"key": public.String()})
}

// began counts alarms.
func (m *Monitor) began(reason Reason) {
	if reason.Severity == Alarm {
		m.alarms[reason.Code]++
	}
}

// sorted returns the keys, ascending.
func (m *Monitor) sorted() []*Key {
	return slices.SortedFunc(maps.Values(m.keys), func(a, b *Key) int { return slices.Compare(a.public[:], b.public[:]) })
}
