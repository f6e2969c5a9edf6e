import { canonical, isObject } from "./answer.js";
import { Keys } from "./bls.js";
import { concat, type Hex } from "./bytes.js";
import { domainOf, type Ref } from "./checkpoint.js";
import { verifyChain, validateTrustAt, type HandOver, type Options, type Trust } from "./chain.js";
import { decodeCertificate, decodeHandOver, decodeProof, decodeTrust } from "./codec.js";
import { verifyProof, type Outcome, type Subject } from "./proof.js";
import { isMissing } from "./reason.js";
import { check } from "./step.js";

/** The settings of a client. */
export interface ClientOptions {
  /** The REST address of a node, http://HOST:PORT. The node is not trusted. */
  readonly node: string;
  readonly chainId: string;
  /** A finalized checkpoint from a source that you trust: its epoch and root, or the whole trust. */
  readonly trust: Ref | Trust;
  /** The chain's unbonding time. Older trust is refused. */
  readonly unbondingMs: number;
  /** Replaces the global fetch. */
  readonly fetch?: typeof fetch;
}

/** The node does not have the requested data, or not yet. */
export class NotThereError extends Error {
  override readonly name = "NotThereError";
}

/** No working node answered. The same request may succeed the next time. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/** The time limit for one answer. */
const requestTimeoutMs = 15_000;
/** The size limit of one answer, in bytes. */
const maxAnswer = 32 << 20;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Follows a chain in skipping mode and verifies a node's claims about transactions. */
export class LightClient {
  private readonly keys = new Keys();
  private known: Trust | undefined;

  constructor(private readonly options: ClientOptions) {}

  /** The newest verified checkpoint, or the first trusted one. Keep it: the next client may start there. */
  async trust(): Promise<Trust> {
    return this.trustUntil(Infinity);
  }

  /** Verifies what became final since the last call, and returns the newest checkpoint. Throws a StepError if it is invalid. */
  async update(): Promise<Trust> {
    for (let more = true; more; ) {
      const answer = await this.get(`hand_overs/${(await this.trust()).checkpoint.pair}`);
      const handOvers = (answer.hand_overs as unknown[]).map((h) => decodeHandOver(canonical(h)));
      await this.advance(handOvers);
      more = answer.more === true && handOvers.length > 0;
    }
    const newest = decodeCertificate(canonical(await this.get("certificates/finalized")));
    const trust = await this.trust();
    if (newest.first.epoch <= trust.checkpoint.epoch) return trust;
    return this.advance([{ certificate: newest, next: { full: false, members: [] } }]);
  }

  /** Proves that a transaction is final, and returns its outcome. Throws a NotThereError while that can't be proven. */
  async prove(txHash: Hex): Promise<Outcome> {
    return this.proveUntil(Infinity, txHash);
  }

  /**
   * Waits until a transaction is proven final. Check the outcome's tx.result.code: a failed transaction is final, too. An
   * unreachable node is asked again until the time is over; an invalid proof is an error at once.
   */
  async waitForFinality(txHash: Hex, { timeoutMs = 60_000, pollMs = 500 } = {}): Promise<Outcome> {
    const end = Date.now() + timeoutMs;
    for (let last: Error | undefined; ; await wait(pollMs)) {
      try {
        return await this.proveUntil(end, txHash);
      } catch (e) {
        if (!(e instanceof NotThereError || e instanceof UnavailableError)) throw e;
        const more = Date.now() + pollMs <= end;
        if (more || !last) last = e; // the last attempt may have failed only because the time was over
        if (more) continue;
        const Failure = last instanceof NotThereError ? NotThereError : UnavailableError;
        throw new Failure(`expected transaction ${txHash} to be final within ${timeoutMs} ms: ${last.message}`, { cause: last });
      }
    }
  }

