package cert_test

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

const vectorChain = "dualchain-vectors-1"

// story is a chain in which everything that certificates speak of happens once. Epochs are named by what they show.
type story struct {
	*certtest.Chain
	plain     uint64 // final by k = 1
	late      uint64 // final by k = 3: a link to late + 3, and links to those between, from before
	skipped   uint64 // never justified, between others that are
	crossing  uint64 // final by a link into the next pair
	lastEpoch uint64
}

// newStory has five voters of equal power, so that four are a quorum and three are not.
func newStory() story {
	voters := certtest.NewVoters(8)
	s := story{Chain: certtest.New(vectorChain, voters, voters.Side(10, 10, 10, 10, 10))}
	s.plain = s.Extend(3, 4) - 1 // one voter is absent
	// Four more are proposed before any of them is voted on. Then votes arrive for all, from where each was proposed.
	s.late = s.Extend(1)
	for range 3 {
		s.Propose()
	}
	s.Vote(s.late-1, s.late+1)
	s.Vote(s.late-1, s.late+2)
	s.Vote(s.late, s.late+3)
	s.skipped = s.Propose()
	s.Propose()
	s.Vote(s.skipped-1, s.skipped+1)
	s.Extend(2)
	s.crossing = s.Head()
	s.Install(voters.Side(10, 10, 10, 10, 10, 10))
	s.Extend(2)
	s.lastEpoch = s.Head()
	return s
}

// certificateInput verifies a certificate by the pair of its first checkpoint.
func (s story) certificateInput(first uint64, d *document) input {
	return input{ChainID: vectorChain, Voters: s.Set(first), Next: s.Next(first), Certificate: d}
}

func certificateVectors(t *testing.T) (out []vector) {
	s := newStory()
	add := func(name string, in input, e expect) {
		out = append(out, vector{Name: name, Op: "verify_certificate", Input: in, Expect: e})
	}
	final := func(epoch uint64) expect {
		ref := s.Checkpoints[epoch].Ref()
		return expect{OK: true, Final: &ref}
	}
	plain := func(name string, from, to, finalized uint64) {
		add(name, s.certificateInput(from, certtest.Both(s.Certificate(from, to))), final(finalized))
	}
	plain("k = 1, one of five absent", s.plain, s.plain+1, s.plain)
	plain("k = 3, links between from before the final checkpoint", s.late, s.late+3, s.late)
	plain("into the next pair", s.crossing, s.crossing+1, s.crossing)
	plain("in the next pair", s.crossing+1, s.crossing+2, s.crossing+1)
	plain("followed from the anchor, over a checkpoint that was never justified", 0, s.skipped+2, s.skipped+1)
	unknownNext := s.certificateInput(s.plain, certtest.InBinary(s.Certificate(s.plain, s.plain+1)))
	unknownNext.Next = nil
	add("in one pair, its next set unknown", unknownNext, final(s.plain))
	degraded := s.Fork()
	degraded.Degrade()
	degraded.Extend(2)
	d := degraded.Head()
	allowed := s.certificateInput(s.plain, certtest.InBinary(degraded.Certificate(d-1, d)))
	allowed.Voters, allowed.Next, allowed.AllowDegraded = degraded.Set(d), degraded.Next(d), true
	ref := degraded.Checkpoints[d-1].Ref()
	add("degraded, allowed", allowed, expect{OK: true, Final: &ref})
	out = append(out, powerVectors()...)
	out = append(out, bitfieldVectors()...)
	out = append(out, joiningVectors()...)
	out = append(out, wrappedVectors(s)...)
	out = append(out, cancelVectors(s)...)
	return append(out, forgedCertificates(t, s)...)
}

