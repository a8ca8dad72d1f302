//! When and in which session this broker fetches from the leaders that it follows.

use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time, Who};
use crate::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use crate::kafka::wire::message::{FetchRequest, FetchResponse};
use crate::kafka::wire::murmur2::java_hash;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use uuid::Uuid;

/// `replica.fetch.backoff.ms`.
pub const BACKOFF_MS: i64 = 1000;

/// A partition that is followed, as its leader is asked for it.
#[derive(Clone, PartialEq, Debug)]
pub struct Followed {
    pub topic: Arc<str>,
    pub id: Uuid,
    pub asked: FetchPartition,
}

/// One of the `num.replica.fetchers` that follow a leader: the leader, and which.
pub type FetcherId = (i32, i32);

/// Which of the fetchers of its leader a partition is fetched by (`AbstractFetcherManager.getFetcherId`).
pub fn fetcher_of(topic: &str, partition: i32, fetchers: i32) -> i32 {
    if fetchers <= 1 {
        return 0;
    }
    // `Utils.abs` makes 0 of the smallest int.
    java_hash(topic).wrapping_mul(31).wrapping_add(partition).checked_abs().unwrap_or(0) % fetchers
}

/// What may have to be asked for in another way than in the last request.
#[derive(Clone, Debug, Default)]
enum Changed {
    #[default]
    Any,
    Only(BTreeSet<(Arc<str>, i32)>),
}

/// The fetching of one fetcher.
#[derive(Clone, Debug, Default)]
struct Fetcher {
    asked: bool,
    next: Time,
    /// The session that the leader has made, and the epoch of the next request in it; 0 and 0 ask for one.
    session: (i32, i32),
    /// What the session has.
    sent: BTreeMap<(Uuid, i32), Followed>,
    changed: Changed,
}

impl Fetcher {
    fn request(&mut self, topics: Vec<FetchTopic>, forgotten_topics_data: Vec<ForgottenTopic>) -> FetchRequest {
        self.asked = true;
        let (session_id, session_epoch) = self.session;
        FetchRequest { session_id, session_epoch, forgotten_topics_data, topics, ..FetchRequest::default() }
    }

    /// The session is over: the next request asks for everything again.
    fn reset(&mut self) {
        self.session = (0, 0);
        self.changed = Changed::Any;
    }

    /// What of `followed` the session does not have already, by topic.
    fn take_in(&mut self, followed: Vec<Followed>, before: &BTreeMap<(Uuid, i32), Followed>) -> Vec<FetchTopic> {
        let mut topics: Vec<FetchTopic> = Vec::new();
        for followed in followed {
            let (id, asked) = (followed.id, followed.asked.clone());
            let old = self.sent.insert((id, asked.partition), followed);
            let old = old.as_ref().or_else(|| before.get(&(id, asked.partition)));
            if self.session.1 != 0 && old.is_some_and(|old| old.asked == asked) {
                continue;
            }
            match topics.last_mut().filter(|topic| topic.topic_id == id) {
                Some(topic) => topic.partitions.push(asked),
                None => topics.push(FetchTopic { topic_id: id, partitions: vec![asked], ..FetchTopic::default() }),
            }
        }
        topics
    }
}

/// The fetching from all leaders that this broker follows (`ReplicaFetcherManager`): one request at a time of each fetcher, in a fetch
/// session.
///
/// The owner calls `wake` when there is something to follow, and takes the next fetcher that is due from `poll_due`. For that fetcher it
/// calls one of `begin` or `go_on`, whose request it sends, `rest` and `remove`. It gives the answer, or that there is none, to `answered`,
/// and calls `reset` where it could not take what the answer has. So that a request costs what has changed and not what is followed, it
/// calls `change` or `change_any` when a partition is to be asked for in another way; then it gives only these, to `go_on`.
#[derive(Clone, Debug, Default)]
pub struct ReplicaFetchers(SortedVecMap<FetcherId, Fetcher>);

impl ReplicaFetchers {
    /// There is something to fetch.
    pub fn wake(&mut self, fetcher: FetcherId) {
        self.rest(fetcher, Time(0));
    }

    /// A fetcher whose leader is to be asked now.
    pub fn poll_due(&self, now: Time) -> Option<FetcherId> {
        self.0.iter().find(|(_, fetcher)| !fetcher.asked && fetcher.next <= now).map(|(id, _)| *id)
    }

    /// The fetcher does not ask before `until`.
    pub fn rest(&mut self, fetcher: FetcherId, until: Time) {
        self.0.entry(fetcher).or_default().next = until;
    }

    /// The fetcher has nothing to follow any more.
    pub fn remove(&mut self, fetcher: FetcherId) {
        self.0.remove(&fetcher);
    }

