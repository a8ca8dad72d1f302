//! Fetch: reads up to the high watermark, or waits in the purgatory for `min_bytes`.
//!
//! Fetch sessions (KIP-227) are declined: every full fetch is answered with session id 0, which tells a client that the broker
//! has made none, and a fetch that names a session is told that there is no such session.

use super::dispatch::{Context, Reply, reply};
use super::partition::Partition;
use super::{Broker, BrokerEvent, ErrorCode};
use crate::kafka::time::Time;
use bytes::Bytes;
use kafka_protocol::messages::fetch_request::FetchPartition;
use kafka_protocol::messages::fetch_response::{FetchableTopicResponse, PartitionData};
use kafka_protocol::messages::{FetchRequest, FetchResponse, TopicName};
use std::sync::Arc;
use uuid::Uuid;

/// What is asked of one topic.
#[derive(Clone, Debug)]
struct Wanted {
    /// As the request wrote it: only one of both is set.
    topic: TopicName,
    topic_id: Uuid,
    /// The topic, when it is known.
    name: Option<Arc<str>>,
    partitions: Vec<FetchPartition>,
}

/// A fetch, and until when it may wait.
#[derive(Clone, Debug)]
pub struct HeldFetch {
    pub context: Context,
    pub until: Time,
    min_bytes: u64,
    max_bytes: u32,
    read_committed: bool,
    topics: Vec<Wanted>,
}

impl HeldFetch {
    pub fn partitions(&self) -> impl Iterator<Item = (Arc<str>, i32)> {
        self.topics
            .iter()
            .filter_map(|wanted| wanted.name.clone().map(|name| (name, wanted)))
            .flat_map(|(name, wanted)| wanted.partitions.iter().map(move |partition| (name.clone(), partition.partition)))
    }
}

/// The leader epoch that a client believes in against the one that holds.
pub fn check_epoch(believed: i32, current: i32) -> Result<(), ErrorCode> {
    match believed {
        -1 => Ok(()),
        believed if believed < current => Err(ErrorCode::FencedLeaderEpoch),
        believed if believed > current => Err(ErrorCode::UnknownLeaderEpoch),
        _ => Ok(()),
    }
}

impl Broker {
    pub(super) fn fetch(&mut self, now: Time, context: &Context, request: FetchRequest) -> Reply {
        // Epoch 0 asks for a new session and -1 for none: both list all partitions. Anything else goes on with a session.
        if !matches!(request.session_epoch, 0 | -1) {
            let error = ErrorCode::FetchSessionIdNotFound;
            return reply(context, &FetchResponse::default().with_error_code(error.code()));
        }
        let max_bytes = request.max_bytes.min(self.config.int("fetch.max.bytes"));
        let topics = request.topics.into_iter().map(|topic| {
            let name = if context.version >= 13 {
                self.topics.name_of(topic.topic_id).cloned()
            } else {
                self.topics.get(topic.topic.0.as_str()).map(|topic| topic.name.clone())
            };
            Wanted { topic: topic.topic, topic_id: topic.topic_id, name, partitions: topic.partitions }
        });
        let fetch = HeldFetch {
            until: now.plus_millis(i64::from(request.max_wait_ms.max(0))),
            min_bytes: u64::try_from(request.min_bytes).unwrap_or(0),
            max_bytes: u32::try_from(max_bytes).unwrap_or(0),
            read_committed: request.isolation_level == 1,
            topics: topics.collect(),
            context: context.clone(),
        };
        let empty = fetch.topics.iter().all(|wanted| wanted.partitions.is_empty());
        if request.max_wait_ms <= 0 || empty || self.fetch_is_due(&fetch).is_some() {
            return reply(context, &self.read_fetch(&fetch));
        }
        self.event(BrokerEvent::FetchHeld { conn: context.conn, until: fetch.until });
        self.purgatory.hold(fetch);
        Reply::Held
    }

    /// Why the fetch can be answered now: `min_bytes` are there, or a partition has an error.
    pub(super) fn fetch_is_due(&self, fetch: &HeldFetch) -> Option<&'static str> {
        let mut bytes = 0_u64;
        for wanted in &fetch.topics {
            for asked in &wanted.partitions {
                let Ok(partition) = self.fetch_partition(wanted, asked) else { return Some("a partition answers with an error") };
                let there = partition.log.bytes_between(&self.disk, asked.fetch_offset, partition.readable_end());
                bytes = bytes.saturating_add(there.min(u64::try_from(asked.partition_max_bytes).unwrap_or(0)));
            }
        }
        (bytes >= fetch.min_bytes).then_some("min.bytes are there")
    }

    fn fetch_partition(&self, wanted: &Wanted, asked: &FetchPartition) -> Result<&Partition, ErrorCode> {
        let Some(name) = &wanted.name else {
            return Err(if wanted.topic_id.is_nil() { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::UnknownTopicId });
        };
        let partition = self.topics.partition(name, asked.partition).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        check_epoch(asked.current_leader_epoch, partition.leader_epoch)?;
        let log = &partition.log;
        if (log.start_offset()..=log.end_offset()).contains(&asked.fetch_offset) { Ok(partition) } else { Err(ErrorCode::OffsetOutOfRange) }
    }

    pub(super) fn read_fetch(&self, fetch: &HeldFetch) -> FetchResponse {
        let mut left = fetch.max_bytes;
        let mut nothing_yet = true;
        let topics = fetch.topics.iter().map(|wanted| {
            let partitions = wanted.partitions.iter().map(|asked| {
                let data = match self.fetch_partition(wanted, asked) {
                    Ok(partition) => self.read_partition(partition, asked, left, nothing_yet),
                    Err(error) => Err(error),
                };
                let answer = PartitionData::default().with_partition_index(asked.partition);
                match data {
                    Ok((partition, records)) => {
                        nothing_yet &= records.is_empty();
                        left = left.saturating_sub(u32::try_from(records.len()).unwrap_or(u32::MAX));
                        answer
                            .with_high_watermark(partition.high_watermark)
                            .with_last_stable_offset(partition.readable_end())
                            .with_log_start_offset(partition.log.start_offset())
                            .with_aborted_transactions(fetch.read_committed.then(Vec::new))
                            .with_records(Some(records))
                    }
                    Err(error) => answer.with_error_code(error.code()).with_high_watermark(-1).with_records(Some(Bytes::new())),
                }
            });
            FetchableTopicResponse::default()
                .with_topic(wanted.topic.clone())
                .with_topic_id(wanted.topic_id)
                .with_partitions(partitions.collect())
        });
        FetchResponse::default().with_responses(topics.collect())
    }

    /// The first batch of the first partition that has one goes out whole, whatever the limits.
    fn read_partition<'a>(
        &self,
        partition: &'a Partition,
        asked: &FetchPartition,
        left: u32,
        first: bool,
    ) -> Result<(&'a Partition, Bytes), ErrorCode> {
        let max = left.min(u32::try_from(asked.partition_max_bytes).unwrap_or(0));
        let end = partition.readable_end();
        if asked.fetch_offset >= end || max == 0 && !first {
            return Ok((partition, Bytes::new()));
        }
        let records = partition.log.read(&self.disk, asked.fetch_offset, end, max, first);
        records.map(|records| (partition, records)).map_err(|error| error.code())
    }
}
