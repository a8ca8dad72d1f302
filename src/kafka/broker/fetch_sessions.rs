//! Fetch sessions (KIP-227, `FetchSession.scala`): a broker remembers what a fetcher asks for; requests then name what is new, and answers
//! leave out what has not changed.

use super::ErrorCode;
use crate::kafka::controller::image::Image;
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::message::fetch_request::{FetchPartition, ForgottenTopic};
use crate::kafka::wire::message::{FetchRequest, FetchResponse, TopicName};
use std::sync::Arc;
use uuid::Uuid;

/// `max.incremental.fetch.session.cache.slots`.
const SLOTS: usize = 1000;
/// `min.incremental.fetch.session.eviction.ms`: a session that was used since is not put out for another.
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
    pub fn new(version: i16, image: &Image, topic: TopicName, topic_id: Uuid, partitions: Vec<FetchPartition>) -> Self {
        let name = if version >= 13 {
            image.ids.get(&topic_id).cloned()
        } else {
            image.topics.get(topic.0.as_ref()).map(|topic| topic.name.clone())
        };
        Self { topic, topic_id, name, partitions }
    }
}

/// One partition of a session, and what its fetcher was told last.
#[derive(Clone, Debug)]
struct Cached {
    topic: TopicName,
    topic_id: Uuid,
    asked: FetchPartition,
    high_watermark: i64,
    log_start: i64,
}

#[derive(Clone, Debug)]
struct Session {
    /// That the next request must have.
    epoch: i32,
    by_id: bool,
    used: Time,
    /// In the order in which they are read.
    partitions: Vec<Cached>,
}

/// The fetch sessions that this broker keeps, at most a thousand.
///
/// For each fetch the owner calls `open`, which says what the whole fetch asks for, and `answer` with the response, also when that comes
/// later: `answer` makes the session that was asked for, or takes out of the response what its fetcher knows already.
#[derive(Clone, Debug)]
pub struct FetchSessions {
    by_id: SortedVecMap<i32, Session>,
    ids: Rng,
}

/// What a fetch has to do with a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Use {
    None,
    /// It asks for one.
    New,
    Incremental(i32),
}

fn same(cached: &Cached, topic: &TopicName, id: Uuid, partition: i32) -> bool {
    cached.asked.partition == partition && if id.is_nil() { cached.topic == *topic } else { cached.topic_id == id }
}

impl FetchSessions {
    pub fn new(ids: Rng) -> Self {
        Self { by_id: SortedVecMap::new(), ids }
    }

    /// All partitions that the request means, by topic, and how it uses a session.
    pub fn open(&mut self, now: Time, version: i16, request: &mut FetchRequest, image: &Image) -> Result<(Use, Vec<Wanted>), ErrorCode> {
        let (id, epoch) = (request.session_id, request.session_epoch);
        let topics = std::mem::take(&mut request.topics);
        if matches!(epoch, 0 | -1) {
            self.by_id.remove(&id);
            let all = topics.into_iter().map(|topic| Wanted::new(version, image, topic.topic, topic.topic_id, topic.partitions)).collect();
            return Ok((if epoch == 0 { Use::New } else { Use::None }, all));
        }
        let session = self.by_id.get_mut(&id).ok_or(ErrorCode::FetchSessionIdNotFound)?;
        if session.epoch != epoch {
            return Err(ErrorCode::InvalidFetchSessionEpoch);
        }
        if session.by_id != (version >= 13) {
            return Err(ErrorCode::FetchSessionTopicIdError);
        }
        for topic in topics {
            for asked in topic.partitions {
                match session.partitions.iter_mut().find(|cached| same(cached, &topic.topic, topic.topic_id, asked.partition)) {
                    Some(cached) => cached.asked = asked,
                    None => {
                        let (topic, topic_id) = (topic.topic.clone(), topic.topic_id);
                        session.partitions.push(Cached { topic, topic_id, asked, high_watermark: -1, log_start: -1 });
                    }
                }
            }
        }
        for ForgottenTopic { topic, topic_id, partitions, .. } in &request.forgotten_topics_data {
            session.partitions.retain(|cached| !partitions.iter().any(|partition| same(cached, topic, *topic_id, *partition)));
        }
        if session.partitions.is_empty() {
            self.by_id.remove(&id);
            return Ok((Use::None, Vec::new()));
        }
        session.epoch = session.epoch.checked_add(1).unwrap_or(1);
        session.used = now;
        let mut all: Vec<Wanted> = Vec::new();
        for cached in &session.partitions {
            match all.last_mut() {
                Some(last) if last.topic == cached.topic && last.topic_id == cached.topic_id => last.partitions.push(cached.asked.clone()),
                _ => all.push(Wanted::new(version, image, cached.topic.clone(), cached.topic_id, vec![cached.asked.clone()])),
            }
        }
        Ok((Use::Incremental(id), all))
    }

    fn create(&mut self, now: Time, by_id: bool, partitions: Vec<Cached>) -> i32 {
        if self.by_id.len() >= SLOTS {
            let oldest = self.by_id.iter().min_by_key(|(_, session)| session.used).map(|(id, session)| (*id, session.used));
            match oldest {
                Some((id, used)) if used.plus_millis(EVICTION_MS) < now => drop(self.by_id.remove(&id)),
                _ => return 0,
            }
        }
        let id = loop {
            let id = i32::try_from(self.ids.below(i32::MAX as u64)).unwrap_or(0);
            if id > 0 && !self.by_id.contains_key(&id) {
                break id;
            }
        };
        self.by_id.insert(id, Session { epoch: 1, by_id, used: now, partitions });
        id
    }

    /// Makes the session that was asked for, or leaves out what has not changed since the last answer.
    pub fn answer(&mut self, now: Time, version: i16, fetch: Use, wanted: &[Wanted], response: &mut FetchResponse) {
        match fetch {
            Use::None => {}
            Use::New => {
                let mut partitions = Vec::new();
                for (wanted, answered) in wanted.iter().zip(&response.responses) {
                    for (asked, data) in wanted.partitions.iter().zip(&answered.partitions) {
                        partitions.push(Cached {
                            topic: wanted.topic.clone(),
                            topic_id: wanted.topic_id,
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
                    response.session_id = self.create(now, version >= 13, partitions);
                }
            }
            Use::Incremental(id) => {
                response.session_id = id;
                let Some(session) = self.by_id.get_mut(&id) else { return };
                let mut read = Vec::new();
                for topic in &mut response.responses {
                    let (name, topic_id) = (topic.topic.clone(), topic.topic_id);
                    topic.partitions.retain(|data| {
                        let place = session.partitions.iter().position(|cached| same(cached, &name, topic_id, data.partition_index));
                        let Some(cached) = place.and_then(|place| session.partitions.get_mut(place)) else { return true };
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
                            read.push((name.clone(), topic_id, data.partition_index));
                        }
                        told
                    });
                }
                response.responses.retain(|topic| !topic.partitions.is_empty());
                // A partition that had records goes to the end, so that others get their turn.
                for (name, topic_id, partition) in read {
                    if let Some(place) = session.partitions.iter().position(|cached| same(cached, &name, topic_id, partition)) {
                        let cached = session.partitions.remove(place);
                        session.partitions.push(cached);
                    }
                }
            }
        }
    }
}
