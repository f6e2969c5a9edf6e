package voter

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"path/filepath"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/internal/local"
	"github.com/dualchain/dualchain/voter/keymanager"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/sign"
)

// Keymanager says where to serve the HTTP API that adds, removes and lists keys.
type Keymanager struct {
	Listen      string `toml:"listen" comment:"HOST:PORT, like 127.0.0.1:26681. Empty: nowhere. Whoever asks needs the token in the file api-token of this folder, made at the first start. password_file or DUALCHAIND_VOTER_PASSWORD has to hold the password."`
	AllowRemote bool   `toml:"allow_remote" comment:"Let listen be another address than this machine's own. It is plain HTTP: put TLS before it."`
}

// on is whether the API is served.
func (k Keymanager) on() bool { return k.Listen != "" }

// validate also refuses names of keys: what is added at runtime would not be among them after a restart.
func (k Keymanager) validate(names []string) error {
	if !k.on() {
		return nil
	}
	host, port, err := net.SplitHostPort(k.Listen)
	loopback := host == "localhost" || net.ParseIP(host).IsLoopback()
	switch {
	case err != nil || port == "":
		return fmt.Errorf("listen: expected HOST:PORT, found %q", k.Listen)
	case !loopback && !k.AllowRemote:
		return fmt.Errorf("listen: expected an address of this machine only, or allow_remote, found %q", k.Listen)
	case len(names) > 0:
		return fmt.Errorf("expected no names of keys beside it, found %q", names)
	}
	return nil
}

// prepare lets a home without keys start: it protects keys that come.
func (h Home) prepare() (empty bool, err error) {
	infos, err := keys.List(h.Keys())
	if err != nil || len(infos) > 0 {
		return false, err
	}
	if err := guard.Create(h.guardPath()); err != nil && !errors.Is(err, fs.ErrExist) {
		return false, err
	}
	return true, nil
}

// serveKeymanager lets keys come and go until ctx is done. What it returns waits for the end. Errors: keys.ErrNoPassword,
// keymanager.ErrToken, those of listening.
func serveKeymanager(ctx context.Context, home Home, config Config, keyring *sign.Keyring, protection *guard.Guard, log *slog.Logger) (wait func(), err error) {
	find := keys.FindPassword(home.Resolve(config.PasswordFile), func(string) ([]byte, error) {
		return nil, fmt.Errorf("%w: expected it in password_file or %s, since [keymanager] asks nobody", keys.ErrNoPassword, keys.PasswordEnv)
	})
	password, err := find()
	if err != nil {
		return nil, err
	}
	clear(password)
	token, err := keymanager.LoadToken(filepath.Join(string(home), keymanager.TokenFile))
	if err != nil {
		return nil, err
	}
	listener, err := local.Listen(ctx, config.Keymanager.Listen)
	if err != nil {
		return nil, fmt.Errorf("keymanager: %w", err)
	}
	log.Info("serving the keymanager API", "address", listener.Addr().String(), "path", keymanager.Path)
	store := keymanager.NewStore(keymanager.Config{Folder: home.Keys(), Domain: ffg.Domain(config.ChainID), Password: find}, keyring, protection, log)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := local.Serve(ctx, listener, store.Handler(token)); err != nil {
			log.Error("no keymanager API any more", "error", err)
		}
	}()
	return func() { <-ended }, nil
}
