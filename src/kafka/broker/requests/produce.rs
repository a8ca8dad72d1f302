//! Produce: exactly one batch for each partition, checked and appended; with acks=all the answer waits for the in-sync replicas.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::held::{Held, Wait};
use crate::kafka::broker::topics::{text, topic_name};
use crate::kafka::broker::verification::{PRODUCE_ADDS, Refused};
use crate::kafka::broker::{Broker, ErrorCode, Origin};
use crate::kafka::controller::is_internal;
use crate::kafka::log::LogError;
use crate::kafka::marks::mark;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::batch::{Batch, BatchError};
use crate::kafka::wire::compression::Compression;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::produce_request::TopicProduceData;
use crate::kafka::wire::message::produce_response::{
    BatchIndexAndErrorMessage, LeaderIdAndEpoch, NodeEndpoint, PartitionProduceResponse, TopicProduceResponse,
};
use crate::kafka::wire::message::{ProduceRequest, ProduceResponse};
use bytes::Bytes;
use std::sync::Arc;

/// The first Produce version whose clients know zstd.
const ZSTD_SINCE: i16 = 7;

/// A write with acks=all, and until when it may wait.
#[derive(Clone, Debug)]
pub struct HeldProduce {
    pub context: Context,
    pub until: Time,
    topics: Vec<TopicProduceResponse>,
    /// For the offset after the last record of each.
    pub waits: Vec<Wait>,
}

/// How many offsets a batch takes, by its header.
fn offsets_of(records: &Bytes) -> u32 {
    let delta = records.get(23..27).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map_or(-1, i32::from_be_bytes);
    u32::try_from(delta.saturating_add(1)).unwrap_or(0)
}

/// The client that may write into internal topics.
const ADMIN_CLIENT: &str = "__admin_client";

/// As Kafka gathers what is to be written: a topic that stands in the request again adds to the first, and of a partition the last
/// records hold.
fn gathered(topics: Vec<TopicProduceData>) -> Vec<TopicProduceData> {
    let mut all: Vec<TopicProduceData> = Vec::with_capacity(topics.len());
    for mut data in topics {
        let partitions = std::mem::take(&mut data.partition_data);
        let place = all.iter().position(|known| known.name == data.name && known.topic_id == data.topic_id);
        let place = place.unwrap_or_else(|| {
            all.push(data);
            all.len() - 1
        });
        let Some(topic) = all.get_mut(place) else { continue };
        for partition in partitions {
            match topic.partition_data.iter_mut().find(|known| known.index == partition.index) {
                Some(known) => *known = partition,
                None => topic.partition_data.push(partition),
            }
        }
    }
    all
}

/// Whether a batch of the request says that it belongs to a transaction.
fn is_transactional(topics: &[TopicProduceData]) -> bool {
    let mut partitions = topics.iter().flat_map(|topic| &topic.partition_data);
    partitions.any(|data| Batch::split_first(&mut data.records.clone().unwrap_or_default()).is_ok_and(|batch| batch.is_transactional()))
}

impl BrokerApi for ProduceRequest {
    /// Where a transaction's first records are in it, its coordinator is asked first.
    fn handle(self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        match broker.unverified(context, &self) {
            Some(verification) => {
                broker.verifications.begin(now, verification);
                Reply::Held
            }
            None => broker.produce(now, context, self, &Refused::new()),
        }
    }
}

impl Broker {
    /// The name of the topic in a request.
    fn produced_topic(&self, context: &Context, data: &TopicProduceData) -> Option<Arc<str>> {
        let image = self.controller.image();
        if context.version >= 13 {
            image.ids.get(&data.topic_id).cloned()
        } else {
            image.topics.get(data.name.0.as_ref()).map(|topic| topic.name.clone())
        }
    }

    /// The batches of a request that belong to a transaction.
    pub(in crate::kafka::broker) fn transactional_batches(
        &self,
        context: &Context,
        request: &ProduceRequest,
    ) -> Vec<(Arc<str>, i32, Batch)> {
        let mut found = Vec::new();
        for data in &request.topic_data {
            let Some(name) = self.produced_topic(context, data) else { continue };
            for partition in &data.partition_data {
                let batch = Batch::split_first(&mut partition.records.clone().unwrap_or_default());
                found.extend(batch.ok().filter(Batch::is_transactional).map(|batch| (name.clone(), partition.index, batch)));
            }
        }
        found
    }

