//! Produce: exactly one batch for each partition, checked and appended.

use super::dispatch::{Context, Reply, reply};
use super::metadata::topic_name;
use super::{Broker, ErrorCode};
use crate::kafka::log::LogError;
use crate::kafka::time::Time;
use crate::kafka::wire::batch::{Batch, BatchError};
use crate::kafka::wire::compression::Compression;
use bytes::Bytes;
use kafka_protocol::messages::produce_response::{BatchIndexAndErrorMessage, PartitionProduceResponse, TopicProduceResponse};
use kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use kafka_protocol::protocol::StrBytes;

/// The first Produce version whose clients know zstd.
const ZSTD_SINCE: i16 = 7;

impl Broker {
    pub(super) fn produce(&mut self, now: Time, context: &Context, request: ProduceRequest) -> Reply {
        let mut topics = Vec::with_capacity(request.topic_data.len());
        let mut failure = None;
        for data in request.topic_data {
            let name = if context.version >= 13 {
                self.topics.name_of(data.topic_id).cloned()
            } else {
                self.topics.get(data.name.0.as_str()).map(|topic| topic.name.clone())
            };
            let mut partitions = Vec::with_capacity(data.partition_data.len());
            for partition in data.partition_data {
                let index = partition.index;
                let answer = if !(-1..=1).contains(&request.acks) {
                    refused(index, ErrorCode::InvalidRequiredAcks)
                } else if let Some(name) = &name {
                    self.produce_partition(now, context.version, name, index, partition.records)
                } else if context.version >= 13 {
                    refused(index, ErrorCode::UnknownTopicId)
                } else {
                    refused(index, ErrorCode::UnknownTopicOrPartition)
                };
                if answer.error_code != 0 && failure.is_none() {
                    failure = Some((data.name.0.clone(), index, ErrorCode::from_code(answer.error_code)));
                }
                partitions.push(answer);
            }
            topics.push(
                TopicProduceResponse::default()
                    .with_name(topic_name(data.name.0.as_str()))
                    .with_topic_id(data.topic_id)
                    .with_partition_responses(partitions),
            );
        }
        if request.acks == 0 {
            // Nobody waits for an answer; closing is the only way to tell of an error.
            return match failure {
                Some((topic, partition, error)) => {
                    Reply::Close(format!("produce with acks=0 to {}-{partition} failed: {}", topic.as_str(), error.name()))
                }
                None => Reply::Nothing,
            };
        }
        reply(context, &ProduceResponse::default().with_responses(topics))
    }

    fn produce_partition(&mut self, now: Time, version: i16, name: &str, index: i32, records: Option<Bytes>) -> PartitionProduceResponse {
        if self.topics.partition(name, index).is_none() {
            return refused(index, ErrorCode::UnknownTopicOrPartition);
        }
        let batch = match only_batch(records.unwrap_or_default()) {
            Ok(batch) => batch,
            Err(error) => return refused(index, error),
        };
        if version < ZSTD_SINCE && batch.compression() == Ok(Compression::Zstd) {
            return refused(index, ErrorCode::UnsupportedCompressionType);
        }
        if batch.compression().is_err() {
            // Kafka's lookup of the codec throws what it has no error code for.
            let start = self.topics.partition(name, index).map_or(-1, |partition| partition.log.start_offset());
            return refused(index, ErrorCode::UnknownServerError).with_log_start_offset(start);
        }
        let result = self.append(now, name, index, &batch, true);
        let start = self.topics.partition(name, index).map_or(-1, |partition| partition.log.start_offset());
        let answer = PartitionProduceResponse::default().with_index(index);
        match result {
            Ok(appended) => answer
                .with_base_offset(appended.base_offset)
                // A duplicate is told its batch's timestamp, as the producer state keeps it.
                .with_log_append_time_ms(if appended.duplicate && appended.log_append_time < 0 {
                    batch.max_timestamp()
                } else {
                    appended.log_append_time
                })
                .with_log_start_offset(start),
            Err(error) => {
                let code = error.code();
                let answer = answer.with_error_code(code.code()).with_base_offset(-1);
                // What is wrong with the batch as a whole is found before Kafka looks at the log.
                let early = matches!(code, ErrorCode::CorruptMessage | ErrorCode::MessageTooLarge);
                if early {
                    return answer;
                }
                with_record_errors(answer.with_log_start_offset(start), version, &error)
            }
        }
    }
}

/// Kafka names the record at fault for what its `LogValidator` finds.
fn with_record_errors(answer: PartitionProduceResponse, version: i16, error: &LogError) -> PartitionProduceResponse {
    let message = error.to_string();
    let names_record = error.code() == ErrorCode::InvalidTimestamp || message.starts_with("Compacted topic");
    if version < 8 || !names_record {
        return answer;
    }
    let record = BatchIndexAndErrorMessage::default()
        .with_batch_index(0)
        .with_batch_index_error_message(Some(StrBytes::from_string(message.clone())));
    let summary = format!("One or more records have been rejected: {message}");
    answer.with_record_errors(vec![record]).with_error_message(Some(StrBytes::from_string(summary)))
}

fn refused(index: i32, error: ErrorCode) -> PartitionProduceResponse {
    PartitionProduceResponse::default().with_index(index).with_error_code(error.code()).with_base_offset(-1)
}

/// The one batch of a partition's records. Their bytes are shared, not copied.
fn only_batch(mut records: Bytes) -> Result<Batch, ErrorCode> {
    let batch = match Batch::split_first(&mut records) {
        Ok(batch) => batch,
        Err(BatchError::Magic(_)) => return Err(ErrorCode::InvalidRecord),
        Err(_) if records.is_empty() => return Err(ErrorCode::InvalidRecord),
        Err(_) => return Err(ErrorCode::CorruptMessage),
    };
    if records.is_empty() { Ok(batch) } else { Err(ErrorCode::InvalidRecord) }
}
