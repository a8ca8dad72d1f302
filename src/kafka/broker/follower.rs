//! Following (`ReplicaFetcherThread`): one fetch at a time of each fetcher, for all partitions that it follows. What comes is appended as
//! it is; where the logs part ways, this one is cut.

use super::answers::Tag;
use super::peers::{Message, REQUEST_TIMEOUT_MS};
use super::replica_fetchers::{self, BACKOFF_MS, FetcherId, Followed};
use super::topics::Topic;
use super::{Broker, BrokerEvent, ErrorCode};
use crate::kafka::client::net::{Node, Outcome};
use crate::kafka::controller::Request;
use crate::kafka::log::LogError;
use crate::kafka::marks::mark;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::time::Time;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::fetch_request::{FetchPartition, ReplicaState};
use crate::kafka::wire::message::fetch_response::PartitionData;
use crate::kafka::wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use crate::kafka::wire::message::{FetchRequest, FetchResponse, ListOffsetsRequest, ListOffsetsResponse, TopicName};
use std::collections::BTreeSet;
use std::sync::Arc;

/// `replica.fetch.response.max.bytes`.
const MAX_BYTES: i32 = 10_485_760;
/// The time in ListOffsets that stands for the end of the log.
const LATEST: i64 = -1;

/// A follower whose log ends where its leader's has nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BeyondLeader {
    topic: Arc<str>,
    partition: i32,
    leader: i32,
    epoch: i32,
    /// Where it ends.
    end: i64,
}

/// Whom a fetcher asks.
fn node_of(leader: i32, nth: i32) -> Node {
    if nth == 0 { Node::Broker(leader) } else { Node::Fetcher(leader, nth) }
}

impl Broker {
    /// Asks the next leader that is due; whether there was one.
    pub(super) fn follow(&mut self, now: Time) -> bool {
        if self.life.stopped || self.life.epoch < 0 {
            return false;
        }
        let Some(fetcher) = self.fetchers.poll_due(now) else { return false };
        let (leader, nth) = fetcher;
        let changed = self.what_changed(now, fetcher);
        let (followed, next) = if changed.is_some() { (Vec::new(), None) } else { self.what_to_follow(now, fetcher) };
        if changed.is_none() && followed.is_empty() {
            match next {
                Some(at) => self.fetchers.rest(fetcher, at),
                None => self.fetchers.remove(fetcher),
            }
            return true;
        }
        let Some(broker) = self.controller.image().brokers.get(&leader) else {
            self.fetchers.rest(fetcher, now.plus_millis(BACKOFF_MS));
            return true;
        };
        let node = node_of(leader, nth);
        self.peers.set_address(node, &broker.host, broker.port);
        let request = match changed {
            Some(changed) => self.fetchers.go_on(fetcher, changed),
            None => self.fetchers.begin(fetcher, followed, next.is_some()),
        };
        let request = FetchRequest {
            replica_state: ReplicaState { replica_id: self.options.node_id.into(), replica_epoch: self.life.epoch },
            max_wait_ms: self.config.replica_fetch_wait_max_ms,
            min_bytes: self.config.replica_fetch_min_bytes,
            max_bytes: MAX_BYTES,
            ..request
        };
        let message = Message::Plain(Box::new(Request::Fetch(request)));
        self.peers.ask(now, node, message, Tag::Follow(fetcher), REQUEST_TIMEOUT_MS);
        true
    }

    /// What has changed of that which the fetcher follows; `None`: all of it is to be looked at.
    fn what_changed(&self, now: Time, fetcher: FetcherId) -> Option<Vec<Followed>> {
        let changed = self.fetchers.changed(fetcher)?.iter();
        changed.map(|(topic, index)| self.followed(now, fetcher, self.topics.get(topic)?, *index).ok()).collect()
    }

    /// Everything that the fetcher follows and that need not wait; and when the first of those that must may ask again.
    fn what_to_follow(&self, now: Time, fetcher: FetcherId) -> (Vec<Followed>, Option<Time>) {
        let (mut found, mut next) = (Vec::new(), None);
        for topic in self.topics.iter() {
            for index in topic.partitions.keys() {
                match self.followed(now, fetcher, topic, *index) {
                    Ok(followed) => found.push(followed),
                    Err(after) => next = after.into_iter().chain(next).min(),
                }
            }
        }
        (found, next)
    }

    /// The fetcher of a partition that is followed.
    fn fetcher_of(&self, topic: &str, index: i32, leader: i32) -> FetcherId {
        (leader, replica_fetchers::fetcher_of(topic, index, self.config.num_replica_fetchers))
    }

    /// There is something to fetch of a partition.
    pub(super) fn wake_fetcher(&mut self, topic: &str, index: i32, leader: i32) {
        let fetcher = self.fetcher_of(topic, index, leader);
        self.fetchers.wake(fetcher);
    }