    /// `unverified`: the partitions whose records the transaction's coordinator has refused, and why.
    pub(in crate::kafka::broker) fn produce(
        &mut self,
        now: Time,
        context: &Context,
        request: ProduceRequest,
        unverified: &Refused,
    ) -> Reply {
        let (broker, acks) = (self, request.acks);
        let mut topics = Vec::with_capacity(request.topic_data.len());
        let mut failure = None;
        let mut waits = Vec::new();
        // Who names no transaction may not be in one.
        let stranger = request.transactional_id.is_none() && is_transactional(&request.topic_data);
        for data in gathered(request.topic_data) {
            let name = broker.produced_topic(context, &data);
            let mut partitions = Vec::with_capacity(data.partition_data.len());
            for partition in data.partition_data {
                let index = partition.index;
                let count = partition.records.as_ref().map_or(0, offsets_of);
                let refusal = name.as_ref().and_then(|name| unverified.get(&(name.clone(), index)));
                let answer = if stranger {
                    refused(index, ErrorCode::TransactionalIdAuthorizationFailed)
                } else {
                    match (broker.check_records(context.version, name.as_deref(), index, partition.records), refusal) {
                        (Err(error), _) => refused(index, error),
                        (Ok(_), Some(error)) => not_in_transaction(index, context.version, *error),
                        (Ok((name, batch)), None) => broker.produce_partition(now, context, name, index, &batch, acks),
                    }
                };
                if acks == -1
                    && answer.error_code == 0
                    && let Some(name) = &name
                {
                    let offset = answer.base_offset.saturating_add(i64::from(count));
                    waits.push(Wait { topic: topics.len(), at: partitions.len(), name: name.clone(), partition: index, offset });
                }
                if answer.error_code != 0 && failure.is_none() {
                    failure = Some((data.name.0.clone(), index, ErrorCode::from_code(answer.error_code)));
                }
                partitions.push(answer);
            }
            topics.push(TopicProduceResponse {
                name: topic_name(data.name.0.as_ref()),
                topic_id: data.topic_id,
                partition_responses: partitions,
            });
        }
        if acks == 0 {
            // Nobody waits for an answer; closing is the only way to tell of an error.
            return match failure {
                Some((topic, partition, error)) => {
                    mark!(WriteClosed);
                    Reply::Close(format!("produce with acks=0 to {}-{partition} failed: {}", topic.as_ref(), error.name()))
                }
                None => Reply::Nothing,
            };
        }
        let until = now.plus_millis(i64::from(request.timeout_ms.max(0)));
        let held = HeldProduce { context: context.clone(), until, topics, waits };
        let early = broker.options.sabotage == Some(Sabotage::AckBeforeReplication);
        if held.waits.is_empty() || early {
            return reply(context, broker.produced(context, held.topics));
        }
        if broker.produce_is_due(&held) {
            let response = broker.finish_produce(held);
            return reply(context, response);
        }
        broker.purgatory.hold(Held::Produce(held));
        Reply::Held
    }

    /// The outcome of a write that waits for the in-sync replicas; `None`: it still waits.
    fn replicated(&self, wait: &Wait) -> Option<ErrorCode> {
        match self.topics.partition(&wait.name, wait.partition) {
            Some(partition) if partition.leading.is_some() => {
                if partition.high_watermark < wait.offset {
                    return None;
                }
                if partition.is_under_min_isr() {
                    mark!(WriteThenBelowMinIsr);
                    return Some(ErrorCode::NotEnoughReplicasAfterAppend);
                }
                Some(ErrorCode::None)
            }
            _ => Some(self.not_led(&wait.name, wait.partition)),
        }
    }

    /// Nothing of it waits any more.
    pub(in crate::kafka::broker) fn produce_is_due(&self, held: &HeldProduce) -> bool {
        held.waits.iter().all(|wait| self.replicated(wait).is_some())
    }

