//! Comparing two answers of which some bytes are made up by the cluster that answers.

/// Milliseconds since the Unix epoch that can only be times of the recording.
const TIMES: std::ops::Range<i64> = 1_790_000_000_000..1_800_000_000_000;

pub fn unhex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().map(|digit| (digit as char).to_digit(16).expect("hex") as u8).collect();
    digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

/// Times are equal whatever they are.
fn masked(bytes: &[u8]) -> Vec<u8> {
    let mut masked = bytes.to_vec();
    for at in 0..bytes.len().saturating_sub(7) {
        let here: [u8; 8] = masked[at..at + 8].try_into().expect("eight bytes");
        if TIMES.contains(&i64::from_be_bytes(here)) {
            masked[at..at + 8].fill(b'T');
        }
    }
    masked
}

/// Decimal times in sentences become one letter.
fn without_times(bytes: &[u8]) -> Vec<u8> {
    let mut kept = Vec::new();
    for part in bytes.chunk_by(|a, b| a.is_ascii_digit() == b.is_ascii_digit()) {
        if part.len() >= 13 && part.iter().all(u8::is_ascii_digit) { kept.push(b'N') } else { kept.extend_from_slice(part) }
    }
    kept
}

const LIST_OFFSETS: i64 = 2;
const FIND_COORDINATOR: i64 = 10;

/// Whether Kafka answered before all of it had heard of a topic that was made just then. Its clients ask again; our one node knows at once.
fn was_early(api: i64, answer: &[u8]) -> bool {
    match api {
        LIST_OFFSETS => answer.ends_with(&[0xff; 20]) && matches!(answer.get(answer.len() - 22..answer.len() - 20), Some([0, 3 | 6])),
        FIND_COORDINATOR => answer.windows(33).any(|part| part == b"The coordinator is not available."),
        _ => false,
    }
}

pub fn compare(api: i64, expected: &[u8], ours: &[u8]) -> Result<(), String> {
    if was_early(api, expected) {
        return Ok(());
    }
    let (expected, ours) = (without_times(&masked(expected)), without_times(&masked(ours)));
    if expected == ours {
        return Ok(());
    }
    let at = expected.iter().zip(&ours).take_while(|(a, b)| a == b).count();
    let shown = |bytes: &[u8]| String::from_utf8_lossy(&bytes[at.saturating_sub(8)..(at + 60).min(bytes.len())]).escape_debug().to_string();
    Err(format!("{} bytes, Kafka {}, from {at} on {}, Kafka {}", ours.len(), expected.len(), shown(&ours), shown(&expected)))
}
