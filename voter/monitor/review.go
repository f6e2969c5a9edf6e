package monitor

import (
	"context"
	"time"

	"github.com/dualchain/dualchain/voter/event"
)

// reviewPeriod is the time between two reviews without a report, for alarms that only time brings.
const reviewPeriod = 5 * time.Second

// about is what an alarm is about: a reason, and a key or "".
type about struct{ code, key string }

// Run reviews from time to time until ctx is done.
func (m *Monitor) Run(ctx context.Context) {
	ticker := time.NewTicker(reviewPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			m.Review()
		}
	}
}

// Review counts the alarms that began since the last review. It logs the beginning and the end of those that nobody else logs.
func (m *Monitor) Review() {
	for _, s := range m.changes() {
		args := []any{"code", s.Code}
		if s.PublicKey != "" {
			args = append(args, "key", s.PublicKey[:8])
		}
		if s.Alarm {
			event.Alarm(m.config.Log, spoken[s.Code].Message, append(args, event.AlarmBegan, "error", s.Error, "advice", s.Advice)...)
		} else {
			m.config.Log.Info("alarm is over", append(args, event.AlarmEnded)...)
		}
	}
}

// spoken are the reasons that only the monitor finds and nobody else logs, by code.
var spoken = map[string]Reason{NoKey.Code: NoKey, Behind.Code: Behind, NotRecorded.Code: NotRecorded}

// changes returns the alarms of spoken that began, and without Alarm those that ended.
func (m *Monitor) changes() (out []Standing) {
	nodes, elsewhere := m.config.Nodes(), m.config.Alarms()
	m.mu.Lock()
	defer m.mu.Unlock()
	now := map[about]bool{}
	for _, s := range m.reasons(nodes, elsewhere) {
		of := about{s.Code, s.PublicKey}
		if !s.Alarm || now[of] {
			continue
		}
		now[of] = true
		if m.standing[of] {
			continue
		}
		m.alarms[s.Code]++
		if _, ours := spoken[s.Code]; ours {
			out = append(out, s)
		}
	}
	for of := range m.standing {
		if _, ours := spoken[of.code]; ours && !now[of] {
			out = append(out, Standing{Code: of.code, PublicKey: of.key})
		}
	}
	m.standing = now
	return out
}
