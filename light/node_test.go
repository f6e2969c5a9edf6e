package light_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/light"
)

var errDown = errors.New("node is down")

// node serves a chain as far as it has it.
type node struct {
	name  string
	chain *certtest.Chain
	batch int // hand-overs in an answer

	unbonding time.Duration // that it says

	down   bool
	says   string                              // instead of the chain's id
	links  uint64                              // the first epoch that it keeps the links after
	mute   bool                                // proves no consistency and no old certificate
	asked  func(from uint64)                   // before it answers what is after a pair or an epoch
	damage func(cert.HandOver) cert.HandOver   // of each hand-over and certificate
	newest func() (cert.Certificate, error)    // instead of its own
	trust  func(cert.Trust) (cert.Trust, bool) // instead of its own
	proof  func(*cert.Proof)                   // changes each proof
}

func newNode(name string, chain *certtest.Chain) *node {
	return &node{name: name, chain: chain, batch: 3}
}

// Name implements light.Provider.
func (n *node) Name() string { return n.name }

// ChainID implements light.Provider.
func (n *node) ChainID(context.Context) (string, error) {
	if n.down {
		return "", errDown
	}
	return cmp.Or(n.says, n.chain.ID), nil
}

// UnbondingTime implements light.Provider.
func (n *node) UnbondingTime(context.Context) (time.Duration, error) {
	if n.down {
		return 0, errDown
	}
	return n.unbonding, nil
}

// final is the newest final epoch: everybody votes for every checkpoint.
func (n *node) final() uint64 { return n.chain.Head() - 1 }

// TrustPoint implements light.Provider.
func (n *node) TrustPoint(_ context.Context, epoch uint64) (cert.Trust, error) {
	if n.down {
		return cert.Trust{}, errDown
	}
	if epoch > n.final() {
		return cert.Trust{}, fmt.Errorf("%w: epoch %d", light.ErrNotThere, epoch)
	}
	trust := n.chain.Trust(epoch)
	if n.trust != nil {
		if other, lies := n.trust(trust); lies {
			return other, nil
		}
	}
	return trust, nil
}

// archived returns the first final epoch of each pair above one.
func (n *node) archived(pair uint64) (epochs []uint64) {
	for e := uint64(1); e <= n.final(); e++ {
		at, after := n.chain.Checkpoints[e], n.chain.Checkpoints[e+1]
		if at.Pair > pair && at.Pair == after.Pair && (len(epochs) == 0 || n.chain.Checkpoints[epochs[len(epochs)-1]].Pair < at.Pair) {
			epochs = append(epochs, e)
		}
	}
	return epochs
}

// HandOvers implements light.Provider.
func (n *node) HandOvers(_ context.Context, pair uint64) ([]cert.HandOver, bool, error) {
	if n.down {
		return nil, false, errDown
	}
	n.hear(pair)
	trusted := uint64(slices.IndexFunc(n.chain.Checkpoints, func(c ffg.Checkpoint) bool { return c.Pair == pair }))
	var out []cert.HandOver
	for _, epoch := range n.archived(pair) {
		out, trusted = append(out, n.chain.HandOver(trusted, epoch, epoch+1)), epoch
	}
	return n.answer(out)
}

// Follow implements light.Provider.
func (n *node) Follow(_ context.Context, epoch uint64) ([]cert.HandOver, bool, error) {
	if n.down {
		return nil, false, errDown
	}
	n.hear(epoch)
	if epoch < n.links {
		return nil, false, fmt.Errorf("%w: epoch %d is not kept any more, only epochs from %d on", light.ErrNotThere, epoch, n.links)
	}
	var out []cert.HandOver
	for e := epoch; e < n.final(); e++ {
		out = append(out, n.chain.Follow(e, e+2))
	}
	return n.answer(out)
}

func (n *node) hear(from uint64) {
	if n.asked != nil {
		n.asked(from)
	}
}

func (n *node) answer(all []cert.HandOver) ([]cert.HandOver, bool, error) {
	more := len(all) > n.batch
	if more {
		all = all[:n.batch]
	}
	if n.damage != nil {
		for i, h := range all {
			all[i] = n.damage(h)
		}
	}
	return all, more, nil
}

