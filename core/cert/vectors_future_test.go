package cert_test

import (
	"testing"

	"github.com/dualchain/dualchain/core/cert"
)

// drift is how far ahead a checkpoint may be unless the input says otherwise, in milliseconds.
const drift = 10_000

// futureVectors have a clock that is behind the trusted checkpoint, or behind one that hand-overs lead to.
func futureVectors(t *testing.T, r rotation) (out []vector) {
	add := func(name string, trusted, final uint64, in input, behind uint64, ok bool) {
		in.Now = r.Checkpoints[final].Time - behind
		ref := r.Checkpoints[final].Ref()
		e := expect{OK: true, Final: &ref, Verified: len(in.HandOvers)}
		if !ok {
			e = expect{Error: cert.StepFuture, Verified: max(len(in.HandOvers)-1, 0)}
		}
		out = append(out, vector{Name: name, Op: "verify_chain", Input: in, Expect: e})
	}
	add("a trusted checkpoint as far ahead as clocks drift", 0, 0, r.input(t, 0), drift, true)
	add("a trusted checkpoint a millisecond further ahead", 0, 0, r.input(t, 0), drift+1, false)
	hops := r.input(t, 0, r.hops(1, 2, 3, 5)...)
	add("hand-overs to a checkpoint as far ahead as clocks drift", 0, r.first[5], hops, drift, true)
	add("hand-overs to a checkpoint a millisecond further ahead", 0, r.first[5], hops, drift+1, false)
	precise := r.input(t, 0)
	precise.ClockDrift = 500
	add("a trusted checkpoint as far ahead as the user allows", 0, 0, precise, 500, true)
	add("a trusted checkpoint further ahead than the user allows", 0, 0, precise, 501, false)
	least := r.input(t, 0)
	least.ClockDrift = 1
	add("a trusted checkpoint a millisecond ahead, which is what the user allows", 0, 0, least, 1, true)
	add("a trusted checkpoint two milliseconds ahead, and the user allows one", 0, 0, least, 2, false)
	precise = r.input(t, 0, r.hops(1)...)
	precise.ClockDrift = 500
	add("a hand-over to a checkpoint further ahead than the user allows", 0, r.first[1], precise, 501, false)
	early := r.input(t, 0)
	early.Now = 1
	out = append(out, vector{Name: "trusted long before its time", Op: "verify_chain", Input: early, Expect: expect{Error: cert.StepFuture}})
	// The final checkpoint has arrived, those that prove it final have not: only what becomes trusted counts.
	after := r.input(t, 0, r.HandOver(0, 1, 2))
	after.ClockDrift = 1
	add("the target is ahead, the final checkpoint is not", 0, 1, after, 0, true)
	return out
}
