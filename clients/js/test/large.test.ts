import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex, isHex, toHex } from "../src/bytes.js";
import { decodeProof, decodeTrust, encodeProof, encodeTrust, proofJson, StepError, trustJson, type Proof } from "../src/index.js";

// Up to 32 MiB everything is read like anything smaller: nothing recurses into its input or passes it as arguments.

interface Vector { name: string; input: { proof: { binary: string }; trust: { binary: string } } }
const vectors = JSON.parse(readFileSync(new URL("../../../../core/cert/testdata/v1/proofs.json", import.meta.url), "utf8")) as Vector[];
const vector = (name: string): Vector => vectors.find((v) => v.name === name)!;
const golden = (name: string): Proof => decodeProof(fromHex(vector(name).input.proof.binary));
const decodeError = (e: unknown): boolean => e instanceof StepError && e.step === "decode";
const [KiB, MiB] = [1 << 10, 1 << 20];

function withData(bytes: number): Proof {
  const proof = golden("a transaction that succeeded");
  assert.ok(proof.part.kind === "tx");
  const { tx } = proof.part;
  return { ...proof, part: { kind: "tx", tx: { ...tx, result: { ...tx.result, data: "5a".repeat(bytes) } } } };
}

function withCommitments(inStore: number, inApp: number): Proof {
  const proof = golden("a key's value");
  assert.ok(proof.part.kind === "state");
  return { ...proof, part: { kind: "state", state: { ...proof.part.state, inStore: "5a".repeat(inStore), inApp: "5a".repeat(inApp) } } };
}

test("hexadecimal is lower-case digits of whole bytes", () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.equal(toHex(all), Buffer.from(all).toString("hex"));
  assert.deepEqual(fromHex(toHex(all)), all);
  assert.equal(toHex(new Uint8Array()), "");
  for (const wrong of ["0", "0A", "0g", "0/", "0:", "0`", " 0", "00 ", "0\u0100", "0x00"]) {
    assert.equal(isHex(wrong), false, wrong);
    assert.throws(() => fromHex(wrong), RangeError, wrong);
  }
  assert.ok(isHex("") && isHex("00ff") && isHex("00ff", 2) && !isHex("00ff", 1) && !isHex("00ff", 3));
});

test("half a byte in JSON is none", () => {
  const text = proofJson.stringify(withData(2));
  assert.throws(() => proofJson.parse(text.replace('"data":"5a5a"', '"data":"5a5"')), decodeError);
});

test("a result of 4 MiB is written and read in both forms", () => {
  const proof = withData(4 * MiB);
  assert.deepEqual(decodeProof(encodeProof(proof)), proof);
  assert.deepEqual(proofJson.parse(proofJson.stringify(proof)), proof);
});

test("reading takes time in proportion to the length", () => {
  const start = performance.now();
  const proof = withData(15 * MiB);
  assert.deepEqual(decodeProof(encodeProof(proof)), proof);
  assert.deepEqual(proofJson.parse(proofJson.stringify(proof)), proof);
  assert.ok(performance.now() - start < 30_000); // a minute and more if 2 MiB take three times as long as 1 MiB
});

test("a trust with 60,000 voters is written and read in both forms", () => {
  const trust = decodeTrust(fromHex(vector("a block").input.trust.binary));
  const voters = Array.from({ length: 60_000 }, (_, i) => ({ key: i.toString(16).padStart(96, "0"), rear: 1n, current: BigInt(i) }));
  const many = { ...trust, voters };
  assert.deepEqual(decodeTrust(encodeTrust(many)), many);
  assert.deepEqual(trustJson.parse(trustJson.stringify(many)), many);
});

test("what is nested deeply is refused as nothing that was written", () => {
  const deep = "[".repeat(20_000) + "]".repeat(20_000);
  const text = proofJson.stringify(golden("a block"));
  for (const wrong of [
    deep,
    `{"type":${deep},"value":{}}`,
    `{"type":"dualchain/proof/v1","value":${deep}}`,
    `{"type":"dualchain/proof/v1","value":{"chain_id":${deep}}}`,
    text.replace(/"hand_overs":.*/, `"hand_overs":${deep}}}`),
    text.replace(/"height":"[0-9]+"/, `"height":${deep}`),
    text.replace(/"degraded":false/, `"degraded":${deep}`),
    text.replace(/"hash":"[0-9a-f]+"/, `"hash":${deep}`),
    text.replace(/"path":\[[^\]]*\]/, `"path":{"x":${deep}}`),
    text.replace('"value":{', `"value":{"x":${deep},`),
  ]) {
    assert.notEqual(wrong, text);
    assert.throws(() => proofJson.parse(wrong), decodeError);
  }
});

test("white space between tokens means nothing, however much there is, and in a string it is a character", () => {
  const proof = golden("a block");
  const text = proofJson.stringify(proof);
  assert.deepEqual(proofJson.parse(JSON.stringify(JSON.parse(text), null, "\t")), proof);
  assert.deepEqual(proofJson.parse(text.replace('"type":', `"type"${" \t\r\n".repeat(MiB)}:`)), proof);
  assert.throws(() => proofJson.parse(text.replace('"height"', '"hei ght"')), decodeError);
  assert.throws(() => proofJson.parse(text.replace('"value":{', '"value":{"\\" x":1,')), decodeError);
  assert.throws(() => proofJson.parse(`${text}\u00a0`), decodeError);
  assert.throws(() => proofJson.parse(text.replace("{", `{${" ".repeat(32 * MiB)}`)), decodeError);
});

test("the proofs in a proof of state have at most 64 KiB each", () => {
  const longest = withCommitments(64 * KiB, 64 * KiB);
  assert.deepEqual(decodeProof(encodeProof(longest)), longest);
  assert.deepEqual(proofJson.parse(proofJson.stringify(longest)), longest);
  for (const proof of [withCommitments(64 * KiB + 1, 0), withCommitments(0, 64 * KiB + 1)]) {
    assert.throws(() => encodeProof(proof), /at most 65536 bytes/);
    assert.throws(() => proofJson.parse(proofJson.stringify(proof)), decodeError);
  }
  // In binary, as an encoder without the bound would write it: in_store is the last with four bytes of length before in_app's.
  const short = toHex(encodeProof(withCommitments(1, 0)));
  const long = short.replace("000000015a00000000", `00010001${"5a".repeat(64 * KiB + 1)}00000000`);
  assert.ok(long.length > short.length);
  assert.throws(() => decodeProof(fromHex(long)), decodeError);
});
