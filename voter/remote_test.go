package voter_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/duration"
	"github.com/dualchain/dualchain/internal/freeport"
	"github.com/dualchain/dualchain/voter"
	"github.com/dualchain/dualchain/voter/event"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/internal/fakenode"
	"github.com/dualchain/dualchain/voter/monitor"
	"github.com/dualchain/dualchain/voter/signerd"
)

// remote is a signer on the home of a fixture. Its voters have homes with nothing but certificates.
type remote struct {
	*fixture
	tls    string // folder
	signer home.SignerConfig
	lines  logger
	end    func() // stops the signer
}

// newRemote has certificates for voters a and b, and no signer yet.
func newRemote(t *testing.T) *remote {
	t.Helper()
	address, err := freeport.Address() // it stays over restarts
	if err != nil {
		t.Fatal(err)
	}
	r := &remote{fixture: newFixture(t, 1), tls: t.TempDir(), signer: home.DefaultSignerConfig(), lines: make(logger, 4096), end: func() {}}
	r.issue(time.Hour)
	r.signer.ChainID, r.signer.Listen, r.signer.PasswordFile = chainID, address, r.config.PasswordFile
	r.signer.TLS, r.signer.Monitor.Listen = r.files("server"), ""
	return r
}

// issue makes the certificates that are missing.
func (r *remote) issue(valid time.Duration) {
	r.t.Helper()
	if _, err := signerd.Issue(signerd.Plan{
		Folder: r.tls, Hosts: []string{"127.0.0.1"}, Clients: []string{"a", "b"}, Authority: time.Hour, Leaf: valid,
	}); err != nil {
		r.t.Fatal(err)
	}
}

func (r *remote) path(name string) string { return filepath.Join(r.tls, name) }

func (r *remote) files(name string) home.TLSFiles {
	return home.TLSFiles{CA: r.path("ca.crt"), Certificate: r.path(name + ".crt"), Key: r.path(name + ".key")}
}

// discard removes the files of a certificate.
func (r *remote) discard(name string) {
	r.t.Helper()
	if err := errors.Join(os.Remove(r.path(name+".crt")), os.Remove(r.path(name+".key"))); err != nil {
		r.t.Fatal(err)
	}
}

// serve starts the signer, at the same address as before.
func (r *remote) serve() *remote {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- signerd.Run(ctx, r.dir, r.signer, "v1", slog.New(r.lines)) }()
	for line := range r.lines {
		if strings.Contains(line, event.SignerStarted.String()) {
			break
		}
		select {
		case err := <-ended:
			r.t.Fatalf("the signer ends: %v", err)
		default:
		}
	}
	r.end = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Errorf("the signer: expected a clean end, found %v", err)
		}
	})
	r.t.Cleanup(func() { r.end() })
	return r
}

// voter is a voter that signs with the signer and watches a node.
func (r *remote) voter(name string, node *fakenode.Node) *fixture {
	r.t.Helper()
	f := &fixture{t: r.t, dir: home.Dir(r.t.TempDir()), config: home.DefaultConfig(), node: node, log: make(chan string, 4096)}
	f.config.ChainID, f.config.Nodes = chainID, []home.NodeConfig{{GRPC: node.GRPC(), RPC: node.RPC()}}
	f.config.PollInterval, f.config.Monitor.Listen = duration.Text(time.Minute), ""
	f.config.Signer = home.RemoteSigner{Address: r.signer.Listen, TLSFiles: r.files(name)}
	return f
}

// any waits for a log line with one of the words in it and returns the word.
func (f *fixture) any(words ...string) string {
	f.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		select {
		case line := <-f.log:
			for _, word := range words {
				if strings.Contains(line, word) {
					return word
				}
			}
		case <-deadline:
			f.t.Fatalf("expected one of %q in the log", words)
		}
	}
}

