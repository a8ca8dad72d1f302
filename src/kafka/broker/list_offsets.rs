//! ListOffsets, OffsetForLeaderEpoch and DeleteRecords: questions about the ends of a log.

use super::dispatch::Context;
use super::replicas::overrides;
use super::{Broker, ErrorCode};
use crate::kafka::wire::message::delete_records_response::{DeleteRecordsPartitionResult, DeleteRecordsTopicResult};
use crate::kafka::wire::message::list_offsets_response::{ListOffsetsPartitionResponse, ListOffsetsTopicResponse};
use crate::kafka::wire::message::offset_for_leader_epoch_response::{EpochEndOffset, OffsetForLeaderTopicResult};
use crate::kafka::wire::message::{
    DeleteRecordsRequest, DeleteRecordsResponse, ListOffsetsRequest, ListOffsetsResponse, OffsetForLeaderEpochRequest,
    OffsetForLeaderEpochResponse,
};
use std::collections::BTreeSet;

const LATEST: i64 = -1;
const EARLIEST: i64 = -2;
const MAX_TIMESTAMP: i64 = -3;
const EARLIEST_LOCAL: i64 = -4;
const LATEST_TIERED: i64 = -5;

/// Offset, timestamp, leader epoch.
type Found = (i64, i64, i32);
const NOTHING: Found = (-1, -1, -1);

impl Broker {
    pub(super) fn list_offsets(&self, context: &Context, request: ListOffsetsRequest) -> ListOffsetsResponse {
        let mut seen = BTreeSet::new();
        let mut twice = BTreeSet::new();
        for topic in &request.topics {
            for partition in &topic.partitions {
                let key = (topic.name.0.to_string(), partition.partition_index);
                if !seen.insert(key.clone()) {
                    twice.insert(key);
                }
            }
        }
        let topics = request.topics.into_iter().map(|topic| {
            let name = topic.name.0.clone();
            let partitions = topic.partitions.iter().map(|asked| {
                let index = asked.partition_index;
                let found = if twice.contains(&(name.to_string(), index)) {
                    Err(ErrorCode::InvalidRequest)
                } else {
                    self.list_offset(context.version, name.as_ref(), index, asked.timestamp, asked.current_leader_epoch)
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
        ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() }
    }

    fn list_offset(&self, version: i16, topic: &str, index: i32, timestamp: i64, believed: i32) -> Result<Found, ErrorCode> {
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
        let end = partition.readable_end();
        // A new leader does not know yet where the committed records end (KIP-207).
        let unsure = partition.leading.as_ref().is_some_and(|leading| end < leading.epoch_start);
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

    pub(super) fn offset_for_leader_epoch(&self, request: OffsetForLeaderEpochRequest) -> OffsetForLeaderEpochResponse {
        let topics = request.topics.into_iter().map(|topic| {
            let partitions = topic.partitions.iter().map(|asked| {
                let found = self.led_partition(topic.topic.0.as_ref(), asked.partition, asked.current_leader_epoch);
                let answer = EpochEndOffset { partition: asked.partition, ..EpochEndOffset::default() };
                match found {
                    Ok(partition) => {
                        let (epoch, end) = partition.log.end_offset_for_epoch(asked.leader_epoch);
                        EpochEndOffset { leader_epoch: epoch, end_offset: end, ..answer }
                    }
                    Err(error) => EpochEndOffset { error_code: error.code(), leader_epoch: -1, end_offset: -1, ..answer },
                }
            });
            OffsetForLeaderTopicResult { partitions: partitions.collect(), topic: topic.topic.clone() }
        });
        OffsetForLeaderEpochResponse { topics: topics.collect(), ..OffsetForLeaderEpochResponse::default() }
    }

    pub(super) fn delete_records(&mut self, request: DeleteRecordsRequest) -> DeleteRecordsResponse {
        let mut topics = Vec::new();
        for topic in request.topics {
            let mut partitions = Vec::new();
            for asked in topic.partitions {
                let result = self.delete_records_before(topic.name.0.as_ref(), asked.partition_index, asked.offset);
                let answer =
                    DeleteRecordsPartitionResult { partition_index: asked.partition_index, ..DeleteRecordsPartitionResult::default() };
                partitions.push(match result {
                    Ok(start) => DeleteRecordsPartitionResult { low_watermark: start, ..answer },
                    Err(error) => DeleteRecordsPartitionResult { error_code: error.code(), low_watermark: -1, ..answer },
                });
            }
            topics.push(DeleteRecordsTopicResult { name: topic.name, partitions });
        }
        DeleteRecordsResponse { topics, ..DeleteRecordsResponse::default() }
    }

    /// The new log start offset. -1 asks for everything up to the high watermark.
    fn delete_records_before(&mut self, topic: &str, index: i32, offset: i64) -> Result<i64, ErrorCode> {
        self.led_partition(topic, index, -1)?;
        let may_delete = self.config.deletes(overrides(self.controller.image(), topic));
        let (_, partition) = self.topics.partition_mut(topic, index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        if !may_delete {
            return Err(ErrorCode::PolicyViolation);
        }
        let offset = if offset == -1 { partition.high_watermark } else { offset };
        if offset < 0 || offset > partition.high_watermark {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        if offset > partition.log.start_offset() {
            partition.log.advance_start_offset(&mut self.disk, offset).map_err(|error| error.code())?;
            self.purgatory.touch(topic, index);
        }
        Ok(self.topics.partition(topic, index).map_or(-1, |partition| partition.log.start_offset()))
    }
}
