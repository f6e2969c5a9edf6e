package e2e

import (
	"context"
	"math/big"
	"strings"
	"testing"
	"time"

	bankapi "cosmossdk.io/api/cosmos/bank/v1beta1"

	abci "github.com/cometbft/cometbft/abci/types"

	finalityapi "github.com/dualchain/dualchain/api/dualchain/finality/v1"
	"github.com/dualchain/dualchain/tests/e2e/harness"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

func TestAnEquivocatingVoterIsSlashedOnce(t *testing.T) {
	t.Parallel()
	n := harness.Start(t, bin, "--validators", "2", "--voters", "4", "--interval", "2", "--block-time", "500ms")
	node := n.Node("validator-0")
	node.AwaitFinalized(2, time.Minute)
	culprit := n.Process("voter-3")

	n.Localnet("equivocate", culprit.Name)

	voter, err := node.Voter(t.Context(), culprit.Operator)
	if err != nil {
		t.Fatal(err)
	}
	if !voter.Voter.Tombstoned || voter.State != finalityapi.VoterState_VOTER_STATE_TOMBSTONED {
		t.Fatalf("expected a tombstone, found %v", voter)
	}
	records := evidenceAgainst(t, node, voter.Voter.Index)
	if len(records) != 1 {
		t.Fatalf("expected one record, found %v", records)
	}
	record := records[0]
	first, second := record.Evidence.First.Vote, record.Evidence.Second.Vote
	if first.Target.Epoch != second.Target.Epoch || first.Target.Root == second.Target.Root {
		t.Fatalf("expected two votes for one epoch, found %v and %v", first, second)
	}
	if record.Submitter != "" || record.Reward != "0" {
		t.Fatalf("expected evidence that a proposer injected without reward, found %v", record)
	}

	// The voter loses 5 % of 100 units at once. The supply falls by exactly that, apart from the block's new coins.
	penalty, left := number(t, record.Penalty), number(t, voter.Bonded)
	if penalty.Cmp(big.NewInt(5_000_000)) != 0 || left.Cmp(big.NewInt(95_000_000)) != 0 {
		t.Fatalf("expected 5000000 taken and 95000000 left, found %s and %s", penalty, left)
	}
	change := new(big.Int).Sub(supply(t, node, record.Height), supply(t, node, record.Height-1))
	change.Sub(change, minted(t, node, record.Height))
	if change.Add(change, penalty); change.Sign() != 0 {
		t.Fatalf("expected the supply to fall by %s, found %s more or less", penalty, change)
	}

	// It is slashed once: later blocks take nothing more, although its votes are still in gossip. The others finalize without it.
	if _, err := n.Command(t.Context(), "localnet", "equivocate", "voter-3", "--home", n.Home); err == nil || !strings.Contains(err.Error(), "tombstoned") {
		t.Fatalf("expected a refusal, found %v", err)
	}
	node.AwaitFinalized(node.MustHeads().Head.Epoch+3, time.Minute)
	again, err := node.Voter(t.Context(), culprit.Operator)
	if err != nil {
		t.Fatal(err)
	}
	if again.Bonded != voter.Bonded || len(evidenceAgainst(t, node, voter.Voter.Index)) != 1 {
		t.Fatalf("slashed twice: %v", again)
	}
	slashes := 0
	for height := record.Height; height <= int64(node.MustHeads().Height); height++ {
		slashes += len(harness.Find[finalitytypes.EventVoterSlashed](n, node.Events(height)))
	}
	if slashes != 1 {
		t.Fatalf("expected one event of a slash, found %d", slashes)
	}
	n.Await("the voter to leave every set", time.Minute, func(ctx context.Context) (bool, error) {
		v, err := node.Voter(ctx, culprit.Operator)
		return err == nil && v.Rear == 0 && v.Current == 0 && v.Next == 0, err
	})
}

func TestEquivocateRefusesOutsideALocalnet(t *testing.T) {
	n := &harness.Net{TB: t, Bin: bin, Home: t.TempDir()}
	_, err := n.Command(t.Context(), "localnet", "equivocate", "voter-0", "--home", n.Home)
	if err == nil || !strings.Contains(err.Error(), "not the home of a localnet") {
		t.Fatalf("expected a refusal, found %v", err)
	}
}

// evidenceAgainst returns the records that slashed a registration.
func evidenceAgainst(t *testing.T, node *harness.Node, index uint64) []*finalityapi.EvidenceRecord {
	t.Helper()
	all, err := node.Finality.AllEvidence(t.Context(), &finalityapi.QueryAllEvidenceRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var found []*finalityapi.EvidenceRecord
	for _, record := range all.Records {
		for _, slashed := range record.Slashed {
			if slashed == index {
				found = append(found, record)
			}
		}
	}
	return found
}

// supply returns the coins that exist after a block.
func supply(t *testing.T, node *harness.Node, height int64) *big.Int {
	t.Helper()
	answer, err := node.Bank.SupplyOf(harness.At(t.Context(), height), &bankapi.QuerySupplyOfRequest{Denom: "udual"})
	if err != nil {
		t.Fatal(err)
	}
	return number(t, answer.Amount.Amount)
}

// minted returns the coins that a block made.
func minted(t *testing.T, node *harness.Node, height int64) *big.Int {
	t.Helper()
	total := new(big.Int)
	for _, event := range node.Events(height) {
		if event.Type == "mint" {
			total.Add(total, number(t, attribute(event, "amount")))
		}
	}
	return total
}

func attribute(event abci.Event, key string) string {
	for _, a := range event.Attributes {
		if a.Key == key {
			return a.Value
		}
	}
	return ""
}

func number(t *testing.T, s string) *big.Int {
	t.Helper()
	n, ok := new(big.Int).SetString(s, 10)
	if !ok {
		t.Fatalf("expected a decimal number, found %q", s)
	}
	return n
}
