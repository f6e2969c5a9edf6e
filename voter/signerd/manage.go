package signerd

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/local"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keymanager"
)

// serveKeymanager serves the keymanager API until ctx is done, and closes the channel that it returns when that has ended. Errors:
// keys.ErrNoPassword, keymanager.ErrToken, those of listening.
func serveKeymanager(ctx context.Context, dir home.Dir, config home.Signing, l *Local, log *slog.Logger) (<-chan struct{}, error) {
	find := unattended(dir, config.PasswordFile)
	password, err := find()
	if err != nil {
		return nil, err
	}
	clear(password)
	token, err := keymanager.LoadToken(dir.Path(keymanager.TokenFile))
	if err != nil {
		return nil, err
	}
	listener, err := local.Listen(ctx, config.Keymanager.Listen)
	if err != nil {
		return nil, fmt.Errorf("keymanager: %w", err)
	}
	log.Info("serving the keymanager API", event.KeymanagerStarted, "address", listener.Addr().String(), "path", keymanager.Path)
	store := keymanager.NewStore(keymanager.Config{Folder: dir.Keys(), Domain: ffg.Domain(config.ChainID), Password: find}, l, l.guard, log)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := local.Serve(ctx, listener, store.Handler(token)); err != nil {
			event.Alarm(log, "the keymanager API has ended", event.KeymanagerEnded, "error", err)
		}
	}()
	return ended, nil
}
