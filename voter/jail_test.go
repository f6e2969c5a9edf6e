package voter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/x/finality/types"
)

// prison is a chain with voters in jail, and the operator of one of them.
type prison struct {
	*jailWatch
	t        *testing.T
	clock    time.Time
	voters   map[ffg.PublicKey]types.Voter
	attempts []time.Duration // since the start
	fails    error
	log      bytes.Buffer
}

var prisoner = ffg.PublicKey{1}

func newPrison(t *testing.T, voters map[ffg.PublicKey]types.Voter) *prison {
	p := &prison{t: t, clock: time.Unix(0, 0), voters: voters}
	seen := monitor.New(monitor.Config{StallAfter: time.Hour, Now: func() time.Time { return p.clock }})
	p.jailWatch = &jailWatch{
		keys: func(context.Context) (keys []ffg.PublicKey, _ error) {
			for key := range p.voters {
				seen.Key(key)
				keys = append(keys, key)
			}
			return keys, nil
		},
		register: func(_ context.Context, key ffg.PublicKey) (types.Voter, error) {
			if p.voters[key].Operator == "" {
				return types.Voter{}, status.Error(codes.NotFound, "no voter")
			}
			return p.voters[key], nil
		},
		unjailer: p, seen: seen, now: func() time.Time { return p.clock }, log: slog.New(slog.NewTextHandler(&p.log, nil)),
	}
	return p
}

func (p *prison) Operator() string { return "dual1me" }

func (p *prison) Unjail(context.Context) (string, error) {
	p.attempts = append(p.attempts, p.clock.Sub(time.Unix(0, 0)))
	return "HASH", p.fails
}

// wait looks every jailCheck until so long after the start.
func (p *prison) wait(until time.Duration) {
	for p.look(p.t.Context()); p.clock.Sub(time.Unix(0, 0)) < until; p.look(p.t.Context()) {
		p.clock = p.clock.Add(jailCheck)
	}
}

func (p *prison) expect(attempts ...time.Duration) {
	p.t.Helper()
	if !slices.Equal(p.attempts, attempts) {
		p.t.Errorf("expected attempts at %v, found %v", attempts, p.attempts)
	}
}

// says requires that the log has a text n times.
func (p *prison) says(text string, times int) {
	p.t.Helper()
	if found := strings.Count(p.log.String(), text); found != times {
		p.t.Errorf("expected %q %d times, found %d in\n%s", text, times, found, p.log.String())
	}
}

func jailedUntil(until time.Duration) types.Voter {
	return types.Voter{Operator: "dual1me", Jailed: true, JailedUntil: time.Unix(0, 0).Add(until)}
}

func TestAJailedVoterIsUnjailedWhenItsTimeIsOver(t *testing.T) {
	p := newPrison(t, map[ffg.PublicKey]types.Voter{prisoner: jailedUntil(45 * time.Second)})
	p.wait(30 * time.Second)
	p.expect()
	p.says(event.Jailed.String(), 1)
	p.wait(45 * time.Second)
	p.expect(45 * time.Second)
	p.says(event.Unjailed.String(), 1)
	if jail := p.seen.Status().Keys[0].Jail; !jail.Until.Equal(p.voters[prisoner].JailedUntil) {
		t.Errorf("expected the monitor to know, found %+v", jail)
	}
	p.voters[prisoner] = types.Voter{Operator: "dual1me", AccountableFrom: 7}
	p.wait(time.Hour)
	p.expect(45 * time.Second)
	p.says(event.OutOfJail.String(), 1)
	p.says("accountable_from=7", 1)
	if jail := p.seen.Status().Keys[0].Jail; jail != (monitor.Jail{}) {
		t.Errorf("expected the monitor to know, found %+v", jail)
	}
}

func TestUnjailingIsTriedAgainLessAndLessOften(t *testing.T) {
	p := newPrison(t, map[ffg.PublicKey]types.Voter{prisoner: jailedUntil(0)})
	p.fails = errors.New("no coins for the fee")
	p.wait(4 * time.Hour)
	p.expect(0, time.Minute, 3*time.Minute, 7*time.Minute, 15*time.Minute, 31*time.Minute, 63*time.Minute, 123*time.Minute, 183*time.Minute)
	p.says("no coins for the fee", 9)
	p.says(event.Jailed.String(), 1)
}

func TestASecondJailingIsAnsweredAtOnce(t *testing.T) {
	p := newPrison(t, map[ffg.PublicKey]types.Voter{prisoner: jailedUntil(0)})
	p.wait(10 * time.Minute)
	p.voters[prisoner] = types.Voter{Operator: "dual1me"}
	p.wait(70 * time.Minute)
	p.voters[prisoner] = jailedUntil(0)
	p.wait(71 * time.Minute)
	p.expect(0, time.Minute, 3*time.Minute, 7*time.Minute, 70*time.Minute, 71*time.Minute)
}

func TestAJailThatComesAndGoesCostsNoMoreFees(t *testing.T) {
	p := newPrison(t, map[ffg.PublicKey]types.Voter{prisoner: jailedUntil(0)})
	for until := time.Duration(0); until < 2*time.Hour; until += jailCheck {
		p.voters[prisoner] = jailedUntil(0)
		p.look(t.Context())
		p.voters[prisoner] = types.Voter{Operator: "dual1me"}
		p.wait(until + jailCheck)
	}
	p.expect(0, time.Minute, 3*time.Minute, 7*time.Minute, 15*time.Minute, 31*time.Minute, 63*time.Minute)
}

func TestOthersStayInJail(t *testing.T) {
	for name, tc := range map[string]struct {
		voter types.Voter
		says  string // an event
	}{
		"another operator's":          {types.Voter{Operator: "dual1other", Jailed: true, JailedUntil: time.Unix(0, 0)}, event.Jailed.String()},
		"slashed for equivocation":    {types.Voter{Operator: "dual1me", Jailed: true, Tombstoned: true}, event.Tombstoned.String()},
		"a key that isn't registered": {types.Voter{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPrison(t, map[ffg.PublicKey]types.Voter{prisoner: tc.voter})
			p.wait(time.Hour)
			p.expect()
			if tc.says != "" {
				p.says(tc.says, 1)
			}
		})
	}
}

func TestWithoutAnUnjailerTheLogTellsTheOperator(t *testing.T) {
	p := newPrison(t, map[ffg.PublicKey]types.Voter{prisoner: jailedUntil(0)})
	p.unjailer = nil
	p.wait(time.Hour)
	p.says("voter unjail", 1)
}

func TestTheWatchOverTheJailEndsWithItsContext(t *testing.T) {
	p := newPrison(t, nil)
	p.keys = func(context.Context) ([]ffg.PublicKey, error) { return nil, fmt.Errorf("no signer") }
	ctx, cancel := context.WithCancel(t.Context())
	var watch sync.WaitGroup
	watch.Go(func() { p.run(ctx) })
	cancel()
	watch.Wait()
}
