import { Keys } from "./bls.js";
import { concat, type Hex } from "./bytes.js";
import { domainOf, type Ref } from "./checkpoint.js";
import { verifyChain, validateTrustAt, type HandOver, type Options, type Trust } from "./chain.js";
import { decodeCertificate, decodeHandOver, decodeProof, decodeTrust } from "./codec.js";
import { verifyProof, type Outcome } from "./proof.js";

/** What a client needs to know of a chain. */
export interface ClientOptions {
  /** The REST address of a node, http://HOST:PORT. The node is not trusted. */
  readonly node: string;
  readonly chainId: string;
  /** A finalized checkpoint from a source that you trust: its epoch and root, or all of it. */
  readonly trust: Ref | Trust;
  /** The chain's unbonding time: older trust is refused. */
  readonly unbondingMs: number;
  /** Instead of the global fetch. */
  readonly fetch?: typeof fetch;
}

/** The node has not got, or not yet, what it was asked for. */
export class NotThereError extends Error {
  override readonly name = "NotThereError";
}

/** How long a node may take for one answer. */
const requestTimeoutMs = 15_000;
/** How much of one answer is read, in bytes. */
const maxAnswer = 32 << 20;

const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Follows a chain in skipping mode and verifies what a node says of transactions. */
export class LightClient {
  private readonly keys = new Keys();
  private known: Trust | undefined;

  constructor(private readonly options: ClientOptions) {}

  /** The newest checkpoint that was verified, or the one that was trusted at first. Keep it: the next client may start there. */
  async trust(): Promise<Trust> {
    if (this.known) return this.known;
    const { trust } = this.options;
    if ("checkpoint" in trust) return (this.known = trust);
    const found = decodeTrust(canonical(await this.get(`trust_points/${trust.epoch}`)));
    validateTrustAt(found, trust);
    return (this.known = found);
  }

  /** Verifies what became final since, and returns the newest checkpoint. Throws a StepError for what doesn't verify. */
  async update(): Promise<Trust> {
    for (let more = true; more; ) {
      const answer = await this.get(`hand_overs/${(await this.trust()).checkpoint.pair}`);
      const handOvers = (answer.hand_overs as Json[]).map((h) => decodeHandOver(canonical(h)));
      await this.advance(handOvers);
      more = answer.more === true && handOvers.length > 0;
    }
    const newest = decodeCertificate(canonical(await this.get("certificates/finalized")));
    const trust = await this.trust();
    if (newest.first.epoch <= trust.checkpoint.epoch) return trust;
    return this.advance([{ certificate: newest, next: { full: false, members: [] } }]);
  }

  /** Proves that a transaction is final, and returns what became of it. Throws a NotThereError while that can't be proven. */
  async prove(txHash: Hex): Promise<Outcome> {
    const trust = await this.trust();
    const hash = txHash.toLowerCase();
    const answer = await this.get(`proofs/tx/${hash}?trust.epoch=${trust.checkpoint.epoch}`);
    const proof = decodeProof(canonical(answer.proof as Json));
    if (proof.part.kind !== "tx" || proof.part.tx.hash !== hash) throw new Error(`expected a proof of transaction ${hash}, found one of something else`);
    return verifyProof(proof, this.options.chainId, trust, this.verification());
  }

  /** Waits until a transaction is proven final. Look at the outcome's tx.result.code: a failed transaction is final, too. */
  async waitForFinality(txHash: Hex, { timeoutMs = 60_000, pollMs = 500 } = {}): Promise<Outcome> {
    for (const end = Date.now() + timeoutMs; ; ) {
      try {
        return await this.prove(txHash);
      } catch (e) {
        if (!(e instanceof NotThereError) || Date.now() + pollMs > end) throw e;
      }
      await wait(pollMs);
    }
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

  private async get(path: string): Promise<Json> {
    const ask = this.options.fetch ?? fetch;
    const signal = AbortSignal.timeout(requestTimeoutMs);
    const response = await ask(`${this.options.node.replace(/\/$/, "")}/dualchain/finality/v1/${path}`, { signal });
    const body = await read(response, path);
    if (response.ok) return body;
    const [notFound, failedPrecondition] = [5, 9]; // gRPC codes
    const Refusal = body.code === notFound || body.code === failedPrecondition ? NotThereError : Error;
    throw new Refusal(`${path}: ${String(body.message)}`);
  }
}

type Json = { readonly [name: string]: unknown };

/** The object in an answer, which is as long as the node wants. */
async function read(response: Response, path: string): Promise<Json> {
  const chunks: Uint8Array[] = [];
  const reader = response.body?.getReader();
  for (let length = 0, chunk; reader && (chunk = (await reader.read()).value); ) {
    chunks.push(chunk);
    length += chunk.length;
    if (length <= maxAnswer) continue;
    await reader.cancel();
    throw new Error(`${path}: expected at most ${maxAnswer} bytes, found more`);
  }
  const found: unknown = JSON.parse(new TextDecoder().decode(concat(chunks)));
  if (typeof found !== "object" || found === null) throw new Error(`${path}: expected an object, found something else`);
  return found as Json;
}

/** The canonical bytes of an answer, which carries them in base64. */
function canonical(answer: Json): Uint8Array {
  if (typeof answer.canonical !== "string") throw new Error(`expected base64, found ${typeof answer.canonical}`);
  return Uint8Array.from(atob(answer.canonical), (c) => c.charCodeAt(0));
}