    /// The fetchers that follow nothing any more are closed, whatever they wait for (`shutdownIdleFetcherThreads`): a leader that comes
    /// back is asked over a new connection, not once an answer is overdue that its former process will never give.
    pub(super) fn close_idle_fetchers(&mut self, now: Time) {
        let mut busy = BTreeSet::new();
        for topic in self.topics.iter() {
            let followed = topic.partitions.iter().filter(|(_, partition)| partition.leading.is_none());
            busy.extend(followed.map(|(index, partition)| self.fetcher_of(&topic.name, *index, partition.state.leader)));
        }
        for (leader, nth) in self.fetchers.retain(|fetcher| busy.contains(&fetcher)) {
            self.peers.forget(now, node_of(leader, nth));
        }
    }

    /// How the fetcher asks for a partition. `Err`: not at all, or only then.
    fn followed(&self, now: Time, fetcher: FetcherId, topic: &Topic, index: i32) -> Result<Followed, Option<Time>> {
        let partition = topic.partitions.get(&index).ok_or(None)?;
        let leader = partition.state.leader;
        if partition.leading.is_some() || leader != fetcher.0 || self.fetcher_of(&topic.name, index, leader) != fetcher {
            return Err(None);
        }
        if partition.fetch_after > now {
            return Err(Some(partition.fetch_after));
        }
        if partition.throttled.follower && partition.lag != Some(0) && self.quotas.follower.is_exceeded(now) {
            mark!(FollowerThrottled);
            return Err(Some(now.plus_millis(BACKOFF_MS)));
        }
        let log = &partition.log;
        let no_truncation = self.options.sabotage == Some(Sabotage::NoTruncation);
        let asked = FetchPartition {
            partition: index,
            current_leader_epoch: partition.state.leader_epoch,
            fetch_offset: log.end_offset(),
            last_fetched_epoch: if no_truncation { -1 } else { log.latest_epoch() },
            log_start_offset: log.start_offset(),
            partition_max_bytes: self.config.replica_fetch_max_bytes,
            ..FetchPartition::default()
        };
        Ok(Followed { topic: topic.name.clone(), id: topic.id, asked })
    }

    pub(super) fn fetched(&mut self, now: Time, fetcher: FetcherId, outcome: Outcome) {
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<FetchResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        self.fetchers.answered(now, fetcher, response.as_ref());
        for topic in response.into_iter().flat_map(|response| response.responses) {
            for data in topic.partitions {
                let Some(followed) = self.fetchers.asked(fetcher, topic.topic_id, data.partition_index).cloned() else { continue };
                self.fetchers.change(fetcher, &followed.topic, data.partition_index);
                if let Err(error) = self.take_fetched(now, fetcher, &followed, data) {
                    self.follower_failed(now, &followed, &error);
                }
            }
        }
    }

    fn follower_failed(&mut self, now: Time, followed: &Followed, error: &LogError) {
        mark!(FollowerDiskFull);
        let Followed { topic, asked, .. } = followed;
        let text = format!("{topic}-{}: not replicated: {error}", asked.partition);
        self.log(text.clone());
        self.storage_failed(error, &text);
        if let Some((_, partition)) = self.topics.partition_mut(topic, asked.partition) {
            partition.fetch_after = now.plus_millis(BACKOFF_MS);
        }
    }

