//! Questions as they are typed: `idle billing-1`, `gone orders-0@79`.

use super::Question;
use crate::world::event::EventId;
use std::str::FromStr;
use std::sync::Arc;

/// What can be typed, for those who were not understood.
pub const FORMS: &str = "not-readable TOPIC-N@OFFSET, idle CONSUMER, late PRODUCER, lag GROUP TOPIC-N, leaderless TOPIC-N, \
    out-of-sync TOPIC-N broker-N, twice GROUP TOPIC-N@OFFSET, gone TOPIC-N@OFFSET or event NUMBER";

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {FORMS}")]
pub struct NotAQuestion;

fn partition(text: &str) -> Option<(Arc<str>, i32)> {
    let (topic, number) = text.rsplit_once('-')?;
    Some((topic.into(), number.parse().ok().filter(|_| !topic.is_empty())?))
}

fn record(text: &str) -> Option<(Arc<str>, i32, i64)> {
    let (place, offset) = text.rsplit_once('@')?;
    let (topic, number) = partition(place)?;
    Some((topic, number, offset.parse().ok()?))
}

fn question(text: &str) -> Option<Question> {
    let words: Vec<&str> = text.split_whitespace().collect();
    Some(match *words.as_slice() {
        ["not-readable", at] => record(at).map(|(topic, partition, offset)| Question::NotReadable { topic, partition, offset })?,
        ["idle", consumer] => Question::Idle { consumer: consumer.into() },
        ["late", producer] => Question::Late { producer: producer.into() },
        ["lag", group, at] => partition(at).map(|(topic, partition)| Question::Lag { group: group.into(), topic, partition })?,
        ["leaderless", at] => partition(at).map(|(topic, partition)| Question::Leaderless { topic, partition })?,
        ["out-of-sync", at, broker] => {
            let broker = broker.strip_prefix("broker-")?.parse().ok()?;
            partition(at).map(|(topic, partition)| Question::OutOfSync { topic, partition, broker })?
        }
        ["twice", reader, at] => {
            record(at).map(|(topic, partition, offset)| Question::Twice { reader: reader.into(), topic, partition, offset })?
        }
        ["gone", at] => record(at).map(|(topic, partition, offset)| Question::Gone { topic, partition, offset })?,
        ["event", number] => Question::Happened { event: EventId(number.parse().ok()?) },
        _ => return None,
    })
}

impl FromStr for Question {
    type Err = NotAQuestion;

    fn from_str(text: &str) -> Result<Self, NotAQuestion> {
        question(text).ok_or(NotAQuestion)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_understood_or_not() {
        for (text, asked) in [
            ("not-readable my-orders-0@63", "Why can offset 63 of my-orders-0 not be read yet?"),
            ("idle billing-1", "Why does billing-1 do nothing?"),
            ("late checkout", "Why has checkout no answer?"),
            ("lag billing orders-2", "Why is billing behind on orders-2?"),
            ("leaderless orders-0", "Why has orders-0 no leader?"),
            (" out-of-sync  orders-0 broker-2", "Why is broker-2 not in sync for orders-0?"),
            ("twice billing orders-0@5", "Why was offset 5 of orders-0 given to billing twice?"),
            ("gone orders-0@79", "Why is offset 79 of orders-0 gone?"),
            ("event 512", "Why did this happen?"),
        ] {
            assert_eq!(text.parse::<Question>().map(|question| question.to_string()).as_deref(), Ok(asked));
        }
        for text in ["", "idle", "gone orders-0", "gone -0@1", "lag billing orders", "out-of-sync orders-0 2", "twice a b-0@x", "why"] {
            assert_eq!(text.parse::<Question>(), Err(NotAQuestion), "{text}");
        }
    }
}
