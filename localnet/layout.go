package localnet

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"cosmossdk.io/math"

	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"
	genutiltypes "github.com/cosmos/cosmos-sdk/x/genutil/types"

	"github.com/dualchain/dualchain/core/bls"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/voter/home"
	"github.com/dualchain/dualchain/x/finality/client/genesis"
	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// The balances of accounts at genesis, in sdk.DefaultBondDenom. Operators have their stake in addition.
var (
	validatorStake  = power(100)
	operatorBalance = power(1_000)
	devBalance      = power(1_000_000)
	faucetBalance   = power(1_000_000_000)
)

// power returns the stake behind a voting power (protocol §7).
func power(units uint64) math.Int {
	return math.NewIntFromUint64(units).Mul(sdk.DefaultPowerReduction)
}

// layout holds where a network's files go and how its nodes reach each other. Localnets and testnets differ only in it.
type layout struct {
	spec  Spec
	chain Chain
	dir   string
	// local is set if all nodes share one machine.
	local bool
	// listen is the host that nodes listen on; host and ports return where others reach validator i.
	listen string
	host   func(i int) string
	ports  func(i int) (Ports, error)
	// mnemonic makes the words of an account, keyring is the home that keeps them, and extra holds the accounts beside the
	// operators with their balances.
	mnemonic func(name string) (string, error)
	keyring  func(name string) string
	extra    []extraAccount
}

type extraAccount struct {
	name   string
	amount math.Int
}

// written is the result of writing a layout.
type written struct {
	nodes   []Node
	voters  []Voter
	genesis *genutiltypes.AppGenesis
}

// write writes all keys, the genesis and every home.
func (l layout) write() (written, error) {
	var out written
	g := beginning{spec: l.spec, time: time.Now().UTC()}
	for i := range l.spec.Validators {
		node, validator, err := l.newValidator(i)
		if err != nil {
			return out, err
		}
		out.nodes = append(out.nodes, node)
		g.validators = append(g.validators, validator)
		g.accounts = append(g.accounts, account(validator.Operator, validator.Stake.Amount.Add(operatorBalance)))
	}
	for i := range l.spec.Voters {
		v, registration, err := l.newVoter(i, out.nodes)
		if err != nil {
			return out, err
		}
		out.voters = append(out.voters, v)
		g.voters = append(g.voters, registration)
		g.accounts = append(g.accounts, account(registration.Operator, registration.Stake.Amount.Add(operatorBalance)))
	}
	for _, extra := range l.extra {
		address, err := l.newAccount(extra.name)
		if err != nil {
			return out, err
		}
		g.accounts = append(g.accounts, account(address, extra.amount))
	}

	var err error
	if out.genesis, err = g.build(l.chain); err != nil {
		return out, err
	}
	for i, node := range out.nodes {
		if err := l.nodeHome(i, node, out.nodes).write(out.genesis); err != nil {
			return out, err
		}
	}
	for i, v := range out.voters {
		if err := l.writeVoterHome(i, v, out.nodes); err != nil {
			return out, err
		}
	}
	return out, nil
}

// coin returns an amount of the network's only denomination.
func coin(amount math.Int) sdk.Coin { return sdk.NewCoin(sdk.DefaultBondDenom, amount) }

func account(address sdk.AccAddress, amount math.Int) genesis.Account {
	return genesis.Account{Address: address, Coins: sdk.NewCoins(coin(amount))}
}

func (l layout) newValidator(i int) (Node, genesis.Validator, error) {
	name := fmt.Sprintf("%s-%d", KindValidator, i)
	id, pubKey, err := newNodeKeys(filepath.Join(l.dir, name))
	if err != nil {
		return Node{}, genesis.Validator{}, err
	}
	operator, err := l.newAccount(name)
	if err != nil {
		return Node{}, genesis.Validator{}, err
	}
	ports, err := l.ports(i)
	if err != nil {
		return Node{}, genesis.Validator{}, err
	}
	node := Node{
		Name: name, Kind: KindValidator, Ports: ports, ID: id,
		Operator: operator.String(), PubKey: base64.StdEncoding.EncodeToString(pubKey.Bytes()),
	}
	return node, genesis.Validator{Operator: operator, PubKey: pubKey, Moniker: name, Stake: coin(validatorStake)}, nil
}

