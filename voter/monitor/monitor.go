// Package monitor records what a voter client does and serves it: /metrics for Prometheus, /healthz for supervisors and
// alerting, /status for people. The client reports to the monitor and never asks it anything, so the monitor changes no
// vote.
package monitor

import (
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/dualchain/dualchain/core/ffg"
)

// Config holds the settings of a monitor.
type Config struct {
	ChainID    string
	Version    string            // of this program
	StallAfter time.Duration     // how long a vote or a block may be overdue before the client is unhealthy
	Nodes      func() []Node     // returns all nodes, each once; nil if no node is known
	Alarms     func() []Standing // returns what is wrong beside the duties of keys; nil for nothing
	Now        func() time.Time  // nil for the machine's clock
	Log        *slog.Logger      // for alarms that only the monitor finds; nil for none
}

// Node is the state of a node that the voter can follow.
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
	asked    bool  // the signer has said which keys it has
	signer   error // why the signer does not answer
	signerBy Reason
	standing map[about]bool    // alarms at the last review
	alarms   map[string]uint64 // how often each alarm began, by code
	keys     map[ffg.PublicKey]*Key
}

// New returns a monitor without records.
func New(config Config) *Monitor {
	if config.Now == nil {
		config.Now = time.Now
	}
	if config.Nodes == nil {
		config.Nodes = func() []Node { return []Node{} }
	}
	if config.Alarms == nil {
		config.Alarms = func() []Standing { return nil }
	}
	if config.Log == nil {
		config.Log = slog.New(slog.DiscardHandler)
	}
	m := &Monitor{config: config, started: config.Now(), alarms: map[string]uint64{}, keys: map[ffg.PublicKey]*Key{}}
	m.blockAt = m.started
	m.metrics = newMetrics(m)
	return m
}

// Block records a new block.
func (m *Monitor) Block(height uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.config.Now()
	if now.Sub(m.blockAt) > m.config.StallAfter { // a stalled chain recorded no votes
		for _, k := range m.keys {
			k.expectNoRecord()
		}
	}
	m.height, m.blockAt = height, now
}

// Signer records the signer's keys, or why it does not answer. Keys that the monitor knows already stay until Forget.
func (m *Monitor) Signer(keys []ffg.PublicKey, reason Reason, err error) {
	m.mu.Lock()
	m.signer, m.signerBy = err, reason
	m.asked = m.asked || err == nil
	for _, key := range keys {
		m.key(key)
	}
	m.mu.Unlock()
	m.Review()
}

// Jailed records whether a voter is in jail. It ignores a key that was forgotten.
func (m *Monitor) Jailed(public ffg.PublicKey, jail Jail) {
	m.mu.Lock()
	if k := m.keys[public]; k != nil {
		k.jail = jail
	}
	m.mu.Unlock()
	m.Review()
}

// Key returns the record of a key, which exists until Forget.
func (m *Monitor) Key(public ffg.PublicKey) *Key {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.key(public)
}

func (m *Monitor) key(public ffg.PublicKey) *Key {
	if m.keys[public] == nil {
		m.keys[public] = &Key{monitor: m, public: public, fineAt: m.config.Now(), failures: map[string]uint64{}}
	}
	return m.keys[public]
}

// Forget drops the record of a removed key.
func (m *Monitor) Forget(public ffg.PublicKey) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.keys, public)
	m.metrics.inclusion.DeletePartialMatch(prometheus.Labels{"key": public.String()})
}

// sorted returns the keys, ascending.
func (m *Monitor) sorted() []*Key {
	return slices.SortedFunc(maps.Values(m.keys), func(a, b *Key) int { return slices.Compare(a.public[:], b.public[:]) })
}
