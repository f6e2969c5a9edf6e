package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	blst "github.com/supranational/blst/bindings/go"

	"cosmossdk.io/log/v2"

	dbm "github.com/cosmos/cosmos-db"

	"github.com/dualchain/dualchain/app"
	"github.com/dualchain/dualchain/localnet"
	client "github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/watch"
)

// latencyWarmUp is the number of votes before the measured ones. latencyPatience bounds the wait for one vote.
const (
	latencyWarmUp   = 10
	latencyPatience = 30 * time.Second
)

// latencyRun is one validator process that proposes a checkpoint in every block, and one voter.
type latencyRun struct {
	bin     string // dualchaind
	network *localnet.Network
	votes   int // to measure
}

// measureLatency measures the time from the event of a checkpoint until the node has accepted the vote: with keys in the
// voter's own process, and with a separate signer. The baseline is one bare signature.
func measureLatency(bin string, votes int) (rows []row, err error) {
	if _, err := os.Stat(bin); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no program at %s: run `make build`, or pass -latency 0", bin)
	}
	folder, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	description, err := app.New(log.NewNopLogger(), dbm.NewMemDB(), true, noOptions{})
	if err != nil {
		return nil, err
	}
	spec := localnet.DefaultSpec()
	spec.ChainID, spec.Validators, spec.Voters, spec.RandomPorts = chainID, 1, 1, true
	spec.BlockTime, spec.Interval, spec.EraLength = 100*time.Millisecond, 1, never
	network, err := localnet.Create(filepath.Join(folder, "net"), spec, localnet.Chain{
		Codec: description.Encoding().Codec, TxConfig: description.Encoding().TxConfig, Defaults: description.DefaultGenesis(), Name: app.Name,
	})
	if err != nil {
		return nil, err
	}
	r := latencyRun{bin: bin, network: network, votes: votes}
	err = localnet.Run(context.Background(), network, bin, func(ctx context.Context, s *localnet.Supervisor) error {
		if err := s.Stop(network.Voters[0].Name); err != nil { // this process votes instead
			return err
		}
		rows, err = r.measure(ctx)
		return err
	})
	return rows, err
}

// measure measures both kinds of voter in turn.
func (r latencyRun) measure(ctx context.Context) (rows []row, err error) {
	dir := home.Dir(r.network.NodeHome(r.network.Voters[0].Name))
	config, err := dir.LoadConfig()
	if err != nil {
		return nil, err
	}
	local, bare, err := r.latencies(ctx, dir, config)
	if err != nil {
		return nil, fmt.Errorf("local keys: %w", err)
	}
	signer, err := startSigner(r.bin, dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, signer.stop()) }()
	config.Signer = signer.reached
	remote, again, err := r.latencies(ctx, dir, config)
	if err != nil {
		return nil, fmt.Errorf("signer: %w", err)
	}
	bare = append(bare, again...)
	t := table{voters: 1, bare: percentile(bare, 50)}
	return []row{
		t.row("bare_signature", sample{ns: percentile(bare, 50)}),
		t.row("vote_latency_local", sample{ns: percentile(local, 50)}),
		t.row("vote_latency_local_p99", sample{ns: percentile(local, 99)}),
		t.row("vote_latency_signer", sample{ns: percentile(remote, 50)}),
		t.row("vote_latency_signer_p99", sample{ns: percentile(remote, 99)}),
	}, nil
}

// latencies runs the voter in this process until enough votes are accepted. It returns, in ns, each vote's time since the
// event of the checkpoint arrived, and the times of bare signatures made in between.
func (r latencyRun) latencies(ctx context.Context, dir home.Dir, config home.Config) (votes, bare []int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events, accepted := newTimes(), newTimes()
	blocks, err := watch.NewComet(config.Nodes[0].RPC)
	if err != nil {
		return nil, nil, err
	}
	ended := make(chan error, 2)
	go func() {
		ended <- blocks.Listen(ctx, func() {}, func(h watch.Header) { events.put(h.Height, time.Now()) })
	}()
	go func() {
		ended <- client.Start(ctx, dir, config, client.Options{}, slog.New(votedLog{found: accepted.put}))
	}()
	defer func() { // the next voter can open the guard
		cancel()
		<-ended
		<-ended
	}()
	for seen := 0; len(votes) < r.votes; seen++ {
		select {
		case height := <-accepted.heights:
			event, known := events.at(height)
			if done, _ := accepted.at(height); known && seen >= latencyWarmUp {
				votes = append(votes, done.Sub(event).Nanoseconds())
				bare = append(bare, bareSignature(height))
			}
		case err := <-ended:
			ended <- err
			return nil, nil, fmt.Errorf("the voter ended: %w", err)
		case <-time.After(latencyPatience):
			return nil, nil, fmt.Errorf("no vote within %s, after %d votes", latencyPatience, seen)
		}
	}
	return votes, bare, nil
}

// bareSignature returns the time of one signature by blst, in ns.
func bareSignature(message uint64) int64 {
	secret := blst.KeyGen(make([]byte, 32))
	root := sha256.Sum256(binary.BigEndian.AppendUint64(nil, message))
	started := time.Now()
	new(blst.P2Affine).Sign(secret, root[:], signatureTag)
	return time.Since(started).Nanoseconds()
}

// percentile returns the smallest value that p percent of the values don't exceed. values must not be empty.
func percentile(values []int64, p int) int64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max((len(sorted)*p+99)/100, 1)-1]
}
