// Package lighttest serves chains of package certtest as a light.Provider, honestly or not.
package lighttest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
)

// ErrDown is the error of a node that is down.
var ErrDown = errors.New("node is down")

// Node serves a chain. Its fields after Page make it fail or lie.
type Node struct {
	Label string
	Chain *certtest.Chain
	Page  int // most hand-overs in an answer

	Unbonding time.Duration // the unbonding time that it reports
	Down      bool          // it fails with ErrDown
	ClaimsID  string        // reported instead of the chain's id
	FirstLink uint64        // the first epoch whose links it keeps
	Mute      bool          // it proves no consistency, and has no old certificate

	Asked          func(from uint64)                   // called before it returns what follows a pair or an epoch
	Damage         func(cert.HandOver) cert.HandOver   // changes each hand-over and certificate
	NewestOverride func() (cert.Certificate, error)    // returned instead of its newest certificate
	TrustOverride  func(cert.Trust) (cert.Trust, bool) // returned instead of a trust point, if true
	ChangeProof    func(*cert.Proof)                   // changes each proof
}

// NewNode returns an honest node that serves pages of 3 hand-overs.
func NewNode(name string, chain *certtest.Chain) *Node {
	return &Node{Label: name, Chain: chain, Page: 3}
}

// Name implements light.Provider.
func (n *Node) Name() string { return n.Label }

// ChainID implements light.Provider.
func (n *Node) ChainID(context.Context) (string, error) {
	if n.Down {
		return "", ErrDown
	}
	return cmp.Or(n.ClaimsID, n.Chain.ID), nil
}

// UnbondingTime implements light.Provider.
func (n *Node) UnbondingTime(context.Context) (time.Duration, error) {
	if n.Down {
		return 0, ErrDown
	}
	return n.Unbonding, nil
}

// Final returns the newest final epoch: everybody votes for every checkpoint.
func (n *Node) Final() uint64 { return n.Chain.Head() - 1 }

// TrustPoint implements light.Provider.
func (n *Node) TrustPoint(_ context.Context, epoch uint64) (cert.Trust, error) {
	if n.Down {
		return cert.Trust{}, ErrDown
	}
	if epoch > n.Final() {
		return cert.Trust{}, fmt.Errorf("%w: epoch %d", light.ErrNotFound, epoch)
	}
	trust := n.Chain.Trust(epoch)
	if n.TrustOverride != nil {
		if other, lies := n.TrustOverride(trust); lies {
			return other, nil
		}
	}
	return trust, nil
}

// archived returns the first final epoch of each pair above one.
func (n *Node) archived(pair uint64) (epochs []uint64) {
	for e := uint64(1); e <= n.Final(); e++ {
		at, after := n.Chain.Checkpoints[e], n.Chain.Checkpoints[e+1]
		if at.Pair > pair && at.Pair == after.Pair && (len(epochs) == 0 || n.Chain.Checkpoints[epochs[len(epochs)-1]].Pair < at.Pair) {
			epochs = append(epochs, e)
		}
	}
	return epochs
}

// HandOvers implements light.Provider.
func (n *Node) HandOvers(_ context.Context, pair uint64) ([]cert.HandOver, bool, error) {
	if n.Down {
		return nil, false, ErrDown
	}
	n.hear(pair)
	trusted := uint64(slices.IndexFunc(n.Chain.Checkpoints, func(c ffg.Checkpoint) bool { return c.Pair == pair }))
	var out []cert.HandOver
	for _, epoch := range n.archived(pair) {
		out, trusted = append(out, n.Chain.HandOver(trusted, epoch, epoch+1)), epoch
	}
	return n.answer(out)
}

// Follow implements light.Provider.
func (n *Node) Follow(_ context.Context, epoch uint64) ([]cert.HandOver, bool, error) {
	if n.Down {
		return nil, false, ErrDown
	}
	n.hear(epoch)
	if epoch < n.FirstLink {
		return nil, false, fmt.Errorf("%w: epoch %d is not kept any more, only epochs from %d on", light.ErrNotFound, epoch, n.FirstLink)
	}
	var out []cert.HandOver
	for e := epoch; e < n.Final(); e++ {
		out = append(out, n.Chain.Follow(e, e+2))
	}
	return n.answer(out)
}

func (n *Node) hear(from uint64) {
	if n.Asked != nil {
		n.Asked(from)
	}
}

