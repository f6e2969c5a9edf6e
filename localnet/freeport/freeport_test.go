package freeport

import (
	"net"
	"testing"
)

func TestNoOutgoingConnectionCanTakeThePort(t *testing.T) {
	for range 100 {
		listener, err := Listen()
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		if port := listener.Addr().(*net.TCPAddr).Port; port < first || port >= end {
			t.Errorf("expected a port from %d to %d, found %d", first, end-1, port)
		}
	}
}

func TestAnAddressIsFree(t *testing.T) {
	address, err := Address()
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatalf("expected %s to be free, found %v", address, err)
	}
	defer listener.Close()
}
