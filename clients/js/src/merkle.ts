import { sha256 } from "@noble/hashes/sha2.js";
import { concat, fromHex, toHex, type Hex } from "./bytes.js";

// RFC 6962 trees over SHA-256: of block hashes, voter sets, and CometBFT's headers, transactions and results.

const leafTag = Uint8Array.of(0);
const nodeTag = Uint8Array.of(1);

/** The hash of a leaf. */
export const leafHash = (data: Uint8Array): Hex => toHex(sha256(concat([leafTag, data])));

const nodeHash = (left: Hex, right: Hex): Hex => toHex(sha256(concat([nodeTag, fromHex(left), fromHex(right)])));

/** The root over leaves; without leaves it is the hash of no bytes. */
export function rootOf(leaves: Uint8Array[]): Hex {
  if (leaves.length === 0) return toHex(sha256(new Uint8Array()));
  let level = leaves.map(leafHash);
  while (level.length > 1) { // a node without a sibling moves up, which gives the same tree as splitting at powers of two
    const above: Hex[] = [];
    for (let i = 0; i < level.length; i += 2) {
      above.push(i + 1 < level.length ? nodeHash(level[i]!, level[i + 1]!) : level[i]!);
    }
    level = above;
  }
  return level[0]!;
}

/** Whether a path leads from leaf number index of size leaves to the root (RFC 9162 §2.1.3.2). */
export function includes(leaf: Uint8Array, index: bigint, size: bigint, path: Hex[], root: Hex): boolean {
  if (index < 0n || index >= size) return false;
  let [fn, sn, hash] = [index, size - 1n, leafHash(leaf)];
  for (const sibling of path) {
    if (sn === 0n) return false;
    if (fn % 2n === 1n || fn === sn) {
      hash = nodeHash(sibling, hash);
      while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      hash = nodeHash(hash, sibling);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && hash === root;
}

/** Whether a path shows that the tree (to, toRoot) begins with (from, fromRoot) (RFC 9162 §2.1.4.2). Every tree begins with the empty one. */
export function goesOn(from: bigint, to: bigint, path: Hex[], fromRoot: Hex, toRoot: Hex): boolean {
  if (from > to || (from === 0n && fromRoot !== rootOf([]))) return false;
  if (from === to) return path.length === 0 && fromRoot === toRoot;
  if (from === 0n) return path.length === 0;
  let [fn, sn] = [from - 1n, to - 1n];
  while (fn % 2n === 1n) [fn, sn] = [fn >> 1n, sn >> 1n];
  const rest = (from & (from - 1n)) === 0n ? [fromRoot, ...path] : path; // a perfect tree is its own first node
  const first = rest[0];
  if (first === undefined) return false;
  let [fr, sr] = [first, first];
  for (const c of rest.slice(1)) {
    if (sn === 0n) return false;
    if (fn % 2n === 1n || fn === sn) {
      [fr, sr] = [nodeHash(c, fr), nodeHash(c, sr)];
      while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn >> 1n, sn >> 1n];
    } else {
      sr = nodeHash(sr, c);
    }
    [fn, sn] = [fn >> 1n, sn >> 1n];
  }
  return sn === 0n && fr === fromRoot && sr === toRoot;
}
