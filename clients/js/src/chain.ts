import { Keys } from "./bls.js";
import { wrap, type Hex } from "./bytes.js";
import { notExtending, refOf, rootOfCheckpoint, sameCheckpoint, sameRef, type Checkpoint, type Ref } from "./checkpoint.js";
import { checkAnchor, checkpointOf, finalNumber, follow, newPair, verifyCertificate, withNext, type Certificate, type Pair } from "./certificate.js";
import { check, StepError } from "./step.js";
import { currentSide, hashSide, hashVoters, invalidSide, invalidVoters, type Member, type Side, type VoterSet } from "./voterset.js";

/** The start of a verification: a checkpoint that is known to be final, the voters of its pair, and the next set. */
export interface Trust {
  readonly checkpoint: Checkpoint;
  readonly voters: VoterSet;
  readonly next: Side;
}

/** The next set, as changes to the previously trusted one (power 0: the member leaves) or in full. */
export interface NextSet {
  readonly full: boolean;
  readonly members: readonly Member[];
}

/** Moves trust to a later checkpoint: a certificate that it is final, and the next set after its pair. */
export interface HandOver {
  readonly certificate: Certificate;
  readonly next: NextSet;
}

/** How a client keeps up, which decides what two conflicting certificates prove to it (protocol §13.2). */
export type Mode = "skipping" | "following";

/** Options of a verification. */
export interface Options {
  readonly mode?: Mode;
  /** The caller's time and the chain's unbonding time, in milliseconds. Older trust is refused. */
  readonly nowMs: bigint;
  readonly unbondingMs: bigint;
  /** How far ahead of nowMs a checkpoint may be that is trusted, or becomes trusted. Without it, or with 0, that is 10 seconds. */
  readonly clockDriftMs?: bigint;
  /** Accepts checkpoints whose powers the inactivity leak has lowered. */
  readonly allowDegraded?: boolean;
  /** Remembers parsed keys between calls. */
  readonly keys?: Keys;
}

/** Checks that the members are those that the checkpoint commits to. Throws a StepError. */
export function validateTrust(t: Trust): void {
  const broken = invalidVoters(t.voters) ?? invalidSide(t.next);
  check(broken === undefined, "trust", () => broken!);
  check(hashVoters(t.voters) === t.checkpoint.voterSetHash, "trust", () => "the voters are not those that the checkpoint commits to");
  check(hashSide(t.next) === t.checkpoint.nextVoterSetHash, "trust", () => "the next set is not the one that the checkpoint commits to");
}

/** Checks that t is trust in the checkpoint with this epoch and root. They bind every other part. Throws a StepError. */
export function validateTrustAt(t: Trust, ref: Ref): void {
  check(sameRef(refOf(t.checkpoint), ref), "trust", () =>
    `expected the checkpoint of epoch ${ref.epoch} with root ${ref.root}, found epoch ${t.checkpoint.epoch} with root ${rootOfCheckpoint(t.checkpoint)}`);
  validateTrust(t);
}

/** What a chain of hand-overs has proven, and the error of the first invalid one, if any. */
export interface Reached {
  readonly trust: Trust;
  readonly verified: number;
  readonly error?: StepError;
}

/** Verifies hand-overs in order, starting from trust, on the chain with this domain. It never throws a StepError. */
export function verifyChain(domain: Hex, trust: Trust, handOvers: readonly HandOver[], options: Options): Reached {
  let reached = trust;
  let verified = 0;
  try {
    validateTrust(trust);
    checkAge(trust.checkpoint, options);
    checkArrived(trust.checkpoint, options);
    if (handOvers.length === 0) return { trust, verified };
    const keys = options.keys ?? new Keys();
    let pair: Pair;
    try {
      pair = withNext(newPair(trust.voters, keys), trust.next);
    } catch (e) {
      throw new StepError("trust", String(e));
    }
    let checkpoint = trust.checkpoint;
    for (const handOver of handOvers) {
      [checkpoint, pair] = step(domain, checkpoint, pair, handOver, options, keys);
      checkArrived(checkpoint, options);
      reached = { checkpoint, voters: pair.voters, next: pair.next!.side };
      verified++;
    }
    return { trust: reached, verified };
  } catch (e) {
    if (e instanceof StepError) return { trust: reached, verified, error: e };
    throw e;
  }
}

/** Without the time, a verifier does not know whether the voters still have their stake. */
function checkAge(c: Checkpoint, { nowMs, unbondingMs }: Options): void {
  check(nowMs > 0n, "expired", () => `expected the time, found ${nowMs} ms`);
  const age = nowMs - c.timeMs;
  check(age <= 0n || age <= unbondingMs, "expired", () =>
    `the checkpoint of epoch ${c.epoch} is ${age / 1000n} s old, expected at most ${unbondingMs / 1000n} s: take a newer one from a source you trust`);
}

