// Loads the compiled sources and tests, and runs single tests.
import path from "node:path";
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as curves from "@noble/curves/bls12-381.js";
import * as sha2 from "@noble/hashes/sha2.js";
import { Memory, remembered } from "./remember.mjs";
import { root, tests as testFiles } from "./build.mjs";

const files = new Map();
const { dependencies } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));
/** What the BLS library answered, for this version of it. */
export const memory = new Memory(path.join(root, `../../build/ts-mutation-bls-${dependencies["@noble/curves"]}.json`));
const outside = new Map([
  ["@noble/hashes/sha2.js", sha2],
  ["@noble/curves/bls12-381.js", { bls12_381: remembered(curves.bls12_381, memory) }],
  ["node:fs", {
    readFileSync(url, encoding) {
      const name = String(url);
      if (!files.has(name)) files.set(name, readFileSync(url, encoding));
      return files.get(name);
    },
  }],
]);
for (const name of ["node:assert/strict", "node:http", "node:events"]) outside.set(name, await import(name));

/** The tests that count what other tests found, measure time, or take seconds each because of their size. */
const left = new Set([
  "there are enough forged vectors", "reading takes time in proportion to the length", "encodings: proof: of 32 MiB", "encodings: proof: of 32 MiB and a byte",
  "a trust with 60,000 voters is written and read in binary, one with 6,000 in JSON too", "an answer may have 32 MiB",
  "a result of 4 MiB is written and read in binary, one of almost half a MiB in JSON too", "the proofs in a proof of state have at most 64 KiB each",
]);

const maxMutants = 10_000;
/** The active mutant, those that were reached, how often loops ran, and how often they may. */
const state = { active: -1, reached: new Uint8Array(maxMutants), rounds: 0, limit: Infinity };
const loop = () => {
  if (++state.rounds > state.limit) throw new Error("a loop without an end");
};

/** Makes one change, or none if n is -1. If loops run much more often than without it, they have no end. */
export function activate(n, usualRounds = 1e6) {
  state.active = n;
  state.rounds = 0;
  state.limit = n < 0 ? Infinity : 10 * usualRounds + 10_000;
}

/** How often loops ran since a change was made or reachedBy called. */
export const rounds = () => state.rounds;

/** Runs something and returns the mutants that it reached. */
export async function reachedBy(run) {
  state.reached.fill(0);
  state.rounds = 0;
  await run();
  return Array.from(state.reached.keys()).filter((n) => state.reached[n] === 1);
}

/** Loads everything anew and returns the tests. */
export function load(compiled) {
  const found = [];
  const loaded = new Map();
  const required = (from, name) => {
    if (name === "node:test") return { test: (title, run) => { if (!left.has(title)) found.push({ title, run }); } };
    if (!name.startsWith(".")) return { __esModule: true, ...outside.get(name) };
    return loadModule(path.join(path.dirname(from), name));
  };
  const loadModule = (name) => {
    if (loaded.has(name)) return loaded.get(name);
    const exports = {};
    loaded.set(name, exports);
    compiled.get(name)(exports, (other) => required(name, other), pathToFileURL(path.join(root, "dist", name)).href, state, loop);
    return exports;
  };
  for (const name of testFiles) loadModule(name);
  return found;
}

/** Modules as functions. Those that don't record what they reach are much faster. */
export const compile = (modules, { recording }) => new Map(Object.entries(modules).map(([name, text]) => [name, new Function(
  "exports", "require", "__url", "__state", "__loop",
  text.replaceAll(/__mutant\((\d+)\)/g, recording ? "(__state.reached[$1] = 1, __state.active === $1)" : "(__state.active === $1)"),
)]));
