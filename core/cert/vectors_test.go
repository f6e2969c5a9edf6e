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
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
)

var update = flag.Bool("update", false, "write the golden vectors")

type (
	vector   = certtest.Vector
	input    = certtest.Input
	expect   = certtest.Expect
	document = certtest.Document
)

// as returns a document in the forms that it is given in, which must agree.
func as[T cert.Document](d *document) (out T, err error) {
	var zero T
	if d.Zeros > 0 {
		*d = d.Expand()
	}
	if d.Binary != "" {
		raw, err := hex.DecodeString(d.Binary)
		if err != nil {
			return zero, err
		}
		if out, err = cert.Decode[T](raw); err != nil {
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

func optionsOf(in input) cert.Options {
	o := cert.Options{
		AllowDegraded: in.AllowDegraded, Now: time.UnixMilli(int64(in.Now)), UnbondingTime: time.Duration(in.Unbonding) * time.Millisecond,
		ClockDrift: time.Duration(in.ClockDrift) * time.Millisecond,
	}
	if in.Mode == "following" {
		o.Mode = cert.Following
	}
	return o
}

// run does what a vector says, and returns the outcome in the form in which it is expected.
func run(v vector) (expect, error) {
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
	reached, verified, err := cert.VerifyChain(ffg.Domain(in.ChainID), trust, handOvers, optionsOf(in))
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
	out, err := cert.VerifyProof(p, in.ChainID, trust, in.About.Subject(), optionsOf(in))
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
	dispute, err := cert.Compare(ffg.Domain(in.ChainID), trust, first, second, optionsOf(in))
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

// vectorsOf reads a file of vectors.
func vectorsOf(t testing.TB, file string) (vectors []vector) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "v1", file+".json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &vectors))
	return vectors
}

// files are those with vectors. Those of proofs are made from real blocks, in the root module.
var files = []string{"certificates", "chains", "proofs", "disputes", "encodings"}

// The vectors in testdata are what this code makes.
func TestTheVectorsAreWhatThisCodeMakes(t *testing.T) {
	for file, vectors := range map[string][]vector{
		"certificates": certificateVectors(t),
		"chains":       chainVectors(t),
		"disputes":     disputeVectors(t),
		"encodings":    encodingVectors(t),
	} {
		path := filepath.Join("testdata", "v1", file+".json")
		if *update {
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
			require.NoError(t, os.WriteFile(path, certtest.Format(vectors), 0o644))
		}
		raw, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(certtest.Format(vectors), raw), "%s is not what the code makes: other implementations depend on it", path)
	}
}

// Verifying the vectors has the outcome that they name.
func TestVectors(t *testing.T) {
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			names := map[string]bool{}
			for _, v := range vectorsOf(t, file) {
				require.False(t, names[v.Name], "two vectors are named %q", v.Name)
				names[v.Name] = true
				t.Run(v.Name, func(t *testing.T) {
					found, err := run(v)
					require.NoError(t, err)
					require.Equal(t, v.Expect, found)
				})
			}
			require.NotEmpty(t, names)
		})
	}
}
