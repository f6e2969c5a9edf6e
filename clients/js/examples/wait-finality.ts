// Sends coins with CosmJS and waits for a proof that the transfer is final, without trusting the node:
//
//   MNEMONIC="…" node dist/examples/wait-finality.js RPC REST CHAIN_ID EPOCH:ROOT UNBONDING_SECONDS TO AMOUNT
//
// Prints one line of JSON: {"hash", "height", "code", "epoch"}. Code 0 is success; any other says that the transaction is final
// and failed. The exit code is 0 in both cases.
import { DirectSecp256k1HdWallet } from "@cosmjs/proto-signing";
import { coins, SigningStargateClient } from "@cosmjs/stargate";
import { LightClient } from "../src/index.js";

const [rpc, rest, chainId, trust, unbonding, to, amount] = process.argv.slice(2);
const mnemonic = process.env.MNEMONIC;
if (!rpc || !rest || !chainId || !trust || !unbonding || !to || !amount || !mnemonic) {
  throw new Error("expected RPC REST CHAIN_ID EPOCH:ROOT UNBONDING_SECONDS TO AMOUNT and the environment variable MNEMONIC");
}
const [epoch = "", root = ""] = trust.split(":");

const wallet = await DirectSecp256k1HdWallet.fromMnemonic(mnemonic, { prefix: "dual" });
const [account] = await wallet.getAccounts();
const chain = await SigningStargateClient.connectWithSigner(rpc, wallet);
const light = new LightClient({ node: rest, chainId, trust: { epoch: BigInt(epoch), root }, unbondingMs: Number(unbonding) * 1000 });

const fee = { amount: coins(200, "udual"), gas: "200000" };
const send = { typeUrl: "/cosmos.bank.v1beta1.MsgSend", value: { fromAddress: account!.address, toAddress: to, amount: coins(amount, "udual") } };
const hash = await chain.signAndBroadcastSync(account!.address, [send], fee);

const outcome = await light.waitForFinality(hash, { timeoutMs: 120_000 });
console.log(JSON.stringify({
  hash, height: String(outcome.height), code: outcome.tx!.result.code, epoch: String(outcome.trust.checkpoint.epoch),
}));
chain.disconnect();
