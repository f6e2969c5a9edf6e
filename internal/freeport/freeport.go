// Package freeport finds ports on loopback for servers that stop and start again. The kernel takes the ports that it
// chooses (port 0) from the range of outgoing connections, so a connection may hold the port when the server restarts.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync/atomic"
)

// The ports lie below those of outgoing connections, which begin at 32,768 (Linux) or 49,152 (others, RFC 6335), and above
// those that well-known servers use.
const (
	first = 20_000
	end   = 32_768
	tries = 1_000
)

// next counts the ports tried, from a random start. So no port is given twice while its owner is down, and processes
// that look for ports at the same time look in different places.
var next = func() *atomic.Uint32 {
	start := new(atomic.Uint32)
	start.Store(rand.Uint32N(end - first))
	return start
}()

// Listen listens on a free port of 127.0.0.1.
func Listen() (net.Listener, error) {
	var failure error
	for range tries {
		port := first + next.Add(1)%(end-first)
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.FormatUint(uint64(port), 10)))
		if err == nil {
			return listener, nil
		}
		failure = err
	}
	return nil, fmt.Errorf("find a free port in %d tries: %w", tries, failure)
}

// Address returns the address of a free port of 127.0.0.1, for another process to listen on.
func Address() (string, error) {
	listener, err := Listen()
	if err != nil {
		return "", err
	}
	return listener.Addr().String(), listener.Close()
}
