package cert_test

import (
	"math"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
)

const (
	exact53 = 1 << 53 // from here on a double skips integers
	exact63 = 1 << 63
)

// powerVectors are certificates in a pair with these powers, without the votes of some: of a quorum to the unit, and of one unit less.
func powerVectors() (out []vector) {
	voters := certtest.NewVoters(8)
	add := func(name string, ok bool, rear, current []uint64, absent ...int) {
		c := certtest.New(vectorChain, voters, voters.Side(rear...))
		c.Extend(1)
		c.Install(voters.Side(current...))
		c.Extend(1)
		c.Install(voters.Side(current...))
		c.Extend(1)
		first := c.Head()
		c.Propose()
		c.Vote(first, first+1, absent...)
		in := input{
			ChainID: vectorChain, Voters: c.Set(first), Next: c.Next(first), Certificate: certtest.Both(c.Certificate(first, first+1)),
		}
		ref := c.Checkpoints[first].Ref()
		e := expect{OK: true, Final: &ref}
		if !ok {
			e = expect{Error: cert.StepQuorum}
		}
		out = append(out, vector{Name: name, Op: "verify_certificate", Input: in, Expect: e})
	}
	thirds, below, above := []uint64{3, 3, 3}, []uint64{3, 2, 4}, []uint64{4, 4, 4}
	add("6 of 9 on both sides", true, thirds, thirds, 2)
	add("5 of 9 on the rear side", false, below, thirds, 2)
	add("5 of 9 on the current side", false, thirds, below, 2)
	add("6 of 9 on the rear side, 8 of 12 on the current", true, thirds, above, 2)
	add("7 of 10 on both sides", true, []uint64{7, 3}, []uint64{7, 3}, 1)
	add("6 of 10 on the rear side", false, []uint64{6, 4}, []uint64{7, 3}, 1)
	add("6 of 10 on the current side", false, []uint64{7, 3}, []uint64{6, 4}, 1)
	add("6 of 8 on both sides", true, []uint64{6, 2}, []uint64{6, 2}, 1)
	add("5 of 8 on both sides", false, []uint64{5, 3}, []uint64{5, 3}, 1)
	add("one voter with a power of 1", true, []uint64{1}, []uint64{1})
	add("two thirds of the rear side who have no current power", false, []uint64{2, 1}, []uint64{0, 1}, 1)
	add("two thirds of the current side who have no rear power", false, []uint64{0, 1}, []uint64{2, 1}, 1)

	// Each is tried on the one side, beside a side where it is no question, and on the other.
	sure := []uint64{3, 1}
	for _, bound := range []struct {
		name   string
		ok     bool
		powers []uint64
		absent int
	}{
		{"two thirds, where doubles lose the last unit", true, []uint64{exact53 + 1, exact53 / 2}, 1},
		{"a unit short, where doubles lose the last unit", false, []uint64{exact53 + 1, exact53/2 + 1}, 1},
		{"two thirds, where three times the power needs 65 bits", true, []uint64{exact63, exact63 / 2}, 1},
		{"a unit short, where three times the power needs 65 bits", false, []uint64{exact63 - 1, exact63 / 2}, 1},
		{"two thirds of more than 64 bits", true, []uint64{math.MaxUint64, exact63 - 1}, 1},
		{"a unit short of two thirds of more than 64 bits", false, []uint64{math.MaxUint64, exact63}, 1},
		{"all but a dwarf, together 2^64", true, []uint64{math.MaxUint64, 1}, 1},
		{"a dwarf, together 2^64", false, []uint64{1, math.MaxUint64}, 1},
		{"a giant without the others", true, []uint64{math.MaxUint64, 1, 1, 1}, -1},
		{"the others without a giant", false, []uint64{1, 1, math.MaxUint64}, 2},
	} {
		absent := []int{bound.absent}
		if bound.absent < 0 {
			absent = []int{1, 2, 3}
		}
		add(bound.name+", rear", bound.ok, bound.powers, sure, absent...)
		add(bound.name+", current", bound.ok, sure, bound.powers, absent...)
	}
	giants := []uint64{math.MaxUint64, math.MaxUint64, math.MaxUint64}
	add("two of three giants", true, giants, giants, 2)
	add("one of three giants", false, giants, giants, 1, 2)
	return out
}
