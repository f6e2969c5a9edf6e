import { concat, fromHex, wrap, type Hex } from "./bytes.js";
import { domainOf, type Checkpoint } from "./checkpoint.js";
import { validateTrustAt, verifyChain, type HandOver, type Options, type Trust } from "./chain.js";
import { goesOn, includes } from "./merkle.js";
import { check } from "./step.js";
import type { Ref } from "./checkpoint.js";

/** A block and its path under a checkpoint's history root. */
export interface BlockProof {
  readonly height: bigint;
  readonly hash: Hex;
  readonly path: readonly Hex[];
}

/** A hash in one field of a header, and the path to the header's hash. */
export interface FieldProof {
  readonly hash: Hex;
  readonly path: readonly Hex[];
}

/** The part of a transaction's result that a header commits to. Code 0 is success. */
export interface TxResult {
  readonly code: number;
  readonly data: Hex;
  readonly gasWanted: bigint;
  readonly gasUsed: bigint;
  readonly path: readonly Hex[];
}

/** A transaction in a block, and its result under the next block's header. */
export interface TxProof {
  readonly hash: Hex;
  readonly index: number;
  readonly total: number;
  readonly path: readonly Hex[];
  readonly dataHash: FieldProof;
  readonly block: BlockProof;
  readonly result: TxResult;
  readonly lastResultsHash: FieldProof;
  readonly nextBlock: BlockProof;
}

/** A value, or its absence, in the application's state. This package decodes it and does not verify it: see verifyProof. */
export interface StateProof {
  readonly store: string;
  readonly key: Hex;
  readonly value: Hex;
  readonly inStore: Hex;
  readonly inApp: Hex;
  readonly appHash: FieldProof;
  readonly block: BlockProof;
}

/** The subject of a proof. */
export type Part =
  | { readonly kind: "block"; readonly block: BlockProof }
  | { readonly kind: "tx"; readonly tx: TxProof }
  | { readonly kind: "state"; readonly state: StateProof };

/** Hand-overs from a trusted checkpoint, and the subject under the last checkpoint. */
export interface Proof {
  readonly chainId: string;
  /** The start of the hand-overs, for a verifier that knows only its epoch and root. */
  readonly trust?: Trust;
  readonly handOvers: readonly HandOver[];
  readonly part: Part;
}

/** What a verified proof has shown to be final. */
export interface Outcome {
  readonly kind: "block" | "tx";
  /** The last checkpoint of the hand-overs. A later verification may start there. */
  readonly trust: Trust;
  readonly height: bigint;
  /** Set for a transaction. It is final with any result code, and it failed unless the code is 0. */
  readonly tx?: TxProof;
}

/** State proofs need ICS-23, which this package leaves to `dualchaind verify` and package cert. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
}

/** The proof is valid but has another subject than requested. */
export class SubjectError extends Error {
  override readonly name = "SubjectError";
}

/** Options of verifyProof. */
export interface ProofOptions extends Options {
  /** Refuses a proof of anything but the transaction with this hash. Without it, check the subject in the outcome. */
  readonly txHash?: Hex;
}

/**
 * Verifies a proof against a trusted checkpoint of the chain with this id. Neither may come from the proof. The checkpoint is given
 * in full, or by epoch and root if the proof contains the rest. Throws a StepError, a SubjectError for a proof of another
 * transaction than requested, or an UnsupportedError for a proof of state.
 */
export function verifyProof(p: Proof, chainId: string, trust: Trust | Ref, options: ProofOptions): Outcome {
  const part = p.part;
  if ("txHash" in options) isAbout(part, String(options.txHash)); // undefined, possible in JavaScript, matches no transaction
  if (part.kind === "state") throw new UnsupportedError("expected a proof of a block or a transaction, found one of state");
  const start = startOf(p, trust);
  check(p.chainId === chainId, "chain", () => `expected a proof for chain ${chainId}, found one for ${p.chainId}`);
  const reached = verifyChain(domainOf(chainId), start, p.handOvers, options);
  if (reached.error) throw reached.error;
  if (part.kind === "block") {
    verifyBlock(part.block, reached.trust.checkpoint);
    return { kind: "block", trust: reached.trust, height: part.block.height };
  }
  verifyTx(part.tx, reached.trust.checkpoint);
  return { kind: "tx", trust: reached.trust, height: part.tx.block.height, tx: part.tx };
}

