//! Reads zstd (RFC 8878), without dictionaries and without looking at checksums: a record batch has its own.

use super::zstd::{Alphabet, LITERAL_LENGTHS, MATCH_LENGTHS, OFFSETS, SHORTEST, State, states};

const MAGIC: usize = 0xfd2f_b528;
/// Frames with other people's data: the lowest four bits are theirs.
const SKIPPABLE: usize = 0x184d_2a50;
/// What a block makes at most, in bytes.
const BLOCK_BYTES: usize = 128 * 1024;
/// Bits of a Huffman code at most, and of the states of the code that its weights are told in.
const LONGEST_CODE: u32 = 11;
const WEIGHTS_LOG: u32 = 6;
/// The distances that count as used before a frame begins.
const FIRST_OFFSETS: [usize; 3] = [1, 4, 8];

/// Stops soon after more than `limit` bytes have come out. `None`: the data is corrupt or cut off.
pub(super) fn decompress(packed: &[u8], limit: u64) -> Option<Vec<u8>> {
    let mut from = Input(packed);
    let mut plain = Vec::new();
    loop {
        match from.number(4)? {
            magic if magic & !15 == SKIPPABLE => {
                let length = from.number(4)?;
                from.take(length)?;
            }
            MAGIC => frame(&mut from, &mut plain, limit)?,
            _ => return None,
        }
        if from.0.is_empty() || plain.len() as u64 > limit {
            return Some(plain);
        }
    }
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    /// A little-endian number of so many bytes, five at most: a literals header's sizes are read with no more than 32 bits used.
    fn number(&mut self, bytes: usize) -> Option<usize> {
        Some(self.take(bytes)?.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) as usize)
    }
}

/// What one block leaves to the next.
struct Kept {
    huffman: Vec<(u8, u32)>,
    /// Of literal lengths, match lengths and offsets, as in `zstd`.
    tables: [Vec<State>; 3],
    offsets: [usize; 3],
}

fn frame(from: &mut Input<'_>, plain: &mut Vec<u8>, limit: u64) -> Option<()> {
    let says = from.number(1)?;
    let (single, checksum) = (says >> 5 & 1, says >> 2 & 1);
    // A dictionary, which nobody has here, or what the format keeps for later.
    if says & 0b1011 != 0 {
        return None;
    }
    // The window's size, unless all is one segment, and the size of the whole.
    from.take(1 - single + [single, 2, 4, 8][says >> 6])?;
    let mut kept = Kept { huffman: Vec::new(), tables: Default::default(), offsets: FIRST_OFFSETS };
    let begin = plain.len();
    loop {
        let says = from.number(3)?;
        let length = says >> 3;
        if length > BLOCK_BYTES {
            return None;
        }
        match says >> 1 & 3 {
            0 => plain.extend(from.take(length)?),
            1 => plain.resize(plain.len() + length, from.number(1)? as u8),
            2 => block(Input(from.take(length)?), &mut kept, plain, begin)?,
            _ => return None,
        }
        if says & 1 == 1 || plain.len() as u64 > limit {
            from.take(4 * (checksum & says))?;
            return Some(());
        }
    }
}

fn block(mut from: Input<'_>, kept: &mut Kept, plain: &mut Vec<u8>, begin: usize) -> Option<()> {
    let literals = literals(&mut from, &mut kept.huffman)?;
    let mut rest = Input(&literals);
    let mut count = from.number(1)?;
    if count >= 0x80 {
        count = match count {
            255 => from.number(2)? + 0x7f00,
            high => ((high - 0x80) << 8) + from.number(1)?,
        };
    }
    if count > 0 {
        let modes = from.number(1)?;
        for (which, shift, alphabet, most) in [(0, 6, &LITERAL_LENGTHS, 9), (2, 4, &OFFSETS, 8), (1, 2, &MATCH_LENGTHS, 9)] {
            let table = &mut kept.tables[which];
            match modes >> shift & 3 {
                0 => *table = states(alphabet.log, alphabet.shares),
                1 => *table = vec![(from.number(1)? as u8, 0, 0)],
                2 => *table = told(&mut from, most)?.1,
                _ => {}
            }
            if table.is_empty() {
                return None;
            }
        }
        sequences(Bits::new(from.0)?, count, kept, &mut rest, plain, begin)?;
    }
    plain.extend(rest.0);
    Some(())
}

