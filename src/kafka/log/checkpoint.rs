//! Kafka's checkpoint files (`CheckpointFile`): a version, the number of entries, and an entry on each line.

use crate::kafka::disk::Disk;
use std::str::FromStr;

const VERSION: i32 = 0;

/// The entries of a file, each read from the words of its line. One that is not there or is empty has none.
///
/// # Errors
/// The file does not hold what its head says, in Kafka's words. Kafka gives its log directory up then.
pub fn read_checkpoint<T>(disk: &Disk, path: &str, entry: impl Fn(&[&str]) -> Option<T>) -> Result<Vec<T>, String> {
    let bytes = disk.read_all(path).unwrap_or_default();
    parse(path, &bytes, entry).map_err(|why| format!("Error while reading checkpoint file {path}: {why}"))
}

/// A whole number, as Java reads it.
pub fn whole<T: FromStr>(word: &str) -> Option<T> {
    word.parse().ok()
}

fn parse<T>(path: &str, bytes: &[u8], entry: impl Fn(&[&str]) -> Option<T>) -> Result<Vec<T>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    let malformed = |line: &str| format!("Malformed line in checkpoint file [{path}]: {line}");
    let mut lines = text.lines();
    let Some(first) = lines.next() else { return Ok(Vec::new()) };
    let version: i32 = whole(first).ok_or_else(|| malformed(first))?;
    if version != VERSION {
        return Err(format!("Unrecognised version:{version}, expected version: {VERSION} in checkpoint file at: {path}"));
    }
    let Some(count) = lines.next() else { return Ok(Vec::new()) };
    let count: i32 = whole(count).ok_or_else(|| malformed(count))?;
    let mut entries = Vec::new();
    for line in lines {
        let words: Vec<&str> = line.split_whitespace().collect();
        entries.push(entry(&words).ok_or_else(|| malformed(line))?);
    }
    let found = entries.len();
    if u64::try_from(count) != Ok(found as u64) {
        return Err(format!("Expected [{count}] entries in checkpoint file [{path}], but found only [{found}]"));
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_checkpoint_says_what_is_wrong_with_it() {
        let read = |text: &str| parse("a", text.as_bytes(), |words| if let [one] = words { whole::<i64>(one) } else { None });
        assert_eq!((read(""), read("0\n"), read("0\n2\n5\n6\n")), (Ok(vec![]), Ok(vec![]), Ok(vec![5, 6])));
        for (text, why) in [
            ("1\n0\n", "Unrecognised version:1, expected version: 0 in checkpoint file at: a"),
            ("x\n0\n", "Malformed line in checkpoint file [a]: x"),
            ("0\n1\nx\n", "Malformed line in checkpoint file [a]: x"),
            ("0\n1\n5 6\n", "Malformed line in checkpoint file [a]: 5 6"),
            ("0\n1\n5\n\n", "Malformed line in checkpoint file [a]: "),
            ("0\n2\n5\n", "Expected [2] entries in checkpoint file [a], but found only [1]"),
        ] {
            assert_eq!(read(text), Err(why.to_owned()), "{text:?}");
        }
        assert!(parse("a", &[255], |_| Some(())).is_err());
    }
}
