//! Fetch sessions (KIP-227, `FetchSession.scala`): a broker remembers what a fetcher asks for; requests then name what is new, and answers
//! leave out what has not changed.
//!
//! What a follower has in full is not even looked at: such a partition rests in its session until something happens to it. So the cost of
//! a follower's fetch grows with the partitions that change, not with those that it follows.

use super::session_partitions::{Cached, SessionPartitions, key};
use super::{ConnId, ErrorCode};
use crate::kafka::controller::image::Image;
use crate::kafka::marks::mark;
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::message::fetch_request::{FetchPartition, ForgottenTopic};
use crate::kafka::wire::message::{FetchRequest, FetchResponse, TopicName};
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;

/// `min.incremental.fetch.session.eviction.ms`: a session that was not used for so long gives way to any other one, and one that is as old
/// to one that is worth more.
const EVICTION_MS: i64 = 120_000;

/// What is asked of one topic.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// As the request wrote it: only one of both is set.
    pub topic: TopicName,
    pub topic_id: Uuid,
    /// The topic, when it is known.
    pub name: Option<Arc<str>>,
    pub partitions: Vec<FetchPartition>,
}

impl Wanted {
    fn new(version: i16, image: &Image, topic: TopicName, topic_id: Uuid, partitions: Vec<FetchPartition>) -> Self {
        let name = name_of(version, image, &topic, topic_id);
        Self { topic, topic_id, name, partitions }
    }
}

/// The topic that a request means, by its id or its name.
fn name_of(version: i16, image: &Image, topic: &TopicName, topic_id: Uuid) -> Option<Arc<str>> {
    match version {
        13.. => image.ids.get(&topic_id).cloned(),
        _ => image.topics.get(topic.0.as_ref()).map(|topic| topic.name.clone()),
    }
}

/// Who fetches: its connection and, for a follower, its id and broker epoch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fetcher {
    pub conn: ConnId,
    pub replica: Option<(i32, i64)>,
}

/// A session in which a partition rested: its follower has fetched all of it, last at `used`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Woken {
    pub session: i32,
    pub fetcher: Fetcher,
    pub used: Time,
}

impl Fetcher {
    fn is_follower(self) -> bool {
        self.replica.is_some()
    }
}

#[derive(Clone, Debug)]
struct Session {
    fetcher: Fetcher,
    /// That the next request must have.
    epoch: i32,
    by_id: bool,
    created: Time,
    used: Time,
    partitions: SessionPartitions,
}

/// The fetch sessions that this broker keeps, at most `max.incremental.fetch.session.cache.slots`.
///
/// For each fetch the owner calls `open`, which says what the whole fetch asks for, and `answer` with the response, also when that comes
/// later: `answer` makes the session that was asked for, or takes out of the response what its fetcher knows already.
///
/// A partition of which a follower has everything may `rest`: `open` leaves it out. The owner calls `wake` as soon as anything happens to
/// it, and before `open` for the partitions that a request names.
#[derive(Clone, Debug)]
pub struct FetchSessions {
    by_id: SortedVecMap<i32, Session>,
    slots: usize,
    ids: Rng,
    /// The sessions in which a partition rests.
    resting: BTreeMap<(Uuid, i32), SortedVecSet<i32>>,
}

/// What a fetch has to do with a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    None,
    /// It asks for one.
    New,
    Incremental(i32),
}

impl FetchSessions {
    pub fn new(ids: Rng, slots: i32) -> Self {
        Self { by_id: SortedVecMap::new(), slots: usize::try_from(slots).unwrap_or(0), ids, resting: BTreeMap::new() }
    }