func (l layout) newVoter(i int, nodes []Node) (Voter, genesis.Voter, error) {
	name := fmt.Sprintf("%s-%d", KindVoter, i)
	operator, err := l.newAccount(name)
	if err != nil {
		return Voter{}, genesis.Voter{}, err
	}
	secret, err := bls.GenerateKey(rand.Reader)
	if err != nil {
		return Voter{}, genesis.Voter{}, fmt.Errorf("make the key of %s: %w", name, err)
	}
	defer secret.Zero()
	public := secret.PublicKey().Bytes()
	root, err := ffg.Possession(ffg.Domain(l.spec.ChainID), operator, public)
	if err != nil {
		return Voter{}, genesis.Voter{}, fmt.Errorf("prove the key of %s: %w", name, err)
	}
	info, err := keepVoterKey(home.Dir(filepath.Join(l.dir, name)), secret)
	if err != nil {
		return Voter{}, genesis.Voter{}, fmt.Errorf("keep the key of %s: %w", name, err)
	}
	v := Voter{Name: name, Operator: operator.String(), PubKey: info.PubKey, Node: nodes[i%len(nodes)].Name}
	return v, genesis.Voter{
		Operator: operator, PubKey: public, Possession: secret.ProvePossession(root), Moniker: name,
		Stake: coin(power(l.spec.Power(i))), CommissionPPM: finalitytypes.Million / 10, MaxCommissionPPM: finalitytypes.Million / 5,
		MaxCommissionChangePPM: finalitytypes.Million / 100,
	}, nil
}

func (l layout) newAccount(name string) (sdk.AccAddress, error) {
	mnemonic, err := l.mnemonic(name)
	if err != nil {
		return nil, fmt.Errorf("make account %s: %w", name, err)
	}
	var kr keyring.Keyring
	if kr, err = openKeyring(l.chain.Codec, l.keyring(name)); err != nil {
		return nil, err
	}
	return addAccount(kr, name, mnemonic)
}

// nodeHome describes validator i's files.
func (l layout) nodeHome(i int, node Node, all []Node) nodeHome {
	var peers []string
	for j, peer := range all {
		if j != i {
			peers = append(peers, peer.ID+"@"+net.JoinHostPort(l.host(j), strconv.Itoa(peer.Ports.P2P)))
		}
	}
	return nodeHome{
		dir: filepath.Join(l.dir, node.Name), moniker: node.Name, listen: l.listen, ports: node.Ports,
		peers: strings.Join(peers, ","), blockTime: l.spec.BlockTime, local: l.local,
		executor: DefaultNodeOptions().BlockExecutor, maxTxs: DefaultNodeOptions().MempoolMaxTxs,
	}
}

// writeVoterHome writes the configuration of voter i.
func (l layout) writeVoterHome(i int, v Voter, nodes []Node) error {
	follows := i % len(nodes)
	config := home.DefaultConfig()
	config.ChainID = l.spec.ChainID
	config.Operator = v.Operator
	config.PasswordFile = voterPasswordFile
	if l.listen == Loopback { // voters on one machine can't share one port
		config.Monitor.Listen = ""
	}
	config.Nodes = []home.NodeConfig{{
		GRPC: net.JoinHostPort(l.host(follows), strconv.Itoa(nodes[follows].Ports.GRPC)),
		RPC:  "tcp://" + net.JoinHostPort(l.host(follows), strconv.Itoa(nodes[follows].Ports.RPC)),
	}}
	if err := home.Dir(filepath.Join(l.dir, v.Name)).WriteConfig(config); err != nil {
		return fmt.Errorf("configure %s: %w", v.Name, err)
	}
	return nil
}
