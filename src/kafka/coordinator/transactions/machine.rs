//! The machine: who coordinates what, loading, appends on their way, and the clock's work.

use super::answers::{Adding, Response};
use super::ending::EndedBy;
use super::records;
use super::state::{Metadata, TransactionState};
use super::{Markers, Output, Request, Token, TransactionConfig, TransactionEvent, TransactionView};
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time, earlier};
use crate::kafka::wire::batch::{Batch, BatchBuilder, BatchOptions};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::murmur2::coordinator_partition;
use std::collections::VecDeque;
use std::sync::Arc;

/// What waits for an append.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// InitProducerId is answered with the new id and epoch.
    Init(Token),
    /// One transaction of an AddPartitionsToTxn.
    Partitions(Token, usize),
    Offsets(Token),
    /// The end is decided: markers follow.
    Prepared {
        by: EndedBy,
    },
    /// The markers are written.
    Completed,
    /// The id is forgotten.
    Expired,
}

/// One append on its way.
#[derive(Clone, Debug)]
pub(super) struct InFlight {
    partition: i32,
    id: Arc<str>,
    target: Metadata,
    then: Then,
}

/// One transactional id.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) partition: i32,
    pub(super) metadata: Metadata,
    /// It is on its way to this state.
    pub(super) pending: Option<TransactionState>,
    /// Until when it waits for its markers: those that are missing.
    pub(super) unmarked: Vec<(Arc<str>, i32)>,
}

/// Until what the log has refused is written to it again (`TransactionMarkerChannelManager.retryLogAppends`).
const APPEND_RETRY_MS: i64 = 100;

/// The coordinator of the transactional ids in the partitions of `__transaction_state` that this broker leads.
///
/// The broker calls `handle_elected` and `handle_resigned` as it leads such a partition or no longer does, `handle_request` for each
/// request, what is said at each [`Output`], and `handle_timeout` when `poll_timeout` is due; after each, it drains `poll_output`.
#[derive(Clone, Debug)]
pub struct TransactionCoordinator {
    pub(super) config: TransactionConfig,
    /// Partitions of `__transaction_state` that this broker leads, and in which epoch.
    led: SortedVecMap<i32, i32>,
    pub(super) transactions: SortedVecMap<Arc<str>, Transaction>,
    pub(super) adding: SortedVecMap<Token, Adding>,
    in_flight: SortedVecMap<u64, InFlight>,
    next_append: u64,
    /// Producer ids that were given and not used.
    producer_ids: VecDeque<i64>,
    /// Requests that wait for a producer id.
    pub(super) waiting: VecDeque<(Token, i16, Request)>,
    outputs: VecDeque<Output>,
    started: Time,
    next_abort_check: Option<Time>,
    next_expiration: Option<Time>,
    /// Ends whose markers stand and that the log has refused: when each is written again.
    again: Vec<(Time, Arc<str>, Metadata)>,
}

impl TransactionCoordinator {
    pub fn new(now: Time, config: TransactionConfig) -> Self {
        Self {
            config,
            led: SortedVecMap::new(),
            transactions: SortedVecMap::new(),
            adding: SortedVecMap::new(),
            in_flight: SortedVecMap::new(),
            next_append: 0,
            producer_ids: VecDeque::new(),
            waiting: VecDeque::new(),
            outputs: VecDeque::new(),
            started: now,
            next_abort_check: None,
            next_expiration: None,
            again: Vec::new(),
        }
    }

    /// The partition of `__transaction_state` that the id lives in, if this broker leads it.
    pub(super) fn locate(&self, id: &str) -> Result<i32, ErrorCode> {
        let partition = coordinator_partition(id, self.config.partitions);
        if self.led.contains_key(&partition) { Ok(partition) } else { Err(ErrorCode::NotCoordinator) }
    }

    /// This broker now leads the partition, in this epoch: its batches, oldest first, say what is remembered. Markers of transactions whose
    /// end was decided are written again. What does not read as Kafka's formats is passed over.
    pub fn handle_elected(&mut self, now: Time, partition: i32, epoch: i32, batches: impl Iterator<Item = Batch>) {
        self.led.insert(partition, epoch);
        for record in batches.filter(|batch| !batch.is_control()).filter_map(|batch| batch.records().ok()).flatten() {
            let Some(id) = record.key.and_then(records::read_key) else { continue };
            match record.value.map(records::read_value) {
                None => {
                    self.transactions.remove(&id);
                }
                Some(Some(metadata)) => {
                    let loaded = Transaction { partition, metadata, pending: None, unmarked: Vec::new() };
                    self.transactions.insert(id, loaded);
                }
                Some(None) => {}
            }
        }
        for id in self.of_partition(partition) {
            let state = self.transactions.get(&id).map(|transaction| transaction.metadata.state);
            if matches!(state, Some(TransactionState::PrepareCommit | TransactionState::PrepareAbort)) {
                mark!(MarkersLoaded);
                self.write_markers(now, &id);
            }
        }
        self.schedule(now);
    }