func (n *Node) answer(all []cert.HandOver) ([]cert.HandOver, bool, error) {
	more := len(all) > n.Page
	if more {
		all = all[:n.Page]
	}
	if n.Damage != nil {
		for i, h := range all {
			all[i] = n.Damage(h)
		}
	}
	return all, more, nil
}

// Certificate implements light.Provider.
func (n *Node) Certificate(ctx context.Context, epoch uint64) (cert.Certificate, error) {
	if n.Down || n.Mute || ctx.Err() != nil {
		return cert.Certificate{}, ErrDown
	}
	return n.certificate(epoch), nil
}

func (n *Node) certificate(epoch uint64) cert.Certificate {
	out := n.Chain.Certificate(epoch, epoch+1)
	if n.Damage != nil {
		out = n.Damage(cert.HandOver{Certificate: out}).Certificate
	}
	return out
}

// Newest implements light.Provider.
func (n *Node) Newest(_ context.Context) (cert.Certificate, error) {
	if n.NewestOverride != nil {
		return n.NewestOverride()
	}
	if n.Down {
		return cert.Certificate{}, ErrDown
	}
	return n.certificate(n.Final()), nil
}

// Consistency implements light.Provider.
func (n *Node) Consistency(ctx context.Context, from, to uint64) ([]ffg.Root, error) {
	if n.Down || n.Mute || ctx.Err() != nil {
		return nil, ErrDown
	}
	at := func(size uint64) uint64 {
		return uint64(slices.IndexFunc(n.Chain.Checkpoints, func(c ffg.Checkpoint) bool { return c.HistorySize == size }))
	}
	return n.Chain.Consistency(at(from), at(to)), nil
}

// Prove implements light.Provider, for blocks only.
func (n *Node) Prove(_ context.Context, request light.Request, epoch uint64, members bool) (cert.Proof, error) {
	if n.Down {
		return cert.Proof{}, ErrDown
	}
	height := request.Height
	if request.Kind != cert.KindBlock || height > n.Chain.Checkpoints[n.Final()].Height {
		return cert.Proof{}, fmt.Errorf("%w: %s", light.ErrNotFound, request)
	}
	proof := cert.Proof{ChainID: n.Chain.ID}
	if trust := n.Chain.Trust(epoch); members {
		proof.Trust = &trust
	}
	under := epoch
	if height > n.Chain.Checkpoints[epoch].Height {
		under = n.Final()
		proof.HandOvers = []cert.HandOver{n.Chain.HandOver(epoch, under, under+1)}
	}
	block := n.Chain.Inclusion(height, under)
	proof.Block = &block
	if n.ChangeProof != nil {
		n.ChangeProof(&proof)
	}
	return proof, nil
}

// Silent is a node that takes requests and never answers, except the first one after the anchor if Gives is true.
type Silent struct {
	*Node
	Gives bool
}

func never[T any](ctx context.Context) (none T, err error) {
	<-ctx.Done()
	return none, context.Cause(ctx)
}

// ChainID implements light.Provider.
func (Silent) ChainID(ctx context.Context) (string, error) { return never[string](ctx) }

// UnbondingTime implements light.Provider.
func (Silent) UnbondingTime(ctx context.Context) (time.Duration, error) {
	return never[time.Duration](ctx)
}

// TrustPoint implements light.Provider.
func (Silent) TrustPoint(ctx context.Context, _ uint64) (cert.Trust, error) {
	return never[cert.Trust](ctx)
}

// Certificate implements light.Provider.
func (Silent) Certificate(ctx context.Context, _ uint64) (cert.Certificate, error) {
	return never[cert.Certificate](ctx)
}

// Prove implements light.Provider.
func (Silent) Prove(ctx context.Context, _ light.Request, _ uint64, _ bool) (cert.Proof, error) {
	return never[cert.Proof](ctx)
}

// Follow implements light.Provider.
func (n Silent) Follow(ctx context.Context, epoch uint64) ([]cert.HandOver, bool, error) {
	if n.Gives && epoch == 0 {
		return n.Node.Follow(ctx, epoch)
	}
	<-ctx.Done()
	return nil, false, ctx.Err()
}

// HandOvers implements light.Provider.
func (n Silent) HandOvers(ctx context.Context, pair uint64) ([]cert.HandOver, bool, error) {
	if n.Gives && pair == 0 {
		return n.Node.HandOvers(ctx, pair)
	}
	<-ctx.Done()
	return nil, false, ctx.Err()
}
