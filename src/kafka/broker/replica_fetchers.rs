//! When and in which session this broker fetches from the leaders that it follows.

use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time, Who};
use crate::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic, ForgottenTopic};
use crate::kafka::wire::message::{FetchRequest, FetchResponse};
use uuid::Uuid;

/// `replica.fetch.backoff.ms`.
pub const BACKOFF_MS: i64 = 1000;

/// The fetching from one leader.
#[derive(Clone, Debug, Default)]
struct Fetcher {
    asked: bool,
    next: Time,
    /// The session that the leader has made, and the epoch of the next request in it; 0 and 0 ask for one.
    session: (i32, i32),
    /// What the session has.
    sent: SortedVecMap<(Uuid, i32), FetchPartition>,
}

impl Fetcher {
    /// The session is over: the next request asks for everything again.
    fn reset(&mut self) {
        self.session = (0, 0);
        self.sent.clear();
    }

    /// Leaves out of a request what its session has already; what is to be forgotten.
    fn shorten(&mut self, topics: &mut Vec<FetchTopic>) -> Vec<ForgottenTopic> {
        let before = std::mem::take(&mut self.sent);
        for topic in topics.iter() {
            self.sent.extend(topic.partitions.iter().map(|asked| ((topic.topic_id, asked.partition), asked.clone())));
        }
        if self.session.1 == 0 {
            return Vec::new();
        }
        for topic in topics.iter_mut() {
            let id = topic.topic_id;
            topic.partitions.retain(|asked| before.get(&(id, asked.partition)) != Some(asked));
        }
        topics.retain(|topic| !topic.partitions.is_empty());
        let gone = before.keys().filter(|key| !self.sent.contains_key(*key));
        gone.map(|(id, partition)| ForgottenTopic { topic_id: *id, partitions: vec![*partition], ..ForgottenTopic::default() }).collect()
    }
}

/// The fetching from all leaders that this broker follows (`ReplicaFetcherManager`): one request at a time to each, in a fetch session.
///
/// The owner calls `wake` when there is something to follow, and takes the next leader that is due from `poll_due`. For that leader it
/// calls one of `begin`, whose request it sends, `rest` and `remove`. It gives the answer, or that there is none, to `answered`, and calls
/// `reset` where it could not take what the answer has.
#[derive(Clone, Debug, Default)]
pub struct ReplicaFetchers(SortedVecMap<i32, Fetcher>);

impl ReplicaFetchers {
    /// There is something to fetch from that leader.
    pub fn wake(&mut self, leader: i32) {
        self.rest(leader, Time(0));
    }

    /// A leader that is to be asked now.
    pub fn poll_due(&self, now: Time) -> Option<i32> {
        self.0.iter().find(|(_, fetcher)| !fetcher.asked && fetcher.next <= now).map(|(leader, _)| *leader)
    }

    /// The leader is not asked before `until`.
    pub fn rest(&mut self, leader: i32, until: Time) {
        self.0.entry(leader).or_default().next = until;
    }

    /// Nothing follows that leader any more.
    pub fn remove(&mut self, leader: i32) {
        self.0.remove(&leader);
    }

    /// The request for `topics`, which are all that follow the leader and may be asked for: its session's part of it is filled in, and
    /// what the session has already is left out.
    pub fn begin(&mut self, leader: i32, mut topics: Vec<FetchTopic>) -> FetchRequest {
        let fetcher = self.0.entry(leader).or_default();
        fetcher.asked = true;
        let forgotten_topics_data = fetcher.shorten(&mut topics);
        let (session_id, session_epoch) = fetcher.session;
        FetchRequest { session_id, session_epoch, forgotten_topics_data, topics, ..FetchRequest::default() }
    }

    /// The leader's answer; `None`: it did not come or cannot be read.
    pub fn answered(&mut self, now: Time, leader: i32, response: Option<&FetchResponse>) {
        let fetcher = self.0.entry(leader).or_default();
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
    pub fn reset(&mut self, leader: i32) {
        if let Some(fetcher) = self.0.get_mut(&leader) {
            fetcher.reset();
        }
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let (leader, at) = self
            .0
            .iter()
            .filter(|(_, fetcher)| !fetcher.asked)
            .map(|(leader, fetcher)| (*leader, fetcher.next))
            .min_by_key(|(_, at)| *at)?;
        Some((at, Reason::new("replica.fetch.backoff.ms", Who::Numbered("broker", leader.into()))))
    }
}
