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

// Nobody listens at a new address at first, so the next pick would find it free again.
func TestAnAddressIsGivenOnce(t *testing.T) {
	seen := map[string]bool{}
	for range 1_000 { // among a thousand, some would come twice
		address, err := Address()
		if err != nil {
			t.Fatal(err)
		}
		if seen[address] {
			t.Fatalf("%s was given twice", address)
		}
		seen[address] = true
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