// forgedCertificates are refused for one reason each: what was changed is signed again by all who did, unless the
// signature is what is wrong.
func forgedCertificates(t *testing.T, s story) (out []vector) {
	add := func(name string, step cert.Step, in input) {
		out = append(out, vector{Name: name, Op: "verify_certificate", Input: in, Expect: expect{Error: step}})
	}
	forge := func(name string, step cert.Step, from, to uint64, change func(*cert.Certificate)) {
		c := s.Certificate(from, to)
		change(&c)
		add(name, step, s.certificateInput(from, certtest.InJSON(c)))
	}
	// Checkpoints that do not follow, voted for by everybody.
	target := func(name string, step cert.Step, change func(*ffg.Checkpoint)) {
		forge(name, step, s.plain, s.plain+1, func(c *cert.Certificate) {
			change(&c.Links[0].Target)
			c.Links[0] = s.Sign(c.First.Ref(), c.Links[0].Target, s.Set(s.plain))
		})
	}
	target("target's parent is another", cert.StepExtends, func(c *ffg.Checkpoint) { c.ParentRoot[0] ^= 1 })
	target("target leaves out an epoch", cert.StepExtends, func(c *ffg.Checkpoint) { c.Epoch++ })
	target("target's height does not grow", cert.StepExtends, func(c *ffg.Checkpoint) { c.Height--; c.HistorySize-- })
	target("target is earlier", cert.StepExtends, func(c *ffg.Checkpoint) { c.Time = s.Checkpoints[s.plain].Time - 1 })
	target("target's history is a block too long", cert.StepExtends, func(c *ffg.Checkpoint) { c.HistorySize++ })
	target("target has other voters in the same pair", cert.StepExtends, func(c *ffg.Checkpoint) { c.VoterSetHash[0] ^= 1 })
	target("target has another next set in the same pair", cert.StepExtends, func(c *ffg.Checkpoint) { c.NextVoterSetHash[0] ^= 1 })
	target("target is two pairs on", cert.StepExtends, func(c *ffg.Checkpoint) { c.Pair += 2 })
	target("target is a pair back", cert.StepExtends, func(c *ffg.Checkpoint) { c.Pair-- })
	fork := certtest.New(vectorChain, s.Voters, s.Next(0)).Fork()
	fork.Extend(int(s.plain) + 1)
	target("target is on another fork", cert.StepExtends, func(c *ffg.Checkpoint) { *c = fork.Checkpoints[s.plain+1] })
	target("target is degraded", cert.StepDegraded, func(c *ffg.Checkpoint) { c.Degraded = true })
	target("target has a later anchor", cert.StepAnchor, func(c *ffg.Checkpoint) { c.Anchor = c.Epoch })
	forge("first has a later anchor", cert.StepAnchor, s.plain, s.plain+1, func(c *cert.Certificate) {
		c.First.Anchor = s.plain
		c.Links[0].Target.ParentRoot = c.First.Root()
		c.Links[0] = s.Sign(c.First.Ref(), c.Links[0].Target, s.Set(s.plain))
	})
	forge("first is degraded", cert.StepDegraded, s.plain, s.plain+1, func(c *cert.Certificate) {
		c.First.Degraded = true
		c.Links[0].Target.Degraded, c.Links[0].Target.ParentRoot = true, c.First.Root()
		c.Links[0] = s.Sign(c.First.Ref(), c.Links[0].Target, s.Set(s.plain))
	})
	forge("no longer degraded", cert.StepExtends, s.plain, s.plain+1, func(c *cert.Certificate) {
		c.First.Degraded = true
		c.Links[0].Target.ParentRoot = c.First.Root()
		c.Links[0] = s.Sign(c.First.Ref(), c.Links[0].Target, s.Set(s.plain))
	})
	relapsed := out[len(out)-1]
	out[len(out)-1].Input.AllowDegraded = true
	relapsed.Name = "no longer degraded, which was not allowed either"
	out = append(out, relapsed)

	out = append(out, forgedSets(t, s)...)
	out = append(out, forgedSources(t, s)...)
	return append(out, forgedVotes(t, s)...)
}

// forgedSets are about who votes.
func forgedSets(t *testing.T, s story) (out []vector) {
	add := func(name string, in input) {
		out = append(out, vector{Name: name, Op: "verify_certificate", Input: in, Expect: expect{Error: cert.StepSet}})
	}
	in := s.certificateInput(s.plain, certtest.InBinary(s.Certificate(s.plain, s.plain+1)))
	more := in
	more.Voters = append(ffg.VoterSet{}, in.Voters...)
	more.Voters[0].Current++
	add("verified by voters with another power", more)
	other := in
	other.Voters = ffg.Stitch(s.Next(s.plain), s.Next(s.lastEpoch))
	add("verified by another pair", other)
	next := in
	next.Next = s.Next(s.lastEpoch)
	add("verified with another next set", next)
	unknown := s.certificateInput(s.crossing, certtest.InBinary(s.Certificate(s.crossing, s.crossing+1)))
	unknown.Next = nil
	add("into the next pair, the next set unknown", unknown)

	// Nor is the next pair one of the current side and nobody, which nobody could have a quorum of.
	nobody := s.Certificate(s.crossing, s.crossing+1)
	leftover := ffg.Stitch(s.Set(s.crossing).CurrentSide(), nil)
	nobody.Links[0].Target.VoterSetHash = leftover.Hash()
	nobody.Links[0] = s.Sign(nobody.First.Ref(), nobody.Links[0].Target, leftover)
	unknown.Certificate = certtest.InBinary(nobody)
	add("into a pair without a current side, the next set unknown", unknown)

	// The new pair is (current, next); its own voters can't change that.
	usurped := s.Certificate(s.crossing, s.crossing+1)
	usurpers := ffg.Stitch(s.Next(s.crossing), s.Voters.Side(10, 10, 10, 10))
	usurped.Links[0].Target.VoterSetHash = usurpers.Hash()
	usurped.Links[0] = s.Sign(usurped.First.Ref(), usurped.Links[0].Target, usurpers)
	add("the next pair has a voter less", s.certificateInput(s.crossing, certtest.InBinary(usurped)))

	// Two installations in one certificate: the second one's next set is not in it.
	twice := s.Fork()
	twice.Install(s.Voters.Side(10, 10, 10, 10, 10))
	twice.Extend(1)
	add("two installations that changed something",
		s.certificateInput(s.crossing, certtest.InBinary(twice.Certificate(s.crossing, twice.Head()))))
	return out
}

