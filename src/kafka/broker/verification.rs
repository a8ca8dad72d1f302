//! Whether partitions are in a transaction: asked of its coordinator before a transaction's first records are taken
//! (`AddPartitionsToTxnManager`, KIP-890). For clients that leave it to the broker, the question adds them.

use super::answers::Tag;
use super::dispatch::{Context, Reply, reply};
use super::peers::{Message, REQUEST_TIMEOUT_MS};
use super::topic_creation::{OFFSETS_TOPIC, TRANSACTIONS_TOPIC};
use super::transactions::Asker;
use super::{Broker, ErrorCode};
use crate::kafka::client::net::Node;
use crate::kafka::coordinator::Request as GroupRequest;
use crate::kafka::coordinator::transactional::refused;
use crate::kafka::coordinator::transactions::Request;
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time};
use crate::kafka::wire::message::add_partitions_to_txn_request::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction};
use crate::kafka::wire::message::{
    AddPartitionsToTxnRequest, AddPartitionsToTxnResponse, ProduceRequest, Str, TopicName, TxnOffsetCommitRequest,
};
use crate::kafka::wire::murmur2::coordinator_partition;
use std::sync::Arc;

/// The version of AddPartitionsToTxn in which brokers ask.
const VERSION: i16 = 5;
/// The first versions whose clients leave it to the broker to add partitions, and those that know TRANSACTION_ABORTABLE (KIP-1050).
pub const PRODUCE_ADDS: i16 = 12;
const PRODUCE_ABORTABLE: i16 = 11;
const COMMIT_ADDS: i16 = 5;
const COMMIT_ABORTABLE: i16 = 4;

/// What goes on once the coordinator has answered.
#[derive(Clone, Debug)]
pub enum Verified {
    Produce(Context, ProduceRequest),
    Offsets(Context, TxnOffsetCommitRequest),
}

/// A question to the coordinator of a transaction.
#[derive(Clone, Debug)]
pub struct Verification {
    pub transactional_id: Str,
    pub producer_id: i64,
    pub epoch: i16,
    pub partitions: Vec<(Arc<str>, i32)>,
    /// Of each of them the first sequence number that is to be written; -1 for offsets.
    pub sequences: Vec<i32>,
    /// Adds the partitions, where they are not in the transaction.
    pub add: bool,
    /// The client knows TRANSACTION_ABORTABLE.
    pub abortable: bool,
    pub then: Verified,
}

#[derive(Clone, Debug)]
struct Pending {
    verification: Verification,
    since: Time,
    /// `None`: asked.
    after: Option<Time>,
}

/// The open questions to coordinators: those that are to be asked, now or after a wait, and those that wait for their answer.
///
/// The owner calls `begin` with a question, and holds the request that led to it. After each of its inputs and at `deadline` it drains
/// `poll_due`: what comes out it asks the coordinator, and it comes out once only. Each answer, and that there is none, goes to
/// `Broker::verification_answered` under the question's id: that removes the question and lets its request go on, or has it asked again
/// later, as long as the former transaction is still being ended.
#[derive(Clone, Debug, Default)]
pub struct Verifications {
    pending: SortedVecMap<u64, Pending>,
    next: u64,
}

impl Verifications {
    pub fn deadline(&self) -> Option<Deadline> {
        let at = self.pending.values().filter_map(|pending| pending.after).min()?;
        Some((at, Reason::new("add.partitions.to.txn.retry.backoff.ms", "")))
    }

    pub fn begin(&mut self, now: Time, verification: Verification) {
        self.next += 1;
        self.pending.insert(self.next, Pending { verification, since: now, after: Some(now) });
    }

    fn poll_due(&mut self, now: Time) -> Option<(u64, Verification)> {
        let due = |pending: &Pending| pending.after.is_some_and(|at| at <= now);
        let (id, pending) = self.pending.iter_mut().find(|(_, pending)| due(pending))?;
        pending.after = None;
        Some((*id, pending.verification.clone()))
    }
}

/// The outcome for each partition that is refused.
pub type Refused = SortedVecMap<(Arc<str>, i32), ErrorCode>;

