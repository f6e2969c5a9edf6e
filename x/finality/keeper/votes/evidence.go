package votes

import (
	"context"
	"errors"
	"fmt"
	"slices"

	errorsmod "cosmossdk.io/errors"
	"cosmossdk.io/math"

	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/keeper/internal/state"
	"github.com/dualchain/dualchain/x/finality/keeper/sets"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Evidence is two conflicting votes for this chain's domain. It names signers by registration, never by position in a set:
// an invented set with a rogue key would frame honest voters (protocol §8). Epochs and roots need not exist here.

// SubmitEvidence slashes the voters guilty of both votes, and pays the reporter of a signed submission.
func (k *Keeper) SubmitEvidence(ctx context.Context, msg *types.MsgSubmitEvidence) (*types.MsgSubmitEvidenceResponse, error) {
	if err := msg.Evidence.Validate(); err != nil {
		return nil, err
	}
	if msg.Submitter == "" {
		if err := checkInjected(msg.Evidence); err != nil {
			return nil, err
		}
	}
	consumeEvidenceGas(ctx, msg.Evidence)
	params, err := k.params(ctx)
	if err != nil {
		return nil, err
	}
	offence, guilty, err := k.judge(ctx, msg.Evidence)
	if err != nil {
		return nil, err
	}
	clock, err := k.sets.Clock(ctx)
	if err != nil {
		return nil, err
	}
	penalty, share := math.ZeroInt(), math.ZeroInt()
	for _, index := range guilty {
		taken, own, err := k.stake.Tombstone(ctx, index, params.SlashFractionEquivocationPpm, clock)
		if err != nil {
			return nil, fmt.Errorf("slash registration %d: %w", index, err)
		}
		penalty = penalty.Add(taken)
		share = share.Add(math.MinInt(types.Fraction(taken, params.ReporterFractionPpm), own))
	}
	reward, err := k.payReporter(ctx, msg.Submitter, share, penalty, params)
	if err != nil {
		return nil, err
	}
	if err := k.stake.Burn(ctx, params.BondDenom, penalty.Sub(reward)); err != nil {
		return nil, err
	}
	id, err := k.recordEvidence(ctx, types.EvidenceRecord{
		Evidence: msg.Evidence, Offence: offence.Kind.String(), Slashed: guilty,
		Submitter: msg.Submitter, Penalty: penalty, Reward: reward, Height: sdk.UnwrapSDKContext(ctx).BlockHeight(),
	})
	if err != nil {
		return nil, err
	}
	return &types.MsgSubmitEvidenceResponse{EvidenceId: id, Slashed: guilty, Reward: sdk.NewCoin(params.BondDenom, reward)},
		state.Emit(ctx, &types.EventEvidenceAccepted{EvidenceId: id, Offence: offence.Kind.String(), Submitter: msg.Submitter})
}

// CheckUnsignedEvidence says whether a proposer may inject this evidence now.
func (k *Keeper) CheckUnsignedEvidence(ctx context.Context, e types.Evidence) error {
	if err := errors.Join(e.Validate(), checkInjected(e)); err != nil {
		return err
	}
	_, _, err := k.judge(ctx, e)
	return err
}

// checkInjected keeps what is free small: one and the same registered voter on each side.
func checkInjected(e types.Evidence) error {
	if len(e.First.ForkSigners)+len(e.Second.ForkSigners) > 0 ||
		len(e.First.Registrations) != 1 || !slices.Equal(e.First.Registrations, e.Second.Registrations) {
		return types.ErrInvalidEvidence.Wrap("unsigned evidence: expected the same single registration on both sides and no fork signers")
	}
	return nil
}

// consumeEvidenceGas charges for what evidence lists before any of it is looked at. Keys that no node has loaded cost more, once
// they are known to be such.
func consumeEvidenceGas(ctx context.Context, e types.Evidence) {
	registered := len(e.First.Registrations) + len(e.Second.Registrations)
	fork := len(e.First.ForkSigners) + len(e.Second.ForkSigners)
	gas := 2*types.GasAggregate + types.GasSigner*uint64(registered) + types.GasForkSigner*uint64(fork)
	sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(gas, "verify evidence")
}

// judge verifies evidence and returns the offence and the registrations to slash: those behind both votes that are not
// tombstoned and have stake left, or power in a set that is kept.
func (k *Keeper) judge(ctx context.Context, e types.Evidence) (*ffg.Offence, []uint64, error) {
	first, err := e.First.Vote.ToFFG()
	if err != nil {
		return nil, nil, errorsmod.Wrap(err, "first vote")
	}
	second, err := e.Second.Vote.ToFFG()
	if err != nil {
		return nil, nil, errorsmod.Wrap(err, "second vote")
	}
	var offence *ffg.Offence
	if err := ffg.Slashable(first, second); !errors.As(err, &offence) {
		return nil, nil, types.ErrNotSlashable.Wrapf("%s and %s", first, second)
	}
	guilty, err := k.guilty(ctx, e)
	if err != nil {
		return nil, nil, err
	}
	voting, err := k.sets.Voting(ctx)
	if err != nil {
		return nil, nil, err
	}
	if err := k.verifyEvidenceVote(ctx, e.First, first, voting); err != nil {
		return nil, nil, errorsmod.Wrap(err, "first vote")
	}
	if err := k.verifyEvidenceVote(ctx, e.Second, second, voting); err != nil {
		return nil, nil, errorsmod.Wrap(err, "second vote")
	}
	return offence, guilty, nil
}

// guilty returns the registrations in both votes that are not tombstoned and can still be slashed, or have power in a kept set: a voter
// that was slashed to nothing for absence still finalizes.
func (k *Keeper) guilty(ctx context.Context, e types.Evidence) ([]uint64, error) {
	var out []uint64
	for _, index := range e.First.Registrations {
		if _, both := slices.BinarySearch(e.Second.Registrations, index); !both {
			continue
		}
		voter, err := k.stake.Voter(ctx, index)
		if err != nil {
			return nil, err
		}
		accountable := voter.Stake().IsPositive()
		if !accountable {
			if accountable, err = k.sets.HasPower(ctx, index); err != nil {
				return nil, fmt.Errorf("read the power of voter %d: %w", index, err)
			}
		}
		if accountable && !voter.Tombstoned {
			out = append(out, index)
		}
	}
	if len(out) == 0 {
		return nil, types.ErrNobodyGuilty
	}
	return out, nil
}

// signer is a signer of evidence: its key as bytes, and parsed if the node has it in a voter set in force.
type signer struct {
	raw    ffg.PublicKey
	parsed *bls.PublicKey
}

// verifyEvidenceVote checks one vote's signature by all its signers, and that those which only a fork registered possess their
// keys: without that, a rogue key would frame whomever the vote names beside it.
func (k *Keeper) verifyEvidenceVote(ctx context.Context, e types.EvidenceVote, vote ffg.Vote, voting sets.Voting) error {
	signature, err := types.ParseSignature(e.Signature)
	if err != nil {
		return err
	}
	signers, err := k.registered(ctx, e, voting)
	if err != nil {
		return err
	}
	claims := make([]possession, len(e.ForkSigners))
	for i, named := range e.ForkSigners {
		s, claim, err := k.forkSigner(ctx, named)
		if err != nil {
			return errorsmod.Wrapf(err, "fork signer %d", i)
		}
		signers, claims[i] = append(signers, s), claim
	}
	if state.Simulated(ctx) {
		return nil
	}
	keys := make([]*bls.PublicKey, len(signers))
	for i, s := range signers {
		if keys[i] = s.parsed; s.parsed == nil {
			if keys[i], err = k.keys.Parse(s.raw); err != nil {
				return types.ErrInvalidKey.Wrap(err.Error())
			}
		}
	}
	if err := bls.VerifyAggregate(keys, vote.SigningRoot(state.Domain(ctx)), signature); err != nil {
		return types.ErrInvalidSignature.Wrap(err.Error())
	}
	for i := range claims { // the most expensive last
		claims[i].key = keys[len(e.Registrations)+i]
	}
	return k.possessed.possessions(claims)
}

// registered returns the signers that are registered here. It charges for those whose keys no node has loaded.
func (k *Keeper) registered(ctx context.Context, e types.EvidenceVote, voting sets.Voting) ([]signer, error) {
	signers := make([]signer, len(e.Registrations))
	for i, index := range e.Registrations {
		voter, err := k.stake.Voter(ctx, index)
		if err != nil {
			return nil, err
		}
		raw, err := types.ParsePublicKey(voter.PubKey)
		if err != nil {
			return nil, err
		}
		parsed := voting.Key(raw)
		if parsed == nil {
			sdk.UnwrapSDKContext(ctx).GasMeter().ConsumeGas(types.GasColdKey, "read a key")
		}
		signers[i] = signer{raw, parsed}
	}
	return signers, nil
}

// forkSigner returns a signer that only a fork registered, with its claim to possess its key.
func (k *Keeper) forkSigner(ctx context.Context, named types.ForkSigner) (signer, possession, error) {
	raw, err := types.ParsePublicKey(named.PubKey)
	if err != nil {
		return signer{}, possession{}, err
	}
	proof, err := types.ParsePossession(named.Possession)
	if err != nil {
		return signer{}, possession{}, err
	}
	operator, err := sdk.AccAddressFromBech32(named.Operator)
	if err != nil {
		return signer{}, possession{}, types.ErrInvalidEvidence.Wrapf("operator: %s", err)
	}
	root, err := ffg.Possession(state.Domain(ctx), operator, raw)
	if err != nil {
		return signer{}, possession{}, types.ErrInvalidEvidence.Wrap(err.Error())
	}
	if _, _, known, err := k.stake.Registration(ctx, raw); err != nil || known {
		return signer{}, possession{}, state.Or(err, types.ErrForkSignerIsKnown, raw.String())
	}
	return signer{raw: raw}, possession{root: root, proof: proof}, nil
}

// payReporter pays the reporter's share and gives the fee back. Proposers that inject evidence get nothing. The share is at most what
// the operators lost of their own stake: nobody gains by reporting itself, through any account (protocol §8).
func (k *Keeper) payReporter(ctx context.Context, submitter string, share, penalty math.Int, params types.Params) (math.Int, error) {
	if submitter == "" {
		return math.ZeroInt(), nil
	}
	addr, err := sdk.AccAddressFromBech32(submitter)
	if err != nil {
		return math.Int{}, types.ErrInvalidEvidence.Wrapf("submitter: %s", err)
	}
	if share.IsPositive() {
		coins := sdk.NewCoins(sdk.NewCoin(params.BondDenom, share))
		if err := k.bank.SendCoinsFromModuleToAccount(ctx, types.ModuleName, addr, coins); err != nil {
			return math.Int{}, fmt.Errorf("pay reporter: %w", err)
		}
	}
	return share, k.refundFee(ctx, penalty, params)
}

// refundFee gives the fee back, as far as the penalty goes: evidence against a voter with next to nothing at stake must not
// make block space free.
func (k *Keeper) refundFee(ctx context.Context, penalty math.Int, params types.Params) error {
	payer, fee, has := types.RefundableFee(ctx)
	refund := math.MinInt(fee.AmountOf(params.BondDenom), penalty)
	if !has || !refund.IsPositive() {
		return nil
	}
	coins := sdk.NewCoins(sdk.NewCoin(params.BondDenom, refund))
	if err := k.bank.SendCoinsFromModuleToAccount(ctx, authtypes.FeeCollectorName, payer, coins); err != nil {
		return fmt.Errorf("refund fee: %w", err)
	}
	return nil
}

func (k *Keeper) recordEvidence(ctx context.Context, r types.EvidenceRecord) (uint64, error) {
	id, err := k.evidenceSeq.Next(ctx)
	if err != nil {
		return 0, fmt.Errorf("take evidence number: %w", err)
	}
	r.Id = id
	if err := k.evidence.Set(ctx, id, r); err != nil {
		return 0, fmt.Errorf("set evidence %d: %w", id, err)
	}
	return id, nil
}
