package voter

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/x/finality/types"
)

// A voter that was absent too often is jailed: no new voter set has it until its operator unjails it. Votes go on meanwhile,
// and this looks beside them.

// jailCheck is the time from look to look.
const jailCheck = 15 * time.Second

// jailWatch tells of voters in jail.
type jailWatch struct {
	keys     func(ctx context.Context) ([]ffg.PublicKey, error)
	register func(ctx context.Context, key ffg.PublicKey) (types.Voter, error) // asks the chain
	seen     *monitor.Monitor
	log      *slog.Logger

	known map[ffg.PublicKey]monitor.Jail // nil at first
}

// run asks about the keys until ctx is done.
func (j *jailWatch) run(ctx context.Context) {
	ticker := time.NewTicker(jailCheck)
	defer ticker.Stop()
	for {
		j.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// look asks about each key. A node that doesn't answer is asked again the next time.
func (j *jailWatch) look(ctx context.Context) {
	keys, err := j.keys(ctx)
	if err != nil {
		return // the voter says so
	}
	for _, key := range keys {
		voter, err := j.register(ctx, key)
		switch {
		case status.Code(err) == codes.NotFound:
			continue
		case err != nil:
			j.log.Debug("could not ask whether a voter is jailed", event.LookupFailed, "key", short(key), "error", err)
			continue
		}
		j.tell(key, voter, jailOf(voter))
	}
}

func jailOf(v types.Voter) monitor.Jail {
	switch {
	case v.Tombstoned:
		return monitor.Jail{Tombstoned: true}
	case v.Jailed:
		return monitor.Jail{Until: v.JailedUntil}
	}
	return monitor.Jail{}
}

// tell says what has changed.
func (j *jailWatch) tell(key ffg.PublicKey, voter types.Voter, jail monitor.Jail) {
	j.seen.Jailed(key, jail)
	before := j.known[key]
	if j.known == nil {
		j.known = map[ffg.PublicKey]monitor.Jail{}
	}
	j.known[key] = jail
	log := j.log.With("key", short(key))
	switch {
	case jail == before:
	case jail.Tombstoned:
		event.Alarm(log, monitor.Tombstoned.Message, event.Tombstoned, "code", monitor.Tombstoned.Code, "registration", voter.Index, "advice", monitor.Tombstoned.Advice)
	case jail == monitor.Jail{}:
		log.Info("out of jail", event.OutOfJail, "accountable_from", voter.AccountableFrom)
	default:
		event.Alarm(log, monitor.InJail.Message, event.Jailed, "code", monitor.InJail.Code, "until", jail.Until.UTC().Format(time.DateTime), "advice", monitor.InJail.Advice)
	}
}

// short is what the log calls a key.
func short(key ffg.PublicKey) string { return key.String()[:8] }
