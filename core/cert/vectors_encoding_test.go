package cert_test

import (
	"encoding/hex"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
)

// wrapped returns a certificate from the last epoch on, which has an encoding though nothing verifies it.
func wrapped(c cert.Certificate) cert.Certificate {
	c.First.Epoch, c.Links = math.MaxUint64, slices.Clone(c.Links)
	before := c.First
	for i := range c.Links {
		link := &c.Links[i]
		link.Source = before.Ref()
		link.Target.Epoch, link.Target.ParentRoot = before.Epoch+1, before.Root()
		before = link.Target
	}
	return c
}

// encodingVectors say which bytes decode. A reader of bytes that no encoder writes could be told two things by one file.
func encodingVectors(t *testing.T) (out []vector) {
	l, s := newLedger(t), newStory()
	add := func(name string, d *document, e expect) {
		out = append(out, vector{Name: name, Op: "decode", Input: input{Decode: d}, Expect: e})
	}
	proof, long := l.proofs[failed], s.Certificate(s.late, s.late+3)
	ok, refused := expect{OK: true}, expect{Error: cert.StepDecode}
	add("certificate", certtest.Both(long), ok)
	add("certificate with a checkpoint without votes", certtest.Both(s.Certificate(0, s.skipped+2)), ok)
	add("certificate with a source past the last epoch", certtest.Both(wrapped(long)), ok)
	add("hand-over", certtest.Both(l.proofs[failed].HandOvers[0]), ok)
	add("trust", certtest.Both(l.trust), ok)
	add("proof", certtest.Both(proof), ok)

	for _, d := range []*document{certtest.InBinary(long), certtest.InBinary(l.proofs[failed].HandOvers[0]), certtest.InBinary(l.trust), certtest.InBinary(proof)} {
		raw := bytesOf(t, d)
		other := func(name string, b []byte) {
			add(d.Type+": "+name, &document{Type: d.Type, Binary: hex.EncodeToString(b)}, refused)
		}
		other("a byte too few", raw[:len(raw)-1])
		other("a byte too many", append(slices.Clone(raw), 0))
		other("version 2", append([]byte{2}, raw[1:]...))
		other("half", raw[:len(raw)/2])
	}
	for _, forged := range binaryForgeries(t, s) {
		add(forged.name, &document{Type: "certificate", Binary: hex.EncodeToString(forged.raw)}, refused)
	}
	for _, forged := range textForgeries(t, s) {
		add(forged.name, &document{Type: "certificate", Text: forged.text}, refused)
	}
	for _, rendering := range textRenderings(t, s) {
		add(rendering.name, &document{Type: "certificate", Text: rendering.text}, expect{OK: true})
	}
	longest, err := cert.EncodeJSON(s.Certificate(s.plain, s.plain+1))
	require.NoError(t, err)
	add("certificate: with spaces up to 1 MiB", &document{Type: "certificate", Text: string(longest), PadTo: 1 << 20}, expect{OK: true})
	add("certificate: with spaces up to 1 MiB and a byte", &document{Type: "certificate", Text: string(longest), PadTo: 1<<20 + 1}, refused)
	for _, forged := range proofForgeries(t, l) {
		add(forged.name, &document{Type: "proof", Text: forged.text}, refused)
	}
	return out
}
