import { bls12_381 } from "@noble/curves/bls12-381.js";
import { fromHex, type Hex } from "./bytes.js";

// BLS12-381 with public keys in G1 and signatures in G2, proof-of-possession suite (protocol §2). The chain guarantees that
// possession was proven for every key that a trusted checkpoint commits to.

const suite = "BLS_SIG_BLS12381G2_XMD:SHA-256_SSWU_RO_POP_";
const { longSignatures, G1, G2 } = bls12_381;

type Key = ReturnType<typeof G1.Point.fromBytes>;
type Signature = ReturnType<typeof G2.Point.fromBytes>;

/** Reads a point in its one canonical encoding: in the subgroup, not the identity. */
function parse<P extends { assertValidity(): void; is0(): boolean; isTorsionFree(): boolean; toHex(compressed?: boolean): string }>(
  read: (bytes: Uint8Array) => P, hex: Hex,
): P {
  const point = read(fromHex(hex));
  point.assertValidity();
  if (point.is0() || !point.isTorsionFree()) throw new RangeError("expected a point of the subgroup, not the identity");
  if (point.toHex(true) !== hex) throw new RangeError("expected the canonical encoding of the point");
  return point;
}

/** Keys remembers parsed public keys, because parsing one costs a square root and a subgroup check. */
export class Keys {
  private readonly parsed = new Map<Hex, Key>();

  /** The maximum number of remembered keys. */
  constructor(private readonly size = 100_000) {}

  /** Throws if the text is not a public key. */
  parse(hex: Hex): Key {
    const known = this.parsed.get(hex);
    if (known) return known;
    const key = parse((bytes) => G1.Point.fromBytes(bytes), hex);
    if (this.parsed.size >= this.size) this.parsed.clear();
    this.parsed.set(hex, key);
    return key;
  }
}

/** Whether a signature is the aggregate of all these keys' on one message. */
export function verifyAggregate(keys: Key[], message: Uint8Array, signature: Hex): boolean {
  try {
    const sum = keys.reduce((total, key) => total.add(key), G1.Point.ZERO);
    const point: Signature = parse((bytes) => G2.Point.fromBytes(bytes), signature);
    return !sum.is0() && longSignatures.verify(point, longSignatures.hash(message, suite), sum);
  } catch {
    return false; // not a point
  }
}

export type { Key };
