import { isHex, type Hex } from "./bytes.js";
import { sameRef, zeroRef, type Checkpoint, type Ref } from "./checkpoint.js";
import type { Certificate, Link } from "./certificate.js";
import type { HandOver, Trust } from "./chain.js";
import { validCommitment, validName, zeroSignature } from "./codec.js";
import type { BlockProof, FieldProof, Part, Proof, StateProof, TxProof } from "./proof.js";
import { StepError } from "./step.js";
import type { Member, Voter } from "./voterset.js";

// The JSON forms of cert/README.md: {"type":T,"value":V}. Like the binary ones, they have one spelling: a text must be equal
// to the re-encoding of what was read, white space aside.

class JsonError extends Error {}

type Json = { readonly [name: string]: unknown };

/** What something is. Not its content, which may be nested too deeply to be written, or long. */
const sort = (v: unknown): string => (v === null ? "null" : Array.isArray(v) ? "a list" : typeof v);

function object(v: unknown): Json {
  if (typeof v !== "object" || v === null || Array.isArray(v)) throw new JsonError(`expected an object, found ${sort(v)}`);
  return v as Json;
}

/** A list, empty if it is left out. */
function list<T>(v: unknown, item: (v: unknown) => T): T[] {
  if (v === undefined) return [];
  if (!Array.isArray(v)) throw new JsonError(`expected a list, found ${sort(v)}`);
  return v.map(item);
}

function hex(v: unknown, bytes?: number): Hex {
  if (typeof v !== "string" || !isHex(v, bytes ?? v.length / 2)) throw new JsonError(`expected lower-case hexadecimal, found ${sort(v)}`);
  return v;
}

const optionalHex = (v: unknown, missing: Hex, bytes?: number): Hex => (v === undefined ? missing : hex(v, bytes));

function integer(v: unknown, least: bigint, most: bigint): bigint {
  if (typeof v !== "string" || !/^(0|-?[1-9][0-9]{0,19})$/.test(v)) throw new JsonError(`expected a decimal string, found ${sort(v)}`);
  const n = BigInt(v);
  if (n < least || n > most) throw new JsonError(`expected a 64-bit integer, found ${v}`);
  return n;
}

const u64 = (v: unknown): bigint => integer(v, 0n, 2n ** 64n - 1n);
const i64 = (v: unknown): bigint => integer(v, -(2n ** 63n), 2n ** 63n - 1n);

function u32(v: unknown): number {
  if (typeof v !== "number" || !Number.isInteger(v) || v < 0 || v >= 2 ** 32) throw new JsonError(`expected a 32-bit number, found ${sort(v)}`);
  return v;
}

function bool(v: unknown): boolean {
  if (typeof v !== "boolean") throw new JsonError(`expected true or false, found ${sort(v)}`);
  return v;
}

function name(v: unknown): string {
  if (typeof v !== "string" || !validName(v)) throw new JsonError(`expected 1 to 64 characters of printable ASCII, found ${sort(v)}`);
  return v;
}

function commitment(v: unknown): Hex {
  const found = optionalHex(v, "");
  if (!validCommitment(found)) throw new JsonError(`expected a shorter ICS-23 proof, found one of ${found.length / 2} bytes`);
  return found;
}

/** Leaves a field out when it is empty. */
const some = <K extends string, V extends { length: number }>(key: K, v: V) => (v.length ? { [key]: v } : {});

const readRef = (v: unknown): Ref => ({ epoch: u64(object(v).epoch), root: hex(object(v).root, 32) });
const writeRef = (r: Ref) => ({ epoch: String(r.epoch), root: r.root });

