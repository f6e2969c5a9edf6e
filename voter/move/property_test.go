package move

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/custody"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/keymanager"
	"github.com/dualchain/dualchain/voter/keys"
	"github.com/dualchain/dualchain/voter/sign"
)

// The property of the voter house: however exports, imports, deletes, moves and crashes interleave, no two homes approve conflicting votes,
// as long as operators keep the documented rules. The rules are few: a file is used in one home; an interrupted step is repeated there; a
// flag that promises something is given only if the promise is true. Within them, the actions below try everything, old files included.

const (
	chain    = "test-1"
	password = "correct horse"
	nobody   = -1
)

var domain = ffg.Domain(chain)

func (w *world) drawHome() int { return rapid.IntRange(0, len(w.homes)-1).Draw(w.T, "home") }

// drawPaper draws one of the papers, by its number, so that failures stay short.
func (w *world) drawPaper() *paper {
	if len(w.papers) == 0 {
		w.Skip("no paper yet")
	}
	return w.papers[rapid.IntRange(0, len(w.papers)-1).Draw(w.T, "paper")]
}

// vote lets a home vote as a signer would.
func (w *world) vote() {
	h, p := w.homes[w.drawHome()], w.people[rapid.IntRange(0, len(w.people)-1).Draw(w.T, "key")]
	target := rapid.Uint64Range(1, 8).Draw(w.T, "target")
	vote := ffg.Vote{
		Source: ffg.Ref{Epoch: rapid.Uint64Range(0, target-1).Draw(w.T, "source")},
		Target: ffg.Ref{Epoch: target, Root: ffg.Root{rapid.ByteRange(0, 1).Draw(w.T, "fork")}},
	}
	if _, votes := w.inspect(h); !votes[p.public] {
		return
	}
	g, err := h.OpenGuard()
	if err != nil {
		w.Fatal(err)
	}
	defer g.Close()
	if g.Approve(domain, p.public, vote) != nil {
		return
	}
	for _, before := range p.votes {
		if err := ffg.Slashable(before, vote); err != nil {
			w.Fatalf("key %x: two homes approved conflicting votes: %v", p.public[:4], err)
		}
	}
	p.votes = append(p.votes, vote)
}

// moveOut runs `voter move --to`, with the promise that no other machine has the keys if that is true of those that have left.
func (w *world) moveOut() {
	i := w.drawHome()
	h := w.homes[i]
	stored, _ := w.inspect(h)
	alone := true
	for _, p := range w.people {
		alone = alone && (!stored[p.public] || p.holder == i || p.holder == nobody && h.left[p.public] == p.version)
	}
	w.count++
	path := filepath.Join(w.folder, fmt.Sprint("move-", w.count))
	changes, after := w.fate()
	err := errors.New("ended early")
	w.dies(func() { _, err = out(h.Dir, path, home.Config{ChainID: chain}, alone, w.opener(changes, after)) })
	w.settle()
	if err != nil {
		return
	}
	f, err := read(path)
	if err != nil {
		w.Fatal(err)
	}
	w.keep(h, &paper{history: f.Protection, move: path}, f.publicKeys())
}

// keep keeps a paper that a home has written about keys, most of which have left it.
func (w *world) keep(h *site, of *paper, about []ffg.PublicKey) {
	of.versions = map[ffg.PublicKey]int{}
	for _, key := range about {
		of.versions[key] = h.left[key]
		if holder := w.of(key).holder; h.left[key] == 0 || h.learned[key] || holder != nobody && w.homes[holder] == h {
			of.versions[key] = never
		}
	}
	w.papers = append(w.papers, of)
}

func (w *world) opener(changes int, after bool) openGuard {
	return func(dir home.Dir) (protection, error) {
		g, err := dir.OpenGuard()
		if err != nil {
			return nil, err
		}
		return mortal{g, &changes, after}, nil
	}
}

// moveIn runs `voter move --from`.
func (w *world) moveIn() {
	i, of := w.drawHome(), w.drawPaper()
	usable, fresh := w.usable(of, i)
	if of.move == "" || !usable {
		w.Skip("against the rules")
	}
	h := w.homes[i]
	before, _ := w.inspect(h)
	alone := fresh && rapid.Bool().Draw(w.T, "alone")
	changes, after := w.fate()
	find := func() ([]byte, error) { return []byte(password), nil }
	ended := false
	w.dies(func() {
		_, _ = in(context.Background(), h.Dir, of.move, home.Config{}, find, alone, w.opener(changes, after))
		ended = true
	})
	if !ended && !after {
		w.losePart(h, before)
	}
	w.settle()
}

// losePart deletes some of the keystores that a process has saved before it ended, as if it had ended before it saved them.
func (w *world) losePart(h *site, before map[ffg.PublicKey]bool) {
	files, err := custody.Custody{Folder: h.Keys()}.Keystores()
	if err != nil {
		w.Fatal(err)
	}
	for _, p := range w.people {
		for _, file := range files[p.public] {
			if !before[p.public] && rapid.Bool().Draw(w.T, "not saved") {
				if err := keys.Delete(h.Keys(), file.Name); err != nil {
					w.Fatal(err)
				}
			}
		}
	}
}

