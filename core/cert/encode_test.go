package cert_test

import (
	"encoding/binary"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// What binary leaves out has to follow from the rest, or there is no encoding.
func TestWhatHasNoEncoding(t *testing.T) {
	s := newStory()
	for name, change := range map[string]func(*cert.Certificate){
		"another epoch":             func(c *cert.Certificate) { c.Links[0].Target.Epoch++ },
		"another parent":            func(c *cert.Certificate) { c.Links[0].Target.ParentRoot[0] ^= 1 },
		"another anchor":            func(c *cert.Certificate) { c.Links[0].Target.Anchor++ },
		"another history size":      func(c *cert.Certificate) { c.Links[0].Target.HistorySize++ },
		"a source without signers":  func(c *cert.Certificate) { c.Links[0].Signers, c.Links[0].Signature = nil, ffg.Signature{} },
		"a signature alone":         func(c *cert.Certificate) { c.Links[0].Signers, c.Links[0].Source = nil, ffg.Ref{} },
		"signers of 65,536 bytes":   func(c *cert.Certificate) { c.Links[0].Signers = make(ffg.Bitfield, 1<<16) },
		"65,536 links":              func(c *cert.Certificate) { c.Links = slices.Repeat(c.Links, 1<<16) },
		"a link to the first again": func(c *cert.Certificate) { c.Links[0].Target = c.First },
	} {
		t.Run(name, func(t *testing.T) {
			c := s.Certificate(s.plain, s.plain+1)
			change(&c)
			_, err := c.Encode()
			require.ErrorIs(t, err, cert.ErrEncoding)
			_, err = cert.HandOver{Certificate: c}.Encode()
			require.ErrorIs(t, err, cert.ErrEncoding)
		})
	}
}

func TestProofsOfNothingHaveNoEncoding(t *testing.T) {
	l := newLedger(t)
	block, tx := *l.proofs[firstBlock].Block, *l.proofs[succeeded].Tx
	state := *l.proofs[bobsValue].State
	state.Store = strings.Repeat("x", 65)
	for name, p := range map[string]cert.Proof{
		"nothing":                     {ChainID: "x"},
		"two things":                  {ChainID: "x", Block: &block, Tx: &tx},
		"no chain id":                 {Block: &block},
		"a quote in the chain id":     {ChainID: `"`, Block: &block},
		"a store of 65 characters":    {ChainID: "x", State: &state},
		"a hand-over that has none":   {ChainID: "x", Block: &block, HandOvers: []cert.HandOver{{Certificate: cert.Certificate{Links: make([]cert.Link, 1)}}}},
		"a path of 256 hashes":        {ChainID: "x", Block: &cert.BlockProof{Path: make([]ffg.Root, 256)}},
		"a chain id of 65 characters": {ChainID: strings.Repeat("x", 65), Block: &block},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := p.Encode()
			require.ErrorIs(t, err, cert.ErrEncoding)
			if len(p.HandOvers) == 0 && (p.Block == nil || len(p.Block.Path) == 0) { // JSON can say more
				_, err = cert.EncodeJSON(p)
				require.ErrorIs(t, err, cert.ErrEncoding)
			}
		})
	}
	_, err := cert.VerifyProof(cert.Proof{ChainID: vectorChain}, vectorChain, l.trust, cert.Subject{}, cert.Options{})
	requireStep(t, cert.StepDecode, err)
	_, err = cert.Proof{ChainID: strings.Repeat("x", 64), Block: &block}.Encode()
	require.NoError(t, err)
}

