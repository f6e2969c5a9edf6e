package cert_test

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

func bytesOf(t *testing.T, d *document) []byte {
	t.Helper()
	raw, err := hex.DecodeString(d.Binary)
	require.NoError(t, err)
	return raw
}

type binaryForgery struct {
	name string
	raw  []byte
}

// Offsets in an encoded certificate of one link in one pair.
const (
	atLinks   = 1 + ffg.CheckpointSize // number of links, 2 bytes
	atChanged = atLinks + 2
	atSource  = atChanged + 1 + 8 + 8 + 32 + 32 // kind, 1 byte; number, 2 bytes
	atSigners = atSource + 1 + 2                // length, 2 bytes
)

func binaryForgeries(t *testing.T, s story) (out []binaryForgery) {
	t.Helper()
	plain := s.Certificate(s.plain, s.plain+1)
	raw, err := plain.Encode()
	require.NoError(t, err)
	forge := func(name string, change func([]byte) []byte) {
		out = append(out, binaryForgery{"certificate: " + name, change(slices.Clone(raw))})
	}
	set := func(offset int, b ...byte) func([]byte) []byte {
		return func(raw []byte) []byte { copy(raw[offset:], b); return raw }
	}
	insert := func(offset, instead int, b ...byte) func([]byte) []byte {
		return func(raw []byte) []byte { return slices.Replace(raw, offset, offset+instead, b...) }
	}
	forge("degraded is 2", set(1+136, 2))
	forge("more links than there are", set(atLinks+1, 2))
	forge("more links than fit", set(atLinks, 0xff, 0xff))
	forge("a flag of 2", set(atChanged, 2))
	forge("a source of kind 3", set(atSource, 3))
	forge("a source beyond the checkpoints", set(atSource+2, 2))
	forge("signers longer than the rest", set(atSigners, 0xff, 0xff))
	forge("votes without signers", insert(atSigners, 3, 0, 0))
	target := plain.Links[0].Target
	var sets []byte
	sets = append(sets, make([]byte, 9)...) // pair 0, not degraded
	sets = append(append(sets, target.VoterSetHash[:]...), target.NextVoterSetHash[:]...)
	forge("sets repeated though they did not change", func(raw []byte) []byte {
		raw[atChanged] = 1
		return slices.Insert(raw, atSource, sets...)
	})
	source := append([]byte{2}, make([]byte, 8)...)
	source[8] = byte(s.plain)
	root := plain.First.Root()
	forge("a source given by root though it is inside", insert(atSource, 3, append(source, root[:]...)...))
	return out
}

type textForgery struct{ name, text string }

func textForgeries(t *testing.T, s story) (out []textForgery) {
	t.Helper()
	raw, err := cert.EncodeJSON(s.Certificate(s.plain, s.plain+1))
	require.NoError(t, err)
	return forgeText(t, "certificate", string(raw), []replacement{
		{"another type", "certificate/v1", "certificate/v2"},
		{"an unknown field", `"value":{`, `"value":{"x":1,`},
		{"a field twice", `"degraded":false`, `"degraded":false,"degraded":false`},
		{"a missing field", `"degraded":false,`, ``},
		{"a field in another case", `"degraded"`, `"Degraded"`},
		{"a number that is no string", `"epoch":"2"`, `"epoch":2`},
		{"a number with a leading zero", `"epoch":"2"`, `"epoch":"02"`},
		{"a negative number", `"epoch":"2"`, `"epoch":"-2"`},
		{"a number of 65 bits", `"epoch":"2"`, `"epoch":"18446744073709551616"`},
		{"null", `"degraded":false`, `"degraded":null`},
		{"an upper-case digit", root(s, 1), strings.ToUpper(root(s, 1))},
		{"a root a digit too short", root(s, 1), root(s, 1)[1:]},
		{"null for a field that may be left out", `"links":[`, `"next":null,"links":[`},
		{"null for a list", `"value":{`, `"value":{"links":null,`},
		{"null for an object", `"source":{`, `"source":null,"x":{`},
		{"an item with a field twice", `"signers":`, `"signers":"01","signers":`},
		{"an item with an unknown field", `"signers":`, `"x":"01","signers":`},
		{"an item with a field in another case", `"signers":`, `"Signers":`},
		{"the type twice", `{"type"`, `{"type":"dualchain/certificate/v1","type"`},
		{"a field beside the value", `{"type"`, `{"x":1,"type"`},
		{"no value", `"value":`, `"x":`},
		{"a number with a sign", `"epoch":"2"`, `"epoch":"+2"`},
		{"a number with a fraction", `"epoch":"2"`, `"epoch":"2.0"`},
		{"a number with a space", `"epoch":"2"`, `"epoch":" 2"`},
		{"17 lists in each other", `"links":[`, `"links":[` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `,`},
		{"17 lists in a field that is unknown", `"value":{`, `"value":{"x":` + strings.Repeat("[", 17) + strings.Repeat("]", 17) + `,`},
		{"without its last bracket", string(raw), string(raw[:len(raw)-1])},
		{"without its last two brackets", string(raw), string(raw[:len(raw)-2])},
		{"closed by another bracket", string(raw), string(raw[:len(raw)-1]) + "]"},
		{"a list closed by another bracket", `}]}}`, `}}}}`},
		{"signers that are no text", signers(t, s), `"signers":0,`},
		{"signers that are a list", signers(t, s), `"signers":[],`},
		{"signers that are true", signers(t, s), `"signers":true,`},
		{"a comma after the last field", `}}`, `},}`},
		{"a comma after the last item", `}]`, `},]`},
		{"a comment", `{"type"`, `{/* */"type"`},
		{"something after the end", string(raw), string(raw) + "{"},
		{"a second document", string(raw), string(raw) + string(raw)},
		{"a byte order mark", `{"type"`, "\ufeff" + `{"type"`},
		{"an escaped character", `"degraded"`, `"\u0064egraded"`},
	})
}

