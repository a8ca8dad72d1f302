//! DescribeTopicPartitions (KIP-966): topics page by page, with their eligible leader replicas.

use super::metadata::{TOPIC_OPERATIONS, topic_name};
use super::topics::{check_name, is_internal};
use super::{Broker, ErrorCode};
use crate::kafka::map::Set;
use crate::kafka::wire::message::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponsePartition, DescribeTopicPartitionsResponseTopic,
};
use crate::kafka::wire::message::{BrokerId, DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse};

impl Broker {
    /// `DescribeTopicPartitionsRequestHandler`: by name, from the cursor on, as many partitions as the request and
    /// `max.request.partition.size.limit` allow, but one at least. INVALID_REQUEST for a cursor at no partition or at a topic that was not
    /// asked for.
    pub(super) fn describe_topic_partitions(&self, request: &DescribeTopicPartitionsRequest) -> DescribeTopicPartitionsResponse {
        let image = self.controller.image();
        let answer = DescribeTopicPartitionsResponse::default().with_next_cursor(None);
        let cursor = request.cursor.as_ref();
        let (from, first) = cursor.map_or(("", 0), |cursor| (cursor.topic_name.0.as_ref(), cursor.partition_index));
        let all = request.topics.is_empty();
        let names: Set<&str> = match all {
            true => image.topics.keys().map(|name| &**name).collect(),
            false => request.topics.iter().map(|topic| topic.name.0.as_ref()).collect(),
        };
        let described = |name: &str| DescribeTopicPartitionsResponseTopic::default().with_name(Some(topic_name(name)));
        if first < 0 || (!all && cursor.is_some() && !names.contains(from)) {
            let refuse = |name: &&str| described(name).with_error_code(ErrorCode::InvalidRequest.code());
            return answer.with_topics(names.iter().filter(|_| !all).map(refuse).collect());
        }
        let mut left = self.config.int("max.request.partition.size.limit").min(request.response_partition_limit).max(1);
        let mut topics = Vec::new();
        for name in names.iter().copied().filter(|name| *name >= from) {
            let next = |partition| Some(Cursor::default().with_topic_name(topic_name(name)).with_partition_index(partition));
            if left == 0 {
                return answer.with_topics(topics).with_next_cursor(next(0));
            }
            let described = described(name).with_is_internal(is_internal(name)).with_topic_authorized_operations(TOPIC_OPERATIONS);
            let Some(topic) = image.topics.get(name) else {
                let error = if check_name(name).is_ok() { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::InvalidTopicException };
                topics.push(described.with_error_code(error.code()));
                continue;
            };
            let start = if name == from { first } else { 0 };
            let count = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
            let end = start.saturating_add(left).min(count);
            let partitions: Vec<_> = (start..end).filter_map(|index| self.describe_partition(name, index)).collect();
            topics.push(described.with_topic_id(topic.id).with_partitions(partitions));
            if end < count {
                return answer.with_topics(topics).with_next_cursor(next(end));
            }
            left -= (end - start).max(0);
        }
        answer.with_topics(topics)
    }

    fn describe_partition(&self, topic: &str, index: i32) -> Option<DescribeTopicPartitionsResponsePartition> {
        let image = self.controller.image();
        let state = image.partition(topic, index)?;
        let alive = |id: &i32| image.brokers.get(id).is_some_and(|broker| !broker.fenced);
        let ids = |ids: &[i32]| ids.iter().copied().map(BrokerId).collect::<Vec<_>>();
        let described = DescribeTopicPartitionsResponsePartition::default()
            .with_partition_index(index)
            .with_leader_id(BrokerId(if alive(&state.leader) { state.leader } else { -1 }))
            .with_leader_epoch(state.leader_epoch)
            .with_replica_nodes(ids(&state.replicas))
            .with_isr_nodes(ids(&state.isr))
            .with_eligible_leader_replicas(Some(ids(&state.elr)))
            .with_last_known_elr(Some(ids(&state.last_known_elr)))
            .with_offline_replicas(state.replicas.iter().filter(|id| !alive(id)).copied().map(BrokerId).collect());
        Some(described)
    }
}