func TestDecodersSayWhatIsWrong(t *testing.T) {
	raw, err := newStory().Certificate(1, 2).Encode()
	require.NoError(t, err)
	change := func(offset int, b byte) []byte {
		forged := slices.Clone(raw)
		forged[offset] = b
		return forged
	}
	for message, forged := range map[string][]byte{
		"expected version 1, found 2":                  change(0, 2),
		"expected the end, found 1 more bytes":         append(slices.Clone(raw), 0),
		"expected 96 more bytes, found 95":             raw[:len(raw)-1],
		"expected 0 or 1, found 2":                     change(atChanged, 2),
		"expected at most 2 items in":                  change(atLinks, 1),
		"expected a source of kind 0, 1 or 2":          change(atSource, 9),
		"expected a source among 2 checkpoints":        change(atSource+2, 9),
		"another encoding of the same content":         slices.Insert(change(atChanged, 1), atSource, slices.Concat(raw[1+128:1+137], raw[1+145:1+ffg.CheckpointSize])...),
		"neither source nor signature without signers": slices.Concat(raw[:atSigners], []byte{0, 0}, raw[atSigners+3:]),
		"expected degraded 0 or 1, found 7":            change(1+136, 7),
	} {
		t.Run(message, func(t *testing.T) {
			_, err := cert.DecodeCertificate(forged)
			requireStep(t, cert.StepDecode, err)
			require.ErrorContains(t, err, message)
			require.ErrorIs(t, err, cert.ErrEncoding)
		})
	}
}

// A file that announces more than it has costs no more than it is long.
func TestDecodersAllocateWhatTheyWereGiven(t *testing.T) {
	trust := append([]byte{1}, make([]byte, ffg.CheckpointSize)...)
	trust = binary.BigEndian.AppendUint32(trust, 1<<31)
	handOvers := []byte{1, 1, 'x', 0, 0xff, 0xff, 0xff, 0xff}
	long, longText := make([]byte, cert.MaxSize+1), make([]byte, cert.MaxJSON+1)
	for name, decode := range map[string]func() error{
		"2³¹ voters":      func() error { _, err := cert.DecodeTrust(trust); return err },
		"2³² hand-overs":  func() error { _, err := cert.DecodeProof(handOvers); return err },
		"a byte too long": func() error { _, err := cert.DecodeCertificate(long); return err },
		"a text as long":  func() error { _, err := cert.DecodeJSON[cert.Proof](longText); return err },
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := decode()
			runtime.ReadMemStats(&after)
			requireStep(t, cert.StepDecode, err)
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20))
		})
	}
}

// The same holds for texts, although what they stand for is longer than they are.
func TestTextsAllocateInProportion(t *testing.T) {
	const size = cert.MaxJSON
	junk := `{"x":"` + strings.Repeat("x", 60) + `"}`
	filled := func(kind, before, item, after string) []byte {
		text := `{"type":"dualchain/` + kind + `/v1","value":` + before + item
		return []byte(text + strings.Repeat(","+item, (size-len(text)-len(after)-1)/(len(item)+1)) + after + "}")
	}
	decodeCertificate := func(b []byte) error { _, err := cert.DecodeJSON[cert.Certificate](b); return err }
	decodeProof := func(b []byte) error { _, err := cert.DecodeJSON[cert.Proof](b); return err }
	decodeTrust := func(b []byte) error { _, err := cert.DecodeJSON[cert.Trust](b); return err }
	decodeDispute := func(b []byte) error { _, err := cert.DecodeJSON[cert.Dispute](b); return err }
	for name, tc := range map[string]struct {
		decode func([]byte) error
		text   []byte
	}{
		"links that are none":        {decodeCertificate, filled("certificate", `{"first":{},"links":[`, `{}`, `]}`)},
		"links that are numbers":     {decodeCertificate, filled("certificate", `{"first":{},"links":[`, `0`, `]}`)},
		"links of something else":    {decodeCertificate, filled("certificate", `{"first":{},"links":[`, junk, `]}`)},
		"hand-overs that are none":   {decodeProof, filled("proof", `{"chain_id":"a","hand_overs":[`, `null`, `]}`)},
		"hand-overs of other things": {decodeProof, filled("proof", `{"chain_id":"a","hand_overs":[`, junk, `]}`)},
		"voters that are none":       {decodeTrust, filled("trust", `{"checkpoint":{},"voters":[`, `{}`, `]}`)},
		"voters of something else":   {decodeTrust, filled("trust", `{"checkpoint":{},"voters":[`, junk, `]}`)},
		"hashes that are none":       {decodeProof, filled("proof", `{"chain_id":"a","block":{"path":[`, `""`, `]}}`)},
		"evidence that is none":      {decodeDispute, filled("dispute", `{"evidence":[`, `{}`, `]}`)},
		"evidence of other things":   {decodeDispute, filled("dispute", `{"evidence":[`, junk, `]}`)},
		"a list in a list in a list": {decodeProof, append(filled("proof", `{"chain_id":"a","hand_overs":`, strings.Repeat("[", size/2), ``), '\n')},
		"lists of lists":             {decodeProof, filled("proof", `{"chain_id":"a","hand_overs":[`, `[[[[]]]]`, `]}`)},
	} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := tc.decode(tc.text)
			runtime.ReadMemStats(&after)
			requireStep(t, cert.StepDecode, err)
			require.NotContains(t, err.Error(), "bytes", "refused for its content")
			require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32*size))
		})
	}
}