    fn of_partition(&self, partition: i32) -> Vec<Arc<str>> {
        self.transactions.iter().filter(|(_, it)| it.partition == partition).map(|(id, _)| Arc::clone(id)).collect()
    }

    /// This broker no longer leads the partition: waiting requests answer NOT_COORDINATOR, its ids are forgotten.
    pub fn handle_resigned(&mut self, now: Time, partition: i32) {
        self.led.remove(&partition);
        let lost: Vec<u64> = self.in_flight.iter().filter(|(_, it)| it.partition == partition).map(|(id, _)| *id).collect();
        lost.into_iter().for_each(|append_id| self.handle_append_failed(now, append_id, ErrorCode::NotLeaderOrFollower));
        for id in self.of_partition(partition) {
            self.transactions.remove(&id);
            self.again.retain(|(_, other, _)| *other != id);
        }
        self.schedule(now);
    }

    pub fn handle_request(&mut self, now: Time, token: Token, version: i16, request: Request) {
        self.request(now, token, version, request);
        self.schedule(now);
    }

    /// The answer to [`Output::ProducerIdWanted`]; `None`: there is none to be had now.
    pub fn handle_producer_id(&mut self, now: Time, id: Option<i64>) {
        self.producer_ids.extend(id);
        let Some((token, version, request)) = self.waiting.pop_front() else { return };
        match id {
            Some(_) => self.handle_request(now, token, version, request),
            None => {
                // As Kafka: a client tries again until there is a block of ids.
                let error = ErrorCode::CoordinatorLoadInProgress;
                let response = if matches!(request, Request::End(_)) { Response::ended(error, None) } else { Response::no_producer(error) };
                self.respond(token, response);
            }
        }
    }

    /// A producer id, or the request waits for one.
    pub(super) fn take_producer_id(&mut self, token: Token, version: i16, request: impl FnOnce() -> Request) -> Option<i64> {
        let id = self.producer_ids.pop_front();
        if id.is_none() {
            self.waiting.push_back((token, version, request()));
            self.outputs.push_back(Output::ProducerIdWanted);
        }
        id
    }

    pub(super) fn respond(&mut self, token: Token, response: Response) {
        self.outputs.push_back(Output::Respond { token, response });
    }

    /// Sends what the id is to be to its log; `then` is done when it is committed.
    pub(super) fn append(&mut self, now: Time, id: &Arc<str>, target: Metadata, then: Then) {
        let Some(transaction) = self.transactions.get_mut(id) else { return };
        transaction.pending = Some(target.state);
        let partition = transaction.partition;
        let value = (target.state != TransactionState::Dead).then(|| records::value(&target));
        let mut builder = BatchBuilder::new(BatchOptions::default());
        builder.push(now.millis(), Some(&records::key(id)), value.as_deref(), &[]);
        let append_id = self.next_append;
        self.next_append += 1;
        self.in_flight.insert(append_id, InFlight { partition, id: Arc::clone(id), target, then });
        self.outputs.push_back(Output::Append { append_id, partition, batch: builder.build() });
    }

    pub fn handle_committed(&mut self, now: Time, append_id: u64) {
        let Some(InFlight { id, target, then, .. }) = self.in_flight.remove(&append_id) else { return };
        let Some(transaction) = self.transactions.get_mut(&id) else { return };
        let before = std::mem::replace(&mut transaction.metadata, target);
        transaction.pending = None;
        let metadata = transaction.metadata.clone();
        let why = match &then {
            Then::Prepared { by: EndedBy::Timeout } => "timeout",
            Then::Prepared { by: EndedBy::Init(_) } => "fenced",
            _ => "",
        };
        self.tell(&id, &before, &metadata, why);
        match then {
            Then::Init(token) => self.respond(token, Response::producer(metadata.producer_id, metadata.producer_epoch)),
            Then::Partitions(token, at) => self.added(token, at, ErrorCode::None),
            Then::Offsets(token) => self.respond(token, Response::offsets_added(ErrorCode::None)),
            Then::Prepared { by } => {
                let after = metadata.completed(now.millis());
                self.answer_end(by, ErrorCode::None, Some((after.producer_id, after.producer_epoch)));
                self.write_markers(now, &id);
            }
            Then::Completed => {}
            Then::Expired => {
                self.transactions.remove(&id);
            }
        }
        self.schedule(now);
    }

