import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex } from "../src/bytes.js";
import { amountOf, balanceKey, decodeProof, decodeTrust, encodeProof, LightClient, NotThereError, StepError, verifyProof } from "../src/index.js";

// The node's answers are from the golden vectors, whose key is what x/bank itself makes of the account 0101…01 and udual.

interface Vector { name: string; input: { chain_id: string; now_ms: string; unbonding_ms: string; trust: { binary: string }; proof: { binary: string } } }
const vectors = JSON.parse(readFileSync(new URL("../../../../core/cert/testdata/v1/proofs.json", import.meta.url), "utf8")) as Vector[];
const golden = (name: string) => {
  const { input } = vectors.find((v) => v.name === name)!;
  const [proof, trust] = [decodeProof(fromHex(input.proof.binary)), decodeTrust(fromHex(input.trust.binary))];
  assert.ok(proof.part.kind === "state");
  return { input, proof, trust, state: proof.part.state };
};
const verified = (name: string) => {
  const { input, proof, trust } = golden(name);
  return verifyProof(proof, input.chain_id, trust, { nowMs: BigInt(input.now_ms), unbondingMs: BigInt(input.unbonding_ms) });
};
const account = new Uint8Array(20).fill(1);

test("the key of a balance is x/bank's, and its value is an amount", () => {
  const balance = golden("about the balance of an account");
  assert.equal(balanceKey(account, "udual"), balance.state.key);
  assert.equal(amountOf(verified("about the balance of an account")), 1234567890123456789n);
  assert.equal(amountOf(verified("absence: between two neighbours")), 0n);
  assert.throws(() => amountOf(verified("a key's value")), /expected an amount/);
  const other = verified("a key's value");
  assert.throws(() => amountOf({ ...other, state: { ...other.state!, store: "gov" } }), /store bank/);
  for (const [length, fits] of [[0, false], [1, true], [255, true], [256, false]] as const) {
    const key = () => balanceKey(new Uint8Array(length), "udual");
    if (fits) assert.equal(key().length, 2 * (2 + length + 5));
    else assert.throws(key, /1 to 255 bytes/);
  }
});

test("a light client proves a balance", async () => {
  const { input, trust } = golden("about the balance of an account");
  const asked: string[] = [];
  const answers = (status: number, body: unknown): typeof fetch => async (url) => {
    asked.push(String(url));
    return new Response(JSON.stringify(body), { status });
  };
  const clientOf = (fetch: typeof globalThis.fetch) =>
    new LightClient({ node: "http://node", chainId: input.chain_id, trust, unbondingMs: 1000 * 365 * 24 * 3600 * 1000, fetch });
  const base64 = btoa(String.fromCharCode(...fromHex(input.proof.binary)));
  const light = clientOf(answers(200, { proof: { canonical: base64 } }));
  const key = balanceKey(account, "udual");
  assert.equal(amountOf(await light.proveState("bank", key)), 1234567890123456789n);
  assert.equal((await light.proveState("bank", key, 5n)).height, 5n);
  assert.deepEqual(asked, [1, 2].map((i) => `http://node/dualchain/finality/v1/proofs/state/bank/${key}?trust.epoch=1${i === 1 ? "" : "&height=5"}`));
  const subject = (e: unknown): boolean => e instanceof StepError && e.step === "subject";
  await assert.rejects(light.proveState("bank", balanceKey(account, "uother")), subject);
  await assert.rejects(light.proveState("bank", key, 4n), subject);
  await assert.rejects(clientOf(answers(404, { code: 5, message: "no" })).proveState("bank", key), NotThereError);
});

test("the latest state is no older than the trusted checkpoint", async () => {
  const { proof } = golden("about the balance of an account");
  const canonical = btoa(String.fromCharCode(...encodeProof({ ...proof, handOvers: [] })));
  const trust = verified("about the balance of an account").trust; // at block 9; the state is that after block 5
  const fetch: typeof globalThis.fetch = async () => new Response(JSON.stringify({ proof: { canonical } }));
  const light = new LightClient({ node: "http://node", chainId: proof.chainId, trust, unbondingMs: 1000 * 365 * 24 * 3600 * 1000, fetch });
  await assert.rejects(light.proveState("bank", balanceKey(account, "udual")), /subject: expected the state after block 8 or a later one, found that after block 5/);
  assert.equal((await light.proveState("bank", balanceKey(account, "udual"), 5n)).height, 5n);
});