func TestADocumentInJSONHasAtMostOneMebibyte(t *testing.T) {
	l := newLedger(t)
	tx := *l.proofs[succeeded].Tx
	proof := cert.Proof{ChainID: "x", Tx: &tx}
	tx.Result.Data = nil
	short, err := cert.EncodeJSON(proof)
	require.NoError(t, err)
	room := (cert.MaxJSON - len(short) - len(`"data":"",`)) / 2
	tx.Result.Data = make(cert.Bytes, room)
	text, err := cert.EncodeJSON(proof)
	require.NoError(t, err)
	require.Greater(t, len(text), cert.MaxJSON-2)
	decoded, err := cert.DecodeJSON[cert.Proof](text)
	require.NoError(t, err)
	require.Equal(t, proof, decoded)

	proof.ChainID += strings.Repeat("x", cert.MaxJSON-len(text))
	text, err = cert.EncodeJSON(proof)
	require.NoError(t, err)
	require.Len(t, text, cert.MaxJSON)

	tx.Result.Data = make(cert.Bytes, room+1)
	_, err = cert.EncodeJSON(proof)
	require.ErrorIs(t, err, cert.ErrEncoding)
	require.ErrorContains(t, err, "use the binary form")
	binary, err := proof.Encode()
	require.NoError(t, err)
	decoded, err = cert.DecodeProof(binary)
	require.NoError(t, err)
	require.Equal(t, proof, decoded)
}

// A name may have characters that writers of JSON like to escape, for browsers' sake.
func TestNamesAreNotEscaped(t *testing.T) {
	proof := cert.Proof{ChainID: "!<&>'/~", Block: &cert.BlockProof{Height: 1}}
	text, err := cert.EncodeJSON(proof)
	require.NoError(t, err)
	require.Contains(t, string(text), proof.ChainID)
	found, err := cert.DecodeJSON[cert.Proof](text)
	require.NoError(t, err)
	require.Equal(t, proof, found)
}

func TestDecodersOfJSONSayWhatIsWrong(t *testing.T) {
	raw, err := cert.EncodeJSON(newStory().Certificate(1, 2))
	require.NoError(t, err)
	for message, change := range map[string][2]string{
		`unknown field "Degraded"`:               {`"degraded"`, `"Degraded"`},
		`field "degraded" stands twice`:          {`"degraded":false`, `"degraded":false,"degraded":false`},
		`missing field "degraded"`:               {`"degraded":false,`, ``},
		`first: degraded: expected bool`:         {`"degraded":false`, `"degraded":null`},
		"expected the end, found {":              {string(raw), string(raw) + "{}"},
		"expected no escaped characters":         {`"degraded"`, `"\u0064egraded"`},
		"expected type dualchain/certificate/v1": {"certificate/v1", "proof/v1"},
		"links: expected a list, found {":        {`"links":[`, `"links":{`},
		"links: item 0: expected an object":      {`"links":[`, `"links":[7,`},
	} {
		text := strings.Replace(string(raw), change[0], change[1], 1)
		_, err := cert.DecodeJSON[cert.Certificate]([]byte(text))
		requireStep(t, cert.StepDecode, err)
		require.ErrorContains(t, err, message)
		require.ErrorIs(t, err, cert.ErrEncoding)
	}
}
