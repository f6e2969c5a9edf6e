import { decodeProof } from "./codec.js";
import { parseProof, textOf } from "./json.js";
import type { Proof } from "./proof.js";
import { StepError } from "./step.js";

const maxSize = 32 << 20;

/**
 * Reads a proof in any of its forms: the document as JSON or in binary, the answer of a light client, or the answer of a node.
 * Throws a StepError of step "decode" for anything else.
 */
export function readProof(content: string | Uint8Array): Proof {
  if (content.length > maxSize) throw new StepError("decode", `expected a proof of at most ${maxSize} bytes, found ${content.length}`);
  if (typeof content !== "string" && isBinary(content)) return decodeProof(content);
  // The documents have no byte order mark, so the decoder does not skip one.
  const text = typeof content === "string" ? content : new TextDecoder("utf-8", { ignoreBOM: true }).decode(content);
  const answer = orRefuse("expected a proof, found neither JSON nor binary", () => JSON.parse(text) as unknown);
  const inside = isObject(answer) && "proof" in answer;
  const proof = inside ? answer.proof : answer;
  if (isObject(proof) && "canonical" in proof) return decodeProof(canonical(proof));
  return parseProof(inside ? textOf(text, "proof") ?? "" : text);
}

/** The bytes of a node's answer, which carries them in base64. Throws a StepError of step "decode". */
export function canonical(answer: unknown): Uint8Array {
  const base64 = isObject(answer) ? answer.canonical : undefined;
  if (typeof base64 !== "string") throw new StepError("decode", `expected base64, found ${typeof base64}`);
  return Uint8Array.from(orRefuse("expected base64, found other characters", () => atob(base64)), (c) => c.charCodeAt(0));
}

export const isObject = (v: unknown): v is { readonly [name: string]: unknown } => typeof v === "object" && v !== null && !Array.isArray(v);

/** The binary forms begin with their version, which is less than every first character of JSON. */
const isBinary = (content: Uint8Array): boolean => content.length > 0 && content[0]! < 0x20 && !"\t\n\r".includes(String.fromCharCode(content[0]!));

function orRefuse<T>(reason: string, read: () => T): T {
  try {
    return read();
  } catch {
    throw new StepError("decode", reason);
  }
}