fn request_of(verification: &Verification) -> AddPartitionsToTxnRequest {
    let mut topics: Vec<AddPartitionsToTxnTopic> = Vec::new();
    for (topic, partition) in &verification.partitions {
        match topics.iter_mut().find(|it| *it.name.0 == **topic) {
            Some(known) => known.partitions.push(*partition),
            None => topics.push(AddPartitionsToTxnTopic { name: TopicName(Arc::clone(topic)), partitions: vec![*partition] }),
        }
    }
    let transaction = AddPartitionsToTxnTransaction {
        transactional_id: verification.transactional_id.clone().into(),
        producer_id: verification.producer_id.into(),
        producer_epoch: verification.epoch,
        verify_only: !verification.add,
        topics,
    };
    AddPartitionsToTxnRequest { transactions: vec![transaction], ..AddPartitionsToTxnRequest::default() }
}

/// What the coordinator says of each partition; `None`: it has not answered.
fn outcome(verification: &Verification, response: Option<&AddPartitionsToTxnResponse>) -> Refused {
    let mut refused = Refused::new();
    let result = response.and_then(|response| response.results_by_transaction.first());
    for (topic, index) in &verification.partitions {
        let code = result.and_then(|result| {
            let topic = result.topic_results.iter().find(|it| *it.name.0 == **topic)?;
            let partition = topic.results_by_partition.iter().find(|it| it.partition_index == *index)?;
            Some(ErrorCode::from_code(partition.partition_error_code))
        });
        let whole = response.map(|response| ErrorCode::from_code(response.error_code)).filter(|error| error.is_error());
        let error = match whole.or(code).unwrap_or(ErrorCode::NetworkException) {
            // Producers expect the older error here.
            ErrorCode::ProducerFenced => ErrorCode::InvalidProducerEpoch,
            ErrorCode::TransactionAbortable if !verification.abortable => ErrorCode::InvalidTxnState,
            error => error,
        };
        if error.is_error() {
            refused.insert((Arc::clone(topic), *index), error);
        }
    }
    refused
}

impl Broker {
    /// Asks the next coordinator; whether there was anything to ask.
    pub(super) fn verify(&mut self, now: Time) -> bool {
        let Some((id, verification)) = self.verifications.poll_due(now) else { return false };
        // The marker of the former transaction, for which the last question came too early, has ended what was begun then.
        for ((topic, index), sequence) in verification.partitions.iter().zip(&verification.sequences) {
            if let Some((_, partition)) = self.topics.partition_mut(topic, *index) {
                partition.log.begin_verification(verification.producer_id, verification.epoch, *sequence, verification.add);
            }
        }
        let request = request_of(&verification);
        match self.coordinator_of(TRANSACTIONS_TOPIC, &verification.transactional_id).map(|broker| broker.id) {
            None => {
                let error_code = ErrorCode::CoordinatorNotAvailable.code();
                let response = AddPartitionsToTxnResponse { error_code, ..AddPartitionsToTxnResponse::default() };
                self.verification_answered(now, id, Some(&response));
            }
            Some(me) if me == self.options.node_id => {
                self.ask_transactions(now, Asker::Verification(id), VERSION, Request::AddPartitions(request));
            }
            Some(other) => {
                let message = Message::AddPartitionsToTxn(request);
                self.peers.ask(now, Node::Coordinator(other), message, Tag::Verification(id), REQUEST_TIMEOUT_MS);
            }
        }
        true
    }

    /// The coordinator's answer; `None`: there is none.
    pub(super) fn verification_answered(&mut self, now: Time, id: u64, response: Option<&AddPartitionsToTxnResponse>) {
        let Some(pending) = self.verifications.pending.get_mut(&id) else { return };
        let refused = outcome(&pending.verification, response);
        let waits = refused.values().any(|error| *error == ErrorCode::ConcurrentTransactions);
        let until = pending.since.plus_millis(self.config.add_partitions_to_txn_retry_backoff_max_ms);
        if waits && pending.verification.add && now < until {
            // The former transaction's markers are still being written.
            mark!(TransactionConcurrent);
            pending.after = Some(now.plus_millis(self.config.add_partitions_to_txn_retry_backoff_ms));
            return;
        }
        let Some(Pending { verification, .. }) = self.verifications.pending.remove(&id) else { return };
        for (topic, index) in verification.partitions {
            if !refused.contains_key(&(Arc::clone(&topic), index))
                && let Some((_, partition)) = self.topics.partition_mut(&topic, index)
            {
                partition.log.verified(verification.producer_id, verification.epoch);
            }
        }
        let (context, reply) = match verification.then {
            Verified::Produce(context, request) => {
                let reply = self.produce(now, &context, request, &refused);
                (context, reply)
            }
            Verified::Offsets(context, request) => {
                let reply = self.commit_verified(now, context.clone(), request, refused.values().next().copied());
                (context, reply)
            }
        };
        if !matches!(reply, Reply::Held) {
            self.answer_with(&context, reply);
        }
    }

