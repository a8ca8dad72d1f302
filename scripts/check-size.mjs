// The size budget: everything that a page loads, brotli-compressed. pack.mjs runs it on the staging folder of a build;
// `node scripts/check-size.mjs dist` runs it on a finished one.
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const BUDGET = 400 * 1024;    // all wasm, js and css of the page
const LOADER = 5 * 1024;      // element.js alone: what a page pays before a playground is needed

const dir = process.argv[2] ?? process.env.TRUNK_STAGING_DIR ?? "dist";
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
const total = rows.reduce((sum, row) => sum + row.brotli, 0);
line("size", "raw", "brotli");
for (const row of rows) line(row.name, row.raw, row.brotli);
line("together", rows.reduce((sum, row) => sum + row.raw, 0), total);

const wrong = [];
if (!rows.some((row) => row.name.endsWith(".wasm"))) wrong.push(`no .wasm file in ${dir}`);
if (total > BUDGET) wrong.push(`the page has grown to ${total} bytes in brotli, the budget is ${BUDGET}`);
const loader = rows.find((row) => row.name === "element.js");
if (!loader) wrong.push(`no element.js in ${dir}`);
else if (loader.brotli > LOADER) wrong.push(`element.js is ${loader.brotli} bytes in brotli, the budget is ${LOADER}`);
for (const what of wrong) console.error(`check-size: ${what}`);
process.exitCode = wrong.length ? 1 : 0;
