// Readers of JSON by the rules of the documents: members come in any order, and each name is known and occurs once; null, escaped
// characters, fractions and trailing data are refused. JSON.parse would lose a repeated name. A reader reads token by token and stops at
// the first wrong one. So its time and memory are proportional to the text, and it nests no more deeply than the type that it reads.

/** The error of an invalid text. */
export class JsonError extends Error {}

/** Reads the next value. */
export type Read<T> = (from: Scanner) => T;
/** A member of an object. It may be missing if it has a value for that case. */
type Member<T> = Read<T> & { readonly missing?: T };

export class Scanner {
  private readonly token = /[ \t\r\n]*([{}[\]:,]|"[^"\\]*"|true|false|0|[1-9][0-9]*|$)/y;
  constructor(private readonly text: string) {}

  /** The position of the next token. */
  get at(): number {
    return this.token.lastIndex;
  }

  /** The next token, or "" at the end. */
  next(): string {
    const { at } = this;
    const found = this.token.exec(this.text);
    if (!found) throw new JsonError(`expected a token of a document at character ${at}, found ${JSON.stringify(this.text.slice(at, at + 20))}`);
    return found[1]!;
  }

  /** Consumes the next token, which must be this one. */
  accept(token: string): boolean {
    const { at } = this;
    if (this.next() === token) return true;
    this.token.lastIndex = at;
    return false;
  }

  expect(token: string): void {
    const found = this.next();
    if (found !== token) throw unexpected(token === "" ? "the end" : token, found);
  }

  /** Reads the items between brackets, separated by commas. */
  between(open: string, close: string, item: () => void): void {
    this.expect(open);
    if (this.accept(close)) return;
    do item();
    while (this.accept(","));
    this.expect(close);
  }

  /** Skips a value. */
  skip(): void {
    let depth = 0;
    do {
      const token = this.next();
      if (token === "") throw unexpected("a value", token);
      if (token === "{" || token === "[") depth++;
      if (token === "}" || token === "]") depth--;
    } while (depth > 0);
  }
}

const unexpected = (expected: string, found: string): JsonError => new JsonError(`expected ${expected}, found ${found.slice(0, 80) || "the end"}`);

export const string: Read<string> = (from) => {
  const token = from.next();
  if (!token.startsWith('"')) throw unexpected("a string", token);
  return token.slice(1, -1);
};

/** A string for which valid holds. */
export const stringOf = (what: string, valid: (text: string) => boolean): Read<string> => (from) => {
  const text = string(from);
  if (!valid(text)) throw unexpected(what, text);
  return text;
};

/** A whole number from 0 to most. */
export const numberTo = (most: number): Read<number> => (from) => {
  const token = from.next();
  if (!/^[0-9]{1,16}$/.test(token) || Number(token) > most) throw unexpected(`a number up to ${most}`, token);
  return Number(token);
};

/** A decimal string from least to most. */
export const decimal = (least: bigint, most: bigint): Read<bigint> => (from) => {
  const text = string(from);
  if (!/^(0|-?[1-9][0-9]{0,19})$/.test(text)) throw unexpected("a decimal string", text);
  const n = BigInt(text);
  if (n < least || n > most) throw unexpected(`${least} to ${most}`, text);
  return n;
};

export const boolean: Read<boolean> = (from) => {
  const token = from.next();
  if (token !== "true" && token !== "false") throw unexpected("true or false", token);
  return token === "true";
};

export const list = <T>(item: Read<T>): Read<T[]> => (from) => {
  const out: T[] = [];
  from.between("[", "]", () => { out.push(item(from)); });
  return out;
};

/** A member that may be missing. */
export const optional = <T>(read: Read<T>, missing: T): Member<T> => Object.assign((from: Scanner) => read(from), { missing });

/** An object with these members; theirName gives their names in JSON. */
export function object<T>(members: { readonly [K in keyof T]-?: Member<T[K]> }): Read<T> {
  const keys = new Map((Object.keys(members) as (keyof T & string)[]).map((key) => [key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), key]));
  return (from) => {
    const found = new Map<string, unknown>();
    from.between("{", "}", () => {
      const name = string(from);
      const key = keys.get(name);
      if (key === undefined) throw new JsonError(`unknown field ${name.slice(0, 80)}`);
      if (found.has(key)) throw new JsonError(`field ${name} stands twice`);
      from.expect(":");
      found.set(key, members[key](from));
    });
    for (const [name, key] of keys) {
      if (found.has(key)) continue;
      if (!("missing" in members[key])) throw new JsonError(`missing field ${name}`);
      found.set(key, members[key].missing);
    }
    return Object.fromEntries(found) as T;
  };
}

/** Reads a text that contains one value. */
export function readText<T>(text: string, read: Read<T>): T {
  const from = new Scanner(text);
  const out = read(from);
  from.expect("");
  return out;
}
