package localnet

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	rpchttp "github.com/cometbft/cometbft/rpc/client/http"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/tx"
	sdk "github.com/cosmos/cosmos-sdk/types"
	authtypes "github.com/cosmos/cosmos-sdk/x/auth/types"
	banktypes "github.com/cosmos/cosmos-sdk/x/bank/types"
)

// ErrTxFailed is wrapped if the chain refuses a transaction.
var ErrTxFailed = errors.New("transaction failed")

const (
	sendGas     = 200_000 // about twice the gas of a transfer
	includeWait = 30 * time.Second
)

// Fund sends coins from the faucet account and waits until they have arrived. It returns the transaction's hash in
// hexadecimal, and wraps ErrNoAnswer or ErrTxFailed.
func (n *Network) Fund(ctx context.Context, chain Chain, to sdk.AccAddress, amount sdk.Coins) (string, error) {
	states, err := NewClient(n).Processes(ctx)
	if err != nil {
		return "", err
	}
	rpc, err := n.rpc(states)
	if err != nil {
		return "", err
	}
	signed, err := n.signTransfer(ctx, chain, rpc, to, amount)
	if err != nil {
		return "", fmt.Errorf("make a transfer from the faucet: %w", err)
	}
	hash, err := broadcast(ctx, rpc, signed)
	if err != nil {
		return "", fmt.Errorf("send %s from the faucet: %w", amount, err)
	}
	return fmt.Sprintf("%X", hash), awaitTx(ctx, rpc, hash)
}

// rpc returns a client of the first running node.
func (n *Network) rpc(states []ProcessState) (*rpchttp.HTTP, error) {
	nodes := n.runningNodes(states)
	if len(nodes) == 0 {
		return nil, fmt.Errorf("%w: none runs", ErrNoAnswer)
	}
	client, err := rpchttp.New("http://"+address(nodes[0].Ports.RPC), "/websocket")
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", nodes[0].Name, err)
	}
	return client, nil
}

// signTransfer signs with the faucet's key. It offers no fee, because local nodes ask for none.
func (n *Network) signTransfer(ctx context.Context, chain Chain, rpc *rpchttp.HTTP, to sdk.AccAddress, amount sdk.Coins) ([]byte, error) {
	kr, err := openKeyring(chain.Codec, n.ClientHome())
	if err != nil {
		return nil, err
	}
	record, err := kr.Key(Faucet)
	if err != nil {
		return nil, fmt.Errorf("find the faucet's key: %w", err)
	}
	from, err := record.GetAddress()
	if err != nil {
		return nil, fmt.Errorf("find the faucet's address: %w", err)
	}
	clientCtx := client.Context{}.WithCmdContext(ctx).
		WithCodec(chain.Codec).WithInterfaceRegistry(chain.Codec.InterfaceRegistry()).WithTxConfig(chain.TxConfig).
		WithChainID(n.Spec.ChainID).WithClient(rpc).WithKeyring(kr).WithFromAddress(from).
		WithAccountRetriever(authtypes.AccountRetriever{})
	factory, err := tx.Factory{}.WithTxConfig(chain.TxConfig).WithChainID(n.Spec.ChainID).WithKeybase(kr).
		WithAccountRetriever(clientCtx.AccountRetriever).WithGas(sendGas).Prepare(clientCtx)
	if err != nil {
		return nil, fmt.Errorf("read the faucet's account: %w", err)
	}
	builder, err := factory.BuildUnsignedTx(banktypes.NewMsgSend(from, to, amount))
	if err != nil {
		return nil, err
	}
	if err := tx.Sign(ctx, factory, Faucet, builder, true); err != nil {
		return nil, err
	}
	return chain.TxConfig.TxEncoder()(builder.GetTx())
}

// broadcast hands a transaction to a node's mempool. It wraps ErrTxFailed if the mempool refuses it.
func broadcast(ctx context.Context, rpc *rpchttp.HTTP, bytes []byte) ([]byte, error) {
	result, err := rpc.BroadcastTxSync(ctx, bytes)
	if err != nil {
		return nil, err
	}
	if result.Code != 0 {
		return nil, fmt.Errorf("%w: code %d: %s", ErrTxFailed, result.Code, result.Log)
	}
	return result.Hash, nil
}

// awaitTx waits until a transaction is in a block. It wraps ErrTxFailed if the transaction failed there.
func awaitTx(ctx context.Context, rpc *rpchttp.HTTP, hash []byte) error {
	var failure error
	err := poll(ctx, includeWait, func() bool {
		result, err := rpc.Tx(ctx, hash, false)
		switch {
		case err != nil && strings.Contains(err.Error(), "not found"):
			return false // not in a block yet
		case err != nil:
			failure = err
		case result.TxResult.Code != 0:
			failure = fmt.Errorf("%w: code %d: %s", ErrTxFailed, result.TxResult.Code, result.TxResult.Log)
		}
		return true
	})
	if err != nil {
		return fmt.Errorf("wait for transaction %X: %w", hash, err)
	}
	return failure
}
