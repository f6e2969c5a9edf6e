import { sha256 } from "@noble/hashes/sha2.js";
import { ascii, concat, fromHex, toHex, u64, wrap, type Hex } from "./bytes.js";

/** Names a checkpoint by its epoch and root. */
export interface Ref {
  readonly epoch: bigint;
  readonly root: Hex;
}

/** A checkpoint, which voters vote on: a block, the history under it and the voters that decide on it (protocol §2). */
export interface Checkpoint {
  readonly epoch: bigint;
  readonly parentRoot: Hex;
  readonly height: bigint;
  /** Of the block, in milliseconds since 1970. */
  readonly timeMs: bigint;
  readonly blockHash: Hex;
  readonly historySize: bigint;
  readonly historyRoot: Hex;
  readonly pair: bigint;
  readonly degraded: boolean;
  /** The epoch of the trust point that the checkpoint descends from (protocol §7). */
  readonly anchor: bigint;
  readonly voterSetHash: Hex;
  readonly nextVoterSetHash: Hex;
}

export const zeroRoot: Hex = "00".repeat(32);
export const zeroRef: Ref = { epoch: 0n, root: zeroRoot };

/** The canonical encoding. */
export function encodeCheckpoint(c: Checkpoint): Uint8Array {
  return concat([
    u64(c.epoch), fromHex(c.parentRoot), u64(c.height), u64(c.timeMs), fromHex(c.blockHash), u64(c.historySize),
    fromHex(c.historyRoot), u64(c.pair), Uint8Array.of(c.degraded ? 1 : 0), u64(c.anchor), fromHex(c.voterSetHash), fromHex(c.nextVoterSetHash),
  ]);
}

const tagged = (tag: string, ...parts: Uint8Array[]): Hex => toHex(sha256(concat([ascii(tag), ...parts])));

/** The root, which commits to every field and, through parentRoot, to all earlier checkpoints. */
export const rootOfCheckpoint = (c: Checkpoint): Hex => tagged("dualchain/checkpoint/v1", encodeCheckpoint(c));

export const refOf = (c: Checkpoint): Ref => ({ epoch: c.epoch, root: rootOfCheckpoint(c) });

export const sameRef = (a: Ref, b: Ref): boolean => a.epoch === b.epoch && a.root === b.root;

const fields = [
  "epoch", "parentRoot", "height", "timeMs", "blockHash", "historySize", "historyRoot", "pair", "degraded", "anchor", "voterSetHash",
  "nextVoterSetHash",
] as const satisfies readonly (keyof Checkpoint)[];

export const sameCheckpoint = (a: Checkpoint, b: Checkpoint): boolean => fields.every((field) => a[field] === b[field]);

/** The domain, which binds votes to a chain. */
export const domainOf = (chainId: string): Hex => tagged("dualchain/domain/v1", new TextEncoder().encode(chainId));

/** The signing root of a link from source to target, which voters sign. */
export function signingRoot(domain: Hex, source: Ref, target: Ref): Uint8Array {
  return fromHex(tagged("dualchain/vote/v1", fromHex(domain), u64(source.epoch), fromHex(source.root), u64(target.epoch), fromHex(target.root)));
}

/** Why c may not directly follow parent in one chain (protocol §13), or nothing if it may. */
export function notExtending(c: Checkpoint, parent: Checkpoint): string | undefined {
  const rules: [boolean, string][] = [
    [c.epoch !== 0n && c.epoch === wrap(parent.epoch + 1n), "epoch + 1"],
    [c.parentRoot === rootOfCheckpoint(parent), "the parent's root"],
    [c.height > parent.height, "a greater height"],
    [c.timeMs >= parent.timeMs, "a time not earlier"],
    [c.historySize - parent.historySize === c.height - parent.height, "a history longer by as much as the height"],
    [c.anchor === parent.anchor, "the same anchor"],
    [c.degraded || !parent.degraded, "degraded, like its parent"],
    [c.pair === parent.pair || (c.pair !== 0n && c.pair === wrap(parent.pair + 1n)), "the same pair or the next"],
    [c.pair !== parent.pair || (c.voterSetHash === parent.voterSetHash && c.nextVoterSetHash === parent.nextVoterSetHash), "the same sets in the same pair"],
  ];
  const broken = rules.find(([holds]) => !holds);
  return broken && `checkpoint ${c.epoch} after ${parent.epoch}: expected ${broken[1]}`;
}
