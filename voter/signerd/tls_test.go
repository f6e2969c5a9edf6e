package signerd

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/dualchain/dualchain/voter/event"
)

const day = 24 * time.Hour

func TestClientsThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*site)
		files  string   // whose
		want   error    // that the client has, if it isn't ErrCertificate
		client []string // in its error
		server []string // in the signer's log, nothing if it never sees the client
	}{
		"an expired certificate": {
			change: func(s *site) { s.reissue("alice", -2*day, -day) },
			files:  "alice", client: []string{"alice.crt", "expected it to be valid on", "valid from", "to"},
		},
		"a certificate of the future": {
			change: func(s *site) { s.reissue("alice", day, 2*day) },
			files:  "alice", client: []string{"alice.crt", "expected it to be valid on", "valid from", "to"},
		},
		"a certificate of another authority": {
			change: func(s *site) { s.swap("alice", newSite(s.t)) },
			files:  "alice", client: []string{"the signer refuses", "alice.crt", "unknown certificate authority"},
			server: []string{`the client shows CN=alice issued by CN=ca`, "unknown authority"},
		},
		"a server's certificate": {
			files: "server", client: []string{"the signer refuses", "server.crt", "bad certificate"},
			server: []string{`the client shows CN=server issued`, "incompatible key usage"},
		},
		"a name that is not on the list": {
			change: func(s *site) { s.config.Clients = []string{"bob"} },
			files:  "alice", want: ErrDenied, client: []string{`expected one of ["bob"], found "alice" with sha256:`},
			server: []string{event.RequestRefused.String(), "client=alice"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if tc.change != nil {
				tc.change(s)
			}
			s.serve(&stub{})
			want := ErrCertificate
			if tc.want != nil {
				want = tc.want
			}
			s.refused(s.files(tc.files), want, tc.client...)
			if tc.server != nil {
				s.said(tc.server...)
			}
		})
	}
}

func TestClientsOnTheListAreAnswered(t *testing.T) {
	for name, list := range map[string]func(Issued) []string{
		"no list":        func(Issued) []string { return nil },
		"by name":        func(alice Issued) []string { return []string{"bob", alice.Name} },
		"by fingerprint": func(alice Issued) []string { return []string{alice.Fingerprint} },
	} {
		s := newSite(t)
		issued, err := Issue(Plan{Folder: s.folder, Hosts: []string{"h"}, Clients: []string{"alice"}, Authority: day, Leaf: day})
		if err != nil {
			t.Fatal(err)
		}
		s.config.Clients = list(issued[2])
		s.serve(&stub{})
		if _, err := s.client("alice").Keys(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignersThatAreRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*site)
		client []string
		server []string
	}{
		"an expired certificate": {
			change: func(s *site) { s.reissue("server", -2*day, -day) },
			client: []string{`the signer shows CN=server issued by CN=ca valid from`, "has expired"},
			server: []string{event.CertificateBad.String(), "server.crt", "expected it to be valid on", "valid from"},
		},
		"a certificate of the future": {
			change: func(s *site) { s.reissue("server", day, 2*day) },
			client: []string{`the signer shows CN=server issued`, "not yet valid"},
			server: []string{event.CertificateBad.String(), "server.crt"},
		},
		"a certificate of another authority": {
			change: func(s *site) { s.swap("server", newSite(s.t)) },
			client: []string{`the signer shows CN=server issued by CN=ca`, "unknown authority"},
			server: []string{event.ConnectionRefused.String(), "remote error"},
		},
		"a client's certificate": {
			change: func(s *site) { s.config.TLS = s.files("bob") },
			client: []string{`the signer shows CN=bob issued`},
			server: []string{event.ConnectionRefused.String(), "remote error"},
		},
		"a certificate of another host": {
			change: func(s *site) {
				s.reissue("server", -day, day, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(10, 0, 0, 1)} })
			},
			client: []string{`the signer shows CN=server issued`, "10.0.0.1, not 127.0.0.1"},
			server: []string{event.ConnectionRefused.String(), "remote error"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			tc.change(s)
			s.serve(&stub{})
			s.refused(s.files("alice"), ErrCertificate, tc.client...)
			s.said(tc.server...)
		})
	}
}

func TestReplacedCertificatesCountWithoutARestart(t *testing.T) {
	for _, name := range []string{"server", "alice"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.reissue(name, -2*day, -day)
			s.serve(&stub{})
			client := s.refused(s.files("alice"), ErrUnavailable, "valid from")
			s.reissue(name, -day, day)
			if _, err := client.Keys(t.Context()); err != nil {
				t.Errorf("expected an answer, found %v", err)
			}
		})
	}
}

