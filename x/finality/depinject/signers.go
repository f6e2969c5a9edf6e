package depinject

import (
	gogoproto "github.com/cosmos/gogoproto/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"cosmossdk.io/core/address"

	"github.com/cosmos/cosmos-sdk/x/tx/signing"

	finalitytypes "github.com/dualchain/dualchain/x/finality/types"
)

// signersOf returns the getter that wire.Signers defines for a message.
func signersOf(msg gogoproto.Message, addresses address.Codec) signing.CustomGetSigner {
	options := signing.Options{AddressCodec: addresses}
	finalitytypes.DefineCustomGetSigners(&options)
	name := protoreflect.FullName(gogoproto.MessageName(msg))
	return signing.CustomGetSigner{MsgType: name, Fn: options.CustomGetSigners[name]}
}
