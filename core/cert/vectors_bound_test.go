package cert_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

// bitfieldVectors have as many voters as fill the last byte of a bitfield, one less, and one more.
func bitfieldVectors() (out []vector) {
	for _, n := range []int{7, 8, 9, 16, 17} {
		voters := certtest.NewVoters(n)
		c := certtest.New(vectorChain, voters, voters.Side(slices.Repeat([]uint64{1}, n)...))
		first := c.Extend(2) - 1
		ref := c.Checkpoints[first].Ref()
		add := func(name string, e expect, change func(*cert.Link)) {
			certificate := c.Certificate(first, first+1)
			link := &certificate.Links[0]
			link.Signers = slices.Clone(link.Signers)
			change(link)
			in := input{ChainID: vectorChain, Voters: c.Set(first), Next: c.Next(first), Certificate: certtest.InBinary(certificate)}
			out = append(out, vector{Name: fmt.Sprintf("%d voters: %s", n, name), Op: "verify_certificate", Input: in, Expect: e})
		}
		ok, refused := expect{OK: true, Final: &ref}, expect{Error: cert.StepSigners}
		add("all sign", ok, func(*cert.Link) {})
		add("all but the last sign", ok, func(l *cert.Link) {
			*l = c.Sign(l.Source, l.Target, c.Set(first)[:n-1])
			l.Signers = paddedTo(l.Signers, n)
		})
		if n%8 != 0 {
			add("and one after the last", refused, func(l *cert.Link) { l.Signers.Set(n) })
		}
		add("a byte too many", refused, func(l *cert.Link) { l.Signers = append(l.Signers, 0) })
		if n > 8 {
			add("a byte too few", refused, func(l *cert.Link) { l.Signers = l.Signers[:len(l.Signers)-1] })
		}
	}
	return out
}

// paddedTo returns the same positions as a bitfield of n voters.
func paddedTo(signers ffg.Bitfield, n int) ffg.Bitfield { return ffg.NewBitfield(n).Or(signers) }

// wrappedVectors are signed by all, and go on after the greatest number with 0.
func wrappedVectors(s story) (out []vector) {
	add := func(name string, c cert.Certificate, from uint64, set ffg.VoterSet, change func(first, target *ffg.Checkpoint)) {
		first, target := &c.First, &c.Links[0].Target
		change(first, target)
		target.ParentRoot = first.Root()
		c.Links[0] = s.Sign(first.Ref(), *target, set)
		out = append(out, vector{Name: name, Op: "verify_certificate", Input: s.certificateInput(from, certtest.InJSON(c)), Expect: expect{Error: cert.StepExtends}})
	}
	add("epoch 0 after the last one", s.Certificate(s.plain, s.plain+1), s.plain, s.Set(s.plain), func(first, target *ffg.Checkpoint) {
		first.Epoch, target.Epoch = math.MaxUint64, 0
	})
	add("pair 0 after the last one", s.Certificate(s.crossing, s.crossing+1), s.crossing, s.Set(s.crossing+1), func(first, target *ffg.Checkpoint) {
		first.Pair, target.Pair = math.MaxUint64, 0
	})
	return out
}

// cancelVectors are signed by keys whose sum is the identity, so that the signature would be, too.
func cancelVectors(s story) (out []vector) {
	voters := certtest.NewVoters(1)
	side := append(voters.Side(1), ffg.Member{Key: voters.Opposite(0), Power: 1})
	slices.SortFunc(side, func(a, b ffg.Member) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	c := certtest.New(vectorChain, voters, side)
	c.Propose()
	certificate := c.Certificate(0, 1)
	link := &certificate.Links[0]
	link.Source, link.Signers = certificate.First.Ref(), ffg.Bitfield{0b11}
	for _, signature := range []struct {
		name string
		of   ffg.Signature
	}{{"the identity", ffg.Signature{0xc0}}, {"zeros", ffg.Signature{}}, {"another's", s.Links[s.plain].Signature}} {
		link.Signature = signature.of
		in := input{ChainID: vectorChain, Voters: c.Set(0), Next: c.Next(0), Certificate: certtest.InBinary(certificate)}
		out = append(out, vector{Name: "two keys that cancel each other, signature: " + signature.name, Op: "verify_certificate", Input: in, Expect: expect{Error: cert.StepSignature}})
	}
	return out
}

// joiningVectors lead into a pair in which somebody joins who has most of the current power.
func joiningVectors() []vector {
	voters := certtest.NewVoters(5)
	joined := voters.Side(10, 10, 10, 10, 10)
	joined[4].Power = 1000 // the last one, so that the others have the same positions without it
	c := certtest.New(vectorChain, voters, joined[:4])
	c.Extend(1)
	c.Install(joined)
	first := c.Extend(1)
	c.Install(joined)
	c.Propose()
	c.Vote(first, first+1)
	genuine := c.Certificate(first, first+1)
	old := cert.Certificate{First: genuine.First, Links: []cert.Link{c.Sign(genuine.First.Ref(), genuine.Links[0].Target, c.Set(first))}}
	in := func(of cert.Certificate) input {
		return input{ChainID: vectorChain, Voters: c.Set(first), Next: c.Next(first), Certificate: certtest.InBinary(of)}
	}
	ref := c.Checkpoints[first].Ref()
	return []vector{
		{Name: "into a pair in which a voter joins", Op: "verify_certificate", Input: in(genuine), Expect: expect{OK: true, Final: &ref}},
		{Name: "into a pair in which a voter joins, signed by the pair before", Op: "verify_certificate", Input: in(old), Expect: expect{Error: cert.StepQuorum}},
	}
}

// degradedVectors lead to a checkpoint whose powers the inactivity leak has lowered.
func degradedVectors(t *testing.T, r rotation) (out []vector) {
	t.Helper()
	last := r.first[8]
	low := rotation{Chain: r.Fork()}
	low.Degrade()
	low.Extend(2)
	head := low.Head()
	in := low.input(t, last, low.HandOver(last, head-1, head))
	out = append(out, vector{Name: "a degraded checkpoint", Op: "verify_chain", Input: in, Expect: expect{Error: cert.StepDegraded}})
	in.AllowDegraded = true
	ref := low.Checkpoints[head-1].Ref()
	return append(out, vector{Name: "a degraded checkpoint, allowed", Op: "verify_chain", Input: in, Expect: expect{OK: true, Final: &ref, Verified: 1}})
}

// leastPower is a chain in which a voter's power falls to 1, the least that there is.
func leastPower(t *testing.T, r rotation) (out []vector) {
	t.Helper()
	before, after := r.Voters.Side(2, 10, 10, 10), r.Voters.Side(1, 10, 10, 10)
	c := rotation{Chain: certtest.New(vectorChain, r.Voters, before), first: []uint64{0}}
	c.Extend(2)
	for range 4 {
		c.Install(after)
		c.Extend(3)
		c.first = append(c.first, c.Head()-2)
	}
	for hops := range 4 {
		pairs := []int{1, 2, 3, 4}[:hops+1]
		ref := c.Checkpoints[c.first[hops+1]].Ref()
		out = append(out, vector{
			Name: fmt.Sprintf("a power falls to 1, %d pairs on", hops+1), Op: "verify_chain",
			Input: c.input(t, 0, c.hops(pairs...)...), Expect: expect{OK: true, Final: &ref, Verified: hops + 1},
		})
	}
	return out
}
