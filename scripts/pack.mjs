// Trunk's post_build hook: makes the scripts and styles of the staging folder smaller (a third of what wasm-bindgen writes is spaces),
// shortens the names between script and wasm, deals the wasm out into streams that compress better, then checks the size of the whole.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { deal } from "./deal.mjs";
import { shorten } from "./shorten.mjs";

// A debug build stays readable.
if (process.env.TRUNK_PROFILE !== "debug") {
  const dir = process.env.TRUNK_STAGING_DIR;
  const files = readdirSync(dir).filter((name) => /\.(js|css)$/.test(name)).map((name) => join(dir, name));
  const options = ["--minify", "--allow-overwrite", "--log-level=warning", "--legal-comments=none", `--outdir=${dir}`];
  execFileSync("esbuild", [...files, ...options], { stdio: "inherit" });
  const wasm = join(dir, "tidepool_bg.wasm");
  shorten(wasm, join(dir, "tidepool.js"));
  deal(wasm);
  await import("./check-size.mjs");
}