const defaultDriftMs = 10_000n;

/** Trust in a checkpoint from the future would outlast the unbonding time. */
function checkArrived(c: Checkpoint, { nowMs, clockDriftMs = defaultDriftMs }: Options): void {
  const drift = clockDriftMs > 0n ? clockDriftMs : defaultDriftMs;
  check(c.timeMs - nowMs <= drift, "future", () =>
    `the checkpoint of epoch ${c.epoch} is ${(c.timeMs - nowMs) / 1000n} s ahead of this clock, expected at most ${drift / 1000n} s: set the clock, or else a quorum of the voters lies`);
}

/** Verifies one hand-over from a trusted checkpoint and its pair, and returns the next checkpoint and pair. */
function step(domain: Hex, trusted: Checkpoint, pair: Pair, h: HandOver, options: Options, keys: Keys): [Checkpoint, Pair] {
  const c = h.certificate;
  checkAnchor(c, trusted.anchor);
  comesAfter(trusted, c, options.mode ?? "skipping");
  const installed = c.first.pair !== trusted.pair;
  let first = installed ? jump(trusted, pair, c.first, keys) : pair;
  const next = apply(h.next, pair.next!.side);
  if (installed) first = commitTo(first, next, c.first);
  const pairs = verifyCertificate(c, domain, first, options.allowDegraded === true, keys);
  const final = finalNumber(c)!;
  return [checkpointOf(c, final), commitTo(pairs[final]!, next, checkpointOf(c, final))];
}

/** The pair of a later checkpoint. It may be several installations later if all but the last changed nothing. */
function jump(trusted: Checkpoint, pair: Pair, first: Checkpoint, keys: Keys): Pair {
  check(first.pair <= wrap(trusted.pair + 1n) || hashSide(currentSide(pair.voters)) === pair.next!.hash, "set", () =>
    `expected a hand-over for pair ${trusted.pair + 1n}, which changed something, found one for pair ${first.pair}`);
  return follow(pair, first, keys);
}

function commitTo(pair: Pair, next: Side, c: Checkpoint): Pair {
  const committed = withNext(pair, next);
  check(c.nextVoterSetHash === committed.next!.hash, "next", () => `next set of epoch ${c.epoch}: expected hash ${c.nextVoterSetHash}, found ${committed.next!.hash}`);
  return committed;
}

function comesAfter(trusted: Checkpoint, c: Certificate, mode: Mode): void {
  if (!sameCheckpoint(c.first, trusted)) {
    check(mode === "skipping", "order", () => `expected a certificate from epoch ${trusted.epoch} on, found one from epoch ${c.first.epoch}`);
    const broken = notLater(trusted, c.first);
    check(broken === undefined, "order", () => broken!);
  }
  const final = finalNumber(c);
  check(final === undefined || checkpointOf(c, final).epoch > trusted.epoch, "order", () => `expected a final checkpoint after epoch ${trusted.epoch}`);
}

/** Why c cannot descend from an earlier checkpoint that is not its parent, or nothing if it can. */
function notLater(before: Checkpoint, c: Checkpoint): string | undefined {
  if (c.epoch <= before.epoch) return `expected an epoch after ${before.epoch}, found ${c.epoch}`;
  if (c.epoch === before.epoch + 1n) return notExtending(c, before);
  if (c.height <= before.height || c.timeMs < before.timeMs || c.pair < before.pair) return "expected a greater height, a time and a pair not before";
  if (c.height - before.height !== wrap(c.historySize - before.historySize)) return "expected a history longer by as much as the height";
  return undefined;
}

/** The set that n describes, given the previously trusted set. Throws a StepError. */
export function apply(n: NextSet, before: Side): Side {
  check(n.members.every((m, i) => i === 0 || n.members[i - 1]!.key < m.key), "next", () => "expected members in strictly ascending order");
  const out: Member[] = [];
  const base = n.full ? [] : before;
  let [i, j] = [0, 0];
  while (i < base.length || j < n.members.length) {
    const [old, change] = [base[i], n.members[j]];
    if (change === undefined || (old !== undefined && old.key < change.key)) {
      out.push(old!);
      i++;
    } else if (old === undefined || change.key < old.key) {
      out.push(change);
      j++;
    } else {
      check(old.power !== change.power, "next", () => `member ${old.key} has power ${old.power} already`);
      if (change.power > 0n) out.push(change);
      [i, j] = [i + 1, j + 1];
    }
  }
  const broken = invalidSide(out);
  check(broken === undefined, "next", () => broken!);
  return out;
}
