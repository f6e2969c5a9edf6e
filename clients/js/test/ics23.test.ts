import assert from "node:assert/strict";
import { test } from "node:test";
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, toHex, varint, type Hex } from "../src/bytes.js";
import { hasKey, iavlTree, lacksKey, readCommitment, simpleTree, type Commitment, type Tree } from "../src/ics23.js";

// Trees of both kinds and of many sizes, built here, and what proves that they have a key or lack it. Operations are changed so that
// they still lead to a root: only the rules about them can refuse such a proof.

interface Leaf { hash: bigint; prehashKey: bigint; prehashValue: bigint; length: bigint; prefix: Uint8Array }
interface Inner { hash: bigint; prefix: Uint8Array; suffix: Uint8Array }
interface Existence { key: Uint8Array; value: Uint8Array; leaf?: Leaf; path: Inner[] }

const none = new Uint8Array();
const bytes = (...v: number[]): Uint8Array => Uint8Array.from(v);
const filled = (length: number): Uint8Array => new Uint8Array(length).fill(7);

// The encoding.
const field = (n: number, of: Uint8Array): Uint8Array => concat([bytes(n * 8 + 2), varint(BigInt(of.length)), of]);
const raw = (n: number, of: Uint8Array): Uint8Array => (of.length === 0 ? none : field(n, of));
const number = (n: number, v: bigint): Uint8Array => (v === 0n ? none : concat([bytes(n * 8), varint(v)]));
const leafBytes = (l: Leaf): Uint8Array =>
  concat([number(1, l.hash), number(2, l.prehashKey), number(3, l.prehashValue), number(4, l.length), raw(5, l.prefix)]);
const innerBytes = (i: Inner): Uint8Array => concat([number(1, i.hash), raw(2, i.prefix), raw(3, i.suffix)]);
const existence = (p: Existence): Uint8Array =>
  concat([raw(1, p.key), raw(2, p.value), p.leaf ? field(3, leafBytes(p.leaf)) : none, ...p.path.map((i) => field(4, innerBytes(i)))]);
const absenceBytes = (left?: Existence, right?: Existence): Uint8Array =>
  concat([left ? field(2, existence(left)) : none, right ? field(3, existence(right)) : none]);
const read = (content: Uint8Array): Commitment | undefined => readCommitment(toHex(content));

function exists(p: Existence): Commitment {
  const found = read(field(1, existence(p)));
  assert.ok(found, "a proof of existence is read");
  return found;
}

function absent(left?: Existence, right?: Existence): Commitment {
  const found = read(field(2, absenceBytes(left, right)));
  assert.ok(found, "a proof of absence is read");
  return found;
}

/** The root to which operations lead, by no rules. */
function rootBy(p: Existence): Hex {
  let node = sha256(concat([p.leaf!.prefix, varint(BigInt(p.key.length)), p.key, bytes(32), sha256(p.value)]));
  for (const { prefix, suffix } of p.path) node = sha256(concat([prefix, node, suffix]));
  return toHex(node);
}

// The trees.
interface Kind { name: string; tree: Tree; leafPrefix: Uint8Array; node(height: number, size: number): Uint8Array; child: Uint8Array }
const zigzag = (v: number): Uint8Array => varint(BigInt(v) * 2n);
const iavl: Kind = {
  name: "IAVL", tree: iavlTree, leafPrefix: concat([zigzag(0), zigzag(1), zigzag(9)]), child: bytes(32),
  node: (height, size) => concat([zigzag(height), zigzag(size), zigzag(300)]),
};
const simple: Kind = { name: "simple", tree: simpleTree, leafPrefix: bytes(0), child: none, node: () => bytes(1) };
const kinds = [iavl, simple];

const genuineLeaf = ({ leafPrefix: prefix }: Kind): Leaf => ({ hash: 1n, prehashKey: 0n, prehashValue: 1n, length: 1n, prefix });
const keyOf = (i: number): Uint8Array => bytes(i * 2 + 2);
const valueOf = (i: number): Uint8Array => bytes(i + 100);