// Certificate implements light.Provider.
func (n *node) Certificate(ctx context.Context, epoch uint64) (cert.Certificate, error) {
	if n.down || n.mute || ctx.Err() != nil {
		return cert.Certificate{}, errDown
	}
	return n.certificate(epoch), nil
}

func (n *node) certificate(epoch uint64) cert.Certificate {
	out := n.chain.Certificate(epoch, epoch+1)
	if n.damage != nil {
		out = n.damage(cert.HandOver{Certificate: out}).Certificate
	}
	return out
}

// Newest implements light.Provider.
func (n *node) Newest(ctx context.Context) (cert.Certificate, error) {
	if n.newest != nil {
		return n.newest()
	}
	if n.down {
		return cert.Certificate{}, errDown
	}
	return n.certificate(n.final()), nil
}

// Consistency implements light.Provider.
func (n *node) Consistency(ctx context.Context, from, to uint64) ([]ffg.Root, error) {
	if n.down || n.mute || ctx.Err() != nil {
		return nil, errDown
	}
	at := func(size uint64) uint64 {
		return uint64(slices.IndexFunc(n.chain.Checkpoints, func(c ffg.Checkpoint) bool { return c.HistorySize == size }))
	}
	return n.chain.Consistency(at(from), at(to)), nil
}

// Prove implements light.Provider, for blocks only.
func (n *node) Prove(_ context.Context, about light.Question, epoch uint64, members bool) (cert.Proof, error) {
	if n.down {
		return cert.Proof{}, errDown
	}
	height, err := strconv.ParseUint(strings.TrimPrefix(about.Path(), "block/"), 10, 64)
	if err != nil || height > n.chain.Checkpoints[n.final()].Height {
		return cert.Proof{}, fmt.Errorf("%w: %s", light.ErrNotThere, about.Path())
	}
	proof := cert.Proof{ChainID: n.chain.ID}
	if trust := n.chain.Trust(epoch); members {
		proof.Trust = &trust
	}
	under := epoch
	if height > n.chain.Checkpoints[epoch].Height {
		under = n.final()
		proof.HandOvers = []cert.HandOver{n.chain.HandOver(epoch, under, under+1)}
	}
	block := n.chain.Inclusion(height, under)
	proof.Block = &block
	if n.proof != nil {
		n.proof(&proof)
	}
	return proof, nil
}

// silent is a node that takes questions and never answers, but for the first batch after the anchor if it gives one.
type silent struct {
	*node
	gives bool
}

func never[T any](ctx context.Context) (none T, err error) {
	<-ctx.Done()
	return none, context.Cause(ctx)
}

// ChainID implements light.Provider.
func (silent) ChainID(ctx context.Context) (string, error) { return never[string](ctx) }

// UnbondingTime implements light.Provider.
func (silent) UnbondingTime(ctx context.Context) (time.Duration, error) {
	return never[time.Duration](ctx)
}

// TrustPoint implements light.Provider.
func (silent) TrustPoint(ctx context.Context, _ uint64) (cert.Trust, error) {
	return never[cert.Trust](ctx)
}

// Certificate implements light.Provider.
func (silent) Certificate(ctx context.Context, _ uint64) (cert.Certificate, error) {
	return never[cert.Certificate](ctx)
}

// Prove implements light.Provider.
func (silent) Prove(ctx context.Context, _ light.Question, _ uint64, _ bool) (cert.Proof, error) {
	return never[cert.Proof](ctx)
}

// Follow implements light.Provider.
func (n silent) Follow(ctx context.Context, epoch uint64) ([]cert.HandOver, bool, error) {
	if n.gives && epoch == 0 {
		return n.node.Follow(ctx, epoch)
	}
	<-ctx.Done()
	return nil, false, ctx.Err()
}

// HandOvers implements light.Provider.
func (n silent) HandOvers(ctx context.Context, pair uint64) ([]cert.HandOver, bool, error) {
	if n.gives && pair == 0 {
		return n.node.HandOvers(ctx, pair)
	}
	<-ctx.Done()
	return nil, false, ctx.Err()
}
