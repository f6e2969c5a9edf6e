import { ascii, concat, fromHex, toHex, varint, wrap, type Hex } from "./bytes.js";
import { domainOf, type Checkpoint } from "./checkpoint.js";
import { validateTrustAt, verifyChain, type HandOver, type Options, type Trust } from "./chain.js";
import { hasKey, iavlTree, lacksKey, readCommitment, simpleTree } from "./ics23.js";
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

/** What a store of the application has under a key: a value, or nothing if value is empty. The block is the one after the state's. */
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
  readonly kind: "block" | "tx" | "state";
  /** The last checkpoint of the hand-overs. A later verification may start there. */
  readonly trust: Trust;
  /** That of the block, of the transaction's block, or of the block after which the state was this. */
  readonly height: bigint;
  /** Set for a transaction. It is final with any result code, and it failed unless the code is 0. */
  readonly tx?: TxProof;
  /** Set for a state. Its value is empty if the store has nothing under the key. */
  readonly state?: StateProof;
}

/** What a proof must be about: a transaction by its hash, a block by its height, or a state by its store and key, after a block if a height is given. */
export type Subject =
  | { readonly kind: "tx"; readonly txHash: Hex }
  | { readonly kind: "block"; readonly height: bigint }
  | { readonly kind: "state"; readonly store: string; readonly key: Hex; readonly height?: bigint };

/** Options of verifyProof. */
export interface ProofOptions extends Options {
  /** Refuses a proof of anything else. Without it, check the subject in the outcome. Hexadecimal digits may have either case. */
  readonly about?: Subject;
}

/**
 * Verifies a proof against a trusted checkpoint of the chain with this id. Neither may come from the proof. The checkpoint is given
 * in full, or by epoch and root if the proof contains the rest. Throws a StepError.
 */
export function verifyProof(p: Proof, chainId: string, trust: Trust | Ref, options: ProofOptions): Outcome {
  const part = p.part;
  const start = startOf(p, trust);
  check(p.chainId === chainId, "chain", () => `expected a proof for chain ${chainId}, found one for ${p.chainId}`);
  if ("about" in options) checkSubject(part, options.about); // undefined, possible in JavaScript, matches nothing
  const reached = verifyChain(domainOf(chainId), start, p.handOvers, options);
  if (reached.error) throw reached.error;
  const { trust: to } = reached;
  switch (part.kind) {
    case "block":
      verifyBlock(part.block, to.checkpoint);
      return { kind: "block", trust: to, height: part.block.height };
    case "tx":
      verifyTx(part.tx, to.checkpoint);
      return { kind: "tx", trust: to, height: part.tx.block.height, tx: part.tx };
    case "state":
      verifyState(part.state, to.checkpoint);
      return { kind: "state", trust: to, height: stateHeight(part.state), state: part.state };
  }
}

const stateHeight = (s: StateProof): bigint => wrap(s.block.height - 1n);

function checkSubject(part: Part, about: Subject | undefined): void {
  const describe = (s: Subject | undefined): string =>
    s?.kind === "tx" ? `transaction ${s.txHash}` : s?.kind === "block" ? `block ${s.height}` : s ? `store ${s.store}, key ${s.key}, after block ${s.height ?? "any"}` : "nothing";
  const found: Subject = part.kind === "tx" ? { kind: "tx", txHash: part.tx.hash }
    : part.kind === "block" ? { kind: "block", height: part.block.height }
      : { kind: "state", store: part.state.store, key: part.state.key, height: stateHeight(part.state) };
  check(isAbout(part, about), "subject", () => `expected a proof of ${describe(about)}, found one of ${describe(found)}`);
}

function isAbout(part: Part, about: Subject | undefined): boolean {
  switch (about?.kind) {
    case "tx": return part.kind === "tx" && String(about.txHash).toLowerCase() === part.tx.hash;
    case "block": return part.kind === "block" && about.height === part.block.height;
    case "state": {
      if (part.kind !== "state") return false;
      const height = stateHeight(part.state);
      return about.store === part.state.store && String(about.key).toLowerCase() === part.state.key && (about.height ?? height) === height;
    }
    default: return false;
  }
}

function startOf(p: Proof, trust: Trust | Ref): Trust {
  if ("checkpoint" in trust) return trust;
  check(p.trust !== undefined, "trust", () => "expected a proof with the trusted checkpoint's members, found one without");
  validateTrustAt(p.trust, trust);
  return p.trust;
}

/** Verifies that a block is one of those above the anchor up to a checkpoint. Throws a StepError. */
export function verifyBlock(p: BlockProof, under: Checkpoint): void {
  const index = under.historySize - 1n - (under.height - p.height); // no leaf has it if the block is above the checkpoint or at the anchor
  check(includes(fromHex(p.hash), index, under.historySize, [...p.path], under.historyRoot), "inclusion", () => `block ${p.height} under epoch ${under.epoch}`);
}

/** The indexes of the fields of CometBFT's 14-field header that proofs need. */
const headerFields = 14n;
const dataHashField = 6n;
const appHashField = 10n;
const resultsHashField = 11n;

function verifyState(p: StateProof, under: Checkpoint): void {
  verifyBlock(p.block, under);
  verifyField(p.appHash, appHashField, p.block.hash);
  const [inApp, inStore] = [readCommitment(p.inApp), readCommitment(p.inStore)];
  check(inApp !== undefined && inStore !== undefined, "state", () => "expected ICS-23 proofs of one existence or absence each");
  check(inApp.kind === "exists", "state", () => `expected a proof that the multistore has store ${p.store}`);
  const root = inApp.exists.value; // it claims to be the store's; the app hash vouches for it
  check(hasKey(simpleTree, p.appHash.hash, inApp, ascii(p.store), root), "state", () => `store ${p.store} with this root is not under the app hash`);
  const [key, value] = [fromHex(p.key), fromHex(p.value)];
  const shown = value.length > 0 ? hasKey(iavlTree, toHex(root), inStore, key, value) : lacksKey(iavlTree, toHex(root), inStore, key);
  check(shown, "state", () => `key ${p.key} of store ${p.store}`);
}

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

/** Verifies that the history under one checkpoint begins with that under an earlier one. Throws a StepError. */
export function verifyConsistency(earlier: Checkpoint, later: Checkpoint, path: readonly Hex[]): void {
  check(later.height - earlier.height === later.historySize - earlier.historySize, "consistency", () => "expected histories as far apart as the heights");
  check(goesOn(earlier.historySize, later.historySize, [...path], earlier.historyRoot, later.historyRoot), "consistency",
    () => `from epoch ${earlier.epoch} to ${later.epoch}`);
}
