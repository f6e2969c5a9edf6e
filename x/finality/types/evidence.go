package types

import (
	errorsmod "cosmossdk.io/errors"

	sdk "github.com/cosmos/cosmos-sdk/types"
)

var _ sdk.HasValidateBasic = (*MsgSubmitEvidence)(nil)

// ValidateBasic implements sdk.HasValidateBasic: what is wrong in form is refused before anybody pays or works for it.
func (m *MsgSubmitEvidence) ValidateBasic() error { return m.Evidence.Validate() }

// Validate checks the form of evidence: order, lengths and bounds of its lists. Errors: ErrInvalidEvidence.
func (e Evidence) Validate() error {
	if err := e.First.validate(); err != nil {
		return errorsmod.Wrap(err, "first vote")
	}
	if err := e.Second.validate(); err != nil {
		return errorsmod.Wrap(err, "second vote")
	}
	return nil
}

func (v EvidenceVote) validate() error {
	if n := len(v.ForkSigners); n > MaxForkSigners {
		return ErrInvalidEvidence.Wrapf("expected at most %d fork signers, found %d", MaxForkSigners, n)
	}
	for i := 1; i < len(v.Registrations); i++ {
		if before, after := v.Registrations[i-1], v.Registrations[i]; before >= after {
			return ErrInvalidEvidence.Wrapf("registrations: expected strictly ascending, found %d before %d", before, after)
		}
	}
	for i, signer := range v.ForkSigners {
		if i > 0 && v.ForkSigners[i-1].PubKey >= signer.PubKey {
			return ErrInvalidEvidence.Wrapf("fork signers: expected strictly ascending keys, found %s before %s", v.ForkSigners[i-1].PubKey, signer.PubKey)
		}
		if _, err := ParsePossession(signer.Possession); err != nil {
			return ErrInvalidEvidence.Wrapf("fork signer %d: %s", i, err)
		}
		if _, err := ParsePublicKey(signer.PubKey); err != nil {
			return ErrInvalidEvidence.Wrapf("fork signer %d: %s", i, err)
		}
	}
	return nil
}
