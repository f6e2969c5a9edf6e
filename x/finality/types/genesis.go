package types

import (
	"math/big"
	"slices"

	"cosmossdk.io/math"

	"github.com/dualchain/dualchain/core/ffg"
)

// DefaultGenesis returns the genesis of a new chain without voters.
func DefaultGenesis() *GenesisState { return &GenesisState{Params: DefaultParams()} }

// Validate checks the state without the store: bounds, density, unique keys and operators, and that shares add up.
// Proofs of possession and balances are checked by InitGenesis, which knows the chain.
func (g GenesisState) Validate() error {
	if err := g.Params.Validate(); err != nil {
		return err
	}
	if err := g.validateVoters(); err != nil {
		return err
	}
	if err := g.validateUnbondings(); err != nil {
		return err
	}
	if err := g.ValidateShares(); err != nil {
		return err
	}
	for i, e := range g.Evidence {
		if e.Id != uint64(i) {
			return ErrInvalidGenesis.Wrapf("evidence: expected id %d, found %d", i, e.Id)
		}
	}
	if g.Running == nil {
		return nil
	}
	if err := g.Running.validate(); err != nil {
		return err
	}
	return g.validateRegistrations()
}

// validateRegistrations checks that sets and scores name voters by their registrations. A block that settles an era looks them up,
// and could not continue without one.
func (g GenesisState) validateRegistrations() error {
	for _, set := range append(slices.Clone(g.Running.Sets), g.Running.Next) {
		for _, m := range set.Members {
			if m.Registration >= uint64(len(g.Voters)) || g.Voters[m.Registration].PubKey != m.PubKey {
				return ErrInvalidGenesis.Wrapf("sets: expected key %s to be that of voter %d, found another or no such voter", m.PubKey, m.Registration)
			}
		}
	}
	for _, score := range g.Running.Scores {
		if score.Registration >= uint64(len(g.Voters)) {
			return ErrInvalidGenesis.Wrapf("scores: expected a voter below %d, found %d", len(g.Voters), score.Registration)
		}
	}
	return nil
}

func (g GenesisState) validateVoters() error {
	operators, keys := map[string]bool{}, map[string]bool{}
	for i, v := range g.Voters {
		if v.Index != uint64(i) {
			return ErrInvalidGenesis.Wrapf("voters: expected index %d, found %d", i, v.Index)
		}
		if operators[v.Operator] {
			return ErrInvalidGenesis.Wrapf("voter %d: operator %s is registered twice", i, v.Operator)
		}
		if keys[v.PubKey] {
			return ErrInvalidGenesis.Wrapf("voter %d: key %s is registered twice", i, v.PubKey)
		}
		operators[v.Operator], keys[v.PubKey] = true, true
		if _, err := ParsePublicKey(v.PubKey); err != nil {
			return ErrInvalidGenesis.Wrapf("voter %d: %s", i, err)
		}
		if err := ValidateDescription(v.Moniker, v.Website); err != nil {
			return ErrInvalidGenesis.Wrapf("voter %d: %s", i, err)
		}
		if err := v.validateCommission(); err != nil {
			return ErrInvalidGenesis.Wrapf("voter %d: %s", i, err)
		}
		pools := []Pool{v.Bonded, v.Unbonding}
		for _, j := range v.Joining {
			pools = append(pools, j.Pool)
		}
		for _, p := range pools {
			if err := p.Validate(); err != nil {
				return ErrInvalidGenesis.Wrapf("voter %d: %s", i, err)
			}
		}
		if _, err := g.Params.Power(v.BondedTokens()); err != nil {
			return ErrInvalidGenesis.Wrapf("voter %d: %s", i, err)
		}
	}
	for _, p := range g.Possessions {
		if p.VoterIndex >= uint64(len(g.Voters)) {
			return ErrInvalidGenesis.Wrapf("possessions: expected a voter below %d, found %d", len(g.Voters), p.VoterIndex)
		}
		if _, err := ParsePossession(p.Possession); err != nil {
			return ErrInvalidGenesis.Wrapf("possession of voter %d: %s", p.VoterIndex, err)
		}
	}
	return nil
}

func (g GenesisState) validateUnbondings() error {
	for _, u := range g.Unbondings {
		if u.Id >= g.NextUnbondingId {
			return ErrInvalidGenesis.Wrapf("unbonding: expected an id below %d, found %d", g.NextUnbondingId, u.Id)
		}
		if (u.Clock == 0) != (u.CompletionTime != nil) {
			return ErrInvalidGenesis.Wrapf("unbonding %d: expected a completion time with clock 0 alone, found clock %d", u.Id, u.Clock)
		}
	}
	return nil
}

