import { sha256 } from "@noble/hashes/sha2.js";
import { concat, fromHex, sameBytes, toHex, varint, type Hex } from "./bytes.js";

// ICS-23 proofs of one key's existence or absence, in IAVL trees and in CometBFT's simple trees: the two that a state proof needs. The
// rules are those of the Go library github.com/cosmos/ics23/go v0.11; its other hashes, lengths and batches are in neither tree.

/** The error of a proof that does not verify. */
class CommitmentError extends Error {}

interface Leaf { readonly hash: bigint; readonly prehashKey: bigint; readonly prehashValue: bigint; readonly length: bigint; readonly prefix: Uint8Array }
interface Inner { readonly hash: bigint; readonly prefix: Uint8Array; readonly suffix: Uint8Array }
interface Existence { readonly key: Uint8Array; readonly value: Uint8Array; readonly leaf?: Leaf; readonly path: readonly Inner[] }

/** A proof that a key exists, or that it is between two others. */
export type Commitment =
  | { readonly kind: "exists"; readonly exists: Existence }
  | { readonly kind: "absent"; readonly left?: Existence; readonly right?: Existence };

/** What the nodes of a tree are like. A child in an inner node's prefix or suffix has childSize bytes. */
export interface Tree {
  readonly childSize: number;
  readonly minPrefix: number;
  readonly maxPrefix: number;
  /** Whether an operation at this height above the leaf, 0 for the leaf itself, has the prefix of such a node. */
  readonly fits: (prefix: Uint8Array, height: number) => boolean;
}

/** CometBFT's simple Merkle tree: of the multistore. */
export const simpleTree: Tree = { childSize: 32, minPrefix: 1, maxPrefix: 1, fits: () => true };
/** The tree of one store. Its nodes begin with their height, their size and their version, and a child with its length. */
export const iavlTree: Tree = { childSize: 33, minPrefix: 4, maxPrefix: 12, fits: fitsIavl };

const maxDepth = 128;
const [sha256Op, noHashOp, varintLengthOp] = [1n, 0n, 1n]; // of ICS-23's enumerations

function fitsIavl(prefix: Uint8Array, height: number): boolean {
  let at = 0;
  for (let i = 0; i < 3; i++) {
    let [v, shift] = [0n, 0n];
    for (let more = true; more; shift += 7n) {
      const byte = prefix[at++];
      if (byte === undefined || (shift === 63n && byte > 1)) return false; // more than 64 bits
      v |= BigInt(byte & 0x7f) << shift;
      more = byte >= 0x80;
    }
    if (v % 2n === 1n) return false; // zigzag: a negative number
    if (i === 0 && v / 2n < BigInt(height)) return false;
  }
  const rest = prefix.length - at; // the length of the child that is proven, or the left child and that
  return height === 0 ? rest === 0 : rest === 1 || rest === 34;
}

