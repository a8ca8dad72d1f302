//! A consumer app: polls, takes its time for each record, puts it into its group's sink, commits.

use super::action::ConsumerSpec;
use super::content::content_id;
use super::event::{EventKind, NodeName};
use super::handler::{CommitPolicy, Fails, OnFailure, SinkKind};
use super::sink::{Owner, Sinks};
use crate::kafka::client::consumer::{Consumer, ConsumerEvent, ConsumerRecord, NextOffset};
use crate::kafka::client::{Client as _, ClientError};
use crate::kafka::config::ConsumerConfig;
use crate::kafka::rng::Rng;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// What an idle app passes to `poll`: it polls again after this long even when nothing came. In microseconds.
pub(super) const POLL_TIMEOUT_US: i64 = 1_000_000;

#[derive(Clone, Debug)]
pub(super) struct ConsumerApp {
    pub(super) spec: ConsumerSpec,
    /// `None`: the process is gone.
    pub(super) client: Option<Consumer>,
    /// Polled and not yet handled; the first is in the handler.
    pub(super) backlog: VecDeque<ConsumerRecord>,
    /// When the handler will be done with the first.
    pub(super) handler_done: Option<Time>,
    /// When an idle app polls again.
    pub(super) poll_again: Option<Time>,
    pub(super) handled: u64,
    /// The content of the record handled last, for the judge.
    pub(super) last_id: u64,
    pub(super) duplicates: u64,
    /// Attempts of the handler that failed.
    pub(super) failed: u64,
    pub(super) closing: bool,
    /// Attempts at the first record so far.
    attempts: u32,
    /// It waits for the answer to a `commitSync`.
    awaits_commit: bool,
    /// Handled and not yet inserted: the rows of a bulk insert.
    rows: Vec<ConsumerRecord>,
    chance: Rng,
}

/// What came of one turn of the handler.
pub(super) struct Turn {
    pub(super) event: EventKind,
    /// Rows that waited are in the sink.
    pub(super) inserted: Option<EventKind>,
    /// The process ends by it.
    pub(super) crashes: bool,
}

impl From<EventKind> for Turn {
    fn from(event: EventKind) -> Self {
        Self { event, inserted: None, crashes: false }
    }
}

impl ConsumerApp {
    pub(super) fn new(spec: ConsumerSpec, seed: u64) -> Self {
        let chance = Rng::stream(seed, &format!("handler/{}", spec.name));
        Self {
            chance,
            failed: 0,
            attempts: 0,
            awaits_commit: false,
            rows: Vec::new(),
            spec,
            client: None,
            backlog: VecDeque::new(),
            handler_done: None,
            poll_again: None,
            handled: 0,
            last_id: 0,
            duplicates: 0,
            closing: false,
        }
    }

    /// A client as this app's process starts it. `partitions`: of its topics, for an app without a group.
    pub(super) fn client(
        spec: &ConsumerSpec,
        bootstrap: Vec<(Arc<str>, i32)>,
        (now, seed): (Time, u64),
        (partitions, sabotage): (Vec<(Arc<str>, i32)>, Option<Sabotage>),
    ) -> Result<Consumer, ClientError> {
        let mut config = ConsumerConfig::new(&spec.name, bootstrap);
        config.group_id.clone_from(&spec.group);
        config.enable_auto_commit = spec.commit == CommitPolicy::Auto && spec.group.is_some();
        for (name, value) in &spec.config {
            config.set(name, value)?;
        }
        let mut client = Consumer::new(config, seed)?;
        client.sabotage(sabotage);
        if spec.group.is_some() {
            client.subscribe(now, spec.topics.clone())?;
        } else {
            client.assign(now, partitions);
        }
        Ok(client)
    }

    pub(super) fn start(&mut self, now: Time, client: Consumer) {
        self.forget_process();
        self.client = Some(client);
        self.poll_again = Some(now);
    }

    pub(super) fn forget_process(&mut self) {
        self.client = None;
        self.drop_work();
        self.rows.clear();
        self.closing = false;
    }

