package monitor

import (
	"fmt"
	"time"
)

// Codes of what the monitor finds out by itself.
const (
	CodeStalled = "chain_stalled" // no block for too long
	CodeBehind  = "behind"        // a key owes a vote for too long
	CodeNoNode  = "no_node"       // no node is healthy
)

// Status is what /status says.
type Status struct {
	ChainID   string      `json:"chain_id"`
	Version   string      `json:"version"`
	StartedAt time.Time   `json:"started_at"`
	Healthy   bool        `json:"healthy"`
	Reasons   []Standing  `json:"reasons"` // why not
	Height    uint64      `json:"height"`
	Epoch     uint64      `json:"epoch"` // of the head checkpoint
	Nodes     []Node      `json:"nodes"`
	Keys      []KeyStatus `json:"keys"`
}

// KeyStatus is a key in /status.
type KeyStatus struct {
	PublicKey string    `json:"public_key"`
	Member    bool      `json:"member"` // of the head's voter set
	Reason    *Standing `json:"reason"` // why it does not vote; null if it does
	Since     time.Time `json:"since"`  // of the reason
	Last      Vote      `json:"last_vote"`
	Signed    uint64    `json:"signed"`
	Recorded  uint64    `json:"recorded"`
	Resent    uint64    `json:"resent"`
	Lost      uint64    `json:"lost"`
}

// Status returns all that is known.
func (m *Monitor) Status() Status {
	nodes := m.config.Nodes()
	m.mu.Lock()
	defer m.mu.Unlock()
	reasons := m.reasons(nodes)
	s := Status{
		ChainID: m.config.ChainID, Version: m.config.Version, StartedAt: m.started.UTC(),
		Healthy: len(reasons) == 0, Reasons: reasons, Height: m.height, Epoch: m.epoch, Nodes: nodes, Keys: []KeyStatus{},
	}
	for _, k := range m.sorted() {
		status := KeyStatus{
			PublicKey: k.public.String(), Member: k.member, Last: k.last,
			Signed: k.signed, Recorded: k.recorded, Resent: k.resent, Lost: k.lost,
		}
		if k.err != nil {
			standing := standing(k.reason, k.err)
			status.Reason, status.Since = &standing, k.since.UTC()
		}
		s.Keys = append(s.Keys, status)
	}
	return s
}

// reasons returns why the client counts as ill: alarms, no healthy node, no block for too long, a vote owed for too long.
// Whoever is not in the voter set and waits is well.
func (m *Monitor) reasons(nodes []Node) []Standing {
	now, out := m.config.Now(), []Standing{}
	if m.signer != nil {
		out = append(out, standing(m.signerBy, m.signer))
	}
	if len(nodes) > 0 && !anyHealthy(nodes) {
		out = append(out, Standing{Code: CodeNoNode, Error: "expected a healthy node, found none", Advice: "start one of the nodes in voter.toml"})
	}
	stalled := now.Sub(m.blockAt) > m.config.StallAfter
	if stalled {
		out = append(out, Standing{
			Code: CodeStalled, Error: fmt.Sprintf("expected a block within %s, found none for %s", m.config.StallAfter, now.Sub(m.blockAt).Round(time.Second)),
			Advice: "look at the nodes; if they are well, the chain has halted",
		})
	}
	for _, k := range m.sorted() {
		switch {
		case k.err != nil && k.reason.Severity == Alarm:
			alarm := standing(k.reason, k.err)
			alarm.PublicKey = k.public.String()
			out = append(out, alarm)
		case !stalled && now.Sub(k.fineAt) > m.config.StallAfter:
			out = append(out, k.behind(now))
		}
	}
	return out
}

func (k *Key) behind(now time.Time) Standing {
	s := Standing{
		Code: CodeBehind, PublicKey: k.public.String(),
		Error:  fmt.Sprintf("expected a vote for the head within %s, found none for %s", k.monitor.config.StallAfter, now.Sub(k.fineAt).Round(time.Second)),
		Advice: k.reason.Advice,
	}
	if k.err != nil {
		s.Error += ": " + k.err.Error()
	}
	return s
}

func standing(reason Reason, err error) Standing {
	return Standing{Code: reason.Code, Alarm: reason.Severity == Alarm, Error: err.Error(), Advice: reason.Advice}
}

func anyHealthy(nodes []Node) bool {
	for _, n := range nodes {
		if n.Healthy && !n.Witness {
			return true
		}
	}
	return false
}
