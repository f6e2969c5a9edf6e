// BLS12-381 that remembers its answers, also from run to run in a file. No mutant changes the library, so its answers stay the same. A
// point is only computed when a question about it has no answer yet.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

const nameOf = (...parts) => createHash("sha256").update(parts.join(" ")).digest("base64url");
const hexOf = (bytes) => Buffer.from(bytes).toString("hex");

/** A point by what it was made of. */
class Point {
  constructor(memory, name, make, left, right) {
    Object.assign(this, { memory, name, make, left, right });
  }

  /** The point of the library. A sum of thousands is computed from its first one on, without recursion. */
  real() {
    const sums = [];
    let at = this;
    while (!at.point && at.left) {
      sums.push(at);
      at = at.left;
    }
    at.point ??= at.make();
    for (const sum of sums.reverse()) sum.point = sum.left.point.add(sum.right.real());
    return this.point;
  }

  answer(method, ...args) {
    return this.memory.answer([this.name, method, ...args], () => this.real()[method](...args) ?? null);
  }

  assertValidity() { this.answer("assertValidity"); }
  is0() { return this.answer("is0"); }
  isTorsionFree() { return this.answer("isTorsionFree"); }
  toHex(compressed) { return this.answer("toHex", compressed); }
  add(other) { return new Point(this.memory, nameOf("add", this.name, other.name), undefined, this, other); }
}

/** The answers so far. With a file, they are read from it, and save writes them to it. */
export class Memory {
  constructor(file) {
    this.file = file;
    this.answers = new Map(file && existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : []);
    this.known = this.answers.size;
  }

  answer(question, compute) {
    const key = question.join(" ");
    if (!this.answers.has(key)) {
      let found;
      try {
        found = { value: compute() };
      } catch (e) {
        found = { error: String(e?.message) };
      }
      this.answers.set(key, found);
    }
    const { value, error } = this.answers.get(key);
    if (error !== undefined) throw new Error(error);
    return value;
  }

  save() {
    if (!this.file || this.answers.size === this.known) return;
    mkdirSync(path.dirname(this.file), { recursive: true });
    writeFileSync(this.file, JSON.stringify([...this.answers]));
  }
}

export function remembered(bls, memory) {
  const { longSignatures: long } = bls;
  const group = (label, library) => ({
    Point: {
      ZERO: new Point(memory, nameOf(label, "zero"), () => library.ZERO),
      fromBytes(bytes) {
        const name = nameOf(label, hexOf(bytes));
        const copy = Uint8Array.from(bytes);
        const point = new Point(memory, name, () => library.fromBytes(copy));
        memory.answer([name, "fromBytes"], () => { point.real(); return null; });
        return point;
      },
    },
  });
  return {
    G1: group("G1", bls.G1.Point), G2: group("G2", bls.G2.Point),
    longSignatures: {
      hash(message, suite) {
        const copy = Uint8Array.from(message);
        return new Point(memory, nameOf("hash", suite, hexOf(message)), () => long.hash(copy, suite));
      },
      verify: (signature, message, key) => memory.answer([signature.name, message.name, key.name, "verify"], () => long.verify(signature.real(), message.real(), key.real())),
    },
  };
}