/** Reads a checkpoint as it stands in the documents. */
export function readCheckpoint(v: unknown): Checkpoint {
  const o = object(v);
  return {
    epoch: u64(o.epoch), parentRoot: hex(o.parent_root, 32), height: u64(o.height), timeMs: u64(o.time_ms), blockHash: hex(o.block_hash, 32),
    historySize: u64(o.history_size), historyRoot: hex(o.history_root, 32), pair: u64(o.pair), degraded: bool(o.degraded), anchor: u64(o.anchor),
    voterSetHash: hex(o.voter_set_hash, 32), nextVoterSetHash: hex(o.next_voter_set_hash, 32),
  };
}
const writeCheckpoint = (c: Checkpoint) => ({
  epoch: String(c.epoch), parent_root: c.parentRoot, height: String(c.height), time_ms: String(c.timeMs), block_hash: c.blockHash,
  history_size: String(c.historySize), history_root: c.historyRoot, pair: String(c.pair), degraded: c.degraded, anchor: String(c.anchor),
  voter_set_hash: c.voterSetHash, next_voter_set_hash: c.nextVoterSetHash,
});

function readLink(v: unknown): Link {
  const o = object(v);
  return {
    target: readCheckpoint(o.target), source: o.source === undefined ? zeroRef : readRef(o.source),
    signers: optionalHex(o.signers, ""), signature: optionalHex(o.signature, zeroSignature, 96),
  };
}
const writeLink = (l: Link) => ({
  target: writeCheckpoint(l.target), ...(sameRef(l.source, zeroRef) ? {} : { source: writeRef(l.source) }),
  ...some("signers", l.signers), ...(l.signature === zeroSignature ? {} : { signature: l.signature }),
});

const readCertificate = (v: unknown): Certificate => ({ first: readCheckpoint(object(v).first), links: list(object(v).links, readLink) });
const writeCertificate = (c: Certificate) => ({ first: writeCheckpoint(c.first), ...some("links", c.links.map(writeLink)) });

const readMember = (v: unknown): Member => ({ key: hex(object(v).key, 48), power: u64(object(v).power) });
const writeMember = (m: Member) => ({ key: m.key, power: String(m.power) });
const readVoter = (v: unknown): Voter => ({ key: hex(object(v).key, 48), rear: u64(object(v).rear), current: u64(object(v).current) });
const writeVoter = (v: Voter) => ({ key: v.key, rear: String(v.rear), current: String(v.current) });

/** Read sets as they stand in the documents. */
export const readVoters = (v: unknown): Voter[] => list(v, readVoter);
export const readMembers = (v: unknown): Member[] => list(v, readMember);

function readHandOver(v: unknown): HandOver {
  const [o, next] = [object(v), object(object(v).next)];
  return { certificate: readCertificate(o.certificate), next: { full: bool(next.full), members: readMembers(next.members) } };
}
const writeHandOver = (h: HandOver) => ({
  certificate: writeCertificate(h.certificate), next: { full: h.next.full, ...some("members", h.next.members.map(writeMember)) },
});

const readTrust = (v: unknown): Trust => ({
  checkpoint: readCheckpoint(object(v).checkpoint), voters: readVoters(object(v).voters), next: readMembers(object(v).next),
});
const writeTrust = (t: Trust) => ({
  checkpoint: writeCheckpoint(t.checkpoint), ...some("voters", t.voters.map(writeVoter)), ...some("next", t.next.map(writeMember)),
});

const readPath = (v: unknown): Hex[] => list(v, (h) => hex(h, 32));
const readBlock = (v: unknown): BlockProof => ({ height: u64(object(v).height), hash: hex(object(v).hash, 32), path: readPath(object(v).path) });
const writeBlock = (b: BlockProof) => ({ height: String(b.height), hash: b.hash, ...some("path", b.path) });
const readField = (v: unknown): FieldProof => ({ hash: hex(object(v).hash, 32), path: readPath(object(v).path) });
const writeField = (f: FieldProof) => ({ hash: f.hash, ...some("path", f.path) });

function readTx(v: unknown): TxProof {
  const o = object(v);
  const r = object(o.result);
  return {
    hash: hex(o.hash, 32), index: u32(o.index), total: u32(o.total), path: readPath(o.path), dataHash: readField(o.data_hash), block: readBlock(o.block),
    result: { code: u32(r.code), data: optionalHex(r.data, ""), gasWanted: i64(r.gas_wanted), gasUsed: i64(r.gas_used), path: readPath(r.path) },
    lastResultsHash: readField(o.last_results_hash), nextBlock: readBlock(o.next_block),
  };
}
const writeTx = (t: TxProof) => ({
  hash: t.hash, index: t.index, total: t.total, ...some("path", t.path), data_hash: writeField(t.dataHash), block: writeBlock(t.block),
  result: {
    code: t.result.code, ...some("data", t.result.data), gas_wanted: String(t.result.gasWanted), gas_used: String(t.result.gasUsed), ...some("path", t.result.path),
  },
  last_results_hash: writeField(t.lastResultsHash), next_block: writeBlock(t.nextBlock),
});

