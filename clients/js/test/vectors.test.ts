import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { check, files, unsupported, type Vector } from "../vectors/check.js";

const folder = new URL("../../../../core/cert/testdata/v1/", import.meta.url);

let forged = 0;
for (const file of files) {
  for (const v of JSON.parse(readFileSync(new URL(`${file}.json`, folder), "utf8")) as Vector[]) {
    if (unsupported(v)) continue;
    test(`${file}: ${v.name}`, () => { if (check(v)) forged++; });
  }
}

test("there are enough forged vectors", () => assert.ok(forged >= 120, `found ${forged}`));