fn sequences(mut bits: Bits<'_>, count: usize, kept: &mut Kept, literals: &mut Input<'_>, plain: &mut Vec<u8>, begin: usize) -> Option<()> {
    let Kept { tables, offsets, .. } = kept;
    let end = plain.len() + BLOCK_BYTES;
    let mut at = [0; 3];
    for which in [0, 2, 1] {
        at[which] = bits.take(tables[which].len().ilog2());
    }
    for n in 0..count {
        let mut now: [State; 3] = [(0, 0, 0); 3];
        for (now, (table, at)) in now.iter_mut().zip(tables.iter().zip(at)) {
            *now = *table.get(at)?;
        }
        if now[2].0 > 31 {
            return None;
        }
        let offset = (1 << now[2].0) + bits.take(now[2].0.into());
        let repeat = MATCH_LENGTHS.value(now[1].0, &mut bits)? + SHORTEST;
        let before = LITERAL_LENGTHS.value(now[0].0, &mut bits)?;
        if n + 1 < count {
            for which in [0, 1, 2] {
                at[which] = now[which].2 + bits.take(now[which].1);
            }
        }
        // The first three mean distances used before; without literals before it, one further, and the last is one less than the first.
        let which = if offset > 3 { 3 } else { offset - 1 + usize::from(before == 0) };
        let distance = match which {
            3 if offset > 3 => offset - 3,
            3 => offsets[0] - 1,
            which => offsets[which],
        };
        offsets[..=which.min(2)].rotate_right(1);
        offsets[0] = distance;
        plain.extend(literals.take(before)?);
        if distance == 0 || distance > plain.len() - begin || plain.len() + repeat > end {
            return None;
        }
        for _ in 0..repeat {
            plain.push(plain[plain.len() - distance]);
        }
    }
    (bits.left == 0).then_some(())
}

impl Alphabet {
    /// What a code means, with the bits that belong to it.
    fn value(&self, code: u8, bits: &mut Bits<'_>) -> Option<usize> {
        let more = usize::from(code).saturating_sub(self.plain_codes);
        if usize::from(code) < self.plain_codes {
            return Some(code.into());
        }
        let first: usize = self.more_bits.get(..more)?.iter().map(|bits| 1 << bits).sum();
        Some(self.plain_codes + first + bits.take((*self.more_bits.get(more)?).into()))
    }
}

fn literals(from: &mut Input<'_>, huffman: &mut Vec<(u8, u32)>) -> Option<Vec<u8>> {
    let first = usize::from(*from.0.first()?);
    let (kind, format) = (first & 3, first >> 2 & 3);
    if kind < 2 {
        let bytes = [1, 2, 1, 3][format];
        let length = from.number(bytes)? >> if bytes == 1 { 3 } else { 4 };
        return Some(match kind {
            0 => from.take(length)?.to_vec(),
            _ if length > BLOCK_BYTES => return None,
            _ => vec![from.number(1)? as u8; length],
        });
    }
    let width = [10, 10, 14, 18][format];
    let head = from.take([3, 3, 4, 5][format])?.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) >> 4;
    let (length, packed) = ((head & ((1 << width) - 1)) as usize, (head >> width) as usize);
    let mut from = Input(from.take(packed)?);
    if kind == 2 {
        *huffman = codes(&mut from)?;
    }
    if huffman.is_empty() || length > BLOCK_BYTES {
        return None;
    }
    let mut out = Vec::new();
    if format == 0 {
        symbols(from.0, huffman, length, &mut out)?;
        return Some(out);
    }
    let mut streams = [from.number(2)?, from.number(2)?, from.number(2)?, 0];
    streams[3] = from.0.len().checked_sub(streams.iter().sum())?;
    let part = length.div_ceil(4);
    for stream in streams {
        let wanted = part.min(length - out.len());
        symbols(from.take(stream)?, huffman, wanted, &mut out)?;
    }
    Some(out)
}

/// So many symbols of a stream, which must end with them.
fn symbols(stream: &[u8], huffman: &[(u8, u32)], count: usize, out: &mut Vec<u8>) -> Option<()> {
    let mut bits = Bits::new(stream)?;
    let log = huffman.len().ilog2();
    for _ in 0..count {
        let (symbol, length) = *huffman.get(bits.peek(log))?;
        bits.left -= i64::from(length);
        out.push(symbol);
    }
    (bits.left == 0).then_some(())
}

