package cert_test

import (
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

// What is promised: less than 800 bytes with 1,000 voters.
func TestCertificateIsSmall(t *testing.T) {
	voters := certtest.NewVoters(1000)
	powers := slices.Repeat([]uint64{7}, 1000)
	c := certtest.New("small", voters, voters.Side(powers...))
	c.Extend(2, 999)
	raw, err := c.Certificate(1, 2).Encode()
	require.NoError(t, err)
	require.Less(t, len(raw), 800)
	require.NoError(t, cert.Verify(c.Certificate(1, 2), c.Domain(), c.Pair(1), false))
}

// A hand-over that changes a voter costs the certificate and that voter.
func TestHandOverIsSmall(t *testing.T) {
	r := newRotation()
	first := r.hops(1)[0]
	certificate, err := first.Certificate.Encode()
	require.NoError(t, err)
	handOver, err := first.Encode()
	require.NoError(t, err)
	require.Equal(t, len(certificate)+1+4+56, len(handOver))
}

func TestLinksFromAggregates(t *testing.T) {
	s := newStory()
	link := s.Links[s.plain]
	require.Equal(t, link, cert.NewLink(link.Target, ffg.AggregateVote{
		Vote: link.Vote(), VoterSetHash: link.Target.VoterSetHash, Signers: link.Signers, Signature: link.Signature,
	}))
}

func TestFinalizedKnowsOnlyTheCertificate(t *testing.T) {
	s := newStory()
	final, ok := s.Certificate(0, s.skipped+2).Finalized()
	require.True(t, ok)
	require.Equal(t, s.Checkpoints[s.skipped+1], final)
	for name, c := range map[string]cert.Certificate{
		"no links":         {First: s.Checkpoints[1]},
		"source before":    s.Certificate(s.late+1, s.late+3),
		"last link absent": s.Certificate(s.skipped-1, s.skipped),
	} {
		_, ok := c.Finalized()
		require.False(t, ok, name)
	}
}

func TestNewTrustChecksMembers(t *testing.T) {
	r := newRotation()
	genuine := r.Trust(0)
	trust, err := cert.NewTrust(genuine.Checkpoint, genuine.Voters, genuine.Next)
	require.NoError(t, err)
	require.Equal(t, genuine, trust)
	_, err = cert.NewTrust(genuine.Checkpoint, genuine.Voters, r.Next(r.first[1]))
	requireStep(t, cert.StepTrust, err)
}

// What a proof brings along is trusted for its root alone.
func TestTrustAtARoot(t *testing.T) {
	r := newRotation()
	trust := r.Trust(0)
	p := cert.Proof{Trust: &trust}
	found, err := p.TrustAt(trust.Checkpoint.Ref())
	require.NoError(t, err)
	require.Equal(t, trust, found)
	trust.Next = r.Next(r.first[1])
	_, err = p.TrustAt(trust.Checkpoint.Ref())
	requireStep(t, cert.StepTrust, err)
	_, err = p.TrustAt(r.Checkpoints[1].Ref())
	require.ErrorContains(t, err, "expected the checkpoint of epoch 1 with root "+r.Checkpoints[1].Root().String())
}

func TestBlocksOutsideSayWhereTheyHaveToBe(t *testing.T) {
	l := newLedger(t)
	for _, height := range []uint64{0, ledgerHeight + 1, math.MaxUint64} {
		err := cert.BlockProof{Height: height}.Verify(l.head)
		requireStep(t, cert.StepInclusion, err)
		require.ErrorContains(t, err, "expected one of the 9 blocks up to height 9, found")
	}
}

func TestPairsRefuseWhatIsNoSet(t *testing.T) {
	voters, next := newRotation().Set(0), newRotation().Next(0)
	_, err := cert.NewPair(nil, next, nil)
	require.ErrorIs(t, err, ffg.ErrNoPower)
	_, err = cert.NewPair(voters, ffg.Side{}, nil)
	require.ErrorIs(t, err, ffg.ErrNoPower)
	_, err = cert.NewPair(append(voters, ffg.Voter{Key: identityKey, Rear: 1}), next, nil)
	require.ErrorIs(t, err, bls.ErrIdentity)
}

// Time is the caller's to give, and so is how long trust lasts.
func TestTrustExpires(t *testing.T) {
	r := newRotation()
	trust := r.Trust(3)
	at := time.UnixMilli(int64(trust.Checkpoint.Time))
	for name, test := range map[string]struct {
		now       time.Time
		unbonding time.Duration
		expired   bool
	}{
		"as old as allowed":                {at.Add(time.Hour), time.Hour, false},
		"a millisecond older":              {at.Add(time.Hour + time.Millisecond), time.Hour, true},
		"no unbonding time":                {at.Add(time.Millisecond), 0, true},
		"a negative unbonding time":        {at.Add(time.Millisecond), -time.Hour, true},
		"no time given":                    {time.Time{}, time.Hour, true},
		"a clock that stands before 1970":  {time.UnixMilli(-1), time.Hour, true},
		"a clock that begins":              {time.UnixMilli(0), time.Hour, true},
		"a clock at the end of all clocks": {time.UnixMilli(math.MaxInt64), time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := cert.VerifyChain(r.Domain(), trust, nil, cert.Options{Now: test.now, UnbondingTime: test.unbonding})
			if !test.expired {
				require.NoError(t, err)
				return
			}
			requireStep(t, cert.StepExpired, err)
			require.ErrorIs(t, err, cert.ErrExpired)
		})
	}
	_, _, err := cert.VerifyChain(r.Domain(), trust, nil, cert.Options{Now: at.Add(90 * time.Second), UnbondingTime: time.Minute})
	require.ErrorContains(t, err, "is 90 s old, expected at most 60 s; take a newer one")
}

