package trusted_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/trusted"
)

const chainID = "test-1"

// forked returns this node's chain, and another that the same voters finalized from epoch 7 on.
func forked() (own, other *certtest.Chain) {
	voters := certtest.NewVoters(4)
	own = certtest.New(chainID, voters, voters.Side(10, 10, 10, 10))
	own.Extend(3)
	own.Install(voters.Side(10, 10, 10, 11))
	own.Extend(3)
	other = own.Fork()
	own.Extend(4)
	other.Extend(4)
	return own, other
}

// ofNode is what a node on a chain has: its archive holds the one installation.
func ofNode(c *certtest.Chain) trusted.Chain {
	return trusted.Chain{
		ID: chainID, UnbondingTime: time.Hour, Own: own(c), Anchor: c.Trust(0),
		HandOvers: []cert.HandOver{c.HandOver(0, 4, 5)},
	}
}

func own(c *certtest.Chain) trusted.Own {
	return func(epoch uint64) (ffg.Checkpoint, bool, error) {
		if epoch > c.Head() {
			return ffg.Checkpoint{}, false, nil
		}
		return c.Checkpoints[epoch], true, nil
	}
}

func document[T cert.Document](t *testing.T, v T) []byte {
	t.Helper()
	encoded, err := cert.EncodeJSON(v)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

// proofFrom proves the block of epoch 8 by hand-overs from a trusted epoch.
func proofFrom(c *certtest.Chain, epoch uint64) cert.Proof {
	trust, block := c.Trust(epoch), c.Inclusion(c.Checkpoints[8].Height, 8)
	return cert.Proof{ChainID: chainID, Trust: &trust, HandOvers: []cert.HandOver{c.HandOver(epoch, 8, 9)}, Block: &block}
}

func TestACertificateOfAForkIsHeldAgainstTheNode(t *testing.T) {
	node, other := forked()
	now := time.UnixMilli(int64(other.Checkpoints[8].Time))
	for name, doc := range map[string][]byte{
		"a proof from a common checkpoint": document(t, proofFrom(other, 5)),
		"a bare certificate":               document(t, other.Certificate(8, 9)),
	} {
		c, err := trusted.Import(doc, ofNode(node), now)
		if err != nil || c.Epoch != 8 || c.Root != other.Checkpoints[8].Root() || c.Height != other.Checkpoints[8].Height {
			t.Errorf("%s: expected epoch 8 of the fork, found %+v, %v", name, c, err)
			continue
		}
		var conflict *trusted.Conflict
		if err := trusted.Check([]trusted.Checkpoint{c}, own(node)); !errors.As(err, &conflict) {
			t.Errorf("%s: expected a conflict, found %v", name, err)
		} else if text := err.Error(); !strings.Contains(text, c.Root.String()) || !strings.Contains(text, node.Checkpoints[8].Root().String()) {
			t.Errorf("%s: expected an error that shows both, found %s", name, text)
		}
		if err := trusted.Check([]trusted.Checkpoint{c}, own(other)); err != nil {
			t.Errorf("%s: on the fork itself: expected no conflict, found %v", name, err)
		}
	}
}

func TestDocumentsThatProveNothingAreRefused(t *testing.T) {
	node, other := forked()
	start := time.UnixMilli(int64(other.Checkpoints[5].Time)) // where it leaves this chain
	degraded := other.Fork()
	degraded.Degrade()
	degraded.Extend(4)
	elsewhere, unknown, short := proofFrom(other, 5), proofFrom(other, 7), other.Certificate(8, 9)
	elsewhere.ChainID = "other-1"
	bare := proofFrom(other, 5)
	bare.HandOvers = nil
	short.Links[0].Signers = ffg.Bitfield{1}
	forged := proofFrom(other, 5)
	forged.HandOvers[0].Certificate.Links[0].Signature[5] ^= 1
	for name, tc := range map[string]struct {
		doc  []byte
		now  time.Time
		want error // or the step
		step cert.Step
	}{
		"no document":                   {doc: []byte("{}"), now: start, want: trusted.ErrImport},
		"another chain's":               {doc: document(t, elsewhere), now: start, want: trusted.ErrImport},
		"from a checkpoint of the fork": {doc: document(t, unknown), now: start, want: trusted.ErrImport},
		"without hand-overs":            {doc: document(t, bare), now: start, want: trusted.ErrImport},
		"as old as the unbonding time":  {doc: document(t, proofFrom(other, 5)), now: start.Add(time.Hour)},
		"older than the unbonding time": {doc: document(t, proofFrom(other, 5)), now: start.Add(time.Hour + time.Millisecond), want: cert.ErrExpired},
		"without quorum":                {doc: document(t, short), now: start, step: cert.StepQuorum},
		"with a forged signature":       {doc: document(t, forged), now: start, step: cert.StepSignature},
		"degraded":                      {doc: document(t, degraded.Certificate(12, 13)), now: start, step: cert.StepDegraded},
	} {
		_, err := trusted.Import(tc.doc, ofNode(node), tc.now)
		step, _ := cert.FailedStep(err)
		if tc.want != nil && !errors.Is(err, tc.want) || tc.step != "" && step != tc.step || (tc.want == nil && tc.step == "") != (err == nil) {
			t.Errorf("%s: expected %v %s, found %v", name, tc.want, tc.step, err)
		}
	}
}

func TestTrustedCheckpointsAreKept(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, "config"), 0o700); err != nil {
		t.Fatal(err)
	}
	first, second := trusted.Checkpoint{Epoch: 9, Root: ffg.Root{9}, Height: 90, From: "a"}, trusted.Checkpoint{Epoch: 5, Root: ffg.Root{5}, From: "b"}
	for _, c := range []trusted.Checkpoint{first, second, first} {
		if err := trusted.Add(home, c); err != nil {
			t.Fatal(err)
		}
	}
	list, err := trusted.Load([]string{"7:" + ffg.Root{7}.String()}, home)
	if err != nil || len(list) != 3 || list[0] != second || list[1].Epoch != 7 || list[1].From == "" || list[2] != first {
		t.Errorf("expected epochs 5, 7 and 9, found %+v, %v", list, err)
	}
	for _, text := range []string{"", "7", "7:", "7:00", ":" + ffg.Root{}.String(), "x:" + ffg.Root{}.String(), "-1:" + ffg.Root{}.String()} {
		if _, err := trusted.Load([]string{text}, home); !errors.Is(err, trusted.ErrFormat) || !strings.Contains(err.Error(), "app.toml") {
			t.Errorf("%q: expected %v, found %v", text, trusted.ErrFormat, err)
		}
	}
	if err := os.WriteFile(filepath.Join(home, "config", trusted.FileName), []byte("["), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := trusted.Load(nil, home); err == nil || !strings.Contains(err.Error(), trusted.FileName) {
		t.Errorf("expected a refusal that names the file, found %v", err)
	}
}