    fn tell(&mut self, id: &Arc<str>, before: &Metadata, after: &Metadata, why: &'static str) {
        let (transactional_id, producer_id) = (Arc::clone(id), after.producer_id);
        let added: Vec<_> = after.partitions.iter().filter(|partition| !before.partitions.contains(*partition)).cloned().collect();
        if before.state != after.state || before.producer_epoch != after.producer_epoch {
            self.outputs.push_back(Output::Event(TransactionEvent::StateChanged {
                transactional_id: Arc::clone(&transactional_id),
                producer_id,
                epoch: after.producer_epoch,
                from: before.state,
                to: after.state,
                why,
            }));
        }
        if !added.is_empty() {
            let partitions = added;
            self.outputs.push_back(Output::Event(TransactionEvent::PartitionsAdded { transactional_id, producer_id, partitions }));
        }
    }

    /// `error` is the log's; clients get what Kafka makes of it.
    pub fn handle_append_failed(&mut self, now: Time, append_id: u64, error: ErrorCode) {
        let Some(InFlight { id, target, then, .. }) = self.in_flight.remove(&append_id) else { return };
        let error = client_error(error);
        if let Some(transaction) = self.transactions.get_mut(&id) {
            transaction.pending = None;
        }
        match then {
            Then::Init(token) => self.respond(token, Response::no_producer(error)),
            Then::Partitions(token, at) => self.added(token, at, error),
            Then::Offsets(token) => self.respond(token, Response::offsets_added(error)),
            Then::Prepared { by } => self.answer_end(by, error, None),
            // The markers stand; that they do is written again until it is, or somebody else leads the log.
            Then::Completed if error != ErrorCode::NotCoordinator => {
                mark!(CompletionAgain);
                if let Some(transaction) = self.transactions.get_mut(&id) {
                    transaction.pending = Some(target.state);
                }
                self.again.push((now.plus_millis(APPEND_RETRY_MS), id, target));
            }
            Then::Completed | Then::Expired => {}
        }
        self.schedule(now);
    }

    /// The end of the id's transaction is decided: its markers are to be written, and then that they are.
    fn write_markers(&mut self, now: Time, id: &Arc<str>) {
        let Some(transaction) = self.transactions.get_mut(id) else { return };
        let Some(&epoch) = self.led.get(&transaction.partition) else { return };
        let metadata = &transaction.metadata;
        let commit = metadata.state == TransactionState::PrepareCommit;
        transaction.pending = Some(if commit { TransactionState::CompleteCommit } else { TransactionState::CompleteAbort });
        transaction.unmarked = metadata.partitions.iter().cloned().collect();
        let markers = Markers {
            transactional_id: Arc::clone(id),
            coordinator: (transaction.partition, epoch),
            producer_id: metadata.producer_id,
            producer_epoch: metadata.producer_epoch,
            commit,
            partitions: transaction.unmarked.clone(),
        };
        if markers.partitions.is_empty() {
            self.complete(now, id);
        } else {
            self.outputs.push_back(Output::Markers(markers));
        }
    }

    /// Whether these markers are still to be written.
    pub fn wants(&self, markers: &Markers) -> bool {
        let (partition, epoch) = markers.coordinator;
        let same = |it: &Transaction| {
            let metadata = &it.metadata;
            (metadata.producer_id, metadata.producer_epoch) == (markers.producer_id, markers.producer_epoch)
        };
        self.led.get(&partition) == Some(&epoch) && self.transactions.get(&markers.transactional_id).is_some_and(same)
    }

    /// A partition has its marker, or is gone. False: these markers are no longer to be written by this broker.
    pub fn handle_marker(&mut self, now: Time, markers: &Markers, partition: &(Arc<str>, i32)) -> bool {
        if !self.wants(markers) {
            return false;
        }
        let Some(transaction) = self.transactions.get_mut(&markers.transactional_id) else { return false };
        let before = transaction.unmarked.len();
        transaction.unmarked.retain(|it| it != partition);
        if before > 0 && transaction.unmarked.is_empty() {
            self.complete(now, &markers.transactional_id);
        }
        true
    }

    /// A partition knows of a later coordinator, or of a later epoch of the producer: nothing more is written for this transaction.
    pub fn handle_markers_fenced(&mut self, markers: &Markers) {
        if self.wants(markers)
            && let Some(transaction) = self.transactions.get_mut(&markers.transactional_id)
        {
            transaction.unmarked.clear();
        }
    }

