//! Values as the scenario language writes them: durations, rates, shares, and text in quotes; and the nearest word to a wrong one.

/// The text as one word of a line: in quotes where it needs them.
pub fn quoted(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !matches!(c, '"' | '#' | '\\' | '=' | '<' | '>');
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `1.5` as 1_500_000 with six places; `None` when it is no such number.
fn decimal(text: &str, places: u32) -> Option<i128> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let part_places = u32::try_from(part.len()).ok()?;
    if whole.is_empty() || whole.len() > 18 || !digits(whole) || !digits(part) || part_places > places || text.ends_with('.') {
        return None;
    }
    let whole: i128 = whole.parse().ok()?;
    let part: i128 = if part.is_empty() { 0 } else { part.parse().ok()? };
    Some(whole * 10_i128.pow(places) + part * 10_i128.pow(places - part_places))
}

const UNITS: [(&str, i64); 5] = [("us", 1), ("ms", 1_000), ("s", 1_000_000), ("m", 60_000_000), ("h", 3_600_000_000)];

/// Microseconds of `250us`, `60ms`, `1.5s`, `2m`, `1h` or `0`.
///
/// # Errors
/// What is expected instead.
pub fn duration(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no duration: a number and one of us, ms, s, m, h is expected, as in 250ms or 1.5s");
    if text == "0" {
        return Ok(0);
    }
    let at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at_checked(at).ok_or_else(wrong)?;
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(wrong)?;
    let millionths = decimal(number, 6).ok_or_else(wrong)?.checked_mul(i128::from(*scale)).ok_or_else(wrong)?;
    if millionths % 1_000_000 != 0 {
        return Err(format!("{text:?} is finer than a microsecond"));
    }
    i64::try_from(millionths / 1_000_000).map_err(|_| wrong())
}

/// A duration (microseconds) in the largest unit that gives a whole number.
pub fn duration_text(micros: i64) -> String {
    if micros == 0 {
        return "0s".into();
    }
    for (name, scale) in UNITS.iter().rev() {
        if micros % scale == 0 {
            return format!("{}{name}", micros / scale);
        }
    }
    format!("{micros}us")
}

/// Records in a thousand seconds of `4/s` or `0.5/s`.
///
/// # Errors
/// What is expected instead.
pub fn rate(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no rate: records a second are expected, as in 4/s or 0.5/s (at most three decimals)");
    let number = text.strip_suffix("/s").ok_or_else(wrong)?;
    u64::try_from(decimal(number, 3).ok_or_else(wrong)?).map_err(|_| wrong())
}

/// `4/s` or `0.5/s` of records in a thousand seconds.
pub fn rate_text(rate_per_1000s: u64) -> String {
    let (whole, part) = (rate_per_1000s / 1000, rate_per_1000s % 1000);
    if part == 0 {
        return format!("{whole}/s");
    }
    let part = format!("{part:03}");
    format!("{whole}.{}/s", part.trim_end_matches('0'))
}

/// Millionths of `1%` or `0.5%`.
///
/// # Errors
/// What is expected instead.
pub fn percent(text: &str) -> Result<u32, String> {
    let wrong = || format!("{text:?} is no share: a percentage is expected, as in 1% or 0.05% (at most four decimals)");
    let number = text.strip_suffix('%').ok_or_else(wrong)?;
    u32::try_from(decimal(number, 4).ok_or_else(wrong)?).map_err(|_| wrong())
}

/// `0.05%` of 500 millionths.
pub fn percent_text(ppm: u32) -> String {
    let part = format!("{:04}", ppm % 10_000);
    match part.trim_end_matches('0') {
        "" => format!("{}%", ppm / 10_000),
        part => format!("{}.{part}%", ppm / 10_000),
    }
}

/// A whole number.
///
/// # Errors
/// What is expected instead.
pub fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("a whole number is expected, {text:?} is none that fits"))
}

/// `; did you mean X?` when a word of the list is near.
pub fn hint(word: &str, list: &[&str]) -> String {
    let nearest = list.iter().map(|known| (distance(word, known), *known)).min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((distance, known)) if distance * 3 <= known.chars().count().max(3) => format!("; did you mean {known}?"),
        _ => String::new(),
    }
}

/// Edits from one word to the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(64).enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, up) in b.iter().zip(row.iter().skip(1)) {
            let cost = if x == *y { diagonal } else { 1 + diagonal.min(left).min(*up) };
            diagonal = *up;
            left = cost;
            next.push(cost);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_exact_in_microseconds() {
        assert_eq!(duration("250us"), Ok(250));
        assert_eq!(duration("1.5s"), Ok(1_500_000));
        assert_eq!(duration("2m"), Ok(120_000_000));
        assert_eq!(duration("0"), Ok(0));
        for wrong in ["", "5", "s", "1.s", "1.0000001s", "0.5us", "-1s", "99999999999999999h", "1 s", "1e3s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        for micros in [0, 1, 1000, 1_500_000, 60_000_000, 7_200_000_000] {
            assert_eq!(duration(&duration_text(micros)), Ok(micros));
        }
    }

    #[test]
    fn rates_are_exact_in_a_thousand_seconds() {
        assert_eq!(rate("0.5/s"), Ok(500));
        assert_eq!(rate_text(500), "0.5/s");
        assert_eq!(rate_text(4000), "4/s");
        assert!(rate("4").is_err());
        assert!(rate("0.0001/s").is_err());
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("consmer", "consumer"), 1);
        assert_eq!(distance("abc", "abc"), 0);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(hint("consmer", &["producer", "consumer"]), "; did you mean consumer?");
        assert_eq!(hint("xyz", &["producer", "consumer"]), "");
    }
}
