package move

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/custody"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keys"
)

// person is a voter's key, and where it is according to the rules.
type person struct {
	seed     byte
	public   ffg.PublicKey
	keystore []byte
	holder   int // the home that may vote with it; nobody while it is between homes
	version  int // how often it has left a home
	votes    []ffg.Vote
}

// site is a home, with the version at which each key left it last, and the keys of which it has learned more since.
type site struct {
	home.Dir
	left    map[ffg.PublicKey]int
	learned map[ffg.PublicKey]bool
}

// never is the version of a history that isn't complete: it may not take its key anywhere.
const never = 1 << 30

// paper is an interchange file, and the move file that it is part of, if any. A key's version says when its history was complete.
type paper struct {
	history  []byte
	move     string
	versions map[ffg.PublicKey]int
}

// crash ends a process.
type crash struct{}

// mortal is slashing protection whose process ends at its nth change: before it or afterwards.
type mortal struct {
	*guard.Guard
	changes *int
	after   bool
}

func (m mortal) change(do func() error) error {
	*m.changes--
	if *m.changes == 0 && !m.after {
		panic(crash{})
	}
	err := do()
	if *m.changes == 0 {
		panic(crash{})
	}
	return err
}

func (m mortal) Retire(key ffg.PublicKey) error {
	return m.change(func() error { return m.Guard.Retire(key) })
}

func (m mortal) Restore(key ffg.PublicKey) error {
	return m.change(func() error { return m.Guard.Restore(key) })
}

func (m mortal) Import(domain ffg.Root, content []byte) (report guard.Report, err error) {
	err = m.change(func() error { report, err = m.Guard.Import(domain, content); return err })
	return report, err
}

func (m mortal) Receive(domain ffg.Root, content []byte, keys []ffg.PublicKey) (report guard.Report, err error) {
	err = m.change(func() error { report, err = m.Guard.Receive(domain, content, keys); return err })
	return report, err
}

// world is homes that share keys.
type world struct {
	*rapid.T
	folder string
	homes  []*site
	people []*person
	papers []*paper
	count  int // of move files
}

func newWorld(t *rapid.T, folder string, people []person) *world {
	w := &world{T: t, folder: folder}
	for i := range 3 {
		w.homes = append(w.homes, &site{Dir: home.Dir(filepath.Join(folder, fmt.Sprint(i))), left: map[ffg.PublicKey]int{}, learned: map[ffg.PublicKey]bool{}})
	}
	for _, p := range people {
		p.version, p.votes = 1, nil
		w.people = append(w.people, &p)
		if _, err := w.homes[0].AddKey(context.Background(), p.public.String()[:8], p.secret(), []byte(password), keys.SaveOptions{Cost: keys.Light}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (p *person) secret() *bls.SecretKey {
	secret, err := bls.KeyFromSeed(slices.Repeat([]byte{p.seed}, bls.MinSeedSize))
	if err != nil {
		panic(err)
	}
	return secret
}

// newest returns the highest target epoch that the key has voted for.
func (p *person) newest() (epoch uint64) {
	for _, vote := range p.votes {
		epoch = max(epoch, vote.Target.Epoch)
	}
	return epoch
}

// in lets a process work on the custody of a home. The process may end early.
func (w *world) in(h *site, work func(custody.Custody, *guard.Guard)) {
	if _, err := h.Prepare(); err != nil {
		w.Fatal(err)
	}
	g, err := h.OpenGuard()
	if err != nil {
		w.Fatal(err)
	}
	defer g.Close()
	changes, after := w.fate()
	w.dies(func() { work(custody.Custody{Folder: h.Keys(), Domain: domain, Guard: mortal{g, &changes, after}}, g) })
}

// fate draws when a process ends: before or after its nth change, or, mostly, not at all.
func (w *world) fate() (changes int, after bool) {
	return rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2, 3}).Draw(w.T, "dies at change"), rapid.Bool().Draw(w.T, "after it")
}

func (w *world) dies(work func()) {
	defer func() {
		if reason := recover(); reason != nil && reason != (crash{}) {
			panic(reason)
		}
	}()
	work()
}

// inspect returns which keys have a keystore in a home, and which of them slashing protection lets vote. A key that may vote must not have
// signed a newer vote than slashing protection knows.
func (w *world) inspect(h *site) (stored, votes map[ffg.PublicKey]bool) {
	stored, votes = map[ffg.PublicKey]bool{}, map[ffg.PublicKey]bool{}
	files, err := custody.Custody{Folder: h.Keys()}.Keystores()
	if err != nil {
		w.Fatal(err)
	}
	g, err := h.OpenGuard()
	if errors.Is(err, guard.ErrMissing) {
		return stored, votes
	}
	if err != nil {
		w.Fatal(err)
	}
	defer g.Close()
	for key := range files {
		stored[key], votes[key] = true, h.MayVote(g, domain, key) == nil
		if !votes[key] {
			continue
		}
		latest, _, err := g.Latest(domain, key)
		if newest := w.of(key).newest(); err != nil || latest.Target < newest {
			w.Fatalf("key %x may vote in %s: expected a record up to epoch %d, found %d, %v", key[:4], h.Dir, newest, latest.Target, err)
		}
	}
	return stored, votes
}

// settle notes where the keys are now, and checks that each can vote in one home at most.
func (w *world) settle() {
	for i, h := range w.homes {
		_, votes := w.inspect(h)
		for _, p := range w.people {
			switch {
			case votes[p.public] && p.holder == nobody:
				p.holder = i
			case votes[p.public] && p.holder != i:
				w.Fatalf("key %x votes in home %d and in home %d", p.public[:4], p.holder, i)
			case !votes[p.public] && p.holder == i:
				p.holder, p.version = nobody, p.version+1
				h.left[p.public], h.learned[p.public] = p.version, false
			}
		}
	}
}

// fresh reports whether a paper may take a key into home i: nobody else has the key, and the paper tells all that it has signed.
func (w *world) fresh(of *paper, p *person, i int) bool {
	return p.holder == i || p.holder == nobody && of.versions[p.public] == p.version
}

// old reports whether home i must notice by itself that a paper is old: the key has left it since.
func (w *world) old(of *paper, p *person, i int) bool {
	left := w.homes[i].left[p.public]
	return left > 0 && left >= of.versions[p.public]
}

// usable reports whether the rules let an operator use a paper in home i, and whether it is fresh for all of its keys.
func (w *world) usable(of *paper, i int) (usable, fresh bool) {
	usable, fresh = true, true
	for _, p := range w.people {
		if _, named := of.versions[p.public]; named {
			fresh = fresh && w.fresh(of, p, i)
			usable = usable && (w.fresh(of, p, i) || w.old(of, p, i))
		}
	}
	return usable, fresh
}
