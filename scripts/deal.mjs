// Deals the code of a wasm file out into streams that compress better, and tries that the page puts them together again.
import { readFileSync, writeFileSync } from "node:fs";
import * as w from "../www/unpack.js";

const CODE = 10;
const leb = (value) => (value < 128 ? [value] : [value % 128 | 128, ...leb(Math.floor(value / 128))]);

// `opsFile`: where the opcodes go, if they are to have a file of their own.
export function deal(file, opsFile) {
  const wasm = readFileSync(file), { dealt, ops } = dealtOut(wasm, !!opsFile);
  if (Buffer.compare(wasm, Buffer.from(w.unpack(dealt, ops)))) throw new Error(`deal: ${file} does not come out as it went in`);
  writeFileSync(file, dealt);
  if (opsFile) writeFileSync(opsFile, ops);
}

const HEAD = Buffer.from([0, ...Buffer.from("asm"), 1, 0, 0, 0]);
// A module with nothing in it: the second file of one that is not dealt.
export const EMPTY = HEAD;
const said = (bytes) => Buffer.concat([Buffer.from(leb(bytes.length)), Buffer.from(bytes)]);
const custom = (...inside) => Buffer.concat([HEAD, Buffer.of(0), said(Buffer.concat([said(Buffer.from("dealt")), ...inside]))]);

function dealtOut(wasm, apart) {
  const all = new w.Reader(wasm, 8);
  for (;;) {
    const at = all.at, id = all.byte(), length = all.number();
    if (id !== CODE) { all.take(length); continue; }
    const end = all.at + length, streams = Array.from({ length: w.STREAMS }, () => []);
    const functions = all.number();
    for (let n = functions; n--;) { all.number(); body(all, streams); }
    if (all.at !== end) throw new Error(`deal: the code ends at ${all.at}, not at ${end}`);
    const ops = apart && custom(Buffer.from(streams[w.OPS]));
    if (apart) streams[w.OPS] = [];
    const parts = [wasm.subarray(0, at), ...streams, wasm.subarray(end)];
    return { ops, dealt: custom(Buffer.from(leb(wasm.length)), Buffer.from(leb(functions)), ...parts.map(said)) };
  }
}

function body(all, streams) {
  const recent = new w.Recent();
  // A number's bytes: they are kept as they are.
  const raw = () => { const at = all.at; while (all.byte() > 127); return all.bytes.subarray(at, all.at); };
  const put = (kind, bytes) => streams[kind].push(...bytes);
  const count = (kind) => { const value = all.number(); put(kind, leb(value)); return value; };
  for (let runs = count(w.LOCALS); runs--; put(w.LOCALS, raw())) put(w.LOCALS, raw());
  for (let depth = 1; depth;) {
    const op = all.byte();
    if (w.usual(op)) {
      const less = w.usual(op) - all.byte();
      if (less) put(w.UNALIGNED, [op]);
      put(w.OPS, [less ? w.LESS + less : op]);
      const offset = raw();
      put(w.OFFSETS, offset.length > 1 ? [w.IN_FAR] : offset);
      if (offset.length > 1) put(w.FAR, offset);
      continue;
    }
    if (op === 0x41) {
      const value = raw();
      put(w.OPS, [[op, w.SHORT, w.WORD][Math.min(value.length, 3) - 1]]);
      put([w.BYTES, w.SHORTS, w.WORDS][Math.min(value.length, 3) - 1], value);
      continue;
    }
    put(w.OPS, [op]);
    if (op >= 0x20 && op <= 0x22) put(op === 0x20 ? w.GETS : w.SETS, leb(recent.place(all.number())));
    else if (op === 0x0e) for (let n = count(w.TABLES); n >= 0; n--) put(w.TABLES, raw());
    else if (op === 0x43 || op === 0x44) put(w.FLOATS, all.take(op === 0x43 ? 4 : 8));
    else if (op === 0xfc) for (let n = w.further(count(w.OTHERS)); n--;) put(w.OTHERS, raw());
    else {
      const kinds = w.numbers(op);
      if (!kinds) throw new Error(`deal: opcode 0x${op.toString(16)} is not known here`);
      for (const kind of kinds) put(kind, raw());
      depth += w.isBlock(op) - (op === 0x0b);
    }
  }
}
