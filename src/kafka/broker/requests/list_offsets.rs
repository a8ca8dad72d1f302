//! ListOffsets: the ends of a log, and the offset for a time.

use super::BrokerApi;
use super::fetch::{READ_COMMITTED, READ_UNCOMMITTED};
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::message::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use crate::kafka::wire::message::{ListOffsetsRequest, ListOffsetsResponse};

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

/// The `replica_id` of a client.
const CONSUMER: i32 = -1;

/// Up to where the asker may read.
#[derive(Clone, Copy)]
enum Reader {
    Consumer {
        read_committed: bool,
    },
    /// To the end of the log.
    Replica,
}

/// Offset, timestamp, leader epoch.
type Found = (i64, i64, i32);
const NOTHING: Found = (-1, -1, -1);

impl BrokerApi for ListOffsetsRequest {
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        // Kafka has no error code for an isolation level that does not exist.
        let known_isolation = (READ_UNCOMMITTED..=READ_COMMITTED).contains(&self.isolation_level);
        let reader = match self.replica_id.0 {
            CONSUMER => Reader::Consumer { read_committed: self.isolation_level == READ_COMMITTED },
            _ => Reader::Replica,
        };
        let mut seen = SortedVecSet::new();
        let mut twice = SortedVecSet::new();
        for topic in &self.topics {
            for partition in &topic.partitions {
                let key = (topic.name.0.to_string(), partition.partition_index);
                if !seen.insert(key.clone()) {
                    twice.insert(key);
                }
            }
        }
        let topics = self.topics.into_iter().map(|topic| {
            let name = topic.name.0.clone();
            let partitions = topic.partitions.iter().map(|asked| {
                let index = asked.partition_index;
                let found = if !known_isolation {
                    Err(ErrorCode::UnknownServerError)
                } else if twice.contains(&(name.to_string(), index)) {
                    Err(ErrorCode::InvalidRequest)
                } else {
                    broker.list_offset(context.version, name.as_ref(), index, asked.timestamp, asked.current_leader_epoch, reader)
                };
                let answer = ListOffsetsPartitionResponse { partition_index: index, ..ListOffsetsPartitionResponse::default() };
                let (error, (offset, timestamp, epoch)) = match found {
                    Ok(found) => (ErrorCode::None, found),
                    Err(error) => (error, NOTHING),
                };
                // Before version 4 there is no leader epoch in the answer.
                let epoch = if context.version < 4 { -1 } else { epoch };
                ListOffsetsPartitionResponse { error_code: error.code(), offset, timestamp, leader_epoch: epoch, ..answer }
            });
            ListOffsetsTopicResponse { partitions: partitions.collect(), name: topic.name.clone() }
        });
        reply(context, ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() })
    }
}

impl Broker {
    fn list_offset(
        &self,
        version: i16,
        topic: &str,
        index: i32,
        timestamp: i64,
        believed: i32,
        reader: Reader,
    ) -> Result<Found, ErrorCode> {
        let since = match timestamp {
            MAX_TIMESTAMP => 7,
            EARLIEST_LOCAL => 8,
            LATEST_TIERED => 9,
            timestamp if timestamp < LATEST_TIERED => i16::MAX,
            _ => 1,
        };
        if version < since {
            return Err(ErrorCode::UnsupportedVersion);
        }
        let partition = self.led_partition(topic, index, believed)?;
        let log = &partition.log;
        let (end, reads_committed) = match reader {
            Reader::Consumer { read_committed } => (partition.readable_end(read_committed), true),
            Reader::Replica => (log.end_offset(), false),
        };
        // A new leader does not know yet where the committed records end (KIP-207).
        let unsure = reads_committed && partition.leading.as_ref().is_some_and(|leading| partition.high_watermark < leading.epoch_start);
        let not_yet = if version >= 5 { ErrorCode::OffsetNotAvailable } else { ErrorCode::LeaderNotAvailable };
        let below_end = |found: Option<Found>| found.filter(|(offset, ..)| *offset < end);
        let checked = |found: Option<Found>| match below_end(found) {
            None if unsure => Err(not_yet),
            found => Ok(found.unwrap_or(NOTHING)),
        };
        match timestamp {
            LATEST if unsure => Err(not_yet),
            LATEST => Ok((end, -1, partition.state.leader_epoch)),
            EARLIEST | EARLIEST_LOCAL => Ok((log.start_offset(), -1, log.epoch_of(log.start_offset()))),
            MAX_TIMESTAMP => log.max_timestamp(&self.disk).map_err(|error| error.code()).and_then(checked),
            LATEST_TIERED => Ok(NOTHING),
            timestamp => log.offset_for_timestamp(&self.disk, timestamp).map_err(|error| error.code()).and_then(checked),
        }
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};

    impl Sample for ListOffsetsRequest {
        fn sample(_known: &Known, version: i16, name: &str) -> Self {
            // Latest, earliest, a time, and from the version that knows them: max timestamp, local, tiered, pending upload.
            let times = [-1, -2, 0, -3, -4, -5, -6].into_iter().take(if version >= 7 { 7 } else { 3 });
            let partitions = times.map(|at| ListOffsetsPartition { timestamp: at, ..ListOffsetsPartition::default() }).collect();
            let wanted = ListOffsetsTopic { name: topic(name), partitions };
            ListOffsetsRequest { replica_id: BrokerId(-1), topics: vec![wanted], ..ListOffsetsRequest::default() }
        }
    }
}