    /// Of a produce request: the question, if a transaction's first records are in it for a partition that this broker leads. Without
    /// `transaction.partition.verification.enable` it is asked for clients alone that leave it to the broker to add partitions.
    pub(super) fn unverified(&mut self, context: &Context, request: &ProduceRequest) -> Option<Verification> {
        let transactional_id = request.transactional_id.as_ref()?.0.clone();
        let adds = context.version >= PRODUCE_ADDS;
        let (mut partitions, mut sequences, mut producer) = (Vec::new(), Vec::new(), None);
        for (name, index, batch) in self.transactional_batches(context, request) {
            let (id, epoch) = (batch.producer_id(), batch.producer_epoch());
            let Some((_, partition)) = self.topics.partition_mut(&name, index) else { continue };
            let asks = adds || partition.log.config().transaction_verification;
            // A fenced producer hears so from the log, and nobody is asked.
            if !asks || partition.leading.is_none() || partition.log.in_transaction(id, epoch) || partition.log.is_fenced(id, epoch) {
                continue;
            }
            partition.log.begin_verification(id, epoch, batch.base_sequence(), adds);
            producer.get_or_insert((id, epoch));
            partitions.push((name, index));
            sequences.push(batch.base_sequence());
        }
        let (producer_id, epoch) = producer?;
        Some(Verification {
            transactional_id,
            producer_id,
            epoch,
            partitions,
            sequences,
            add: adds,
            abortable: context.version >= PRODUCE_ABORTABLE,
            then: Verified::Produce(context.clone(), request.clone()),
        })
    }

    /// TxnOffsetCommit: the group coordinator is asked once the transaction's coordinator knows of the offsets.
    pub(super) fn commit_in_transaction(&mut self, now: Time, context: Context, request: TxnOffsetCommitRequest) -> Reply {
        let index = coordinator_partition(&request.group_id.0, self.config.offsets_topic_num_partitions);
        let (producer_id, epoch) = (request.producer_id.0, request.producer_epoch);
        let Some((topic, partition)) = self.topics.partition_mut(OFFSETS_TOPIC, index).filter(|(_, it)| it.leading.is_some()) else {
            return self.commit_verified(now, context, request, None);
        };
        let adds = context.version >= COMMIT_ADDS;
        let asks = adds || partition.log.config().transaction_verification;
        if !asks || partition.log.in_transaction(producer_id, epoch) {
            return self.commit_verified(now, context, request, None);
        }
        if partition.log.is_fenced(producer_id, epoch) {
            return self.commit_verified(now, context, request, Some(ErrorCode::InvalidProducerEpoch));
        }
        partition.log.begin_verification(producer_id, epoch, -1, adds);
        let verification = Verification {
            transactional_id: request.transactional_id.0.clone(),
            producer_id,
            epoch,
            partitions: vec![(topic, index)],
            sequences: vec![-1],
            add: adds,
            abortable: context.version >= COMMIT_ABORTABLE,
            then: Verified::Offsets(context, request),
        };
        self.verifications.begin(now, verification);
        Reply::Held
    }

    fn commit_verified(&mut self, now: Time, context: Context, request: TxnOffsetCommitRequest, error: Option<ErrorCode>) -> Reply {
        match error {
            None => self.ask_groups(now, context, GroupRequest::TxnOffsetCommit(request)),
            // Older clients do not try again otherwise.
            Some(ErrorCode::NetworkException) => reply(&context, refused(request, ErrorCode::CoordinatorLoadInProgress)),
            Some(error) => reply(&context, refused(request, error)),
        }
    }
}
