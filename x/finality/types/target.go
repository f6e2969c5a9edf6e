package types

import (
	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
)

// OpenTarget is a checkpoint that votes may still be recorded for.
type OpenTarget struct {
	Vote      ffg.Vote     // the only vote that counts for it
	SetHash   ffg.Root     // of the voter set that votes on it
	Set       ffg.VoterSet // the voters, ascending by key
	Keys      *bls.KeySet  // their keys, in the same order
	Signers   ffg.Bitfield // the voters whose votes are recorded; nil before the first
	Justified bool         // whether its link is known: it needs no more votes
}
