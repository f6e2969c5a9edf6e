package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/dualchain/dualchain/core/cert"
)

// maxDocument is the most that is read of a file or of standard input, in bytes.
const maxDocument = cert.MaxSize

// readArgument reads the file that an argument names, - for standard input.
func readArgument(cmd *cobra.Command, name string) ([]byte, error) {
	in := cmd.InOrStdin()
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer file.Close() //nolint:errcheck // only read
		in = file
	}
	content, err := io.ReadAll(io.LimitReader(in, maxDocument+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if len(content) > maxDocument {
		return nil, fmt.Errorf("read %s: expected at most %d bytes, found more", name, maxDocument)
	}
	return content, nil
}

// readProof reads a proof in any of its forms.
func readProof(content []byte) (cert.Proof, error) {
	return readDocument[cert.Proof](content, "proof")
}

// readDocument reads a document as JSON, in its binary form, or from the field with this name in the answer of a light client or of a
// node.
func readDocument[T cert.Document](content []byte, field string) (T, error) {
	if canonical := canonicalIn(content); canonical != nil {
		return cert.Decode[T](canonical)
	}
	var answer map[string]json.RawMessage
	if json.Unmarshal(content, &answer) == nil && len(answer[field]) > 0 {
		content = answer[field]
	}
	if canonical := canonicalIn(content); canonical != nil {
		return cert.Decode[T](canonical)
	}
	return cert.Decode[T](content)
}

// canonicalIn returns the binary form in a node's answer, or nil if it has none.
func canonicalIn(content []byte) []byte {
	var answer struct {
		Canonical []byte `json:"canonical"`
	}
	if json.Unmarshal(content, &answer) != nil || len(answer.Canonical) == 0 {
		return nil
	}
	return answer.Canonical
}
