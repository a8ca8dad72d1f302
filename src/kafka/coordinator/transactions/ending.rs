//! The end of a transaction: EndTxn, fencing by a new producer, timeouts.

use super::Token;
use super::answers::{Request, Response};
use super::machine::{Then, Transaction, TransactionCoordinator};
use super::state::{EPOCH_BUMP, TransactionState};
use crate::kafka::marks::mark;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::EndTxnRequest;
use std::sync::Arc;

/// Who wanted a transaction's end, and waits for its decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EndedBy {
    Client(Token),
    /// Another process with the same transactional id. It is told to try again.
    Init(Token),
    Timeout,
}

/// What is to be done about an EndTxn.
enum Decision {
    /// No more than this answer.
    Answer(ErrorCode),
    /// The transaction ends; `empty`: there is none, but an epoch more.
    End { empty: bool },
}

/// An EndTxn of a client that gets a new epoch with each end (KIP-890).
fn decide(transaction: &Transaction, request: &EndTxnRequest) -> Decision {
    use TransactionState::{CompleteAbort, CompleteCommit, Dead, Empty, Ongoing, PrepareAbort, PrepareCommit, PrepareEpochFence};
    let metadata = &transaction.metadata;
    let (id, epoch, commit) = (request.producer_id.0, request.producer_epoch, request.committed);
    // The answer was lost that told of the new id or the new epoch.
    let after_new_id = metadata.previous_producer_id == id && epoch == i16::MAX - 1 && metadata.producer_epoch == 0;
    let again = i32::from(metadata.producer_epoch) == i32::from(epoch) + 1 || after_new_id;
    let valid = match metadata.state {
        Ongoing | Empty | Dead | PrepareEpochFence => epoch == metadata.producer_epoch,
        PrepareCommit | PrepareAbort => again && !after_new_id,
        CompleteCommit | CompleteAbort => again || epoch == metadata.producer_epoch,
    };
    // First: the producer may know already of the id and epoch that are on their way.
    if transaction.pending.is_some() {
        return Decision::Answer(ErrorCode::ConcurrentTransactions);
    }
    if metadata.producer_id != id && !after_new_id {
        return Decision::Answer(ErrorCode::InvalidProducerIdMapping);
    }
    if !valid {
        return Decision::Answer(ErrorCode::ProducerFenced);
    }
    match (metadata.state, commit) {
        (Ongoing, _) => Decision::End { empty: false },
        (CompleteCommit, true) | (CompleteAbort, false) if again => Decision::Answer(ErrorCode::None),
        (CompleteCommit | CompleteAbort, false) if !again => Decision::End { empty: true },
        (Empty, false) => Decision::End { empty: true },
        (PrepareCommit, true) | (PrepareAbort, false) => Decision::Answer(ErrorCode::ConcurrentTransactions),
        _ => Decision::Answer(ErrorCode::InvalidTxnState),
    }
}

/// An EndTxn of an older client.
fn decide_v1(transaction: &Transaction, request: &EndTxnRequest) -> Decision {
    use TransactionState::{CompleteAbort, CompleteCommit, Ongoing, PrepareAbort, PrepareCommit};
    let metadata = &transaction.metadata;
    let error = if metadata.producer_id != request.producer_id.0 {
        ErrorCode::InvalidProducerIdMapping
    } else if metadata.producer_epoch != request.producer_epoch {
        ErrorCode::ProducerFenced
    } else if transaction.pending.is_some() {
        ErrorCode::ConcurrentTransactions
    } else {
        match (metadata.state, request.committed) {
            (Ongoing, _) => return Decision::End { empty: false },
            (CompleteCommit, true) | (CompleteAbort, false) => ErrorCode::None,
            (PrepareCommit, true) | (PrepareAbort, false) => ErrorCode::ConcurrentTransactions,
            _ => ErrorCode::InvalidTxnState,
        }
    };
    Decision::Answer(error)
}

impl TransactionCoordinator {
    pub(super) fn end(&mut self, now: Time, token: Token, version: i16, request: EndTxnRequest) {
        let id = &request.transactional_id.0;
        let found = if id.is_empty() { Err(ErrorCode::InvalidRequest) } else { self.locate(id) };
        let transaction = match found.map(|_| self.transactions.get(id.as_ref())) {
            Ok(Some(transaction)) => transaction,
            Ok(None) => return self.respond(token, Response::ended(ErrorCode::InvalidProducerIdMapping, None)),
            Err(error) => return self.respond(token, Response::ended(error, None)),
        };
        let client_version = if version >= 5 { EPOCH_BUMP } else { 0 };
        let decision = if client_version < EPOCH_BUMP { decide_v1(transaction, &request) } else { decide(transaction, &request) };
        let metadata = transaction.metadata.clone();
        let empty = match decision {
            Decision::Answer(ErrorCode::None) => {
                let producer = (client_version >= EPOCH_BUMP).then_some((metadata.producer_id, metadata.producer_epoch));
                return self.respond(token, Response::ended(ErrorCode::None, producer));
            }
            Decision::Answer(error) => return self.respond(token, Response::ended(error, None)),
            Decision::End { empty } => empty,
        };
        let id: Arc<str> = Arc::clone(id);
        let next_id = if client_version >= EPOCH_BUMP && metadata.is_exhausted() {
            let commit = request.committed;
            let Some(id) = self.take_producer_id(token, version, || Request::End(EndTxnRequest { committed: commit, ..request.clone() }))
            else {
                return;
            };
            id
        } else {
            -1
        };
        let target = metadata.prepared(request.committed, client_version, next_id, empty, now.millis());
        let by = EndedBy::Client(token);
        self.append(now, &id, target, Then::Prepared { by });
    }

    /// Aborts an open transaction and fences its producer: an epoch more, whatever version its client speaks. The producer itself may come
    /// back for it with its former epoch, as long as no other process has the id.
    pub(super) fn fence(&mut self, now: Time, id: &Arc<str>, by: EndedBy) {
        let Some(transaction) = self.transactions.get(id) else { return };
        if by == EndedBy::Timeout {
            mark!(TransactionTimedOut);
        }
        if by != EndedBy::Timeout {
            mark!(TransactionFenced);
        }
        let target = transaction.metadata.prepared(false, EPOCH_BUMP, -1, false, now.millis());
        self.append(now, id, target, Then::Prepared { by });
    }

    /// The decision stands, or could not be written. `producer`: what holds after the end.
    pub(super) fn answer_end(&mut self, by: EndedBy, error: ErrorCode, producer: Option<(i64, i16)>) {
        match by {
            EndedBy::Client(token) => self.respond(token, Response::ended(error, producer)),
            EndedBy::Init(token) => {
                let error = if error.is_error() { error } else { ErrorCode::ConcurrentTransactions };
                self.respond(token, Response::no_producer(error));
            }
            EndedBy::Timeout => {}
        }
    }

    pub(super) fn abort_timed_out(&mut self, now: Time) {
        let late = |it: &Transaction| {
            let metadata = &it.metadata;
            let until = metadata.started.saturating_add(i64::from(metadata.timeout_ms));
            it.pending.is_none() && metadata.state == TransactionState::Ongoing && until < now.millis()
        };
        let ids: Vec<Arc<str>> = self.transactions.iter().filter(|(_, it)| late(it)).map(|(id, _)| Arc::clone(id)).collect();
        ids.iter().for_each(|id| self.fence(now, id, EndedBy::Timeout));
    }
}