func TestWhatIsNotThereIsNotChecked(t *testing.T) {
	node, _ := forked()
	if err := trusted.Check([]trusted.Checkpoint{{Epoch: 99, Root: ffg.Root{1}}}, own(node)); err != nil {
		t.Errorf("not proposed yet: expected no conflict, found %v", err)
	}
	lost := errors.New("lost")
	err := trusted.Check([]trusted.Checkpoint{{Epoch: 1}}, func(uint64) (ffg.Checkpoint, bool, error) { return ffg.Checkpoint{}, false, lost })
	if !errors.Is(err, lost) {
		t.Errorf("expected %v, found %v", lost, err)
	}
}

func TestPrunedCheckpointsAreTold(t *testing.T) {
	node, _ := forked()
	kept := func(epoch uint64) (ffg.Checkpoint, bool, error) {
		if epoch < 5 {
			return ffg.Checkpoint{}, false, nil
		}
		return own(node)(epoch)
	}
	var list []trusted.Checkpoint
	for _, epoch := range []uint64{3, 4, 5, node.Head(), node.Head() + 1} {
		list = append(list, trusted.Checkpoint{Epoch: epoch})
	}
	pruned, err := trusted.Pruned(list, kept, node.Head())
	if err != nil || !slices.Equal(pruned, list[:2]) {
		t.Errorf("expected epochs 3 and 4, found %v, %v", pruned, err)
	}
	broken := errors.New("broken")
	if _, err := trusted.Pruned(list, func(uint64) (ffg.Checkpoint, bool, error) { return ffg.Checkpoint{}, false, broken }, 9); !errors.Is(err, broken) {
		t.Errorf("expected %v, found %v", broken, err)
	}
}
