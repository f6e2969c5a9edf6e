package trusted_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"cosmossdk.io/log/v2"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	checkpointtypes "github.com/dualchain/dualchain/x/checkpoint/types"
	"github.com/dualchain/dualchain/x/finality/trusted"
)

var errRead = errors.New("read")

// node is an application and its two keepers, on a chain of which it has pruned what is below an epoch.
type node struct {
	chain          *certtest.Chain
	below          uint64
	archived       []uint64
	height         int64
	stateErr, read error
	log            *bytes.Buffer
}

func (n node) LastBlockHeight() int64 { return n.height }

func (n node) CreateQueryContext(int64, bool) (sdk.Context, error) {
	return sdk.Context{}.WithLogger(log.NewLogger(n.log)), n.stateErr
}

func (n node) HeadEpoch(context.Context) (uint64, bool, error) { return n.chain.Head(), true, nil }

func (n node) Record(_ context.Context, epoch uint64) (checkpointtypes.Record, error) {
	if n.read != nil {
		return checkpointtypes.Record{}, n.read
	}
	if epoch < n.below || epoch > n.chain.Head() {
		return checkpointtypes.Record{}, checkpointtypes.ErrNotFound.Wrapf("epoch %d", epoch)
	}
	return checkpointtypes.Record{Checkpoint: n.chain.Checkpoints[epoch]}, nil
}

func (n node) ArchivedCheckpoint(_ context.Context, epoch uint64) (ffg.Checkpoint, bool, error) {
	for _, kept := range n.archived {
		if kept == epoch {
			return n.chain.Checkpoints[epoch], true, nil
		}
	}
	return ffg.Checkpoint{}, false, nil
}

// trusting returns the checkpoint that an operator trusts on a chain.
func trusting(c *certtest.Chain, epoch uint64) []trusted.Checkpoint {
	return []trusted.Checkpoint{{Epoch: epoch, Root: c.Checkpoints[epoch].Root(), From: "the operator"}}
}

func TestAGuardStopsANodeOnAFork(t *testing.T) {
	honest, other := forked()
	for name, tc := range map[string]struct {
		node     node
		trusts   []trusted.Checkpoint
		conflict bool
		err      error
		logs     string
	}{
		"the same chain":              {node: node{chain: honest, height: 9}, trusts: trusting(honest, 8)},
		"a fork":                      {node: node{chain: honest, height: 9}, trusts: trusting(other, 8), conflict: true},
		"a fork, in the archive":      {node: node{chain: honest, height: 9, below: 9, archived: []uint64{8}}, trusts: trusting(other, 8), conflict: true},
		"pruned":                      {node: node{chain: honest, height: 9, below: 9}, trusts: trusting(other, 8), logs: "can't be checked"},
		"not reached":                 {node: node{chain: honest, height: 9}, trusts: []trusted.Checkpoint{{Epoch: honest.Head() + 1}}},
		"nothing is trusted":          {node: node{chain: honest, height: 9, stateErr: errRead, read: errRead}},
		"a new node has no state yet": {node: node{chain: honest, stateErr: errRead}, trusts: trusting(honest, 8)},
		"no state":                    {node: node{chain: honest, height: 9, stateErr: errRead}, trusts: trusting(honest, 8), err: errRead},
		"no record":                   {node: node{chain: honest, height: 9, read: errRead}, trusts: trusting(honest, 8), err: errRead},
	} {
		t.Run(name, func(t *testing.T) {
			tc.node.log = new(bytes.Buffer)
			var halted error
			guard := trusted.NewGuard(tc.trusts, tc.node, tc.node, func(reason error) { halted = reason })
			var conflict *trusted.Conflict
			err := guard.Start(tc.node)
			if errors.As(err, &conflict) != tc.conflict || !tc.conflict && !errors.Is(err, tc.err) {
				t.Errorf("start: expected a conflict: %t, or %v; found %v", tc.conflict, tc.err, err)
			}
			if logged := tc.node.log.String(); !strings.Contains(logged, tc.logs) || tc.logs == "" && logged != "" {
				t.Errorf("expected %q in the log, found %q", tc.logs, logged)
			}
			guard.Precommit(sdk.Context{})
			if errors.As(halted, &conflict) != tc.conflict || !tc.conflict && tc.node.stateErr == nil && !errors.Is(halted, tc.err) {
				t.Errorf("before a commit: expected a conflict: %t, or %v; found %v", tc.conflict, tc.err, halted)
			}
		})
	}
}

// A node imports a certificate of a fork, and stops before it commits another block.
func ExampleGuard() {
	ours, finalized := forked() // the chain of this node, and another that its voters finalized
	encoded, err := cert.EncodeJSON(finalized.Certificate(8, 9))
	if err != nil {
		fmt.Println(err)
		return
	}
	checkpoint, err := trusted.Import(encoded, ofNode(ours), time.UnixMilli(int64(finalized.Checkpoints[8].Time)))
	if err != nil {
		fmt.Println(err)
		return
	}

	keepers := node{chain: ours}                                                                       // wire.Keepers has both
	guard := trusted.NewGuard([]trusted.Checkpoint{checkpoint}, keepers, keepers, func(reason error) { // trusted.Exit(logger)
		var conflict *trusted.Conflict
		fmt.Println("halted:", errors.As(reason, &conflict), "in epoch", conflict.Own.Epoch)
	})
	guard.Precommit(sdk.Context{}) // app.SetPrecommiter(guard.Precommit); after the state is loaded: guard.Start(app)
	// Output: halted: true in epoch 8
}
