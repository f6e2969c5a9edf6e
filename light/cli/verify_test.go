package cli

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/dualchain/dualchain/core/cert"
)

// goldenProof returns one of the golden vectors in both forms, with the chain and the checkpoint that its verifier trusts.
func goldenProof(t *testing.T, name string) (binary, text []byte, chainID, trust string) {
	t.Helper()
	content, err := os.ReadFile("../../core/cert/testdata/v1/proofs.json")
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
		node, err := json.Marshal(map[string]any{"proof": map[string]any{"kind": "PROOF_KIND_TX", "canonical": binary}})
		require.NoError(t, err)
		for form, content := range map[string][]byte{
			"binary": binary, "JSON": text, "JSON in lines": append([]byte("\n\t"), text...), "a light client's answer": answer, "a node's answer": node,
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

// A script that waits for a payment acts on the exit code, so a valid proof of something else is no proof.
func TestAProofOfSomethingElseIsRefused(t *testing.T) {
	tx, _, chainID, trust := goldenProof(t, "a transaction that succeeded")
	block, _, _, _ := goldenProof(t, "a block")
	state, _, _, _ := goldenProof(t, "a key's value")
	paid, err := cert.DecodeProof(tx)
	require.NoError(t, err)
	kept, err := cert.DecodeProof(state)
	require.NoError(t, err)
	key := fmt.Sprintf("%s/%x", kept.State.Store, []byte(kept.State.Key))
	hash, other := paid.Tx.Hash.String(), strings.Repeat("ab", 32)
	for name, tc := range map[string]struct {
		proof []byte
		flags []string
		says  string // empty if the proof is about that
	}{
		"the transaction":             {tx, []string{"--tx", hash}, ""},
		"in capitals":                 {tx, []string{"--tx", strings.ToUpper(hash)}, ""},
		"another transaction":         {tx, []string{"--tx", other}, "expected a proof of transaction " + other + ", found one of transaction " + hash},
		"a block for a transaction":   {block, []string{"--tx", hash}, "found one of block 2"},
		"no hash":                     {tx, []string{"--tx", "ab"}, "expected 64 hexadecimal digits, found \"ab\""},
		"the block":                   {block, []string{"--block", "2"}, ""},
		"another block":               {block, []string{"--block", "3"}, "expected a proof of block 3, found one of block 2"},
		"a transaction for its block": {tx, []string{"--block", "5"}, "found one of transaction " + hash},
		"the key":                     {state, []string{"--state", key}, ""},
		"the key after the block":     {state, []string{"--state", key, "--height", "5"}, ""},
		"the key after another block": {state, []string{"--state", key, "--height", "6"}, "after block 6, found one of store"},
		"another key":                 {state, []string{"--state", key + "00"}, "found one of store " + kept.State.Store},
		"another store":               {state, []string{"--state", "x" + key}, "expected a proof of store x" + kept.State.Store},
		"no key":                      {state, []string{"--state", "bank"}, "expected STORE/KEY"},
		"a height alone":              {block, []string{"--height", "2"}, "expected --height with --state"},
		"a height of a transaction":   {tx, []string{"--tx", hash, "--height", "5"}, "expected --height with --state"},
		"a hash that is empty":        {block, []string{"--tx", ""}, "expected 64 hexadecimal digits, found \"\""},
		"block 0":                     {tx, []string{"--block", "0"}, "expected a proof of block 0, found one of transaction " + hash},
		"a key that is empty":         {state, []string{"--state", ""}, "expected STORE/KEY"},
		"height 0":                    {state, []string{"--state", key, "--height", "0"}, "expected --height of at least 1, found 0"},
		"two things":                  {tx, []string{"--tx", hash, "--block", "5"}, "none of the others can be"},
	} {
		out, err := verify(t, tc.proof, chainID, trust, tc.flags...)
		if tc.says == "" {
			require.NoError(t, err, name)
			continue
		}
		require.ErrorContains(t, err, tc.says, name)
		require.Equal(t, 1, ExitCode(err))
		require.NotContains(t, out, "FINAL", name)
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
func verify(t *testing.T, content []byte, chainID, trust string, flags ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	cmd := testOptions.verifyCommand()
	cmd.SilenceUsage, cmd.SilenceErrors = true, true
	cmd.SetIn(bytes.NewReader(content))
	cmd.SetOut(&out)
	cmd.SetArgs(append([]string{"-", "--chain-id", chainID, "--trust-file", trust, "--unbonding-time", "2000000h"}, flags...))
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

// A program reads every verdict from JSON and not from the lines.
func TestVerifyPrintsItsVerdictAsJSON(t *testing.T) {
	for name, tc := range map[string]struct {
		flags []string
		exit  int
		says  []string
	}{
		"a transaction that succeeded":                 {nil, 0, []string{`"valid":true`, `"kind":"tx"`, `"height":"5"`, `"success":true,"code":0,"gas_used":"61234"`}},
		"a transaction that failed: final, and failed": {nil, 2, []string{`"valid":true`, `"success":false,"code":5`}},
		"a block":         {nil, 0, []string{`"kind":"block"`, `"height":"2"`, `"final":{"epoch":"2","root":"`, `"height":"9","time_ms":"1700000009000"}`}},
		"a key's value":   {nil, 0, []string{`"state":{"store":"bank","key":"626f62","exists":true,"value":"0564"}`}},
		"a key's absence": {nil, 0, []string{`"exists":false,"value":""`}},
		"a failed transaction passed off as successful": {nil, 1, []string{`"valid":false`, `"error":{"step":"result","message":"result: `}},
		"another value": {nil, 1, []string{`"valid":false`, `"kind":"state"`, `"step":"state"`}},
	} {
		binary, _, chainID, trust := goldenProof(t, name)
		out, err := verify(t, binary, chainID, trust, "--output", "json")
		require.Equal(t, tc.exit, map[bool]int{true: 0, false: ExitCode(err)}[err == nil], name)
		require.True(t, json.Valid([]byte(out)), "%s: %s", name, out)
		require.Equal(t, 1, strings.Count(out, "\n"), "one line")
		for _, says := range tc.says {
			require.Contains(t, out, says, name)
		}
	}
	binary, _, chainID, trust := goldenProof(t, "a block")
	_, err := verify(t, binary, chainID, trust, "--output", "yaml")
	require.ErrorContains(t, err, `expected text or json, found "yaml"`)
}
