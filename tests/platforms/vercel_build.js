// Builds a folder with Vercel's own builder, as its build machines do, and lays out the function.
// Usage: node vercel_build.js MODULES WORK_PATH FRAMEWORK OUTPUT
//   MODULES: the folder that holds node_modules with @vercel/python
//   OUTPUT:  gets function/, the files of the function, and build.json, what else is known of it
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");

const [modules, workPath, framework, output] = process.argv.slice(2);
const load = createRequire(path.join(modules, "node_modules", "x"));
const { build, detectEntrypoint } = load("@vercel/python");
const { download, glob } = load("@vercel/build-utils");

async function main() {
  const detected = await detectEntrypoint({ workPath, framework });
  const { result } = await build({
    workPath,
    repoRootPath: workPath,
    files: await glob("**", workPath),
    entrypoint: "<detect>",
    meta: { skipDownload: true },
    config: { framework, zeroConfig: true },
  });
  const functions = Object.values(result.output);
  const { files, handler, runtime, environment } = functions[0];
  await download(files, path.join(output, "function"));
  fs.writeFileSync(
    path.join(output, "build.json"),
    JSON.stringify({
      entrypoint: detected.entrypoint,
      functions: functions.length,
      handler,
      runtime,
      environment,
    }),
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
