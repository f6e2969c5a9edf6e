// Package voter is the voter client. It follows a node and signs the one honest vote for each new checkpoint with each of its keys
// (protocol §4). A vote takes this way:
//
//	block → watch: duty, checked → guard: approved, on disk → sign → submit: sent until recorded
//
// The unforgivable mistake is to sign two conflicting votes, so sign can't be reached around guard. Everything else may fail at any
// moment: the voter logs it and continues with the next checkpoint.
package voter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/signerd"
	"github.com/dualchain/dualchain/voter/submit"
)

// Options are settings that don't belong in a configuration file.
type Options struct {
	NeverVoted bool   // begin a record of votes for the only key, which has never voted
	Version    string // of this program
}

// Start votes with the keys of a home until ctx is done, which is no error. Errors: home.ErrConfig, those of packages keys and guard,
// watch.ErrWrongChain if all nodes are on another chain from the start.
func Start(ctx context.Context, dir home.Dir, config home.Config, options Options, log *slog.Logger) (err error) {
	if err := config.Validate(); err != nil {
		return err
	}
	keyring, err := openSigner(ctx, dir, config, options.NeverVoted, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keyring.Close()) }() // last: what runs beside the votes asks it for keys
	nodes, err := connect(config, log)
	if err != nil {
		return err
	}
	defer nodes.close()

	ctx, stop := context.WithCancel(ctx)
	var beside sync.WaitGroup
	defer beside.Wait()
	defer stop()
	seen := monitor.New(monitor.Config{
		ChainID: config.ChainID, Version: options.Version, StallAfter: time.Duration(config.StallAfter), Nodes: nodes.health,
		Alarms: func() []monitor.Standing { return append(nodes.alarms(), keyring.Alarms()...) }, Log: log,
	})
	beside.Go(func() { seen.Run(ctx) })
	monitor.Serve(ctx, &beside, config.Monitor.Listen, seen.Handler(), log)
	jail := &jailWatch{keys: keyring.Keys, register: nodes.register, seen: seen, log: log}
	beside.Go(func() { jail.run(ctx) })

	client := &client{
		watch:     nodes.watch,
		signer:    keyring,
		submitter: func(seen submit.Observer, log *slog.Logger) submitter { return submit.New(nodes.submit, seen, log) },
		look:      config.DoppelgangerEpochs,
		retry:     time.Duration(config.PollInterval),
		seen:      seen,
		log:       log,
	}
	log.Info("voter started", event.Started, "chain_id", config.ChainID, "nodes", len(config.Nodes), "witnesses", len(config.Witnesses))
	if err := client.run(ctx); err != nil {
		return fmt.Errorf("vote: %w", err)
	}
	log.Info("voter stopped", event.Stopped)
	return nil
}

// openSigner opens the keys and the guard of the home or, if the configuration names one, the connection to a signer that has them.
func openSigner(ctx context.Context, dir home.Dir, config home.Config, neverVoted bool, log *slog.Logger) (closingSigner, error) {
	if config.Signer.Address != "" {
		if neverVoted {
			return nil, fmt.Errorf("%w: expected --%s where the keys are, with 'signer start', found it with a [signer]", home.ErrConfig, home.NeverVotedFlag)
		}
		remote, err := signerd.Dial(config.Signer.Address, config.ChainID, signerd.Files(dir.TLS(config.Signer.TLSFiles)), log)
		if err != nil {
			return nil, err
		}
		log.Info("using a signer", event.UsingSigner, "signer", config.Signer.Address)
		return remote, nil
	}
	if neverVoted {
		if _, err := dir.BeginRecords(config.Keys, nil); err != nil {
			return nil, err
		}
	}
	local, err := signerd.Open(ctx, dir, config.Signing(), log)
	if err != nil {
		return nil, err
	}
	return local, nil
}

// closingSigner is a signer that has to be closed after use.
type closingSigner interface {
	signer
	Alarms() []monitor.Standing // of keys that were left out
	Close() error
}
