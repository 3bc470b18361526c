// node build.mjs OUT: bundles src/report.js and src/report.css into OUT, each one minified file without a network address.
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const out = process.argv[2];
if (!out) throw new Error("usage: node build.mjs OUT");
await build({
  absWorkingDir: dirname(fileURLToPath(import.meta.url)),
  entryPoints: [join("src", "report.js"), join("src", "report.css")],
  outdir: out,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2020"],
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
});