// store is the keymanager of a home whose signer runs.
func (w *world) store(h *site, c custody.Custody, g *guard.Guard) *keymanager.Store {
	keyring := sign.NewKeyring(domain, c.Guard.(mortal))
	files, err := c.Keystores()
	if err != nil {
		w.Fatal(err)
	}
	for _, p := range w.people {
		if len(files[p.public]) > 0 && h.MayVote(g, domain, p.public) == nil {
			if err := keyring.Add(p.secret()); err != nil {
				w.Fatal(err)
			}
		}
	}
	config := keymanager.Config{
		Folder: h.Keys(), Domain: domain, Cost: keys.Light, Password: func() ([]byte, error) { return []byte(password), nil },
	}
	return keymanager.NewStore(config, keyring, c.Guard, slog.New(slog.DiscardHandler))
}

// remove is DELETE of the keymanager.
func (w *world) remove() {
	h := w.homes[w.drawHome()]
	chosen := w.choose()
	var history []byte
	var known []ffg.PublicKey
	w.in(h, func(c custody.Custody, g *guard.Guard) {
		var err error
		if _, history, err = w.store(h, c, g).Delete(chosen); err != nil {
			w.Fatal(err)
		}
		for _, key := range chosen {
			if yes, _ := g.Knows(domain, key); yes {
				known = append(known, key)
			}
		}
	})
	w.settle()
	if history != nil {
		w.keep(h, &paper{history: history}, known)
	}
}

// add is POST of the keymanager.
func (w *world) add() {
	i, of := w.drawHome(), w.drawPaper()
	h := w.homes[i]
	chosen := slices.DeleteFunc(w.choose(), func(key ffg.PublicKey) bool {
		p := w.of(key)
		_, named := of.versions[key]
		return named && !w.fresh(of, p, i) && !w.old(of, p, i)
	})
	w.in(h, func(c custody.Custody, g *guard.Guard) {
		var stores, passwords []string
		for _, key := range chosen {
			stores, passwords = append(stores, string(w.of(key).keystore)), append(passwords, password)
		}
		_, _ = w.store(h, c, g).Import(w.Context(), stores, passwords, of.history)
	})
	w.settle()
}

func (w *world) of(key ffg.PublicKey) *person {
	return w.people[slices.IndexFunc(w.people, func(p *person) bool { return p.public == key })]
}

func (w *world) choose() (chosen []ffg.PublicKey) {
	for _, p := range w.people {
		if rapid.Bool().Draw(w.T, "chosen") {
			chosen = append(chosen, p.public)
		}
	}
	return chosen
}

// learn is `voter guard import`, with the promise that no other machine has the keys if it is true. A keystore without a record is for a
// home to which its key is moved by hand, so the file must be fresh.
func (w *world) learn() {
	i, of := w.drawHome(), w.drawPaper()
	h := w.homes[i]
	_, fresh := w.usable(of, i)
	if w.wakes(of, i) {
		w.Skip("against the rules")
	}
	alone := fresh && rapid.Bool().Draw(w.T, "alone")
	for key := range of.versions {
		h.learned[key] = true
	}
	w.in(h, func(c custody.Custody, _ *guard.Guard) { _, _ = c.Learn(of.history, alone) })
	w.settle()
}

// wakes reports whether a paper that isn't fresh names a key of which an interrupted step has left a keystore without a record in home i. The
// rule is to repeat that step first.
func (w *world) wakes(of *paper, i int) bool {
	stored, votes := w.inspect(w.homes[i])
	return slices.ContainsFunc(w.people, func(p *person) bool {
		_, named := of.versions[p.public]
		return named && stored[p.public] && !votes[p.public] && w.homes[i].left[p.public] == 0 && !w.fresh(of, p, i)
	})
}

// export is `voter guard export`: a file that is out of date if the home's keys vote again.
func (w *world) export() {
	h := w.homes[w.drawHome()]
	w.in(h, func(c custody.Custody, _ *guard.Guard) {
		history, err := c.FullHistory(rapid.Bool().Draw(w.T, "minimal"))
		if err != nil {
			return
		}
		var about []ffg.PublicKey
		for _, p := range w.people {
			about = append(about, p.public)
		}
		w.keep(h, &paper{history: history}, about)
	})
}

func TestHoweverKeysMoveNoTwoHomesApproveConflictingVotes(t *testing.T) {
	var people []person
	for seed := range byte(2) {
		p := person{seed: seed + 1}
		secret := p.secret()
		p.public = secret.PublicKey().Bytes()
		content, err := keys.Encode(context.Background(), secret, []byte(password), keys.SaveOptions{Cost: keys.Light})
		if err != nil {
			t.Fatal(err)
		}
		p.keystore = content
		people = append(people, p)
	}
	// Each history writes to the disk a hundred times: -rapid.checks=1000 for more of them than by default.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := flag.Set("rapid.checks", "25"); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(t.TempDir(), "world")
		if err != nil {
			rt.Fatal(err)
		}
		w := newWorld(rt, folder, people)
		actions := map[string]func(*rapid.T){}
		for name, do := range map[string]func(){
			"vote": w.vote, "vote again": w.vote, "move out": w.moveOut, "move in": w.moveIn, "move in again": w.moveIn,
			"delete": w.remove, "add": w.add, "learn": w.learn, "export": w.export,
		} {
			actions[name] = func(step *rapid.T) { w.T = step; do() }
		}
		rt.Repeat(actions)
	})
}