// textRenderings are other texts of the same certificate as the canonical one.
func textRenderings(t *testing.T, s story) (out []textForgery) {
	t.Helper()
	raw, err := cert.EncodeJSON(s.Certificate(s.plain, s.plain+1))
	require.NoError(t, err)
	text, parent := string(raw), `"parent_root":"`+s.Checkpoints[1].Root().String()+`"`
	value := text[strings.Index(text, `"value"`) : len(text)-1]
	out = forgeText(t, "certificate", text, []replacement{
		{"fields in another order", `"epoch":"2",` + parent, parent + `,"epoch":"2"`},
		{"the value before its type", text, "{" + value + `,"type":"dualchain/certificate/v1"}`},
		{"white space between tokens", `"value":{`, "\"value\" :\r\n\t{ "},
		{"white space around it", text, "\n " + text + "\t\r\n"},
	})
	bare, err := cert.EncodeJSON(cert.Certificate{First: s.Checkpoints[s.plain]})
	require.NoError(t, err)
	return append(out, forgeText(t, "certificate", string(bare), []replacement{
		{"an empty list that is written", `"value":{`, `"value":{"links":[],`},
	})...)
}

func root(s story, epoch uint64) string { return s.Checkpoints[epoch].Root().String() }

func proofForgeries(t *testing.T, l ledger) (out []textForgery) {
	t.Helper()
	raw, err := cert.EncodeJSON(l.proofs[failed])
	require.NoError(t, err)
	block, err := cert.EncodeJSON(l.proofs[firstBlock])
	require.NoError(t, err)
	part := string(block[bytes.Index(block, []byte(`,"block":`)) : len(block)-2])
	return forgeText(t, "proof", string(raw), []replacement{
		{"of two things", `,"tx":{`, part + `,"tx":{`},
		{"of nothing", string(raw[bytes.Index(raw, []byte(`,"tx":{`)) : len(raw)-2]), ``},
		{"null for a part that may be left out", `"hand_overs"`, `"trust":null,"hand_overs"`},
		{"no chain id", `"chain_id":"` + vectorChain + `"`, `"chain_id":""`},
		{"a chain id with a space", `"chain_id":"dualchain`, `"chain_id":"dual chain`},
		{"a chain id that is not ASCII", `"chain_id":"dualchain`, `"chain_id":"dualchäin`},
		{"a chain id of 65 characters", vectorChain, strings.Repeat("x", 65)},
		{"a code that is a string", `"code":5`, `"code":"5"`},
		{"a code of 33 bits", `"code":5`, `"code":4294967296`},
		{"a code with a fraction", `"code":5`, `"code":5.0`},
		{"a code with an exponent", `"code":5`, `"code":5e0`},
		{"a code with a leading zero", `"code":5`, `"code":05`},
		{"a code with a sign", `"code":5`, `"code":-5`},
	})
}

// signers returns the member of a certificate's link.
func signers(t *testing.T, s story) string {
	t.Helper()
	text, err := s.Certificate(s.plain, s.plain+1).Links[0].Signers.MarshalText()
	require.NoError(t, err)
	return `"signers":"` + string(text) + `",`
}

// gas are spellings of an amount of gas, a signed integer of 64 bits.
var gas = map[string]bool{
	"0": true, "-1": true, "9223372036854775807": true, "-9223372036854775808": true,
	"-0": false, "+1": false, "01": false, "": false, "-": false, " 1": false, "1.0": false, "9223372036854775808": false, "-9223372036854775809": false,
}

type replacement struct{ name, old, new string }

// forgeText replaces the first place only.
func forgeText(t *testing.T, what, text string, replacements []replacement) (out []textForgery) {
	t.Helper()
	for _, r := range replacements {
		require.Contains(t, text, r.old, r.name)
		out = append(out, textForgery{what + ": " + r.name, strings.Replace(text, r.old, r.new, 1)})
	}
	return out
}
