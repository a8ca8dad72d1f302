//! What lz4, snappy and zstd have in common: a text is literals and repetitions of what came before. One search for repetitions serves
//! all three, and one copy. Written here, since three crates with a search each were a twentieth of what the page's visitors download.

/// Bytes that a repetition has at least: those that are hashed.
const SHORTEST: usize = 4;
/// The hash table has 2^12 places.
const TABLE_BITS: u32 = 12;
/// Lz4 wants the last repetition to begin this many bytes before the end, or earlier...
const LAST_START_BYTES: usize = 12;
/// ...and to leave this many bytes as literals.
const LAST_LITERAL_BYTES: usize = 5;
/// What a block may hold, so that a distance fits 16 bits.
pub(super) const BLOCK_BYTES: usize = 64 * 1024;

/// Calls `put` with literals and with the length and distance of the repetition that follows them. The last literals have none: 0, 0.
/// `plain`: not more than a block.
pub(super) fn split<'a>(plain: &'a [u8], put: &mut dyn FnMut(&'a [u8], usize, usize)) {
    let word = |at: usize| plain.get(at..).and_then(|rest| rest.first_chunk::<4>()).map_or(0, |bytes| u32::from_le_bytes(*bytes));
    let mut table = vec![0_u16; 1 << TABLE_BITS];
    // An empty place of the table says 0: a repetition of the first bytes is as good as any, and it begins at 1 or later.
    let (mut from, mut at) = (0, 1);
    while at + LAST_START_BYTES <= plain.len() {
        let here = word(at);
        let place = &mut table[(here.wrapping_mul(0x9e37_79b1) >> (32 - TABLE_BITS)) as usize];
        let before = usize::from(std::mem::replace(place, at as u16));
        if word(before) == here {
            let rest = plain[at + SHORTEST..plain.len() - LAST_LITERAL_BYTES].iter();
            let length = SHORTEST + rest.zip(&plain[before + SHORTEST..]).take_while(|(a, b)| a == b).count();
            put(&plain[from..at], length, at - before);
            at += length;
            from = at;
        } else {
            // What has not repeated itself for long is passed over faster.
            at += 1 + (at - from) / 64;
        }
    }
    put(&plain[from..], 0, 0);
}

/// Appends `length` bytes that stand `distance` bytes before the end, which may run into themselves; not from before `start`.
pub(super) fn repeat(plain: &mut Vec<u8>, start: usize, distance: usize, mut length: usize) -> Option<()> {
    let from = plain.len().checked_sub(distance).filter(|from| distance > 0 && *from >= start)?;
    while length > 0 {
        let step = length.min(plain.len() - from);
        plain.extend_from_within(from..from + step);
        length -= step;
    }
    Some(())
}

/// Splits `count` bytes off the front.
pub(super) fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    rest.split_off(..count)
}

/// Takes a little-endian number of so many bytes, at most 4.
pub(super) fn number(rest: &mut &[u8], bytes: usize) -> Option<usize> {
    Some(take(rest, bytes)?.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
}
