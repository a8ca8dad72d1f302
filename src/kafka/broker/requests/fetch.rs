//! Fetch: consumers read up to the high watermark and followers up to the log's end, or wait in the purgatory for `min_bytes`.

use super::BrokerApi;
use crate::kafka::broker::dispatch::{Context, Reply, reply};
use crate::kafka::broker::fetch_sessions::{Fetcher, Use, Wanted};
use crate::kafka::broker::held::Held;
use crate::kafka::broker::partition::{FollowerFetch, Partition};
use crate::kafka::broker::topics::text;
use crate::kafka::broker::{Broker, BrokerEvent, ErrorCode};
use crate::kafka::marks::mark;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::message::fetch_request::FetchPartition;
use crate::kafka::wire::message::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchableTopicResponse, LeaderIdAndEpoch, NodeEndpoint, PartitionData,
};
use crate::kafka::wire::message::{FetchRequest, FetchResponse};
use bytes::Bytes;
use std::sync::Arc;
use uuid::Uuid;

/// A fetch, and until when it may wait.
#[derive(Clone, Debug)]
pub struct HeldFetch {
    pub context: Context,
    pub until: Time,
    min_bytes: u64,
    max_bytes: u32,
    read_committed: bool,
    /// A follower, and its broker epoch.
    replica: Option<(i32, i64)>,
    session: Use,
    topics: Vec<Wanted>,
}

impl HeldFetch {
    /// Up to where the fetcher may read: followers to the end of the log.
    fn end_of(&self, partition: &Partition) -> i64 {
        if self.replica.is_some() { partition.log.end_offset() } else { partition.readable_end(self.read_committed) }
    }

    pub fn is_followers(&self) -> bool {
        self.replica.is_some()
    }

    pub fn partitions(&self) -> impl Iterator<Item = (Arc<str>, i32)> {
        self.topics
            .iter()
            .filter_map(|wanted| wanted.name.clone().map(|name| (name, wanted)))
            .flat_map(|(name, wanted)| wanted.partitions.iter().map(move |partition| (name.clone(), partition.partition)))
    }
}

/// What a fetch finds: the partition, and where the follower's or consumer's log parts from it (epoch, its end).
type Found<'a> = (&'a Partition, Option<(i32, i64)>);

/// The leader epoch that a client believes in against the one that holds.
fn check_epoch(believed: i32, current: i32) -> Result<(), ErrorCode> {
    match believed {
        -1 => Ok(()),
        believed if believed < current => {
            mark!(FetchFenced);
            Err(ErrorCode::FencedLeaderEpoch)
        }
        believed if believed > current => {
            mark!(FetchAhead);
            Err(ErrorCode::UnknownLeaderEpoch)
        }
        _ => Ok(()),
    }
}

/// The isolation levels.
pub const READ_UNCOMMITTED: i8 = 0;
pub const READ_COMMITTED: i8 = 1;

/// Kafka has no error code for an isolation level that does not exist (`FetchRequest.getErrorResponse`).
fn unknown_isolation(request: FetchRequest, version: i16) -> FetchResponse {
    let error_code = ErrorCode::UnknownServerError.code();
    let partition = |asked: FetchPartition| PartitionData {
        partition_index: asked.partition,
        error_code,
        high_watermark: -1,
        records: Some(Bytes::new()),
        ..PartitionData::default()
    };
    let named = request.topics.into_iter().filter(|_| version < 13);
    let responses = named.map(|topic| FetchableTopicResponse {
        topic: topic.topic,
        topic_id: topic.topic_id,
        partitions: topic.partitions.into_iter().map(partition).collect(),
    });
    FetchResponse { error_code, session_id: request.session_id, responses: responses.collect(), ..FetchResponse::default() }
}

