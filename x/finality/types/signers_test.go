package types

import (
	"testing"

	gogoproto "github.com/cosmos/gogoproto/proto"
	"github.com/stretchr/testify/require"
	protov2 "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/cosmos/cosmos-sdk/codec/address"
	"github.com/cosmos/cosmos-sdk/x/tx/signing"
)

func TestSignersAreTheSubmitterOrNobody(t *testing.T) {
	codec := address.NewBech32Codec("dual")
	alice := make([]byte, 20)
	alice[0] = 1
	submitter, err := codec.BytesToString(alice)
	require.NoError(t, err)
	foreign, err := address.NewBech32Codec("other").BytesToString(alice)
	require.NoError(t, err)

	for _, name := range []protoreflect.FullName{submitVotesName, submitEvidenceName} {
		for _, tc := range []struct {
			name, submitter string
			signers         [][]byte
			err             string
		}{
			{name: "nobody for an empty submitter"},
			{name: "the submitter", submitter: submitter, signers: [][]byte{alice}},
			{name: "an address of another chain is an error", submitter: foreign, err: "expected 'dual' got 'other'"},
			{name: "no address at all is an error", submitter: "alice", err: "read submitter \"alice\""},
			{name: "blanks are an error, not nobody", submitter: " ", err: "read submitter \" \""},
		} {
			t.Run(string(name.Name())+"/"+tc.name, func(t *testing.T) {
				ctx := signingContext(t)
				signers, err := ctx.GetSigners(dynamicMessage(t, name, tc.submitter))
				if tc.err != "" {
					require.ErrorContains(t, err, tc.err)
					return
				}
				require.NoError(t, err)
				require.Equal(t, tc.signers, signers)
			})
		}
	}
}

func TestSignersOfAMessageWithoutSubmitterAreAnError(t *testing.T) {
	options := &signing.Options{AddressCodec: address.NewBech32Codec("dual")}
	other := dynamicMessage(t, "dualchain.finality.v1.Vote", "")
	_, err := submitterOf(options, other.ProtoReflect())
	require.ErrorContains(t, err, "expected a string field submitter, found none")
}

func TestSignersNeedAnAddressCodec(t *testing.T) {
	msg := dynamicMessage(t, submitVotesName, "dual1")
	_, err := submitterOf(new(signing.Options), msg.ProtoReflect())
	require.ErrorContains(t, err, "expected an address codec, found none")
}

func signingContext(t *testing.T) *signing.Context {
	t.Helper()
	options := signing.Options{
		FileResolver:          gogoproto.HybridResolver,
		AddressCodec:          address.NewBech32Codec("dual"),
		ValidatorAddressCodec: address.NewBech32Codec("dualvaloper"),
	}
	DefineCustomGetSigners(&options)
	ctx, err := signing.NewContext(options)
	require.NoError(t, err)
	return ctx
}

// dynamicMessage is how the SDK sees a message whose google-protobuf type is not linked in.
func dynamicMessage(t *testing.T, name protoreflect.FullName, submitter string) protov2.Message {
	t.Helper()
	descriptor, err := gogoproto.HybridResolver.FindDescriptorByName(name)
	require.NoError(t, err)
	msg := dynamicpb.NewMessage(descriptor.(protoreflect.MessageDescriptor))
	if submitter != "" {
		msg.Set(msg.Descriptor().Fields().ByName(submitterField), protoreflect.ValueOfString(submitter))
	}
	return msg
}
