package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/spf13/cobra"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/cosmos/cosmos-sdk/client"
	"github.com/cosmos/cosmos-sdk/client/tx"
	"github.com/cosmos/cosmos-sdk/codec"
	sdk "github.com/cosmos/cosmos-sdk/types"

	"github.com/dualchain/dualchain/core/cert"
	"github.com/dualchain/dualchain/core/ffg"
	"github.com/dualchain/dualchain/x/finality/types"
)

func newEvidenceCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "submit-evidence FILE",
		Short: "Report conflicting votes for a share of the penalty",
		Long: `FILE holds Evidence as JSON: two votes, each with its signers by registration index and its aggregate signature. Or it is the
conflict.json that a light client wrote when it stopped: its signers are looked up by their keys.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			clientCtx, err := client.GetClientTxContext(cmd)
			if err != nil {
				return err
			}
			raw, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			found, err := readEvidence(clientCtx.Codec, raw, lookUp(cmd.Context(), types.NewQueryClient(clientCtx)))
			if err != nil {
				return fmt.Errorf("read %s: %w", args[0], err)
			}
			msgs := make([]sdk.Msg, len(found))
			for i, evidence := range found {
				msgs[i] = &types.MsgSubmitEvidence{Submitter: clientCtx.GetFromAddress().String(), Evidence: evidence}
			}
			return tx.GenerateOrBroadcastTxCLI(clientCtx, cmd.Flags(), msgs...)
		},
	}
	addTxFlags(cmd)
	return cmd
}

// errUnregistered: this chain has no registration of a key.
var errUnregistered = errors.New("key not registered on this chain")

// registrationOf returns the registration of a key on this chain. It wraps errUnregistered if the key was never registered.
type registrationOf func(key ffg.PublicKey) (uint64, error)

func lookUp(ctx context.Context, node types.QueryClient) registrationOf {
	known := map[ffg.PublicKey]uint64{}
	return func(key ffg.PublicKey) (uint64, error) {
		if index, found := known[key]; found {
			return index, nil
		}
		answer, err := node.Voter(ctx, &types.QueryVoterRequest{Voter: key.String()})
		if status.Code(err) == codes.NotFound {
			return 0, fmt.Errorf("%w: %s", errUnregistered, key)
		}
		if err != nil {
			return 0, fmt.Errorf("look up the registration of %s: %w", key, err)
		}
		known[key] = answer.Voter.Index
		return answer.Voter.Index, nil
	}
}

// readEvidence reads evidence, or what the dispute in a light client's file needs to find all of its guilty.
func readEvidence(cdc codec.JSONCodec, raw []byte, registration registrationOf) ([]types.Evidence, error) {
	var conflict struct {
		Dispute json.RawMessage `json:"dispute"`
	}
	if err := json.Unmarshal(raw, &conflict); err == nil && conflict.Dispute != nil {
		var dispute cert.Dispute
		if err := cert.ReadJSON(conflict.Dispute, &dispute); err != nil {
			return nil, fmt.Errorf("dispute: %w", err)
		}
		return fromDispute(dispute, registration)
	}
	var evidence types.Evidence
	if err := cdc.UnmarshalJSON(raw, &evidence); err != nil {
		return nil, err
	}
	return []types.Evidence{evidence}, nil
}

// fromDispute leaves out evidence whose guilty others show already, which the chain refuses, and such with a signer that only
// a fork has registered, which can't be named here: that is no shelter for those whom other evidence shows to be guilty.
func fromDispute(dispute cert.Dispute, registration registrationOf) ([]types.Evidence, error) {
	guilty := map[ffg.PublicKey]bool{}
	var out []types.Evidence
	var unnamed error
	for _, e := range dispute.Evidence {
		if !slices.ContainsFunc(e.Guilty, func(key ffg.PublicKey) bool { return !guilty[key] }) {
			continue
		}
		evidence, err := fromEvidence(e, registration)
		if errors.Is(err, errUnregistered) {
			unnamed = err
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, key := range e.Guilty {
			guilty[key] = true
		}
		out = append(out, evidence)
	}
	switch {
	case len(out) == 0 && unnamed != nil:
		return nil, fmt.Errorf("expected evidence whose signers all are registered here, found none: %w", unnamed)
	case len(out) == 0:
		return nil, fmt.Errorf("expected a dispute that proves somebody guilty, found one that proves nobody: only a client that follows every link can tell who it was")
	}
	return out, nil
}

func fromEvidence(e cert.Evidence, registration registrationOf) (types.Evidence, error) {
	first, err := fromSignedVote(e.First, registration)
	if err != nil {
		return types.Evidence{}, err
	}
	second, err := fromSignedVote(e.Second, registration)
	return types.Evidence{First: first, Second: second}, err
}

// fromSignedVote names signers by registration. A signer that only the fork has registered can't be named: its proof of
// possession is not in a certificate.
func fromSignedVote(v cert.SignedVote, registration registrationOf) (types.EvidenceVote, error) {
	out := types.EvidenceVote{Vote: types.VoteFromFFG(v.Vote), Signature: v.Signature[:]}
	for _, key := range v.Signers {
		index, err := registration(key)
		if err != nil {
			return out, err
		}
		out.Registrations = append(out.Registrations, index)
	}
	slices.Sort(out.Registrations)
	return out, nil
}
