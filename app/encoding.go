package app

import (
	"fmt"

	"github.com/cosmos/gogoproto/proto"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/codec"
	addresscodec "github.com/cosmos/cosmos-sdk/codec/address"
	codectypes "github.com/cosmos/cosmos-sdk/codec/types"
	"github.com/cosmos/cosmos-sdk/std"
	authtx "github.com/cosmos/cosmos-sdk/x/auth/tx"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	"github.com/dualchain/dualchain/x/finality/wire"
)

// Encoding is how the chain reads and writes messages, transactions and state.
type Encoding struct {
	Codec             codec.Codec
	InterfaceRegistry codectypes.InterfaceRegistry
	TxConfig          client.TxConfig
	// Amino serves the wallets that still sign amino JSON; no state and no wire format of ours uses it.
	Amino *codec.LegacyAmino

	finality wire.Codec
}

// NewEncoding returns the codecs, without any module's types yet: New registers those.
func NewEncoding() (Encoding, error) {
	options := signing.Options{
		AddressCodec:          addresscodec.NewBech32Codec(Bech32Prefix),
		ValidatorAddressCodec: addresscodec.NewBech32Codec(Bech32Prefix + "valoper"),
	}
	finality := wire.Signers(&options)
	registry, err := codectypes.NewInterfaceRegistryWithOptions(codectypes.InterfaceRegistryOptions{
		ProtoFiles:     proto.HybridResolver,
		SigningOptions: options,
	})
	if err != nil {
		return Encoding{}, fmt.Errorf("create the interface registry: %w", err)
	}
	if err := registry.SigningContext().Validate(); err != nil {
		return Encoding{}, fmt.Errorf("find the signers of every message: %w", err)
	}
	std.RegisterInterfaces(registry)

	amino := codec.NewLegacyAmino()
	std.RegisterLegacyAminoCodec(amino)

	cdc := codec.NewProtoCodec(registry)
	return Encoding{
		Codec:             cdc,
		InterfaceRegistry: registry,
		TxConfig:          authtx.NewTxConfig(cdc, authtx.DefaultSignModes),
		Amino:             amino,
		finality:          finality,
	}, nil
}