    /// The answer. A write that is not replicated yet has timed out.
    pub(in crate::kafka::broker) fn finish_produce(&self, held: HeldProduce) -> ProduceResponse {
        let HeldProduce { context, mut topics, waits, .. } = held;
        for wait in waits {
            let error = self.replicated(&wait).unwrap_or_else(|| {
                mark!(WriteTimedOut);
                ErrorCode::RequestTimedOut
            });
            let answer = topics.get_mut(wait.topic).and_then(|topic| topic.partition_responses.get_mut(wait.at));
            if let Some(answer) = answer.filter(|_| error.is_error()) {
                *answer = refused(wait.partition, error);
            }
        }
        self.produced(&context, topics)
    }

    /// The response; clients that know the fields are told who leads instead (KIP-951).
    fn produced(&self, context: &Context, mut topics: Vec<TopicProduceResponse>) -> ProduceResponse {
        let mut leaders = SortedVecSet::new();
        if context.version >= 10 {
            let image = self.controller.image();
            for topic in &mut topics {
                let name = image.ids.get(&topic.topic_id).map_or(topic.name.0.as_ref(), |name| name).to_owned();
                for answer in topic.partition_responses.iter_mut().filter(|it| it.error_code == ErrorCode::NotLeaderOrFollower.code()) {
                    let (leader, epoch) = self.leader_of(&name, answer.index);
                    answer.current_leader = LeaderIdAndEpoch { leader_id: leader.into(), leader_epoch: epoch };
                    leaders.insert(leader);
                }
            }
        }
        let known = self.live_brokers().filter(|broker| leaders.contains(&broker.id));
        let endpoints = known.map(|broker| NodeEndpoint {
            node_id: broker.id.into(),
            host: text(&broker.host),
            port: broker.port,
            rack: broker.rack.as_deref().map(text),
        });
        ProduceResponse { node_endpoints: endpoints.collect(), responses: topics, ..ProduceResponse::default() }
    }

    /// What is wrong with it before anything is looked at beside the metadata and the records (`KafkaApis.handleProduceRequest`).
    fn check_records<'a>(
        &self,
        version: i16,
        name: Option<&'a str>,
        index: i32,
        records: Option<Bytes>,
    ) -> Result<(&'a str, Batch), ErrorCode> {
        let unknown = if version >= 13 { ErrorCode::UnknownTopicId } else { ErrorCode::UnknownTopicOrPartition };
        let name = name.ok_or(unknown)?;
        self.controller.image().partition(name, index).ok_or(ErrorCode::UnknownTopicOrPartition)?;
        let batch = only_batch(records.unwrap_or_default())?;
        match version < ZSTD_SINCE && batch.compression() == Ok(Compression::Zstd) {
            true => Err(ErrorCode::UnsupportedCompressionType),
            false => Ok((name, batch)),
        }
    }

    fn produce_partition(
        &mut self,
        now: Time,
        context: &Context,
        name: &str,
        index: i32,
        batch: &Batch,
        acks: i16,
    ) -> PartitionProduceResponse {
        let version = context.version;
        if !(-1..=1).contains(&acks) {
            return refused(index, ErrorCode::InvalidRequiredAcks);
        }
        if is_internal(name) && &*context.client_id != ADMIN_CLIENT {
            return refused(index, ErrorCode::InvalidTopicException);
        }
        if let Err(error) = self.led_partition(name, index, -1) {
            return refused(index, error);
        }
        let result = self.append(now, name, index, batch, Origin::Client { all: acks == -1 });
        let start = self.topics.partition(name, index).map_or(-1, |partition| partition.log.start_offset());
        let answer = PartitionProduceResponse { index, ..PartitionProduceResponse::default() };
        match result {
            Ok(appended) => PartitionProduceResponse {
                base_offset: appended.base_offset,
                log_append_time_ms: if appended.duplicate && appended.log_append_time < 0 {
                    batch.max_timestamp()
                } else {
                    appended.log_append_time
                },
                log_start_offset: start,
                ..answer
            },
            Err(error) => {
                let code = error.code();
                let answer = PartitionProduceResponse { error_code: code.code(), base_offset: -1, ..answer };
                // What is wrong with the batch as a whole is found before Kafka looks at the log.
                let early = matches!(code, ErrorCode::CorruptMessage | ErrorCode::MessageTooLarge | ErrorCode::NotEnoughReplicas);
                // And so is a producer that is fenced, as its transaction is to be verified.
                if early || code == ErrorCode::InvalidProducerEpoch && batch.is_transactional() {
                    return answer;
                }
                with_record_errors(PartitionProduceResponse { log_start_offset: start, ..answer }, version, &error)
            }
        }
    }
}

