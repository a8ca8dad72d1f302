//! Writes zstd (RFC 8878) with the codes that the format itself defines and without Huffman codes for literals, which packs less tightly
//! than Kafka's own. `unzstd` reads it, and everybody's.

use super::lz::{BLOCK_BYTES, split};

/// Magic, then: no checksum, no size, a window of 128 KiB.
const HEADER: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0, 7 << 3];
/// Kinds of blocks, as they stand in a block's header.
const RAW: usize = 0 << 1;
const COMPRESSED: usize = 2 << 1;
/// Literals as they are, their length in 20 bits.
const RAW_LITERALS: usize = 0b1100;
/// The shortest repetition that has a code.
pub(super) const SHORTEST: usize = 3;
/// The first three offsets mean distances used before.
const REPEATED_OFFSETS: usize = 3;

/// One of the three alphabets of a sequence: how often each code occurs in a table of 2^`log` states (-1: less than once), how many first
/// codes mean themselves, and how many more bits the codes after them have.
pub(super) struct Alphabet {
    pub(super) log: u32,
    pub(super) shares: &'static [i16],
    pub(super) plain_codes: usize,
    pub(super) more_bits: &'static [u8],
}

pub(super) const LITERAL_LENGTHS: Alphabet = Alphabet {
    log: 6,
    shares: &[4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1],
    plain_codes: 16,
    more_bits: &[1, 1, 1, 1, 2, 2, 3, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
};
pub(super) const MATCH_LENGTHS: Alphabet = Alphabet {
    log: 6,
    shares: &[
        1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, -1, -1, -1, -1, -1, -1, -1,
    ],
    plain_codes: 32,
    more_bits: &[1, 1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
};
/// An offset's code is the number of its bits, less one: the codes after the first have one bit, two bits and so on.
pub(super) const OFFSETS: Alphabet = Alphabet {
    log: 5,
    shares: &[1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1],
    plain_codes: 1,
    more_bits: &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16],
};

pub(super) fn compress(plain: &[u8]) -> Vec<u8> {
    let mut packed = HEADER.to_vec();
    let mut coders = [Coder::new(&LITERAL_LENGTHS), Coder::new(&MATCH_LENGTHS), Coder::new(&OFFSETS)];
    let mut rest = plain;
    loop {
        let block;
        (block, rest) = rest.split_at(rest.len().min(BLOCK_BYTES));
        let mut body = compress_block(block, &mut coders);
        let mut kind = COMPRESSED;
        if body.len() >= block.len() {
            body = block.to_vec();
            kind = RAW;
        }
        put_number(body.len() << 3 | kind | usize::from(rest.is_empty()), &mut packed);
        packed.extend(body);
        if rest.is_empty() {
            return packed;
        }
    }
}

/// Three bytes.
fn put_number(number: usize, packed: &mut Vec<u8>) {
    packed.extend(&number.to_le_bytes()[..3]);
}

fn compress_block(block: &[u8], coders: &mut [Coder; 3]) -> Vec<u8> {
    let mut literals: Vec<u8> = Vec::new();
    let mut sequences = Vec::new();
    split(block, &mut |before, length, distance| {
        literals.extend(before);
        if length > 0 {
            sequences.push([before.len(), length - SHORTEST, distance + REPEATED_OFFSETS - 1]);
        }
    });
    let mut body = Vec::with_capacity(literals.len() + 4 * sequences.len() + 16);
    put_number(literals.len() << 4 | RAW_LITERALS, &mut body);
    body.extend(literals);
    let count = sequences.len();
    if count < 0x80 {
        body.push(count as u8);
    } else {
        body.extend([(count >> 8) as u8 | 0x80, count as u8]);
    }
    if count == 0 {
        return body;
    }
    // All three alphabets as the format defines them.
    body.push(0);
    // Read backwards, so that the last sequence is written first.
    let mut bits = Bits { body, held: 0, count: 0 };
    for (n, sequence) in sequences.iter().rev().enumerate() {
        let mut codes = [(0, 0, 0); 3];
        for ((code, coder), value) in codes.iter_mut().zip(&*coders).zip(sequence) {
            *code = coder.alphabet.code(*value);
        }
        for which in [2, 1, 0] {
            coders[which].step(codes[which].0, n > 0, &mut bits);
        }
        for (_, more, width) in codes {
            bits.put(more, width);
        }
    }
    for which in [1, 2, 0] {
        bits.put(coders[which].state, coders[which].alphabet.log);
    }
    bits.put(1, 1);
    bits.put(0, 7);
    bits.body
}

impl Alphabet {
    /// A value's code, and what its bits behind the code say: number and width.
    fn code(&self, value: usize) -> (u8, usize, u32) {
        let (mut code, mut first) = (value.min(self.plain_codes), self.plain_codes);
        for bits in self.more_bits {
            if value < first + (1 << bits) {
                break;
            }
            first += 1 << bits;
            code += 1;
        }
        if value < self.plain_codes {
            (code as u8, 0, 0)
        } else {
            (code as u8, value - first, u32::from(self.more_bits[code - self.plain_codes]))
        }
    }
}

/// A state of an alphabet's machine: its code, and the next state is its base plus what so many bits say.
pub(super) type State = (u8, u32, usize);

/// The machine of 2^`log` states of which each code has its share.
pub(super) fn states(log: u32, shares: &[i16]) -> Vec<State> {
    let size = 1 << log;
    let mut states = vec![(0, 0, 0); size];
    let (mut high, mut at) = (size, 0);
    for (code, share) in shares.iter().enumerate() {
        if *share < 0 {
            high -= 1;
            states[high].0 = code as u8;
        }
    }
    for (code, share) in shares.iter().enumerate() {
        for _ in 0..*share {
            states[at].0 = code as u8;
            at = (at + size / 2 + size / 8 + 3) % size;
            while at >= high {
                at = (at + size / 2 + size / 8 + 3) % size;
            }
        }
    }
    let mut seen: Vec<usize> = shares.iter().map(|share| share.unsigned_abs().into()).collect();
    for (code, bits, base) in &mut states {
        let seen = &mut seen[usize::from(*code)];
        *bits = log - seen.ilog2();
        *base = (*seen << *bits) - size;
        *seen += 1;
    }
    states
}

/// A machine at work.
struct Coder {
    alphabet: &'static Alphabet,
    states: Vec<State>,
    state: usize,
}

impl Coder {
    fn new(alphabet: &'static Alphabet) -> Self {
        Self { alphabet, states: states(alphabet.log, alphabet.shares), state: 0 }
    }

    /// Goes to a state of this code: any at first, later one from which the state before can be reached, and writes how.
    fn step(&mut self, wanted: u8, reach: bool, bits: &mut Bits) {
        let from = self.state;
        let fits = |(code, bits, base): &(u8, u32, usize)| *code == wanted && (!reach || from.wrapping_sub(*base) < 1 << bits);
        self.state = self.states.iter().position(fits).expect("the states of a code reach every state");
        if reach {
            let (_, width, base) = self.states[self.state];
            bits.put(from - base, width);
        }
    }
}

/// Bits, from the lowest; whole bytes go to the body.
struct Bits {
    body: Vec<u8>,
    held: usize,
    count: u32,
}

impl Bits {
    /// Not more than 16 bits.
    fn put(&mut self, number: usize, width: u32) {
        self.held |= number << self.count;
        self.count += width;
        while self.count >= 8 {
            self.body.push(self.held as u8);
            self.held >>= 8;
            self.count -= 8;
        }
    }
}
