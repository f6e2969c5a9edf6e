package cert_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

var update = flag.Bool("update", false, "write the golden vectors")

// A vector is one verification and what becomes of it, in a form that any implementation can run: protocol §13.11 describes it.
type vector struct {
	Name   string `json:"name"`
	Op     string `json:"op"`
	Input  input  `json:"input"`
	Expect expect `json:"expect"`
}

type input struct {
	ChainID       string          `json:"chain_id,omitempty"`
	Mode          string          `json:"mode,omitempty"`
	AllowDegraded bool            `json:"allow_degraded,omitempty"`
	Now           uint64          `json:"now_ms,string,omitempty"`
	Unbonding     uint64          `json:"unbonding_ms,string,omitempty"`
	Voters        ffg.VoterSet    `json:"voters,omitempty"`
	Next          ffg.Side        `json:"next,omitempty"`
	Certificate   *document       `json:"certificate,omitempty"`
	Trust         *document       `json:"trust,omitempty"`
	At            *ffg.Ref        `json:"trust_at,omitempty"`
	HandOvers     []document      `json:"hand_overs,omitempty"`
	Others        []document      `json:"other_hand_overs,omitempty"`
	Proof         *document       `json:"proof,omitempty"`
	Earlier       *ffg.Checkpoint `json:"earlier,omitempty"`
	Later         *ffg.Checkpoint `json:"later,omitempty"`
	Path          []ffg.Root      `json:"path,omitempty"`
	Decode        *document       `json:"decode,omitempty"`
}

type expect struct {
	Error cert.Step `json:"error,omitempty"`
	// Verified counts the hand-overs before the failure, or all of them.
	Verified int `json:"verified,omitempty"`
	// Final is where certificates and chains lead.
	Final    *ffg.Ref        `json:"final,omitempty"`
	Height   uint64          `json:"height,string,omitempty"`
	Code     *uint32         `json:"code,omitempty"`
	Value    cert.Bytes      `json:"value,omitempty"`
	Absent   bool            `json:"absent,omitempty"`
	Epoch    uint64          `json:"conflict_epoch,string,omitempty"`
	Guilty   []ffg.PublicKey `json:"guilty,omitempty"`
	Offences []string        `json:"offences,omitempty"`
	OK       bool            `json:"ok"`
}

// document is one of the types with an encoding, in one or both of them. Text may be invalid JSON; PadTo is the length that
// spaces after it make up.
type document struct {
	Type   string          `json:"type"`
	Binary string          `json:"binary,omitempty"`
	JSON   json.RawMessage `json:"json,omitempty"`
	Text   string          `json:"text,omitempty"`
	PadTo  int             `json:"pad_to,omitempty"`
}

// as returns a document in the forms that it is given in, which must agree.
func as[T cert.Document](d *document) (out T, err error) {
	var zero T
	if d.Binary != "" {
		raw, err := hex.DecodeString(d.Binary)
		if err != nil {
			return zero, err
		}
		if out, err = decodeBinary[T](raw); err != nil {
			return zero, err
		}
	}
	text := []byte(d.Text + strings.Repeat(" ", max(d.PadTo-len(d.Text), 0)))
	if d.JSON != nil {
		text = d.JSON
	}
	if len(text) == 0 {
		return out, nil
	}
	fromJSON, err := cert.DecodeJSON[T](text)
	if err != nil {
		return zero, err
	}
	if d.Binary == "" {
		return fromJSON, nil
	}
	again, err := cert.EncodeJSON(fromJSON)
	if err != nil {
		return zero, err
	}
	same, err := cert.EncodeJSON(out)
	if err != nil {
		return zero, err
	}
	if !bytes.Equal(again, same) {
		return zero, fmt.Errorf("the forms differ: %s", again)
	}
	return out, nil
}

func decodeBinary[T cert.Document](raw []byte) (out T, err error) {
	switch to := any(&out).(type) {
	case *cert.Certificate:
		*to, err = cert.DecodeCertificate(raw)
	case *cert.HandOver:
		*to, err = cert.DecodeHandOver(raw)
	case *cert.Trust:
		*to, err = cert.DecodeTrust(raw)
	case *cert.Proof:
		*to, err = cert.DecodeProof(raw)
	default:
		err = errors.New("no binary form")
	}
	return out, err
}

func encodeBinary[T cert.Document](v T) ([]byte, error) {
	if v, ok := any(v).(interface{ Encode() ([]byte, error) }); ok {
		return v.Encode()
	}
	return nil, errors.New("no binary form")
}

// allAs decodes several documents.
func allAs[T cert.Document](docs []document) (out []T, err error) {
	for i := range docs {
		v, err := as[T](&docs[i])
		if err != nil {
			return out, err
		}
		out = append(out, v)
	}
	return out, nil
}

func (in input) options() cert.Options {
	o := cert.Options{
		AllowDegraded: in.AllowDegraded, Now: time.UnixMilli(int64(in.Now)), UnbondingTime: time.Duration(in.Unbonding) * time.Millisecond,
	}
	if in.Mode == "following" {
		o.Mode = cert.Following
	}
	return o
}