    fn complete(&mut self, now: Time, id: &Arc<str>) {
        let Some(transaction) = self.transactions.get(id) else { return };
        let target = transaction.metadata.completed(now.millis());
        self.append(now, id, target, Then::Completed);
    }

    pub fn handle_timeout(&mut self, now: Time) {
        let (due, later): (Vec<_>, Vec<_>) = std::mem::take(&mut self.again).into_iter().partition(|(at, ..)| *at <= now);
        self.again = later;
        for (_, id, target) in due {
            self.append(now, &id, target, Then::Completed);
        }
        if self.next_abort_check.is_some_and(|at| at <= now) {
            self.next_abort_check = None;
            self.abort_timed_out(now);
        }
        if self.next_expiration.is_some_and(|at| at <= now) {
            self.next_expiration = None;
            self.expire_ids(now);
        }
        self.schedule(now);
    }

    /// The next multiple of an interval since the start, as Kafka's scheduler ticks.
    fn tick(&self, now: Time, interval_ms: i64) -> Time {
        let interval = interval_ms.max(1).saturating_mul(1000);
        let passed = now.micros_since(self.started) / interval;
        self.started.plus_millis((passed + 1).saturating_mul(interval) / 1000)
    }

    /// The clock's work is planned as long as there is something for it.
    fn schedule(&mut self, now: Time) {
        let open = self.transactions.values().any(|it| it.metadata.state == TransactionState::Ongoing);
        match (open, self.next_abort_check) {
            (true, None) => self.next_abort_check = Some(self.tick(now, self.config.abort_check_ms)),
            (false, Some(_)) => self.next_abort_check = None,
            _ => {}
        }
        match (self.transactions.is_empty(), self.next_expiration) {
            (false, None) => self.next_expiration = Some(self.tick(now, self.config.expiration_check_ms)),
            (true, Some(_)) => self.next_expiration = None,
            _ => {}
        }
    }

    fn expire_ids(&mut self, now: Time) {
        let limit = now.millis().saturating_sub(self.config.id_expiration_ms);
        let expired = |it: &Transaction| it.pending.is_none() && it.metadata.state.may_expire() && it.metadata.updated <= limit;
        let ids: Vec<Arc<str>> = self.transactions.iter().filter(|(_, it)| expired(it)).map(|(id, _)| Arc::clone(id)).collect();
        for id in ids {
            let Some(transaction) = self.transactions.get(&id) else { continue };
            let target = Metadata { state: TransactionState::Dead, ..transaction.metadata.clone() };
            self.append(now, &id, target, Then::Expired);
        }
    }

    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    pub fn poll_timeout(&self) -> Option<Deadline> {
        let abort = self.next_abort_check.map(|at| (at, Reason::new("check for transactions that have timed out", "")));
        let expire = self.next_expiration.map(|at| (at, Reason::new("check for transactional ids that have expired", "")));
        let again = self.again.iter().map(|(at, ..)| *at).min();
        let again = again.map(|at| (at, Reason::new("a transaction's end is written again", "")));
        earlier(again, earlier(abort, expire))
    }

    /// All transactional ids, sorted.
    pub fn transactions(&self) -> Vec<TransactionView> {
        let view = |(id, transaction): (&Arc<str>, &Transaction)| {
            let metadata = &transaction.metadata;
            TransactionView {
                transactional_id: Arc::clone(id),
                producer_id: metadata.producer_id,
                epoch: metadata.producer_epoch,
                state: metadata.state,
                timeout_ms: metadata.timeout_ms,
                started: metadata.started,
                aborts_at: self.aborts_at(metadata),
                partitions: metadata.partitions.iter().cloned().collect(),
            }
        };
        self.transactions.iter().map(view).collect()
    }

    /// The first look at transactions that is after the timeout of this one.
    fn aborts_at(&self, metadata: &Metadata) -> Time {
        let Some(look) = self.next_abort_check.filter(|_| metadata.state == TransactionState::Ongoing) else { return Time::NEVER };
        let until = metadata.started.saturating_add(i64::from(metadata.timeout_ms));
        let due = Time(until.saturating_add(1).saturating_mul(1000));
        let step = self.config.abort_check_ms.max(1).saturating_mul(1000);
        let looks = due.micros_since(look).max(0).saturating_add(step - 1) / step;
        look.plus_micros(looks.saturating_mul(step))
    }
}

/// What a client hears when an append fails (`TransactionStateManager.appendTransactionToLog`).
const fn client_error(append: ErrorCode) -> ErrorCode {
    match append {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => ErrorCode::UnknownServerError,
        other => other,
    }
}
