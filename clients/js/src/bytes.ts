/** Bytes as lower-case hexadecimal. Hashes, keys and signatures are such strings: they compare and sort like their bytes. */
export type Hex = string;

// Some of these texts have millions of characters, so avoid regular expressions that backtrack and spread arguments.

const digits = new TextEncoder().encode("0123456789abcdef");
const utf8 = new TextDecoder();

/** The bytes in lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): Hex {
  const out = new Uint8Array(2 * bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    out[2 * i] = digits[bytes[i]! >> 4]!;
    out[2 * i + 1] = digits[bytes[i]! & 15]!;
  }
  return utf8.decode(out);
}

/** The bytes of lower-case hexadecimal. */
export function fromHex(hex: Hex): Uint8Array {
  if (!isHex(hex)) throw new RangeError("expected lower-case hexadecimal digits, found others");
  const out = new Uint8Array(hex.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = (digitAt(hex, 2 * i) << 4) | digitAt(hex, 2 * i + 1);
  return out;
}

/** Whether a text is lower-case hexadecimal of whole bytes, and of this number of bytes if it is given. */
export function isHex(text: string, bytes = text.length / 2): boolean {
  if (text.length % 2 !== 0 || text.length !== 2 * bytes) return false;
  for (let i = 0; i < text.length; i++) if (digitAt(text, i) < 0) return false;
  return true;
}

/** The value of a digit, or -1 for another character. */
function digitAt(text: string, i: number): number {
  const c = text.charCodeAt(i);
  if (c >= 48 && c <= 57) return c - 48; // 0 to 9
  return c >= 97 && c <= 102 ? c - 87 : -1; // a to f
}

/** Whether these are the same bytes. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** The concatenation of all parts. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** 64 bits, big-endian. */
export function u64(v: bigint): Uint8Array {
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, v);
  return out;
}

/** A number in base 128, as protobuf writes it. */
export function varint(v: bigint): Uint8Array {
  const out: number[] = [];
  for (; v >= 0x80n; v >>= 7n) out.push(Number(v & 0x7fn) | 0x80);
  return Uint8Array.of(...out, Number(v));
}

/** The bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** Wraps a sum or difference like 64-bit integers: modulo 2^64. */
export const wrap = (v: bigint): bigint => BigInt.asUintN(64, v);
