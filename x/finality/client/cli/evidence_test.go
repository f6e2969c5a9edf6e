package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/cosmos/cosmos-sdk/codec"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

func key(i byte) ffg.PublicKey { return ffg.PublicKey{i} }

func keys(of ...byte) (out []ffg.PublicKey) {
	for _, i := range of {
		out = append(out, key(i))
	}
	return out
}

// evidence is of votes for an epoch, by these signers on either side.
func evidence(epoch uint64, first, second, guilty []ffg.PublicKey) cert.Evidence {
	vote := func(root byte, signers []ffg.PublicKey) cert.SignedVote {
		return cert.SignedVote{
			Vote:      ffg.Vote{Source: ffg.Ref{Epoch: epoch - 1}, Target: ffg.Ref{Epoch: epoch, Root: ffg.Root{root}}},
			Signers:   signers,
			Signature: ffg.Signature{root},
		}
	}
	return cert.Evidence{Offence: "double vote", First: vote(1, first), Second: vote(2, second), Guilty: guilty}
}

func TestALightClientsConflictBecomesEvidence(t *testing.T) {
	lost := errors.New("connection lost")
	registration := func(k ffg.PublicKey) (uint64, error) { // registered in the reverse order of their keys
		switch {
		case k[0] > 19:
			return 0, lost
		case k[0] > 9:
			return 0, fmt.Errorf("%w: %s", errUnregistered, k)
		}
		return 10 - uint64(k[0]), nil
	}
	for name, tc := range map[string]struct {
		evidence []cert.Evidence
		want     [][2][]uint64 // registrations of both votes of each
		says     string
	}{
		"one": {
			evidence: []cert.Evidence{evidence(7, keys(1, 2, 3), keys(2, 3, 4), keys(2, 3))},
			want:     [][2][]uint64{{{7, 8, 9}, {6, 7, 8}}},
		},
		"the same guilty again": {
			evidence: []cert.Evidence{evidence(7, keys(1, 2), keys(1, 2), keys(1, 2)), evidence(8, keys(1, 2, 3), keys(1, 2), keys(1, 2))},
			want:     [][2][]uint64{{{8, 9}, {8, 9}}},
		},
		"one more guilty": {
			evidence: []cert.Evidence{evidence(7, keys(1), keys(1), keys(1)), evidence(8, keys(1, 3), keys(1, 3), keys(1, 3))},
			want:     [][2][]uint64{{{9}, {9}}, {{7, 9}, {7, 9}}},
		},
		"nobody guilty":           {says: "proves nobody"},
		"a signer of a fork only": {evidence: []cert.Evidence{evidence(7, keys(1, 10), keys(1), keys(1))}, says: errUnregistered.Error()},
		"a signer of a fork beside others": {
			evidence: []cert.Evidence{evidence(7, keys(1, 2, 10), keys(1, 2), keys(1, 2)), evidence(8, keys(1, 2), keys(1), keys(1)), evidence(9, keys(3), keys(3, 11), keys(3))},
			want:     [][2][]uint64{{{8, 9}, {9}}},
		},
		"a node that doesn't answer": {evidence: []cert.Evidence{evidence(7, keys(1), keys(1), keys(1)), evidence(8, keys(2, 20), keys(2), keys(2))}, says: lost.Error()},
	} {
		raw, err := json.Marshal(map[string]any{"chain_id": "test-1", "dispute": cert.Dispute{Evidence: tc.evidence}})
		if err != nil {
			t.Fatal(err)
		}
		found, err := readEvidence(codec.NewProtoCodec(codectypes.NewInterfaceRegistry()), raw, registration)
		if tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) || tc.says == "" && (err != nil || len(found) != len(tc.want)) {
			t.Errorf("%s: expected %d messages %q, found %d, %v", name, len(tc.want), tc.says, len(found), err)
			continue
		}
		for i, want := range tc.want {
			if !slices.Equal(found[i].First.Registrations, want[0]) || !slices.Equal(found[i].Second.Registrations, want[1]) {
				t.Errorf("%s: number %d: expected %v, found %v and %v", name, i, want, found[i].First.Registrations, found[i].Second.Registrations)
			}
		}
	}
}

func TestEvidenceItselfIsReadAsItIs(t *testing.T) {
	cdc := codec.NewProtoCodec(codectypes.NewInterfaceRegistry())
	want := types.Evidence{First: types.EvidenceVote{Registrations: []uint64{1, 2}}, Second: types.EvidenceVote{Registrations: []uint64{2}}}
	raw, err := cdc.MarshalJSON(&want)
	if err != nil {
		t.Fatal(err)
	}
	found, err := readEvidence(cdc, raw, nil)
	if err != nil || len(found) != 1 || !slices.Equal(found[0].First.Registrations, []uint64{1, 2}) {
		t.Errorf("expected %v, found %v, %v", want, found, err)
	}
	if _, err := readEvidence(cdc, []byte("{"), nil); err == nil {
		t.Error("expected an error, found none")
	}
}
