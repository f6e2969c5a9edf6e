import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fromHex } from "../src/bytes.js";
import { decodeProof, decodeTrust, LightClient, NotThereError, refOf, StepError } from "../src/index.js";

// A node that answers from the golden vectors: what it serves of a chain is genuine.

interface Vector { name: string; input: { proof: { binary: string }; trust: { binary: string } }; expect: { final: { epoch: string } } }
const vectors = JSON.parse(readFileSync(new URL("../../../../cert/testdata/v1/proofs.json", import.meta.url), "utf8")) as Vector[];
const vector = vectors.find((v) => v.name === "a transaction that succeeded")!;
const base64 = (hex: string): string => btoa(String.fromCharCode(...fromHex(hex)));
const [proofBytes, trustBytes] = [vector.input.proof.binary, vector.input.trust.binary];
const [proof, trust] = [decodeProof(fromHex(proofBytes)), refOf(decodeTrust(fromHex(trustBytes)).checkpoint)];
assert.ok(proof.part.kind === "tx");
const { hash } = proof.part.tx;

function clientOf(answers: (path: string) => [number, unknown], root?: string): LightClient {
  const fetched: typeof fetch = async (url: unknown) => {
    const [status, body] = answers(String(url).replace("http://node/dualchain/finality/v1/", ""));
    return new Response(JSON.stringify(body), { status });
  };
  return new LightClient({
    node: "http://node/", chainId: proof.chainId, unbondingMs: 1000 * 365 * 24 * 3600 * 1000, fetch: fetched,
    trust: { ...trust, ...(root ? { root } : {}) },
  });
}

const genuine = (path: string): [number, unknown] =>
  path.startsWith("trust_points/") ? [200, { canonical: base64(trustBytes) }] : [200, { proof: { canonical: base64(proofBytes) } }];

test("a transaction is proven from a checkpoint that is known by its root", async () => {
  const outcome = await clientOf(genuine).prove(hash.toUpperCase());
  assert.equal(outcome.tx!.result.code, 0);
  assert.equal(outcome.trust.checkpoint.epoch, BigInt(vector.expect.final.epoch));
});

test("waiting goes on while the node has no proof, and no longer than asked", async () => {
  let asked = 0;
  const late = (path: string): [number, unknown] => (path.startsWith("proofs/") && ++asked < 3 ? [400, { code: 9, message: "not final yet" }] : genuine(path));
  assert.equal((await clientOf(late).waitForFinality(hash, { pollMs: 1 })).tx!.result.code, 0);
  assert.equal(asked, 3);
  const never = clientOf((path) => (path.startsWith("proofs/") ? [404, { code: 5, message: "unknown" }] : genuine(path)));
  await assert.rejects(never.waitForFinality(hash, { timeoutMs: 20, pollMs: 5 }), NotThereError);
});

test("a node that lies is not believed", async () => {
  await assert.rejects(clientOf(genuine, "11".repeat(32)).prove(hash), (e) => e instanceof StepError && e.step === "trust");
  await assert.rejects(clientOf(genuine).prove("11".repeat(32)), /something else/);
  const damaged = proofBytes.slice(0, -2) + (proofBytes.endsWith("00") ? "01" : "00");
  const liar = clientOf((path) => (path.startsWith("proofs/") ? [200, { proof: { canonical: base64(damaged) } }] : genuine(path)));
  await assert.rejects(liar.prove(hash), StepError);
  await assert.rejects(clientOf((path) => (path.startsWith("proofs/") ? [500, { code: 13, message: "oops" }] : genuine(path))).waitForFinality(hash), /oops/);
});

/** What a client says of a node that answers like this, over a connection of its own. */
async function refusal(answer: RequestListener): Promise<unknown> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  try {
    const light = new LightClient({ node: `http://127.0.0.1:${port}`, chainId: proof.chainId, unbondingMs: 1, trust });
    return await light.trust().then(() => undefined, (e: unknown) => e);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

test("a node that does not stop is hung up on", async () => {
  let [sent, open] = [0, true];
  const found = await refusal((_, response) => {
    const chunk = Buffer.alloc(1 << 20, " ");
    const send = () => {
      for (let more = true; more && open && sent < 300 << 20; sent += chunk.length) more = response.write(chunk);
      if (sent >= 300 << 20) response.end("{}");
    };
    response.on("drain", send).on("close", () => { open = false; });
    send();
  });
  assert.match(String(found), /trust_points\/[0-9]+: expected at most 33554432 bytes, found more/);
  assert.ok(sent < 100 << 20, `sent ${sent} bytes`);
});

test("an answer may have 32 MiB and no more, and has to be what was asked for", async () => {
  const [start, end] = ['{"canonical":"', '"}'];
  const answer = (bytes: number): string => start + "A".repeat(bytes - start.length - end.length) + end;
  const limit = 32 << 20;
  const said = async (text: string): Promise<string> => String(await refusal((_, response) => response.end(text)));
  assert.match(await said(answer(limit)), /decode/);
  assert.match(await said(answer(limit + 1)), /expected at most 33554432 bytes/);
  const deep = "[".repeat(20_000) + "]".repeat(20_000);
  assert.match(await said(`{"canonical":${deep}}`), /expected base64/);
  assert.match(await said("null"), /expected an object/);
});
