//! Transactions of a producer (`TransactionManager`) in the protocol of transaction version 2 (KIP-890): partitions join a transaction by
//! being written to, and each end raises the epoch.

use super::offsets::GroupOffsets;
use super::{Producer, ProducerEvent, Tag, Ticket};
use crate::kafka::client::net::{Node, Outcome, Readiness};
use crate::kafka::client::{ClientError, Core as _, coordinator_in, string};
use crate::kafka::marks::mark;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::{
    ApiKey, EndTxnRequest, EndTxnResponse, FindCoordinatorRequest, InitProducerIdRequest, InitProducerIdResponse,
};
use std::sync::Arc;

/// Why a record is not sent whose transaction is aborted.
pub const DROPPED: &str = "its transaction is aborted";

/// `CoordinatorType.TRANSACTION`.
const TRANSACTION: i8 = 1;

/// Where a transactional producer stands (`TransactionManager.State`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum TransactionStep {
    /// It has no id and epoch yet.
    Initializing,
    Ready,
    /// `written`: something was sent in it.
    Open {
        written: bool,
    },
    Ending {
        commit: bool,
        written: bool,
    },
    /// It can only be aborted.
    Failed(ClientError),
    /// Another process has its transactional id, or the broker refuses it for good.
    Fenced(ClientError),
}

/// What a producer keeps for its transactions.
#[derive(Clone, Debug)]
pub(super) struct Transactions {
    id: Arc<str>,
    timeout_ms: i64,
    pub(super) step: TransactionStep,
    pub(super) offsets: GroupOffsets,
    coordinator: Option<i32>,
    /// A request to find or to ask the coordinator is on its way.
    asked: bool,
    retry_at: Time,
}

impl Transactions {
    pub(super) fn new(id: Arc<str>, timeout_ms: i64) -> Self {
        let offsets = GroupOffsets::default();
        Self { id, timeout_ms, step: TransactionStep::Initializing, offsets, coordinator: None, asked: false, retry_at: Time(i64::MIN) }
    }

    pub(super) fn id(&self) -> Arc<str> {
        self.id.clone()
    }

    /// A record or the group's offsets were refused or could not be delivered: the open transaction can only be aborted.
    pub(super) fn record_failed(&mut self, error: &ClientError) {
        if matches!(self.step, TransactionStep::Open { .. } | TransactionStep::Ending { commit: true, .. }) {
            self.step = TransactionStep::Failed(error.clone());
        }
    }
}

impl Producer {
    /// Where its transactions stand; `None` without a `transactional.id`.
    pub fn transaction(&self) -> Option<&TransactionStep> {
        self.transactions.as_ref().map(|transactions| &transactions.step)
    }

    /// Its id and epoch, once it has them.
    pub fn producer_id(&self) -> Option<(i64, i16)> {
        self.producer_id
    }

    /// `KafkaProducer.beginTransaction`.
    ///
    /// # Errors
    /// [`ClientError::Illegal`] while it has no id yet, another one is open, or it is fenced.
    pub fn begin_transaction(&mut self) -> Result<(), ClientError> {
        match self.transactions.as_mut().map(|transactions| &mut transactions.step) {
            Some(step @ TransactionStep::Ready) => {
                *step = TransactionStep::Open { written: false };
                self.net.event(ProducerEvent::TransactionBegun { first: Ticket(self.next_ticket) });
                Ok(())
            }
            Some(_) => Err(ClientError::Illegal("a transaction begins when the producer has its id and no other one is open")),
            None => Err(ClientError::Illegal("a transaction needs a transactional.id")),
        }
    }

    /// `KafkaProducer.commitTransaction` or `abortTransaction`, which do not block here: what waits is sent (or, for an abort, dropped),
    /// and `TransactionEnded` or `TransactionFailed` says what came of it.
    ///
    /// # Errors
    /// [`ClientError::Illegal`] without an open transaction; the error that lets it only be aborted, for a commit.
    pub fn end_transaction(&mut self, now: Time, commit: bool) -> Result<(), ClientError> {
        let illegal = Err(ClientError::Illegal("there is no transaction to end"));
        let Some(transactions) = &mut self.transactions else { return illegal };
        let written = match &transactions.step {
            TransactionStep::Open { written } => *written,
            TransactionStep::Failed(error) if commit => return Err(error.clone()),
            TransactionStep::Failed(_) => true,
            _ => return illegal,
        };
        transactions.step = TransactionStep::Ending { commit, written };
        if !commit {
            transactions.offsets.forget();
        }
        if commit {
            self.flush(now);
        } else {
            self.drop_unsent();
            self.run(now);
        }
        Ok(())
    }

