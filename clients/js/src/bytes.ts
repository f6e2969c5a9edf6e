/** Bytes as lower-case hexadecimal. Hashes, keys and signatures are strings here: they compare and sort like their bytes. */
export type Hex = string;

const digits = "0123456789abcdef";

/** The bytes in lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): Hex {
  let out = "";
  for (const b of bytes) out += digits[b >> 4]! + digits[b & 15]!;
  return out;
}

/** The bytes of lower-case hexadecimal. */
export function fromHex(hex: Hex): Uint8Array {
  if (!isHex(hex)) throw new RangeError("expected lower-case hexadecimal digits, found others");
  const out = new Uint8Array(hex.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = parseInt(hex.slice(2 * i, 2 * i + 2), 16);
  return out;
}

/** Whether a text is lower-case hexadecimal of whole bytes: of so many, if that is given. */
export function isHex(text: string, bytes = text.length / 2): boolean {
  return text.length === 2 * bytes && /^([0-9a-f]{2})*$/.test(text);
}

/** All of these one after the other. */
export function concat(...parts: Uint8Array[]): Uint8Array {
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

/** The characters of a text that has ASCII only. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

/** Adds and subtracts as 64-bit integers do: modulo 2^64. */
export const wrap = (v: bigint): bigint => BigInt.asUintN(64, v);
