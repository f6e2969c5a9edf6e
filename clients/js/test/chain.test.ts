import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fromHex } from "../src/bytes.js";
import {
  decodeHandOver, decodeTrust, domainOf, Keys, refOf, StepError, validateTrustAt, verifyChain, type HandOver, type Ref, type Trust,
} from "../src/index.js";

interface Vector {
  name: string;
  input: { chain_id: string; now_ms: string; unbonding_ms: string; trust: { binary: string }; hand_overs: { binary: string }[] };
}
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

test("an unbonding time of a millisecond is one", () => {
  assert.equal(refusal(time + 1n, 1n), undefined);
  assert.equal(refusal(time + 1n, 0n), "expired");
  assert.equal(refusal(time, 0n), undefined);
});

test("trust by epoch and root binds the members", () => {
  const ref = refOf(trust.checkpoint);
  validateTrustAt(trust, ref);
  const refused = (t: Trust, at: Ref) => assert.throws(() => validateTrustAt(t, at), (e) => e instanceof StepError && e.step === "trust");
  refused(trust, { ...ref, epoch: ref.epoch + 1n });
  refused({ ...trust, voters: trust.voters.slice(1) }, ref);
  refused({ ...trust, next: trust.next.slice(1) }, ref);
});

test("a hand-over that is no object is the caller's mistake, not a forged one", () => {
  assert.throws(() => verifyChain(domainOf("x"), trust, [undefined as unknown as HandOver], { nowMs: time, unbondingMs: 10n }), TypeError);
});

test("keys are parsed by the caller's memory of them, and remembered there", () => {
  const asked: string[] = [];
  class Listening extends Keys {
    override parse(hex: string) {
      asked.push(hex);
      return super.parse(hex);
    }
  }
  const { input } = vectors.find((v) => v.name === "a voter joins the next set")!;
  const handOvers = input.hand_overs.map((h) => decodeHandOver(fromHex(h.binary)));
  const options = { nowMs: BigInt(input.now_ms), unbondingMs: BigInt(input.unbonding_ms), keys: new Listening() };
  assert.equal(verifyChain(domainOf(input.chain_id), decodeTrust(fromHex(input.trust.binary)), handOvers, options).verified, 1);
  assert.ok(asked.length > 0);
});
