//! The records of `__transaction_state` (`TransactionLog`): the key is the transactional id, the value what is remembered of it.

use super::state::{Metadata, TransactionState};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::wire::message::transaction_log_value::PartitionsSchema;
use crate::kafka::wire::message::{Message, Str, TopicName, TransactionLogValue};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use std::sync::Arc;

const KEY_VERSION: i16 = 0;
/// Since transaction version 1.
const VALUE_VERSION: i16 = 1;

pub fn key(id: &str) -> Bytes {
    let mut out = BytesMut::new();
    out.put_i16(KEY_VERSION);
    out.put_i16(i16::try_from(id.len()).unwrap_or(i16::MAX));
    out.put_slice(id.as_bytes());
    out.freeze()
}

/// The transactional id; `None` when the key is another version's or none.
pub fn read_key(mut bytes: Bytes) -> Option<Arc<str>> {
    let version = bytes.try_get_i16().ok()?;
    let length = u16::try_from(bytes.try_get_i16().ok()?).ok()?;
    if version != KEY_VERSION || bytes.len() != usize::from(length) {
        return None;
    }
    std::str::from_utf8(&bytes).ok().map(Arc::from)
}

pub fn value(metadata: &Metadata) -> Bytes {
    let mut topics: Vec<PartitionsSchema> = Vec::new();
    for (topic, partition) in &metadata.partitions {
        match topics.last_mut() {
            Some(last) if *last.topic.0 == **topic => last.partition_ids.push(*partition),
            _ => topics.push(PartitionsSchema { topic: TopicName(Str::clone(topic)), partition_ids: vec![*partition] }),
        }
    }
    // Kafka 4.1 writes neither of the other ids, and forgets them with its coordinator; here they are kept where they differ.
    let changed = metadata.previous_producer_id != metadata.producer_id;
    let value = TransactionLogValue {
        producer_id: metadata.producer_id.into(),
        previous_producer_id: if changed { metadata.previous_producer_id } else { -1 }.into(),
        next_producer_id: metadata.next_producer_id.into(),
        producer_epoch: metadata.producer_epoch,
        transaction_timeout_ms: metadata.timeout_ms,
        transaction_status: metadata.state as i8,
        transaction_partitions: (metadata.state != TransactionState::Empty).then_some(topics),
        transaction_last_update_timestamp_ms: metadata.updated,
        transaction_start_timestamp_ms: metadata.started,
        client_transaction_version: metadata.client_version,
    };
    let version = VALUE_VERSION.to_be_bytes().to_vec();
    // Every field may be said in this version.
    value.write(version, VALUE_VERSION).unwrap_or_default().into()
}

/// `None` when the value is a later version's or none.
pub fn read_value(mut bytes: Bytes) -> Option<Metadata> {
    let version = bytes.try_get_i16().ok()?;
    let (value, rest) = TransactionLogValue::read(bytes, version).ok()?;
    let mut partitions = SortedVecSet::new();
    for topic in value.transaction_partitions.into_iter().flatten() {
        for partition in topic.partition_ids {
            partitions.insert((Arc::clone(&topic.topic.0), partition));
        }
    }
    rest.is_empty().then_some(())?;
    Some(Metadata {
        producer_id: value.producer_id.0,
        previous_producer_id: if value.previous_producer_id.0 == -1 { value.producer_id.0 } else { value.previous_producer_id.0 },
        next_producer_id: value.next_producer_id.0,
        producer_epoch: value.producer_epoch,
        last_producer_epoch: -1,
        timeout_ms: value.transaction_timeout_ms,
        state: TransactionState::from_id(value.transaction_status)?,
        partitions,
        started: value.transaction_start_timestamp_ms,
        updated: value.transaction_last_update_timestamp_ms,
        client_version: value.client_transaction_version,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ongoing() -> Metadata {
        let mut partitions = SortedVecSet::new();
        for (topic, partition) in [("b", 0), ("a", 3), ("a", 1)] {
            partitions.insert((Arc::from(topic), partition));
        }
        let empty = Metadata { producer_epoch: 2, ..Metadata::new(7, 60_000, 5) };
        empty.with_partitions(&partitions, 2, 9)
    }

    #[test]
    fn keys_and_values_have_kafkas_bytes() {
        assert_eq!(key("tx")[..], *b"\0\0\0\x02tx");
        assert_eq!(read_key(key("tx")).as_deref(), Some("tx"));
        assert_eq!(read_key(Bytes::from_static(b"\0\x01\0\x02tx")), None, "another version");
        // Version 1, id, epoch, timeout, Empty, null, two times, no tags.
        let empty = Metadata { producer_epoch: 0, previous_producer_id: 7, ..Metadata::new(7, 60_000, 5) };
        let expected = b"\0\x01\0\0\0\0\0\0\0\x07\0\0\0\0\xea\x60\0\0\0\0\0\0\0\0\0\x05\xff\xff\xff\xff\xff\xff\xff\xff\0";
        assert_eq!(value(&empty)[..], expected[..]);
    }

    #[test]
    fn a_value_comes_back_and_every_cut_of_it_does_not() {
        let bytes = value(&ongoing());
        assert_eq!(read_value(bytes.clone()), Some(ongoing()));
        for end in 0..bytes.len() {
            assert_eq!(read_value(bytes.slice(..end)), None, "cut at {end}");
        }
    }

    #[test]
    fn a_value_of_version_0_is_read() {
        let bytes =
            b"\0\0\0\0\0\0\0\0\0\x07\0\x02\0\0\xea\x60\x01\0\0\0\x01\0\x01a\0\0\0\x01\0\0\0\x03\0\0\0\0\0\0\0\x09\0\0\0\0\0\0\0\x08";
        let read = read_value(Bytes::from_static(bytes)).expect("version 0");
        assert_eq!((read.producer_id, read.producer_epoch, read.state), (7, 2, TransactionState::Ongoing));
        assert_eq!((read.updated, read.started, read.client_version, read.next_producer_id), (9, 8, 0, -1));
        assert_eq!(read.partitions.iter().collect::<Vec<_>>(), [&(Arc::from("a"), 3)]);
    }
}
