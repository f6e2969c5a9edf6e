package types

import (
	"errors"
	"fmt"

	protov2 "google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cosmos/cosmos-sdk/x/tx/signing"
)

// Full names of the messages that exist in a signed and in an unsigned form (protocol §12).
const (
	submitVotesName    protoreflect.FullName = "dualchain.finality.v1.MsgSubmitVotes"
	submitEvidenceName protoreflect.FullName = "dualchain.finality.v1.MsgSubmitEvidence"
)

// submitterField is the field that tells the two forms apart: empty in the unsigned one.
const submitterField protoreflect.Name = "submitter"

// DefineCustomGetSigners tells the SDK who signs MsgSubmitVotes and MsgSubmitEvidence: the submitter, or nobody
// if it is empty. Call it before the interface registry is made. The address codec of options is asked when signers
// are, so it may be set later. The getters return an error for a submitter that is not an address.
func DefineCustomGetSigners(options *signing.Options) {
	for _, name := range []protoreflect.FullName{submitVotesName, submitEvidenceName} {
		options.DefineCustomGetSigners(name, func(msg protov2.Message) ([][]byte, error) {
			return submitterOf(options, msg.ProtoReflect())
		})
	}
}

// submitterOf goes through reflection only: depending on what is linked in, the SDK passes a generated type or a
// dynamic one.
func submitterOf(options *signing.Options, msg protoreflect.Message) ([][]byte, error) {
	name := msg.Descriptor().FullName()
	field := msg.Descriptor().Fields().ByName(submitterField)
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
		return nil, fmt.Errorf("signers of %s: expected a string field %s, found none", name, submitterField)
	}
	submitter := msg.Get(field).String()
	if submitter == "" {
		return nil, nil
	}
	if options.AddressCodec == nil {
		return nil, errors.New("signers of " + string(name) + ": expected an address codec, found none")
	}
	address, err := options.AddressCodec.StringToBytes(submitter)
	if err != nil {
		return nil, fmt.Errorf("signers of %s: read submitter %q: %w", name, submitter, err)
	}
	return [][]byte{address}, nil
}
