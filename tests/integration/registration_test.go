package integration

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/testutil/fixture"
	"github.com/dualchain/dualchain/x/finality/types"
)

func TestRegistrationRefusesKeysThatItCannotTrust(t *testing.T) {
	identity := append([]byte{0xc0}, make([]byte, bls.PublicKeySize-1)...)
	rogue := rogueKey(t, 5, fixture.NewVoter(1))
	f := threeVoters(t)
	for _, tc := range []struct {
		name   string
		change func(m *types.MsgRegisterVoter)
		err    error
	}{
		{"identity key", func(m *types.MsgRegisterVoter) { m.PubKey = hex.EncodeToString(identity) }, types.ErrInvalidKey},
		{"not on the curve", func(m *types.MsgRegisterVoter) {
			m.PubKey = "80" + hex.EncodeToString(make([]byte, bls.PublicKeySize-2)) + "01"
		}, types.ErrInvalidKey},
		{"outside the subgroup", func(m *types.MsgRegisterVoter) { m.PubKey = hex.EncodeToString(outsideSubgroup(t)) }, types.ErrInvalidKey},
		{"too short", func(m *types.MsgRegisterVoter) { m.PubKey = m.PubKey[2:] }, types.ErrInvalidKey},
		{"upper case", func(m *types.MsgRegisterVoter) { m.PubKey = "A" + m.PubKey[1:] }, types.ErrInvalidKey},
		{"rogue key", func(m *types.MsgRegisterVoter) { m.PubKey = rogue.String() }, types.ErrInvalidPossession},
		{"key of another voter", func(m *types.MsgRegisterVoter) {
			m.PubKey, m.Possession = fixture.NewVoter(1).Key.String(), possession(fixture.NewVoter(1), 3)
		}, types.ErrKeyUsed},
		{"another voter's proof, for its operator", func(m *types.MsgRegisterVoter) {
			m.PubKey, m.Possession = fixture.NewVoter(4).Key.String(), possession(fixture.NewVoter(4), 4)
		}, types.ErrInvalidPossession},
		{"proof for another chain", func(m *types.MsgRegisterVoter) {
			proof := fixture.NewVoter(3).Possession("elsewhere")
			m.Possession = proof[:]
		}, types.ErrInvalidPossession},
		{"no proof", func(m *types.MsgRegisterVoter) { m.Possession = nil }, types.ErrInvalidPossession},
		{"a proof that is a byte short", func(m *types.MsgRegisterVoter) { m.Possession = m.Possession[1:] }, types.ErrInvalidPossession},
		{"a proof that is a byte long", func(m *types.MsgRegisterVoter) { m.Possession = append(m.Possession, 0) }, types.ErrInvalidPossession},
		{"identity proof", func(m *types.MsgRegisterVoter) {
			m.Possession = append([]byte{0xc0}, make([]byte, bls.SignatureSize-1)...)
		}, types.ErrInvalidPossession},
		{"no bond", func(m *types.MsgRegisterVoter) { m.Amount = fixture.Dual(0) }, types.ErrInvalidAmount},
		{"another coin", func(m *types.MsgRegisterVoter) { m.Amount = sdk.NewInt64Coin("other", 5) }, types.ErrInvalidAmount},
		{"commission above its maximum", func(m *types.MsgRegisterVoter) { m.CommissionPpm, m.MaxCommissionPpm = 2, 1 }, types.ErrInvalidVoter},
		{"maximum above everything", func(m *types.MsgRegisterVoter) { m.MaxCommissionPpm = types.Million + 1 }, types.ErrInvalidVoter},
		{"moniker too long", func(m *types.MsgRegisterVoter) { m.Moniker = strings.Repeat("x", types.MaxMoniker+1) }, types.ErrInvalidVoter},
		{"and then a good one", func(*types.MsgRegisterVoter) {}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			msg := f.In(t).Registers(3, fixture.Dual(1))
			tc.change(msg)
			outcome := f.Do(fixture.Operator(3), msg)
			if tc.err != nil {
				outcome.Fails(tc.err)
				return
			}
			outcome.OK()
			require.Equal(t, uint64(3), f.Registration(3))
			again := f.Registers(4, fixture.Dual(1))
			again.Operator = fixture.Operator(3).String()
			again.Possession = possession(fixture.NewVoter(4), 3)
			f.Do(fixture.Operator(3), again).Fails(types.ErrOperatorTaken)
		})
	}
}

// possession returns a voter's proof for the operator with a number.
func possession(v fixture.Voter, operator int) []byte {
	v.Operator = fixture.Operator(operator)
	proof := v.Possession(fixture.ChainID)
	return proof[:]
}

func TestTheKeyOfAVoterThatLeftStaysUsed(t *testing.T) {
	f := fixture.New(t, fixture.Voters(40, 30), setPeriod(3), unbondingTime(time.Second)).Honest(0, 1).Blocks(1)
	f.Undelegate(fixture.Operator(1), 1, fixture.Dual(30)).OK()
	untilPair(f, 3).Blocks(5)
	require.Empty(t, unbondings(f, fixture.Operator(1)))
	msg := f.Registers(2, fixture.Dual(1))
	msg.PubKey, msg.Possession = fixture.NewVoter(1).Key.String(), possession(fixture.NewVoter(1), 2)
	f.Do(fixture.Operator(2), msg).Fails(types.ErrKeyUsed)
}
