import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LightClient, NotThereError, UnavailableError } from "../src/index.js";
import { reasons } from "../src/reason.js";

test("the table of reasons is that of docs/errors.md", () => {
  const page = readFileSync(new URL("../../../../docs/errors.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `([A-Z_]+)` \| ([0-9]+) \|/gm)].map(([, reason, code]) => [reason, Number(code)]);
  assert.ok(rows.length > 0);
  assert.deepEqual([...reasons], rows);
});

/** The error of a client whose node refuses its question like this. */
async function refusal(status: number, body: unknown): Promise<unknown> {
  const answer: typeof fetch = async () => new Response(JSON.stringify(body), { status });
  const light = new LightClient({ node: "http://node", chainId: "test-1", trust: { epoch: 1n, root: "11".repeat(32) }, unbondingMs: 1, fetch: answer });
  return light.trust().then(() => undefined, (e: unknown) => e);
}

const info = (reason: unknown, domain = "dualchain") => ({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain, metadata: {} });

test("the reason decides whether a node lacks something, not the code that comes with it", async () => {
  for (const [reason, code] of reasons) {
    const wrongCode = code === 5 || code === 9 ? 3 : 5;
    const found = await refusal(400, { code: wrongCode, message: "refused", details: [{ "@type": "other" }, null, info(reason)] });
    assert.equal(found instanceof NotThereError, code === 5 || code === 9, `${String(reason)}: ${String(found)}`);
  }
  assert.ok(await refusal(500, { code: 13, message: "refused", details: [info("BLOCK_NOT_FINAL")] }) instanceof NotThereError);
});

test("the gRPC code decides if no reason is known", async () => {
  for (const details of [undefined, null, {}, "", [], [null, 1, []], [info("NEW")], [info("constructor")], [info(5)],
    [info("INVALID_REQUEST", "elsewhere")], [info("BLOCK_NOT_FINAL", "elsewhere")]]) {
    for (const [code, missing] of [[3, false], [5, true], [9, true], [11, false], ["5", false], [undefined, false]] as const) {
      const found = await refusal(400, { code, message: "refused", details });
      assert.ok(found instanceof Error && !(found instanceof UnavailableError), String(found));
      assert.equal(found instanceof NotThereError, missing, `${code} ${JSON.stringify(details)}: ${String(found)}`);
    }
    assert.ok(await refusal(503, { code: 14, message: "refused", details }) instanceof UnavailableError);
  }
});
