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

const (
	jailCheck   = 15 * time.Second // from look to look
	firstUnjail = time.Minute      // from one attempt to the next, which doubles
	lastUnjail  = time.Hour
	longFree    = time.Hour // after which a voter that is jailed again is no longer the one before
)

// Unjailer sends MsgUnjail with an operator's account, which the voter does not have.
type Unjailer interface {
	// Operator returns the address of the account.
	Operator() string
	// Unjail returns the hash of the transaction that a node has taken.
	Unjail(ctx context.Context) (string, error)
}

// jailWatch tells of voters in jail, and unjails the operator's when its time is over.
type jailWatch struct {
	keys     func(ctx context.Context) ([]ffg.PublicKey, error)
	register func(ctx context.Context, key ffg.PublicKey) (types.Voter, error) // asks the chain
	unjailer Unjailer                                                          // nil: the operator does it
	seen     *monitor.Monitor
	now      func() time.Time
	log      *slog.Logger

	known map[ffg.PublicKey]monitor.Jail // nil at first
	next  time.Time                      // of an attempt
	pause time.Duration                  // after it
	freed time.Time                      // since when the voter is free, zero if it isn't
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
		jail := jailOf(voter)
		j.tell(key, voter, jail)
		if j.unjailer != nil && voter.Operator == j.unjailer.Operator() {
			j.unjail(ctx, key, jail)
		}
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
		log.Error(monitor.Tombstoned.Message, event.Tombstoned, "registration", voter.Index, "advice", monitor.Tombstoned.Advice)
	case jail == monitor.Jail{}:
		log.Info("out of jail", event.OutOfJail, "accountable_from", voter.AccountableFrom)
	default:
		log.Warn(monitor.InJail.Message, event.Jailed, "until", jail.Until.UTC().Format(time.DateTime), "advice", monitor.InJail.Advice)
	}
}

// unjail makes an attempt if the voter's time in jail is over and the last attempt is long enough ago. Another client of the
// same operator may do so too: the chain refuses the second transaction.
func (j *jailWatch) unjail(ctx context.Context, key ffg.PublicKey, jail monitor.Jail) {
	now := j.now()
	if jail.Until.IsZero() {
		if j.freed.IsZero() {
			j.freed = now
		}
		if now.Sub(j.freed) >= longFree { // a node that says jailed and free by turns would have a fee each time
			j.pause = 0
		}
		return
	}
	j.freed = time.Time{}
	if now.Before(jail.Until) || now.Before(j.next) {
		return
	}
	j.pause = min(max(2*j.pause, firstUnjail), lastUnjail)
	j.next = now.Add(j.pause)
	hash, err := j.unjailer.Unjail(ctx)
	switch {
	case ctx.Err() != nil:
	case err != nil:
		j.log.Warn("unjailing failed", event.UnjailFailed, "key", short(key), "again_in", j.pause, "error", err)
	default:
		j.log.Info("unjailing sent", event.Unjailed, "key", short(key), "transaction", hash)
	}
}

// short is what the log calls a key.
func short(key ffg.PublicKey) string { return key.String()[:8] }
