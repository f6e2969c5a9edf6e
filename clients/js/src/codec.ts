import { concat, fromHex, sameBytes, toHex, u64, wrap, type Hex } from "./bytes.js";
import { encodeCheckpoint, refOf, rootOfCheckpoint, sameCheckpoint, sameRef, zeroRef, type Checkpoint } from "./checkpoint.js";
import { numberOf, type Certificate, type Link } from "./certificate.js";
import type { HandOver, Trust } from "./chain.js";
import type { BlockProof, FieldProof, Part, Proof, TxProof } from "./proof.js";
import { StepError } from "./step.js";
import type { Member } from "./voterset.js";

// The canonical binary forms of protocol §13.4. A decoder refuses bytes that differ from their own re-encoding.

const version = 1;
const maxSize = 32 << 20;
export const zeroSignature: Hex = "00".repeat(96);

/** Writers throw it for values without an encoding, readers for bytes that no writer makes. Decoders make it a StepError. */
class EncodingError extends Error {}

class Reader {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  take(n: number): Uint8Array {
    if (n > this.left) throw new EncodingError(`expected ${n} more bytes, found ${this.left}`);
    this.at += n;
    return this.bytes.subarray(this.at - n, this.at);
  }
  get left(): number {
    return this.bytes.length - this.at;
  }
  uint(bytes: number): number {
    return this.take(bytes).reduce((v, b) => v * 256 + b, 0);
  }
  u64(): bigint {
    const b = this.take(8);
    return new DataView(b.buffer, b.byteOffset, 8).getBigUint64(0);
  }
  bool(): boolean {
    const v = this.uint(1);
    if (v > 1) throw new EncodingError(`expected 0 or 1, found ${v}`);
    return v === 1;
  }
  hex(bytes: number): Hex {
    return toHex(this.take(bytes));
  }
  bytesOf(length: number): Hex {
    return this.hex(this.uint(length));
  }
  /** Reads items until one is not there, so a number of items that the bytes don't have costs nothing. */
  list<T>(length: number, item: () => T): T[] {
    const out: T[] = [];
    for (let left = this.uint(length); left > 0; left--) out.push(item());
    return out;
  }
}

class Writer {
  private readonly parts: Uint8Array[] = [];

  raw(part: Uint8Array): this {
    this.parts.push(part);
    return this;
  }
  uint(bytes: number, v: number): this {
    if (v >= 2 ** (8 * bytes)) throw new EncodingError(`expected a number of ${bytes} bytes, found ${v}`);
    return this.raw(Uint8Array.from({ length: bytes }, (_, i) => Math.floor(v / 2 ** (8 * (bytes - 1 - i))) % 256));
  }
  u64(v: bigint): this {
    return this.raw(u64(BigInt.asUintN(64, v)));
  }
  bool(v: boolean): this {
    return this.uint(1, v ? 1 : 0);
  }
  hex(v: Hex): this {
    return this.raw(fromHex(v));
  }
  bytesOf(length: number, v: Hex): this {
    return this.uint(length, v.length / 2).hex(v);
  }
  list<T>(length: number, items: readonly T[], item: (v: T) => void): this {
    this.uint(length, items.length);
    items.forEach(item);
    return this;
  }
  done(): Uint8Array {
    return concat(this.parts);
  }
}

function encoder<T>(write: (w: Writer, v: T) => void): (v: T) => Uint8Array {
  return (v) => {
    const w = new Writer().uint(1, version);
    write(w, v);
    return w.done();
  };
}

function decoder<T>(read: (r: Reader) => T, encode: (v: T) => Uint8Array): (bytes: Uint8Array) => T {
  return (bytes) => {
    try {
      if (bytes.length > maxSize) throw new EncodingError(`expected at most ${maxSize} bytes, found ${bytes.length}`);
      const r = new Reader(bytes);
      const found = r.uint(1);
      if (found !== version) throw new EncodingError(`expected version ${version}, found ${found}`);
      const out = read(r);
      if (r.left > 0) throw new EncodingError(`expected the end, found ${r.left} more bytes`);
      if (!sameBytes(encode(out), bytes)) throw new EncodingError("another encoding of the same content");
      return out;
    } catch (e) {
      if (e instanceof EncodingError) throw new StepError("decode", e.message);
      throw e;
    }
  };
}

function readCheckpoint(r: Reader): Checkpoint {
  return {
    epoch: r.u64(), parentRoot: r.hex(32), height: r.u64(), timeMs: r.u64(), blockHash: r.hex(32), historySize: r.u64(), historyRoot: r.hex(32),
    pair: r.u64(), degraded: r.bool(), anchor: r.u64(), voterSetHash: r.hex(32), nextVoterSetHash: r.hex(32),
  };
}

