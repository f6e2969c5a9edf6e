package signerd

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/guard"
)

func (l lines) now() (found []string) {
	for len(l) > 0 {
		found = append(found, <-l)
	}
	return found
}

func TestWhatIsLeftOutIsCounted(t *testing.T) {
	log := make(lines, 16)
	s := &rateLimitedLog{pause: time.Hour, log: slog.New(log)}
	for range 3 {
		s.say(kind{"alice", "a"}, slog.LevelWarn, "line", event.Signed)
	}
	s.say(kind{"alice", "b"}, slog.LevelWarn, "line", event.Signed)
	s.say(kind{"bob", "a"}, slog.LevelWarn, "line", event.Signed)
	s.pause = 0
	s.say(kind{"alice", "a"}, slog.LevelWarn, "line", event.Signed)
	s.say(kind{"alice", "a"}, slog.LevelWarn, "line", event.Signed)
	want := "[WARN line event=signed WARN line event=signed WARN line event=signed WARN line event=signed left_out=2 WARN line event=signed]"
	if found := fmt.Sprint(log.now()); found != want {
		t.Errorf("expected %s, found %s", want, found)
	}
}

func TestKindsThatAreTooManyAreOneForEachClient(t *testing.T) {
	log := make(lines, maxKinds+16)
	s := &rateLimitedLog{pause: time.Hour, log: slog.New(log)}
	for i := range maxKinds + 10 {
		s.say(kind{"alice", fmt.Sprint(i)}, slog.LevelWarn, "line", event.Signed)
	}
	s.say(kind{"bob", "a"}, slog.LevelWarn, "line", event.Signed)
	s.say(kind{"bob", "b"}, slog.LevelWarn, "line", event.Signed)
	if found := len(log.now()); found != maxKinds+2 || len(s.said) != found {
		t.Errorf("expected %d lines, found %d of %d kinds", maxKinds+2, found, len(s.said))
	}
	s.pause = 0 // then the old ones are forgotten
	s.say(kind{"carol", "a"}, slog.LevelWarn, "line", event.Signed)
	if found := fmt.Sprint(log.now()); found != "[WARN line event=signed]" || len(s.said) != 1 {
		t.Errorf("expected a line and one kind, found %s and %d", found, len(s.said))
	}
}

// A client must not be able to fill the disk, nor to hide what another one does.
func TestAClientHasAnAlarmOfAKindAtATime(t *testing.T) {
	keys := &stub{err: &guard.Conflict{Kind: ffg.DoubleVote}}
	s := newSite(t).serve(keys)
	alice, bob := s.client("alice"), s.client("bob")
	ask := func(client *Client, times int) {
		t.Helper()
		for i := range times {
			if _, err := client.Sign(t.Context(), ffg.PublicKey{1}, link(0, 1, byte(i))); err == nil {
				t.Fatal("expected a refusal, found none")
			}
		}
	}
	ask(alice, 50)
	ask(bob, 1)
	keys.err = &guard.BelowFloor{}
	ask(alice, 50)
	s.end()
	alarms := map[string]int{}
	for _, line := range s.log.now() {
		if strings.Contains(line, event.Refused.String()) {
			_, who, _ := strings.Cut(line, "client=")
			who, _, _ = strings.Cut(who, " ")
			alarms[who]++
		}
	}
	if alarms["alice"] != 2 || alarms["bob"] != 1 {
		t.Errorf("expected 2 alarms of alice, for two kinds, and 1 of bob, found %v", alarms)
	}
}

func TestASignatureThatIsAskedForAgainAndAgainIsOneLine(t *testing.T) {
	s := newSite(t).serve(&stub{})
	client := s.client("alice")
	for range 20 {
		if _, err := client.Sign(t.Context(), ffg.PublicKey{1}, link(0, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.Sign(t.Context(), ffg.PublicKey{1}, link(1, 2)); err != nil {
		t.Fatal(err)
	}
	s.end()
	signed := 0
	for _, line := range s.log.now() {
		if strings.HasPrefix(line, "INFO") && strings.Contains(line, event.Signed.String()) {
			signed++
		}
	}
	if signed != 2 {
		t.Errorf("expected a line for each of 2 epochs, found %d", signed)
	}
}

// One client that is refused hides no other.
func TestEachClientThatIsRefusedIsSaid(t *testing.T) {
	s := newSite(t)
	s.config.Clients = []string{"carol"}
	s.serve(&stub{})
	for _, name := range []string{"alice", "bob"} {
		s.refused(s.files(name), ErrDenied)
		s.said(event.RequestRefused.String(), "client="+name)
	}
}
