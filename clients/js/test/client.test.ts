import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { fromHex } from "../src/bytes.js";
import { decodeProof, decodeTrust, LightClient, NotThereError, refOf, StepError, UnavailableError } from "../src/index.js";

// A node that answers from the golden vectors: what it serves of a chain is genuine.

interface Vector { name: string; input: { proof: { binary: string }; trust: { binary: string } }; expect: { final: { epoch: string } } }
const vectors = JSON.parse(readFileSync(new URL("../../../../core/cert/testdata/v1/proofs.json", import.meta.url), "utf8")) as Vector[];
const vector = vectors.find((v) => v.name === "a transaction that succeeded")!;
const base64 = (hex: string): string => btoa(String.fromCharCode(...fromHex(hex)));
const [proofBytes, trustBytes] = [vector.input.proof.binary, vector.input.trust.binary];
const [proof, trust] = [decodeProof(fromHex(proofBytes)), refOf(decodeTrust(fromHex(trustBytes)).checkpoint)];
assert.ok(proof.part.kind === "tx");
const { hash } = proof.part.tx;

type Answer = [status: number, body: unknown];

/** A client of a node that answers like this, as text or in JSON. An answer that is thrown is a failure of the network. */
function clientOf(answers: (path: string) => Answer, root?: string): LightClient {
  const fetched: typeof fetch = async (url: unknown) => {
    const [status, body] = answers(String(url).replace("http://node/dualchain/finality/v1/", ""));
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
  };
  return new LightClient({
    node: "http://node/", chainId: proof.chainId, unbondingMs: 1000 * 365 * 24 * 3600 * 1000, fetch: fetched,
    trust: { ...trust, ...(root ? { root } : {}) },
  });
}

const genuine = (path: string): Answer =>
  path.startsWith("trust_points/") ? [200, { canonical: base64(trustBytes) }] : [200, { proof: { canonical: base64(proofBytes) } }];

test("a transaction is proven from a checkpoint that is known by its root", async () => {
  const outcome = await clientOf(genuine).prove(hash.toUpperCase());
  assert.equal(outcome.tx!.result.code, 0);
  assert.equal(outcome.trust.checkpoint.epoch, BigInt(vector.expect.final.epoch));
});

test("waiting goes on while the node has no proof, and no longer than asked", async () => {
  let asked = 0;
  const late = clientOf((path) => (path.startsWith("proofs/") && ++asked < 3 ? [400, { code: 9, message: "not final yet" }] : genuine(path)));
  assert.equal((await late.waitForFinality(hash, { pollMs: 1 })).tx!.result.code, 0);
  assert.equal(asked, 3);
  const never = clientOf((path) => (path.startsWith("proofs/") ? [404, { code: 5, message: "unknown" }] : genuine(path)));
  await assert.rejects(never.waitForFinality(hash, { timeoutMs: 20, pollMs: 5 }), (e) => e instanceof NotThereError && /final within 20 ms: .*unknown/.test(e.message));
});

