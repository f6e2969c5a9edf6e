package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/dualchain/dualchain/internal/freeport"

	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/voter/signerd"
)

// signerProcess is a signer with the keys of a home.
type signerProcess struct {
	cmd     *exec.Cmd
	reached home.RemoteSigner // the configuration of a voter in the same home
}

func startSigner(bin string, dir home.Dir) (*signerProcess, error) {
	const name, day = "bench", 24 * time.Hour
	_, err := signerd.Issue(signerd.Plan{
		Folder: filepath.Join(string(dir), home.TLSFolder), Hosts: []string{"127.0.0.1"}, Clients: []string{name}, Authority: day, Leaf: day,
	})
	if err != nil {
		return nil, err
	}
	address, err := freeport.Address()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(bin, "signer", "start", "--home", string(dir), "--listen", address, "--log_level", "error")
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the signer: %w", err)
	}
	file := func(name string) string { return filepath.Join(home.TLSFolder, name) }
	return &signerProcess{cmd: cmd, reached: home.RemoteSigner{
		Address:  address,
		TLSFiles: home.TLSFiles{CA: file("ca.crt"), Certificate: file(name + ".crt"), Key: file(name + ".key")},
	}}, nil
}

// stop ends the process.
func (s *signerProcess) stop() error {
	return errors.Join(s.cmd.Process.Signal(syscall.SIGTERM), s.cmd.Wait())
}
