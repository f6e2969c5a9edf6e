package signerd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
)

// Bounds of connections. A connection that hasn't shown a certificate never takes the place of an admitted one.
const (
	maxAdmitted  = 64
	maxPerClient = 32  // admitted with the same name: a voter needs one, and several voters may share a certificate
	maxWaiting   = 512 // for each of the stages silent and shaking; a connection stays there for handshakeTime at most
	maxPerSource = 64  // of maxWaiting
)

// errFull: no room for another connection.
var errFull = errors.New("too many connections")

// stage is the progress of a connection.
type stage int

const (
	silent   stage = iota // no byte received
	shaking               // in the handshake
	admitted              // with a valid certificate
)

// door is a listener that bounds waiting connections apart from admitted ones. If too many wait, it closes the one that has
// waited the longest, since an honest handshake is short. Silent connections have a bound of their own, since they are the
// cheapest to open.
type door struct {
	net.Listener

	mu     sync.Mutex
	guests []*guest // oldest first
}

// guest is a connection of a door.
type guest struct {
	net.Conn
	door   *door
	source netip.Prefix
	heard  []byte // not read yet

	stage  stage  // guarded by door.mu
	client string // of an admitted connection; guarded by door.mu
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	conn, err := d.Listener.Accept()
	if err != nil {
		return nil, err
	}
	g := &guest{Conn: conn, door: d, source: sourceOf(conn.RemoteAddr())}
	d.wait(g, silent)
	return g, nil
}

// wait moves a connection into a stage, and closes the oldest one there if there are too many.
func (d *door) wait(g *guest, at stage) {
	d.mu.Lock()
	same := where(d.guests, func(other *guest) bool { return other.stage == at && other != g })
	near := where(same, func(other *guest) bool { return other.source == g.source })
	var last *guest
	if len(near) >= maxPerSource {
		last = near[0]
	} else if len(same) >= maxWaiting {
		last = same[0]
	}
	g.stage = at
	d.guests = append(where(d.guests, func(other *guest) bool { return other != g && other != last }), g)
	d.mu.Unlock()
	if last != nil {
		_ = last.Close() // the door has dropped it already
	}
}

// hear waits for the first byte.
func (g *guest) hear() error {
	first := make([]byte, 1)
	if _, err := io.ReadFull(g.Conn, first); err != nil {
		return err
	}
	g.heard = first
	g.door.wait(g, shaking)
	return nil
}

// admit admits a connection whose client has shown a certificate. It wraps errFull.
func (g *guest) admit(client string) error {
	g.door.mu.Lock()
	defer g.door.mu.Unlock()
	all := where(g.door.guests, func(other *guest) bool { return other.stage == admitted })
	own := where(all, func(other *guest) bool { return other.client == client })
	if len(own) >= maxPerClient || len(all) >= maxAdmitted {
		return fmt.Errorf("%w: expected at most %d, and %d of %q, found one more", errFull, maxAdmitted, maxPerClient, client)
	}
	g.stage, g.client = admitted, client
	return nil
}

// Read implements net.Conn.
func (g *guest) Read(b []byte) (int, error) {
	if n := copy(b, g.heard); n > 0 {
		g.heard = g.heard[n:]
		return n, nil
	}
	return g.Conn.Read(b)
}

// Close implements net.Conn.
func (g *guest) Close() error {
	g.door.mu.Lock()
	g.door.guests = where(g.door.guests, func(other *guest) bool { return other != g })
	g.door.mu.Unlock()
	return g.Conn.Close()
}

func where(all []*guest, is func(*guest) bool) (found []*guest) {
	for _, g := range all {
		if is(g) {
			found = append(found, g)
		}
	}
	return found
}

// sourceOf returns the IPv4 address or the IPv6 network that a connection comes from. A host may use any address of its IPv6
// network.
func sourceOf(remote net.Addr) netip.Prefix {
	from, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return netip.Prefix{}
	}
	bits := 64
	if from.Addr().Unmap().Is4() {
		bits = 32
	}
	source, _ := from.Addr().Unmap().Prefix(bits) // never fails: no more bits than the address has
	return source
}
