package localnet

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// InitFiles writes the homes of a network whose nodes run on separate machines: validator-I and voter-J folders with all
// their files and random keys, and a client folder with the faucet account. hosts[i] is the address at which others reach
// validator i. Voter j follows validator j modulo the number of validators. All of them listen on the usual ports. It
// wraps ErrSpec or ErrHomeTaken.
func InitFiles(dir string, spec Spec, hosts []string, chain Chain) (nodes []Node, voters []Voter, err error) {
	if err := spec.Validate(); err != nil {
		return nil, nil, err
	}
	if len(hosts) != spec.Validators {
		return nil, nil, fmt.Errorf("%w: expected %d hosts, one per validator, found %d", ErrSpec, spec.Validators, len(hosts))
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, nil, fmt.Errorf("write the testnet: %w", err)
	}
	if len(entries) > 0 {
		return nil, nil, fmt.Errorf("%w: %s holds %s", ErrHomeTaken, dir, entries[0].Name())
	}
	files := layout{
		spec: spec, chain: chain, dir: dir, listen: "0.0.0.0",
		host:     func(i int) string { return hosts[i] },
		ports:    func(int) (Ports, error) { return UsualPorts, nil },
		mnemonic: newMnemonic,
		keyring: func(name string) string {
			if name == Faucet {
				name = "client"
			}
			return filepath.Join(dir, name)
		},
		extra: []extraAccount{{Faucet, faucetBalance}},
	}
	out, err := files.write()
	if err != nil {
		return nil, nil, fmt.Errorf("write the testnet: %w", err)
	}
	node := fmt.Sprintf("tcp://%s:%d", hosts[0], UsualPorts.RPC)
	return out.nodes, out.voters, writeClientHome(filepath.Join(dir, "client"), spec.ChainID, node)
}
