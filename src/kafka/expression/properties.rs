//! Unicode's general categories, and the two scripts that ASCII has, as far as ASCII goes: topics have no other characters.

/// Beyond these there is nothing in ASCII.
const NONE: [&str; 17] = ["Cf", "Co", "Cs", "Lm", "Lo", "Lt", "M", "Mc", "Me", "Mn", "Nl", "No", "Pf", "Pi", "So", "Zl", "Zp"];

/// The ranges of characters that have the property, or have it not; `None`: it is not known. Of one that no ASCII character has, a
/// character that is none, so that a class is never empty.
pub fn ranges(name: &str, negated: bool) -> Option<Vec<(char, char)>> {
    if name == "Any" {
        return Some(if negated { vec![(char::MAX, char::MAX)] } else { vec![('\0', char::MAX)] });
    }
    let has = |c: char| has(name, c);
    has('a')?;
    let mut ranges: Vec<(char, char)> = Vec::new();
    for c in ('\0'..='\x7f').filter(|c| has(*c) == Some(!negated)) {
        match ranges.last_mut() {
            Some((_, last)) if u32::from(*last) + 1 == u32::from(c) => *last = c,
            _ => ranges.push((c, c)),
        }
    }
    if negated {
        ranges.push(('\u{80}', char::MAX));
    } else if ranges.is_empty() {
        ranges.push((char::MAX, char::MAX));
    }
    Some(ranges)
}

/// Whether the ASCII character has the property.
fn has(name: &str, c: char) -> Option<bool> {
    Some(match name {
        "L" | "Latin" => c.is_ascii_alphabetic(),
        "Lu" => c.is_ascii_uppercase(),
        "Ll" => c.is_ascii_lowercase(),
        "N" | "Nd" => c.is_ascii_digit(),
        "P" => c.is_ascii_punctuation() && !"$+<=>^`|~".contains(c),
        "Pc" => c == '_',
        "Pd" => c == '-',
        "Ps" => "([{".contains(c),
        "Pe" => ")]}".contains(c),
        "Po" => "!\"#%&'*,./:;?@\\".contains(c),
        "S" => "$+<=>^`|~".contains(c),
        "Sc" => c == '$',
        "Sm" => "+<=>|~".contains(c),
        "Sk" => "^`".contains(c),
        "Z" | "Zs" => c == ' ',
        "C" | "Cc" => c.is_ascii_control(),
        "Common" => !c.is_ascii_alphabetic(),
        name => return NONE.contains(&name).then_some(false),
    })
}