    fn drop_work(&mut self) {
        self.backlog.clear();
        self.attempts = 0;
        self.awaits_commit = false;
        self.handler_done = None;
        self.poll_again = None;
    }

    /// The process is to end: what was polled and not handled is dropped, rows that wait are inserted, the client commits and leaves.
    pub(super) fn stop(&mut self, now: Time, sinks: &mut Sinks) {
        self.closing = true;
        self.drop_work();
        sinks.insert(&self.owner(), self.spec.handler.sink, &std::mem::take(&mut self.rows));
        if let Some(client) = self.client.as_mut() {
            client.close(now);
        }
    }

    pub(super) fn owner(&self) -> Owner {
        match &self.spec.group {
            Some(group) => Owner::Group(group.clone()),
            None => Owner::Alone(self.spec.name.clone()),
        }
    }

    /// Whether the process still has the record: in its handler, before it, or among the rows that wait.
    pub(super) fn holds(&self, topic: &str, partition: i32, offset: i64) -> bool {
        let is = |record: &ConsumerRecord| record.offset == offset && record.partition == partition && &*record.topic == topic;
        self.backlog.iter().chain(&self.rows).any(is)
    }

    /// What the client has to say to the app.
    pub(super) fn hear(&mut self, now: Time, event: &ConsumerEvent, sinks: &Sinks) {
        match event {
            ConsumerEvent::Committed { .. } | ConsumerEvent::CommitFailed { .. } if self.awaits_commit => {
                self.awaits_commit = false;
                self.go_on(now);
            }
            ConsumerEvent::Assigned { partitions, .. } => self.seek_to_stored(now, partitions, sinks),
            _ => {}
        }
    }

    /// An app whose offsets are in its table begins where the table says (`ConsumerRebalanceListener.onPartitionsAssigned`, `seek`).
    fn seek_to_stored(&mut self, now: Time, partitions: &[(Arc<str>, i32)], sinks: &Sinks) {
        let owner = self.owner();
        let Some(client) = self.client.as_mut().filter(|_| self.spec.handler.sink == SinkKind::OffsetTable) else { return };
        for (topic, partition) in partitions {
            if let Some(offset) = sinks.resumes_at(&owner, topic, *partition) {
                client.seek(now, topic, *partition, offset);
            }
        }
    }

    /// The next record, or the next poll, unless a commit is waited for.
    fn go_on(&mut self, now: Time) {
        let idle = self.backlog.is_empty();
        let goes = !self.awaits_commit && !self.closing;
        self.handler_done = (goes && !idle).then(|| now.plus_micros(self.spec.handle_us));
        self.poll_again = (goes && idle).then_some(now);
    }

    /// Commits what is given, or else the positions.
    fn commit(&mut self, now: Time, offsets: Option<Vec<NextOffset>>) {
        if let Some(client) = self.client.as_mut().filter(|_| self.spec.group.is_some()) {
            self.awaits_commit = self.spec.commit.waits();
            client.commit(now, offsets);
        }
    }

    /// Polls if the app is idle and a poll would bring something, or is due. True when it polled.
    pub(super) fn poll(&mut self, now: Time, sinks: &mut Sinks) -> bool {
        if self.closing || self.awaits_commit || !self.backlog.is_empty() {
            return false;
        }
        let Some(client) = self.client.as_mut() else { return false };
        let due = self.poll_again.is_some_and(|at| at <= now);
        if !due && !client.wants_poll() {
            return false;
        }
        self.backlog.extend(client.poll(now));
        if self.backlog.is_empty() {
            self.poll_again = Some(now.plus_micros(POLL_TIMEOUT_US));
            return true;
        }
        if let Some(table) = sinks.table(self.owner(), self.spec.handler.sink) {
            self.backlog.iter().for_each(|record| table.polled(record));
        }
        if matches!(self.spec.commit, CommitPolicy::BeforeHandling(_)) {
            self.commit(now, None);
        }
        self.go_on(now);
        true
    }

    /// Whether the handler fails on the record this time.
    fn fails(&mut self, record: &ConsumerRecord) -> bool {
        match &self.spec.handler.fails {
            Fails::Never => false,
            Fails::Key(key) => record.key.as_deref() == Some(key.as_bytes()),
            Fails::Ppm(ppm) => self.chance.chance(u64::from(*ppm), 1_000_000),
        }
    }

