package signerd

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/dualchain/dualchain/voter/event"
)

// stranger connects from an address of this machine and sends that much.
func (s *site) stranger(from string, sends ...byte) net.Conn {
	s.t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := dialer.DialContext(s.t.Context(), "tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	if _, err := conn.Write(sends); err != nil {
		s.t.Fatal(err)
	}
	return conn
}

// closed waits until the signer has closed a connection.
func (s *site) closed(conn net.Conn) {
	s.t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		s.t.Fatal(err)
	}
	for {
		_, err := conn.Read(make([]byte, 1024))
		if err, ok := err.(net.Error); ok && err.Timeout() {
			s.t.Fatal("expected a closed connection, found an open one")
		}
		if err != nil {
			return
		}
	}
}

const firstByte = 0x16 // of a TLS handshake

// Strangers may hold what connections they like, silent or half through a handshake: a voter is answered at once.
func TestStrangersTakeNoPlaceOfAVoter(t *testing.T) {
	for name, sends := range map[string][]byte{"silent": nil, "shaking hands": {firstByte}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t).serve(&stub{})
			bob := s.client("bob")
			if _, err := bob.Keys(t.Context()); err != nil {
				t.Fatal(err)
			}
			first := s.stranger("127.0.0.1", sends...)
			for range 2*maxPerSource + 400 {
				s.stranger("127.0.0.1", sends...)
			}
			s.closed(first)
			// With the patience of a voter, which is less than a stranger is waited for.
			for _, client := range []*Client{bob, s.dial(s.files("alice"))} {
				if _, err := client.Keys(t.Context()); err != nil {
					t.Errorf("expected an answer, found %v", err)
				}
			}
			s.said(event.ConnectionRefused.String(), errFull.Error())
			s.end()
			if most := 2*maxPerSource + 200; s.at.peak > most { // of strangers, and those that come and go
				t.Errorf("expected at most %d connections, found %d", most, s.at.peak)
			}
		})
	}
}

func TestAConnectionOfOneAddressTakesNoPlaceOfAnother(t *testing.T) {
	s := newSite(t).serve(&stub{})
	other := s.stranger("127.0.0.2")
	first := s.stranger("127.0.0.1")
	for range maxPerSource {
		s.stranger("127.0.0.1")
	}
	s.closed(first)
	s.at.mu.Lock()
	defer s.at.mu.Unlock()
	for conn := range s.at.conns {
		if conn.RemoteAddr().String() == other.LocalAddr().String() {
			return
		}
	}
	t.Error("expected the connection of another address to stay, found it closed")
}

func TestTheLongestWaitingOfAllGoes(t *testing.T) {
	d := &door{}
	wait := func(i int) *guest {
		ours, _ := net.Pipe()
		g := &guest{Conn: ours, door: d, source: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i)}), 32)}
		d.wait(g, silent)
		return g
	}
	first := wait(0)
	for i := range maxWaiting - 1 {
		wait(i + 1)
	}
	if len(d.guests) != maxWaiting || d.guests[0] != first {
		t.Fatalf("expected %d connections, found %d", maxWaiting, len(d.guests))
	}
	wait(maxWaiting)
	if len(d.guests) != maxWaiting || d.guests[0] == first {
		t.Errorf("expected %d connections without the first, found %d", maxWaiting, len(d.guests))
	}
}

func TestAClientHasSomeConnections(t *testing.T) {
	s := newSite(t).serve(&stub{})
	own, err := s.files("alice").read()
	if err != nil {
		t.Fatal(err)
	}
	config := own.client()
	config.NextProtos = []string{"h2"}
	dial := func() net.Conn {
		conn, err := tls.Dial("tcp", s.address, config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if _, err := conn.Write([]byte("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	var first net.Conn
	for range maxPerClient {
		conn := dial()
		if _, err := conn.Read(make([]byte, 9)); err != nil { // the signer's settings
			t.Fatalf("expected a connection, found %v", err)
		}
		first = conn
	}
	s.closed(dial())
	s.said(event.ConnectionRefused.String(), errFull.Error(), fmt.Sprintf("%d of \"alice\"", maxPerClient))
	if _, err := s.client("bob").Keys(t.Context()); err != nil {
		t.Errorf("expected an answer, found %v", err)
	}
	_ = first.Close()
	if _, err := s.client("alice").Keys(t.Context()); err != nil {
		t.Errorf("expected an answer after one connection ended, found %v", err)
	}
}

func TestANetworkOfIPv6IsOneSource(t *testing.T) {
	for address, want := range map[string]string{
		"10.0.0.7:1":            "10.0.0.7/32",
		"[::ffff:10.0.0.7]:1":   "10.0.0.7/32",
		"[2001:db8::1:2:3:4]:1": "2001:db8::/64",
	} {
		remote := net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address))
		if found := sourceOf(remote).String(); found != want {
			t.Errorf("%s: expected %s, found %s", address, want, found)
		}
	}
}
