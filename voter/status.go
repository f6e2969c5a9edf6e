package voter

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/overview"
	"github.com/dualchain/dualchain/voter/signerd"
)

// clientTimeout bounds how long the running voter may take to answer, and maxStatus bounds its answer in bytes.
const (
	clientTimeout = 2 * time.Second
	maxStatus     = 16 << 20
)

// Overview reports the state of each key of a home, or of its signer. It asks the nodes of the configuration, slashing protection unless a
// voter has it open, and the running voter if it serves [monitor]. It needs no password. Errors: home.ErrConfig, those of reading keys;
// a source that doesn't answer leaves a gap in the overview.
func Overview(ctx context.Context, dir home.Dir, config home.Config) (overview.Overview, error) {
	if err := config.Validate(); err != nil {
		return overview.Overview{}, err
	}
	var found []overview.Key
	var err error
	if config.Signer.Address == "" {
		found, err = localKeys(dir, config)
	} else {
		found, err = signersKeys(ctx, dir, config)
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

// localKeys lists the keys of the home with the record that slashing protection has of them.
func localKeys(dir home.Dir, config home.Config) ([]overview.Key, error) {
	infos, public, err := dir.PublicKeys(config.Keys)
	if err != nil {
		return nil, err
	}
	protection, err := dir.OpenGuard()
	switch {
	case err == nil:
		defer protection.Close() //nolint:errcheck // it was only read
	case !errors.Is(err, guard.ErrInUse) && !errors.Is(err, guard.ErrMissing):
		return nil, err
	}
	out := make([]overview.Key, len(infos))
	for i, info := range infos {
		out[i] = overview.Key{Name: info.Name, Public: public[i]}
		if protection == nil {
			continue
		}
		if latest, _, err := protection.Latest(ffg.Domain(config.ChainID), public[i]); err == nil {
			out[i].Protection = &overview.Protection{Latest: latest.Target, Retired: protection.Retired(public[i])}
		}
	}
	return out, nil
}

// signersKeys asks the signer for its keys.
func signersKeys(ctx context.Context, dir home.Dir, config home.Config) ([]overview.Key, error) {
	remote, err := signerd.Dial(config.Signer.Address, config.ChainID, signerd.Files(dir.TLS(config.Signer.TLSFiles)), slog.New(slog.DiscardHandler))
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

// askClient asks the running voter for its state. It returns nil if none answers at the address.
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
	request.Host = "localhost" // it may listen under another name
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
