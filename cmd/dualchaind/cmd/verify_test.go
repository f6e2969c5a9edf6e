package cmd

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/cert"
)

// goldenProof returns one of the golden vectors in both forms, with the chain and the checkpoint that its verifier trusts.
func goldenProof(t *testing.T, name string) (binary, text []byte, chainID, trust string) {
	t.Helper()
	content, err := os.ReadFile("../../../cert/testdata/v1/proofs.json")
	require.NoError(t, err)
	var vectors []struct {
		Name  string
		Input struct {
			ChainID string `json:"chain_id"`
			Trust   struct{ Binary string }
			Proof   struct{ Binary string }
		}
	}
	require.NoError(t, json.Unmarshal(content, &vectors))
	for _, v := range vectors {
		if v.Name != name {
			continue
		}
		decode := func(digits string) []byte {
			b, err := hex.DecodeString(digits)
			require.NoError(t, err)
			return b
		}
		trusted, err := cert.DecodeTrust(decode(v.Input.Trust.Binary))
		require.NoError(t, err)
		document, err := cert.EncodeJSON(trusted)
		require.NoError(t, err)
		trust = filepath.Join(t.TempDir(), "trust.json")
		require.NoError(t, os.WriteFile(trust, document, 0o600))
		binary = decode(v.Input.Proof.Binary)
		proof, err := cert.DecodeProof(binary)
		require.NoError(t, err)
		text, err = cert.EncodeJSON(proof)
		require.NoError(t, err)
		return binary, text, v.Input.ChainID, trust
	}
	t.Fatalf("expected a vector %q, found none", name)
	return nil, nil, "", ""
}

func TestVerifyReadsEitherFormOfAProof(t *testing.T) {
	for name, exit := range map[string]int{"a transaction that succeeded": 0, "a transaction that failed: final, and failed": 2} {
		binary, text, chainID, trust := goldenProof(t, name)
		answer := append(append([]byte(`{"trust":{},"proof":`), text...), '}')
		for form, content := range map[string][]byte{
			"binary": binary, "JSON": text, "JSON in lines": append([]byte("\n\t"), text...), "a light client's answer": answer,
		} {
			out, err := verify(t, content, chainID, trust)
			found := 0
			if err != nil {
				found = ExitCode(err)
			}
			require.Equal(t, exit, found, "%s, %s: %v", name, form, err)
			require.Contains(t, out, "FINAL transaction", form)
		}
		require.Less(t, 2*len(binary), len(text))
	}
}

func TestVerifyRefusesWhatIsNoProof(t *testing.T) {
	binary, text, chainID, trust := goldenProof(t, "a transaction that succeeded")
	for name, content := range map[string][]byte{
		"nothing": nil, "white space": []byte(" \n"), "words": []byte("hello"), "zeros": make([]byte, 100), "half of it": binary[:len(binary)/2],
		"more than it": append(bytes.Clone(binary), 0), "half of the text": text[:len(text)/2], "two texts": append(bytes.Clone(text), text...),
		"another document": []byte(`{"type":"dualchain/trust/v1","value":{}}`), "null": []byte("null"), "an answer without": []byte(`{"proof":null}`),
	} {
		out, err := verify(t, content, chainID, trust)
		step, _ := cert.FailedStep(err)
		require.Equal(t, cert.StepDecode, step, "%s: %v", name, err)
		require.Equal(t, 1, ExitCode(err))
		require.Empty(t, out)
	}
}

// verify runs the command on a proof from standard input, with a trust of any age.
func verify(t *testing.T, content []byte, chainID, trust string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := verifyCommand()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetIn(bytes.NewReader(content))
	cmd.SetOut(&out)
	cmd.SetArgs([]string{"-", "--chain-id", chainID, "--trust-file", trust, "--unbonding-time", "2000000h"})
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}