/** Fields of a protobuf message, in the one encoding that its generated code writes: ascending, minimal, without defaults. */
class Fields {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  private varint(): bigint {
    for (let [v, shift] = [0n, 0n]; ; shift += 7n) {
      const byte = this.bytes[this.at++];
      if (byte === undefined || shift > 63n) throw new CommitmentError("expected a number, found the end");
      v |= BigInt(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if ((byte === 0 && shift > 0n) || v >= 1n << 64n) throw new CommitmentError("expected a number in its shortest form");
      return v;
    }
  }
  /** Whether a field of this number and type is next, and if so, reads its tag. */
  private tagged(field: number, type: number): boolean {
    if (this.bytes[this.at] !== ((field << 3) | type)) return false;
    this.at++;
    return true;
  }
  number(field: number): bigint {
    if (!this.tagged(field, 0)) return 0n;
    const v = this.varint();
    if (v === 0n) throw new CommitmentError("expected no default");
    return v;
  }
  message<T>(field: number, read: (from: Fields) => T): T | undefined {
    if (!this.tagged(field, 2)) return undefined;
    const n = this.varint();
    if (n > BigInt(this.bytes.length - this.at)) throw new CommitmentError("expected a field of the message's length at most");
    this.at += Number(n);
    const inside = new Fields(this.bytes.subarray(this.at - Number(n), this.at));
    const out = read(inside);
    if (inside.at !== inside.bytes.length) throw new CommitmentError("expected the end of the message");
    return out;
  }
  list<T>(field: number, read: (from: Fields) => T): T[] {
    const out: T[] = [];
    for (let item = this.message(field, read); item !== undefined; item = this.message(field, read)) out.push(item);
    return out;
  }
  raw(field: number): Uint8Array {
    const found = this.message(field, (from) => {
      from.at = from.bytes.length;
      return from.bytes;
    });
    if (found?.length === 0) throw new CommitmentError("expected no default");
    return found ?? new Uint8Array();
  }
}

const readLeaf = (f: Fields): Leaf => ({ hash: f.number(1), prehashKey: f.number(2), prehashValue: f.number(3), length: f.number(4), prefix: f.raw(5) });
const readInner = (f: Fields): Inner => ({ hash: f.number(1), prefix: f.raw(2), suffix: f.raw(3) });

function readExistence(f: Fields): Existence {
  const [key, value, leaf] = [f.raw(1), f.raw(2), f.message(3, readLeaf)];
  return { key, value, ...(leaf && { leaf }), path: f.list(4, readInner) };
}

function readAbsence(f: Fields): Commitment {
  f.raw(1); // a key that nothing depends on
  const [left, right] = [f.message(2, readExistence), f.message(3, readExistence)];
  return { kind: "absent", ...(left && { left }), ...(right && { right }) };
}

/** The proof, or nothing if these bytes are not the encoding of one. */
export function readCommitment(hex: Hex): Commitment | undefined {
  try {
    const bytes = fromHex(hex);
    const whole = new Fields(concat([Uint8Array.of(0x0a), varint(BigInt(bytes.length)), bytes])); // as the only field of a message
    return whole.message(1, (f): Commitment | undefined => {
      const exists = f.message(1, readExistence);
      return exists ? { kind: "exists", exists } : f.message(2, readAbsence);
    });
  } catch (e) {
    if (e instanceof CommitmentError) return undefined;
    throw e;
  }
}

/** The root that a proof leads to, or nothing if its operations are not those of the tree. */
function rootOf(tree: Tree, p: Existence): Hex | undefined {
  const { leaf } = p;
  if (leaf === undefined || p.path.length > maxDepth || p.key.length === 0 || p.value.length === 0) return undefined;
  if (leaf.hash !== sha256Op || leaf.prehashKey !== noHashOp || leaf.prehashValue !== sha256Op || leaf.length !== varintLengthOp) return undefined;
  if (leaf.prefix[0] !== 0 || !tree.fits(leaf.prefix, 0)) return undefined;
  let node = sha256(concat([leaf.prefix, varint(BigInt(p.key.length)), p.key, varint(32n), sha256(p.value)]));
  for (const [i, { hash, prefix, suffix }] of p.path.entries()) {
    if (hash !== sha256Op || prefix[0] === 0 || !tree.fits(prefix, i + 1)) return undefined;
    if (prefix.length < tree.minPrefix || prefix.length > tree.maxPrefix + tree.childSize || suffix.length % tree.childSize !== 0) return undefined;
    node = sha256(concat([prefix, node, suffix]));
  }
  return toHex(node);
}

/** Whether a tree with this root has the value under the key. */
export function hasKey(tree: Tree, root: Hex, proof: Commitment, key: Uint8Array, value: Uint8Array): boolean {
  return proof.kind === "exists" && sameBytes(proof.exists.key, key) && sameBytes(proof.exists.value, value) && rootOf(tree, proof.exists) === root;
}

/** Whether a tree with this root has nothing under the key: it has the keys next to it, or the first or last of all. */
export function lacksKey(tree: Tree, root: Hex, proof: Commitment, key: Uint8Array): boolean {
  if (proof.kind !== "absent") return false;
  const { left, right } = proof;
  if (left && !(rootOf(tree, left) === root && before(left.key, key))) return false;
  if (right && !(rootOf(tree, right) === root && before(key, right.key))) return false;
  if (left && right) return areNeighbours(tree, left.path, right.path);
  if (left) return left.path.every((node) => isChild(tree, node, 1));
  return right !== undefined && right.path.every((node) => isChild(tree, node, 0));
}

/** Whether a node's proven child is its left one, 0, or its right one, 1. */
function isChild(tree: Tree, { prefix, suffix }: Inner, child: 0 | 1): boolean {
  const ahead = child * tree.childSize;
  return prefix.length >= ahead + tree.minPrefix && prefix.length <= ahead + tree.maxPrefix && suffix.length === tree.childSize - ahead;
}

/** Whether no leaf is between two, by their paths from the leaf up. */
function areNeighbours(tree: Tree, left: readonly Inner[], right: readonly Inner[]): boolean {
  let [i, j] = [left.length - 1, right.length - 1];
  for (; i >= 0 && j >= 0; i--, j--) {
    const [a, b] = [left[i]!, right[j]!];
    if (sameBytes(a.prefix, b.prefix) && sameBytes(a.suffix, b.suffix)) continue;
    // Here the paths part: to the left child of one node and to its right one, and from there along the inner edges.
    return isChild(tree, a, 0) && isChild(tree, b, 1) && left.slice(0, i).every((node) => isChild(tree, node, 1)) && right.slice(0, j).every((node) => isChild(tree, node, 0));
  }
  return false;
}

/** Whether a key sorts before another. */
const before = (a: Uint8Array, b: Uint8Array): boolean => toHex(a) < toHex(b);