func TestAnAuthorityMayFollowAnother(t *testing.T) {
	s, next := newSite(t), newSite(t)
	both := ""
	for _, site := range []*site{s, next} {
		content, err := os.ReadFile(site.path("ca.crt"))
		if err != nil {
			t.Fatal(err)
		}
		both += string(content)
	}
	if err := os.WriteFile(s.path("ca.crt"), []byte(both), 0o600); err != nil {
		t.Fatal(err)
	}
	s.serve(&stub{})
	s.swap("alice", next)
	for _, name := range []string{"alice", "bob"} {
		if _, err := s.client(name).Keys(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCertificatesThatEndSoonAreReminders(t *testing.T) {
	for name, tc := range map[string]struct {
		left time.Duration
		says bool
	}{"29 days": {29 * day, true}, "31 days": {31 * day, false}} {
		s := newSite(t)
		s.reissue("ca", -day, 60*day, func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid, c.ExtKeyUsage, c.KeyUsage = true, true, nil, x509.KeyUsageCertSign
		})
		s.reissue("server", -day, tc.left)
		s.serve(&stub{})
		found := false
		for line := <-s.log; !strings.Contains(line, event.SignerStarted.String()); line = <-s.log {
			found = found || strings.Contains(line, event.CertificateEnds.String()) && strings.Contains(line, "server.crt")
		}
		if found != tc.says {
			t.Errorf("%s: expected a reminder %t, found %t", name, tc.says, found)
		}
	}
}

func TestFilesThatCanNotBeUsed(t *testing.T) {
	for name, tc := range map[string]struct {
		break_ func(*site) error
		says   string
	}{
		"no certificate":      {func(s *site) error { return os.Remove(s.path("alice.crt")) }, "alice.crt: no such file"},
		"no key":              {func(s *site) error { return os.Remove(s.path("alice.key")) }, "alice.key: no such file"},
		"no authority":        {func(s *site) error { return os.Remove(s.path("ca.crt")) }, "ca.crt: no such file"},
		"a key for everybody": {func(s *site) error { return os.Chmod(s.path("alice.key"), 0o644) }, "alice.key: expected mode 0600, found 0644: run chmod 600"},
		"a key for the group": {func(s *site) error { return os.Chmod(s.path("alice.key"), 0o640) }, "alice.key: expected mode 0600, found 0640"},
		"another's key":       {func(s *site) error { return os.Rename(s.path("bob.key"), s.path("alice.key")) }, "does not match"},
		"a key for a CA":      {func(s *site) error { return os.Rename(s.path("ca.key"), s.path("ca.crt")) }, "ca.crt: expected certificates only, found PRIVATE KEY"},
		"nothing for a CA":    {func(s *site) error { return os.WriteFile(s.path("ca.crt"), nil, 0o600) }, "ca.crt: expected at least one PEM certificate, found none"},
		"garbage for a CA": {func(s *site) error {
			return os.WriteFile(s.path("ca.crt"), []byte("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"), 0o600)
		}, "ca.crt"},
		"garbage for a cert": {func(s *site) error { return os.WriteFile(s.path("alice.crt"), []byte("garbage"), 0o600) }, "alice.crt"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			if err := tc.break_(s); err != nil {
				t.Fatal(err)
			}
			_, err := Dial("127.0.0.1:1", chainID, s.files("alice"), nil)
			if !errors.Is(err, ErrCertificate) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("dial: expected %v with %q, found %v", ErrCertificate, tc.says, err)
			}
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			err = Serve(t.Context(), listener, Config{ChainID: chainID, TLS: s.files("alice")}, &stub{}, nil)
			if !errors.Is(err, ErrCertificate) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("serve: expected %v with %q, found %v", ErrCertificate, tc.says, err)
			}
			if _, err := net.Dial("tcp", listener.Addr().String()); err == nil {
				t.Error("expected the listener closed, found it open")
			}
		})
	}
}

func TestOnlyMutualTLS13IsSpoken(t *testing.T) {
	s := newSite(t).serve(&stub{})
	own, err := s.files("alice").read()
	if err != nil {
		t.Fatal(err)
	}
	for name, config := range map[string]*tls.Config{
		"TLS 1.2":        {RootCAs: own.pool(), Certificates: []tls.Certificate{own.pair}, MaxVersion: tls.VersionTLS12},
		"no certificate": {RootCAs: own.pool()},
		"no HTTP/2":      {RootCAs: own.pool(), Certificates: []tls.Certificate{own.pair}, NextProtos: []string{"http/1.1"}},
	} {
		config.ServerName = "127.0.0.1"
		if config.NextProtos == nil {
			config.NextProtos = []string{"h2"}
		}
		conn, err := tls.Dial("tcp", s.address, config)
		if err == nil {
			_, err = conn.Read(make([]byte, 1))
		}
		if err == nil {
			t.Errorf("%s: expected a refusal, found none", name)
		}
	}
	plain, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	if answer, err := io.ReadAll(plain); err != nil || len(answer) > 7 { // a TLS alert
		t.Errorf("plain text: expected no more than an alert, found %x, %v", answer, err)
	}
}