    /// The handler is done with the first record, one way or the other.
    pub(super) fn finish_one(&mut self, now: Time, node: &NodeName, sinks: &mut Sinks) -> Option<Turn> {
        let record = self.backlog.pop_front()?;
        if self.fails(&record) {
            return Some(self.fail(now, node, record));
        }
        self.attempts = 0;
        self.handled += 1;
        self.last_id = content_id(record.key.as_ref(), record.value.as_ref());
        let delivery = sinks.deliver(self.owner(), &record.topic, record.partition, record.offset);
        self.duplicates += u64::from(delivery > 1);
        let event = EventKind::Handled {
            node: node.clone(),
            group: self.spec.group.clone(),
            topic: record.topic.clone(),
            partition: record.partition,
            offset: record.offset,
            delivery,
        };
        let next = (record.topic.clone(), record.partition, record.offset + 1, record.leader_epoch);
        let inserted = self.insert(record, sinks);
        let rows = u32::try_from(inserted.len()).unwrap_or(u32::MAX);
        let bulk = matches!(self.spec.handler.sink, SinkKind::Bulk(_)) && rows > 0;
        self.commit_after(now, next, &inserted);
        self.go_on(now);
        Some(Turn { inserted: bulk.then(|| EventKind::Inserted { node: node.clone(), rows }), ..event.into() })
    }

    /// Commits as the app does once it is done with a record. `next`: the offset after it; `inserted`: what the sink has taken by it.
    fn commit_after(&mut self, now: Time, next: NextOffset, inserted: &[ConsumerRecord]) {
        match self.spec.commit {
            CommitPolicy::EachRecord(_) => self.commit(now, Some(vec![next])),
            CommitPolicy::AfterInsert(_) if !inserted.is_empty() => self.commit(now, Some(ends(inserted))),
            CommitPolicy::AfterEachPoll(_) if self.backlog.is_empty() => self.commit(now, None),
            _ => {}
        }
    }

    /// Puts a record into the sink, or to the rows that wait; gives what is in the sink now and was not before.
    fn insert(&mut self, record: ConsumerRecord, sinks: &mut Sinks) -> Vec<ConsumerRecord> {
        self.rows.push(record);
        match self.spec.handler.sink {
            SinkKind::Bulk(least) if (self.rows.len() as u64) < u64::from(least) => return Vec::new(),
            _ => {}
        }
        let rows = std::mem::take(&mut self.rows);
        sinks.insert(&self.owner(), self.spec.handler.sink, &rows);
        rows
    }

    /// The handler has thrown.
    fn fail(&mut self, now: Time, node: &NodeName, record: ConsumerRecord) -> Turn {
        self.failed += 1;
        self.attempts = self.attempts.saturating_add(1);
        let then = self.spec.handler.on_failure;
        let (topic, partition, offset) = (record.topic.clone(), record.partition, record.offset);
        let event = EventKind::HandlerFailed { node: node.clone(), topic, partition, offset, attempt: self.attempts, then };
        match then {
            OnFailure::Crash => {}
            OnFailure::Retry => self.backlog.push_front(record),
            OnFailure::Skip => {
                self.attempts = 0;
                let next = (record.topic, record.partition, record.offset + 1, record.leader_epoch);
                self.commit_after(now, next, &[]);
            }
        }
        self.go_on(now);
        Turn { crashes: then == OnFailure::Crash, ..event.into() }
    }
}

/// The offsets to commit once these records are done with, each with its record's leader epoch.
fn ends(records: &[ConsumerRecord]) -> Vec<NextOffset> {
    let mut ends: Vec<NextOffset> = Vec::new();
    for record in records {
        let end = (record.topic.clone(), record.partition, record.offset + 1, record.leader_epoch);
        match ends.iter_mut().find(|(topic, partition, ..)| *topic == record.topic && *partition == record.partition) {
            Some(known) if known.2 < end.2 => *known = end,
            Some(_) => {}
            None => ends.push(end),
        }
    }
    ends
}
