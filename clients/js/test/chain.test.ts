import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex } from "../src/bytes.js";
import { decodeTrust, domainOf, verifyChain } from "../src/index.js";

interface Vector { name: string; input: { trust: { binary: string } } }
const vectors = JSON.parse(readFileSync(new URL("../../../../core/cert/testdata/v1/chains.json", import.meta.url), "utf8")) as Vector[];
const trust = decodeTrust(fromHex(vectors.find((v) => v.name === "no hand-overs")!.input.trust.binary));
const time = trust.checkpoint.timeMs;

/** The step that refuses a trust at a time. */
const refusal = (nowMs: bigint, unbondingMs: bigint): string | undefined => verifyChain(domainOf("x"), trust, [], { nowMs, unbondingMs }).error?.step;

test("trust lasts for the unbonding time and not a millisecond longer", () => {
  assert.equal(refusal(time + 10n, 10n), undefined);
  assert.equal(refusal(time + 11n, 10n), "expired");
});

test("an unbonding time below zero is refused", () => {
  assert.equal(refusal(time, -5n), undefined);
  assert.equal(refusal(time - 3n, -5n), undefined);
  assert.equal(refusal(time + 1n, -5n), "expired");
});

test("without a clock, trust is as good as expired", () => {
  assert.equal(refusal(1n, 10n), "future");
  for (const now of [0n, -1n, -time]) assert.equal(refusal(now, 10n), "expired", String(now));
});
