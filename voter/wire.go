// Package voter is the voter client. It follows one node and signs the one honest vote for each new checkpoint
// (protocol §4), which takes this way:
//
//	block → watch: duty, checked → guard: approved, on disk → sign → submit: sent until recorded
//
// The unforgivable mistake is to sign two conflicting votes, so sign can't be reached around guard. All the rest may
// fail at any moment: the voter logs it and goes on with the next checkpoint.
package voter

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/dualchain/dualchain/ffg"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/sign"
	"github.com/dualchain/dualchain/voter/submit"
	"github.com/dualchain/dualchain/voter/watch"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Start votes with the key of a home until ctx is done, which is no error. neverVoted lets a key start without a record
// of its votes. Errors: ErrConfig, those of keys.Load and package guard, watch.ErrWrongChain if the node's first
// answer is from another chain.
func Start(ctx context.Context, home Home, config Config, neverVoted bool, log *slog.Logger) error {
	if err := config.Validate(); err != nil {
		return err
	}
	secret, err := keys.Load(home.Keys(), config.Key)
	if err != nil {
		return err
	}
	defer secret.Zero()
	key := ffg.PublicKey(secret.PublicKey().Bytes())

	protection, err := home.openGuard(key, neverVoted)
	if err != nil {
		return err
	}
	defer protection.Close() //nolint:errcheck // every record is on disk since it was made
	signer, err := sign.NewLocal(secret, ffg.Domain(config.ChainID), protection)
	if err != nil {
		return err
	}
	defer signer.Close()

	conn, err := dial(config.GRPCAddress)
	if err != nil {
		return err
	}
	defer conn.Close() //nolint:errcheck // nothing more to say
	blocks, err := watch.NewComet(config.RPCAddress)
	if err != nil {
		return err
	}
	poll := time.Duration(config.PollInterval)
	node := watch.NewNode(watch.Config{ChainID: config.ChainID, Key: key, Poll: poll}, types.NewQueryClient(conn), blocks, log)
	submitter := submit.New(submit.NewGRPC(conn), log)

	log.Info("voter started", "key", key.String(), "chain_id", config.ChainID, "grpc", config.GRPCAddress, "rpc", config.RPCAddress)
	if err := newVoter(node, signer, submitter, poll, log).run(ctx); err != nil {
		return fmt.Errorf("vote: %w", err)
	}
	log.Info("voter stopped")
	return nil
}