impl BrokerApi for FetchRequest {
    fn handle(mut self, broker: &mut Broker, now: Time, context: &Context) -> Reply {
        if !(READ_UNCOMMITTED..=READ_COMMITTED).contains(&self.isolation_level) {
            return reply(context, unknown_isolation(self, context.version));
        }
        let max_bytes = self.max_bytes.min(broker.config.fetch_max_bytes);
        let (id, epoch) = if context.version >= 15 {
            (self.replica_state.replica_id.0, self.replica_state.replica_epoch)
        } else {
            (self.replica_id.0, -1)
        };
        let replica = (id >= 0).then_some((id, epoch));
        broker.wake_named(&self, replica);
        let fetcher = Fetcher { conn: context.conn, replica };
        let (session, topics) = match broker.sessions.open(now, context.version, fetcher, &mut self, broker.controller.image()) {
            Ok(found) => found,
            Err(error) => return reply(context, FetchResponse { error_code: error.code(), ..FetchResponse::default() }),
        };
        let fetch = HeldFetch {
            until: now.plus_millis(i64::from(self.max_wait_ms.max(0))),
            min_bytes: u64::try_from(self.min_bytes.min(max_bytes)).unwrap_or(0),
            max_bytes: u32::try_from(max_bytes).unwrap_or(0),
            read_committed: self.isolation_level == READ_COMMITTED,
            replica,
            session,
            topics,
            context: context.clone(),
        };
        if fetch.replica.is_some() {
            broker.note_follower(now, &fetch);
        }
        // A session whose partitions all rest waits for them.
        let rests = matches!(session, Use::Incremental(_));
        let empty = !rests && fetch.topics.iter().all(|wanted| wanted.partitions.is_empty());
        if self.max_wait_ms <= 0 || empty || broker.fetch_is_due(now, &fetch).is_some() {
            return reply(context, broker.answer_fetch(now, &fetch));
        }
        if fetch.replica.is_none() {
            broker.event(BrokerEvent::FetchHeld { conn: context.conn, until: fetch.until });
        }
        broker.purgatory.hold(Held::Fetch(fetch));
        Reply::Held
    }
}

