package main

import (
	"fmt"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// certReps is how often a certificate is verified; certColdReps is how often with a set that is not prepared.
const (
	certReps     = 200
	certColdReps = 5
)

// certificates holds the measurements of certificates with one set of voters.
type certificates struct {
	domain ffg.Root
	set    ffg.VoterSet
	next   ffg.Side
	cert   cert.Certificate
	signed ffg.Root // the root that the signers signed
	group  group
}

// measureCertificates measures the verification of a certificate that just reached quorum: two of three voters signed, so
// the most keys must be added up.
func measureCertificates(voters []voter) ([]row, error) {
	c, err := newCertificates(voters)
	if err != nil {
		return nil, err
	}
	raw, err := c.cert.Encode()
	if err != nil {
		return nil, err
	}
	pair, err := cert.NewPair(c.set, c.next, nil)
	if err != nil {
		return nil, err
	}
	var bare, warm, cold []sample
	for i := range warmUp + certReps {
		b, err := measure(func() error { return c.group.verify(c.signed, c.cert.Links[0].Signature) })
		if err != nil {
			return nil, err
		}
		w, err := measure(func() error { return cert.Verify(c.cert, c.domain, pair, false) })
		if err != nil {
			return nil, err
		}
		if i >= warmUp {
			bare, warm = append(bare, b), append(warm, w)
		}
	}
	for range certColdReps {
		s, err := measure(c.verifyCold)
		if err != nil {
			return nil, err
		}
		cold = append(cold, s)
	}
	t := table{voters: len(voters), bare: median(bare).ns}
	return []row{
		t.row("bare_verification_quorum", median(bare)),
		t.row("certificate", median(warm)).sized(len(raw)),
		t.row("certificate_cold", median(cold)).sized(len(raw)),
	}, nil
}

// verifyCold first hashes the sets and parses every key, like the verifier of a single certificate.
func (c certificates) verifyCold() error {
	pair, err := cert.NewPair(c.set, c.next, nil)
	if err != nil {
		return err
	}
	return cert.Verify(c.cert, c.domain, pair, false)
}

func newCertificates(voters []voter) (c certificates, err error) {
	c.domain = ffg.Domain("bench")
	for _, v := range voters {
		c.next = append(c.next, ffg.Member{Key: v.key, Power: 1})
	}
	c.set = ffg.Stitch(c.next, c.next)
	first := ffg.Checkpoint{
		Epoch: 1000, Height: 10_000, HistorySize: 10_000, VoterSetHash: c.set.Hash(), NextVoterSetHash: c.next.Hash(),
	}
	target := first
	target.Epoch, target.ParentRoot = first.Epoch+1, first.Root()
	target.Height, target.HistorySize = first.Height+10, first.HistorySize+10
	vote := ffg.Vote{Source: first.Ref(), Target: target.Ref()}
	c.signed = vote.SigningRoot(c.domain)
	if c.group, err = quorumOf(voters); err != nil {
		return c, err
	}
	link := cert.Link{Target: target, Source: vote.Source, Signers: c.group.signers, Signature: c.group.sign(c.signed)}
	c.cert = cert.Certificate{First: first, Links: []cert.Link{link}}
	return c, nil
}

// quorumOf takes two of three voters, and the last voters if that is not enough.
func quorumOf(voters []voter) (group, error) {
	var absent int
	signing := make([]voter, 0, len(voters))
	signers := ffg.NewBitfield(len(voters))
	for i, v := range voters {
		if i%3 == 0 && 3*(absent+1) <= len(voters) {
			absent++
			continue
		}
		signing = append(signing, v)
		signers.Set(i)
	}
	g, err := groupOf(signing, 1)
	if err != nil {
		return group{}, fmt.Errorf("two of three voters: %w", err)
	}
	g.signers = signers
	return g, nil
}
