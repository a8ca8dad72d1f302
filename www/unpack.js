// WebAssembly that travels small. A function's body is a mixture of very different things: opcodes, locals, offsets, constants. Dealt
// out, a stream for each kind, they compress by a seventh better than in a row. `scripts/deal.mjs` deals at build time, and tries that
// what comes out here is the same byte for byte.
//
// A dealt module is a module with nothing but one custom section, so that servers and proxies take it for what it is. In it: the
// length of the whole, the number of functions, then, each after its length, the sections before the code, the streams, the sections after.
// The opcodes may be in a second such file: beside other things they compress worse.

// The streams, in their order.
export const OPS = 0, LOCALS = 1, GETS = 2, SETS = 3, OFFSETS = 4, FAR = 5, CALLS = 6, BYTES = 7, SHORTS = 8, WORDS = 9, LONGS = 10,
  BRANCHES = 11, TABLES = 12, BLOCKS = 13, UNALIGNED = 14, FLOATS = 15, OTHERS = 16, STREAMS = 17;

// Opcodes that WebAssembly has not: a load or store whose alignment is so much less than usual (its own opcode is in UNALIGNED), and
// i32.const by the length of its number. An offset of more than one byte is in FAR, and this in OFFSETS.
export const LESS = 0xe0, SHORT = 0xe4, WORD = 0xe5, IN_FAR = 0x80;
// The usual alignments, as logarithms.
export const usual = (op) => "23230011001122232301012"[op - 0x28];

// The numbers that follow an opcode, by their streams; what is missing here is `undefined`, of which a build must not hear.
const NUMBERS = { 0x0c: [BRANCHES], 0x0d: [BRANCHES], 0x10: [CALLS], 0x42: [LONGS], 0x0f: [], 0x1a: [], 0x1b: [], 0xd1: [] };
for (const op of [0x02, 0x03, 0x04]) NUMBERS[op] = [BLOCKS];
for (const op of [0x23, 0x24, 0x25, 0x26, 0x3f, 0x40, 0xd0, 0xd2]) NUMBERS[op] = [OTHERS];
for (const op of [0x11, 0x1c]) NUMBERS[op] = [OTHERS, OTHERS];
for (const op of [0x00, 0x01, 0x05, 0x0b]) NUMBERS[op] = [];
for (let op = 0x45; op <= 0xc4; op++) NUMBERS[op] = [];
export const numbers = (op) => NUMBERS[op];
// The numbers after 0xfc and its second opcode.
export const further = (op) => +"000000002121212111"[op];
export const isBlock = (op) => op >= 2 && op <= 4;
const END = 0x0b;

export class Reader {
  constructor(bytes, at = 0) { this.bytes = bytes; this.at = at; }
  byte() { return this.bytes[this.at++]; }
  number() {
    let value = 0, scale = 1, byte;
    do { byte = this.byte(); value += (byte & 127) * scale; scale *= 128; } while (byte > 127);
    return value;
  }
  take(length) { return this.bytes.subarray(this.at, this.at += length); }
}

// Locals are said by how recently they were used.
export class Recent {
  order = [];
  // Which local is at a place of the order; it is the most recent then.
  at(place) {
    const { order } = this;
    while (order.length <= place) order.push(order.length);
    const local = order[place];
    for (; place; place--) order[place] = order[place - 1];
    return order[0] = local;
  }
  place(local) {
    const known = this.order.indexOf(local), place = known < 0 ? local : known;
    this.at(place);
    return place;
  }
}

class Writer extends Reader {
  write(byte) { this.bytes[this.at++] = byte; }
  // In LEB128, as short as it goes.
  say(value) {
    for (; value > 127; value = Math.floor(value / 128)) this.write(value % 128 | 128);
    this.write(value);
  }
  put(bytes) { this.bytes.set(bytes, this.at); this.at += bytes.length; }
  // What `write` writes, after its length: that is known, and moved before it, when all is written.
  sized(write) {
    const at = this.at;
    write(this.at += 5);
    const end = this.at;
    this.at = at;
    this.say(end - at - 5);
    this.bytes.copyWithin(this.at, at + 5, end);
    this.at += end - at - 5;
  }
}

function body(out, streams) {
  const recent = new Recent();
  const copy = (kind) => { const from = streams[kind]; let byte; do out.write(byte = from.byte()); while (byte > 127); };
  const count = (kind) => { const value = streams[kind].number(); out.say(value); return value; };
  for (let runs = count(LOCALS); runs--; copy(LOCALS)) copy(LOCALS);
  for (let depth = 1; depth;) {
    const said = streams[OPS].byte();
    const less = said > LESS && said < SHORT ? said - LESS : 0;
    const op = less ? streams[UNALIGNED].byte() : said === SHORT || said === WORD ? 0x41 : said;
    out.write(op);
    if (usual(op)) {
      out.write(usual(op) - less);
      const offset = streams[OFFSETS].byte();
      if (offset === IN_FAR) copy(FAR); else out.write(offset);
    } else if (op === 0x41) copy(said === SHORT ? SHORTS : said === WORD ? WORDS : BYTES);
    else if (op >= 0x20 && op <= 0x22) out.say(recent.at(streams[op === 0x20 ? GETS : SETS].number()));
    else if (op === 0x0e) for (let n = count(TABLES); n >= 0; n--) copy(TABLES);
    else if (op === 0x43 || op === 0x44) out.put(streams[FLOATS].take(op === 0x43 ? 4 : 8));
    else if (op === 0xfc) for (let n = further(count(OTHERS)); n--;) copy(OTHERS);
    else {
      for (const kind of numbers(op)) copy(kind);
      depth += isBlock(op) - (op === END);
    }
  }
}

// What is in the custom section of a module that has nothing else.
function inside(bytes) {
  const all = new Reader(bytes, 9);
  all.number();
  all.take(all.number());
  return all;
}

// The module of a dealt one, `ops` being its second file if it has one; another is given back as it is.
export function unpack(bytes, ops) {
  if (bytes[8]) return bytes;
  const all = inside(bytes);
  // Room for the lengths that are not known yet.
  const out = new Writer(new Uint8Array(all.number() + 20)), functions = all.number(), part = () => all.take(all.number());
  out.put(part());
  const streams = Array.from({ length: STREAMS }, () => new Reader(part()));
  if (ops) streams[OPS] = inside(ops);
  out.write(10);
  out.sized(() => {
    out.say(functions);
    for (let n = functions; n--;) out.sized(() => body(out, streams));
  });
  out.put(part());
  return out.bytes.subarray(0, out.at);
}