/** The proofs of all keys of a tree, in order. */
function proofs(kind: Kind, size: number, splitAt: (size: number) => number): Existence[] {
  const all = Array.from({ length: size }, (_, i): Existence => ({ key: keyOf(i), value: valueOf(i), leaf: genuineLeaf(kind), path: [] }));
  const build = (of: Existence[]): { root: Uint8Array; height: number } => {
    const [first] = of;
    if (of.length === 1) {
      const p = first!;
      return { root: sha256(concat([p.leaf!.prefix, varint(BigInt(p.key.length)), p.key, bytes(32), sha256(p.value)])), height: 0 };
    }
    const k = splitAt(of.length);
    const [left, right] = [build(of.slice(0, k)), build(of.slice(k))];
    const height = Math.max(left.height, right.height) + 1;
    const head = kind.node(height, of.length);
    for (const p of of.slice(0, k)) p.path.push({ hash: 1n, prefix: concat([head, kind.child]), suffix: concat([kind.child, right.root]) });
    for (const p of of.slice(k)) p.path.push({ hash: 1n, prefix: concat([head, kind.child, left.root, kind.child]), suffix: none });
    return { root: sha256(concat([head, kind.child, left.root, kind.child, right.root])), height };
  };
  const { root } = build(all);
  for (const p of all) assert.equal(rootBy(p), toHex(root));
  return all;
}

const shapes: [string, (size: number) => number][] = [
  ["balanced", (size) => size >> 1], ["deep on the left", (size) => size - 1], ["deep on the right", () => 1],
];

for (const kind of kinds) {
  for (const [shape, splitAt] of shapes) {
    for (const size of [1, 2, 3, 4, 6]) {
      test(`the keys of a ${kind.name} tree with ${size} leaves, ${shape}, are there, and no others`, () => {
        const all = proofs(kind, size, splitAt);
        const root = rootBy(all[0]!);
        const { tree } = kind;
        for (const [i, p] of all.entries()) {
          assert.equal(hasKey(tree, root, exists(p), p.key, p.value), true, `key ${i}`);
          assert.equal(lacksKey(tree, root, exists(p), bytes(0)), false, "existence shows no absence");
          assert.equal(hasKey(tree, toHex(filled(32)), exists(p), p.key, p.value), false, "another root");
          assert.equal(hasKey(tree, root, exists(p), bytes(0), p.value), false, "another key");
          assert.equal(hasKey(tree, root, exists(p), p.key, bytes(0)), false, "another value");
        }
        // The keys are the even numbers from 2 on.
        for (let key = 1; key <= size * 2 + 1; key++) {
          for (let left = -1; left < size; left++) {
            for (let right = -1; right < size; right++) {
              const proof = absent(all[left], all[right]);
              const between = (left < 0 || left * 2 + 2 < key) && (right < 0 || key < right * 2 + 2);
              const neighbours = left >= 0 && right >= 0 ? right === left + 1 : left >= 0 ? left === size - 1 : right === 0;
              assert.equal(lacksKey(tree, root, proof, bytes(key)), between && neighbours, `${key} between ${left} and ${right}`);
              assert.equal(hasKey(tree, root, proof, bytes(key), valueOf(0)), false, "absence shows no existence");
            }
          }
        }
        for (const lonely of [absent(all.at(-1)), absent(undefined, all[0]), ...(size > 1 ? [absent(all[0], all[1])] : [])]) {
          assert.equal(lacksKey(tree, toHex(filled(32)), lonely, bytes(3)), false, "another root");
        }
      });
    }
  }
}

