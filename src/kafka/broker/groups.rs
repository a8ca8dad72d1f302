//! The way to the group coordinator and back: requests wait under a token, what the coordinator wants remembered is appended to
//! `__consumer_offsets`.

use super::dispatch::{Context, Reply, encoded, reply};
use super::topic_creation::OFFSETS_TOPIC;
use super::transactions::Appender;
use super::{Broker, BrokerEvent, ErrorCode, Origin};
use crate::kafka::config::GroupConfigs;
use crate::kafka::controller::features::GROUP_VERSION;
use crate::kafka::coordinator::{Caller, Output, Request, Token, Topic};
use crate::kafka::time::Time;
use crate::kafka::wire::batch::{Batch, batches};
use crate::kafka::wire::message::{self as m, consumer_group_describe_response::DescribedGroup};
use std::sync::Arc;

/// Bytes of a coordinator's topic that are read at a time.
const LOAD_BYTES: u32 = 5 << 20;

impl Broker {
    pub(super) fn group_request(&mut self, now: Time, context: Context, request: Request) -> Reply {
        match request {
            Request::ConsumerGroupHeartbeat(_) if !self.has_consumer_protocol() => {
                let error_code = ErrorCode::UnsupportedVersion.code();
                reply(&context, m::ConsumerGroupHeartbeatResponse { error_code, ..m::ConsumerGroupHeartbeatResponse::default() })
            }
            Request::ConsumerGroupDescribe(request) if !self.has_consumer_protocol() => {
                let error_code = ErrorCode::UnsupportedVersion.code();
                let groups = request.group_ids.into_iter();
                let groups = groups.map(|group_id| DescribedGroup { group_id, error_code, ..DescribedGroup::default() }).collect();
                reply(&context, m::ConsumerGroupDescribeResponse { groups, ..m::ConsumerGroupDescribeResponse::default() })
            }
            Request::TxnOffsetCommit(request) => self.commit_in_transaction(now, context, request),
            request => self.ask_groups(now, context, request),
        }
    }

    /// `group.version` 0 knows only the classic protocol (`isConsumerGroupProtocolEnabled`).
    fn has_consumer_protocol(&self) -> bool {
        self.controller.image().features.get(GROUP_VERSION).is_some_and(|level| *level >= 1)
    }

    pub(super) fn ask_groups(&mut self, now: Time, context: Context, request: Request) -> Reply {
        let token = Token(self.next_token);
        self.next_token += 1;
        let host = self.connections.get(context.conn).map(|connection| connection.peer.clone()).unwrap_or_default();
        let caller = Caller { client_id: context.client_id.clone(), host, version: context.version };
        self.waiting.insert(token, context);
        let image = self.controller.image();
        self.groups.handle_request(now, token, caller, request, &|topic, partition| image.partition(topic, partition).is_some());
        Reply::Held
    }

    pub(super) fn handle_group_output(&mut self, now: Time, output: Output) {
        match output {
            Output::Respond { token, response } => {
                let Some(context) = self.waiting.remove(&token) else { return };
                let answer = response.encode(context.version, context.correlation_id);
                self.answer_with(&context, encoded(&context, answer));
            }
            Output::Append { append_id, partition, batch } => match self.append(now, OFFSETS_TOPIC, partition, &batch, Origin::Coordinator)
            {
                Ok(appended) => {
                    let end = appended.last_offset.saturating_add(1);
                    let until = now.plus_millis(self.config.offsets_commit_timeout_ms);
                    self.await_commit(now, Appender::Group(append_id), OFFSETS_TOPIC.into(), partition, end, until);
                }
                Err(error) => {
                    self.log(format!("{OFFSETS_TOPIC}-{partition}: the coordinator's records are refused: {error}"));
                    self.groups.handle_append_failed(now, append_id, error.code());
                }
            },
            Output::Event(event) => self.event(BrokerEvent::Group(event)),
        }
    }

    /// The topic as the metadata has it.
    pub(super) fn tell_groups(&mut self, name: &Arc<str>) {
        let image = self.controller.image();
        let rack = |id: &i32| image.brokers.get(id).and_then(|broker| broker.rack.clone());
        let topic = image.topics.get(name).map(|topic| {
            let racks = topic.partitions.iter().map(|partition| {
                let mut racks: Vec<Arc<str>> = partition.replicas.iter().filter_map(rack).collect();
                racks.sort();
                racks
            });
            Topic { id: topic.id, racks: racks.collect() }
        });
        let version = image.offset;
        self.groups.handle_topic(version, name, topic);
    }

    pub(super) fn apply_group_configs(&mut self, group: &Arc<str>) {
        let set = self.controller.image().group_configs.get(&**group);
        let configs = set.map(|set| GroupConfigs::new(&self.config, set));
        self.groups.handle_group_configs(group, configs);
    }

    /// All batches of a partition of a coordinator's topic.
    pub(super) fn coordinators_log(&mut self, topic: &str, index: i32) -> Vec<Batch> {
        let Some(partition) = self.topics.partition(topic, index) else { return Vec::new() };
        let log = &partition.log;
        let mut found: Vec<Batch> = Vec::new();
        let mut offset = log.start_offset();
        let mut stuck = None;
        while offset < log.end_offset() {
            let bytes = log.read(&self.disk, offset, log.end_offset(), LOAD_BYTES, true).unwrap_or_default();
            let next = batches(bytes).map_while(Result::ok).map(|batch| {
                let next = batch.last_offset().saturating_add(1);
                found.push(batch);
                next
            });
            match next.last() {
                Some(next) if next > offset => offset = next,
                _ => {
                    stuck = Some(offset);
                    break;
                }
            }
        }
        if let Some(offset) = stuck {
            self.log(format!("{topic}-{index} cannot be read from offset {offset} on"));
        }
        found
    }
}
