package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
)

// verdict is what verify prints with --output json: one object on one line, whether the proof is valid or not.
type verdict struct {
	Valid   bool      `json:"valid"`
	ChainID string    `json:"chain_id"`
	Kind    cert.Kind `json:"kind"`
	// Trust is where the proof starts, and Final where its hand-overs lead.
	Trust ffg.Ref       `json:"trust"`
	Final *finalVerdict `json:"final,omitempty"`
	// Height is that of the block, of the transaction's block, or of the block after which the state was this.
	Height uint64        `json:"height,string,omitempty"`
	Tx     *txVerdict    `json:"tx,omitempty"`
	State  *stateVerdict `json:"state,omitempty"`
	Error  *failure      `json:"error,omitempty"`
}

type finalVerdict struct {
	ffg.Ref
	Height uint64 `json:"height,string"`
	Time   uint64 `json:"time_ms,string"`
}

type txVerdict struct {
	Hash    ffg.Root `json:"hash"`
	Success bool     `json:"success"`
	Code    uint32   `json:"code"`
	GasUsed int64    `json:"gas_used,string"`
}

type stateVerdict struct {
	Store  string     `json:"store"`
	Key    cert.Bytes `json:"key"`
	Exists bool       `json:"exists"`
	Value  cert.Bytes `json:"value"`
}

// failure names the step that failed (protocol §13.10).
type failure struct {
	Step    cert.Step `json:"step"`
	Message string    `json:"message"`
}

func verdictOf(proof cert.Proof, trust cert.Trust, outcome cert.Outcome, err error) verdict {
	v := verdict{Valid: err == nil, ChainID: proof.ChainID, Kind: proof.Subject().Kind, Trust: trust.Checkpoint.Ref()}
	if err != nil {
		step, _ := cert.FailedStep(err)
		v.Error = &failure{Step: step, Message: err.Error()}
		return v
	}
	final := outcome.Trust.Checkpoint
	v.Final, v.Height = &finalVerdict{Ref: final.Ref(), Height: final.Height, Time: final.Time}, outcome.Height
	if tx := outcome.Tx; tx != nil {
		v.Tx = &txVerdict{Hash: tx.Hash, Success: tx.Result.Code == 0, Code: tx.Result.Code, GasUsed: tx.Result.GasUsed}
	}
	if s := outcome.State; s != nil {
		v.State = &stateVerdict{Store: s.Store, Key: s.Key, Exists: s.Exists(), Value: s.Value}
	}
	return v
}

// print writes what a verification showed, as lines for people or as JSON.
func (v verification) print(out io.Writer) error {
	if v.asJSON {
		return json.NewEncoder(out).Encode(verdictOf(v.proof, v.trust, v.outcome, v.err))
	}
	for _, line := range stepsOf(v.proof, v.trust, v.outcome, v.err) {
		if _, err := fmt.Fprintln(out, line); err != nil {
			return err
		}
	}
	return nil
}

// verification is a proof that has been verified, with what came of it.
type verification struct {
	proof   cert.Proof
	trust   cert.Trust
	outcome cert.Outcome
	err     error
	asJSON  bool
}

// outputFormat reads --output.
func outputFormat(name string) (asJSON bool, err error) {
	switch name {
	case "text":
		return false, nil
	case "json":
		return true, nil
	}
	return false, errors.New("read --output: expected text or json, found " + fmt.Sprintf("%.80q", name))
}