// A checkpoint from the future would be trusted for longer than the unbonding time, be it given or reached.
func TestNoCheckpointIsFromTheFuture(t *testing.T) {
	r := newRotation()
	const from, to = 3, 4
	verify := func(o cert.Options, handOvers ...cert.HandOver) error {
		o.UnbondingTime = time.Hour
		_, _, err := cert.VerifyChain(r.Domain(), r.Trust(from), handOvers, o)
		return err
	}
	for name, drift := range map[string]time.Duration{"as clocks drift": 0, "a negative drift": -time.Hour, "a given drift": time.Minute} {
		t.Run(name, func(t *testing.T) {
			allowed := drift
			if drift <= 0 {
				allowed = cert.DefaultClockDrift
			}
			for epoch, handOvers := range map[uint64][]cert.HandOver{from: nil, to: {r.Follow(from, to+1)}} {
				bound := time.UnixMilli(int64(r.Checkpoints[epoch].Time)).Add(-allowed)
				require.NoError(t, verify(cert.Options{Now: bound, ClockDrift: drift}, handOvers...))
				err := verify(cert.Options{Now: bound.Add(-time.Millisecond), ClockDrift: drift}, handOvers...)
				requireStep(t, cert.StepFuture, err)
				require.ErrorIs(t, err, cert.ErrFuture)
			}
		})
	}
	err := verify(cert.Options{Now: time.UnixMilli(int64(r.Checkpoints[from].Time)).Add(-time.Minute)})
	require.ErrorContains(t, err, "that of epoch 3 by 60 s, expected at most 10 s; set the clock")
}

func TestErrorsSayWhichHandOverAndCheckpoint(t *testing.T) {
	r := newRotation()
	hops := r.hops(1, 2)
	hops[1].Certificate.Links[0].Signers = ffg.NewBitfield(100)
	reached, verified, err := cert.VerifyChain(r.Domain(), r.Trust(0), hops, r.fresh(0))
	require.Equal(t, 1, verified)
	require.Equal(t, r.Trust(r.first[1]), reached)
	require.ErrorContains(t, err, "hand-over 1: signers, checkpoint 1: ")
	require.ErrorIs(t, err, ffg.ErrBitfieldLength)
	_, typed := cert.FailedStep(errors.New("another"))
	require.False(t, typed)
}

// Changes that were made to another set say so, and the same set in full helps.
func TestChangesToAnotherSet(t *testing.T) {
	r := newRotation()
	hop := r.hops(1)[0]
	hop.Next = cert.Diff(r.Voters.Side(10, 10, 10, 9), r.Next(r.first[1]))
	_, _, err := cert.VerifyChain(r.Domain(), r.Trust(0), []cert.HandOver{hop}, r.fresh(0))
	requireStep(t, cert.StepNext, err)
	require.ErrorIs(t, err, cert.ErrBase)
	hop.Next = cert.Full(r.Next(r.first[1]))
	_, _, err = cert.VerifyChain(r.Domain(), r.Trust(0), []cert.HandOver{hop}, r.fresh(0))
	require.NoError(t, err)
}

// A client that starts in the middle reaches the same checkpoint as one that starts at the anchor, in either mode.
func TestAllWaysLeadToTheSameTrust(t *testing.T) {
	r := newRotation()
	last := r.first[8]
	skipped, _, err := cert.VerifyChain(r.Domain(), r.Trust(0), r.hops(changes...), r.fresh(0))
	require.NoError(t, err)
	require.Equal(t, r.Trust(last), skipped)

	var follow []cert.HandOver
	for epoch := r.first[3]; epoch < last; epoch++ {
		follow = append(follow, r.Follow(epoch, epoch+2))
	}
	o := r.fresh(r.first[3])
	o.Mode = cert.Following
	followed, verified, err := cert.VerifyChain(r.Domain(), r.Trust(r.first[3]), follow, o)
	require.NoError(t, err)
	require.Equal(t, len(follow), verified)
	require.Equal(t, skipped, followed)
}

// fresh returns options under which the trust in an epoch has just begun.
func (r rotation) fresh(epoch uint64) cert.Options {
	return cert.Options{Now: time.UnixMilli(int64(r.Checkpoints[epoch].Time)), ClockDrift: time.Hour}
}

func TestErrorsOfNoCheckpointNameNone(t *testing.T) {
	err := &cert.StepError{Step: cert.StepTx, Err: cert.ErrEncoding}
	require.Equal(t, "tx: "+cert.ErrEncoding.Error(), err.Error())
	err.Index = 1
	require.Equal(t, "tx, checkpoint 1: "+cert.ErrEncoding.Error(), err.Error())
}

func TestModesHaveNames(t *testing.T) {
	require.Equal(t, "skipping", cert.Skipping.String())
	require.Equal(t, "following", cert.Following.String())
}