/** What is wrong with a node that may work again the next moment. */
const outages: Record<string, () => Answer> = {
  "connect ECONNREFUSED": () => { throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") }); },
  "database is locked": () => [503, { code: 14, message: "database is locked" }],
  "expected status 200, found 502": () => [502, {}],
  "with status 504: is this the REST address": () => [504, "<html>Gateway Timeout</html>"],
  "found text/plain;charset=UTF-8 \"\" with status 200": () => [200, ""],
};

test("waiting outlives a node's outages, wherever they come", async () => {
  const failures = Object.values(outages);
  let asked = 0;
  const trustPoint = 1; // is all that goes well at first
  const shaky = clientOf((path) => (asked++ !== trustPoint && failures.length ? failures.pop()!() : genuine(path)));
  assert.equal((await shaky.waitForFinality(hash, { pollMs: 1 })).tx!.result.code, 0);
  assert.equal(failures.length, 0);
});

test("the error of a wait that was too short says what failed at last", async () => {
  for (const [words, fail] of Object.entries(outages)) {
    const wrong = clientOf((path) => (path.startsWith("proofs/") ? fail() : genuine(path)));
    const says = (e: unknown) => e instanceof UnavailableError && e.message.includes(`final within 1 ms: http://node/dualchain/finality/v1/proofs/tx/${hash}`) && e.message.includes(words);
    await assert.rejects(wrong.waitForFinality(hash, { timeoutMs: 1, pollMs: 5 }), says, words);
  }
});

test("a node that falls silent is waited for no longer than asked, and what it said before is what was wrong", async () => {
  for (const [before, expected] of [[[], /final within 20 ms: .*timeout/], [["not final yet"], /final within 20 ms: .*not final yet/]] as const) {
    const said = [...before];
    const silent: typeof fetch = (_, init) => new Promise((resolve, reject) => {
      const message = said.pop();
      if (message) resolve(new Response(JSON.stringify({ code: 9, message }), { status: 400 }));
      init!.signal!.addEventListener("abort", () => reject(init!.signal!.reason as Error));
    });
    const light = new LightClient({ node: "http://node", chainId: proof.chainId, unbondingMs: 1, trust, fetch: silent });
    const alive = setTimeout(() => {}, 60_000); // the client's own timer would not keep Node running
    const begun = Date.now();
    await assert.rejects(light.waitForFinality(hash, { timeoutMs: 20, pollMs: 5 }), expected);
    clearTimeout(alive);
    assert.ok(Date.now() - begun < 10_000, "expected the caller's patience, found the client's");
  }
});

test("what waiting can't mend ends it at once", async () => {
  for (const [answer, expected] of [
    [[200, { proof: { canonical: base64(proofBytes.slice(0, -2)) } }], StepError],
    [[200, { proof: { canonical: "%" } }], StepError],
    [[200, {}], StepError],
    [[400, { code: 3, message: "no such hash" }], /no such hash/],
  ] as [Answer, typeof StepError | RegExp][]) {
    let asked = 0;
    const wrong = clientOf((path) => (path.startsWith("proofs/") ? (asked++, answer) : genuine(path)));
    await assert.rejects(wrong.waitForFinality(hash, { pollMs: 1 }), expected);
    assert.equal(asked, 1);
  }
});

test("a page that is no node's names its address and says what came", async () => {
  const page = await clientOf(() => [200, `<!doctype html>${" ".repeat(100)}end`]).prove(hash).then(() => undefined, String);
  assert.match(page!, /http:\/\/node\/dualchain\/finality\/v1\/trust_points\/.*found text\/plain.*"<!doctype html>.*with status 200: is this the REST address\?/);
  assert.doesNotMatch(page!, /end/);
});

const about = (e: unknown): boolean => e instanceof StepError && e.step === "subject";

test("a node that lies is not believed", async () => {
  await assert.rejects(clientOf(genuine, "11".repeat(32)).prove(hash), (e) => e instanceof StepError && e.step === "trust");
  await assert.rejects(clientOf(genuine).prove("11".repeat(32)), about);
  await assert.rejects(clientOf(genuine).waitForFinality("11".repeat(32)), about);
  const damaged = proofBytes.slice(0, -2) + (proofBytes.endsWith("00") ? "01" : "00");
  const liar = clientOf((path) => (path.startsWith("proofs/") ? [200, { proof: { canonical: base64(damaged) } }] : genuine(path)));
  await assert.rejects(liar.prove(hash), StepError);
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

test("a node that hangs up is out of reach, before its answer and in the middle of it", async () => {
  for (const said of ["", '{"canonical":']) {
    const found = await refusal((request, response) => {
      if (!said) return void request.socket.destroy();
      response.write(said, () => request.socket.destroy());
    });
    assert.ok(found instanceof UnavailableError, String(found));
    assert.match(found.message, /^http:\/\/127.0.0.1:[0-9]+\/dualchain.*(fetch failed|terminated): \w/);
  }
});

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