/** Whether a proof of existence that leads to its root is accepted. */
function accepted(kind: Kind, change: (p: Existence) => void, size = 4, at = 1): boolean {
  const p = structuredClone(proofs(kind, size, (n) => n >> 1)[at]!);
  change(p);
  const by = p.leaf ? rootBy(p) : rootBy({ ...p, leaf: genuineLeaf(kind) });
  return hasKey(kind.tree, by, exists(p), p.key, p.value);
}

test("operations of other trees are refused, though they lead to a root", () => {
  for (const kind of kinds) {
    assert.equal(accepted(kind, () => undefined), true);
    const refused: [string, (p: Existence) => void][] = [
      ["no leaf", (p) => { delete p.leaf; }], ["no key", (p) => { p.key = none; }], ["no value", (p) => { p.value = none; }],
      ["a leaf with the prefix of a node", (p) => { p.leaf!.prefix[0] = 1; }], ["a leaf without a prefix", (p) => { p.leaf!.prefix = none; }],
      ["a node with the prefix of a leaf", (p) => { p.path[0]!.prefix[0] = 0; }], ["a node without a prefix", (p) => { p.path[0]!.prefix = none; }],
      ["a byte more after the child", (p) => { p.path[0]!.suffix = concat([p.path[0]!.suffix, bytes(1)]); }],
    ];
    for (const other of [0n, 2n, 3n]) {
      refused.push([`leaf hash ${other}`, (p) => { p.leaf!.hash = other; }], [`value hash ${other}`, (p) => { p.leaf!.prehashValue = other; }]);
      refused.push([`key hash ${other + 1n}`, (p) => { p.leaf!.prehashKey = other + 1n; }], [`lengths ${other}`, (p) => { p.leaf!.length = other; }]);
      refused.push([`node hash ${other}`, (p) => { p.path[0]!.hash = other; }], [`hash ${other} of the root`, (p) => { p.path.at(-1)!.hash = other; }]);
    }
    for (const [name, change] of refused) assert.equal(accepted(kind, change), false, `${kind.name}: ${name}`);
  }
});

test("a path has at most 128 operations", () => {
  for (const kind of kinds) {
    const longer = (n: number) => (p: Existence) => {
      p.path = Array.from({ length: n }, () => ({ hash: 1n, prefix: concat([kind.node(n, n), kind.child]), suffix: concat([kind.child, filled(32)]) }));
    };
    assert.equal(accepted(kind, longer(128)), true, kind.name);
    assert.equal(accepted(kind, longer(129)), false, kind.name);
  }
});

test("a node's prefix has room for a header and one child", () => {
  const suffix = (length: number) => (p: Existence) => { p.path[0]!.suffix = filled(length); };
  for (const length of [0, 32, 64]) assert.equal(accepted(simple, suffix(length)), true, `a suffix of ${length}`);
  for (const length of [1, 31, 33, 63]) assert.equal(accepted(simple, suffix(length)), false, `a suffix of ${length}`);
  for (const length of [0, 33, 66]) assert.equal(accepted(iavl, suffix(length)), true, `a suffix of ${length}`);
  for (const length of [1, 32, 34]) assert.equal(accepted(iavl, suffix(length)), false, `a suffix of ${length}`);
  const prefix = (length: number) => (p: Existence) => { p.path[0]!.prefix = filled(length); };
  for (const length of [1, 2, 32, 33]) assert.equal(accepted(simple, prefix(length)), true, `a prefix of ${length}`);
  for (const length of [0, 34, 100]) assert.equal(accepted(simple, prefix(length)), false, `a prefix of ${length}`);
});

