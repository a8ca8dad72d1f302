// What a page loads, brotli-compressed: printed by each build (Trunk's post_build hook), and held by `make test`:
//
//   node scripts/check-size.mjs            prints the sizes of the build under way, or of dist/
//   node scripts/check-size.mjs dist --check   fails when it has grown by more than a tenth
//
// The check stands a tenth above what was there, so that another release of a compiler does not break it. Whoever adds more than that says
// so here.
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

// 1,024,000 before consumer groups by KIP-848 (with all assignors), transactions, the rest of the configs, and the editor of scenarios;
// 1,256,000 before Compare, sinks' rows, transactions and rebalances as they are drawn, apps that consume and produce, and partitioners.
const PAGE = 1_309_000;       // all wasm, js and css of the page, in bytes
const LOADER = 4_620;         // element.js alone: what a page pays before a playground is needed
const ROOM = 1.1;

const args = process.argv.slice(2);
const checks = args.includes("--check");
const dir = args.find((arg) => !arg.startsWith("-")) ?? process.env.TRUNK_STAGING_DIR ?? "dist";
// A debug build (`trunk watch`, `trunk build` without --release) is no measure of anything.
if (process.env.TRUNK_PROFILE === "debug") process.exit(0);
if (!existsSync(dir)) {
  console.error(`check-size: no folder ${dir}; run make dist first`);
  process.exit(1);
}

const packed = (bytes) => brotliCompressSync(bytes, {
  params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length, [constants.BROTLI_PARAM_LGWIN]: 24 },
}).length;

const rows = readdirSync(dir, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(wasm|js|mjs|css)$/.test(entry.name))
  .map((entry) => {
    const path = join(entry.parentPath ?? entry.path, entry.name);
    const bytes = readFileSync(path);
    return { name: path.slice(dir.length + 1), raw: bytes.length, brotli: packed(bytes) };
  })
  .sort((a, b) => b.brotli - a.brotli);

const line = (name, raw, brotli) => console.log(`${name.padEnd(28)}${String(raw).padStart(10)}${String(brotli).padStart(10)}`);
const sum = (what) => rows.reduce((sum, row) => sum + row[what], 0);
const loader = rows.find((row) => row.name === "element.js");
line("size", "raw", "brotli");
for (const row of rows) line(row.name, row.raw, row.brotli);
line("together", sum("raw"), sum("brotli"));

const wrong = [];
if (!rows.some((row) => row.name.endsWith(".wasm"))) wrong.push(`no .wasm file in ${dir}`);
if (!loader) wrong.push(`no element.js in ${dir}`);
for (const [what, is, was] of [["the page", sum("brotli"), PAGE], ["element.js", loader?.brotli ?? 0, LOADER]]) {
  if (checks && is > was * ROOM) wrong.push(`${what} has grown to ${is} bytes in brotli, more than a tenth above ${was}`);
}
for (const what of wrong) console.error(`check-size: ${what}`);
process.exitCode = wrong.length ? 1 : 0;