    /// All partitions that the request means, by topic, and how it uses a session.
    pub fn open(
        &mut self,
        now: Time,
        version: i16,
        fetcher: Fetcher,
        request: &mut FetchRequest,
        image: &Image,
    ) -> Result<(Use, Vec<Wanted>), ErrorCode> {
        let (id, epoch) = (request.session_id, request.session_epoch);
        let topics = std::mem::take(&mut request.topics);
        if matches!(epoch, 0 | -1) {
            self.end(id);
            let all = topics.into_iter().map(|topic| Wanted::new(version, image, topic.topic, topic.topic_id, topic.partitions)).collect();
            return Ok((if epoch == 0 { Use::New } else { Use::None }, all));
        }
        let Some(session) = self.by_id.get_mut(&id) else {
            mark!(SessionUnknown);
            return Err(ErrorCode::FetchSessionIdNotFound);
        };
        if session.epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.by_id != (version >= 13) {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        for topic in topics {
            for asked in topic.partitions {
                match session.partitions.get_mut(&key(&topic.topic, topic.topic_id, asked.partition)) {
                    Some(cached) => cached.asked = asked,
                    None => {
                        let (topic, topic_id) = (topic.topic.clone(), topic.topic_id);
                        let name = name_of(version, image, &topic, topic_id);
                        session.partitions.push(Cached { topic, topic_id, name, asked, high_watermark: -1, log_start: -1 });
                    }
                }
            }
        }
        for ForgottenTopic { topic, topic_id, partitions, .. } in &request.forgotten_topics_data {
            for partition in partitions {
                session.partitions.remove(&key(topic, *topic_id, *partition));
            }
        }
        if session.partitions.is_empty() {
            self.end(id);
            return Ok((Use::None, Vec::new()));
        }
        session.partitions.resolve(image);
        session.fetcher = fetcher;
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        session.used = now;
        Ok((Use::Incremental(id), self.wanted(version, id, image)))
    }

    /// What the session's next answer may tell of: all its partitions but those that rest. Neighbours of one topic go together, as if none
    /// rested between them.
    pub fn wanted(&self, version: i16, id: i32, image: &Image) -> Vec<Wanted> {
        let mut all: Vec<Wanted> = Vec::new();
        for (same, cached) in self.by_id.get(&id).into_iter().flat_map(|session| session.partitions.awake()) {
            match all.last_mut().filter(|_| same) {
                Some(topic) => topic.partitions.push(cached.asked.clone()),
                None => {
                    let (topic, topic_id) = (cached.topic.clone(), cached.topic_id);
                    // Without ids it is the name that counts: whatever topic has it now is meant.
                    let kept = cached.name.clone().filter(|_| version >= 13);
                    let name = kept.or_else(|| name_of(version, image, &topic, topic_id));
                    all.push(Wanted { topic, topic_id, name, partitions: vec![cached.asked.clone()] });
                }
            }
        }
        all
    }

    fn end(&mut self, id: i32) {
        let Some(session) = self.by_id.remove(&id) else { return };
        for cached in session.partitions.resting() {
            let key = (cached.topic_id, cached.asked.partition);
            if let Some(sessions) = self.resting.get_mut(&key) {
                sessions.remove(&id);
                if sessions.is_empty() {
                    self.resting.remove(&key);
                }
            }
        }
    }

    /// Of this partition the session's follower has everything, and knows it.
    pub fn rest(&mut self, id: i32, topic_id: Uuid, asked: &FetchPartition) {
        let Some(session) = self.by_id.get_mut(&id).filter(|session| session.by_id) else { return };
        let key = key(&TopicName::default(), topic_id, asked.partition);
        if session.partitions.get_mut(&key).is_some_and(|cached| cached.asked == *asked) && session.partitions.rest(&key) {
            mark!(SessionRests);
            self.resting.entry((topic_id, asked.partition)).or_default().insert(id);
        }
    }

    /// Something happens to the partition: the sessions in which it rested until now.
    pub fn wake(&mut self, topic_id: Uuid, partition: i32) -> Vec<Woken> {
        let sessions = self.resting.remove(&(topic_id, partition)).unwrap_or_default();
        let mut woken = Vec::new();
        for id in sessions {
            let Some(session) = self.by_id.get_mut(&id) else { continue };
            if session.partitions.wake(&key(&TopicName::default(), topic_id, partition)) {
                woken.push(Woken { session: id, fetcher: session.fetcher, used: session.used });
            }
        }
        woken
    }

    /// The partitions that rest in some session.
    pub fn resting(&self) -> Vec<(Uuid, i32)> {
        self.resting.keys().copied().collect()
    }

    /// The partitions that rest in this session, unless it is this fetcher's.
    pub fn resting_of_another(&self, id: i32, replica: Option<(i32, i64)>) -> Vec<(Uuid, i32)> {
        let Some(session) = self.by_id.get(&id).filter(|session| session.fetcher.replica != replica) else { return Vec::new() };
        session.partitions.resting().map(|cached| (cached.topic_id, cached.asked.partition)).collect()
    }

    /// The session that gives way to one of so many partitions (`FetchSessionCacheShard.tryEvict`): one that is stale; or, of those that
    /// are old and to a follower also of those of clients, the one that is worth least, unless it is worth as much.
    fn least(&self, now: Time, follower: bool, size: u64) -> Option<i32> {
        let (id, session) = self.by_id.iter().min_by_key(|(_, session)| session.used)?;
        if session.used.plus_millis(EVICTION_MS) < now {
            return Some(*id);
        }
        let gives_way = |session: &Session| {
            let old = session.created.plus_millis(EVICTION_MS) < session.used;
            old || follower && !session.fetcher.is_follower()
        };
        let worth = |session: &Session| (session.fetcher.is_follower(), session.partitions.len());
        let candidates = self.by_id.iter().filter(|(_, session)| gives_way(session));
        let (id, session) = candidates.min_by_key(|(id, session)| (worth(session), **id))?;
        (worth(session) < (follower, size)).then_some(*id)
    }

    fn create(&mut self, now: Time, by_id: bool, fetcher: Fetcher, partitions: SessionPartitions) -> i32 {
        if self.by_id.len() >= self.slots {
            match self.least(now, fetcher.is_follower(), partitions.len()) {
                Some(id) => self.end(id),
                None => return 0,
            }
        }
        let id = loop {
            let id = i32::try_from(self.ids.below(i32::MAX as u64)).unwrap_or(0);
            if id > 0 && !self.by_id.contains_key(&id) {
                break id;
            }
        };
        self.by_id.insert(id, Session { fetcher, epoch: 1, by_id, created: now, used: now, partitions });
        id
    }

    /// Makes the session that was asked for, or leaves out what has not changed since the last answer.
    pub fn answer(&mut self, now: Time, version: i16, fetcher: Fetcher, fetch: Use, wanted: &[Wanted], response: &mut FetchResponse) {
        match fetch {
            Use::None => {}
            Use::New => {
                let mut partitions = SessionPartitions::default();
                for (wanted, answered) in wanted.iter().zip(&response.responses) {
                    for (asked, data) in wanted.partitions.iter().zip(&answered.partitions) {
                        partitions.push(Cached {
                            topic: wanted.topic.clone(),
                            topic_id: wanted.topic_id,
                            name: wanted.name.clone(),
                            asked: asked.clone(),
                            high_watermark: if data.error_code == 0 && data.diverging_epoch.end_offset < 0 {
                                data.high_watermark
                            } else {
                                -1
                            },
                            log_start: data.log_start_offset,
                        });
                    }
                }
                // A fetch of nothing has nothing to remember.
                if !partitions.is_empty() {
                    response.session_id = self.create(now, version >= 13, fetcher, partitions);
                }
            }
            Use::Incremental(id) => {
                response.session_id = id;
                let Some(session) = self.by_id.get_mut(&id) else { return };
                let mut read = Vec::new();
                for topic in &mut response.responses {
                    let (name, topic_id) = (topic.topic.clone(), topic.topic_id);
                    topic.partitions.retain(|data| {
                        let key = key(&name, topic_id, data.partition_index);
                        let Some(cached) = session.partitions.get_mut(&key) else { return true };
                        let records = data.records.as_ref().is_some_and(|records| !records.is_empty());
                        let told = records
                            || data.error_code != 0
                            || data.diverging_epoch.end_offset >= 0
                            || data.high_watermark != cached.high_watermark
                            || data.log_start_offset != cached.log_start;
                        // After an error, or where logs part, whatever comes is told.
                        let fine = data.error_code == 0 && data.diverging_epoch.end_offset < 0;
                        cached.high_watermark = if fine { data.high_watermark } else { -1 };
                        cached.log_start = data.log_start_offset;
                        if records {
                            read.push(key);
                        }
                        told
                    });
                }
                response.responses.retain(|topic| !topic.partitions.is_empty());
                // A partition that had records goes to the end, so that others get their turn.
                read.iter().for_each(|key| session.partitions.move_to_end(key));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::wire::message::fetch_request::FetchTopic;
    use crate::kafka::wire::message::fetch_response::{FetchableTopicResponse, PartitionData};

    const NOW: Time = Time(0);
    const VERSION: i16 = 17;
    const FETCHER: Fetcher = Fetcher { conn: ConnId(1), replica: Some((2, 7)) };

    fn asked(partition: i32) -> FetchPartition {
        FetchPartition { partition, ..FetchPartition::default() }
    }

    fn answered(partition_index: i32) -> PartitionData {
        PartitionData { partition_index, ..PartitionData::default() }
    }

    /// The partitions of a session's next fetch, by topic.
    fn next(sessions: &mut FetchSessions, session: i32, epoch: i32) -> Vec<Vec<i32>> {
        let mut request = FetchRequest { session_id: session, session_epoch: epoch, ..FetchRequest::default() };
        let (fetch, wanted) = sessions.open(NOW, VERSION, FETCHER, &mut request, &Image::empty()).expect("the session is there");
        assert_eq!(fetch, Use::Incremental(session));
        wanted.iter().map(|wanted| wanted.partitions.iter().map(|asked| asked.partition).collect()).collect()
    }

    #[test]
    fn a_partition_that_rests_is_left_out_until_it_wakes() {
        let mut sessions = FetchSessions::new(Rng::stream(1, "sessions"), 1000);
        let id = Uuid::from_u128(1);
        let topic = FetchTopic { topic_id: id, partitions: (0..3).map(asked).collect(), ..FetchTopic::default() };
        let mut request = FetchRequest { session_id: 0, session_epoch: 0, topics: vec![topic], ..FetchRequest::default() };
        let (fetch, wanted) = sessions.open(NOW, VERSION, FETCHER, &mut request, &Image::empty()).expect("a session is made");
        let answer =
            FetchableTopicResponse { topic_id: id, partitions: (0..3).map(answered).collect(), ..FetchableTopicResponse::default() };
        let mut response = FetchResponse { responses: vec![answer], ..FetchResponse::default() };
        sessions.answer(NOW, VERSION, FETCHER, fetch, &wanted, &mut response);
        let session = response.session_id;

        sessions.rest(session, id, &asked(1));
        assert_eq!(next(&mut sessions, session, 1), [[0, 2]]);
        // It is asked for in another way by now.
        sessions.rest(session, id, &FetchPartition { fetch_offset: 5, ..asked(2) });
        assert_eq!(next(&mut sessions, session, 2), [[0, 2]]);
        assert_eq!(sessions.wake(id, 2), []);
        assert_eq!(sessions.wake(id, 1), [Woken { session, fetcher: FETCHER, used: NOW }]);
        assert_eq!(next(&mut sessions, session, 3), [[0, 1, 2]]);

        sessions.rest(session, id, &asked(1));
        assert_eq!(sessions.resting_of_another(session, FETCHER.replica), []);
        assert_eq!(sessions.resting_of_another(session, Some((2, 8))), [(id, 1)]);
        sessions.end(session);
        assert_eq!(sessions.resting(), []);
    }

    #[test]
    fn a_session_gives_way_when_it_is_stale_or_worth_less() {
        let client = Fetcher { replica: None, ..FETCHER };
        let asks = |sessions: &mut FetchSessions, seconds: i64, fetcher: Fetcher, partitions: i32| {
            let mut held = SessionPartitions::default();
            for partition in 0..partitions {
                let (topic, topic_id) = (TopicName::default(), Uuid::from_u128(1));
                held.push(Cached { topic, topic_id, name: None, asked: asked(partition), high_watermark: -1, log_start: -1 });
            }
            sessions.create(NOW.plus_millis(1000 * seconds), true, fetcher, held)
        };
        let used = |sessions: &mut FetchSessions, seconds: i64, id: i32| {
            sessions.by_id.get_mut(&id).expect("it is there").used = NOW.plus_millis(1000 * seconds);
        };
        let mut sessions = FetchSessions::new(Rng::stream(1, "sessions"), 1);
        let first = asks(&mut sessions, 0, client, 3);
        assert_eq!((first > 0, asks(&mut sessions, 120, client, 9)), (true, 0), "another client's is neither stale nor old");
        let stale = asks(&mut sessions, 121, client, 3);
        assert!(stale > 0, "it was not used for two minutes");
        let followers = asks(&mut sessions, 122, FETCHER, 1);
        assert!(followers > 0, "a client's gives way to a follower's at once");
        assert_eq!(asks(&mut sessions, 123, FETCHER, 9), 0, "it is young");
        used(&mut sessions, 243, followers);
        assert_eq!(asks(&mut sessions, 244, FETCHER, 1), 0, "it is old, and worth as much");
        assert_eq!(asks(&mut sessions, 244, client, 9), 0, "and worth more than any client's");
        assert!(asks(&mut sessions, 244, FETCHER, 2) > 0);
        assert_eq!(sessions.by_id.len(), 1);
    }
}