test("a node of an IAVL tree begins with its height, size and version", () => {
  const node = (...head: number[]) => (p: Existence) => { p.path[0]!.prefix = concat([Uint8Array.from(head), bytes(32)]); };
  const long = (last: number): number[] => [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, last];
  for (const head of [[2, 0, 0], [4, 2, 2], [0xfe, 0x7f, 2, 2], [2, 0x82, 0x01, 2], [2, 2, 0x80, 0x80, 0x01]]) {
    assert.equal(accepted(iavl, node(...head)), true, `${head}`);
  }
  const refused = [[2], [2, 2], [1, 2, 2], [3, 2, 2], [2, 1, 2], [2, 2, 1], [2, 2, 3], [2, 2, 2, 2], [2, 2, 0x81], [2, 2, ...long(2)], [2, 2, 2, ...filled(32)]];
  for (const head of refused) assert.equal(accepted(iavl, node(...head)), false, `${head}`);
  const leaf = (...head: number[]) => (p: Existence) => { p.leaf!.prefix = Uint8Array.from(head); };
  for (const head of [[0, 2, 2], [0, 0, 0], [0, 2, 0xfe, 0x7f], [0, ...long(1), 0], [0, 0, ...long(0)], [0, 0, ...long(1)]]) assert.equal(accepted(iavl, leaf(...head)), true, `leaf ${head}`);
  for (const head of [[0], [0, 2], [0, 1, 2], [0, 2, 1], [0, 2, 2, 2], [0, 2, 0x82], [0, 0, ...long(2)], [0, 0, ...long(0x80), 0], [0, 0, ...long(0x81), 1], [0, 0, ...filled(34)]]) {
    assert.equal(accepted(iavl, leaf(...head)), false, `leaf ${head}`);
  }
  // A node is at least as high as its proven child says, which is the operation's number.
  const height = (i: number, v: number) => (p: Existence) => { p.path[i]!.prefix = concat([zigzag(v), p.path[i]!.prefix.slice(1)]); };
  for (const [i, v, ok] of [[0, 1, true], [0, 2, true], [1, 2, true], [1, 1, false], [1, 3, true], [1, 64, true]] as const) {
    assert.equal(accepted(iavl, height(i, v)), ok, `operation ${i} of height ${v}`);
  }
  const right = (length: number) => (p: Existence) => { p.path[0]!.prefix = concat([bytes(2, 4, 2), filled(length)]); };
  for (let length = 0; length <= 48; length++) assert.equal(accepted(iavl, right(length)), length === 1 || length === 34, `${length} bytes after the header`);
});

test("a neighbour's header has the length of its tree's", () => {
  // The longest header that a child may follow has 12 bytes with the child's length, in both trees' own terms.
  const paths = (head: Uint8Array) => {
    const [p, q] = proofs({ ...iavl, node: () => head }, 2, () => 1);
    return [p!, q!] as const;
  };
  for (const [head, ok] of [
    [concat([zigzag(1), zigzag(2), zigzag(1)]), true], [concat([zigzag(1), zigzag(2 ** 20), varint(2n ** 34n)]), true],
    [concat([zigzag(1), varint(2n ** 28n), varint(2n ** 34n)]), true], [concat([zigzag(1), varint(2n ** 28n), varint(2n ** 35n)]), false],
  ] as const) {
    const [p, q] = paths(head);
    const [root, about] = [rootBy(p), `a header of ${head.length} bytes`];
    assert.equal(lacksKey(iavlTree, root, absent(p, q), bytes(3)), ok, about);
    assert.equal(lacksKey(iavlTree, root, absent(undefined, p), bytes(1)), ok, about);
    assert.equal(lacksKey(iavlTree, root, absent(q), bytes(5)), ok, about);
  }
});

