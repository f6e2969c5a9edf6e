import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex } from "../src/bytes.js";
import { decodeTrust, encodeProof, parseProof, readProof, StepError, verifyProof, type Proof, type ProofOptions } from "../src/index.js";

// Proofs as one gets them, made from the golden vectors.

interface Vector { name: string; input: { chain_id: string; now_ms: string; unbonding_ms: string; proof: { binary: string; json: unknown }; trust: { binary: string } } }
const vectors = JSON.parse(readFileSync(new URL("../../../../core/cert/testdata/v1/proofs.json", import.meta.url), "utf8")) as Vector[];
const golden = (name: string): Vector["input"] => vectors.find((v) => v.name === name)!.input;
const input = golden("a transaction that succeeded");
const [document, binary] = [input.proof.json, fromHex(input.proof.binary)];

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const ofLight = (proof: unknown) => ({ kind: "tx", height: "5", success: true, code: 0, proof });
const ofNode = (canonical: unknown) => ({ proof: { chain_id: input.chain_id, kind: "PROOF_KIND_TX", hand_overs: [], canonical } });
const base64 = Buffer.from(binary).toString("base64");

test("a proof is read in every form in which it is to be had", () => {
  const texts = {
    "the document": JSON.stringify(document),
    "the document in lines": `\n\t${JSON.stringify(document, null, 2)}\r\n`,
    "a light client's answer": JSON.stringify(ofLight(document)),
    "a light client's answer in lines": JSON.stringify(ofLight(document), null, 2),
    "a node's answer": JSON.stringify(ofNode(base64)),
  };
  const expected = parseProof(texts["the document"]);
  for (const [form, text] of Object.entries(texts)) {
    assert.deepEqual(readProof(text), expected, form);
    assert.deepEqual(readProof(utf8(text)), expected, `${form}, in bytes`);
  }
  assert.deepEqual(expected, readProof(binary));
  assert.deepEqual(encodeProof(readProof(binary)), binary);
});

test("a document in an answer keeps to the rules of documents", () => {
  const text = JSON.stringify(document);
  const twice = text.replace('"chain_id":', '"chain_id":"another","chain_id":');
  assert.notEqual(twice, text);
  for (const wrong of [`{"proof":${twice}}`, `{"proof":${text},"proof":${text}}`, `{"proof":${text.replace('"chain_id"', '"Chain_id"')}}`, `{"proof":${text}} 1`]) {
    assert.throws(() => readProof(wrong), (e) => e instanceof StepError && e.step === "decode", wrong.slice(0, 60));
  }
});

test("an answer may have 32 MiB", () => assert.ok(readProof(JSON.stringify(ofNode(base64)).padEnd(32 << 20))));

test("anything else can't be decoded", () => {
  const padded = JSON.stringify(ofNode(base64)).padEnd((32 << 20) + 1);
  const deep = (proof: string) => `{"proof":${proof.replace("DEEP", "[".repeat(100_000) + "]".repeat(100_000))}}`;
  const contents: Record<string, string | Uint8Array> = {
    "nothing": "", "no bytes": new Uint8Array(), "words": "not found", "null": "null", "a list": "[]", "an empty object": "{}", "an error": '{"error":"not final"}',
    "no proof": JSON.stringify(ofLight(null)), "a text for a proof": JSON.stringify(ofLight("x")),
    "half a document": JSON.stringify(document).slice(0, -1), "a document with more": JSON.stringify({ ...document as object, more: 1 }),
    "an answer's document with more": JSON.stringify(ofLight({ ...document as object, more: 1 })),
    "a document after a byte order mark": `\ufeff${JSON.stringify(document)}`, "the same in bytes": utf8(`\ufeff${JSON.stringify(document)}`),
    "half of the bytes": binary.slice(0, -1), "the bytes and more": Uint8Array.of(...binary, 0), "another version": Uint8Array.of(2, ...binary.slice(1)),
    "bytes read as text": String.fromCharCode(...binary),
    "base64 of nothing": JSON.stringify(ofNode("")), "base64 of something else": JSON.stringify(ofNode("AAAA")), "no base64": JSON.stringify(ofNode("%")),
    "a number for base64": JSON.stringify(ofNode(1)),
    "a deep proof": deep("DEEP"), "a deep part": deep('{"type":"dualchain/proof/v1","value":DEEP}'), "deep base64": deep('{"canonical":DEEP}'),
    "too many characters": padded, "too many bytes": utf8(padded),
  };
  for (const [what, content] of Object.entries(contents)) {
    assert.throws(() => readProof(content), (e) => e instanceof StepError && e.step === "decode", what);
  }
});

test("a valid proof of something else than what was asked for is refused", () => {
  const proof = readProof(binary);
  assert.ok(proof.part.kind === "tx");
  const { hash } = proof.part.tx;
  const verify = (p: Proof, asked: object) => {
    const options: ProofOptions = { nowMs: BigInt(input.now_ms), unbondingMs: BigInt(input.unbonding_ms), ...asked };
    return verifyProof(p, input.chain_id, decodeTrust(fromHex(input.trust.binary)), options);
  };
  assert.equal(verify(proof, {}).tx!.hash, hash);
  const tx = (txHash: unknown) => ({ about: { kind: "tx", txHash } });
  assert.equal(verify(proof, tx(hash)).tx!.hash, hash);
  assert.equal(verify(proof, tx(hash.toUpperCase())).tx!.hash, hash); // as CosmJS writes it
  const refused = (p: Proof, asked: object, found: string) =>
    assert.throws(() => verify(p, asked), (e) => e instanceof StepError && e.step === "subject" && e.message.includes(`found one of ${found}`));
  for (const asked of [tx("ab".repeat(32)), tx(""), tx(undefined), { about: undefined }, { about: {} }]) refused(proof, asked, `transaction ${hash}`); // some are forgotten in JavaScript
  for (const [name, found] of [["a block", "block 2"], ["a key's value", "store bank, key 626f62, after block 5"]] as const) {
    refused(readProof(fromHex(golden(name).proof.binary)), tx(hash), found);
  }
  const state = readProof(fromHex(golden("a key's value").proof.binary));
  assert.equal(verify(state, { about: { kind: "state", store: "bank", key: "626F62" } }).height, 5n);
});