func TestTwoVotersOnOneSignerMissNoEpochWhenEitherIsKilled(t *testing.T) {
	t.Parallel()
	r := newRemote(t).serve()
	voters := []*fixture{r.voter("a", r.node).listening(), r.voter("b", r.node).listening()}
	for round := range 8 {
		killed := voters[round%2]
		killed.stop()
		for range 2 {
			r.node.Grow()
			if vote := r.vote(); vote.Vote != r.node.Duty() {
				t.Fatalf("alone: expected %v, found %v", r.node.Duty(), vote.Vote)
			}
		}
		killed.listening()
		for range 2 {
			r.node.Grow()
			if vote := r.vote(); vote.Vote != r.node.Duty() {
				t.Fatalf("together: expected %v, found %v", r.node.Duty(), vote.Vote)
			}
		}
	}
	for _, f := range voters {
		f.stop()
		for len(f.log) > 0 {
			line := <-f.log
			killed := strings.Contains(line, context.Canceled.Error()) // while it sent a vote
			failed := strings.Contains(line, slog.LevelError.String()) ||
				strings.Contains(line, slog.LevelWarn.String()) && strings.Contains(line, event.SentAgain.String())
			for _, complaint := range []slog.Attr{event.NotTaken, event.NotRecorded} {
				failed = failed || strings.Contains(line, complaint.String())
			}
			if failed && !killed {
				t.Errorf("expected nothing to complain of, found %q", line)
			}
		}
	}
	if left := len(r.node.Votes()); left != 0 {
		t.Errorf("expected one vote for each epoch, found %d more", left)
	}
}

func TestVotersOnAForkGetOneSignatureForAnEpoch(t *testing.T) {
	t.Parallel()
	r := newRemote(t).serve()
	secret, err := bls.KeyFromSeed(make([]byte, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	nodes := []*fakenode.Node{r.node, fakenode.Start(t, chainID, secret.PublicKey(), 1)}
	voters := []*fixture{r.voter("a", nodes[0]).listening(), r.voter("b", nodes[1]).listening()}
	var signed []ffg.Vote
	const conflict, floor = "code=" + monitor.GuardPrefix + "conflict", "code=" + monitor.GuardPrefix + "floor"
	for range 6 {
		for i, node := range nodes {
			go node.GrowAt(time.Now().Add(time.Duration(i) * time.Millisecond)) // so that the blocks differ
		}
		count := 0
		for i, f := range voters {
			if f.any(event.Voted.String(), conflict, floor) == event.Voted.String() {
				count++
				vote := <-nodes[i].Votes()
				for _, before := range signed {
					if err := ffg.Slashable(before, vote.Vote); err != nil {
						t.Errorf("signed both: %v", err)
					}
				}
				signed = append(signed, vote.Vote)
			}
		}
		if count != 1 {
			t.Errorf("expected one of two votes signed, found %d", count)
		}
	}
	for _, f := range voters {
		f.stop()
	}
}

func TestASignerThatComesAndGoes(t *testing.T) {
	t.Parallel()
	r := newRemote(t).serve()
	r.end()
	f := r.voter("a", r.node).listening()
	for range 2 {
		r.node.Grow()
		f.said(event.SignerLost.String(), "connection refused")
		r.serve()
		r.node.Grow()
		f.said(event.SignerBack.String())
		want := r.node.Duty()
		for vote := f.vote(); vote.Vote != want; vote = f.vote() { // one for the epoch before may have been just in time
			if vote.Vote.Target.Epoch >= want.Target.Epoch {
				t.Fatalf("expected %v, found %v", want, vote.Vote)
			}
		}
		r.end()
	}
	f.stop()
}

func TestASignerThatRefusesTheVoterIsAnAlarm(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*remote)
		says   string
		mend   func(*remote) // what makes the voter vote without a restart of anything
	}{
		"another chain":          {func(r *remote) { r.signer.ChainID = "other-1" }, `the signer signs for "other-1", the client asks for "test-1"`, nil},
		"a voter that may not":   {func(r *remote) { r.signer.Clients = []string{"b"} }, "client is not allowed", nil},
		"an expired certificate": {(*remote).expire, "a.crt: expected it to be valid on", (*remote).renew},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRemote(t)
			tc.change(r)
			r.serve()
			f := r.voter("a", r.node).listening()
			r.node.Grow()
			f.said(event.SignerLost.String(), tc.says)
			if tc.mend != nil {
				tc.mend(r)
				r.node.Grow()
				f.said(event.SignerBack.String())
				f.vote()
			}
			f.stop()
		})
	}
}

