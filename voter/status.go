package voter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/overview"
	"github.com/dualchain/dualchain/voter/signerd"
)

// clientTimeout bounds the question to the running client, and maxStatus its answer in bytes.
const (
	clientTimeout = 2 * time.Second
	maxStatus     = 16 << 20
)

// Overview tells how the home's keys, or its signer's, fare: from the nodes of the configuration, slashing protection as long as
// no client has it open, and the running client if it serves [monitor]. It needs no password. Errors: ErrConfig, those
// of reading keys; whatever does not answer is a gap in the overview.
func (h Home) Overview(ctx context.Context, config Config) (overview.Overview, error) {
	if err := config.Validate(); err != nil {
		return overview.Overview{}, err
	}
	var found []overview.Key
	var err error
	if config.Signer.Address == "" {
		found, err = h.localKeys(config)
	} else {
		found, err = h.signersKeys(ctx, config)
	}
	if err != nil {
		return overview.Overview{}, err
	}
	var chains []overview.Chain
	for _, node := range config.Nodes {
		conn, err := dial(node.GRPC)
		if err != nil {
			return overview.Overview{}, err
		}
		defer conn.Close() //nolint:errcheck // nothing more to say
		chains = append(chains, overview.NewChain(node.GRPC, conn))
	}
	return overview.Collect(ctx, config.ChainID, found, askClient(ctx, config.Monitor.Listen), chains), nil
}

// localKeys lists the keys of the home with what slashing protection remembers of them.
func (h Home) localKeys(config Config) ([]overview.Key, error) {
	infos, err := keys.List(h.Keys())
	if err != nil {
		return nil, err
	}
	protection, err := guard.Open(h.guardPath())
	switch {
	case err == nil:
		defer protection.Close() //nolint:errcheck // it was only read
	case !errors.Is(err, guard.ErrInUse) && !errors.Is(err, guard.ErrMissing):
		return nil, err
	}
	var out []overview.Key
	for _, info := range infos {
		if len(config.Keys) > 0 && !slices.Contains(config.Keys, info.Name) {
			continue
		}
		key := overview.Key{Name: info.Name}
		if err := key.Public.UnmarshalText([]byte(info.PubKey)); err != nil {
			return nil, fmt.Errorf("key %s: %w", info.Name, err)
		}
		if protection != nil {
			if latest, _, err := protection.Latest(ffg.Domain(config.ChainID), key.Public); err == nil {
				key.Protection = &overview.Protection{Latest: latest.Target, Retired: protection.Retired(key.Public)}
			}
		}
		out = append(out, key)
	}
	return out, nil
}

// signersKeys asks the signer.
func (h Home) signersKeys(ctx context.Context, config Config) ([]overview.Key, error) {
	remote, err := signerd.Dial(config.Signer.Address, config.ChainID, h.files(config.Signer.TLSFiles), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	defer remote.Close() //nolint:errcheck // nothing more to say
	public, err := remote.Keys(ctx)
	if err != nil {
		return nil, err
	}
	var out []overview.Key
	for _, key := range public {
		past, err := remote.Past(ctx, key, 0)
		if err != nil {
			return nil, err
		}
		out = append(out, overview.Key{Public: key, Protection: &overview.Protection{Latest: past.Latest}})
	}
	return out, nil
}

// askClient returns nil if no client answers at the address.
func askClient(ctx context.Context, address string) *monitor.Status {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil
	}
	if ip := net.ParseIP(host); host == "" || ip.IsUnspecified() {
		host = "localhost"
	}
	ctx, cancel := context.WithTimeout(ctx, clientTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/status", nil)
	if err != nil {
		return nil
	}
	request.Host = "localhost" // the name by which it listens may be another
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil
	}
	defer answer.Body.Close() //nolint:errcheck // it was only read
	var status monitor.Status
	if err := json.NewDecoder(io.LimitReader(answer.Body, maxStatus)).Decode(&status); err != nil {
		return nil
	}
	return &status
}