function isAbout(part: Part, txHash: string): void {
  const [expected, found] = [txHash.toLowerCase(), part.kind === "tx" ? part.tx.hash : undefined];
  if (found !== expected) throw new SubjectError(`expected a proof of transaction ${expected}, found one of ${found ?? `a ${part.kind}`}`);
}

function startOf(p: Proof, trust: Trust | Ref): Trust {
  if ("checkpoint" in trust) return trust;
  check(p.trust !== undefined, "trust", () => "expected a proof with the trusted checkpoint's members, found one without");
  validateTrustAt(p.trust, trust);
  return p.trust;
}

/** Verifies that a block is one of those above the anchor up to a checkpoint. Throws a StepError. */
export function verifyBlock(p: BlockProof, under: Checkpoint): void {
  const above = wrap(under.height - p.height);
  check(p.height <= under.height && above < under.historySize, "inclusion", () => `block ${p.height} is not under epoch ${under.epoch}`);
  const index = under.historySize - above - 1n;
  check(includes(fromHex(p.hash), index, under.historySize, [...p.path], under.historyRoot), "inclusion", () => `block ${p.height}`);
}

/** The indexes of the fields of CometBFT's 14-field header that proofs need. */
const headerFields = 14n;
const dataHashField = 6n;
const resultsHashField = 11n;

function verifyTx(p: TxProof, under: Checkpoint): void {
  verifyBlock(p.block, under);
  verifyBlock(p.nextBlock, under);
  check(p.nextBlock.height === wrap(p.block.height + 1n), "inclusion", () => `results of block ${p.block.height} are not in block ${p.nextBlock.height}`);
  verifyField(p.dataHash, dataHashField, p.block.hash);
  verifyField(p.lastResultsHash, resultsHashField, p.nextBlock.hash);
  // Neither root binds total, but both trees have the same number of leaves, so an index means the same transaction in both.
  const [index, total] = [BigInt(p.index), BigInt(p.total)];
  check(includes(fromHex(p.hash), index, total, [...p.path], p.dataHash.hash), "tx", () => `${p.hash} is not number ${index} of ${total}`);
  check(includes(encodeResult(p.result), index, total, [...p.result.path], p.lastResultsHash.hash), "result", () => `of ${p.hash}`);
}

function verifyField(p: FieldProof, field: bigint, header: Hex): void {
  const leaf = concat([Uint8Array.of(0x0a, 32), fromHex(p.hash)]); // google.protobuf.BytesValue
  check(includes(leaf, field, headerFields, [...p.path], header), "header", () => `field ${field}`);
}

/** The result as protobuf, the leaf that CometBFT hashes. */
function encodeResult(r: TxResult): Uint8Array {
  const data = fromHex(r.data);
  const number = (field: number, v: bigint) => (v === 0n ? new Uint8Array() : concat([Uint8Array.of(field << 3), varint(BigInt.asUintN(64, v))]));
  return concat([
    number(1, BigInt(r.code)),
    data.length ? concat([Uint8Array.of((2 << 3) | 2), varint(BigInt(data.length)), data]) : data,
    number(5, r.gasWanted),
    number(6, r.gasUsed),
  ]);
}

function varint(v: bigint): Uint8Array {
  const out: number[] = [];
  for (; v >= 0x80n; v >>= 7n) out.push(Number(v & 0x7fn) | 0x80);
  return Uint8Array.of(...out, Number(v));
}

/** Verifies that the history under one checkpoint begins with that under an earlier one. Throws a StepError. */
export function verifyConsistency(earlier: Checkpoint, later: Checkpoint, path: readonly Hex[]): void {
  check(later.height >= earlier.height && later.height - earlier.height === wrap(later.historySize - earlier.historySize), "consistency",
    () => "expected histories as far apart as the heights");
  check(goesOn(earlier.historySize, later.historySize, [...path], earlier.historyRoot, later.historyRoot), "consistency",
    () => `from epoch ${earlier.epoch} to ${later.epoch}`);
}
