package finality

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

func args(fields ...string) []*autocliv1.PositionalArgDescriptor {
	out := make([]*autocliv1.PositionalArgDescriptor, len(fields))
	for i, field := range fields {
		out[i] = &autocliv1.PositionalArgDescriptor{ProtoField: field}
	}
	return out
}

// AutoCLIOptions describes the module's commands. A VOTER is an operator address, a public key in hexadecimal or a
// registration index; an EPOCH may be head, justified or finalized.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service:              "dualchain.finality.v1.Query",
			EnhanceCustomCommand: true,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Params", Use: "params", Short: "Show the parameters"},
				{RpcMethod: "Voter", Use: "voter VOTER", Short: "Show a voter, its state and its powers", PositionalArgs: args("voter")},
				{RpcMethod: "Voters", Use: "voters", Short: "List voters, all or those in one --state"},
				{RpcMethod: "VoterSet", Use: "voter-set HASH|EPOCH|next", Short: "Show a voter set", PositionalArgs: args("id")},
				{RpcMethod: "Votes", Use: "votes EPOCH", Short: "Show who voted for an epoch (or with --aggregate-only just their bits), with what power", PositionalArgs: args("epoch")},
				{
					RpcMethod: "Duty", Use: "duty [VOTER]", Short: "Show what a voter must sign now, or what is the same for all with the bits of those whose votes are recorded",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "voter", Optional: true}},
				},
				{
					RpcMethod: "Participation", Use: "participation VOTER", Short: "Show how much a voter has voted in the open era, or in an unsettled --era",
					PositionalArgs: args("voter"),
				},
				{RpcMethod: "Certificate", Use: "certificate EPOCH", Short: "Show the links that finalize an epoch", PositionalArgs: args("epoch")},
				{RpcMethod: "TrustPoint", Use: "trust-point EPOCH", Short: "Show a final checkpoint with all members, where a light client may start", PositionalArgs: args("epoch")},
				{RpcMethod: "HandOvers", Use: "hand-overs PAIR", Short: "List what a light client needs to catch up from a pair", PositionalArgs: args("pair")},
				{RpcMethod: "Follow", Use: "follow EPOCH", Short: "List hand-overs with every link from an epoch on", PositionalArgs: args("epoch")},
				{RpcMethod: "Delegations", Use: "delegations VOTER", Short: "List the delegations to a voter", PositionalArgs: args("voter")},
				{
					RpcMethod: "DelegatorDelegations", Use: "delegations-of ACCOUNT", Short: "List the delegations of an account",
					PositionalArgs: args("delegator"),
				},
				{RpcMethod: "Unbondings", Use: "unbondings ACCOUNT", Short: "List the unbonding entries of an account", PositionalArgs: args("delegator")},
				{RpcMethod: "Evidence", Use: "evidence ID", Short: "Show accepted evidence with both conflicting votes", PositionalArgs: args("id")},
				{RpcMethod: "AllEvidence", Use: "all-evidence", Short: "List accepted evidence"},
				{RpcMethod: "EconomicSecurity", Use: "economic-security", Short: "Show what stands behind finality"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service:              "dualchain.finality.v1.Msg",
			EnhanceCustomCommand: true,
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "EditVoter", Use: "edit-voter", Short: "Replace a voter's moniker and website, and announce its commission from the next era on"},
				{RpcMethod: "Delegate", Use: "delegate OPERATOR AMOUNT", Short: "Bond stake with a voter", PositionalArgs: args("voter", "amount")},
				{RpcMethod: "Undelegate", Use: "undelegate OPERATOR AMOUNT", Short: "Take stake out of a voter's pool", PositionalArgs: args("voter", "amount")},
				{
					RpcMethod: "CancelUnbonding", Use: "cancel-unbonding ID", Short: "Bond an unbonding entry again",
					PositionalArgs: args("unbonding_id"),
				},
				{RpcMethod: "Unjail", Use: "unjail", Short: "End the jailing of your voter for absence"},
				{RpcMethod: "RegisterVoter", Skip: true},  // client/cli: it reads a file
				{RpcMethod: "SubmitVotes", Skip: true},    // client/cli: it may be unsigned, which autocli can't do
				{RpcMethod: "SubmitEvidence", Skip: true}, // client/cli
				{RpcMethod: "UpdateParams", Skip: true},   // governance only
			},
		},
	}
}