func (r *remote) expire() {
	r.discard("a")
	r.issue(time.Nanosecond)
}

func (r *remote) renew() {
	r.discard("a")
	r.issue(time.Hour)
}

func TestMistakesWithASignerEndTheStart(t *testing.T) {
	r := newRemote(t)
	log := slog.New(slog.DiscardHandler)
	f := r.voter("nobody", r.node)
	f.config.Signer.Address = "127.0.0.1:1"
	if err := voter.Start(t.Context(), f.dir, f.config, voter.Options{}, log); !errors.Is(err, signerd.ErrCertificate) || !strings.Contains(err.Error(), "nobody.crt") {
		t.Errorf("no certificate: expected %v naming it, found %v", signerd.ErrCertificate, err)
	}
	f.config.Signer.TLSFiles = r.files("a")
	if err := voter.Start(t.Context(), f.dir, f.config, voter.Options{NeverVoted: true}, log); !errors.Is(err, home.ErrConfig) || !strings.Contains(err.Error(), home.NeverVotedFlag) {
		t.Errorf("a promise: expected %v naming the flag, found %v", home.ErrConfig, err)
	}
	r.signer.TLS = r.files("nobody")
	if err := signerd.Run(t.Context(), r.dir, r.signer, "v1", log); !errors.Is(err, signerd.ErrCertificate) || !strings.Contains(err.Error(), "nobody.crt") {
		t.Errorf("signer: expected %v naming it, found %v", signerd.ErrCertificate, err)
	}
	r.signer.TLS = r.files("server")
	r.signer.Listen = "127.0.0.1:99999"
	if err := signerd.Run(t.Context(), r.dir, r.signer, "v1", log); err == nil || !strings.Contains(err.Error(), "listen on 127.0.0.1:99999") {
		t.Errorf("expected no such port, found %v", err)
	}
}

func TestTheSignersConfiguration(t *testing.T) {
	dir := home.Dir(t.TempDir())
	if found, err := dir.LoadSignerConfig(); err != nil || found.Listen != "127.0.0.1:9191" || found.TLS.Key != "tls/server.key" {
		t.Errorf("no file: expected the defaults, found %+v, %v", found, err)
	}
	was := home.DefaultConfig()
	was.ChainID, was.Keys, was.PasswordFile, was.Protection = "test-1", []string{"a"}, "password", home.MinimalProtection
	if err := dir.WriteConfig(was); err != nil {
		t.Fatal(err)
	}
	want := home.DefaultSignerConfig()
	want.ChainID, want.Keys, want.PasswordFile, want.Protection = was.ChainID, was.Keys, was.PasswordFile, was.Protection
	if found, err := dir.LoadSignerConfig(); err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("of a voter: expected %+v, found %+v, %v", want, found, err)
	}
	want.ChainID, want.Listen, want.Clients = "test-2", "h:1", []string{"b"}
	if err := dir.WriteSignerConfig(want); err != nil {
		t.Fatal(err)
	}
	if found, err := dir.LoadSignerConfig(); err != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("of its own: expected %+v, found %+v, %v", want, found, err)
	}
	content, err := os.ReadFile(filepath.Join(string(dir), "signer.toml"))
	if err != nil || !strings.Contains(string(content), "# The chain to sign for") || !strings.Contains(string(content), "[tls]") {
		t.Errorf("expected a commented file, found\n%s%v", content, err)
	}
	for says, change := range map[string]func(*home.SignerConfig){
		"":                                     func(*home.SignerConfig) {},
		"chain_id: expected the chain's id":    func(c *home.SignerConfig) { c.ChainID = "" },
		`listen: expected HOST:PORT`:           func(c *home.SignerConfig) { c.Listen = "9191" },
		`protection: expected "complete" or "`: func(c *home.SignerConfig) { c.Protection = "" },
	} {
		config := want
		change(&config)
		err := config.Validate()
		if says == "" && err != nil || says != "" && (!errors.Is(err, home.ErrConfig) || !strings.Contains(err.Error(), says)) {
			t.Errorf("expected %q, found %v", says, err)
		}
	}
}
