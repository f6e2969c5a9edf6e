// Package voter is the voter client. It follows a node and signs the one honest vote for each new checkpoint with each
// of its keys (protocol §4), which takes this way:
//
//	block → watch: duty, checked → guard: approved, on disk → sign → submit: sent until recorded
//
// The unforgivable mistake is to sign two conflicting votes, so sign can't be reached around guard. All the rest may
// fail at any moment: the voter logs it and goes on with the next checkpoint.
package voter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/sign"
	"github.com/dualchain/dualchain/voter/signerd"
	"github.com/dualchain/dualchain/voter/submit"
)

// Options are what doesn't belong into a configuration file.
type Options struct {
	NeverVoted bool     // lets keys start without a record of their votes
	Version    string   // of this program
	Unjailer   Unjailer // nil: the operator unjails voters by hand
}

// Start votes with the keys of a home until ctx is done, which is no error. Errors: ErrConfig, those of keys.Load and package guard, watch.ErrWrongChain if all nodes are on
// another chain from the start.
func Start(ctx context.Context, home Home, config Config, options Options, log *slog.Logger) error {
	if err := config.Validate(); err != nil {
		return err
	}
	keyring, closeKeyring, err := openSigner(ctx, home, config, options.NeverVoted, log)
	if err != nil {
		return err
	}
	defer closeKeyring()

	nodes, err := connect(config, log)
	if err != nil {
		return err
	}
	defer nodes.close()
	seen := monitor.New(monitor.Config{
		ChainID: config.ChainID, Version: options.Version, StallAfter: time.Duration(config.StallAfter), Nodes: nodes.health,
	})
	ctx, stop := context.WithCancel(ctx)
	defer serveMonitor(ctx, config.Monitor.Listen, seen, log)()
	jail := &jailWatch{keys: keyring.Keys, register: nodes.register, unjailer: options.Unjailer, seen: seen, now: time.Now, log: log}
	defer jail.start(ctx)()
	defer stop()
	v := &voter{
		watch:     nodes.watch,
		signer:    keyring,
		submitter: func(seen submit.Observer, log *slog.Logger) submitter { return submit.New(nodes.submit, seen, log) },
		look:      config.DoppelgangerEpochs,
		retry:     time.Duration(config.PollInterval),
		seen:      seen,
		log:       log,
	}
	log.Info("voter started", "chain_id", config.ChainID, "nodes", len(config.Nodes), "witnesses", len(config.Witnesses))
	if err := v.run(ctx); err != nil {
		return fmt.Errorf("vote: %w", err)
	}
	log.Info("voter stopped")
	return nil
}

// openSigner opens the keys and the guard of the home or, if there is one in the configuration, the way to a signer that
// has them. What it returns closes it.
func openSigner(ctx context.Context, home Home, config Config, neverVoted bool, log *slog.Logger) (signer, func(), error) {
	if config.Signer.Address == "" {
		return openKeyring(ctx, home, config, neverVoted, log)
	}
	if neverVoted {
		return nil, nil, fmt.Errorf("%w: expected --%s where the keys are, with 'dualchaind signer start', found it with a [signer]", ErrConfig, NeverVotedFlag)
	}
	remote, err := signerd.Dial(config.Signer.Address, config.ChainID, home.files(config.Signer.TLSFiles), log)
	if err != nil {
		return nil, nil, err
	}
	log.Info("signing with", "signer", config.Signer.Address)
	return remote, func() { _ = remote.Close() }, nil
}

// openKeyring opens the guard and the keys that the configuration names, and serves the keymanager API if the configuration
// says so: it then leaves out keys that the guard doesn't protect. What it returns closes all of it.
func openKeyring(ctx context.Context, home Home, config Config, neverVoted bool, log *slog.Logger) (*sign.Keyring, func(), error) {
	keep, err := keptVotes(config.Protection)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: protection: %w", ErrConfig, err)
	}
	secrets, err := home.secrets(config)
	if err != nil {
		return nil, nil, err
	}
	public := make([]ffg.PublicKey, len(secrets))
	for i, secret := range secrets {
		public[i] = secret.PublicKey().Bytes()
	}
	zero := func() {
		for _, secret := range secrets {
			secret.Zero()
		}
	}
	protection, err := home.openGuard(public, keep, neverVoted)
	if err != nil {
		zero()
		return nil, nil, err
	}
	domain := ffg.Domain(config.ChainID)
	keyring := sign.NewKeyring(domain, protection)
	ctx, stop := context.WithCancel(ctx)
	wait := func() {}
	closeAll := func() {
		stop()
		wait()
		keyring.Close()
		_ = protection.Close() // every record is on disk since it was made
	}
	for i, secret := range secrets {
		err := home.mayVote(protection, domain, public[i])
		if config.Keymanager.on() && (errors.Is(err, guard.ErrMissing) || errors.Is(err, guard.ErrRetired)) {
			// An import or a delete that was interrupted leaves such a key. The others vote on.
			log.Error("ALARM: a key is left out: delete it with the keymanager API, and import it again if it is to vote here", "public_key", public[i].String(), "error", err)
			secret.Zero()
			continue
		}
		if err == nil {
			err = keyring.Add(secret)
		}
		if err != nil {
			zero()
			closeAll()
			return nil, nil, err
		}
	}
	if config.Keymanager.on() {
		served, err := serveKeymanager(ctx, home, config, keyring, protection, log)
		if err != nil {
			closeAll()
			return nil, nil, err
		}
		wait = served
	}
	return keyring, closeAll, nil
}
