// The size budget: everything that a page loads, brotli-compressed; and what comes later, when a panel is opened. pack.mjs runs it on the staging folder of a build;
// `node scripts/check-size.mjs dist` runs it on a finished one.
import { readdirSync, readFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const BUDGET = 400 * 1024;    // all wasm, js and css of the page
const LATER = 64 * 1024;      // tidepool_late.wasm and late.css
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
const isLater = (row) => ["tidepool_late.wasm", "late.css"].includes(row.name);
const sum = (rows, what) => rows.reduce((sum, row) => sum + row[what], 0);
const first = rows.filter((row) => !isLater(row)), later = rows.filter(isLater);
const total = sum(first, "brotli");
line("size", "raw", "brotli");
for (const row of first) line(row.name, row.raw, row.brotli);
line("together", sum(first, "raw"), total);
for (const row of later) line(`later: ${row.name}`, row.raw, row.brotli);

const wrong = [];
if (!rows.some((row) => row.name.endsWith(".wasm"))) wrong.push(`no .wasm file in ${dir}`);
if (total > BUDGET) wrong.push(`the page has grown to ${total} bytes in brotli, the budget is ${BUDGET}`);
if (sum(later, "brotli") > LATER) wrong.push(`what comes later has grown to ${sum(later, "brotli")} bytes in brotli, the budget is ${LATER}`);
const loader = rows.find((row) => row.name === "element.js");
if (!loader) wrong.push(`no element.js in ${dir}`);
else if (loader.brotli > LOADER) wrong.push(`element.js is ${loader.brotli} bytes in brotli, the budget is ${LOADER}`);
for (const what of wrong) console.error(`check-size: ${what}`);
process.exitCode = wrong.length ? 1 : 0;
