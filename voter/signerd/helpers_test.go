package signerd

import (
	"bytes"
	"context"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/internal/freeport"
	"github.com/dualchain/dualchain/voter/guard"
	"github.com/dualchain/dualchain/voter/sign"
)

const chainID = "test-1"

var domain = ffg.Domain(chainID)

// link is a vote from one epoch to another; fork tells apart votes that span the same.
func link(source, target uint64, fork ...byte) ffg.Vote {
	root := ffg.Root{byte(target)}
	copy(root[1:], fork)
	return ffg.Vote{Source: ffg.Ref{Epoch: source}, Target: ffg.Ref{Epoch: target, Root: root}}
}

func newSecret(t testing.TB, seed byte) *bls.SecretKey {
	t.Helper()
	secret, err := bls.KeyFromSeed(bytes.Repeat([]byte{seed}, bls.MinSeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// openKeyring is a keyring with one key over the guard's journal in a folder, which is made if it isn't there.
func openKeyring(t testing.TB, folder string) (*sign.Keyring, *bls.PublicKey, func()) {
	t.Helper()
	path := filepath.Join(folder, guard.FileName)
	if err := guard.Create(path); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Fatal(err)
	}
	protection, err := guard.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	secret := newSecret(t, 1)
	public := secret.PublicKey()
	keyring := sign.NewKeyring(domain, protection)
	if err := errors.Join(protection.Admit(public.Bytes()), keyring.Add(secret)); err != nil {
		t.Fatal(err)
	}
	return keyring, public, func() {
		keyring.Close()
		if err := protection.Close(); err != nil {
			t.Error(err)
		}
	}
}

// site is a folder of certificates and the address of a signer that uses them.
type site struct {
	t       testing.TB
	folder  string
	config  Config
	address string
	log     lines
	end     func() // stops the signer
	at      *breakable
}

// newSite has certificates for alice and bob, and no signer yet.
func newSite(t testing.TB) *site {
	t.Helper()
	address, err := freeport.Address() // it stays over restarts
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, folder: t.TempDir(), address: address, log: make(lines, 4096), end: func() {}}
	issued, err := Issue(Plan{
		Folder: s.folder, Hosts: []string{"127.0.0.1"}, Clients: []string{"alice", "bob"}, Authority: time.Hour, Leaf: time.Hour,
	})
	if err != nil || len(issued) != 4 {
		t.Fatalf("expected 4 certificates, found %v, %v", issued, err)
	}
	s.config = Config{ChainID: chainID, TLS: s.files("server")}
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.folder, name) }

func (s *site) files(name string) Files {
	return Files{CA: s.path("ca.crt"), Certificate: s.path(name + ".crt"), Key: s.path(name + ".key")}
}

// serve starts the signer, at the same address as before.
func (s *site) serve(keys Keyring) *site {
	s.t.Helper()
	inner, err := net.Listen("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	listener := &breakable{Listener: inner}
	s.at = listener
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Serve(ctx, listener, s.config, keys, slog.New(s.log)) }()
	s.end = func() {
		s.end = func() {}
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("serve: %v", err)
		}
	}
	s.t.Cleanup(func() { s.end() })
	return s
}

// dial is a client that has these files.
func (s *site) dial(files Files) *Client {
	s.t.Helper()
	client, err := Dial(s.address, chainID, files, slog.New(s.log))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = client.Close() })
	return client
}

// client is one that is answered.
func (s *site) client(name string) *Client {
	s.t.Helper()
	client := s.dial(s.files(name))
	client.timeout = time.Minute
	return client
}

// refused asks until the error is the expected one with these words in it, which takes a moment while a connection is
// tried. It returns the client, patient from here on.
func (s *site) refused(files Files, want error, words ...string) *Client {
	s.t.Helper()
	client := s.dial(files)
	client.timeout = 100 * time.Millisecond
	deadline := time.Now().Add(time.Minute)
	for {
		_, err := client.Keys(s.t.Context())
		again := want == ErrDenied || errors.Is(err, ErrUnavailable)
		if errors.Is(err, want) && again && !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(err.Error(), word) }) {
			client.timeout = time.Minute
			return client
		}
		if err == nil || time.Now().After(deadline) {
			s.t.Fatalf("expected %v with %q, found %v", want, words, err)
		}
	}
}

// reissue puts another certificate in the place of one, with dates relative to now.
func (s *site) reissue(name string, from, until time.Duration, change ...func(*x509.Certificate)) {
	s.t.Helper()
	authority, err := issue(s.folder, &x509.Certificate{Subject: pkix.Name{CommonName: authorityName}}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, NotBefore: now.Add(from), NotAfter: now.Add(until),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if name == serverName {
		template.ExtKeyUsage, template.IPAddresses = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	for _, f := range change {
		f(template)
	}
	s.remove(name)
	if _, err := issue(s.folder, template, authority); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) remove(name string) {
	s.t.Helper()
	if err := errors.Join(os.Remove(s.path(name+".crt")), os.Remove(s.path(name+".key"))); err != nil {
		s.t.Fatal(err)
	}
}

// said waits for a log line with these words in it.
func (s *site) said(words ...string) {
	s.t.Helper()
	deadline := time.After(30 * time.Second)
lines:
	for {
		select {
		case line := <-s.log:
			for _, word := range words {
				if !strings.Contains(line, word) {
					continue lines
				}
			}
			return
		case <-deadline:
			s.t.Fatalf("expected %q in the log", words)
		}
	}
}

// swap puts another site's certificate in the place of ours.
func (s *site) swap(name string, with *site) {
	s.t.Helper()
	for _, ending := range []string{".crt", ".key"} {
		if err := os.Rename(with.path(name+ending), s.path(name+ending)); err != nil {
			s.t.Fatal(err)
		}
	}
}

// awaitClosed waits until the signer takes no more connections.
func (s *site) awaitClosed() {
	s.t.Helper()
	for {
		conn, err := net.Dial("tcp", s.address)
		if err != nil {
			return
		}
		if err := conn.Close(); err != nil {
			s.t.Fatal(err)
		}
	}
}