  /**
   * Proves what a store has under a key after the block of a height, or without one, the latest state that can be proven. That is no
   * older than the block before the trusted checkpoint's, so call update() first. Throws a NotThereError while it can't be proven.
   */
  async proveState(store: string, key: Hex, height?: bigint): Promise<Outcome> {
    const trust = await this.trust();
    const after = height === undefined ? "" : `&height=${height}`;
    const outcome = await this.verified(trust, `proofs/state/${encodeURIComponent(store)}/${key}?trust.epoch=${trust.checkpoint.epoch}${after}`, Infinity,
      { kind: "state", store, key, ...(height !== undefined && { height }) });
    check(height !== undefined || outcome.height + 1n >= trust.checkpoint.height, "subject", () =>
      `expected the state after block ${trust.checkpoint.height - 1n} or a later one, found that after block ${outcome.height}`);
    return outcome;
  }

  private async proveUntil(end: number, txHash: Hex): Promise<Outcome> {
    const trust = await this.trustUntil(end);
    return this.verified(trust, `proofs/tx/${txHash.toLowerCase()}?trust.epoch=${trust.checkpoint.epoch}`, end, { kind: "tx", txHash });
  }

  private async verified(trust: Trust, path: string, end: number, about: Subject): Promise<Outcome> {
    const answer = await this.get(path, end);
    return verifyProof(decodeProof(canonical(answer.proof)), this.options.chainId, trust, { ...this.verification(), about });
  }

  private async trustUntil(end: number): Promise<Trust> {
    if (this.known) return this.known;
    const { trust } = this.options;
    if ("checkpoint" in trust) return (this.known = trust);
    const found = decodeTrust(canonical(await this.get(`trust_points/${trust.epoch}`, end)));
    validateTrustAt(found, trust);
    return (this.known = found);
  }

  private async advance(handOvers: HandOver[]): Promise<Trust> {
    const reached = verifyChain(domainOf(this.options.chainId), await this.trust(), handOvers, this.verification());
    this.known = reached.trust;
    if (reached.error) throw reached.error;
    return reached.trust;
  }

  private verification(): Options {
    return { nowMs: BigInt(Date.now()), unbondingMs: BigInt(this.options.unbondingMs), keys: this.keys };
  }

  private async get(path: string, end = Infinity): Promise<Json> {
    const ask = this.options.fetch ?? fetch;
    const url = `${this.options.node.replace(/\/$/, "")}/dualchain/finality/v1/${path}`;
    const signal = AbortSignal.timeout(Math.max(0, Math.min(requestTimeoutMs, Math.ceil(end - Date.now()))));
    let response: Response;
    let text: string | undefined;
    try {
      response = await ask(url, { signal });
      text = await read(response);
    } catch (e) {
      throw new UnavailableError(`${url}: ${reason(e)}`, { cause: e });
    }
    if (text === undefined) throw new Error(`${url}: expected at most ${maxAnswer} bytes, found more`);
    const body = parse(text);
    if (!body) {
      const found = `${response.headers.get("content-type") ?? "something"} ${JSON.stringify(text.slice(0, 80))}`;
      throw new UnavailableError(`${url}: expected an object in JSON, found ${found} with status ${response.status}: is this the REST address?`);
    }
    if (response.ok) return body;
    const message = `${url}: ${typeof body.message === "string" ? body.message : `expected status 200, found ${response.status}`}`;
    if (isMissing(body)) throw new NotThereError(message);
    throw response.status >= 500 ? new UnavailableError(message) : new Error(message);
  }
}

type Json = { readonly [name: string]: unknown };

/** The text of an answer, or undefined if it is too long. */
async function read(response: Response): Promise<string | undefined> {
  const chunks: Uint8Array[] = [];
  const reader = response.body?.getReader();
  for (let length = 0, chunk; reader && (chunk = (await reader.read()).value); ) {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= maxAnswer) continue;
    await reader.cancel();
    return undefined;
  }
  return new TextDecoder().decode(concat(chunks));
}

/** The JSON object in a text, if it is one. */
function parse(text: string): Json | undefined {
  try {
    const found: unknown = JSON.parse(text);
    return isObject(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** Why a request failed. Node.js says "fetch failed" and gives the reason in the cause. */
function reason(e: unknown): string {
  if (!(e instanceof Error)) return String(e);
  const said = e.message || String((e as { code?: unknown }).code ?? e.name);
  return e.cause === undefined ? said : `${said}: ${reason(e.cause)}`;
}
