// Package monitor records what a voter client does and serves it: /metrics for Prometheus, /healthz for supervisors and
// alerting, /status for people. The client reports to the monitor and never asks it anything, so the monitor changes no
// vote.
package monitor

import (
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
	Version    string           // of this program
	StallAfter time.Duration    // how long a vote or a block may be overdue before the client is unhealthy
	Nodes      func() []Node    // returns all nodes, each once; nil if no node is known
	Now        func() time.Time // nil for the machine's clock
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
	signer   error // why the signer does not answer
	signerBy Reason
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

// Signer records why the signer does not answer; err is nil if it answers.
func (m *Monitor) Signer(reason Reason, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil && m.signer == nil {
		m.began(reason)
	}
	m.signer, m.signerBy = err, reason
}

// Jailed records whether a voter is in jail. It ignores a key that was forgotten.
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

// Key returns the record of a key, which exists until Forget.
func (m *Monitor) Key(public ffg.PublicKey) *Key {
	m.mu.Lock()
	defer m.mu.Unlock()
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

// began counts an alarm that begins.
func (m *Monitor) began(reason Reason) {
	if reason.Severity == Alarm {
		m.alarms[reason.Code]++
	}
}

// sorted returns the keys, ascending.
func (m *Monitor) sorted() []*Key {
	return slices.SortedFunc(maps.Values(m.keys), func(a, b *Key) int { return slices.Compare(a.public[:], b.public[:]) })
}
