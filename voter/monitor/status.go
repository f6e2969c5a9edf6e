package monitor

import (
	"errors"
	"fmt"
	"time"
)

// Status is the answer of /status.
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
	Jail      Jail      `json:"jail,omitzero"`
	Reason    *Standing `json:"reason"`         // why it does not vote; null if it does
	Since     time.Time `json:"since,omitzero"` // of the reason
	Last      Vote      `json:"last_vote,omitzero"`
	Signed    uint64    `json:"signed"`
	Recorded  uint64    `json:"recorded"`
	Resent    uint64    `json:"resent"`
	Lost      uint64    `json:"lost"`
}

// Status returns everything that the monitor knows.
func (m *Monitor) Status() Status {
	nodes, elsewhere := m.config.Nodes(), m.config.Alarms()
	m.mu.Lock()
	defer m.mu.Unlock()
	reasons := m.reasons(nodes, elsewhere)
	s := Status{
		ChainID: m.config.ChainID, Version: m.config.Version, StartedAt: m.started.UTC(),
		Healthy: len(reasons) == 0, Reasons: reasons, Height: m.height, Epoch: m.epoch, Nodes: nodes, Keys: []KeyStatus{},
	}
	for _, k := range m.sorted() {
		status := KeyStatus{
			PublicKey: k.public.String(), Member: k.member, Jail: k.jail, Last: k.last,
			Signed: k.signed, Recorded: k.recorded, Resent: k.resent, Lost: k.lost,
		}
		if k.err != nil {
			standing := Stand(k.reason, k.err)
			status.Reason, status.Since = &standing, k.since.UTC()
		}
		s.Keys = append(s.Keys, status)
	}
	return s
}

// reasons returns why the client is unhealthy: alarms, no key, no healthy node, an overdue block, an overdue vote, votes that the
// chain doesn't record, or a voter in jail. A key that waits outside the voter set is healthy.
func (m *Monitor) reasons(nodes []Node, elsewhere []Standing) []Standing {
	now, out := m.config.Now(), []Standing{}
	switch {
	case m.signer != nil:
		out = append(out, Stand(m.signerBy, m.signer))
	case m.asked && len(m.keys) == 0:
		out = append(out, Stand(NoKey, errors.New("expected at least one key that can vote, found none")))
	}
	out = append(out, elsewhere...)
	if len(nodes) > 0 && !anyHealthy(nodes) {
		out = append(out, Stand(NoNode, errors.New("expected a healthy node, found none")))
	}
	stalled := now.Sub(m.blockAt) > m.config.StallAfter
	if stalled {
		out = append(out, Stand(Stalled, fmt.Errorf("expected a block within %s, found none for %s", m.config.StallAfter, now.Sub(m.blockAt).Round(time.Second))))
	}
	for _, k := range m.sorted() {
		of := func(reason Reason, err error) {
			s := Stand(reason, err)
			s.PublicKey = k.public.String()
			out = append(out, s)
		}
		switch {
		case k.err != nil && k.reason.Severity == Alarm:
			of(k.reason, k.err)
		case !stalled && now.Sub(k.fineAt) > m.config.StallAfter:
			of(Behind, k.behind(now))
		}
		if err := k.notRecorded(now); err != nil && !stalled {
			of(NotRecorded, err)
		}
		if reason, err := k.jail.reason(); err != nil {
			of(reason, err)
		}
	}
	return out
}

func (k *Key) behind(now time.Time) error {
	err := fmt.Errorf("expected a vote for the head within %s, found none for %s", k.monitor.config.StallAfter, now.Sub(k.fineAt).Round(time.Second))
	if k.err != nil {
		err = fmt.Errorf("%w: %s: %w", err, k.reason.Code, k.err)
	}
	return err
}

// maxLost is the number of votes in a row that may be given up: a proposer or two may leave one out.
const maxLost = 2

// notRecorded returns nil while the chain records the key's votes.
func (k *Key) notRecorded(now time.Time) error {
	waited := now.Sub(k.unrecorded)
	switch limit := k.monitor.config.StallAfter; {
	case k.lostInARow > maxLost:
		return fmt.Errorf("expected votes on the chain, found the last %d given up", k.lostInARow)
	case !k.unrecorded.IsZero() && waited > limit:
		return fmt.Errorf("expected a vote on the chain within %s, found none for %s", limit, waited.Round(time.Second))
	}
	return nil
}

// Stand returns a reason that holds because of an error.
func Stand(reason Reason, err error) Standing {
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
