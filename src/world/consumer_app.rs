//! A consumer app: polls, takes its time for each record, puts it into its group's sink, commits.

use super::action::ConsumerSpec;
use super::content::content_id;
use super::event::{EventKind, NodeName};
use super::handler::{CommitPolicy, Delivery, Fails, OnFailure, OnRevoke, SinkKind};
use super::output::{self, Output, Taken};
use super::process::process_seed;
use super::sends::Sends;
use super::sink::{Owner, Sinks};
use crate::kafka::client::consumer::{Consumer, ConsumerEvent, ConsumerRecord, NextOffset};
use crate::kafka::client::producer::Producer;
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
    /// The producer of an app that has one.
    pub(super) output: Option<Output>,
    /// What its producers were given.
    pub(super) sends: Sends,
    /// The process is to end and another one to start: its producer is fenced, or could not deliver what it was to.
    pub(super) over: bool,
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
    pub(super) attempts: u32,
    pub(super) awaits: Awaits,
    /// The offsets after what the last poll has brought.
    pub(super) polled: Vec<NextOffset>,
    /// For each partition, the offset after the last of them that it is done with.
    done: Vec<NextOffset>,
    /// Handled and not yet inserted: the rows of a bulk insert.
    rows: Vec<ConsumerRecord>,
    /// When the rows that wait are to be inserted, if that goes by time.
    rows_due: Option<Time>,
    /// When it commits next, if that goes by time and there is something to commit.
    commit_due: Option<Time>,
    /// Rows that were inserted outside of the handler, and not told yet.
    inserted: u32,
    chance: Rng,
}

/// What an app is blocked in before it goes on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Awaits {
    Nothing,
    /// The answer to a `commitSync`.
    Commit,
    /// That all that it has sent is acknowledged: then it commits past a dead letter, or what it has polled.
    Acks(Option<NextOffset>),
    /// The end of its transaction.
    Transaction,
}

/// What a process of the app starts with.
#[derive(Clone, Debug)]
pub(super) struct Clients {
    pub(super) consumer: Consumer,
    pub(super) producer: Option<Producer>,
}