    fn take_fetched(&mut self, now: Time, fetcher: FetcherId, followed: &Followed, data: PartitionData) -> Result<(), LogError> {
        let leader = fetcher.0;
        let asked = &followed.asked;
        let same_topic = self.topics.get(&followed.topic).is_some_and(|topic| topic.id == followed.id);
        let Some((topic, partition)) = self.topics.partition_mut(&followed.topic, asked.partition) else { return Ok(()) };
        let state = &partition.state;
        // The metadata, or a truncation, may have overtaken the answer. Kafka 4.1 compares epoch and offset alone, so that a late answer
        // about a former topic of the same name could fill the new one's log: both begin at epoch 0 and offset 0.
        if !same_topic
            || partition.leading.is_some()
            || (state.leader, state.leader_epoch) != (leader, asked.current_leader_epoch)
            || partition.log.end_offset() != asked.fetch_offset
        {
            mark!(FollowerOvertaken);
            self.fetchers.reset(fetcher);
            return Ok(());
        }
        let from = asked.fetch_offset;
        let mut events = Vec::new();
        match ErrorCode::from_code(data.error_code) {
            ErrorCode::None if data.diverging_epoch.end_offset >= 0 => {
                let (epoch, end) = (data.diverging_epoch.epoch, data.diverging_epoch.end_offset);
                let (found, own_end) = partition.log.end_offset_for_epoch(epoch);
                let to = if found < 0 { end } else { own_end.min(if found == epoch { end } else { own_end }) };
                mark!(FollowerCut);
                partition.log.truncate_to(&mut self.disk, to.min(from))?;
                partition.clamp();
                let to = partition.log.end_offset();
                events.push(BrokerEvent::Truncated { topic, partition: asked.partition, from, to, epoch: asked.current_leader_epoch });
            }
            ErrorCode::None => {
                let records = data.records.unwrap_or_default();
                if partition.throttled.follower {
                    self.quotas.follower.record(now, records.len() as u64);
                }
                if !records.is_empty() {
                    let appended = partition.log.append_as_follower(&mut self.disk, now, records)?;
                    if appended.rolled {
                        partition.rolled(now);
                        let base_offset = appended.base_offset;
                        events.push(BrokerEvent::SegmentRolled { topic: topic.clone(), partition: asked.partition, base_offset });
                    }
                    let (base_offset, last_offset) = (appended.base_offset, appended.last_offset);
                    if last_offset >= base_offset {
                        events.push(BrokerEvent::Replicated { topic, partition: asked.partition, base_offset, last_offset });
                    }
                }
                let end = partition.log.end_offset();
                partition.lag = Some(data.high_watermark.saturating_sub(end).max(0));
                partition.high_watermark = partition.high_watermark.max(data.high_watermark.min(end));
                partition.log.handle_high_watermark(partition.high_watermark);
                if data.log_start_offset > partition.log.start_offset() {
                    partition.log.advance_start_offset(&mut self.disk, data.log_start_offset.min(partition.high_watermark))?;
                }
            }
            ErrorCode::OffsetOutOfRange if data.log_start_offset > from => {
                // The leader no longer has what comes next here.
                mark!(FollowerStartsAnew);
                partition.log.truncate_fully_and_start_at(&mut self.disk, data.log_start_offset)?;
                partition.clamp();
                let to = data.log_start_offset;
                events.push(BrokerEvent::Truncated { topic, partition: asked.partition, from, to, epoch: asked.current_leader_epoch });
            }
            ErrorCode::OffsetOutOfRange => {
                partition.fetch_after = now.plus_millis(REQUEST_TIMEOUT_MS);
                let epoch = asked.current_leader_epoch;
                self.ask_leader_end(now, fetcher, BeyondLeader { topic, partition: asked.partition, leader, epoch, end: from });
            }
            _ => {
                mark!(FollowerRefused);
                partition.fetch_after = now.plus_millis(BACKOFF_MS);
            }
        }
        events.into_iter().for_each(|event| self.event(event));
        Ok(())
    }

    /// The leader's log begins before the end of this one, and still has nothing there: where does it end?
    /// (`AbstractFetcherThread.fetchOffsetAndApplyTruncateAndBuild`)
    fn ask_leader_end(&mut self, now: Time, (leader, nth): FetcherId, beyond: BeyondLeader) {
        mark!(FollowerOutOfRange);
        let asked = ListOffsetsPartition { partition_index: beyond.partition, current_leader_epoch: beyond.epoch, timestamp: LATEST };
        let topic = ListOffsetsTopic { name: TopicName(beyond.topic.clone()), partitions: vec![asked] };
        let request = ListOffsetsRequest { replica_id: self.options.node_id.into(), topics: vec![topic], ..ListOffsetsRequest::default() };
        self.peers.ask(now, node_of(leader, nth), Message::ListOffsets(request), Tag::LeaderEnd(beyond), REQUEST_TIMEOUT_MS);
    }

    /// `None`: no answer came.
    pub(super) fn leader_end_answered(&mut self, now: Time, beyond: BeyondLeader, response: Option<&ListOffsetsResponse>) {
        let BeyondLeader { topic, partition: index, leader, epoch, end } = beyond;
        let Some((topic, partition)) = self.topics.partition_mut(&topic, index) else { return };
        if partition.leading.is_some()
            || (partition.state.leader, partition.state.leader_epoch, partition.log.end_offset()) != (leader, epoch, end)
        {
            return;
        }
        let found = response.and_then(|response| response.topics.first()).and_then(|topic| topic.partitions.first());
        let shorter = found.filter(|found| found.error_code == 0 && found.offset < end).map(|found| found.offset);
        // Where nothing is to be cut, the same question would only have the same answer.
        partition.fetch_after = if shorter.is_some() { now } else { now.plus_millis(BACKOFF_MS) };
        self.fetchers.change_any();
        let cut = shorter.map(|offset| partition.log.truncate_to(&mut self.disk, offset));
        partition.clamp();
        let to = partition.log.end_offset();
        self.wake_fetcher(&topic, index, leader);
        match cut {
            Some(Ok(())) => self.event(BrokerEvent::Truncated { topic, partition: index, from: end, to, epoch }),
            Some(Err(error)) => {
                let text = format!("{topic}-{index}: not cut to its leader's end: {error}");
                self.log(text.clone());
                self.storage_failed(&error, &text);
            }
            None => {}
        }
    }
}
