import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex, isHex, toHex } from "../src/bytes.js";
import { decodeProof, decodeTrust, encodeProof, encodeTrust, parseProof, parseTrust, StepError, type Proof } from "../src/index.js";

// Up to 32 MiB in binary and 1 MiB in JSON everything is read like anything smaller: nothing recurses into its input or passes it as
// arguments.

interface Vector { name: string; input: { proof: { binary: string; json: unknown }; trust: { binary: string }; decode: { binary: string; json: unknown } } }
const read = (file: string) => JSON.parse(readFileSync(new URL(`../../../../core/cert/testdata/v1/${file}.json`, import.meta.url), "utf8")) as Vector[];
const vectors = read("proofs");
const vector = (name: string): Vector => vectors.find((v) => v.name === name)!;
const golden = (name: string): Proof => decodeProof(fromHex(vector(name).input.proof.binary));
const textOf = (name: string): string => JSON.stringify(vector(name).input.proof.json);
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

/** The text of a proof with that number of bytes of data in its result. */
function textWithData(bytes: number): string {
  const text = textOf("a transaction that succeeded");
  const found = text.replace(/"data":"[0-9a-f]*"/, `"data":"${"5a".repeat(bytes)}"`);
  assert.notEqual(found, text);
  return found;
}

test("half a byte in JSON is refused", () => {
  assert.ok(parseProof(textWithData(2)));
  assert.throws(() => parseProof(textWithData(2).replace('"data":"5a5a"', '"data":"5a5"')), decodeError);
});

test("a result of 4 MiB is written and read in binary, one of almost half a MiB in JSON too", () => {
  const proof = withData(4 * MiB);
  assert.deepEqual(decodeProof(encodeProof(proof)), proof);
  const most = Math.floor((MiB - textWithData(0).length) / 2);
  assert.deepEqual(parseProof(textWithData(most)), withData(most));
  assert.throws(() => parseProof(textWithData(most + 1)), decodeError);
});

test("reading takes time in proportion to the length", () => {
  const start = performance.now();
  const proof = withData(15 * MiB);
  assert.deepEqual(decodeProof(encodeProof(proof)), proof);
  for (let i = 0; i < 15; i++) assert.ok(parseProof(textWithData(MiB / 2 - 4 * KiB)));
  assert.ok(performance.now() - start < 30_000); // a minute and more if 2 MiB take three times as long as 1 MiB
});

test("a trust with 60,000 voters is written and read in binary, one with 6,000 in JSON too", () => {
  const { binary, json } = read("encodings").find((v) => v.name === "trust")!.input.decode;
  const trust = decodeTrust(fromHex(binary));
  const some = (n: number) => Array.from({ length: n }, (_, i) => ({ key: i.toString(16).padStart(96, "0"), rear: 1n, current: BigInt(i) }));
  const many = { ...trust, voters: some(60_000) };
  assert.deepEqual(decodeTrust(encodeTrust(many)), many);
  const voters = some(6_000).map(({ key, rear, current }) => ({ key, rear: String(rear), current: String(current) }));
  const document = json as { value: object };
  assert.deepEqual(parseTrust(JSON.stringify({ ...document, value: { ...document.value, voters } })), { ...trust, voters: some(6_000) });
});

test("a text of a million wrong items ends at the first", () => {
  const text = textOf("a block");
  for (const item of ["{}", "[]", "0", '""', "null"]) {
    const wrong = text.replace(/"hand_overs":.*/, `"hand_overs":[${`${item},`.repeat(Math.floor((MiB - text.length) / (item.length + 1)))}`);
    assert.throws(() => parseProof(wrong), decodeError);
  }
});

test("what is nested deeply is refused as nothing that was written", () => {
  const deep = "[".repeat(20_000) + "]".repeat(20_000);
  const text = textOf("a block");
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
    assert.throws(() => parseProof(wrong), decodeError);
  }
});

test("white space between tokens means nothing, however much there is, and in a string it is a character", () => {
  const proof = golden("a block");
  const text = textOf("a block");
  assert.deepEqual(parseProof(JSON.stringify(JSON.parse(text), null, "\t")), proof);
  assert.deepEqual(parseProof(text.replace('"type":', `"type"${" \t\r\n".repeat(200 * KiB)}:`)), proof);
  assert.throws(() => parseProof(text.replace('"height"', '"hei ght"')), decodeError);
  assert.throws(() => parseProof(text.replace('"value":{', '"value":{"\\" x":1,')), decodeError);
  assert.throws(() => parseProof(`${text}\u00a0`), decodeError);
  assert.ok(parseProof(text.padEnd(MiB)));
  assert.throws(() => parseProof(text.padEnd(MiB + 1)), decodeError);
});

test("the proofs in a proof of state have at most 64 KiB each", () => {
  const longest = withCommitments(64 * KiB, 64 * KiB);
  const text = (inStore: number, inApp: number) => textOf("a key's value")
    .replace(/"in_store":"[0-9a-f]*"/, `"in_store":"${"5a".repeat(inStore)}"`).replace(/"in_app":"[0-9a-f]*"/, `"in_app":"${"5a".repeat(inApp)}"`);
  assert.deepEqual(decodeProof(encodeProof(longest)), longest);
  assert.deepEqual(parseProof(text(64 * KiB, 64 * KiB)), longest);
  for (const [inStore, inApp] of [[64 * KiB + 1, 0], [0, 64 * KiB + 1]] as const) {
    assert.throws(() => encodeProof(withCommitments(inStore, inApp)), /at most 65536 bytes/);
    assert.throws(() => parseProof(text(inStore, inApp)), decodeError);
  }
  // In binary, as an encoder without the bound would write it: in_store is the last with four bytes of length before in_app's.
  const short = toHex(encodeProof(withCommitments(1, 0)));
  const long = short.replace("000000015a00000000", `00010001${"5a".repeat(64 * KiB + 1)}00000000`);
  assert.ok(long.length > short.length);
  assert.throws(() => decodeProof(fromHex(long)), decodeError);
});
