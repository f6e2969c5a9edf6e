package cert_test

import (
	"encoding/binary"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
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
	text, err := cert.EncodeJSON(proof)
	require.NoError(t, err)
	for _, spelling := range slices.Sorted(maps.Keys(gas)) {
		d := &document{Type: "proof", Text: strings.Replace(string(text), `"gas_wanted":"100000"`, `"gas_wanted":"`+spelling+`"`, 1)}
		require.NotEqual(t, string(text), d.Text)
		add(`proof: gas of "`+spelling+`"`, d, map[bool]expect{true: ok, false: refused}[gas[spelling]])
	}
	bare := strings.Replace(string(text), `"gas_wanted":"100000"`, `"gas_wanted":100000`, 1)
	add("proof: gas that is no string", &document{Type: "proof", Text: bare}, refused)
	out = append(out, nameVectors(t, l)...)
	out = append(out, zeroVectors(t, s)...)
	out = append(out, sourceVectors(t, s)...)
	out = append(out, changedVectors(t, s)...)
	return append(out, longVectors(t, l)...)
}

// nameVectors have a chain id of characters that JSON writes in one way only, or not.
func nameVectors(t *testing.T, l ledger) (out []vector) {
	t.Helper()
	raw := bytesOf(t, certtest.InBinary(l.proofs[firstBlock]))
	rest := raw[2+len(vectorChain):]
	for _, name := range []struct {
		name, id string
		ok       bool
	}{
		{"the first and the last character there are", "!~", true},
		{"what browsers escape", "<&>'/", true},
		{"64 characters", strings.Repeat("x", 64), true},
		{"65 characters", strings.Repeat("x", 65), false},
		{"no characters", "", false},
		{"a space", "a b", false},
		{"a quote", `a"b`, false},
		{"a backslash", `a\b`, false},
		{"the character after the last", "a\x7f", false},
		{"a line's end", "a\n", false},
		{"no ASCII", "\xc3\xa4", false},
	} {
		binary := slices.Concat([]byte{1, byte(len(name.id))}, []byte(name.id), rest)
		e := expect{OK: true}
		if !name.ok {
			e = expect{Error: cert.StepDecode}
		}
		out = append(out, vector{Name: "proof: a chain id in binary of " + name.name, Op: "decode", Input: input{Decode: &document{Type: "proof", Binary: hex.EncodeToString(binary)}}, Expect: e})
	}
	return out
}

// zeroVectors spell out what a link without votes may leave out.
func zeroVectors(t *testing.T, s story) []vector {
	t.Helper()
	d := certtest.Both(s.Certificate(0, s.skipped+2))
	const end = `}},`
	require.Equal(t, 1, strings.Count(string(d.JSON), end))
	spelled := `},"source":{"epoch":"0","root":"` + strings.Repeat("0", 64) + `"},"signers":"","signature":"` + strings.Repeat("0", 192) + `"},`
	d.Text, d.JSON = strings.Replace(string(d.JSON), end, spelled, 1), nil
	return []vector{{Name: "certificate: zeros that may be left out", Op: "decode", Input: input{Decode: d}, Expect: expect{OK: true}}}
}

// sourceVectors have a link that starts at the certificate's last checkpoint, which verifies nowhere and has an encoding.
func sourceVectors(t *testing.T, s story) (out []vector) {
	t.Helper()
	c := s.Certificate(s.late, s.late+3)
	last := c.Links[2].Target
	c.Links[0].Source = last.Ref()
	d := certtest.Both(c)
	out = append(out, vector{Name: "certificate: a source that is the last checkpoint", Op: "decode", Input: input{Decode: d}, Expect: expect{OK: true}})
	raw := bytesOf(t, d)
	root := last.Root()
	byRoot := append([]byte{2, 0, 0, 0, 0, 0, 0, 0, byte(last.Epoch)}, root[:]...)
	other := slices.Replace(slices.Clone(raw), atSource, atSource+3, byRoot...)
	require.Equal(t, []byte{1, 0, 3}, raw[atSource:atSource+3])
	return append(out, vector{
		Name: "certificate: a source that is the last checkpoint, given by root", Op: "decode",
		Input: input{Decode: &document{Type: "certificate", Binary: hex.EncodeToString(other)}}, Expect: expect{Error: cert.StepDecode},
	})
}

// changedVectors have a second checkpoint that differs from the first in one of the four fields that go together.
func changedVectors(t *testing.T, s story) (out []vector) {
	t.Helper()
	for _, field := range []struct {
		name   string
		change func(*ffg.Checkpoint)
	}{
		{"pair", func(c *ffg.Checkpoint) { c.Pair++ }},
		{"degraded", func(c *ffg.Checkpoint) { c.Degraded = true }},
		{"voters", func(c *ffg.Checkpoint) { c.VoterSetHash[0] ^= 1 }},
		{"next set", func(c *ffg.Checkpoint) { c.NextVoterSetHash[0] ^= 1 }},
	} {
		c := s.Certificate(s.plain, s.plain+1)
		field.change(&c.Links[0].Target)
		out = append(out, vector{Name: "certificate: only another " + field.name, Op: "decode", Input: input{Decode: certtest.Both(c)}, Expect: expect{OK: true}})
	}
	return out
}

// longVectors are of the bound of all binary forms: a state's value fills them up.
func longVectors(t *testing.T, l ledger) (out []vector) {
	t.Helper()
	proof := l.proofs[bobsValue]
	state := *proof.State
	state.Value = []byte{1, 2, 3, 4}
	proof.State = &state
	raw := bytesOf(t, certtest.InBinary(proof))
	for _, over := range []int{0, 1} {
		zeros := cert.MaxSize - len(raw) + 4 + over
		length := binary.BigEndian.AppendUint32(nil, uint32(zeros))
		before, after := hex.EncodeToString([]byte{0, 0, 0, 4, 1, 2, 3, 4}), hex.EncodeToString(length)+"*"
		d := &document{Type: "proof", Binary: strings.Replace(hex.EncodeToString(raw), before, after, 1), Zeros: zeros}
		require.Contains(t, d.Binary, "*")
		name, e := "proof: of 32 MiB", expect{OK: true}
		if over > 0 {
			name, e = "proof: of 32 MiB and a byte", expect{Error: cert.StepDecode}
		}
		out = append(out, vector{Name: name, Op: "decode", Input: input{Decode: d}, Expect: e})
	}
	return out
}