/// The codes that a description tells: for each number of the longest code's bits the symbol that it begins with, and its bits.
fn codes(from: &mut Input<'_>) -> Option<Vec<(u8, u32)>> {
    let says = from.number(1)?;
    let mut weights: Vec<u8> = if says >= 128 {
        let count = says - 127;
        from.take(count.div_ceil(2))?.iter().flat_map(|two| [two >> 4, two & 15]).take(count).collect()
    } else {
        let mut from = Input(from.take(says)?);
        let (log, table) = told(&mut from, WEIGHTS_LOG)?;
        let mut bits = Bits::new(from.0)?;
        let mut at = [bits.take(log), bits.take(log)];
        let mut weights = Vec::new();
        // Two machines take turns; when there are no bits for the one, the other says one weight more.
        for turn in (0..2).cycle() {
            let (weight, width, base) = *table.get(at[turn])?;
            weights.push(weight);
            at[turn] = base + bits.take(width);
            if bits.left < 0 {
                weights.push(table.get(at[1 - turn])?.0);
                break;
            }
            if weights.len() > 255 {
                return None;
            }
        }
        weights
    };
    // The last symbol's weight is what is missing to a power of two.
    let sum: usize = weights.iter().filter(|weight| **weight > 0).map(|weight| 1 << (weight - 1)).sum();
    let log = sum.checked_ilog2()? + 1;
    let missing = (1 << log) - sum;
    if log > LONGEST_CODE || !missing.is_power_of_two() || weights.len() > 255 {
        return None;
    }
    weights.push(missing.ilog2() as u8 + 1);
    let mut table = Vec::new();
    for wanted in 1..=log as u8 {
        for (symbol, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight == wanted) {
            table.resize(table.len() + (1 << (weight - 1)), (symbol as u8, log + 1 - u32::from(*weight)));
        }
    }
    (table.len() == 1 << log).then_some(table)
}

/// A table of states that is told in the data, of at most 2^`most`.
fn told(from: &mut Input<'_>, most: u32) -> Option<(u32, Vec<State>)> {
    // Read forwards, unlike everything else.
    let mut bits = Bits { bytes: from.0, left: 0 };
    let mut next = |width: u32| {
        let number = bits.at(bits.left, width);
        bits.left += i64::from(width);
        number
    };
    let log = next(4) as u32 + 5;
    if log > most {
        return None;
    }
    let (mut rest, mut shares) = (1_i32 << log, Vec::new());
    while rest > 0 {
        // From 0, less than one, to the rest and one: the low numbers take one bit less.
        let width = (rest + 1).ilog2() + 1;
        let (low, spare) = (next(width - 1) as i32, (1 << width) - 2 - rest);
        let mut share = low;
        if low >= spare {
            share += (next(1) as i32) << (width - 1);
            if share >= 1 << (width - 1) {
                share -= spare;
            }
        }
        share -= 1;
        rest -= share.abs();
        shares.push(share as i16);
        let mut more = share == 0;
        while more {
            let zeros = next(2);
            shares.resize(shares.len() + zeros, 0);
            more = zeros == 3;
        }
        if shares.len() > 256 {
            return None;
        }
    }
    let bytes = usize::try_from(bits.left).ok()?.div_ceil(8);
    from.take(bytes)?;
    (rest == 0).then(|| (log, states(log, &shares)))
}

/// Bits that are read from the last one back. What is asked beyond the first are zeros, and `left` says so.
struct Bits<'a> {
    bytes: &'a [u8],
    left: i64,
}

impl<'a> Bits<'a> {
    /// The highest bit of the last byte only marks the end.
    fn new(bytes: &'a [u8]) -> Option<Self> {
        let mark = bytes.last()?.checked_ilog2()?;
        Some(Self { bytes, left: bytes.len() as i64 * 8 - 8 + i64::from(mark) })
    }

    /// Not more than 32 bits from a place.
    fn at(&self, place: i64, width: u32) -> usize {
        let mut number = 0_u64;
        for n in 0..5 {
            let byte = usize::try_from(place.div_euclid(8) + n).ok().and_then(|i| self.bytes.get(i)).copied();
            number |= u64::from(byte.unwrap_or_default()) << (8 * n);
        }
        ((number >> place.rem_euclid(8)) & ((1 << width) - 1)) as usize
    }

    fn peek(&self, width: u32) -> usize {
        self.at(self.left - i64::from(width), width)
    }

    fn take(&mut self, width: u32) -> usize {
        let number = self.peek(width);
        self.left -= i64::from(width);
        number
    }
}
