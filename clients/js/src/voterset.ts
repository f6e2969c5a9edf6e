import { concat, fromHex, u64, type Hex } from "./bytes.js";
import { rootOf } from "./merkle.js";

/** A voter in one side of a pair. Its power is at least 1. */
export interface Member {
  readonly key: Hex;
  readonly power: bigint;
}

/** One set of voters, strictly ascending by key. */
export type Side = readonly Member[];

/** A voter of a stitched pair, with its power in each side. */
export interface Voter {
  readonly key: Hex;
  readonly rear: bigint;
  readonly current: bigint;
}

/** A stitched pair of sides, strictly ascending by key. It has one bitfield, one signature and two quorums (protocol §7). */
export type VoterSet = readonly Voter[];

const ascending = (list: readonly { key: Hex }[]): boolean => list.every((m, i) => i === 0 || list[i - 1]!.key < m.key);

const sum = (powers: bigint[]): bigint => powers.reduce((a, b) => a + b, 0n);

/** The error of a side, or nothing if it is valid. */
export function invalidSide(side: Side): string | undefined {
  if (side.length === 0) return "expected at least one member, found none";
  if (side.some((m) => m.power === 0n)) return "expected power, found a member without";
  if (!ascending(side)) return "expected keys in strictly ascending order";
  return undefined;
}

/** The error of a voter set, or nothing if it is valid. */
export function invalidVoters(set: VoterSet): string | undefined {
  if (set.some((v) => v.rear === 0n && v.current === 0n)) return "expected power in a side, found a voter without";
  if (!ascending(set)) return "expected keys in strictly ascending order";
  if (sum(set.map((v) => v.rear)) === 0n || sum(set.map((v) => v.current)) === 0n) return "expected power in both sides";
  return undefined;
}

export const hashSide = (side: Side): Hex => rootOf(side.map((m) => concat([fromHex(m.key), u64(m.power)])));

export const hashVoters = (set: VoterSet): Hex => rootOf(set.map((v) => concat([fromHex(v.key), u64(v.rear), u64(v.current)])));

/** The voters with current power, who are the rear side of the next pair. */
export const currentSide = (set: VoterSet): Side => set.filter((v) => v.current > 0n).map((v) => ({ key: v.key, power: v.current }));

/** Merges two sides into the pair (rear, current). */
export function stitch(rear: Side, current: Side): VoterSet {
  const pair = new Map<Hex, { rear: bigint; current: bigint }>();
  for (const m of rear) pair.set(m.key, { rear: m.power, current: 0n });
  for (const m of current) pair.set(m.key, { rear: pair.get(m.key)?.rear ?? 0n, current: m.power });
  return [...pair.keys()].sort().map((key) => ({ key, ...pair.get(key)! }));
}

/** The error of a bitfield over this number of voters, or nothing if it is valid. */
export function invalidSigners(signers: Uint8Array, voters: number): string | undefined {
  const bytes = Math.ceil(voters / 8);
  if (signers.length !== bytes) return `expected ${bytes} bytes for ${voters} voters, found ${signers.length}`;
  if (voters % 8 !== 0 && signers[bytes - 1]! >> (voters % 8) !== 0) return `expected no bit from ${voters} on, found one`;
  return undefined;
}

/** Whether the voter at a position signed: its bit is set. */
export const hasSigned = (signers: Uint8Array, position: number): boolean => ((signers[Math.floor(position / 8)]! >> (position % 8)) & 1) === 1;

/** Whether the signers have two thirds of the rear powers and of the current powers (protocol §5). */
export function hasQuorum(set: VoterSet, signers: Uint8Array): boolean {
  const signed = set.filter((_, i) => hasSigned(signers, i));
  return (["rear", "current"] as const).every((side) => {
    const all = sum(set.map((v) => v[side]));
    return all > 0n && 3n * sum(signed.map((v) => v[side])) >= 2n * all;
  });
}
