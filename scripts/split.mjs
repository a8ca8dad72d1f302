// Splits a wasm file in two: what the page needs to show a run, and what only its panels need, which is loaded when the first of them is
// opened. In the first file a function of the second is a stub that calls through the table; the second puts its functions there.
import { readFileSync, writeFileSync } from "node:fs";
import * as w from "../www/unpack.js";

const TYPES = 1, IMPORTS = 2, FUNCTIONS = 3, TABLES = 4, GLOBALS = 6, EXPORTS = 7, START = 8, ELEMENTS = 9, CODE = 10;
const FUNCTION = 0, TABLE = 1, MEMORY = 2, GLOBAL = 3;
const FUNCREF = 0x70;
const leb = (value) => (value < 128 ? [value] : [value % 128 | 128, ...leb(Math.floor(value / 128))]);
// Signed, as i32.const takes it: its sixth bit is its sign.
const sleb = (value) => (value < 64 ? [value] : [value % 128 | 128, ...sleb(Math.floor(value / 128))]);
const text = (words) => [...leb(Buffer.byteLength(words)), ...Buffer.from(words)];
const vector = (all) => [...leb(all.length), ...all.flat()];

// The names of a file's functions, by their numbers.
export function functionNames(file) {
  const wasm = readFileSync(file), names = new Map(), all = new w.Reader(wasm, 8);
  while (all.at < wasm.length) {
    const id = all.byte(), end = all.number() + all.at;
    if (id === 0 && all.take(all.number()).toString() === "name") {
      while (all.at < end) {
        const kind = all.byte(), next = all.number() + all.at;
        if (kind === 1) for (let n = all.number(); n--;) names.set(all.number(), all.take(all.number()).toString());
        all.at = next;
      }
    }
    all.at = end;
  }
  return names;
}

// `isLate`: whether a name is that of a function of the second file. What only such functions call goes there too.
export function split(file, lateFile, names, isLate) {
  const module = parsed(readFileSync(file));
  const late = lateOnes(module, (n) => isLate(names.get(n) ?? ""));
  const { first, second } = parts(module, late);
  writeFileSync(file, first);
  writeFileSync(lateFile, second);
  return late.length;
}

function parsed(wasm) {
  const all = new w.Reader(wasm, 8), sections = new Map();
  while (all.at < wasm.length) {
    const id = all.byte(), length = all.number();
    sections.set(id, all.take(length));
  }
  const read = (id) => new w.Reader(sections.get(id) ?? Buffer.of(0));
  const list = (id, one) => { const from = read(id); return Array.from({ length: from.number() }, () => one(from)); };
  const limits = (from) => { const most = from.byte(), least = from.number(); return { least, most: most & 1 ? from.number() : undefined }; };
  const types = list(TYPES, (from) => { from.byte(); const params = from.take(from.number()).length; from.take(from.number()); return { params }; });
  const imports = list(IMPORTS, (from) => {
    from.take(from.number()), from.take(from.number());
    const kind = from.byte();
    if (kind !== FUNCTION) throw new Error(`split: an import of kind ${kind}`);
    return from.number();
  });
  const functions = [...imports, ...list(FUNCTIONS, (from) => from.number())];
  const tables = list(TABLES, (from) => ({ type: from.byte(), ...limits(from) }));
  const globals = list(GLOBALS, (from) => {
    const type = from.take(2);
    while (from.byte() !== 0x0b) { /* its constant, of which no byte is an end */ }
    return type;
  });
  const exported = list(EXPORTS, (from) => { from.take(from.number()); return [from.byte(), from.number()]; });
  const entries = exported.filter(([kind]) => kind === FUNCTION).map(([, n]) => n);
  if (sections.has(START)) entries.push(read(START).number());
  const inTable = list(ELEMENTS, (from) => {
    const flags = from.number();
    if (flags !== 0 && flags !== 2) throw new Error(`split: elements of kind ${flags}`);
    if (flags === 2) from.number();
    while (from.byte() !== 0x0b) { /* where they go */ }
    if (flags === 2) from.byte();
    return Array.from({ length: from.number() }, () => from.number());
  }).flat();
  const code = list(CODE, (from) => from.take(from.number()));
  return { wasm, sections, types, imports: imports.length, functions, tables, globals, entries, inTable, code };
}

// Walks over a body's bytes; `called` is told of each call: whom, and from where to where that stands.
function walk(bytes, called) {
  const all = new w.Reader(bytes);
  for (let runs = all.number(); runs--; all.byte()) all.number();
  while (all.at < bytes.length) {
    const op = all.byte();
    if (w.usual(op)) all.byte(), all.number();
    else if (op === 0x41 || (op >= 0x20 && op <= 0x22)) all.number();
    else if (op === 0x0e) for (let n = all.number(); n >= 0; n--) all.number();
    else if (op === 0x43 || op === 0x44) all.take(op === 0x43 ? 4 : 8);
    else if (op === 0xfc) for (let n = w.further(all.number()); n--;) all.number();
    else {
      if (op === 0xd2) throw new Error("split: a function's reference");
      for (let n = w.numbers(op).length; n--;) {
        const at = all.at, value = all.number();
        if (op === 0x10) called(value, at, all.at);
      }
    }
  }
}

