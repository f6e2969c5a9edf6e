package localnet

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

func TestProgressSaysHowFarBothLayersAre(t *testing.T) {
	heads := Heads{
		Height: 83,
		Head:   &Head{Epoch: 16}, Justified: &Head{Epoch: 15}, Finalized: &Head{Epoch: 14, LagBlocks: 13, LagSeconds: 15},
		Votes: &Votes{Epoch: 15, Signers: 3, Voters: 4, PowerPPM: 777_999},
	}
	line, news := progress(heads)
	const want = "height 83 · head 16 · justified 15 · finalized 14 (13 blocks, 15 s behind) · epoch 15 signed by 3/4 voters, 77.7 % of power"
	if line != want {
		t.Fatalf("expected %q, found %q", want, line)
	}

	heads.Height, heads.Finalized.LagBlocks, heads.Votes = 84, 14, nil
	later, same := progress(heads)
	if same != news || !strings.HasSuffix(later, "nobody has signed yet") {
		t.Fatalf("expected no news in a block without a checkpoint, found %q after %q, with %q", same, news, later)
	}
	heads.Justified.Epoch++
	if _, moved := progress(heads); moved == news {
		t.Fatal("expected news when a head moves")
	}
	if line, _ := progress(Heads{Height: 7}); line != "height 7 · no checkpoints until a voter is eligible" {
		t.Fatalf("unexpected line before the anchor: %q", line)
	}
}

func TestDowntimeNamesWhatDoesNotRun(t *testing.T) {
	states := []ProcessState{
		{Name: "validator-0", State: Running},
		{Name: "voter-0", State: Stopped},
		{Name: "voter-1", State: Exited, Exit: "exit status 3"},
	}
	if got, want := downtime(states), " · voter-0 stopped, voter-1 exited (exit status 3)"; got != want {
		t.Fatalf("expected %q, found %q", want, got)
	}
	if got := downtime(states[:1]); got != "" {
		t.Fatalf("expected nothing, found %q", got)
	}
}

func TestLinesFitTheTerminal(t *testing.T) {
	const line = "a·c"
	for columns, want := range map[int]string{0: line, 2: "a", 3: "a·", 4: line, 80: line} {
		if got := cut(line, columns); got != want {
			t.Errorf("%d columns: expected %q, found %q", columns, want, got)
		}
	}
}

func TestMoreThanAThirdBlocks(t *testing.T) {
	for _, tt := range []struct {
		powers []uint64
		voters int
		want   string
	}{
		{[]uint64{100}, 4, "voter-2 voter-3"},
		{[]uint64{100}, 3, "voter-1 voter-2"}, // exactly a third does not block
		{[]uint64{33, 33, 34}, 3, "voter-2"},
		{[]uint64{34, 33, 33}, 3, "voter-1 voter-2"},
		{[]uint64{5}, 1, "voter-0"},
	} {
		n := &Network{Spec: Spec{VoterPower: tt.powers}}
		for i := range tt.voters {
			n.Voters = append(n.Voters, Voter{Name: fmt.Sprintf("voter-%d", i)})
		}
		if got := strings.Join(n.blockingVoters(), " "); got != tt.want {
			t.Errorf("%d voters of %v: expected %s, found %s", tt.voters, tt.powers, tt.want, got)
		}
	}
}

func TestOrdinals(t *testing.T) {
	for n, want := range map[uint64]string{
		1: "block", 2: "2nd", 3: "3rd", 4: "4th", 5: "5th", 10: "10th", 11: "11th", 12: "12th", 13: "13th", 21: "21st", 101: "101st", 111: "111th", 112: "112th",
	} {
		if got := ordinal(n); got != want {
			t.Errorf("%d: expected %s, found %s", n, want, got)
		}
	}
}

func TestTheBannerHasAllThatANewcomerNeeds(t *testing.T) {
	chain := testChain(t)
	n, err := Create(filepath.Join(t.TempDir(), "net"), testSpec(), chain)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := Banner(&out, n, chain.Codec, "build/dualchaind", " --home X"); err != nil {
		t.Fatal(err)
	}
	first := n.Nodes[0].Ports
	for _, want := range []string{
		"genesis-test-1: 2 validators propose a block every 1s, 3 voters finalize every 7th",
		"http://" + address(first.RPC), "http://" + address(first.REST) + "/openapi/", address(first.GRPC), n.Home(),
		Mnemonic(Alice), Mnemonic(Bob), "build/dualchaind localnet faucet", "localnet equivocate voter-2 --home X",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("expected %q in\n%s", want, out.String())
		}
	}
}