impl Broker {
    /// Why the fetch can be answered now: `min_bytes` are there, or a partition has an error.
    pub(in crate::kafka::broker) fn fetch_is_due(&self, now: Time, fetch: &HeldFetch) -> Option<&'static str> {
        let mut bytes = 0_u64;
        for wanted in &fetch.topics {
            for asked in &wanted.partitions {
                let Ok((partition, diverging)) = self.fetch_partition(fetch, wanted, asked) else {
                    return Some("a partition answers with an error");
                };
                if diverging.is_some() {
                    return Some("the logs part ways");
                }
                if self.throttles(now, fetch, partition) {
                    continue;
                }
                if partition.log.is_on_older_segment(asked.fetch_offset, fetch.end_of(partition)) {
                    mark!(FetchOfOlderSegment);
                    return Some("the offset lies in an older segment");
                }
                let there = partition.log.bytes_between(&self.disk, asked.fetch_offset, fetch.end_of(partition));
                bytes = bytes.saturating_add(there.min(u64::try_from(asked.partition_max_bytes).unwrap_or(0)));
            }
        }
        (bytes >= fetch.min_bytes).then_some("min.bytes are there")
    }

    /// A partition that this broker leads, in the epoch that the asker believes in (-1: any).
    pub(in crate::kafka::broker) fn led_partition(&self, topic: &str, index: i32, believed: i32) -> Result<&Partition, ErrorCode> {
        let partition = self.topics.partition(topic, index).ok_or_else(|| self.not_led(topic, index))?;
        if self.options.sabotage != Some(Sabotage::EpochNotFenced) {
            check_epoch(believed, partition.state.leader_epoch)?;
        }
        if partition.leading.is_some() { Ok(partition) } else { Err(ErrorCode::NotLeaderOrFollower) }
    }

    /// What the partitions that are fetched by a follower learn from it: it has all before the offsets that it asks for.
    fn note_follower(&mut self, now: Time, fetch: &HeldFetch) {
        let Some((id, broker_epoch)) = fetch.replica else { return };
        for wanted in &fetch.topics {
            let Some(name) = &wanted.name else { continue };
            for asked in &wanted.partitions {
                if matches!(self.fetch_partition(fetch, wanted, asked), Ok((_, None))) {
                    let (offset, log_start) = (asked.fetch_offset, asked.log_start_offset);
                    self.follower_fetched(now, name, asked.partition, FollowerFetch { id, broker_epoch, offset, log_start });
                }
            }
        }
    }

    fn fetch_partition(&self, fetch: &HeldFetch, wanted: &Wanted, asked: &FetchPartition) -> Result<Found<'_>, ErrorCode> {
        let Some(name) = &wanted.name else {
            return Err(if wanted.topic_id.is_nil() { ErrorCode::UnknownTopicOrPartition } else { ErrorCode::UnknownTopicId });
        };
        // A session keeps the topic's name: by now another topic may have it.
        let here = self.topics.get(name).filter(|topic| topic.partitions.contains_key(&asked.partition));
        if !wanted.topic_id.is_nil() && here.is_some_and(|topic| topic.id != wanted.topic_id) {
            return Err(ErrorCode::InconsistentTopicId);
        }
        let partition = self.led_partition(name, asked.partition, asked.current_leader_epoch)?;
        // Reject fetches with a stale broker epoch (`Replica.updateFetchStateOrThrow`).
        let stale = |id: i32, epoch: i64| {
            let broker = self.controller.image().brokers.get(&id).filter(|broker| !broker.fenced);
            epoch != -1 && broker.is_some_and(|broker| broker.epoch > epoch)
        };
        if fetch.replica.is_some_and(|(id, epoch)| !partition.state.replicas.contains(&id) || stale(id, epoch)) {
            mark!(FetchOfFormerProcess);
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let log = &partition.log;
        if asked.last_fetched_epoch >= 0 {
            let (epoch, end) = log.end_offset_for_epoch(asked.last_fetched_epoch);
            if end < 0 {
                return Err(ErrorCode::OffsetOutOfRange);
            }
            if epoch < asked.last_fetched_epoch || end < asked.fetch_offset {
                mark!(FetchPartsWays);
                return Ok((partition, Some((epoch, end))));
            }
        }
        let there = (log.start_offset()..=log.end_offset()).contains(&asked.fetch_offset);
        if there {
            return Ok((partition, None));
        }
        mark!(FetchOutOfRange);
        Err(ErrorCode::OffsetOutOfRange)
    }

    /// For a partition that cannot be read: who leads it, for clients that know the field (KIP-951), and where it starts, for followers.
    fn fetch_error(&self, fetch: &HeldFetch, wanted: &Wanted, asked: &FetchPartition, error: ErrorCode) -> PartitionData {
        let mut answer = PartitionData {
            partition_index: asked.partition,
            error_code: error.code(),
            high_watermark: -1,
            records: Some(Bytes::new()),
            ..PartitionData::default()
        };
        if !matches!(error, ErrorCode::UnknownTopicOrPartition | ErrorCode::UnknownTopicId) {
            answer.aborted_transactions = None;
        }
        let Some(name) = &wanted.name else { return answer };
        if fetch.replica.is_some() {
            answer.log_start_offset = self.topics.partition(name, asked.partition).map_or(-1, |partition| partition.log.start_offset());
        } else if fetch.context.version >= 12 && matches!(error, ErrorCode::NotLeaderOrFollower | ErrorCode::FencedLeaderEpoch) {
            let (leader, epoch) = self.leader_of(name, asked.partition);
            answer.current_leader = LeaderIdAndEpoch { leader_id: leader.into(), leader_epoch: epoch };
        }
        answer
    }

    pub(in crate::kafka::broker) fn answer_fetch(&mut self, now: Time, fetch: &HeldFetch) -> FetchResponse {
        let mut response = self.read_fetch(now, fetch);
        self.note_throttled(now, fetch, &response);
        let fetcher = Fetcher { conn: fetch.context.conn, replica: fetch.replica };
        self.sessions.answer(now, fetch.context.version, fetcher, fetch.session, &fetch.topics, &mut response);
        self.rest(fetch);
        response
    }

    /// Whether a follower that is not in sync gets nothing of the partition for now (`ReplicaManager.shouldLeaderThrottle`).
    fn throttles(&self, now: Time, fetch: &HeldFetch, partition: &Partition) -> bool {
        let behind = fetch.replica.is_some_and(|(follower, _)| !partition.state.isr.contains(&follower));
        behind && partition.throttled.leader && self.quotas.leader.is_exceeded(now)
    }

    /// What followers get of throttled partitions counts, in sync or not.
    fn note_throttled(&mut self, now: Time, fetch: &HeldFetch, response: &FetchResponse) {
        if fetch.replica.is_none() {
            return;
        }
        for (wanted, topic) in fetch.topics.iter().zip(&response.responses) {
            for data in &topic.partitions {
                let partition = wanted.name.as_ref().and_then(|name| self.topics.partition(name, data.partition_index));
                if partition.is_some_and(|partition| partition.throttled.leader) {
                    self.quotas.leader.record(now, data.records.as_ref().map_or(0, Bytes::len) as u64);
                }
            }
        }
    }

    /// Partitions that the follower has in full rest in its session from here on.
    fn rest(&mut self, fetch: &HeldFetch) {
        let (Some((follower, _)), Use::Incremental(session)) = (fetch.replica, fetch.session) else { return };
        for wanted in &fetch.topics {
            for asked in &wanted.partitions {
                let found = self.fetch_partition(fetch, wanted, asked);
                if found.is_ok_and(|(partition, parts)| parts.is_none() && partition.has_all(follower, asked.fetch_offset)) {
                    self.sessions.rest(session, wanted.topic_id, asked);
                }
            }
        }
    }

    /// What a request names anew, or asks for as another process than before, is looked at.
    fn wake_named(&mut self, request: &FetchRequest, replica: Option<(i32, i64)>) {
        if matches!(request.session_epoch, 0 | -1) {
            return;
        }
        let asked = request.topics.iter().flat_map(|topic| topic.partitions.iter().map(|asked| (topic.topic_id, asked.partition)));
        let forgotten = request.forgotten_topics_data.iter();
        let forgotten = forgotten.flat_map(|topic| topic.partitions.iter().map(|partition| (topic.topic_id, *partition)));
        let others = self.sessions.resting_of_another(request.session_id, replica);
        let named: Vec<(Uuid, i32)> = asked.chain(forgotten).chain(others).collect();
        named.into_iter().for_each(|(id, partition)| self.wake(id, partition));
    }

    /// Looks again at all that rests in a fetch session: what is known of the brokers has changed.
    pub(in crate::kafka::broker) fn wake_all(&mut self) {
        self.sessions.resting().into_iter().for_each(|(id, partition)| self.wake(id, partition));
    }

    /// The partition no longer rests in any fetch session. A fetch that is held asks for it too.
    fn wake(&mut self, topic_id: Uuid, index: i32) {
        for woken in self.sessions.wake(topic_id, index) {
            if let Some(name) = self.topics.name_of(topic_id).cloned()
                && let Some((_, partition)) = self.topics.partition_mut(&name, index)
                && let Some((follower, _)) = woken.fetcher.replica
            {
                partition.fetched_all(woken.used, follower);
            }
            let (sessions, image) = (&self.sessions, self.controller.image());
            self.purgatory.update(woken.fetcher.conn, |held| {
                if let Held::Fetch(fetch) = held
                    && fetch.session == Use::Incremental(woken.session)
                {
                    fetch.topics = sessions.wanted(fetch.context.version, woken.session, image);
                }
            });
        }
    }

    /// Something happened to the partition: its end, its start or its high watermark moved, its leader or its replicas changed, or it is
    /// gone. Requests that wait for it are looked at again.
    pub(in crate::kafka::broker) fn touch(&mut self, topic: &str, index: i32) {
        if let Some(id) = self.topics.get(topic).map(|topic| topic.id) {
            self.wake(id, index);
        }
        self.purgatory.touch(topic, index);
    }

    fn read_fetch(&self, now: Time, fetch: &HeldFetch) -> FetchResponse {
        let mut left = fetch.max_bytes;
        let mut nothing_yet = true;
        let topics = fetch.topics.iter().map(|wanted| {
            let partitions = wanted.partitions.iter().map(|asked| {
                let answer = PartitionData { partition_index: asked.partition, ..PartitionData::default() };
                let data = match self.fetch_partition(fetch, wanted, asked) {
                    Ok((partition, Some((epoch, end)))) => {
                        return PartitionData {
                            high_watermark: partition.high_watermark,
                            log_start_offset: partition.log.start_offset(),
                            diverging_epoch: EpochEndOffset { epoch, end_offset: end },
                            records: Some(Bytes::new()),
                            ..answer
                        };
                    }
                    Ok((partition, None)) if self.throttles(now, fetch, partition) => {
                        mark!(LeaderThrottled);
                        Ok((partition, Bytes::new()))
                    }
                    Ok((partition, None)) => self.read_partition(partition, asked, fetch.end_of(partition), left, nothing_yet),
                    Err(error) => Err(error),
                };
                match data {
                    Ok((partition, records)) => {
                        nothing_yet &= records.is_empty();
                        left = left.saturating_sub(u32::try_from(records.len()).unwrap_or(u32::MAX));
                        let aborted = || self.aborted_transactions(partition, asked.fetch_offset, records.len());
                        PartitionData {
                            high_watermark: partition.high_watermark,
                            last_stable_offset: partition.last_stable_offset(),
                            log_start_offset: partition.log.start_offset(),
                            aborted_transactions: fetch.read_committed.then(aborted),
                            records: Some(records),
                            ..answer
                        }
                    }
                    Err(error) => self.fetch_error(fetch, wanted, asked, error),
                }
            });
            FetchableTopicResponse { topic: wanted.topic.clone(), topic_id: wanted.topic_id, partitions: partitions.collect() }
        });
        let topics: Vec<FetchableTopicResponse> = topics.collect();
        let mut response = FetchResponse::default();
        if fetch.context.version >= 16 {
            let leaders: SortedVecSet<i32> =
                topics.iter().flat_map(|topic| &topic.partitions).map(|data| data.current_leader.leader_id.0).collect();
            let known = self.live_brokers().filter(|broker| leaders.contains(&broker.id));
            response.node_endpoints = known
                .map(|broker| NodeEndpoint {
                    node_id: broker.id.into(),
                    host: text(&broker.host),
                    port: broker.port,
                    rack: broker.rack.as_deref().map(text),
                })
                .collect();
        }
        FetchResponse { responses: topics, ..response }
    }

    /// What a read_committed consumer leaves out of what it is given.
    fn aborted_transactions(&self, partition: &Partition, offset: i64, bytes: usize) -> Vec<AbortedTransaction> {
        if bytes == 0 {
            return Vec::new();
        }
        let found = partition.log.aborted_transactions(&self.disk, offset, bytes as u64);
        let aborted = found.iter().map(|it| AbortedTransaction { producer_id: it.producer_id.into(), first_offset: it.first_offset });
        aborted.collect()
    }

    /// The first batch of the first partition that has one goes out whole, whatever the limits.
    fn read_partition<'a>(
        &self,
        partition: &'a Partition,
        asked: &FetchPartition,
        end: i64,
        left: u32,
        first: bool,
    ) -> Result<(&'a Partition, Bytes), ErrorCode> {
        let max = left.min(u32::try_from(asked.partition_max_bytes).unwrap_or(0));
        if asked.fetch_offset >= end || max == 0 && !first {
            return Ok((partition, Bytes::new()));
        }
        let records = partition.log.read(&self.disk, asked.fetch_offset, end, max, first);
        records.map(|records| (partition, records)).map_err(|error| error.code())
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic};

    impl Sample for FetchRequest {
        fn sample(known: &Known, version: i16, name: &str) -> Self {
            let partition = FetchPartition { fetch_offset: 0, partition_max_bytes: 1 << 20, ..FetchPartition::default() };
            let wanted = FetchTopic { partitions: vec![partition], ..FetchTopic::default() };
            let wanted =
                if version >= 13 { FetchTopic { topic_id: known.id(name), ..wanted } } else { FetchTopic { topic: topic(name), ..wanted } };
            FetchRequest { max_wait_ms: 10, min_bytes: 1, topics: vec![wanted], ..FetchRequest::default() }
        }
    }
}
