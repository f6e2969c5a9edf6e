import assert from "node:assert/strict";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

test("the package bundles for browsers, without anything of Node", async () => {
  const result = await build({
    entryPoints: [fileURLToPath(new URL("../src/index.js", import.meta.url))],
    bundle: true, platform: "browser", format: "esm", write: false, metafile: true, logLevel: "silent",
  });
  const imports = Object.values(result.metafile.inputs).flatMap((input) => input.imports.map((i) => i.path));
  assert.deepEqual(imports.filter((path) => path.startsWith("node:")), []);
  const code = result.outputFiles[0]!.text;
  for (const name of [/\bBuffer\./, /\bprocess\./, /\brequire\(/]) assert.doesNotMatch(code, name);
});
