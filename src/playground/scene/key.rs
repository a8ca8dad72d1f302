//! A record's key as a colour and a sign beside it, so that colour never stands alone.

use crate::world::view::key_number;

/// Colours for categories (Okabe–Ito).
#[cfg(test)]
const COLOURS: u8 = 6;

/// The sign drawn on a record cell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Glyph {
    None,
    Disc,
    Bar,
    Triangle,
    Diamond,
    Ring,
    Cross,
    /// A record whose value is null.
    Tombstone,
    /// Control records: a transaction's end, as it is committed and as it is aborted.
    Commit,
    Abort,
    /// A control record that ends no transaction.
    Control,
}

const GLYPHS: [Glyph; 6] = [Glyph::Disc, Glyph::Bar, Glyph::Triangle, Glyph::Diamond, Glyph::Ring, Glyph::Cross];

/// Colour index and sign of a key: the same key always looks the same. Keys that end in a number ("key-4") take their
/// turn, so that neighbours differ; others are hashed.
pub fn key_look(key: &str) -> (u8, Glyph) {
    let n = key_number(key);
    let colour = key_colour(n);
    (colour, GLYPHS[(u32::from(colour) + n / 6) as usize % 6])
}

/// The colour of a key of which no more is known than its number.
pub fn key_colour(number: u32) -> u8 {
    (number % 6) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_differ_and_a_key_keeps_its_look() {
        let looks: Vec<_> = (0..36).map(|n| key_look(&format!("key-{n}"))).collect();
        for (i, a) in looks.iter().enumerate() {
            assert!(a.0 < COLOURS);
            for b in &looks[i + 1..] {
                assert!(a.0 != b.0 || a.1 != b.1, "36 numbered keys are told apart");
            }
        }
        assert_eq!(key_look("alice"), key_look("alice"));
        let mut usual: Vec<u8> = ["alice", "bob", "carol", "dave", "erin", "frank"].iter().map(|k| key_look(k).0).collect();
        usual.sort_unstable();
        assert_eq!(usual, [0, 1, 2, 3, 4, 5]);
        key_look("99999999999999999999");
        key_look("");
    }
}