function readState(v: unknown): StateProof {
  const o = object(v);
  return {
    store: name(o.store), key: optionalHex(o.key, ""), value: optionalHex(o.value, ""), inStore: commitment(o.in_store), inApp: commitment(o.in_app),
    appHash: readField(o.app_hash), block: readBlock(o.block),
  };
}
const writeState = (s: StateProof) => ({
  store: s.store, ...some("key", s.key), ...some("value", s.value), ...some("in_store", s.inStore), ...some("in_app", s.inApp),
  app_hash: writeField(s.appHash), block: writeBlock(s.block),
});

function readPart(o: Json): Part {
  const parts: Part[] = [
    ...(o.block === undefined ? [] : [{ kind: "block" as const, block: readBlock(o.block) }]),
    ...(o.tx === undefined ? [] : [{ kind: "tx" as const, tx: readTx(o.tx) }]),
    ...(o.state === undefined ? [] : [{ kind: "state" as const, state: readState(o.state) }]),
  ];
  const part = parts[0];
  if (part === undefined || parts.length > 1) throw new JsonError(`expected one of block, tx and state, found ${parts.length}`);
  return part;
}

function readProof(v: unknown): Proof {
  const o = object(v);
  const trust = o.trust === undefined ? {} : { trust: readTrust(o.trust) };
  return { chainId: name(o.chain_id), ...trust, handOvers: list(o.hand_overs, readHandOver), part: readPart(o) };
}

function writePart(p: Part) {
  if (p.kind === "block") return { block: writeBlock(p.block) };
  return p.kind === "tx" ? { tx: writeTx(p.tx) } : { state: writeState(p.state) };
}
const writeProof = (p: Proof) => ({
  chain_id: p.chainId, ...(p.trust ? { trust: writeTrust(p.trust) } : {}), ...some("hand_overs", p.handOvers.map(writeHandOver)), ...writePart(p.part),
});

const maxSize = 32 << 20;

function form<T>(type: string, read: (v: unknown) => T, write: (v: T) => unknown) {
  const stringify = (v: T): string => JSON.stringify({ type, value: write(v) });
  const parse = (text: string): T => {
    try {
      if (text.length > maxSize) throw new JsonError(`expected at most ${maxSize} characters, found ${text.length}`);
      const o = object(JSON.parse(text));
      if (o.type !== type) throw new JsonError(`expected type ${type}, found ${typeof o.type === "string" ? o.type.slice(0, 80) : sort(o.type)}`);
      const out = read(o.value);
      if (stringify(out) !== compact(text)) throw new JsonError("another encoding of the same content");
      return out;
    } catch (e) {
      if (e instanceof JsonError || e instanceof SyntaxError) throw new StepError("decode", `${type}: ${e.message}`);
      throw e;
    }
  };
  return { stringify, parse };
}

/** The text without the white space between its tokens. */
function compact(text: string): string {
  const tokens: string[] = [];
  let [from, inString] = [0, false];
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === '"') inString = !inString;
    else if (inString && c === "\\") i++;
    else if (!inString && (c === " " || c === "\t" || c === "\r" || c === "\n")) {
      if (from < i) tokens.push(text.slice(from, i));
      from = i + 1;
    }
  }
  tokens.push(text.slice(from));
  return tokens.join("");
}

/** The JSON form of each document: stringify, and parse, which throws a StepError of step "decode". */
export const certificateJson = form("dualchain/certificate/v1", readCertificate, writeCertificate);
export const handOverJson = form("dualchain/hand-over/v1", readHandOver, writeHandOver);
export const trustJson = form("dualchain/trust/v1", readTrust, writeTrust);
export const proofJson = form("dualchain/proof/v1", readProof, writeProof);
