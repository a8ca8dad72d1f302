// Trunk's post_build hook: takes out what is exported and never used, makes scripts and styles smaller (a third of what wasm-bindgen writes
// is spaces), shortens the names between script and wasm, splits off what is needed later, deals the wasm out into streams that compress
// better, then checks the size of the whole.
import { execFileSync } from "node:child_process";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EMPTY, deal } from "./deal.mjs";
import { prune } from "./prune.mjs";
import { functionNames, split } from "./split.mjs";
import { shorten } from "./shorten.mjs";

// What is loaded only when a panel, a form or a record's way is asked for first; see src/web/late.rs. What only these call goes with them.
const LATE = [
  "web::panels::(inspector|ledger|transcript)", "web::panels::why::(?!on_card|button|ask_from|of_|suspects)", "web::store",
  "playground::(inspect|ledger|spacetime)", "playground::why::(chain::(?!Chain>::partition)|why)", "playground::scene::(follow|lit)",
  "playground::deeds::form", "web::menu::(walk|choose|fill_in|Filled)", "[\\w:]+::late_",
];
const LATE_NAME = new RegExp(`^[<&]*(mut |dyn )?tidepool::(${LATE.join("|")})`);
const isLate = (name) => LATE_NAME.test(name.replace(/\[[0-9a-f]{16}\]/g, ""));

const dir = process.env.TRUNK_STAGING_DIR, ops = join(dir, "tidepool_ops.wasm");
// A debug build stays readable.
if (process.env.TRUNK_PROFILE === "debug") {
  writeFileSync(ops, EMPTY);
} else {
  const wasm = join(dir, "tidepool_bg.wasm");
  console.log(`prune: ${prune(wasm, join(dir, "tidepool.js"))} functions of streams that nobody uses are gone`);
  const files = readdirSync(dir).filter((name) => /\.(js|css)$/.test(name)).map((name) => join(dir, name));
  const options = ["--minify", "--allow-overwrite", "--log-level=warning", "--legal-comments=none", `--outdir=${dir}`];
  execFileSync("esbuild", [...files, ...options], { stdio: "inherit" });
  const late = join(dir, "tidepool_late.wasm"), names = functionNames(wasm);
  shorten(wasm, join(dir, "tidepool.js"));
  console.log(`split: ${split(wasm, late, names, isLate)} functions are loaded when a panel is opened`);
  deal(wasm, ops);
  deal(late);
  await import("./check-size.mjs");
}