    /// Only these stay; returns those that went. What they have asked must not be answered any more.
    pub fn retain(&mut self, stays: impl Fn(FetcherId) -> bool) -> Vec<FetcherId> {
        let gone: Vec<FetcherId> = self.0.keys().copied().filter(|fetcher| !stays(*fetcher)).collect();
        gone.iter().for_each(|fetcher| self.remove(*fetcher));
        gone
    }

    /// The followed partitions of which something may have changed since the last request to the leader; `None`: any.
    pub fn changed(&self, fetcher: FetcherId) -> Option<&BTreeSet<(Arc<str>, i32)>> {
        match &self.0.get(&fetcher)?.changed {
            Changed::Any => None,
            Changed::Only(changed) => Some(changed),
        }
    }

    /// The partition is asked for in another way from now on: its log or its epoch has changed.
    pub fn change(&mut self, fetcher: FetcherId, topic: &Arc<str>, partition: i32) {
        if let Some(Fetcher { changed: Changed::Only(changed), .. }) = self.0.get_mut(&fetcher) {
            changed.insert((topic.clone(), partition));
        }
    }

    /// Any partition may be asked for in another way, of another leader or not at all from now on.
    pub fn change_any(&mut self) {
        self.0.values_mut().for_each(|fetcher| fetcher.changed = Changed::Any);
    }

    /// The request for all that the fetcher follows and that may be asked for: its session's part of it is filled in, and what the session
    /// has already is left out. `waiting`: others must wait before they are asked for.
    pub fn begin(&mut self, fetcher: FetcherId, followed: Vec<Followed>, waiting: bool) -> FetchRequest {
        let fetcher = self.0.entry(fetcher).or_default();
        let before = std::mem::take(&mut fetcher.sent);
        let topics = fetcher.take_in(followed, &before);
        let gone = before.keys().filter(|key| fetcher.session.1 != 0 && !fetcher.sent.contains_key(*key));
        let forgotten =
            gone.map(|(id, partition)| ForgottenTopic { topic_id: *id, partitions: vec![*partition], ..ForgottenTopic::default() });
        let forgotten = forgotten.collect();
        fetcher.changed = if waiting { Changed::Any } else { Changed::Only(BTreeSet::new()) };
        fetcher.request(topics, forgotten)
    }

    /// The same where only these may have changed.
    pub fn go_on(&mut self, fetcher: FetcherId, changed: Vec<Followed>) -> FetchRequest {
        let fetcher = self.0.entry(fetcher).or_default();
        let topics = fetcher.take_in(changed, &BTreeMap::new());
        fetcher.changed = Changed::Only(BTreeSet::new());
        fetcher.request(topics, Vec::new())
    }

    /// How a partition was asked for in the last request to the leader.
    pub fn asked(&self, fetcher: FetcherId, id: Uuid, partition: i32) -> Option<&Followed> {
        self.0.get(&fetcher)?.sent.get(&(id, partition))
    }

    /// The leader's answer; `None`: it did not come or cannot be read.
    pub fn answered(&mut self, now: Time, fetcher: FetcherId, response: Option<&FetchResponse>) {
        let fetcher = self.0.entry(fetcher).or_default();
        fetcher.asked = false;
        match response {
            Some(response) if response.error_code == 0 && response.session_id > 0 => {
                fetcher.next = now;
                fetcher.session = (response.session_id, fetcher.session.1.checked_add(1).unwrap_or(1));
            }
            // A session that the leader does not know is asked for anew at once.
            answered => {
                let again = answered.is_some_and(|response| response.error_code == 0 || fetcher.session.1 > 0);
                fetcher.next = if again { now } else { now.plus_millis(BACKOFF_MS) };
                fetcher.reset();
            }
        }
    }

    /// The next request to the leader asks for everything again: it takes for told what was not taken here.
    pub fn reset(&mut self, fetcher: FetcherId) {
        if let Some(fetcher) = self.0.get_mut(&fetcher) {
            fetcher.reset();
        }
    }

    #[cfg(test)]
    pub fn count(&self) -> usize {
        self.0.len()
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let (leader, at) = self
            .0
            .iter()
            .filter(|(_, fetcher)| !fetcher.asked)
            .map(|((leader, _), fetcher)| (*leader, fetcher.next))
            .min_by_key(|(_, at)| *at)?;
        Some((at, Reason::new("replica.fetch.backoff.ms", Who::Numbered("broker", leader.into()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_dealt_to_the_fetchers_by_their_hash() {
        // "orders".hashCode() is -1008770331.
        let dealt = |fetchers| (0..4).map(|partition| fetcher_of("orders", partition, fetchers)).collect::<Vec<_>>();
        assert_eq!(dealt(1), [0, 0, 0, 0]);
        assert_eq!(dealt(3), [2, 1, 0, 2]);
    }
}
