package checkpoint

import (
	autocliv1 "cosmossdk.io/api/cosmos/autocli/v1"
)

// AutoCLIOptions describes the module's commands.
func (AppModule) AutoCLIOptions() *autocliv1.ModuleOptions {
	return &autocliv1.ModuleOptions{
		Query: &autocliv1.ServiceCommandDescriptor{
			Service: "dualchain.checkpoint.v1.Query",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "Status", Use: "status", Short: "Show head, justified and finalized, and how far each is behind the latest block"},
				{RpcMethod: "Params", Use: "params", Short: "Show the parameters"},
				{
					RpcMethod: "Checkpoint", Use: "checkpoint EPOCH|head|justified|finalized", Short: "Show one checkpoint",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "id"}},
				},
				{
					RpcMethod: "CheckpointByHeight", Use: "by-height HEIGHT", Short: "Show the checkpoint that covers a block",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "height"}},
				},
				{
					RpcMethod: "InclusionProof", Use: "inclusion-proof HEIGHT", Short: "Prove that a block is under a checkpoint (--epoch, or --size of its history)",
					PositionalArgs: []*autocliv1.PositionalArgDescriptor{{ProtoField: "height"}},
				},
				{
					RpcMethod: "ConsistencyProof", Use: "consistency-proof", Short: "Prove that a history begins with an earlier one (--from-epoch or --from-size, --to-epoch or --to-size)",
				},
				{RpcMethod: "Checkpoints", Use: "list", Short: "List the kept checkpoints (--page-reverse: newest first)"},
			},
		},
		Tx: &autocliv1.ServiceCommandDescriptor{
			Service: "dualchain.checkpoint.v1.Msg",
			RpcCommandOptions: []*autocliv1.RpcCommandOptions{
				{RpcMethod: "UpdateParams", Skip: true}, // governance only
			},
		},
	}
}