// run does what the vector says and returns what came of it, in the form in which it was expected.
func (v vector) run() (expect, error) {
	ops := map[string]func(input) (expect, error){
		"verify_certificate": runCertificate, "verify_chain": runChain, "verify_proof": runProof,
		"verify_consistency": runConsistency, "compare": runCompare, "decode": runDecode,
	}
	op, known := ops[v.Op]
	if !known {
		return expect{}, fmt.Errorf("unknown op %q", v.Op)
	}
	found, err := op(v.Input)
	if err == nil {
		found.OK = true
		return found, nil
	}
	step, typed := cert.FailedStep(err)
	if !typed {
		return expect{}, fmt.Errorf("expected a step, found %w", err)
	}
	return expect{Error: step, Verified: found.Verified}, nil
}

func runCertificate(in input) (expect, error) {
	c, err := as[cert.Certificate](in.Certificate)
	if err != nil {
		return expect{}, err
	}
	pair, err := cert.NewPair(in.Voters, in.Next, nil)
	if err != nil {
		return expect{}, err
	}
	if err := cert.Verify(c, ffg.Domain(in.ChainID), pair, in.AllowDegraded); err != nil {
		return expect{}, err
	}
	final, _ := c.Finalized()
	ref := final.Ref()
	return expect{Final: &ref}, nil
}

func runChain(in input) (expect, error) {
	trust, err := as[cert.Trust](in.Trust)
	if err != nil {
		return expect{}, err
	}
	handOvers, err := allAs[cert.HandOver](in.HandOvers)
	if err != nil {
		return expect{}, err
	}
	reached, verified, err := cert.VerifyChain(ffg.Domain(in.ChainID), trust, handOvers, in.options())
	ref := reached.Checkpoint.Ref()
	return expect{Final: &ref, Verified: verified}, err
}

func runProof(in input) (expect, error) {
	p, err := as[cert.Proof](in.Proof)
	if err != nil {
		return expect{}, err
	}
	var trust cert.Trust
	if in.At != nil {
		if trust, err = p.TrustAt(*in.At); err != nil {
			return expect{}, err
		}
	} else if trust, err = as[cert.Trust](in.Trust); err != nil {
		return expect{}, err
	}
	out, err := cert.VerifyProof(p, in.ChainID, trust, in.options())
	if err != nil {
		return expect{}, err
	}
	ref := out.Trust.Checkpoint.Ref()
	found := expect{Final: &ref, Height: out.Height}
	if out.Tx != nil {
		found.Code = &out.Tx.Result.Code
	}
	if out.State != nil {
		found.Value, found.Absent = out.State.Value, !out.State.Exists()
	}
	return found, nil
}

func runConsistency(in input) (expect, error) {
	return expect{}, cert.VerifyConsistency(*in.Earlier, *in.Later, in.Path)
}

func runCompare(in input) (expect, error) {
	trust, err := as[cert.Trust](in.Trust)
	if err != nil {
		return expect{}, err
	}
	first, err := allAs[cert.HandOver](in.HandOvers)
	if err != nil {
		return expect{}, err
	}
	second, err := allAs[cert.HandOver](in.Others)
	if err != nil {
		return expect{}, err
	}
	dispute, err := cert.Compare(ffg.Domain(in.ChainID), trust, first, second, in.options())
	if errors.Is(err, cert.ErrNoDispute) {
		return expect{}, nil
	}
	if err != nil {
		return expect{}, err
	}
	found := expect{Epoch: dispute.Epoch}
	for _, e := range dispute.Evidence {
		found.Offences = append(found.Offences, e.Offence)
		found.Guilty = append(found.Guilty, e.Guilty...)
	}
	found.Guilty = sortedKeys(found.Guilty)
	return found, nil
}

func runDecode(in input) (expect, error) {
	decoders := map[string]func(*document) error{
		"certificate": decodes[cert.Certificate], "hand_over": decodes[cert.HandOver], "trust": decodes[cert.Trust], "proof": decodes[cert.Proof],
	}
	return expect{}, decoders[in.Decode.Type](in.Decode)
}

func decodes[T cert.Document](d *document) error {
	_, err := as[T](d)
	return err
}

// The vectors in testdata are what this code makes, and what it makes of them is what they say.
func TestVectors(t *testing.T) {
	for file, vectors := range map[string][]vector{
		"certificates": certificateVectors(t),
		"chains":       chainVectors(t),
		"proofs":       proofVectors(t),
		"disputes":     disputeVectors(t),
		"encodings":    encodingVectors(t),
	} {
		t.Run(file, func(t *testing.T) {
			path := filepath.Join("..", "core", "cert", "testdata", "v1", file+".json")
			if *update {
				require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
				require.NoError(t, os.WriteFile(path, format(t, vectors), 0o644))
			}
			raw, err := os.ReadFile(path)
			require.NoError(t, err)
			require.True(t, bytes.Equal(format(t, vectors), raw), "%s is not what the code makes: other implementations depend on it", path)
			var written []vector
			require.NoError(t, json.Unmarshal(raw, &written))
			names := map[string]bool{}
			for _, v := range written {
				require.False(t, names[v.Name], "two vectors are named %q", v.Name)
				names[v.Name] = true
				t.Run(v.Name, func(t *testing.T) {
					found, err := v.run()
					require.NoError(t, err)
					require.Equal(t, v.Expect, found)
				})
			}
		})
	}
}

func format(t *testing.T, vectors []vector) []byte {
	t.Helper()
	raw, err := json.MarshalIndent(vectors, "", " ")
	require.NoError(t, err)
	return append(raw, '\n')
}
