// Package freeport finds ports on loopback for servers that stop and start again. A port that the kernel chooses (port 0)
// is one of those that it also gives to outgoing connections, so any of these may sit on it when the server comes back.
package freeport

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// The ports lie below those of outgoing connections, which begin at 32,768 (Linux) or 49,152 (others, RFC 6335), and above
// those that well-known servers use.
const (
	first = 20_000
	end   = 32_768
	tries = 1_000
)

// given are the ports that this process got before: their owners may be down just now.
var given sync.Map

// Listen listens on a free port of 127.0.0.1 that it gives to nobody else in this process.
func Listen() (net.Listener, error) {
	failure := errors.New("all were given away before")
	for range tries {
		port := first + rand.IntN(end-first)
		if _, before := given.Load(port); before {
			continue
		}
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			failure = err
			continue
		}
		if _, before := given.LoadOrStore(port, true); !before {
			return listener, nil
		}
		_ = listener.Close() // nobody has connected to it
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
