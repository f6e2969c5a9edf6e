import { isHex, type Hex } from "./bytes.js";
import { zeroRef, type Checkpoint, type Ref } from "./checkpoint.js";
import type { Certificate, Link } from "./certificate.js";
import type { HandOver, NextSet, Trust } from "./chain.js";
import { validCommitment, validName, zeroSignature } from "./codec.js";
import type { BlockProof, FieldProof, Part, Proof, StateProof, TxProof, TxResult } from "./proof.js";
import { StepError } from "./step.js";
import { boolean, decimal, JsonError, list, numberTo, object, optional, readText, Scanner, string, stringOf, type Read } from "./strict.js";
import type { Member, Voter } from "./voterset.js";

// The JSON forms of protocol §13.5: {"type":T,"value":V}. Members have their TypeScript names in snake case.

/** The size limit of a JSON document, in bytes. A larger document has only its binary form. */
const maxSize = 1 << 20;

const u64 = decimal(0n, 2n ** 64n - 1n);
const i64 = decimal(-(2n ** 63n), 2n ** 63n - 1n);
const u32 = numberTo(2 ** 32 - 1);
const hex = (bytes?: number): Read<Hex> => stringOf("lower-case hexadecimal", (text) => isHex(text, bytes));
const [hash, key, bytes] = [hex(32), hex(48), optional(hex(), "")];
const name = stringOf("1 to 64 characters of printable ASCII", validName);
const commitment = optional(stringOf("an ICS-23 proof of at most 64 KiB", (text) => isHex(text) && validCommitment(text)), "");
const path = optional(list(hash), []);

const ref = object<Ref>({ epoch: u64, root: hash });
/** The members of a checkpoint. */
export const checkpoint = object<Checkpoint>({
  epoch: u64, parentRoot: hash, height: u64, timeMs: u64, blockHash: hash, historySize: u64, historyRoot: hash, pair: u64, degraded: boolean,
  anchor: u64, voterSetHash: hash, nextVoterSetHash: hash,
});
const link = object<Link>({ target: checkpoint, source: optional(ref, zeroRef), signers: bytes, signature: optional(hex(96), zeroSignature) });
const certificate = object<Certificate>({ first: checkpoint, links: optional(list(link), []) });

/** Voter sets as the documents hold them. */
export const members = list(object<Member>({ key, power: u64 }));
export const voters = list(object<Voter>({ key, rear: u64, current: u64 }));

const handOver = object<HandOver>({ certificate, next: object<NextSet>({ full: boolean, members: optional(members, []) }) });
const trust = object<Trust>({ checkpoint, voters: optional(voters, []), next: optional(members, []) });

const block = object<BlockProof>({ height: u64, hash, path });
const field = object<FieldProof>({ hash, path });
const result = object<TxResult>({ code: u32, data: bytes, gasWanted: i64, gasUsed: i64, path });
const tx = object<TxProof>({ hash, index: u32, total: u32, path, dataHash: field, block, result, lastResultsHash: field, nextBlock: block });
const state = object<StateProof>({ store: name, key: bytes, value: bytes, inStore: commitment, inApp: commitment, appHash: field, block });

interface Parts {
  readonly block: BlockProof | undefined;
  readonly tx: TxProof | undefined;
  readonly state: StateProof | undefined;
}
const inProof = object<{ readonly chainId: string; readonly trust: Trust | undefined; readonly handOvers: HandOver[] } & Parts>({
  chainId: name, trust: optional(trust, undefined), handOvers: optional(list(handOver), []),
  block: optional(block, undefined), tx: optional(tx, undefined), state: optional(state, undefined),
});

function partOf({ block, tx, state }: Parts): Part {
  const parts: Part[] = [];
  if (block) parts.push({ kind: "block", block });
  if (tx) parts.push({ kind: "tx", tx });
  if (state) parts.push({ kind: "state", state });
  const part = parts[0];
  if (part === undefined || parts.length > 1) throw new JsonError(`expected one of block, tx and state, found ${parts.length}`);
  return part;
}

const proof: Read<Proof> = (from) => {
  const { chainId, trust, handOvers, ...parts } = inProof(from);
  return { chainId, ...(trust && { trust }), handOvers, part: partOf(parts) };
};

function parser<T>(type: string, value: Read<T>): (text: string) => T {
  const document = object<{ type: string; value: T }>({ type: stringOf(`type ${type}`, (found) => found === type), value });
  return (text) => refusing(type, () => {
    if (text.length > maxSize) throw new JsonError(`expected at most ${maxSize} characters, found ${text.length}`);
    return readText(text, document).value;
  });
}

/** Turns a reader's error into a StepError of step "decode". */
function refusing<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (e) {
    if (e instanceof JsonError) throw new StepError("decode", `${what}: ${e.message}`);
    throw e;
  }
}

/** Decoders of the JSON forms. They throw a StepError of step "decode". */
export const parseCertificate = parser("dualchain/certificate/v1", certificate);
export const parseHandOver = parser("dualchain/hand-over/v1", handOver);
export const parseTrust = parser("dualchain/trust/v1", trust);
export const parseProof = parser("dualchain/proof/v1", proof);

/** The text of one member of an object, unchanged. Throws a StepError of step "decode". */
export const textOf = (text: string, member: string): string | undefined => refusing(`read ${member}`, () => {
  const from = new Scanner(text);
  let found: string | undefined;
  from.between("{", "}", () => {
    const name = string(from);
    from.expect(":");
    const start = from.at;
    from.skip();
    if (name !== member) return;
    if (found !== undefined) throw new JsonError(`field ${member} stands twice`);
    found = text.slice(start, from.at);
  });
  from.expect("");
  return found;
});
