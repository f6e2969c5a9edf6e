// Changes the verifier in one place at a time and runs the vectors and tests that reach the change. Fails if one survives that
// explained.txt does not explain, or if a line there explains none. With --sample N, tries one of N changes; with --files A,B only those
// of these files.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { build, notYet } from "./build.mjs";
import { activate, compile, load, memory, reachedBy, rounds } from "./load.mjs";

const { values } = parseArgs({ options: { sample: { type: "string", default: "1" }, report: { type: "string" }, files: { type: "string" } } });
const every = Number(values.sample);
const files = values.files?.split(",");
const start = performance.now();
const { mutants, modules } = build(files);
const compiled = compile(modules, { recording: false });

let tests;
const atLoad = new Set(await reachedBy(() => { tests = load(compile(modules, { recording: true })); }));
/** The tests without recording, by their titles. */
const quick = new Map(load(compiled).map((test) => [test.title, test]));
/** The tests that reach each mutant. */
const reach = mutants.map(() => []);
for (const { title, run } of tests) {
  const test = quick.get(title);
  const begun = performance.now();
  for (const n of await reachedBy(run)) reach[n].push(test);
  test.ms = performance.now() - begun;
  test.rounds = rounds();
}
memory.save();

/** How many changes of a file a test noticed. The test that noticed the most is tried first, and of the others the quickest. */
const noticed = new Map();
const noticedBy = (file, title) => noticed.get(`${file} ${title}`) ?? 0;
const order = (file, list) => list.sort((a, b) => noticedBy(file, b.title) - noticedBy(file, a.title) || a.ms - b.ms);

/** A test that waits for something that nothing does any more would end the run: Node ends when nothing is left to do. */
let giveUp = () => {};
process.on("beforeExit", () => setImmediate(() => giveUp()));

async function fails(test) {
  try {
    await Promise.race([test.run(), new Promise((_, reject) => { giveUp = () => reject(new Error("nothing is left to wait for")); })]);
    return false;
  } catch {
    return true;
  }
}

/** Whether a test notices a change. What is reached while loading is loaded anew, and may show in every test. */
async function killed(n) {
  activate(n);
  try {
    const { file } = mutants[n];
    let list = [...reach[n]];
    if (atLoad.has(n)) list = load(compiled).map((test) => ({ ...quick.get(test.title), run: test.run }));
    for (const test of order(file, list)) {
      activate(n, test.rounds);
      if (!await fails(test)) continue;
      noticed.set(`${file} ${test.title}`, noticedBy(file, test.title) + 1);
      return true;
    }
    return false;
  } catch {
    return true; // it does not even load
  } finally {
    activate(-1);
  }
}

/** What a mutant is called. Of several with one text in a function, the later ones have numbers. */
const names = [];
const seen = new Map();
for (const { file, where, before, after } of mutants) {
  const text = `${file} ${where}: ${before} → ${after}`;
  seen.set(text, (seen.get(text) ?? 0) + 1);
  names.push(seen.get(text) === 1 ? text : `${text} (${seen.get(text)})`);
}

const explained = readFileSync(new URL("explained.txt", import.meta.url), "utf8").split("\n").filter((line) => line && !line.startsWith("#"));
const used = new Set();
const open = [];
/** What became of the changes of each file. */
const counts = new Map();
for (let n = 0; n < mutants.length; n += every) {
  const m = mutants[n];
  if (!counts.has(m.file)) {
    counts.set(m.file, { tried: 0, noticed: 0, explained: 0 });
    console.error(`src/${m.file}, after ${Math.round((performance.now() - start) / 1000)} s`);
  }
  const count = counts.get(m.file);
  count.tried++;
  if (await killed(n)) {
    count.noticed++;
  } else if (explained.includes(names[n])) {
    count.explained++;
    used.add(names[n]);
  } else {
    open.push(`src/${m.file}:${m.line}: ${names[n]}`);
    console.log(open.at(-1));
  }
}
memory.save();

const stale = every === 1 && !files ? explained.filter((line) => !used.has(line)) : [];
const sum = (of) => [...counts.values()].reduce((total, count) => total + count[of], 0);
const summary = `${sum("tried")} of ${mutants.length} changes tried: ${sum("noticed")} noticed, ${sum("explained")} explained, ${open.length} not noticed, `
  + `${stale.length} explanations of nothing; ${Math.round((performance.now() - start) / 1000)} s`;
const lines = [...open, ...stale.map((line) => `explained.txt explains nothing: ${line}`)];
if (values.report) {
  const table = [...counts].map(([file, count]) => `| src/${file} | ${count.tried} | ${count.noticed} | ${count.explained} | ${count.tried - count.noticed - count.explained} |`);
  writeFileSync(values.report, [
    "# Changes of the verifier in TypeScript", "", summary, "", "| file | tried | noticed | explained | not noticed |", "|---|---|---|---|---|", ...table, "",
    ...Object.entries(notYet).map(([file, why]) => `- src/${file}.ts is left out: ${why}`), ...lines.map((line) => `- ${line}`), "",
  ].join("\n"));
}
console.log([...lines.slice(open.length), summary].join("\n"));
process.exit(lines.length ? 1 : 0); // a change may have left a server open
