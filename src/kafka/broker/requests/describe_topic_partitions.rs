//! DescribeTopicPartitions (KIP-966): topics page by page, with their eligible leader replicas.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::topics::{TOPIC_OPERATIONS, topic_name};
use crate::kafka::broker::{Broker, ErrorCode};
use crate::kafka::controller::{check_name, is_internal};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::message::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use crate::kafka::wire::message::{BrokerId, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};

impl BrokerApi for DescribeTopicPartitionsRequest {
    fn handle(self, broker: &mut Broker, _now: Time, context: &Context) -> Reply {
        reply(context, broker.describe_topic_partitions(&self))
    }
}

impl Broker {
    /// `DescribeTopicPartitionsRequestHandler`: by name, from the cursor on, as many partitions as the request and
    /// `max.request.partition.size.limit` allow, but one at least. INVALID_REQUEST for a cursor at no partition or at a topic that was not
    /// asked for.
    fn describe_topic_partitions(&self, request: &DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
        let image = self.controller.image();
        let answer = DescribeTopicPartitionsResponse { next_cursor: None, ..DescribeTopicPartitionsResponse::default() };
        let cursor = request.cursor.as_ref();
        let (from, first) = cursor.map_or(("", 0), |cursor| (cursor.topic_name.0.as_ref(), cursor.partition_index));
        let all = request.topics.is_empty();
        let names: SortedVecSet<&str> = match all {
            true => image.topics.keys().map(|name| &**name).collect(),
            false => request.topics.iter().map(|topic| topic.name.0.as_ref()).collect(),
        };
        let described = |name: &str| DescribeTopicPartitionsResponseTopic {
            name: Some(topic_name(name)),
            ..DescribeTopicPartitionsResponseTopic::default()
        };
        if first < 0 || (!all && cursor.is_some() && !names.contains(from)) {
            let error_code = ErrorCode::InvalidRequest.code();
            let refuse = |name: &&str| DescribeTopicPartitionsResponseTopic { error_code, ..described(name) };
            return DescribeTopicPartitionsResponse { topics: names.iter().filter(|_| !all).map(refuse).collect(), ..answer };
        }
        let mut left = self.config.max_request_partition_size_limit.min(request.response_partition_limit).max(1);
        let mut topics = Vec::new();
        for name in names.iter().copied().filter(|name| *name >= from) {
            let next = |partition| Some(Cursor { topic_name: topic_name(name), partition_index: partition });
            if left == 0 {
                return DescribeTopicPartitionsResponse { topics, next_cursor: next(0), ..answer };
            }
            let described = DescribeTopicPartitionsResponseTopic {
                is_internal: is_internal(name),
                topic_authorized_operations: TOPIC_OPERATIONS,
                ..described(name)
            };
            let Some(topic) = image.topics.get(name) else {
                let error = if check_name(name).is_ok() { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException };
                topics.push(DescribeTopicPartitionsResponseTopic { error_code: error.code(), ..described });
                continue;
            };
            let start = if name == from { first } else { 0 };
            let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
            let end = start.saturating_add(left).min(count);
            let partitions: Vec<_> = (start..end).filter_map(|index| self.describe_partition(name, index)).collect();
            topics.push(DescribeTopicPartitionsResponseTopic { topic_id: topic.id, partitions, ..described });
            if end < count {
                return DescribeTopicPartitionsResponse { topics, next_cursor: next(end), ..answer };
            }
            left -= (end - start).max(0);
        }
        DescribeTopicPartitionsResponse { topics, ..answer }
    }

    fn describe_partition(&self, topic: &str, index: i32) -> Option<DescribeTopicPartitionsResponsePartition> {
        let image = self.controller.image();
        let state = image.partition(topic, index)?;
        let alive = |id: &i32| image.brokers.get(id).is_some_and(|broker| !broker.fenced);
        let ids = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect::<Vec<_>>();
        let described = DescribeTopicPartitionsResponsePartition {
            partition_index: index,
            leader_id: BrokerId(if alive(&state.leader) { state.leader } else { -1 }),
            leader_epoch: state.leader_epoch,
            replica_nodes: ids(&state.replicas),
            isr_nodes: ids(&state.isr),
            eligible_leader_replicas: Some(ids(&state.elr)),
            last_known_elr: Some(ids(&state.last_known_elr)),
            offline_replicas: state.replicas.iter().filter(|id| !alive(id)).copied().map(BrokerId).collect(),
            ..DescribeTopicPartitionsResponsePartition::default()
        };
        Some(described)
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;

    impl Sample for DescribeTopicPartitionsRequest {
        fn sample(_known: &Known, _version: i16, name: &str) -> Self {
            let wanted = describe_topic_partitions_request::TopicRequest { name: topic(name) };
            let cursor = describe_topic_partitions_request::Cursor { topic_name: topic(name), partition_index: 1 };
            DescribeTopicPartitionsRequest { topics: vec![wanted], response_partition_limit: 1, cursor: Some(cursor) }
        }
    }
}
