package main

import (
	"fmt"

	abci "github.com/cometbft/cometbft/abci/types"
	blst "github.com/supranational/blst/bindings/go"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/gossip"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// prepareReps is how often PrepareProposal is measured. Another vote comes in before each, so that the aggregate is new to the node.
const prepareReps = 9

// measurePrepare measures PrepareProposal over a pool that holds the votes of almost all voters for the head, none of which a tally
// has.
func measurePrepare(voters []voter, bare int64) ([]row, error) {
	c, err := start(voters, settings{interval: 1, setPeriod: never, eraLength: never})
	if err != nil {
		return nil, err
	}
	ctx, err := c.ctx()
	if err != nil {
		return nil, err
	}
	target, err := c.app.FinalityKeeper.OpenTarget(ctx, 1)
	if err != nil {
		return nil, err
	}
	var samples []sample
	for i, v := range voters {
		if err := c.hear(target, i, v); err != nil {
			return nil, err
		}
		if len(voters)-i > prepareReps {
			continue
		}
		s, signers, err := c.prepare()
		if err != nil {
			return nil, err
		}
		if signers != i+1 {
			return nil, fmt.Errorf("prepare a proposal: expected the votes of %d voters, found %d", i+1, signers)
		}
		samples = append(samples, s)
	}
	return []row{table{voters: len(voters), bare: bare}.row("prepare_proposal", median(samples))}, nil
}

// hear lets the node receive the vote of the voter at a position.
func (c *chain) hear(target finalitytypes.OpenTarget, position int, v voter) error {
	root := target.Vote.SigningRoot(ffg.Domain(chainID))
	signature := ffg.Signature(new(blst.P2Affine).Sign(v.secret, root[:], signatureTag).Compress())
	pack, err := gossip.Pack{
		Vote: target.Vote, SetHash: target.SetHash, Parts: []gossip.Part{{Position: uint32(position), Signature: signature}},
	}.Encode()
	if err != nil {
		return err
	}
	answer, err := c.app.CheckTx(&abci.RequestCheckTx{Tx: pack, Type: abci.CheckTxType_New})
	if err != nil {
		return err
	}
	if answer.Code != 0 {
		return fmt.Errorf("vote of voter %d: %s", position, answer.Log)
	}
	return nil
}

// prepare measures PrepareProposal of the next block without ordinary transactions. It returns the number of signers of the votes in it.
func (c *chain) prepare() (s sample, signers int, err error) {
	req := c.request(nil)
	var resp *abci.ResponsePrepareProposal
	s, err = measure(func() (err error) {
		resp, err = c.app.PrepareProposal(&abci.RequestPrepareProposal{
			MaxTxBytes: 1 << 20, Height: req.Height, Time: req.Time, ProposerAddress: req.ProposerAddress,
		})
		return err
	})
	if err != nil {
		return s, 0, err
	}
	for _, tx := range resp.Txs {
		msg, _, err := finalitytypes.DecodeUnsigned(tx)
		if err != nil {
			return s, 0, err
		}
		if votes, ok := msg.(*finalitytypes.MsgSubmitVotes); ok {
			signers += ffg.Bitfield(votes.Votes.Signers).Count()
		}
	}
	return s, signers, nil
}
