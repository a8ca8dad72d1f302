// Takes out what a dependency exports to scripts and no script of ours calls: Leptos brings streams between Rust and JavaScript along, and
// what is exported stays through every optimizer. In the script the classes go. In the wasm their exports go, and of what only these
// led to the large functions become a trap: the small ones may be shared under their name with others that are equal.
import { readFileSync, writeFileSync } from "node:fs";
import { Reader } from "../www/unpack.js";
import { functionNames } from "./split.mjs";

const CLASS = "IntoUnderlying(?:ByteSource|Sink|Source)";
const EXPORTED = /^(__wbg_)?intounderlying(bytesource|sink|source)_/;
const OF_STREAMS = /\bwasm_streams(\[\w+\])?::/;
const LARGE = 256;
const IMPORTS = 2, EXPORTS = 7, CODE = 10;
const TRAP = [0, 0x00, 0x0b];
const leb = (value) => (value < 128 ? [value] : [value % 128 | 128, ...leb(Math.floor(value / 128))]);

export function prune(wasmFile, scriptFile) {
  const script = readFileSync(scriptFile, "utf8");
  writeFileSync(scriptFile, script
    .replace(new RegExp(`^export class ${CLASS} \\{.*?^\\}\\n`, "gms"), "")
    .replace(new RegExp(`^if \\(Symbol\\.dispose\\) ${CLASS}\\..*\\n`, "gm"), "")
    .replace(new RegExp(`^const ${CLASS}Finalization =.*?;\\n`, "gms"), ""));
  const wasm = readFileSync(wasmFile), names = functionNames(wasmFile);
  const all = new Reader(wasm, 8), out = [wasm.subarray(0, 8)];
  let imports = 0, trapped = 0;
  while (all.at < wasm.length) {
    const start = all.at, id = all.byte(), body = all.take(all.number()), from = new Reader(body);
    if (id === IMPORTS) imports = from.number();
    const parts = [];
    if (id === EXPORTS) {
      for (let n = from.number(); n--;) {
        const at = from.at, name = from.take(from.number()).toString();
        from.byte(), from.number();
        if (!EXPORTED.test(name)) parts.push(body.subarray(at, from.at));
      }
    } else if (id === CODE) {
      for (let n = from.number(), one = imports; n--; one++) {
        const at = from.at, code = from.take(from.number());
        const unused = code.length > LARGE && OF_STREAMS.test(names.get(one) ?? "");
        trapped += unused;
        parts.push(unused ? Buffer.from([TRAP.length, ...TRAP]) : body.subarray(at, from.at));
      }
    } else {
      out.push(wasm.subarray(start, all.at));
      continue;
    }
    const bytes = Buffer.concat([Buffer.from(leb(parts.length)), ...parts]);
    out.push(Buffer.from([id, ...leb(bytes.length)]), bytes);
  }
  writeFileSync(wasmFile, Buffer.concat(out));
  return trapped;
}