/// What a process finds when it starts.
pub(super) struct Launch {
    pub(super) now: Time,
    pub(super) bootstrap: Vec<(Arc<str>, i32)>,
    /// The seed of the run, and which process of the app it is.
    pub(super) seed: u64,
    pub(super) incarnation: u32,
    /// Of its topics, for an app without a group.
    pub(super) partitions: Vec<(Arc<str>, i32)>,
    pub(super) sabotage: Option<Sabotage>,
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
            awaits: Awaits::Nothing,
            polled: Vec::new(),
            done: Vec::new(),
            rows: Vec::new(),
            rows_due: None,
            commit_due: None,
            inserted: 0,
            spec,
            client: None,
            output: None,
            sends: Sends::default(),
            over: false,
            backlog: VecDeque::new(),
            handler_done: None,
            poll_again: None,
            handled: 0,
            last_id: 0,
            duplicates: 0,
            closing: false,
        }
    }

    /// The clients as this app's process starts them.
    pub(super) fn clients(spec: &ConsumerSpec, launch: Launch) -> Result<Clients, ClientError> {
        let Launch { now, bootstrap, partitions, .. } = launch;
        let seed = |name: &str| process_seed(launch.seed, name, launch.incarnation);
        let mut config = ConsumerConfig::new(&spec.name, bootstrap.clone());
        config.group_id.clone_from(&spec.group);
        config.enable_auto_commit = spec.commit == CommitPolicy::Auto && spec.group.is_some();
        if spec.handler.delivery() == Some(Delivery::ExactlyOnce) {
            config.set("isolation.level", "read_committed")?;
        }
        for (name, value) in output::consumer_configs(spec) {
            config.set(name, value)?;
        }
        let mut consumer = Consumer::new(config, seed(&spec.name))?;
        consumer.sabotage(launch.sabotage);
        if let Some(pattern) = spec.pattern() {
            consumer.subscribe_matching(now, pattern)?;
        } else if spec.group.is_some() {
            consumer.subscribe(now, spec.topics.clone())?;
        } else {
            consumer.assign(now, partitions);
        }
        let producer = output::producer(spec, bootstrap, seed(&format!("{}/producer", spec.name)))?;
        Ok(Clients { consumer, producer })
    }

    /// Subscribes to what it is set to read now, if it has a process with a place in a group.
    pub(super) fn subscribe_anew(&mut self, now: Time) {
        let Some(client) = self.client.as_mut().filter(|_| self.spec.group.is_some()) else { return };
        // Topics and pattern were checked with the settings.
        _ = match self.spec.pattern() {
            Some(pattern) => client.subscribe_matching(now, pattern),
            None => client.subscribe(now, self.spec.topics.clone()),
        };
    }

    /// What it reads, as far as it is known: a pattern's topics are those that its client has found.
    pub(super) fn topics(&self) -> Vec<Arc<str>> {
        match self.spec.pattern() {
            Some(_) => self.client.as_ref().map(Consumer::subscribed).unwrap_or_default(),
            None => self.spec.topics.clone(),
        }
    }

    pub(super) fn start(&mut self, now: Time, clients: Clients) {
        self.forget_process();
        self.sends.restart();
        self.client = Some(clients.consumer);
        self.output = clients.producer.map(|producer| Output::start(now, producer));
        self.poll_again = Some(now);
    }

    pub(super) fn forget_process(&mut self) {
        self.client = None;
        self.output = None;
        self.over = false;
        self.drop_work();
        self.closing = false;
    }

    pub(super) fn drop_work(&mut self) {
        self.backlog.clear();
        self.done.clear();
        self.rows.clear();
        self.rows_due = None;
        self.commit_due = None;
        self.attempts = 0;
        self.awaits = Awaits::Nothing;
        self.handler_done = None;
        self.poll_again = None;
    }

    /// The process is to end: what was polled and not handled is dropped, rows that wait are inserted, the client commits and leaves.
    pub(super) fn stop(&mut self, now: Time, sinks: &mut Sinks) {
        self.closing = true;
        self.insert_rows(now, sinks);
        // `close` calls the listener too, of a member that has a place in its group.
        if self.spec.handler.on_revoke == OnRevoke::Commit && self.client.as_ref().is_some_and(|client| client.membership().is_some()) {
            self.commit_handled(now);
        }
        self.drop_work();
        if let Some(output) = self.output.as_mut() {
            output.client.close(now);
        }
        if let Some(client) = self.client.as_mut() {
            client.close(now);
        }
    }

    /// Whether nothing is left to be done before the process ends.
    pub(super) fn is_closed(&self) -> bool {
        self.client.as_ref().is_none_or(Consumer::is_closed) && self.output.as_ref().is_none_or(Output::is_closed)
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
            // The answer is to a `commitAsync` of before.
            ConsumerEvent::Committed { .. } | ConsumerEvent::CommitFailed { .. }
                if self.client.as_ref().is_some_and(Consumer::is_committing) => {}
            ConsumerEvent::CommitFailed { .. } if self.must_commit_first() && self.awaits == Awaits::Commit => self.read_again(now),
            ConsumerEvent::Committed { .. } | ConsumerEvent::CommitFailed { .. } if self.awaits == Awaits::Commit => {
                self.awaits = Awaits::Nothing;
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

    /// The next record, or the next poll, unless something is waited for.
    pub(super) fn go_on(&mut self, now: Time) {
        let idle = self.backlog.is_empty();
        let goes = self.awaits == Awaits::Nothing && !self.closing;
        self.handler_done = (goes && !idle).then(|| now.plus_micros(self.spec.handle_us));
        self.poll_again = (goes && idle).then_some(now);
    }

    /// Commits what is given, or else the positions.
    pub(super) fn commit(&mut self, now: Time, offsets: Option<Vec<NextOffset>>) {
        if let Some(client) = self.client.as_mut().filter(|_| self.spec.group.is_some()) {
            if self.spec.commit.waits() {
                self.awaits = Awaits::Commit;
                client.commit(now, offsets);
            } else {
                client.commit_async(now, offsets);
            }
        }
    }

    /// What goes by time in the app's loop: rows that have waited long enough, and a commit.
    fn be_on_time(&mut self, now: Time, sinks: &mut Sinks) {
        if self.rows_due.is_some_and(|at| at <= now) {
            let rows = self.insert_rows(now, sinks);
            if matches!(self.spec.commit, CommitPolicy::AfterInsert(_)) {
                self.commit(now, Some(ends(rows.iter())));
            }
        }
        if self.commit_due.is_some_and(|at| at <= now) {
            self.commit_due = None;
            let offsets = self.handled_offsets();
            self.commit(now, Some(offsets));
        }
    }

    /// When something is to be done that goes by time. While its handler is at work the app does not look at its clock.
    pub(super) fn next_duty(&self) -> Option<Time> {
        let idle = !self.closing && !self.is_blocked() && self.backlog.is_empty() && self.client.is_some();
        self.rows_due.into_iter().chain(self.commit_due).min().filter(|_| idle)
    }

    /// What the app is done with: the positions, without what was polled and is not handled yet.
    fn handled_offsets(&self) -> Vec<NextOffset> {
        let mut offsets = self.client.as_ref().map(Consumer::next_offsets).unwrap_or_default();
        offsets.retain_mut(|next| {
            if !self.backlog.iter().any(|record| record.topic == next.0 && record.partition == next.1) {
                return true;
            }
            let done = self.done.iter().find(|done| done.0 == next.0 && done.1 == next.1);
            if let Some(done) = done {
                next.clone_from(done);
            }
            done.is_some()
        });
        offsets
    }

    /// `commitSync` of what the app is done with. The client holds up its join, or its acknowledgement, until that has its answer.
    fn commit_handled(&mut self, now: Time) {
        let offsets = self.handled_offsets();
        if let Some(client) = self.client.as_mut().filter(|_| !offsets.is_empty()) {
            client.commit(now, Some(offsets));
        }
    }

    /// Partitions are about to be taken away by a poll (`onPartitionsRevoked`).
    fn before_revocation(&mut self, now: Time, sinks: &mut Sinks) {
        let revokes = |client: &Consumer| !client.to_revoke().is_empty();
        if self.spec.handler.on_revoke == OnRevoke::Commit && self.client.as_ref().is_some_and(revokes) {
            self.insert_rows(now, sinks);
            self.commit_handled(now);
        }
    }

    /// The rows that wait go into the sink.
    fn insert_rows(&mut self, now: Time, sinks: &mut Sinks) -> Vec<ConsumerRecord> {
        let rows = std::mem::take(&mut self.rows);
        self.rows_due = None;
        sinks.insert(&self.owner(), self.spec.handler.sink, &rows, now, &self.spec.name);
        self.inserted += u32::try_from(rows.len()).unwrap_or(u32::MAX);
        rows
    }

    /// Rows that were inserted outside of the handler since it was asked last.
    pub(super) fn take_inserted(&mut self) -> Option<u32> {
        Some(std::mem::take(&mut self.inserted)).filter(|rows| *rows > 0)
    }

    /// Polls if the app is idle and a poll would bring something, or is due. True when it did something.
    pub(super) fn poll(&mut self, now: Time, sinks: &mut Sinks) -> bool {
        if self.closing || self.is_blocked() || !self.backlog.is_empty() {
            return false;
        }
        self.be_on_time(now, sinks);
        if self.is_blocked() {
            return true;
        }
        let due = self.poll_again.is_some_and(|at| at <= now);
        if !due && !self.client.as_ref().is_some_and(Consumer::wants_poll) {
            return false;
        }
        self.before_revocation(now, sinks);
        let Some(client) = self.client.as_mut() else { return false };
        self.backlog.extend(client.poll(now));
        if self.backlog.is_empty() {
            self.poll_again = Some(now.plus_micros(POLL_TIMEOUT_US));
            return true;
        }
        if let Some(table) = sinks.table(self.owner(), self.spec.handler.sink) {
            self.backlog.iter().for_each(|record| table.polled(record));
        }
        self.polled = ends(self.backlog.iter());
        self.done.clear();
        self.begin_batch();
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
            return self.fail(now, node, record);
        }
        match self.forward(now, &record) {
            Taken::Yes => {}
            Taken::Blocks => return self.try_again_soon(now, record),
            Taken::Refused => return self.refused(now, node, record),
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
        let inserted = self.insert(record, now, sinks);
        let rows = u32::try_from(inserted.len()).unwrap_or(u32::MAX);
        let bulk = matches!(self.spec.handler.sink, SinkKind::Bulk { .. }) && rows > 0;
        self.done_with(now, next, &inserted);
        Some(Turn { inserted: bulk.then(|| EventKind::Inserted { node: node.clone(), rows }), ..event.into() })
    }

    /// Commits as the app does once it is done with a record, and goes on. `next`: the offset after it; `inserted`: what the sink has taken
    /// by it.
    pub(super) fn done_with(&mut self, now: Time, next: NextOffset, inserted: &[ConsumerRecord]) {
        self.done.retain(|done| (&done.0, done.1) != (&next.0, next.1));
        self.done.push(next.clone());
        match self.spec.commit {
            CommitPolicy::Every(us, _) => {
                let due = *self.commit_due.get_or_insert(now.plus_micros(us));
                if due <= now {
                    self.commit_due = None;
                    let offsets = self.handled_offsets();
                    self.commit(now, Some(offsets));
                }
            }
            CommitPolicy::EachRecord(_) => self.commit(now, Some(vec![next])),
            CommitPolicy::AfterInsert(_) if !inserted.is_empty() => self.commit(now, Some(ends(inserted.iter()))),
            _ if self.spec.handler.output.is_some() && self.backlog.is_empty() => self.end_batch(now),
            CommitPolicy::AfterEachPoll(_) if self.backlog.is_empty() => self.commit(now, None),
            _ => {}
        }
        self.go_on(now);
    }

    /// Puts a record into the sink, or to the rows that wait; gives what is in the sink now and was not before.
    fn insert(&mut self, record: ConsumerRecord, now: Time, sinks: &mut Sinks) -> Vec<ConsumerRecord> {
        self.rows.push(record);
        if let SinkKind::Bulk { rows, within_us } = self.spec.handler.sink {
            let due = within_us.map(|us| *self.rows_due.get_or_insert(now.plus_micros(us)));
            if (self.rows.len() as u64) < u64::from(rows) && due.is_none_or(|at| now < at) {
                return Vec::new();
            }
        }
        let rows = self.insert_rows(now, sinks);
        self.inserted = 0;
        rows
    }

    /// The handler has thrown.
    fn fail(&mut self, now: Time, node: &NodeName, record: ConsumerRecord) -> Option<Turn> {
        let mut then = self.spec.handler.on_failure;
        if then == OnFailure::DeadLetter {
            match self.bury(now, &record) {
                Taken::Yes => {}
                Taken::Blocks => return self.try_again_soon(now, record),
                Taken::Refused => then = OnFailure::Crash,
            }
        }
        self.failed += 1;
        self.attempts = self.attempts.saturating_add(1);
        let event = self.failure(node, &record, then);
        let next = (record.topic.clone(), record.partition, record.offset + 1, record.leader_epoch);
        match then {
            OnFailure::Crash => {}
            OnFailure::Retry => {
                self.backlog.push_front(record);
                self.go_on(now);
            }
            OnFailure::Skip | OnFailure::DeadLetter => {
                self.attempts = 0;
                if !self.awaits_burial(now, &next) {
                    self.done_with(now, next, &[]);
                }
            }
        }
        Some(Turn { crashes: then == OnFailure::Crash, ..event.into() })
    }

    pub(super) fn failure(&self, node: &NodeName, record: &ConsumerRecord, then: OnFailure) -> EventKind {
        let (topic, partition, offset) = (record.topic.clone(), record.partition, record.offset);
        EventKind::HandlerFailed { node: node.clone(), topic, partition, offset, attempt: self.attempts, then }
    }
}

/// The offsets to commit once these records are done with, each with its record's leader epoch.
fn ends<'a>(records: impl Iterator<Item = &'a ConsumerRecord>) -> Vec<NextOffset> {
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