    /// Asks the coordinator for what is due: an id, or the end of the transaction. False: nothing may be sent to partitions yet.
    pub(super) fn run_transactions(&mut self, now: Time) -> bool {
        let Some(transactions) = &self.transactions else { return true };
        let sends = !matches!(transactions.step, TransactionStep::Initializing | TransactionStep::Fenced(_));
        let ends = match transactions.step {
            TransactionStep::Ending { commit, .. } => self.records == 0 && transactions.offsets.are_done(commit),
            TransactionStep::Initializing => true,
            _ => false,
        };
        if !ends || transactions.asked {
            return sends;
        }
        if let TransactionStep::Ending { commit, written: false } = transactions.step {
            self.ended(commit);
            return true;
        }
        if now < transactions.retry_at {
            self.wake_at(transactions.retry_at, "retry.backoff.ms", "the transaction's coordinator");
            return sends;
        }
        match transactions.coordinator {
            None => self.find_coordinator(now),
            Some(coordinator) => self.ask_coordinator(now, coordinator),
        }
        sends
    }

    fn find_coordinator(&mut self, now: Time) {
        let node = match self.net.least_loaded(now) {
            Ok(node) => node,
            Err(Readiness::After(at)) => return self.wake_at(at, "reconnect backoff", ""),
            Err(_) => return,
        };
        let Some(version) = self.net.version(node, ApiKey::FindCoordinator) else { return };
        let Some(transactions) = &mut self.transactions else { return };
        let key = string(&transactions.id);
        let request = if version >= 4 {
            FindCoordinatorRequest { key_type: TRANSACTION, coordinator_keys: vec![key], ..FindCoordinatorRequest::default() }
        } else {
            FindCoordinatorRequest { key_type: TRANSACTION, key, ..FindCoordinatorRequest::default() }
        };
        transactions.asked = self.net.send(now, node, version, request, Some(Tag::Coordinator), None);
    }

    pub(super) fn handle_coordinator(&mut self, now: Time, outcome: Outcome) {
        let found = coordinator_in(outcome);
        let Some(transactions) = &mut self.transactions else { return };
        transactions.asked = false;
        match found {
            Some((id, host, port)) => {
                transactions.coordinator = Some(id);
                self.net.set_address(Node::Coordinator(id), &host, port);
            }
            None => transactions.retry_at = now.plus_millis(self.config.retry_backoff_ms),
        }
    }

    fn ask_coordinator(&mut self, now: Time, coordinator: i32) {
        let node = Node::Coordinator(coordinator);
        match self.net.ready(now, node) {
            Readiness::Ready => {}
            Readiness::Busy => return,
            // It may be another by now.
            Readiness::After(_) | Readiness::Unknown => {
                let at = now.plus_millis(self.config.retry_backoff_ms);
                self.lose_coordinator();
                if let Some(transactions) = &mut self.transactions {
                    transactions.retry_at = at;
                }
                return self.wake_at(at, "retry.backoff.ms", "the transaction's coordinator");
            }
        }
        let Some(transactions) = &mut self.transactions else { return };
        let transactional_id = string(&transactions.id).into();
        let (producer_id, producer_epoch) = self.producer_id.unwrap_or((-1, -1));
        transactions.asked = match transactions.step {
            TransactionStep::Ending { commit, .. } => {
                let Some(version) = self.net.version(node, ApiKey::EndTxn) else { return };
                let request = EndTxnRequest { transactional_id, producer_id: producer_id.into(), producer_epoch, committed: commit };
                self.net.send(now, node, version, request, Some(Tag::EndTransaction), None)
            }
            _ => {
                let Some(version) = self.net.version(node, ApiKey::InitProducerId) else { return };
                let request = InitProducerIdRequest {
                    transactional_id: Some(transactional_id),
                    transaction_timeout_ms: i32::try_from(transactions.timeout_ms).unwrap_or(i32::MAX),
                    producer_id: (-1).into(),
                    producer_epoch: -1,
                };
                self.net.send(now, node, version, request, Some(Tag::InitProducerId), None)
            }
        };
    }

