// Gives short names to what a wasm file and its script call each other by: wasm-bindgen's end in a hash of 16 digits, which no
// compressor can do anything about. In a minified script these are names of properties only. Both files are written, they are a pair.
// The names of functions go: they were there to sort the functions by, since neighbours of one module compress better.
import { readFileSync, writeFileSync } from "node:fs";

const HASHED = /\b\w+_h?[0-9a-f]{16}\b/g;
const CUSTOM = 0, IMPORTS = 2, EXPORTS = 7;           // numbers of sections
const FUNCTION = 0, TABLE = 1, MEMORY = 2, GLOBAL = 3;   // kinds of imports

export function shorten(wasmFile, scriptFile) {
  const script = readFileSync(scriptFile, "utf8");
  const short = new Map([...new Set(script.match(HASHED))].map((name, n) => [name, `_${n.toString(36)}`]));
  writeFileSync(wasmFile, renamed(readFileSync(wasmFile), short));
  writeFileSync(scriptFile, script.replace(HASHED, (name) => short.get(name)));
}

function renamed(wasm, short) {
  let at = 8;                                         // behind magic number and version
  const number = () => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      const byte = wasm[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const leb = (value) => (value < 128 ? [value] : [value % 128 + 128, ...leb(Math.floor(value / 128))]);
  const name = () => {
    const length = number(), old = wasm.toString("utf8", at, at + length);
    at += length;
    const bytes = Buffer.from(short.get(old) ?? old);
    return [Buffer.from(leb(bytes.length)), bytes];
  };
  const limits = () => { if (number() & 1) number(); number(); };
  const skipImport = () => {
    const kind = wasm[at++];
    if (kind === FUNCTION) number();
    else if (kind === TABLE) { at++; limits(); }
    else if (kind === MEMORY) limits();
    else if (kind === GLOBAL) at += 2;
    else throw new Error(`shorten: an import of kind ${kind}`);
  };
  const out = [wasm.subarray(0, at)];
  while (at < wasm.length) {
    const id = wasm[at++], size = number(), start = at, end = at + size;
    const body = [];
    if (id === CUSTOM) {
      at = end;
      continue;
    }
    if (id === IMPORTS || id === EXPORTS) {
      const count = number();
      body.push(Buffer.from(leb(count)));
      for (let n = 0; n < count; n++) {
        if (id === IMPORTS) body.push(...name());     // the module
        body.push(...name());
        const rest = at;
        if (id === IMPORTS) skipImport();
        else { at++; number(); }
        body.push(wasm.subarray(rest, at));
      }
    } else body.push(wasm.subarray(start, end));
    at = end;
    const bytes = Buffer.concat(body);
    out.push(Buffer.from([id, ...leb(bytes.length)]), bytes);
  }
  return Buffer.concat(out);
}