test("a proof is read in its one encoding", () => {
  const p = proofs(iavl, 2, () => 1)[0]!;
  const whole = field(1, existence(p));
  assert.deepEqual(read(whole), { kind: "exists", exists: p });
  assert.deepEqual(read(field(1, raw(1, p.key))), { kind: "exists", exists: { key: p.key, value: none, path: [] } });
  assert.deepEqual(read(field(2, none)), { kind: "absent" });
  assert.deepEqual(read(field(2, field(1, bytes(1)))), { kind: "absent" });
  assert.equal(read(none), undefined);
  for (let n = 0; n < whole.length; n++) assert.equal(read(whole.slice(0, n)), undefined, `cut off after ${n} bytes`);
  for (const more of [bytes(0), bytes(1), whole]) assert.equal(read(concat([whole, more])), undefined, `${more.length} bytes more`);
  const inLeaf = (content: Uint8Array): Commitment | undefined => read(field(1, field(3, content)));
  const leafHash = (content: Uint8Array): bigint | undefined => {
    const found = inLeaf(concat([bytes(8), content]));
    return found?.kind === "exists" ? found.exists.leaf?.hash : undefined;
  };
  const max = 2n ** 64n - 1n;
  for (const v of [1n, 127n, 128n, 300n, 2n ** 63n, max]) assert.equal(leafHash(varint(v)), v);
  const nines = Array<number>(9).fill(0xff);
  for (const [name, v] of Object.entries({
    "a default": bytes(0), "two bytes for a zero": bytes(0x80, 0), "two bytes for one": bytes(0x81, 0), "more than 64 bits": bytes(...nines, 2),
    "exactly 2^64": bytes(...Array<number>(9).fill(0x80), 2), "eleven bytes": bytes(...nines, 0x81, 0), "eleven bytes, the last one": bytes(...nines, 0x81, 1),
    "no end": bytes(0x80), nothing: none,
  })) assert.equal(leafHash(v), undefined, name);
  assert.equal(inLeaf(bytes(0x2a, 0)), undefined, "no bytes in a field of bytes");
  assert.equal(inLeaf(bytes(0x2a, 2, 1)), undefined, "a length beyond the end");
  assert.equal(inLeaf(concat([number(2, 1n), number(1, 1n)])), undefined, "fields out of order");
  assert.equal(inLeaf(bytes(0x09, 1)), undefined, "a type that is another");
  assert.notEqual(inLeaf(bytes(0x2a, 1, 1)), undefined);
  assert.notEqual(inLeaf(none), undefined);
  assert.throws(() => readCommitment("xy" as Hex));
});

test("the first leaf has only left children above it, and the last only right ones", () => {
  for (const kind of kinds) {
    const child = kind.tree.childSize;
    const head = concat([kind.node(1, 2), kind.child]);
    for (const before of [0, child - 1, child]) {
      for (const after of [0, child, 2 * child]) {
        const prefix = concat([head, filled(before)]);
        const p: Existence = { key: keyOf(1), value: valueOf(1), leaf: genuineLeaf(kind), path: [{ hash: 1n, prefix, suffix: filled(after) }] };
        const [root, about] = [rootBy(p), `${kind.name}: ${before} bytes before the child, ${after} after it`];
        assert.equal(lacksKey(kind.tree, root, absent(undefined, p), bytes(1)), before === 0 && after === child, about);
        assert.equal(lacksKey(kind.tree, root, absent(p), bytes(9)), before === child && after === 0, about);
      }
    }
  }
});

test("two leaves in the wrong order are no neighbours", () => {
  for (const kind of kinds) {
    const small: Existence = { key: keyOf(0), value: valueOf(0), leaf: genuineLeaf(kind), path: [] };
    const large: Existence = { ...small, key: keyOf(1), path: [] };
    const hashOf = (p: Existence): Uint8Array => sha256(concat([p.leaf!.prefix, varint(1n), p.key, bytes(32), sha256(p.value)]));
    const head = concat([kind.node(1, 2), kind.child]);
    const [left, right] = [hashOf(large), hashOf(small)];
    large.path.push({ hash: 1n, prefix: head, suffix: concat([kind.child, right]) });
    small.path.push({ hash: 1n, prefix: concat([head, left, kind.child]), suffix: none });
    assert.equal(rootBy(large), rootBy(small));
    assert.equal(lacksKey(kind.tree, rootBy(large), absent(small, large), bytes(3)), false, kind.name);
  }
});
