// Package freeport finds ports on loopback for servers that stop and start again. A port that the kernel chooses (port 0)
// is one of those that it also gives to outgoing connections, so any of these may sit on it when the server comes back.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// The ports lie below those of outgoing connections, which begin at 32,768 (Linux) or 49,152 (others, RFC 6335), and above
// those that well-known servers use.
const (
	first = 20_000
	end   = 32_768
	tries = 1_000
)

// Listen listens on a free port of 127.0.0.1.
func Listen() (net.Listener, error) {
	var failure error
	for range tries {
		var listener net.Listener
		port := first + rand.IntN(end-first)
		if listener, failure = net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port))); failure == nil {
			return listener, nil
		}
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
