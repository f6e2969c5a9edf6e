import { check, unsupported, type Vector } from "./check.js";

// What a browser runs: vectors/browser.ts puts the vectors into the page.
declare const VECTORS: Record<string, Vector[]>;

const failures: string[] = [];
let passed = 0, forged = 0;
for (const [file, vectors] of Object.entries(VECTORS)) {
  for (const v of vectors) {
    if (unsupported(v)) continue;
    try {
      if (check(v)) forged++;
      passed++;
    } catch (e) {
      failures.push(`${file}: ${v.name}: ${String(e)}`);
    }
  }
}
document.title = "done";
document.body.textContent = JSON.stringify({ passed, forged, failures });