/// Kafka names the records at fault for what its `LogValidator` finds (KIP-467).
fn with_record_errors(answer: PartitionProduceResponse, version: i16, error: &LogError) -> PartitionProduceResponse {
    let LogError::Records { errors, .. } = error else { return answer };
    if version < 8 {
        return answer;
    }
    let records = errors.iter().map(|record| BatchIndexAndErrorMessage {
        batch_index: record.index,
        batch_index_error_message: Some(Str::from(record.message.clone())),
    });
    PartitionProduceResponse { record_errors: records.collect(), error_message: Some(Str::from(error.to_string())), ..answer }
}

/// What a producer hears when its transaction's coordinator refuses a partition (`ReplicaManager.handleProduceAppend`): errors that older
/// clients do not try again become one that they do.
fn not_in_transaction(index: i32, version: i16, error: ErrorCode) -> PartitionProduceResponse {
    let (error, message) = match error {
        ErrorCode::InvalidTxnState => (error, Some("Partition was not added to the transaction".to_owned())),
        ErrorCode::ConcurrentTransactions if version >= PRODUCE_ADDS => (error, None),
        ErrorCode::NetworkException
        | ErrorCode::CoordinatorLoadInProgress
        | ErrorCode::CoordinatorNotAvailable
        | ErrorCode::NotCoordinator
        | ErrorCode::ConcurrentTransactions => {
            let why = format!("Unable to verify the partition has been added to the transaction. Underlying error: {}", error.name());
            (ErrorCode::NotEnoughReplicas, Some(why))
        }
        error => (error, None),
    };
    PartitionProduceResponse { error_message: message.map(Str::from), ..refused(index, error) }
}

fn refused(index: i32, error: ErrorCode) -> PartitionProduceResponse {
    PartitionProduceResponse { index, error_code: error.code(), base_offset: -1, ..PartitionProduceResponse::default() }
}

/// The one batch of a partition's records (`ProduceRequest.validateRecords`). Their bytes are shared, not copied. A batch that is cut off
/// is none, so what stands behind the first without being a whole one is left out.
fn only_batch(mut records: Bytes) -> Result<Batch, ErrorCode> {
    let batch = match Batch::split_first(&mut records) {
        Ok(batch) => batch,
        Err(BatchError::Magic(_) | BatchError::Truncated { .. }) => return Err(ErrorCode::InvalidRecord),
        Err(_) => return Err(ErrorCode::CorruptMessage),
    };
    match Batch::split_first(&mut records) {
        Err(BatchError::Truncated { .. }) => Ok(batch),
        Ok(_) | Err(BatchError::Magic(_)) => Err(ErrorCode::InvalidRecord),
        Err(_) => Err(ErrorCode::CorruptMessage),
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::broker::testing::batch;
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::produce_request::{PartitionProduceData, TopicProduceData};

    impl Sample for ProduceRequest {
        fn sample(known: &Known, version: i16, name: &str) -> Self {
            let partition = PartitionProduceData { index: 0, records: Some(batch(known.now, &["a", "b"])) };
            let data = TopicProduceData { partition_data: vec![partition], ..TopicProduceData::default() };
            let data = if version >= 13 {
                TopicProduceData { topic_id: known.id(name), ..data }
            } else {
                TopicProduceData { name: topic(name), ..data }
            };
            ProduceRequest { acks: -1, timeout_ms: 1000, topic_data: vec![data], ..ProduceRequest::default() }
        }
    }
}
