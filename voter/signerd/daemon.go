package signerd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"

	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/monitor"
)

// Run signs with the keys of a home for the voters that ask, until ctx is done, which is no error. version is the program's. Errors:
// home.ErrConfig, ErrCertificate, those of Open and of listening.
func Run(ctx context.Context, dir home.Dir, config home.SignerConfig, version string, log *slog.Logger) (err error) {
	if err := config.Validate(); err != nil {
		return err
	}
	keyring, err := Open(ctx, dir, config.Signing(), log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, keyring.Close()) }()
	keys, err := keyring.Keys(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		log.Info("signing with key", event.SigningWith, "key", key.String()[:8], "public_key", key.String())
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", config.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", config.Listen, err)
	}
	serving := Config{ChainID: config.ChainID, TLS: Files(dir.TLS(config.TLS)), Clients: config.Clients}
	serving.record = newRecord(serving, version, keyring, keyring.Alarms)
	var beside sync.WaitGroup
	defer beside.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	monitor.Serve(ctx, &beside, config.Monitor.Listen, serving.record.handler(), log)
	return Serve(ctx, listener, serving, keyring, log)
}
