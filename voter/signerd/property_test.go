package signerd

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/guard"
)

// machine drives a signer by several clients over the network, kills it and starts it again, and remembers the votes
// whose signatures came to a client.
type machine struct {
	t       *testing.T
	site    *site
	clients []*Client
	public  *bls.PublicKey

	folder string // of the journal
	kill   func() // ends the signer between two instructions

	mu       sync.Mutex
	released []ffg.Vote
}

var votes = rapid.Custom(func(t *rapid.T) ffg.Vote {
	source := rapid.Uint64Range(0, 8).Draw(t, "source")
	target := source + rapid.Uint64Range(1, 4).Draw(t, "span")
	return link(source, target, rapid.ByteRange(0, 1).Draw(t, "fork"))
})

// ask lets a client ask, and returns whether a signature came.
func (m *machine) ask(client int, vote ffg.Vote) bool {
	signature, err := m.clients[client].Sign(context.Background(), m.public.Bytes(), vote)
	if err != nil {
		return false
	}
	if err := bls.Verify(m.public, vote.SigningRoot(domain), signature); err != nil {
		m.t.Errorf("%v: %v", vote, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.released = append(m.released, vote)
	return true
}

// Ask lets one client ask for one vote.
func (m *machine) Ask(t *rapid.T) {
	m.ask(rapid.IntRange(0, 1).Draw(t, "client"), votes.Draw(t, "vote"))
}

// Race lets both clients ask for several votes at the same time, perhaps while the signer is killed and started again.
func (m *machine) Race(t *rapid.T) {
	var wg sync.WaitGroup
	for i, vote := range rapid.SliceOfN(votes, 2, 5).Draw(t, "votes") {
		wg.Go(func() { m.ask(i%2, vote) })
	}
	if rapid.Bool().Draw(t, "killed") {
		m.restart()
	}
	wg.Wait()
}

// Kill kills the signer and starts it again.
func (m *machine) Kill(*rapid.T) { m.restart() }

// Monotone asks for the vote that an honest voter casts next: no lower source, a higher target. It is never refused.
func (m *machine) Monotone(t *rapid.T) {
	past, err := m.clients[0].Past(context.Background(), m.public.Bytes(), 0)
	if err != nil {
		t.Fatal(err)
	}
	if next := link(past.Latest, past.Latest+1); !m.ask(1, next) {
		t.Fatalf("safe vote %v after %v: expected a signature, found none", next, m.released)
	}
}

// Check holds after every step.
func (m *machine) Check(t *rapid.T) {
	for i, a := range m.released {
		for _, b := range m.released[:i] {
			if err := ffg.Slashable(a, b); err != nil {
				t.Fatalf("signed both: %v", err)
			}
		}
	}
}

func (m *machine) restart() {
	m.kill()
	m.start()
	for _, client := range m.clients {
		client.conn.ResetConnectBackoff() // there are many restarts here
	}
}

// start starts a signer on the journal as it is.
func (m *machine) start() {
	keyring, public, closeKeyring := openKeyring(m.t, m.folder)
	m.public = public
	m.site.serve(keyring)
	m.kill = func() {
		m.site.at.break_()
		m.abandon() // from here on nothing that the old signer does reaches anybody, nor the new signer's journal
		m.site.end()
		closeKeyring()
	}
}

// abandon goes on with a copy of the journal as it is on the disk now.
func (m *machine) abandon() {
	content, err := os.ReadFile(filepath.Join(m.folder, guard.FileName))
	if err != nil {
		m.t.Fatal(err)
	}
	m.folder, err = os.MkdirTemp(m.site.folder, "journal")
	if err != nil {
		m.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(m.folder, guard.FileName), content, 0o600); err != nil {
		m.t.Fatal(err)
	}
}

func TestNoTwoSlashableVotesAreEverSigned(t *testing.T) {
	// Each history takes a quarter of a second: -rapid.checks=1000 for more of them than by default.
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		if err := checks.Value.Set("20"); err != nil {
			t.Fatal(err)
		}
	}
	s := newSite(t)
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := os.MkdirTemp(s.folder, "journal")
		if err != nil {
			rt.Fatal(err)
		}
		m := &machine{t: t, site: s, folder: folder}
		m.start()
		defer func() { m.kill() }()
		for _, name := range []string{"alice", "bob"} {
			client := s.dial(s.files(name))
			client.timeout = time.Minute
			m.clients = append(m.clients, client)
			defer client.Close()
		}
		rt.Repeat(rapid.StateMachineActions(m))
	})
}