// refusing is a connection that the other side has closed with an alert.
type refusing struct{ net.Conn }

func (refusing) Write([]byte) (int, error) { return 0, syscall.EPIPE }
func (refusing) Read([]byte) (int, error) {
	return 0, &net.OpError{Op: "remote error", Err: errors.New("tls: bad certificate")}
}
func (refusing) SetReadDeadline(time.Time) error { return nil }

func TestARefusedCertificateIsNamedWhoeverNoticesFirst(t *testing.T) {
	conn := shown{Conn: refusing{}, certificate: "alice.crt", failures: new(failures)}
	_, readErr := conn.Read(nil)
	_, writeErr := conn.Write(nil)
	for what, err := range map[string]error{"read": readErr, "write": writeErr} {
		if !errors.Is(err, ErrCertificate) || !strings.Contains(err.Error(), "refuses alice.crt: remote error: tls: bad certificate") {
			t.Errorf("%s: expected %v naming the file, found %v", what, ErrCertificate, err)
		}
	}
	if err := conn.failures.last(); !errors.Is(err, ErrCertificate) {
		t.Errorf("expected %v remembered, found %v", ErrCertificate, err)
	}
}

// errPlain has the text of ErrCertificate, but it is another error.
var errPlain = errors.New(ErrCertificate.Error())

func TestWhetherACertificateIsTheReasonIsNotReadFromAText(t *testing.T) {
	for name, tc := range map[string]struct {
		answer      error
		last        error // failure of the connection
		unavailable bool
		certificate bool
	}{
		"a certificate, in other words": {status.Error(codes.Unavailable, "no connection"), &remote{text: "too old", cause: ErrCertificate}, true, true},
		"the end of the time":           {status.Error(codes.DeadlineExceeded, "deadline"), ErrCertificate, true, true},
		"the same words without one":    {status.Error(codes.Unavailable, ErrCertificate.Error()), nil, true, false},
		"the same words of another":     {status.Error(codes.Unavailable, ErrCertificate.Error()), errPlain, true, false},
		"an answer of the signer":       {status.Error(codes.PermissionDenied, "denied"), ErrCertificate, false, false},
	} {
		err := unreachable(fromStatus(tc.answer), tc.last)
		if errors.Is(err, ErrUnavailable) != tc.unavailable || errors.Is(err, ErrCertificate) != tc.certificate {
			t.Errorf("%s: expected unavailable %t and a certificate %t, found %v", name, tc.unavailable, tc.certificate, err)
		}
	}
}

func TestARefusedCertificateIsForgottenWhenTheSignerIsGone(t *testing.T) {
	s := newSite(t)
	s.reissue("alice", -2*day, -day)
	s.serve(&stub{})
	client := s.refused(s.files("alice"), ErrCertificate, "alice.crt")
	s.end()
	client.timeout = 100 * time.Millisecond
	deadline := time.Now().Add(time.Minute)
	for {
		_, err := client.Keys(t.Context())
		if errors.Is(err, ErrUnavailable) && errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, ErrCertificate) {
			return
		}
		if err == nil || time.Now().After(deadline) {
			t.Fatalf("expected %v without %v, found %v", syscall.ECONNREFUSED, ErrCertificate, err)
		}
	}
}

func TestFilesAreReadAsEditorsOfAllSystemsWriteThem(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"ca.crt", "alice.crt", "alice.key"} {
		content, err := os.ReadFile(s.path(name))
		if err != nil {
			t.Fatal(err)
		}
		changed := "\ufeff" + strings.ReplaceAll(string(content), "\n", "\r\n") + "\r\n"
		if err := os.WriteFile(s.path(name), []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	own, err := s.files("alice").read()
	if err != nil || len(own.authority) != 1 || own.pair.Leaf.Subject.CommonName != "alice" {
		t.Errorf("expected the certificates, found %+v, %v", own, err)
	}
	if err := os.WriteFile(s.path("ca.crt"), []byte("\xff\xfe-\x00"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.files("alice").read(); !errors.Is(err, ErrCertificate) || !strings.Contains(err.Error(), "ca.crt: ") || !strings.Contains(err.Error(), "found UTF-16") {
		t.Errorf("UTF-16: expected a refusal that names it, found %v", err)
	}
}
