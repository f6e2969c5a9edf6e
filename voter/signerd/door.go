package signerd

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
)

// Bounds of connections. Those without a certificate as yet never take the place of one that is admitted.
const (
	maxAdmitted  = 64
	maxPerClient = 32  // admitted; a voter needs one, and several may share a certificate
	maxWaiting   = 512 // silent, and as many in a handshake, for handshakeTime at most
	maxPerSource = 64  // of these
)

// errFull: no place for one more connection.
var errFull = errors.New("too many connections")

// stage is how far a connection has come.
type stage int

const (
	silent   stage = iota // not a byte came
	shaking               // in the handshake
	admitted              // it showed a certificate
)

// door is a listener that tells connections that are admitted from those that wait to be. If too many wait, the one goes that
// waits the longest: an honest handshake is over in a moment. Silent ones are apart, since they cost their maker least.
type door struct {
	net.Listener

	mu     sync.Mutex
	guests []*guest // the oldest first
}

// guest is a connection of a door.
type guest struct {
	net.Conn
	door   *door
	source netip.Prefix
	heard  []byte // not read yet

	stage  stage  // of the door
	client string // once it is admitted
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

// wait puts a connection into a stage, and closes the one that has to go for it, if one has to.
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
		_ = last.Close() // it is gone either way
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

// admit ends the waiting of a connection whose client has shown a certificate. It wraps errFull.
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

// sourceOf is the address that a connection comes from; of IPv6 the network, all addresses of which anybody on it may use.
func sourceOf(remote net.Addr) netip.Prefix {
	from, err := netip.ParseAddrPort(remote.String())
	if err != nil {
		return netip.Prefix{}
	}
	bits := 64
	if from.Addr().Unmap().Is4() {
		bits = 32
	}
	source, _ := from.Addr().Unmap().Prefix(bits) // as many bits as there are
	return source
}
