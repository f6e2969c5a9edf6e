import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { files } from "./check.js";

// All vectors in headless Chromium: $CHROMIUM, or what is called chromium.

const chromium = process.env.CHROMIUM ?? "chromium";
const limit = 5 * 60_000; // milliseconds

/** Opens a page and returns the document that its scripts leave behind. */
function dump(page: string, profile: string): Promise<string> {
  const browser = spawn(chromium, [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", `--user-data-dir=${profile}`, "--dump-dom", pathToFileURL(page).href,
  ], { stdio: ["ignore", "pipe", "ignore"], timeout: limit });
  let text = "";
  browser.stdout.on("data", (chunk: Buffer) => { text += chunk.toString(); });
  return new Promise((resolve, reject) => {
    browser.on("error", (e) => reject(new Error(`expected Chromium as "${chromium}" (apt-get install chromium, or set CHROMIUM), found ${e.message}`)));
    browser.on("close", () => resolve(text));
  });
}

test("a browser says the same of every vector", { timeout: limit }, async () => {
  const folder = fileURLToPath(new URL("../../../../core/cert/testdata/v1/", import.meta.url));
  const vectors = Object.fromEntries(files.map((file) => [file, JSON.parse(readFileSync(join(folder, `${file}.json`), "utf8"))]));
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("./page.js", import.meta.url))],
    bundle: true, platform: "browser", format: "iife", charset: "ascii", write: false, logLevel: "silent",
  });
  const home = mkdtempSync(join(tmpdir(), "dualchain-browser-"));
  try {
    const page = join(home, "page.html");
    writeFileSync(join(home, "vectors.js"), `const VECTORS = ${JSON.stringify(vectors)};`);
    writeFileSync(join(home, "page.js"), outputFiles[0]!.text);
    writeFileSync(page, `<!doctype html><meta charset="utf-8"><body><script src="vectors.js"></script><script src="page.js"></script>`);
    const dom = await dump(page, join(home, "profile"));
    const found = /<body>(\{.*\})<\/body>/s.exec(dom);
    assert.ok(found, `expected a result in the page, found ${dom.slice(0, 500)}`);
    const { passed, forged, failures } = JSON.parse(found[1]!) as { passed: number; forged: number; failures: string[] };
    assert.deepEqual(failures, []);
    assert.ok(passed >= 200 && forged >= 120, `expected every vector, found ${passed} of which ${forged} forged`);
  } finally {
    rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  }
});