/** The fields that follow from the previous checkpoint. */
const derived = (before: Checkpoint, c: Checkpoint): Checkpoint => ({
  ...c, epoch: wrap(before.epoch + 1n), parentRoot: rootOfCheckpoint(before), anchor: before.anchor, historySize: wrap(before.historySize + c.height - before.height),
});

function writeChild(w: Writer, before: Checkpoint, c: Checkpoint): void {
  if (!sameCheckpoint(derived(before, c), c)) throw new EncodingError(`checkpoint ${c.epoch} does not follow ${before.epoch}`);
  const changed = c.pair !== before.pair || c.degraded !== before.degraded || c.voterSetHash !== before.voterSetHash || c.nextVoterSetHash !== before.nextVoterSetHash;
  w.bool(changed).u64(c.height).u64(c.timeMs).hex(c.blockHash).hex(c.historyRoot);
  if (changed) w.u64(c.pair).bool(c.degraded).hex(c.voterSetHash).hex(c.nextVoterSetHash);
}

function readChild(r: Reader, before: Checkpoint): Checkpoint {
  const changed = r.bool();
  const c = { ...before, height: r.u64(), timeMs: r.u64(), blockHash: r.hex(32), historyRoot: r.hex(32) };
  if (!changed) return derived(before, c);
  return derived(before, { ...c, pair: r.u64(), degraded: r.bool(), voterSetHash: r.hex(32), nextVoterSetHash: r.hex(32) });
}

function writeCertificate(w: Writer, c: Certificate): void {
  w.raw(encodeCheckpoint(c.first)).uint(2, c.links.length);
  c.links.forEach((link, i) => {
    writeChild(w, i === 0 ? c.first : c.links[i - 1]!.target, link.target);
    if (link.signers === "") {
      if (!sameRef(link.source, zeroRef) || link.signature !== zeroSignature) throw new EncodingError("expected neither source nor signature without signers");
      w.uint(1, 0);
      return;
    }
    const inside = numberOf(c, link.source);
    if (inside === undefined) w.uint(1, 2).u64(link.source.epoch).hex(link.source.root);
    else w.uint(1, 1).uint(2, inside);
    w.bytesOf(2, link.signers).hex(link.signature);
  });
}

function readCertificate(r: Reader): Certificate {
  const first = readCheckpoint(r);
  let before = first;
  const read = r.list(2, () => {
    const target = readChild(r, before);
    before = target;
    const kind = r.uint(1);
    if (kind > 2) throw new EncodingError(`expected a source of kind 0, 1 or 2, found ${kind}`);
    const inside = kind === 1 ? r.uint(2) : undefined;
    const source = kind === 2 ? { epoch: r.u64(), root: r.hex(32) } : zeroRef;
    const [signers, signature] = kind === 0 ? ["", zeroSignature] : [r.bytesOf(2), r.hex(96)];
    return { inside, link: { target, source, signers, signature } };
  });
  const all = [first, ...read.map(({ link }) => link.target)];
  const links: Link[] = read.map(({ inside, link }) => {
    if (inside === undefined) return link;
    const source = all[inside];
    if (!source) throw new EncodingError(`expected a source among ${all.length} checkpoints, found number ${inside}`);
    return { ...link, source: refOf(source) };
  });
  return { first, links };
}

const writeMembers = (w: Writer, members: readonly Member[]) => w.list(4, members, (m) => w.hex(m.key).u64(m.power));
const readMembers = (r: Reader): Member[] => r.list(4, () => ({ key: r.hex(48), power: r.u64() }));

function writeHandOver(w: Writer, h: HandOver): void {
  writeCertificate(w, h.certificate);
  writeMembers(w.bool(h.next.full), h.next.members);
}
const readHandOver = (r: Reader): HandOver => ({ certificate: readCertificate(r), next: { full: r.bool(), members: readMembers(r) } });

function writeTrust(w: Writer, t: Trust): void {
  w.raw(encodeCheckpoint(t.checkpoint)).list(4, t.voters, (v) => w.hex(v.key).u64(v.rear).u64(v.current));
  writeMembers(w, t.next);
}
const readTrust = (r: Reader): Trust => ({
  checkpoint: readCheckpoint(r), voters: r.list(4, () => ({ key: r.hex(48), rear: r.u64(), current: r.u64() })), next: readMembers(r),
});

