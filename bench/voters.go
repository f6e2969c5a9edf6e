package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	blst "github.com/supranational/blst/bindings/go"

	"github.com/dualchain/dualchain/core/ffg"
)

// signatureTag is the tag of package bls, repeated here so that the baseline does not use the package that it measures.
var signatureTag = []byte("BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_")

// voter is a voter's key pair. Its position in the set is its registration.
type voter struct {
	secret *blst.SecretKey
	point  *blst.P1Affine
	key    ffg.PublicKey
}

// newVoters returns n voters, ascending by key: always the same ones.
func newVoters(n int) []voter {
	voters := make([]voter, n)
	for i := range voters {
		seed := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("bench voter"), uint64(i)))
		secret := blst.KeyGen(seed[:])
		point := new(blst.P1Affine).From(secret)
		voters[i] = voter{secret: secret, point: point, key: ffg.PublicKey(point.Compress())}
	}
	slices.SortFunc(voters, func(a, b voter) int { return bytes.Compare(a.key[:], b.key[:]) })
	return voters
}

// group is a group of voters that sign together.
type group struct {
	signers ffg.Bitfield
	points  []*blst.P1Affine
	secret  *blst.SecretKey // the sum of their keys: it makes their aggregate at the cost of one signature
}

// groupOf takes every stride-th voter.
func groupOf(voters []voter, stride int) (group, error) {
	g := group{signers: ffg.NewBitfield(len(voters))}
	for i := 0; i < len(voters); i += stride {
		g.signers.Set(i)
		g.points = append(g.points, voters[i].point)
		if g.secret == nil {
			g.secret = new(blst.SecretKey)
			*g.secret = *voters[i].secret
			continue
		}
		if _, ok := g.secret.AddAssign(voters[i].secret); !ok {
			return group{}, fmt.Errorf("add the secret of voter %d: the sum is zero", i)
		}
	}
	return g, nil
}

// sign returns the group's aggregate signature.
func (g group) sign(root ffg.Root) ffg.Signature {
	return ffg.Signature(new(blst.P2Affine).Sign(g.secret, root[:], signatureTag).Compress())
}

// verify is the baseline: the least work to check an aggregate from the wire. It adds up the keys, which are decompressed
// already, decompresses the signature, checks its subgroup, and compares two pairings.
func (g group) verify(root ffg.Root, signature ffg.Signature) error {
	sum := blst.P1AffinesAdd(g.points).ToAffine()
	point := new(blst.P2Affine).Uncompress(signature[:])
	if point == nil || !point.Verify(true, sum, false, root[:], signatureTag) {
		return errors.New("the baseline refuses the aggregate")
	}
	return nil
}
