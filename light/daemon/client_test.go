package daemon_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/cert/certtest"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/core/light"
	"github.com/dualchain/dualchain/core/light/lighttest"
	"github.com/dualchain/dualchain/light/daemon"
	"github.com/dualchain/dualchain/light/store"
)

const chainID = "test-1"

var modes = map[string]bool{"skipping": false, "following": true}

// rotating returns a chain of four voters with n installations that change powers, each followed by three checkpoints.
func rotating(n int) *certtest.Chain {
	voters := certtest.NewVoters(6)
	chain := certtest.New(chainID, voters, voters.Side(10, 10, 10, 10))
	chain.Extend(3)
	for i := range uint64(n) {
		rotate(chain, i)
	}
	return chain
}

func rotate(chain *certtest.Chain, i uint64) {
	chain.Install(chain.Voters.Side(10, 10, 10, 11+i))
	chain.Extend(3)
}

// scene is a light client of some nodes.
type scene struct {
	t      *testing.T
	folder string
	client *daemon.Client
	nodes  []light.Provider
	log    *bytes.Buffer
	timed  bool // with the times of a real client; otherwise it waits for every answer, however slow the machine is
}

// wait makes the client wait as the scene says.
func (s *scene) wait() {
	if s.timed {
		return
	}
	policy := light.DefaultPolicy()
	policy.Grace, policy.Second, policy.Patience, policy.Update = time.Hour, time.Hour, time.Hour, time.Hour
	daemon.SetPolicy(s.client, policy)
}

// arrive puts a bubble's clock, which begins in 2000, after the chains' beginning. Outside of bubbles it does nothing.
func arrive() { time.Sleep(time.Until(time.UnixMilli(certtest.Genesis).Add(time.Hour))) }

// begin trusts an epoch of a chain. The trust is as young as the tests run fast.
func begin(t *testing.T, following bool, chain *certtest.Chain, epoch uint64, nodes ...*lighttest.Node) *scene {
	t.Helper()
	arrive()
	s := &scene{t: t, folder: t.TempDir(), log: new(bytes.Buffer)}
	for _, n := range nodes {
		s.nodes = append(s.nodes, n)
	}
	settings := store.Settings{ChainID: chainID, Following: following, UnbondingTime: store.Duration(100 * 365 * 24 * time.Hour)}
	kept, err := daemon.Initialize(t.Context(), s.folder, settings, chain.Checkpoints[epoch].Ref(), s.nodes)
	if err != nil {
		t.Fatal(err)
	}
	s.client = daemon.New(kept, s.nodes, slog.New(slog.NewTextHandler(s.log, nil)))
	s.wait()
	return s
}

// update asks until there is no more, and returns the epoch that is trusted then.
func (s *scene) update() (uint64, error) {
	s.t.Helper()
	for {
		more, err := s.client.Update(s.t.Context())
		if err != nil {
			return 0, err
		}
		if !more {
			break
		}
	}
	trust, err := s.client.Trust()
	return trust.Checkpoint.Epoch, err
}

// expect updates to an epoch.
func (s *scene) expect(epoch uint64) {
	s.t.Helper()
	if found, err := s.update(); err != nil || found != epoch {
		s.t.Fatalf("expected epoch %d, found %d, %v\n%s", epoch, found, err, s.log)
	}
}

// reopened is the same client after a restart.
func (s *scene) reopened() *scene {
	s.t.Helper()
	kept, err := store.Open(s.folder)
	if err != nil {
		s.t.Fatal(err)
	}
	s.client = daemon.New(kept, s.nodes, slog.New(slog.NewTextHandler(s.log, nil)))
	s.wait()
	return s
}

func TestAClientReachesTheHeadFromWhereverItStarts(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			chain := rotating(12)
			for _, epoch := range []uint64{0, 1, 20, chain.Head() - 1} {
				s := begin(t, following, chain, epoch, lighttest.NewNode("a", chain))
				s.expect(chain.Head() - 1)
				s.expect(chain.Head() - 1) // again is harmless
				trust, err := s.client.Trust()
				if err != nil || trust.Checkpoint != chain.Checkpoints[chain.Head()-1] || trust.Validate() != nil {
					t.Errorf("from epoch %d: expected the chain's checkpoint with its members, found %+v, %v", epoch, trust, err)
				}
			}
		})
	}
}

func TestAClientGoesOnAfterARestart(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			chain := rotating(2)
			s := begin(t, following, chain, 0, lighttest.NewNode("a", chain))
			for i := range uint64(3) {
				s.expect(chain.Head() - 1)
				rotate(chain, 100+i)
				s = s.reopened()
			}
			s.expect(chain.Head() - 1)
		})
	}
}

func TestTheNewestProvenHeadCounts(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			chain := rotating(3)
			behind := lighttest.NewNode("behind", chain.Fork()) // of the same blocks, as far as it goes
			rotate(chain, 9)
			down := lighttest.NewNode("down", chain)
			s := begin(t, following, chain, 0, behind, lighttest.NewNode("ahead", chain), down)
			down.Down = true
			s.expect(chain.Head() - 1)
			if !strings.Contains(s.log.String(), lighttest.ErrDown.Error()) {
				t.Errorf("expected the silent node in the log, found %s", s.log)
			}
		})
	}
}

// flip returns the hand-over with a wrong signature.
func flip(h cert.HandOver) cert.HandOver {
	h.Certificate.Links = slices.Clone(h.Certificate.Links)
	last := &h.Certificate.Links[len(h.Certificate.Links)-1]
	last.Signers = slices.Clone(last.Signers)
	last.Signers[0] &^= 1
	return h
}