func (r RunningState) validate() error {
	if len(r.Pairs) == 0 {
		return ErrInvalidGenesis.Wrap("pairs: expected at least one, found none")
	}
	sets := map[ffg.Root]bool{}
	for i, set := range r.Sets {
		stitched, err := set.Stitched()
		if err != nil {
			return ErrInvalidGenesis.Wrapf("set %d: %s", i, err)
		}
		sets[stitched.Hash()] = true
	}
	next, err := r.Next.Side()
	if err != nil {
		return ErrInvalidGenesis.Wrapf("next set: %s", err)
	}
	for i, p := range r.Pairs {
		if p.Index != r.Pairs[0].Index+uint64(i) {
			return ErrInvalidGenesis.Wrapf("pairs: expected index %d, found %d", r.Pairs[0].Index+uint64(i), p.Index)
		}
		voters, _, err := p.Hashes()
		if err != nil {
			return ErrInvalidGenesis.Wrap(err.Error())
		}
		if !sets[voters] {
			return ErrInvalidGenesis.Wrapf("pair %d: its set %s is not among the sets", p.Index, voters)
		}
	}
	if expected, hash := r.Pairs[len(r.Pairs)-1].NextVoterSetHash, next.Hash().String(); hash != expected {
		return ErrInvalidGenesis.Wrapf("next set: expected hash %s, found %s", expected, hash)
	}
	for _, t := range r.Tallies {
		if _, err := ParseSignature(t.Tally.Signature); err != nil || len(t.Tally.Signers) == 0 {
			return ErrInvalidGenesis.Wrapf("tally of epoch %d: expected signers and a signature of %d bytes, found %d and %d bytes",
				t.Epoch, len(ffg.Signature{}), len(t.Tally.Signers), len(t.Tally.Signature))
		}
	}
	for _, validate := range []func() error{r.validateArchive, r.validateClocks, r.validateEras, r.validateSettlement} {
		if err := validate(); err != nil {
			return err
		}
	}
	return nil
}

func (r RunningState) validateSettlement() error {
	if (r.Settlement == nil) != (len(r.Scores) == 0) {
		return ErrInvalidGenesis.Wrapf("settlement: expected one with scores or neither, found %d scores", len(r.Scores))
	}
	if r.Settlement == nil {
		return nil
	}
	for _, amount := range []math.Int{r.Settlement.Reward, r.Settlement.Total} {
		if amount.IsNil() || amount.IsNegative() || amount.BigInt().BitLen() > maxTokenBits {
			return ErrInvalidGenesis.Wrapf("settlement of era %d: expected amounts from 0 to %d bits, found %s", r.Settlement.Era.Index, maxTokenBits, amount)
		}
	}
	signed := new(big.Int)
	for i, score := range r.Scores {
		if i > 0 && score.Registration <= r.Scores[i-1].Registration {
			return ErrInvalidGenesis.Wrapf("scores: expected registrations in ascending order, found %d before %d",
				r.Scores[i-1].Registration, score.Registration)
		}
		for _, w := range score.Signed {
			signed.Add(signed, new(big.Int).Mul(new(big.Int).SetUint64(w.Weight), new(big.Int).SetUint64(w.Epochs)))
		}
	}
	if signed.Cmp(r.Settlement.Total.BigInt()) > 0 {
		return ErrInvalidGenesis.Wrapf("settlement of era %d: expected signed weights of %s at most, the total, found %s",
			r.Settlement.Era.Index, r.Settlement.Total, signed)
	}
	return nil
}

// Bounds of a voter's description, in bytes.
const (
	MaxMoniker = 70
	MaxWebsite = 140
)

// ValidateDescription checks the lengths of what a voter says of itself, and that it has no control or direction characters.
func ValidateDescription(moniker, website string) error {
	if len(moniker) > MaxMoniker || len(website) > MaxWebsite {
		return ErrInvalidVoter.Wrapf("description: expected moniker and website of at most %d and %d bytes, found %d and %d",
			MaxMoniker, MaxWebsite, len(moniker), len(website))
	}
	err := checkText("moniker", moniker)
	if err == nil {
		err = checkText("website", website)
	}
	if err != nil {
		return ErrInvalidVoter.Wrapf("description: %s", err)
	}
	return nil
}

// ValidateCommission checks commission ≤ maximum ≤ 1,000,000 ppm, and the bound of a change likewise.
func ValidateCommission(commission, maximum, change uint32) error {
	if maximum > Million || commission > maximum || change > Million {
		return ErrInvalidVoter.Wrapf("commission: expected commission_ppm ≤ max_commission_ppm ≤ %d and max_commission_change_ppm ≤ %d, found %d, %d and %d",
			Million, Million, commission, maximum, change)
	}
	return nil
}

func (v Voter) validateCommission() error {
	if err := ValidateCommission(v.CommissionPpm, v.MaxCommissionPpm, v.MaxCommissionChangePpm); err != nil {
		return err
	}
	for i, c := range v.CommissionChanges {
		if i > 0 && c.FromEra <= v.CommissionChanges[i-1].FromEra {
			return ErrInvalidVoter.Wrapf("commission changes: expected ascending eras, found %d before %d", v.CommissionChanges[i-1].FromEra, c.FromEra)
		}
		if err := ValidateCommission(c.CommissionPpm, v.MaxCommissionPpm, v.MaxCommissionChangePpm); err != nil {
			return err
		}
	}
	return nil
}
