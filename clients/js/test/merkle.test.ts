import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, toHex, type Hex } from "../src/bytes.js";
import { goesOn, includes, leafHash, rootOf } from "../src/merkle.js";

// Trees of every size up to 17, and what proves something about them, as RFC 6962 defines both: by splitting a tree at the largest
// power of two below its size. The verifier works the other way, from the leaves up.

const largest = 17;
const leaves = Array.from({ length: largest }, (_, i) => Uint8Array.of(i));
const hash = (...parts: Uint8Array[]): Uint8Array => sha256(concat(parts));

function split(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

function root(of: Uint8Array[]): Uint8Array {
  if (of.length === 0) return hash();
  if (of.length === 1) return hash(Uint8Array.of(0), of[0]!);
  const k = split(of.length);
  return hash(Uint8Array.of(1), root(of.slice(0, k)), root(of.slice(k)));
}

function pathTo(index: number, of: Uint8Array[]): Uint8Array[] {
  if (of.length === 1) return [];
  const k = split(of.length);
  return index < k ? [...pathTo(index, of.slice(0, k)), root(of.slice(k))] : [...pathTo(index - k, of.slice(k)), root(of.slice(0, k))];
}

function pathFrom(from: number, of: Uint8Array[], whole = true): Uint8Array[] {
  if (from === of.length) return whole ? [] : [root(of)];
  const k = split(of.length);
  if (from <= k) return [...pathFrom(from, of.slice(0, k), whole), root(of.slice(k))];
  return [...pathFrom(from - k, of.slice(k), false), root(of.slice(0, k))];
}

const roots = Array.from({ length: largest + 1 }, (_, size) => toHex(root(leaves.slice(0, size))));
const another = toHex(hash(Uint8Array.of(2)));
const isTrue = (v: boolean, about: string): void => assert.equal(v, true, about);
const isFalse = (v: boolean, about: string): void => assert.equal(v, false, about);

/** Paths that differ from a genuine one in one thing. */
function forged(path: Hex[]): Hex[][] {
  const changed = path.map((_, i) => path.map((one, j) => (i === j ? another : one)));
  return [[...path, another], [another, ...path], ...changed, ...path.map((_, i) => path.filter((_one, j) => i !== j))];
}

test("the root over leaves is RFC 6962's", () => {
  for (const [size, want] of roots.entries()) assert.equal(rootOf(leaves.slice(0, size)), want, `${size} leaves`);
  assert.equal(leafHash(leaves[3]!), toHex(root([leaves[3]!])));
});

test("a path leads to the root from its own leaf only", () => {
  for (let size = 1; size <= largest; size++) {
    const of = leaves.slice(0, size);
    for (let index = 0; index < size; index++) {
      const path = pathTo(index, of).map(toHex);
      for (let at = -size - 1; at <= size + 1; at++) {
        assert.equal(includes(of[index]!, BigInt(at), BigInt(size), path, roots[size]!), at === index, `leaf ${index} of ${size} as ${at}`);
      }
      isFalse(includes(Uint8Array.of(99), BigInt(index), BigInt(size), path, roots[size]!), `another leaf for ${index} of ${size}`);
      isFalse(includes(of[index]!, BigInt(index), BigInt(size), path, another), `another root for ${index} of ${size}`);
      for (const other of forged(path)) isFalse(includes(of[index]!, BigInt(index), BigInt(size), other, roots[size]!), `${index} of ${size} by ${other}`);
    }
  }
});

test("a leaf is not in a tree that ends before it", () => {
  const leaf = leaves[0]!;
  for (const [index, size] of [[0n, 0n], [1n, 1n], [2n, 1n], [1n, 0n]] as const) {
    isFalse(includes(leaf, index, size, [], leafHash(leaf)), `leaf ${index} of ${size}`);
  }
  isFalse(includes(leaf, 0n, 0n, [], roots[0]!), "the root of no leaves");
  const path = pathTo(3, leaves.slice(0, 4)).map(toHex);
  for (const index of [4n, 5n, 7n, 11n]) isFalse(includes(leaves[3]!, index, 4n, path, roots[4]!), `leaf ${index} of 4`);
});

test("a path shows that a tree goes on from its own beginning only", () => {
  for (let to = 0; to <= largest; to++) {
    for (let from = 0; from <= to; from++) {
      const about = `from ${from} to ${to}`;
      const path = from === 0 ? [] : pathFrom(from, leaves.slice(0, to)).map(toHex);
      const goes = (p: Hex[], a = roots[from]!, b = roots[to]!): boolean => goesOn(BigInt(from), BigInt(to), p, a, b);
      isTrue(goes(path), about);
      isFalse(goes(path, another), `${about}, another earlier root`);
      if (from > 0) isFalse(goes(path, roots[from], another), `${about}, another later root`);
      if (from < to) isFalse(goes(path, roots[to], roots[to]), `${about}, the later root as the earlier`);
      for (const other of forged(path)) isFalse(goes(other), `${about} by ${other}`);
      if (from < to) isFalse(goesOn(BigInt(to), BigInt(from), path, roots[to]!, roots[from]!), `${about}, backwards`);
    }
  }
});

test("a path that is too long or too short is refused, though it leads to the roots", () => {
  const [a, b, c, d] = [1, 2, 3, 4].map((n) => hash(Uint8Array.of(n))) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const node = (left: Uint8Array, right: Uint8Array): Uint8Array => hash(Uint8Array.of(1), left, right);
  const leaf = root([leaves[0]!]);
  isFalse(includes(leaves[0]!, 0n, 1n, [toHex(a)], toHex(node(a, leaf))), "a node above the root");
  isFalse(includes(leaves[0]!, 0n, 1n, [toHex(a)], toHex(node(leaf, a))), "a node above the root, on the left");
  isFalse(includes(leaves[0]!, 0n, 3n, [toHex(a)], toHex(node(leaf, a))), "a node below the root");
  const goes = (from: bigint, to: bigint, path: Uint8Array[], first: Uint8Array, last: Uint8Array): boolean =>
    goesOn(from, to, path.map(toHex), toHex(first), toHex(last));
  const [three, four] = [node(c, a), node(c, node(a, b))];
  isTrue(goes(3n, 4n, [a, b, c], three, four), "from 3 to 4");
  isFalse(goes(3n, 4n, [a, b, c, d], node(d, three), node(d, four)), "a node above the roots");
  isTrue(goes(1n, 3n, [a, b], c, node(node(c, a), b)), "from 1 to 3");
  isFalse(goes(1n, 3n, [a], c, node(c, a)), "a node below the root");
  for (const [from, to] of [[2n, 1n], [4n, 1n], [4n, 2n], [1n, 0n]] as const) isFalse(goes(from, to, [], a, a), `from ${from} to ${to}`);
});