    fn lose_coordinator(&mut self) {
        if let Some(transactions) = &mut self.transactions {
            transactions.coordinator = None;
        }
    }

    /// What an answer of the coordinator means, if it is no success: try again, look for another one, or give up.
    fn coordinator_failed(&mut self, now: Time, error: Option<ErrorCode>) {
        let retry_at = now.plus_millis(self.config.retry_backoff_ms);
        let Some(transactions) = &mut self.transactions else { return };
        transactions.retry_at = retry_at;
        match error {
            None | Some(ErrorCode::NotCoordinator | ErrorCode::CoordinatorNotAvailable) => self.lose_coordinator(),
            Some(error) if error.retriable() => {}
            Some(error) => self.give_up(ClientError::Broker(error)),
        }
    }

    /// Nothing more can be done under its transactional id.
    pub(super) fn give_up(&mut self, error: ClientError) {
        mark!(ProducerFenced);
        if let Some(transactions) = &mut self.transactions {
            transactions.step = TransactionStep::Fenced(error.clone());
        }
        self.net.event(ProducerEvent::TransactionFailed { error });
    }

    /// InitProducerId of a transactional id.
    pub(super) fn handle_transactional_id(&mut self, now: Time, outcome: Outcome) {
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<InitProducerIdResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let Some(transactions) = &mut self.transactions else { return };
        transactions.asked = false;
        match response {
            Some(response) if response.error_code == 0 => {
                let (producer_id, epoch) = (response.producer_id.0, response.producer_epoch);
                transactions.step = TransactionStep::Ready;
                self.producer_id = Some((producer_id, epoch));
                self.net.event(ProducerEvent::GotProducerId { producer_id, epoch });
            }
            response => self.coordinator_failed(now, response.map(|response| ErrorCode::from_code(response.error_code))),
        }
    }

    pub(super) fn handle_end(&mut self, now: Time, outcome: Outcome) {
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<EndTxnResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let Some(transactions) = &mut self.transactions else { return };
        transactions.asked = false;
        let commit = matches!(transactions.step, TransactionStep::Ending { commit: true, .. });
        match response {
            Some(response) if response.error_code == 0 => {
                if response.producer_id.0 >= 0 {
                    self.producer_id = Some((response.producer_id.0, response.producer_epoch));
                }
                self.ended(commit);
            }
            response => self.coordinator_failed(now, response.map(|response| ErrorCode::from_code(response.error_code))),
        }
    }

    /// The transaction is over: what comes next is numbered from 0 in the epoch that came with the end.
    fn ended(&mut self, committed: bool) {
        if let Some(transactions) = &mut self.transactions {
            transactions.step = TransactionStep::Ready;
        }
        for queue in self.accumulator.queues.values_mut() {
            (queue.reset, queue.unresolved, queue.producer) = (false, false, None);
        }
        self.net.event(ProducerEvent::TransactionEnded { committed });
    }

    /// The records of a transaction that is aborted need not be sent (`RecordAccumulator.abortUndrainedBatches`).
    fn drop_unsent(&mut self) {
        let error = ClientError::Illegal(DROPPED);
        for waiting in std::mem::take(&mut self.waiting) {
            self.records = self.records.saturating_sub(1);
            self.net.event(ProducerEvent::Failed { ticket: waiting.ticket, error: error.clone() });
        }
        let keys: Vec<_> = self.accumulator.queues.keys().cloned().collect();
        for at in keys {
            // One that was sent before may be there: it is sent again, or its place would stay empty.
            while self.accumulator.queue(&at).batches.back().is_some_and(|last| last.attempts == 0)
                && let Some(batch) = self.accumulator.queue(&at).batches.pop_back()
            {
                self.release(&batch);
                for ticket in batch.tickets() {
                    self.net.event(ProducerEvent::Failed { ticket, error: error.clone() });
                }
            }
        }
    }
}
