// Package overview puts together what an operator asks about a voter: what its chain knows of each key, what slashing
// protection remembers, and what the running client says. A source that doesn't answer leaves a gap, with the reason.
package overview

import (
	"context"
	"time"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/command"
	"github.com/dualchain/dualchain/voter/monitor"
)

// Overview is everything, for all keys of a voter.
type Overview struct {
	ChainID string   `json:"chain_id"`
	Chain   *Heads   `json:"chain"`  // null if the node doesn't answer
	Client  *Client  `json:"client"` // null if it doesn't run, or serves no [monitor]
	Voters  []Voter  `json:"voters"`
	Gaps    []string `json:"gaps"` // what could not be found out, and why
}

// Heads are the heads of the chain as the node has them.
type Heads struct {
	Height    uint64    `json:"height"`
	Time      time.Time `json:"time"`
	Epoch     uint64    `json:"epoch"`
	Justified uint64    `json:"justified"`
	Finalized uint64    `json:"finalized"`
}

// Client is the running client's opinion of itself.
type Client struct {
	Healthy bool               `json:"healthy"`
	Reasons []monitor.Standing `json:"reasons"`
	Nodes   []monitor.Node     `json:"nodes"`
}

// Voter is one key.
type Voter struct {
	PublicKey     string             `json:"public_key"`
	Name          string             `json:"name,omitempty"` // of the key in this home
	Protection    *Protection        `json:"protection"`     // null if it can't be read: the client has it open
	Client        *monitor.KeyStatus `json:"client"`         // null if the client doesn't vote with it
	Registration  *Registration      `json:"registration"`   // null if the chain doesn't know the key
	Participation *Participation     `json:"participation"`  // in the open era; null before the first checkpoint
}

// Protection is what slashing protection remembers of a key.
type Protection struct {
	Latest  uint64 `json:"latest_epoch"` // the newest target approved, 0 if none
	Retired bool   `json:"retired"`      // moved to another machine
}

// Registration is the voter as its chain has it. Amounts are in the bond denom's smallest unit.
type Registration struct {
	Index           uint64     `json:"index"`
	Operator        string     `json:"operator"`
	Moniker         string     `json:"moniker"`
	State           string     `json:"state"` // eligible, waiting, jailed or tombstoned
	Rear            uint64     `json:"rear"`  // powers in the sets in force, and in the one after
	Current         uint64     `json:"current"`
	Next            uint64     `json:"next"`
	JailedUntil     *time.Time `json:"jailed_until"` // null unless jailed; the earliest time for unjailing
	AccountableFrom uint64     `json:"accountable_from_epoch"`
	Stake           Stake      `json:"stake"`
}

// Stake is where rewards go: commission to the operator's account when an era is settled, the rest into the pool, so that
// every delegation, the operator's own too, is worth more.
type Stake struct {
	Denom         string `json:"denom"`
	Pool          string `json:"pool"`             // all that is bonded with the voter
	Own           string `json:"own_delegation"`   // what the operator's own part is worth
	Balance       string `json:"operator_balance"` // on the operator's account, commissions included
	CommissionPpm uint32 `json:"commission_ppm"`
}

// Participation is in the open era, so far.
type Participation struct {
	Era         uint64 `json:"era"`
	FirstEpoch  uint64 `json:"first_epoch"`
	Epochs      uint64 `json:"epochs"`      // in which the voter had weight
	Recorded    uint64 `json:"recorded"`    // of which the chain has its vote
	Pending     uint64 `json:"pending"`     // of which it may still come
	Ppm         uint32 `json:"ppm"`         // of the weight
	MinimumPpm  uint32 `json:"minimum_ppm"` // below it the voter may be jailed
	Accountable bool   `json:"accountable"` // whether absence in this era counts
}

// Key is one key to tell of.
type Key struct {
	Public     ffg.PublicKey
	Name       string
	Protection *Protection
}

// Collect asks the first of the nodes that answers about the keys, and adds what the client says, which may be nil. It
// returns no error: what is missing is among the gaps.
func Collect(ctx context.Context, chainID string, keys []Key, client *monitor.Status, nodes []Chain) Overview {
	out := Overview{ChainID: chainID, Voters: []Voter{}, Gaps: []string{}}
	if client != nil {
		out.Client = &Client{Healthy: client.Healthy, Reasons: client.Reasons, Nodes: client.Nodes}
	}
	var chain Chain
	for _, chain = range nodes {
		heads, err := chain.heads(ctx, chainID)
		if err == nil {
			out.Chain = heads
			break
		}
		out.gap("node "+chain.address, err)
	}
	for _, key := range keys {
		v := Voter{PublicKey: key.Public.String(), Name: key.Name, Protection: key.Protection, Client: ofClient(client, key.Public)}
		var err error
		if out.Chain != nil {
			if v.Registration, err = chain.registration(ctx, v.PublicKey); err != nil {
				out.gap("registration of "+v.PublicKey, err)
			}
		}
		if v.Registration != nil {
			if v.Participation, err = chain.participation(ctx, v.PublicKey); err != nil {
				out.gap("participation of "+v.PublicKey, err)
			}
		}
		out.Voters = append(out.Voters, v)
	}
	return out
}

func (o *Overview) gap(what string, err error) {
	o.Gaps = append(o.Gaps, what+": "+command.InWords(nil, err).Error())
}

func ofClient(client *monitor.Status, key ffg.PublicKey) *monitor.KeyStatus {
	if client == nil {
		return nil
	}
	for _, k := range client.Keys {
		if k.PublicKey == key.String() {
			return &k
		}
	}
	return nil
}
