package monitor_test

import (
	"strings"
	"testing"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/monitor"
)

// said requires that the log has an alarm with a code n times.
func (s *story) said(reason monitor.Reason, times int) {
	s.t.Helper()
	found := 0
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, "level=ERROR msg=\""+event.AlarmPrefix+reason.Message+"\"") && strings.Contains(line, "code="+reason.Code) {
			found++
		}
	}
	if found != times {
		s.t.Errorf("%s: expected %d alarms, found %d in\n%s", reason.Code, times, found, s.log.String())
	}
}

// counted requires that a reason has begun n times.
func (s *story) counted(code string, times string) {
	s.t.Helper()
	if _, body := s.get("/metrics"); !strings.Contains(body, "dualchain_voter_alarms_total{reason=\""+code+"\"} "+times+"\n") {
		s.t.Errorf("expected %s alarms of %s, found\n%s", times, code, body)
	}
}

func TestAVoterWithoutAKeyIsNotHealthy(t *testing.T) {
	s := begin(t)
	s.expect("before the signer has said which keys it has")
	s.Signer(nil, monitor.Reason{}, nil)
	s.expect("no key", monitor.NoKey.Code)
	s.said(monitor.NoKey, 1)
	s.Signer(nil, monitor.Reason{}, nil)
	s.said(monitor.NoKey, 1)
	s.Signer([]ffg.PublicKey{first}, monitor.Reason{}, nil)
	s.expect("a key")
	if !strings.Contains(s.log.String(), event.AlarmEnded.String()) {
		t.Errorf("expected the end of the alarm, found %s", s.log.String())
	}
	s.Forget(first)
	s.Signer(nil, monitor.Reason{}, nil)
	s.expect("the key is removed", monitor.NoKey.Code)
	s.said(monitor.NoKey, 2)
	s.counted(monitor.NoKey.Code, "2")
}

func TestAlarmsOfTimeAreSaidAndCounted(t *testing.T) {
	s := begin(t)
	s.block(1, first, monitor.Reason{}, nil)
	s.Key(first).Signed(1)
	s.now = s.now.Add(stall + 1)
	s.block(2, first, passes, errAny)
	s.Review()
	s.said(monitor.Behind, 1)
	s.counted(monitor.Behind.Code, "1")
	s.Key(first).Signed(2)
	s.now = s.now.Add(stall)
	s.block(3, first, monitor.Reason{}, nil)
	s.now = s.now.Add(1)
	s.Review()
	s.said(monitor.NotRecorded, 1)
	s.counted(monitor.NotRecorded.Code, "1")
	s.now = s.now.Add(stall)
	s.Review()
	s.counted(monitor.Stalled.Code, "1")
	s.nodes = []monitor.Node{{Address: "a"}}
	s.Review()
	s.counted(monitor.NoNode.Code, "1")
}

func TestAnAlarmThatLastsOneBlockIsCounted(t *testing.T) {
	s := begin(t)
	for height := range uint64(3) {
		s.block(2*height+1, first, conflict, errAny)
		s.block(2*height+2, first, monitor.Reason{}, nil)
	}
	s.counted(conflict.Code, "3")
}

func TestAlarmsFromElsewhereMakeTheVoterIll(t *testing.T) {
	s := begin(t)
	s.block(1, first, monitor.Reason{}, nil)
	s.elsewhere = []monitor.Standing{monitor.Stand(monitor.Reason{Code: "node_skipped", Severity: monitor.Alarm}, errAny)}
	s.expect("a node is skipped", "node_skipped")
	s.Review()
	s.counted("node_skipped", "1")
	s.elsewhere = nil
	s.expect("no longer")
}

func TestReviewsEndWithTheirContext(t *testing.T) {
	s := begin(t)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(t.Context())
	}()
	t.Cleanup(func() { <-ended })
}
