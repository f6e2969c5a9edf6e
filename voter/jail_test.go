package voter

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
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

// prison is a chain with voters in jail.
type prison struct {
	*jailWatch
	t      *testing.T
	voters map[ffg.PublicKey]types.Voter
	log    bytes.Buffer
}

var prisoner = ffg.PublicKey{1}

func newPrison(t *testing.T, voters map[ffg.PublicKey]types.Voter) *prison {
	p := &prison{t: t, voters: voters}
	seen := monitor.New(monitor.Config{StallAfter: time.Hour, Now: func() time.Time { return time.Unix(0, 0) }})
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
		seen: seen, log: slog.New(slog.NewTextHandler(&p.log, nil)),
	}
	return p
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

func TestTheWatchTellsOfAVoterInJailUntilItIsFree(t *testing.T) {
	p := newPrison(t, map[ffg.PublicKey]types.Voter{prisoner: jailedUntil(45 * time.Second)})
	p.look(t.Context())
	p.look(t.Context())
	p.says(event.AlarmPrefix+monitor.InJail.Message, 1)
	p.says("tx finality unjail", 1)
	if jail := p.seen.Status().Keys[0].Jail; !jail.Until.Equal(p.voters[prisoner].JailedUntil) {
		t.Errorf("expected the monitor to know, found %+v", jail)
	}
	p.voters[prisoner] = types.Voter{Operator: "dual1me", AccountableFrom: 7}
	p.look(t.Context())
	p.look(t.Context())
	p.says(event.OutOfJail.String(), 1)
	p.says("accountable_from=7", 1)
	if jail := p.seen.Status().Keys[0].Jail; jail != (monitor.Jail{}) {
		t.Errorf("expected the monitor to know, found %+v", jail)
	}
}

func TestAVoterThatIsSlashedForEquivocationIsAnAlarm(t *testing.T) {
	p := newPrison(t, map[ffg.PublicKey]types.Voter{prisoner: {Operator: "dual1me", Jailed: true, Tombstoned: true}})
	p.look(t.Context())
	p.look(t.Context())
	p.says(event.AlarmPrefix+monitor.Tombstoned.Message, 1)
	p.says("level=ERROR", 1)
}

func TestAKeyThatIsNotRegisteredIsNoAlarm(t *testing.T) {
	p := newPrison(t, map[ffg.PublicKey]types.Voter{prisoner: {}})
	p.look(t.Context())
	p.says("level=", 0)
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
