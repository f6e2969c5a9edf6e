import { fromHex, toHex } from "../src/bytes.js";
import { checkpoint, members, voters } from "../src/json.js";
import { readText, type Read } from "../src/strict.js";
import {
  decodeCertificate, decodeHandOver, decodeProof, decodeTrust, domainOf, encodeCertificate, encodeHandOver, encodeProof, encodeTrust,
  Keys, newPair, parseCertificate, parseHandOver, parseProof, parseTrust, refOf, StepError, verifyCertificate, verifyChain, verifyConsistency, verifyProof,
  withNext, type Checkpoint, type Mode, type Options, type Subject,
} from "../src/index.js";
import { finalNumber, checkpointOf } from "../src/certificate.js";

// The golden and forged vectors that Go made, testdata of package cert: both implementations must say the same of each. Nothing of
// Node is used here, so that browsers can run it, too.

/** The files that the vectors are in, without .json. */
export const files = ["certificates", "chains", "encodings", "proofs", "disputes"];

interface Document { type: string; binary?: string; json?: unknown; text?: string; pad_to?: number; zeros?: number }
export interface Vector {
  name: string;
  op: string;
  input: Record<string, unknown>;
  expect: { ok: boolean; error?: string; verified?: number; final?: { epoch: string; root: string }; height?: string; code?: number; value?: string; absent?: boolean };
}

const forms = {
  certificate: { parse: parseCertificate, decode: decodeCertificate, encode: encodeCertificate },
  hand_over: { parse: parseHandOver, decode: decodeHandOver, encode: encodeHandOver },
  trust: { parse: parseTrust, decode: decodeTrust, encode: encodeTrust },
  proof: { parse: parseProof, decode: decodeProof, encode: encodeProof },
};
type Form<K extends keyof typeof forms> = ReturnType<(typeof forms)[K]["decode"]>;

/** Reads a document in each form that it has, and checks that they say the same, and that the binary form is written as it was. */
function document<K extends keyof typeof forms>(kind: K, v: unknown): Form<K> {
  const d = v as Document;
  same(d.type, kind);
  const form = forms[kind] as unknown as { parse(text: string): Form<K>; decode(binary: Uint8Array): Form<K>; encode(v: Form<K>): Uint8Array };
  const found: Form<K>[] = [];
  const zeros = "00".repeat(d.zeros ?? 0);
  const expand = (text: string): string => text.split("*").join(zeros);
  if (d.binary !== undefined) found.push(form.decode(fromHex(expand(d.binary))));
  if (d.json !== undefined) found.push(form.parse(JSON.stringify(d.json, null, 2)));
  if (d.text !== undefined) found.push(form.parse(expand(d.text).padEnd(d.pad_to ?? 0)));
  if (found.length === 0) throw new Error("a document without content");
  for (const one of found) same(one, found[0]!);
  if (d.binary !== undefined) same(toHex(form.encode(found[0]!)), expand(d.binary));
  return found[0]!;
}

/** What a vector has beside its documents, by the same reader. */
const part = <T>(v: unknown, read: Read<T>): T => readText(JSON.stringify(v), read);

const options = (input: Record<string, unknown>): Options => ({
  mode: (input.mode as Mode | undefined) ?? "skipping",
  nowMs: BigInt((input.now_ms as string | undefined) ?? 0), unbondingMs: BigInt((input.unbonding_ms as string | undefined) ?? 0),
  clockDriftMs: BigInt((input.clock_drift_ms as string | undefined) ?? 0),
  ...(input.allow_degraded === true && { allowDegraded: true }),
});

interface About { kind: Subject["kind"]; tx_hash?: string; height?: string; store?: string; key?: string }

/** The subject that a vector names, if it names one. */
function subject(v: unknown): { about: Subject } | undefined {
  if (v === undefined) return undefined;
  const a = v as About;
  if (a.kind === "tx") return { about: { kind: "tx", txHash: a.tx_hash! } };
  if (a.kind === "block") return { about: { kind: "block", height: BigInt(a.height ?? 0) } };
  return { about: { kind: "state", store: a.store!, key: a.key!, ...(a.height !== undefined && { height: BigInt(a.height) }) } };
}

const final = (c: Checkpoint) => ({ epoch: String(c.epoch), root: refOf(c).root });

/** Runs a vector and returns what it shows, in the form of expect. */
const ops: Record<string, (input: Record<string, unknown>) => Partial<Vector["expect"]>> = {
  verify_certificate(input) {
    const keys = new Keys();
    const pair = newPair(part(input.voters, voters), keys);
    const c = document("certificate", input.certificate);
    verifyCertificate(c, domainOf(String(input.chain_id)), input.next === undefined ? pair : withNext(pair, part(input.next, members)), input.allow_degraded === true, keys);
    return { final: final(checkpointOf(c, finalNumber(c)!)) };
  },
  verify_chain(input) {
    const handOvers = ((input.hand_overs ?? []) as unknown[]).map((h) => document("hand_over", h));
    const reached = verifyChain(domainOf(String(input.chain_id)), document("trust", input.trust), handOvers, options(input));
    const shown = { ...(reached.verified ? { verified: reached.verified } : {}) };
    if (reached.error) return { ok: false, error: reached.error.step, ...shown };
    return { final: final(reached.trust.checkpoint), ...shown };
  },
  verify_proof(input) {
    const at = input.trust_at as { epoch: string; root: string } | undefined;
    const trust = at ? { epoch: BigInt(at.epoch), root: at.root } : document("trust", input.trust);
    const outcome = verifyProof(document("proof", input.proof), String(input.chain_id), trust, { ...options(input), ...subject(input.about) });
    const { tx, state } = outcome;
    return {
      final: final(outcome.trust.checkpoint), height: String(outcome.height), ...(tx && { code: tx.result.code }),
      ...(state && (state.value ? { value: state.value } : { absent: true })),
    };
  },
  verify_consistency(input) {
    verifyConsistency(part(input.earlier, checkpoint), part(input.later, checkpoint), (input.path ?? []) as string[]);
    return {};
  },
  decode(input) {
    const d = input.decode as Document;
    document(d.type as keyof typeof forms, d);
    return {};
  },
};

/** Not in this package: disputes. Everything else has to be known. */
export const unsupported = (v: Vector): boolean =>
  v.op === "compare" || v.input.decode !== undefined && (v.input.decode as Document).type === "dispute";

/** Expects the same value, in any order of keys. */
function same(found: unknown, expected: unknown): void {
  const text = (v: unknown) => JSON.stringify(v, (_, value: unknown) =>
    typeof value === "bigint" ? String(value) : value !== null && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value);
  if (text(found) !== text(expected)) throw new Error(`expected ${text(expected)}, found ${text(found)}`);
}

/** Throws unless the vector shows what it should. Returns whether it is a forged one, refused as expected. */
export function check(v: Vector): boolean {
  const run = ops[v.op];
  if (!run) throw new Error(`unknown op ${v.op}`);
  try {
    same({ ok: true, ...run(v.input) }, v.expect);
    return !v.expect.ok;
  } catch (e) {
    if (!(e instanceof StepError)) throw e;
    same({ ok: false, error: e.step }, { ok: v.expect.ok, error: v.expect.error });
    return true;
  }
}
