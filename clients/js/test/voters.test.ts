import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Keys } from "../src/bls.js";
import { newPair, withNext } from "../src/certificate.js";
import { checkpoint as readCheckpoint, members, voters as readVoters } from "../src/json.js";
import { notExtending, rootOfCheckpoint, zeroRef, type Checkpoint } from "../src/checkpoint.js";
import { readText } from "../src/strict.js";
import { hasQuorum, type Side, type VoterSet } from "../src/voterset.js";

// What callers give to the verifier without a proof around it, where no vector reaches.

interface Vector { name: string; input: { voters: unknown; next: unknown; certificate: { json: { value: { first: unknown } } } } }
const vectors = JSON.parse(readFileSync(new URL("../../../../core/cert/testdata/v1/certificates.json", import.meta.url), "utf8")) as Vector[];
const { input } = vectors.find((v) => v.name === "k = 1, one of five absent")!;
const voters = readText(JSON.stringify(input.voters), readVoters);
const next = readText(JSON.stringify(input.next), members);
const first = readText(JSON.stringify(input.certificate.json.value.first), readCheckpoint);

test("a pair has valid voters only, and valid members after it", () => {
  const keys = new Keys();
  const pair = newPair(voters, keys);
  assert.equal(pair.hash, first.voterSetHash);
  assert.equal(withNext(pair, next).next!.hash, first.nextVoterSetHash);
  const wrong: Record<string, VoterSet> = {
    "one key twice": [voters[0]!, ...voters], "out of order": [...voters].reverse(), "nobody": [],
    "no rear side": voters.map((v) => ({ ...v, rear: 0n })), "no current side": voters.map((v) => ({ ...v, current: 0n })),
    "a voter without power": [{ ...voters[0]!, rear: 0n, current: 0n }, ...voters.slice(1)],
    "a key that is none": [{ ...voters[0]!, key: "00".repeat(48) }, ...voters.slice(1)],
  };
  for (const [what, set] of Object.entries(wrong)) assert.throws(() => newPair(set, keys), Error, what);
  const sides: Record<string, Side> = {
    "one key twice": [next[0]!, ...next], "out of order": [...next].reverse(), "nobody": [], "a member without power": [{ ...next[0]!, power: 0n }, ...next.slice(1)],
  };
  for (const [what, side] of Object.entries(sides)) assert.throws(() => withNext(pair, side), RangeError, what);
});

test("nobody has a quorum of a side without power", () => {
  const all = Uint8Array.of(0b11);
  const powers = (rear: bigint, current: bigint): VoterSet => [{ key: "00", rear, current }, { key: "01", rear: 0n, current: 0n }];
  assert.equal(hasQuorum(powers(1n, 1n), all), true);
  assert.equal(hasQuorum(powers(0n, 1n), all), false);
  assert.equal(hasQuorum(powers(1n, 0n), all), false);
  assert.equal(hasQuorum(powers(1n, 1n), Uint8Array.of(0b10)), false);
});

test("a checkpoint extends its parent by every rule", () => {
  const child: Checkpoint = {
    ...first, epoch: first.epoch + 1n, parentRoot: rootOfCheckpoint(first), height: first.height + 2n, historySize: first.historySize + 2n,
  };
  const broken = (change: Partial<Checkpoint>): string | undefined => notExtending({ ...child, ...change }, first);
  assert.equal(broken({}), undefined);
  assert.equal(broken({ degraded: true }), undefined);
  assert.equal(broken({ pair: first.pair + 1n, voterSetHash: "ab".repeat(32) }), undefined);
  const rules: [Partial<Checkpoint>, RegExp][] = [
    [{ epoch: first.epoch }, /epoch \+ 1/], [{ epoch: first.epoch + 2n }, /epoch \+ 1/], [{ parentRoot: zeroRef.root }, /parent's root/],
    [{ height: first.height, historySize: first.historySize }, /a greater height/],
    [{ height: first.height - 1n, historySize: first.historySize - 1n }, /a greater height/],
    [{ timeMs: first.timeMs - 1n }, /a time not earlier/], [{ historySize: first.historySize + 1n }, /as much as the height/],
    [{ anchor: first.anchor + 1n }, /the same anchor/], [{ pair: first.pair + 2n }, /the same pair or the next/],
    [{ nextVoterSetHash: zeroRef.root }, /the same sets/], [{ voterSetHash: zeroRef.root }, /the same sets/],
  ];
  for (const [change, rule] of rules) assert.match(broken(change) ?? "", rule);
});