// forgedSources are about where links start.
func forgedSources(t *testing.T, s story) (out []vector) {
	forge := func(name string, step cert.Step, from, to uint64, change func(*cert.Certificate)) {
		c := s.Certificate(from, to)
		change(&c)
		in := s.certificateInput(from, certtest.InJSON(c))
		out = append(out, vector{Name: name, Op: "verify_certificate", Input: in, Expect: expect{Error: step}})
	}
	resign := func(link *cert.Link, source ffg.Ref) { *link = s.Sign(source, link.Target, s.Set(link.Target.Epoch)) }
	forge("no links", cert.StepSource, s.plain, s.plain+1, func(c *cert.Certificate) { c.Links = []cert.Link{} })
	forge("last link has no votes", cert.StepSource, s.late, s.late+3, func(c *cert.Certificate) {
		c.Links[2] = cert.Link{Target: c.Links[2].Target}
	})
	forge("last link starts before the certificate", cert.StepSource, s.plain, s.plain+1, func(c *cert.Certificate) {
		resign(&c.Links[0], s.Checkpoints[s.plain-1].Ref())
	})
	forge("last link starts on another fork", cert.StepSource, s.plain, s.plain+1, func(c *cert.Certificate) {
		resign(&c.Links[0], ffg.Ref{Epoch: s.plain, Root: ffg.Root{1}})
	})
	forge("a link ends where it starts", cert.StepSource, s.late, s.late+3, func(c *cert.Certificate) {
		resign(&c.Links[0], c.Links[0].Target.Ref())
	})
	forge("a link goes backwards", cert.StepSource, s.late, s.late+3, func(c *cert.Certificate) {
		resign(&c.Links[0], c.Links[1].Target.Ref())
	})
	forge("a link starts on another fork", cert.StepSource, s.late, s.late+3, func(c *cert.Certificate) {
		resign(&c.Links[1], ffg.Ref{Epoch: s.late, Root: ffg.Root{1}})
	})
	forge("a link starts at a checkpoint that was never justified", cert.StepSource, 0, s.skipped+2, func(c *cert.Certificate) {
		resign(&c.Links[s.skipped], s.Checkpoints[s.skipped].Ref())
	})
	forge("the final checkpoint was never justified", cert.StepSource, s.plain-1, s.plain+1, func(c *cert.Certificate) {
		c.Links[0] = cert.Link{Target: c.Links[0].Target}
	})
	forge("a checkpoint between is not justified", cert.StepQuorum, s.late, s.late+3, func(c *cert.Certificate) {
		c.Links[1] = cert.Link{Target: c.Links[1].Target}
	})
	forge("the checkpoint after the final one is not justified", cert.StepQuorum, s.late, s.late+3, func(c *cert.Certificate) {
		c.Links[0] = cert.Link{Target: c.Links[0].Target}
	})
	return out
}

