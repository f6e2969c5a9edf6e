// Package unjail sends MsgUnjail with the account of a voter's operator. It is apart from package voter, which needs no
// account to vote.
package unjail

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/tx"
	"github.com/cosmos/cosmos-sdk/crypto/keyring"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/internal/foreign"
	"github.com/dualchain/dualchain/voter/internal/cometrpc"
	"github.com/dualchain/dualchain/x/finality/types"
)

// Errors of this package.
var (
	// ErrAccount: the operator's account can't be used.
	ErrAccount = errors.New("operator's account can't be used")
	// ErrFee: not an amount of coins.
	ErrFee = errors.New("invalid fee")
	// ErrRefused: the chain refuses the transaction, or it failed in a block.
	ErrRefused = errors.New("unjailing refused")
)

const (
	timeout       = 10 * time.Second // for one node
	gasAdjustment = 1.5              // times what the simulation took
	maxGas        = 1_000_000        // several times what unjailing takes
	poll          = 500 * time.Millisecond
)

// Config says whose account to use and where.
type Config struct {
	ChainID  string
	Operator string   // expected address; empty for any
	From     string   // name or address of the account in the keyring; empty for the operator's
	Backend  string   // of the keyring
	Folder   string   // of the keyring
	Fees     string   // for the whole transaction, or empty
	GasPrice string   // per unit of gas, or empty
	Nodes    []string // RPC addresses, in order of preference
}

// Sender sends MsgUnjail for one operator.
type Sender struct {
	config  Config
	base    client.Context // codecs, keyring and account
	factory tx.Factory
}

// New opens the keyring, which may ask for its passphrase on input. The base context has the codecs, the configuration of
// transactions and the account retriever. Errors: ErrAccount, ErrFee.
func New(base client.Context, config Config, input io.Reader) (*Sender, error) {
	if err := config.checkFees(); err != nil {
		return nil, err
	}
	ring, err := keyring.New(sdk.KeyringServiceName(), config.Backend, config.Folder, input, base.Codec)
	if err != nil {
		return nil, fmt.Errorf("%w: open keyring: %w", ErrAccount, err)
	}
	from := config.From
	if from == "" {
		from = config.Operator
	}
	address, name, _, err := client.GetFromFields(base, ring, from)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %q in the keyring %s of %s: %w", ErrAccount, from, config.Backend, config.Folder, err)
	case address.Empty():
		return nil, fmt.Errorf("%w: expected the name or the address of the operator's account, found none", ErrAccount)
	case config.Operator != "" && address.String() != config.Operator:
		return nil, fmt.Errorf("%w: expected the operator's, %s, found %s, %s", ErrAccount, config.Operator, from, address)
	}
	return &Sender{
		config: config,
		base:   base.WithChainID(config.ChainID).WithKeyring(ring).WithFromAddress(address).WithFromName(name),
		factory: tx.Factory{}.WithTxConfig(base.TxConfig).WithAccountRetriever(base.AccountRetriever).WithChainID(config.ChainID).
			WithKeybase(ring).WithFromName(name).WithGasAdjustment(gasAdjustment).WithSimulateAndExecute(true).
			WithFees(config.Fees).WithGasPrices(config.GasPrice),
	}, nil
}

// checkFees finds what the SDK's factory would panic at.
func (c Config) checkFees() error {
	if _, err := sdk.ParseCoinsNormalized(c.Fees); err != nil {
		return fmt.Errorf("%w: fees: expected coins, found %q: %w", ErrFee, c.Fees, err)
	}
	if _, err := sdk.ParseDecCoins(c.GasPrice); err != nil {
		return fmt.Errorf("%w: gas prices: expected coins, found %q: %w", ErrFee, c.GasPrice, err)
	}
	if c.Fees != "" && c.GasPrice != "" {
		return fmt.Errorf("%w: expected fees or gas prices, found %s and %s", ErrFee, c.Fees, c.GasPrice)
	}
	return nil
}

// Operator returns the account's address.
func (s *Sender) Operator() string { return s.base.FromAddress.String() }

// Unjail returns the hash of the transaction, in hexadecimal, once the first node that answers has taken it. The node
// simulates it first, so that one which would fail costs nothing. It wraps ErrRefused.
func (s *Sender) Unjail(ctx context.Context) (string, error) {
	var failures []error
	for _, address := range s.config.Nodes {
		hash, err := s.through(ctx, address)
		if err == nil || ctx.Err() != nil {
			return hash, err
		}
		failures = append(failures, err)
	}
	return "", fmt.Errorf("unjail: %w", errors.Join(failures...))
}

func (s *Sender) through(ctx context.Context, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rpc, err := cometrpc.New(address, timeout)
	if err != nil {
		return "", fmt.Errorf("connect to %s: %w", address, err)
	}
	node := s.base.WithCmdContext(ctx).WithClient(rpc)
	msg := &types.MsgUnjail{Operator: s.Operator()}
	factory, err := s.factory.Prepare(node)
	if err != nil {
		return "", fmt.Errorf("read the account from %s: %w", address, foreign.Error(err))
	}
	_, gas, err := tx.CalculateGas(node, factory, msg)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrRefused, foreign.Error(err))
	}
	if gas > maxGas { // the fee follows from it, and the node's word is all there is
		return "", fmt.Errorf("%w: gas: expected at most %d for unjailing, found %d from %s", ErrFee, maxGas, gas, address)
	}
	factory = factory.WithGas(gas)
	builder, err := factory.BuildUnsignedTx(msg)
	if err != nil {
		return "", fmt.Errorf("make the transaction: %w", err)
	}
	if err := tx.Sign(ctx, factory, s.base.FromName, builder, true); err != nil {
		return "", fmt.Errorf("%w: sign: %w", ErrAccount, err)
	}
	content, err := s.base.TxConfig.TxEncoder()(builder.GetTx())
	if err != nil {
		return "", fmt.Errorf("encode the transaction: %w", err)
	}
	answer, err := rpc.BroadcastTxSync(ctx, content)
	if err != nil {
		return "", fmt.Errorf("send to %s: %w", address, foreign.Error(err))
	}
	if answer.Code != 0 {
		return "", fmt.Errorf("%w: code %d: %s", ErrRefused, answer.Code, foreign.Text(answer.Log))
	}
	return answer.Hash.String(), nil
}

// Await waits until the transaction is in a block, as the first node says. It wraps ErrRefused if it failed there.
func (s *Sender) Await(ctx context.Context, hash string) error {
	raw, err := hex.DecodeString(hash)
	if err != nil {
		return fmt.Errorf("await %s: %w", hash, err)
	}
	rpc, err := cometrpc.New(s.config.Nodes[0], timeout)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", s.config.Nodes[0], err)
	}
	for {
		answer, err := rpc.Tx(ctx, raw, false)
		switch {
		case err == nil && answer.TxResult.Code != 0:
			return fmt.Errorf("%w: code %d: %s", ErrRefused, answer.TxResult.Code, foreign.Text(answer.TxResult.Log))
		case err == nil:
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("await %s: %w", hash, errors.Join(ctx.Err(), foreign.Error(err)))
		case <-time.After(poll):
		}
	}
}
