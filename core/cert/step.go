package cert

import (
	"errors"
	"fmt"
)

// Step names the check that a verification did not pass. Protocol §13.6 to §13.8 list them in the order in which they are made.
type Step string

// The steps.
const (
	StepDecode      Step = "decode"      // bytes that no encoder writes, or that exceed a bound
	StepChain       Step = "chain"       // a proof for another chain than the verifier's
	StepSubject     Step = "subject"     // a proof of something else than was asked for
	StepTrust       Step = "trust"       // members that the trusted checkpoint does not commit to, or another checkpoint
	StepExpired     Step = "expired"     // trust older than the unbonding time
	StepFuture      Step = "future"      // a checkpoint that is further ahead of the clock than clocks drift
	StepAnchor      Step = "anchor"      // a checkpoint that descends from another anchor than the trusted one (protocol §7)
	StepOrder       Step = "order"       // a certificate that does not come after the trusted checkpoint
	StepDegraded    Step = "degraded"    // powers lowered by the inactivity leak (protocol §9)
	StepExtends     Step = "extends"     // a checkpoint that cannot follow the one before
	StepSet         Step = "set"         // a voter set that does not follow from what is trusted
	StepNext        Step = "next"        // changes that do not lead to the next set that the checkpoint commits to
	StepSource      Step = "source"      // a link from a checkpoint that the certificate does not justify
	StepSigners     Step = "signers"     // a bitfield that does not fit the voter set
	StepQuorum      Step = "quorum"      // less than two thirds of a side, or no link where one is needed
	StepSignature   Step = "signature"   // malformed, the identity, or not by these signers on this vote
	StepInclusion   Step = "inclusion"   // a block that is not under the checkpoint
	StepConsistency Step = "consistency" // a history that does not begin with the other
	StepHeader      Step = "header"      // a field that is not in the block's header
	StepTx          Step = "tx"          // a transaction that is not in the block
	StepResult      Step = "result"      // a result that is not the transaction's
	StepState       Step = "state"       // a key or value, or its absence, that is not in the application's state
)

// StepError says which step failed, at which place, and why.
type StepError struct {
	Step Step
	// Index is the number of the certificate's checkpoint that failed, 0 for its first, and for all other steps. In a chain of
	// hand-overs, how many were valid says which certificate.
	Index int
	Err   error
}

// Error names the step and the place.
func (e *StepError) Error() string {
	if e.Index == 0 {
		return fmt.Sprintf("%s: %s", e.Step, e.Err)
	}
	return fmt.Sprintf("%s, checkpoint %d: %s", e.Step, e.Index, e.Err)
}

// Unwrap returns the reason.
func (e *StepError) Unwrap() error { return e.Err }

// FailedStep returns the step that err names, and whether it names one.
func FailedStep(err error) (Step, bool) {
	var e *StepError
	if !errors.As(err, &e) {
		return "", false
	}
	return e.Step, true
}

func fail(step Step, index int, format string, args ...any) error {
	return &StepError{Step: step, Index: index, Err: fmt.Errorf(format, args...)}
}