const writePath = (w: Writer, path: readonly Hex[]) => w.list(1, path, (h) => w.hex(h));
const readPath = (r: Reader): Hex[] => r.list(1, () => r.hex(32));
const writeBlock = (w: Writer, b: BlockProof) => writePath(w.u64(b.height).hex(b.hash), b.path);
const readBlock = (r: Reader): BlockProof => ({ height: r.u64(), hash: r.hex(32), path: readPath(r) });
const writeField = (w: Writer, f: FieldProof) => writePath(w.hex(f.hash), f.path);
const readField = (r: Reader): FieldProof => ({ hash: r.hex(32), path: readPath(r) });

function writeTx(w: Writer, t: TxProof): void {
  writePath(w.hex(t.hash).uint(4, t.index).uint(4, t.total), t.path);
  writeField(w, t.dataHash);
  writeBlock(w, t.block);
  writePath(w.uint(4, t.result.code).bytesOf(4, t.result.data).u64(t.result.gasWanted).u64(t.result.gasUsed), t.result.path);
  writeField(w, t.lastResultsHash);
  writeBlock(w, t.nextBlock);
}
const signed = (v: bigint): bigint => BigInt.asIntN(64, v);
const readTx = (r: Reader): TxProof => ({
  hash: r.hex(32), index: r.uint(4), total: r.uint(4), path: readPath(r), dataHash: readField(r), block: readBlock(r),
  result: { code: r.uint(4), data: r.bytesOf(4), gasWanted: signed(r.u64()), gasUsed: signed(r.u64()), path: readPath(r) },
  lastResultsHash: readField(r), nextBlock: readBlock(r),
});

/** Names contain only characters that every JSON writer writes alike. */
export function validName(name: string): boolean {
  return /^[!#-[\]-~]{1,64}$/.test(name);
}

const maxCommitment = 64 << 10;

/** ICS-23 proofs have their own bound: a valid one is never megabytes long. */
export function validCommitment(commitment: Hex): boolean {
  return commitment.length <= 2 * maxCommitment;
}

function writeCommitment(w: Writer, commitment: Hex): void {
  if (!validCommitment(commitment)) throw new EncodingError(`expected an ICS-23 proof of at most ${maxCommitment} bytes, found ${commitment.length / 2}`);
  w.bytesOf(4, commitment);
}

function writeName(w: Writer, name: string): void {
  if (!validName(name)) throw new EncodingError(`expected 1 to 64 characters of printable ASCII, found ${JSON.stringify(name)}`);
  w.bytesOf(1, toHex(Uint8Array.from(name, (c) => c.charCodeAt(0))));
}
const readName = (r: Reader): string => String.fromCharCode(...fromHex(r.bytesOf(1)));

function writePart(w: Writer, part: Part): void {
  if (part.kind === "block") return void writeBlock(w.uint(1, 0), part.block);
  if (part.kind === "tx") return writeTx(w.uint(1, 1), part.tx);
  const s = part.state;
  writeName(w.uint(1, 2), s.store);
  w.bytesOf(2, s.key).bytesOf(4, s.value);
  writeCommitment(w, s.inStore);
  writeCommitment(w, s.inApp);
  writeField(w, s.appHash);
  writeBlock(w, s.block);
}

function readPart(r: Reader): Part {
  const kind = r.uint(1);
  if (kind === 0) return { kind: "block", block: readBlock(r) };
  if (kind === 1) return { kind: "tx", tx: readTx(r) };
  if (kind !== 2) throw new EncodingError(`expected a proof of kind 0, 1 or 2, found ${kind}`);
  return {
    kind: "state",
    state: {
      store: readName(r), key: r.bytesOf(2), value: r.bytesOf(4), inStore: r.bytesOf(4), inApp: r.bytesOf(4), appHash: readField(r), block: readBlock(r),
    },
  };
}

function writeProof(w: Writer, p: Proof): void {
  writeName(w, p.chainId);
  w.bool(p.trust !== undefined);
  if (p.trust) writeTrust(w, p.trust);
  w.list(4, p.handOvers, (h) => writeHandOver(w, h));
  writePart(w, p.part);
}

function readProof(r: Reader): Proof {
  const chainId = readName(r);
  const trust = r.bool() ? { trust: readTrust(r) } : {};
  return { chainId, ...trust, handOvers: r.list(4, () => readHandOver(r)), part: readPart(r) };
}

export const encodeCertificate = encoder(writeCertificate);
export const encodeHandOver = encoder(writeHandOver);
export const encodeTrust = encoder(writeTrust);
export const encodeProof = encoder(writeProof);

/** Decoders of the canonical binary forms. They throw a StepError of step "decode". */
export const decodeCertificate = decoder(readCertificate, encodeCertificate);
export const decodeHandOver = decoder(readHandOver, encodeHandOver);
export const decodeTrust = decoder(readTrust, encodeTrust);
export const decodeProof = decoder(readProof, encodeProof);