// Small ones stay: a stub is as large, and of functions that are equal only one is left, under the name of any of them.
const SMALL = 64;

function lateOnes({ imports, functions, entries, inTable, code }, named) {
  const isLate = (n) => n >= imports && code[n - imports].length > SMALL && named(n);
  const early = new Set(), waiting = [...entries, ...inTable];
  while (waiting.length) {
    const n = waiting.pop();
    if (early.has(n) || isLate(n)) continue;
    early.add(n);
    if (n >= imports) walk(code[n - imports], (other) => waiting.push(other));
  }
  return [...functions.keys()].filter((n) => n >= imports && !early.has(n));
}

function parts({ wasm, sections, types, imports, functions, tables, globals, code }, late) {
  const table = tables.findIndex(({ type }) => type === FUNCREF), { least, most } = tables[table];
  const slot = new Map(late.map((n, at) => [n, least + at]));
  // What the second asks of the first.
  const asked = new Map();
  for (const n of late) {
    walk(code[n - imports], (other) => { if (!slot.has(other) && !asked.has(other)) asked.set(other, asked.size); });
  }
  const name = (kind, n) => `${kind}${n.toString(36)}`;
  const grown = [...asked].map(([n, at]) => [...text(name("f", at)), FUNCTION, ...leb(n)]);
  tables.forEach((_, n) => grown.push([...text(name("t", n)), TABLE, ...leb(n)]));
  grown.push([...text("m"), MEMORY, 0]);
  globals.forEach((_, n) => grown.push([...text(name("g", n)), GLOBAL, ...leb(n)]));

  const stub = (n) => {
    const { params } = types[functions[n]];
    const body = [0];
    for (let at = 0; at < params; at++) body.push(0x20, ...leb(at));
    body.push(0x41, ...sleb(slot.get(n)), 0x11, ...leb(functions[n]), ...leb(table), 0x0b);
    return [...leb(body.length), ...body];
  };
  const section = (id, bytes) => Buffer.concat([Buffer.from([id, ...leb(bytes.length)]), Buffer.from(bytes)]);
  const sized = (bytes) => Buffer.concat([Buffer.from(leb(bytes.length)), Buffer.from(bytes)]);
  const changed = new Map([
    [TABLES, () => vector(tables.map((one) => {
      const more = one.type === FUNCREF ? late.length : 0;
      return [one.type, ...(one.most === undefined ? [0, ...leb(one.least + more)] : [1, ...leb(one.least + more), ...leb(one.most + more)])];
    }))],
    [EXPORTS, (old) => {
      const from = new w.Reader(old), count = from.number();
      return Buffer.concat([Buffer.from(leb(count + grown.length)), old.subarray(from.at), Buffer.from(grown.flat())]);
    }],
    [CODE, () => Buffer.concat([Buffer.from(leb(code.length)),
      ...code.map((body, at) => (slot.has(at + imports) ? Buffer.from(stub(at + imports)) : sized(body)))])],
  ]);
  const first = [...sections].map(([id, bytes]) => section(id, changed.get(id)?.(bytes) ?? bytes));

  const place = new Map(late.map((n, at) => [n, asked.size + at]));
  const moved = (bytes) => {
    const out = [];
    let done = 0;
    walk(bytes, (other, at, end) => {
      out.push(bytes.subarray(done, at), Buffer.from(leb(place.get(other) ?? asked.get(other))));
      done = end;
    });
    return sized(Buffer.concat([...out, bytes.subarray(done)]));
  };
  const from = (kind, what) => [...text("p"), ...text(what), kind];
  const wanted = [...asked].map(([n, at]) => [...from(FUNCTION, name("f", at)), ...leb(functions[n])]);
  tables.forEach(({ type }, n) => wanted.push([...from(TABLE, name("t", n)), type, 0, 0]));
  wanted.push([...from(MEMORY, "m"), 0, 0]);
  globals.forEach((type, n) => wanted.push([...from(GLOBAL, name("g", n)), ...type]));
  const second = [
    section(TYPES, sections.get(TYPES)),
    section(IMPORTS, vector(wanted)),
    section(FUNCTIONS, vector(late.map((n) => leb(functions[n])))),
    section(ELEMENTS, [1, 2, ...leb(table), 0x41, ...sleb(least), 0x0b, 0, ...vector(late.map((_, at) => leb(asked.size + at)))]),
    section(CODE, Buffer.concat([Buffer.from(leb(late.length)), ...late.map((n) => moved(code[n - imports]))])),
  ];
  const head = wasm.subarray(0, 8);
  return { first: Buffer.concat([head, ...first]), second: Buffer.concat([head, ...second]) };
}
