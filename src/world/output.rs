//! The producing half of a consumer app: one output for each record that it has handled, and its dead letters.

use super::action::ConsumerSpec;
use super::handler::Delivery;
use super::sends::Sends;
use crate::kafka::client::consumer::{ConsumerRecord, NextOffset};
use crate::kafka::client::producer::{Producer, ProducerEvent, ProducerRecord, TransactionStep};
use crate::kafka::client::{Client as _, ClientError, GroupMetadata};
use crate::kafka::config::ProducerConfig;
use crate::kafka::time::Time;
use bytes::{BufMut as _, Bytes, BytesMut};
use std::sync::Arc;

/// Configs of the app whose names begin so are its producer's, as in Kafka Streams.
const PREFIX: &str = "producer.";

/// The index among the app's topics, which the judge tells apart.
const OUTPUT: u8 = 0;
const DEAD_LETTERS: u8 = 1;

/// The configs of the app's consumer.
pub(super) fn consumer_configs(spec: &ConsumerSpec) -> impl Iterator<Item = (&String, &String)> {
    spec.config.iter().filter(|(name, _)| !name.starts_with(PREFIX))
}

/// The producer of the app's process; `None`: it has none.
pub(super) fn producer(spec: &ConsumerSpec, bootstrap: Vec<(Arc<str>, i32)>, seed: u64) -> Result<Option<Producer>, ClientError> {
    if spec.handler.output.is_none() && spec.handler.dead_letters.is_none() {
        return Ok(None);
    }
    let mut config = ProducerConfig::new(&spec.name, bootstrap);
    if spec.handler.delivery() == Some(Delivery::ExactlyOnce) {
        config.set("transactional.id", &spec.name)?;
    }
    for (name, value) in spec.config.iter().filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?, value))) {
        config.set(name, value)?;
    }
    Ok(Some(Producer::new(config, seed)?))
}

/// The value that a group makes of a record, and of no other one: `{"by":"copy","from":"orders-0@17","value":…}`.
pub(super) fn value(group: &str, (topic, partition, offset): (&str, i32, i64), value: Option<&Bytes>) -> Bytes {
    let mut made = BytesMut::new();
    made.put_slice(format!("{{\"by\":\"{group}\",\"from\":\"{topic}-{partition}@{offset}\",\"value\":").as_bytes());
    made.put_slice(value.map_or(b"null", |value| value));
    made.put_slice(b"}");
    made.freeze()
}

/// How a client took a record.
pub(super) enum Taken {
    Yes,
    /// `buffer.memory` is full: `send` blocks.
    Blocks,
    Refused,
}

/// The producer of one process.
#[derive(Clone, Debug)]
pub(super) struct Output {
    pub(super) client: Producer,
    /// A record that was sent outside of a transaction has failed.
    pub(super) lost: bool,
}

impl Output {
    /// `initTransactions` begins, if the client has any.
    pub(super) fn start(now: Time, mut client: Producer) -> Self {
        client.handle_timeout(now);
        Self { client, lost: false }
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.client.transaction().is_some()
    }

    /// No poll comes before `initTransactions` is done, nor while a transaction ends.
    pub(super) fn may_poll(&self) -> bool {
        matches!(self.client.transaction(), None | Some(TransactionStep::Ready))
    }

    /// The open transaction can only be aborted.
    pub(super) fn must_abort(&self) -> bool {
        matches!(self.client.transaction(), Some(TransactionStep::Failed(_)))
    }

    /// Nothing is left to be waited for before the process ends.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed() || matches!(self.client.transaction(), Some(TransactionStep::Initializing | TransactionStep::Fenced(_)))
    }

    pub(super) fn hear(&mut self, event: &ProducerEvent) {
        self.lost |= matches!(event, ProducerEvent::Failed { .. }) && !self.is_transactional();
    }

    /// Sends what the group's handler makes of a record.
    pub(super) fn forward(&mut self, now: Time, sends: &mut Sends, (group, to): (&str, &Arc<str>), record: &ConsumerRecord) -> Taken {
        let at = (&*record.topic, record.partition, record.offset);
        let made = value(group, at, record.value.as_ref());
        self.send(now, sends, OUTPUT, ProducerRecord { value: Some(made), ..copy(record, to) })
    }

    /// Sends a record that the handler has failed on to the dead-letter topic, as it is, with headers that say where it was (those of Kafka
    /// Connect's `DeadLetterQueueReporter`).
    pub(super) fn bury(&mut self, now: Time, sends: &mut Sends, to: &Arc<str>, record: &ConsumerRecord, error: &str) -> Taken {
        let texts = [
            ("topic", record.topic.to_string()),
            ("partition", record.partition.to_string()),
            ("offset", record.offset.to_string()),
            ("exception.message", error.to_owned()),
        ];
        let header = |(name, value): (&str, String)| (Bytes::from(format!("__connect.errors.{name}")), Some(Bytes::from(value)));
        let headers = texts.into_iter().map(header).collect();
        self.send(now, sends, DEAD_LETTERS, ProducerRecord { headers, ..copy(record, to) })
    }

    fn send(&mut self, now: Time, sends: &mut Sends, topic: u8, record: ProducerRecord) -> Taken {
        match self.client.send(now, record.clone()) {
            Ok(ticket) => {
                sends.sent(ticket, &record, topic, false);
                Taken::Yes
            }
            Err(ClientError::BufferFull { .. }) => Taken::Blocks,
            Err(_) => Taken::Refused,
        }
    }

    /// Commits the transaction with these offsets in it; what comes of it is told by the client's events. False: it can only be aborted.
    pub(super) fn commit(&mut self, now: Time, offsets: Vec<NextOffset>, group: GroupMetadata) -> bool {
        self.client.send_offsets(now, offsets, group).is_ok() && self.client.end_transaction(now, true).is_ok()
    }
}

fn copy(record: &ConsumerRecord, to: &Arc<str>) -> ProducerRecord {
    let (key, value) = (record.key.clone(), record.value.clone());
    ProducerRecord { topic: to.clone(), partition: None, timestamp: None, key, value, headers: Vec::new() }
}