func TestALiarChangesNothing(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			chain := rotating(3)
			liar := lighttest.NewNode("liar", chain)
			s := begin(t, following, chain, 0, liar)
			liar.Damage = flip
			if epoch, err := s.update(); !errors.Is(err, light.ErrNoAnswer) || !strings.Contains(err.Error(), "liar: ") {
				t.Errorf("alone: expected %v that names it, found epoch %d, %v", light.ErrNoAnswer, epoch, err)
			}
			s = begin(t, following, chain, 0, liar, lighttest.NewNode("honest", chain))
			s.expect(chain.Head() - 1)
		})
	}
}

// forked returns two chains on which the same voters finalized different checkpoints after common ones.
func forked() (honest, other *certtest.Chain, common uint64) {
	honest = rotating(2)
	common = honest.Head() - 1
	other = honest.Fork()
	honest.Extend(4)
	other.Extend(6)
	return honest, other, common
}

func TestTwoCertificatesThatConflictStopTheClient(t *testing.T) {
	for name, following := range modes {
		t.Run(name, func(t *testing.T) {
			honest, other, _ := forked()
			s := begin(t, following, honest, 0, lighttest.NewNode("honest", honest), lighttest.NewNode("other", other))
			_, err := s.update()
			s.stopped(err, following)
		})
	}
}

// stopped checks that a conflict has stopped the client for good, and that it claims no more than what is proven.
func (s *scene) stopped(err error, following bool) {
	s.t.Helper()
	var conflict *light.Conflict
	if !errors.As(err, &conflict) || !errors.Is(err, light.ErrConflict) {
		s.t.Fatalf("expected %v, found %v", light.ErrConflict, err)
	}
	if conflict.Dispute.First == conflict.Dispute.Second || conflict.First.Provider == conflict.Second.Provider {
		s.t.Errorf("expected two different checkpoints from two nodes, found %+v", conflict.Dispute)
	}
	if guilty := len(conflict.Dispute.Evidence) > 0; following && !guilty {
		s.t.Errorf("expected evidence, found none: %v", err)
	}
	for i := range 2 {
		if _, err := s.client.Trust(); !errors.Is(err, light.ErrConflict) {
			s.t.Errorf("expected nothing to be served, found %v", err)
		}
		if _, err := s.update(); !errors.Is(err, light.ErrConflict) {
			s.t.Errorf("expected no more updates, found %v", err)
		}
		if i == 0 {
			s = s.reopened()
		}
	}
	content, err := os.ReadFile(filepath.Join(s.folder, "conflict.json"))
	if err != nil {
		s.t.Fatal(err)
	}
	handOvers, err := light.ReadConflict(content)
	if err != nil {
		s.t.Fatal(err)
	}
	mode := cert.Skipping
	if following {
		mode = cert.Following
	}
	options := cert.Options{Mode: mode, Now: time.UnixMilli(certtest.Genesis).Add(time.Minute), UnbondingTime: time.Hour}
	again, err := cert.Compare(ffg.Domain(handOvers.ChainID), handOvers.Trust, handOvers.First.HandOvers, handOvers.Second.HandOvers, options)
	if err != nil || again.Epoch != conflict.Dispute.Epoch || len(again.Evidence) != len(handOvers.Dispute.Evidence) {
		s.t.Errorf("expected a file that proves the same dispute, found %+v, %v", again, err)
	}
}

func TestANodeThatShowsNoConnectionIsLeftOut(t *testing.T) {
	chain := rotating(3)
	behind, mute := lighttest.NewNode("behind", chain.Fork()), lighttest.NewNode("mute", chain)
	rotate(chain, 9)
	mute.Mute = true
	s := begin(t, false, chain, 0, behind, mute)
	s.expect(behind.Final())
	if !strings.Contains(s.log.String(), "mute") {
		t.Errorf("expected the node in the log, found %s", s.log)
	}
	mute.Mute = false
	s.expect(chain.Head() - 1)
}

func TestTrustThatIsTooOldIsRefused(t *testing.T) {
	chain := rotating(1)
	settings := store.Settings{ChainID: chainID, UnbondingTime: store.Duration(time.Hour)}
	nodes := []light.Provider{lighttest.NewNode("a", chain)}
	_, err := daemon.Initialize(t.Context(), t.TempDir(), settings, chain.Checkpoints[2].Ref(), nodes)
	if !errors.Is(err, cert.ErrExpired) || !strings.Contains(err.Error(), "take a newer one") {
		t.Errorf("expected %v with the remedy, found %v", cert.ErrExpired, err)
	}
	kept, err := store.Create(t.TempDir(), settings, chain.Trust(2))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := daemon.New(kept, nodes, slog.New(slog.DiscardHandler)).Update(t.Context()); !errors.Is(err, cert.ErrExpired) {
		t.Errorf("expected %v, found %v", cert.ErrExpired, err)
	}
}

func TestAConflictFileIsReadable(t *testing.T) {
	honest, other, _ := forked()
	s := begin(t, true, honest, 0, lighttest.NewNode("honest", honest), lighttest.NewNode("other", other))
	if _, err := s.update(); !errors.Is(err, light.ErrConflict) {
		t.Fatal(err)
	}
	content, err := os.ReadFile(filepath.Join(s.folder, "conflict.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Dispute struct {
			Epoch    string
			Evidence []struct{ Guilty []string }
		}
	}
	if err := json.Unmarshal(content, &file); err != nil || file.Dispute.Epoch == "" || len(file.Dispute.Evidence[0].Guilty[0]) != 96 {
		t.Errorf("expected epoch and guilty keys in plain JSON, found %+v, %v", file, err)
	}
}