// forgedVotes are about who signed what.
func forgedVotes(t *testing.T, s story) (out []vector) {
	base := s.Certificate(s.plain, s.plain+1)
	add := func(name string, step cert.Step, change func(*cert.Link)) {
		c := cert.Certificate{First: base.First, Links: append([]cert.Link{}, base.Links...)}
		c.Links[0].Signers = append(ffg.Bitfield{}, base.Links[0].Signers...)
		change(&c.Links[0])
		in := s.certificateInput(s.plain, certtest.InJSON(c))
		out = append(out, vector{Name: name, Op: "verify_certificate", Input: in, Expect: expect{Error: step}})
	}
	everybody := s.Sign(base.First.Ref(), base.Links[0].Target, s.Set(s.plain))
	add("bitfield a byte too long", cert.StepSigners, func(l *cert.Link) { l.Signers = append(l.Signers, 0) })
	add("bitfield with a voter beyond the last", cert.StepSigners, func(l *cert.Link) { l.Signers[0] |= 1 << 5 })
	add("three of five voters", cert.StepQuorum, func(l *cert.Link) {
		*l = s.Sign(base.First.Ref(), l.Target, s.Set(s.plain), 3, 4)
	})
	add("a signer more than signed", cert.StepSignature, func(l *cert.Link) { l.Signers[0] = 0b11111 })
	add("a signer less than signed", cert.StepSignature, func(l *cert.Link) { l.Signature = everybody.Signature })
	add("another four of five voters", cert.StepSignature, func(l *cert.Link) {
		*l = cert.Link{Target: l.Target, Source: l.Source, Signature: l.Signature, Signers: s.Sign(l.Source, l.Target, s.Set(s.plain), 3).Signers}
	})
	add("bits for nobody", cert.StepQuorum, func(l *cert.Link) { l.Signers = ffg.Bitfield{0} })
	add("bits for nobody, and no signature", cert.StepQuorum, func(l *cert.Link) {
		l.Signers, l.Signature = ffg.Bitfield{0}, ffg.Signature{}
	})
	add("no signers, on the link that has to have some", cert.StepQuorum, func(l *cert.Link) { l.Signers = nil })
	add("the identity as signature", cert.StepSignature, func(l *cert.Link) { l.Signature = ffg.Signature{0xc0} })
	add("zeros as signature", cert.StepSignature, func(l *cert.Link) { l.Signature = ffg.Signature{} })
	add("a signature with a flipped bit", cert.StepSignature, func(l *cert.Link) { l.Signature[95] ^= 1 })
	add("a signature with a coordinate not below the field's modulus", cert.StepSignature, func(l *cert.Link) {
		copy(l.Signature[48:], plusModulus(l.Signature[48:]))
	})
	add("a signature outside the subgroup", cert.StepSignature, func(l *cert.Link) { l.Signature = outsideSubgroup(t) })
	add("a signature on another vote", cert.StepSignature, func(l *cert.Link) { l.Signature = s.Links[s.plain].Signature })
	elsewhere := certtest.New("dualchain-vectors-2", s.Voters, s.Next(0))
	add("signatures for another chain", cert.StepSignature, func(l *cert.Link) {
		*l = elsewhere.Sign(l.Source, l.Target, s.Set(s.plain), 4)
	})
	add("target's block is another", cert.StepSignature, func(l *cert.Link) { l.Target.BlockHash[0] ^= 1 })
	add("target's history is another", cert.StepSignature, func(l *cert.Link) { l.Target.HistoryRoot[0] ^= 1 })
	add("target's time is another", cert.StepSignature, func(l *cert.Link) { l.Target.Time++ })
	add("target's height is another", cert.StepSignature, func(l *cert.Link) { l.Target.Height++; l.Target.HistorySize++ })
	out = append(out, forgedFirst(t, s)...)

	// A quorum of one side only: the pair in which voter 5 joined and has all the power.
	coup := s.Fork()
	coup.Install(s.Voters.Side(1, 1, 1, 1, 1, 100))
	coup.Extend(1)
	coup.Install(s.Voters.Side(1, 1, 1, 1, 1, 100))
	coup.Extend(2)
	head := coup.Head()
	for _, side := range []struct {
		name   string
		absent []int
	}{
		{"a quorum of the rear side alone", []int{5}},
		{"a quorum of the current side alone", []int{0, 1, 2, 3}},
	} {
		c := coup.Certificate(head-1, head)
		c.Links[0] = coup.Sign(c.First.Ref(), c.Links[0].Target, coup.Set(head), side.absent...)
		in := input{ChainID: vectorChain, Voters: coup.Set(head), Next: coup.Next(head), Certificate: certtest.InBinary(c)}
		out = append(out, vector{Name: side.name, Op: "verify_certificate", Input: in, Expect: expect{Error: cert.StepQuorum}})
	}
	return out
}

// forgedFirst flips a bit of each field of the first checkpoint, in binary, where everything else follows it.
func forgedFirst(t *testing.T, s story) (out []vector) {
	raw, err := s.Certificate(s.plain, s.plain+1).Encode()
	require.NoError(t, err)
	const start = 1 // after the version
	for _, field := range []struct {
		name   string
		offset int
		bits   byte
		step   cert.Step
	}{
		{"epoch", 7, 1, cert.StepSignature},
		{"parent", 8, 1, cert.StepSignature},
		{"height", 47, 2, cert.StepSignature},
		{"time", 55, 1, cert.StepSignature},
		{"block", 56, 1, cert.StepSignature},
		{"history size", 95, 1, cert.StepSignature},
		{"history", 96, 1, cert.StepSignature},
		{"pair", 135, 1, cert.StepSignature},
		{"anchor", 144, 1, cert.StepSignature},
		{"voters", 145, 1, cert.StepSet},
		{"next set", 177, 1, cert.StepSet},
	} {
		forged := append([]byte{}, raw...)
		forged[start+field.offset] ^= field.bits
		in := s.certificateInput(s.plain, &document{Type: "certificate", Binary: hex.EncodeToString(forged)})
		out = append(out, vector{Name: "first checkpoint's " + field.name + " is another", Op: "verify_certificate", Input: in, Expect: expect{Error: field.step}})
	}
	return out
}
