import { fromHex, wrap, type Hex } from "./bytes.js";
import { Keys, verifyAggregate, type Key } from "./bls.js";
import { notExtending, refOf, sameRef, signingRoot, type Checkpoint, type Ref } from "./checkpoint.js";
import { check } from "./step.js";
import { currentSide, hashSide, hashVoters, hasQuorum, hasSigned, invalidSide, invalidSigners, invalidVoters, stitch, type Side, type VoterSet } from "./voterset.js";

/** A checkpoint and, unless signers is empty, the quorum of votes that justifies it. */
export interface Link {
  readonly target: Checkpoint;
  readonly source: Ref;
  /** A bitfield over the target's voter set. */
  readonly signers: Hex;
  readonly signature: Hex;
}

/** Proves that a checkpoint is final: the last link's source, which is one of its checkpoints (protocol §13). */
export interface Certificate {
  readonly first: Checkpoint;
  readonly links: readonly Link[];
}

/** Checkpoint number i; number 0 is first. */
export const checkpointOf = (c: Certificate, i: number): Checkpoint => (i === 0 ? c.first : c.links[i - 1]!.target);

/** The number of a checkpoint, or nothing if the certificate does not contain it. */
export function numberOf(c: Certificate, ref: Ref): number | undefined {
  const i = wrap(ref.epoch - c.first.epoch); // decoded epochs may wrap past the last one; verification refuses that
  if (i > BigInt(c.links.length)) return undefined;
  return sameRef(refOf(checkpointOf(c, Number(i))), ref) ? Number(i) : undefined;
}

/** The number of the checkpoint that the certificate proves final, if the certificate contains it. */
export const finalNumber = (c: Certificate): number | undefined => (c.links.length ? numberOf(c, c.links[c.links.length - 1]!.source) : undefined);

/** Verifies the certificates of one pair. It holds the pair's voters with their keys, and the next set if that is known. */
export interface Pair {
  readonly voters: VoterSet;
  readonly hash: Hex;
  readonly keys: readonly Key[];
  readonly next?: { readonly side: Side; readonly hash: Hex };
}

/** Throws if the set or a key in it is invalid. The caller knows that a trusted checkpoint commits to the voters. */
export function newPair(voters: VoterSet, keys: Keys): Pair {
  const broken = invalidVoters(voters);
  if (broken !== undefined) throw new RangeError(broken);
  return { voters, hash: hashVoters(voters), keys: voters.map((v) => keys.parse(v.key)) };
}

/** The pair with the set that follows it. Throws if the set is invalid. */
export function withNext(pair: Pair, side: Side): Pair {
  const broken = invalidSide(side);
  if (broken !== undefined) throw new RangeError(broken);
  return { ...pair, next: { side, hash: hashSide(side) } };
}

/** The pair that votes on checkpoints after this pair: (current, next). */
export function follow(pair: Pair, c: Checkpoint, keys: Keys): Pair {
  check(pair.next !== undefined, "set", () => `pair ${c.pair} follows one whose next set is not known`);
  const voters = stitch(currentSide(pair.voters), pair.next.side);
  let following: Pair;
  try {
    following = newPair(voters, keys);
  } catch (e) {
    check(false, "set", () => String(e));
  }
  check(c.voterSetHash === following.hash, "set", () => `voters of epoch ${c.epoch}: expected hash ${following.hash}, found ${c.voterSetHash}`);
  return following;
}

/** Checks that all checkpoints descend from the anchor of this epoch (protocol §7). Throws a StepError. */
export function checkAnchor(c: Certificate, anchor: bigint): void {
  for (const { epoch, anchor: found } of [c.first, ...c.links.map((link) => link.target)]) {
    check(found === anchor, "anchor", () => `checkpoint ${epoch}: expected the anchor of epoch ${anchor}, found that of epoch ${found}` +
      (found > anchor ? ": governance has re-anchored the chain; take that checkpoint from a source you trust" : ""));
  }
}

/** Verifies a certificate on the chain with this domain, given the pair of its first checkpoint. Throws a StepError. */
export function verifyCertificate(c: Certificate, domain: Hex, pair: Pair, allowDegraded: boolean, keys: Keys): Pair[] {
  checkAnchor(c, c.first.anchor);
  const final = finalNumber(c);
  check(final !== undefined, "source", () => "expected a last link from one of the certificate's checkpoints");
  check(c.first.voterSetHash === pair.hash, "set", () => `voters of epoch ${c.first.epoch}: expected hash ${pair.hash}, found ${c.first.voterSetHash}`);
  check(!pair.next || c.first.nextVoterSetHash === pair.next.hash, "set", () => `next set of epoch ${c.first.epoch} is another`);
  const pairs = [pair];
  c.links.forEach((link, i) => {
    const { target } = link;
    check(allowDegraded || !target.degraded, "degraded", () => `epoch ${target.epoch}: trust has to be set anew`); // if first is, every target has to be
    pairs.push(extend(checkpointOf(c, i), target, pairs[i]!, keys));
    if (link.signers === "") {
      check(i + 1 <= final, "quorum", () => `expected a link to epoch ${target.epoch}, found none`);
    } else {
      verifyLink(c, link, domain, pairs[i + 1]!);
    }
  });
  return pairs;
}

function extend(before: Checkpoint, target: Checkpoint, pair: Pair, keys: Keys): Pair {
  const broken = notExtending(target, before);
  check(broken === undefined, "extends", () => broken!);
  return target.pair === before.pair ? pair : follow(pair, target, keys);
}

function verifyLink(c: Certificate, link: Link, domain: Hex, pair: Pair): void {
  const target = refOf(link.target);
  check(link.source.epoch < target.epoch && justified(c, link.source), "source", () => `link to epoch ${target.epoch} from ${link.source.epoch}`);
  const signers = fromHex(link.signers);
  const stray = invalidSigners(signers, pair.voters.length);
  check(stray === undefined, "signers", () => stray!);
  check(hasQuorum(pair.voters, signers), "quorum", () => `epoch ${target.epoch}: expected two thirds of both sides, found less`);
  const keys = pair.keys.filter((_, i) => hasSigned(signers, i));
  check(verifyAggregate(keys, signingRoot(domain, link.source, target), link.signature), "signature", () => `epoch ${target.epoch}`);
}

/** Whether links may start from a checkpoint: it is earlier than the certificate's checkpoints or justified in it. */
function justified(c: Certificate, source: Ref): boolean {
  if (source.epoch < c.first.epoch) return true;
  const number = numberOf(c, source);
  return number === 0 || (number !== undefined && c.links[number - 1]!.signers !== "");
}
