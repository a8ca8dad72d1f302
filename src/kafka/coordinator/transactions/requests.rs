//! InitProducerId, AddPartitionsToTxn, AddOffsetsToTxn, DescribeTransactions and ListTransactions.

use super::answers::{Adding, Request, Response, results};
use super::ending::EndedBy;
use super::machine::{Then, Transaction, TransactionCoordinator};
use super::state::{EPOCH_BUMP, Metadata, TransactionState, is_exhausted};
use super::{OFFSETS_TOPIC, Token};
use crate::kafka::expression;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::hash_order;
use crate::kafka::wire::message::{self as m, Str, TopicName};
use crate::kafka::wire::murmur2::coordinator_partition;
use m::add_partitions_to_txn_request::AddPartitionsToTxnTransaction;
use m::describe_transactions_response::{TopicData, TransactionState as Described};
use m::list_transactions_response::TransactionState as Listed;
use std::sync::Arc;

/// The first version of AddPartitionsToTxn that brokers ask for clients which do not (KIP-890).
const FIRST_OF_BROKERS: i16 = 4;

impl TransactionCoordinator {
    pub(super) fn request(&mut self, now: Time, token: Token, version: i16, request: Request) {
        match request {
            Request::InitProducerId(request) => self.init(now, token, version, request),
            Request::AddPartitions(request) => {
                let adding = Adding::new(version, request);
                let count = adding.transactions();
                self.adding.insert(token, adding);
                (0..count).for_each(|at| self.add_partitions(now, token, at));
                self.finish_adding(token);
            }
            Request::AddOffsets(request) => self.add_offsets(now, token, &request),
            Request::End(request) => self.end(now, token, version, request),
            Request::Describe(request) => {
                let transaction_states = request.transactional_ids.iter().map(|id| self.described(&id.0)).collect();
                let response = m::DescribeTransactionsResponse { transaction_states, ..m::DescribeTransactionsResponse::default() };
                self.respond(token, Response::Describe(response));
            }
            Request::List(request) => {
                let response = self.list(now, &request);
                self.respond(token, Response::List(response));
            }
        }
    }

    fn init(&mut self, now: Time, token: Token, version: i16, request: m::InitProducerIdRequest) {
        if let Err(error) = self.try_init(now, token, version, request) {
            self.respond(token, Response::no_producer(error));
        }
    }

    /// Kafka's `handleInitProducerId` and `prepareInitProducerIdTransit`.
    fn try_init(&mut self, now: Time, token: Token, version: i16, request: m::InitProducerIdRequest) -> Result<(), ErrorCode> {
        let id: Arc<str> = request.transactional_id.as_ref().map(|id| Arc::clone(&id.0)).unwrap_or_default();
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        let timeout_ms = request.transaction_timeout_ms;
        if timeout_ms <= 0 || timeout_ms > self.config.max_timeout_ms {
            return Err(ErrorCode::InvalidTransactionTimeout);
        }
        let expected = match (request.producer_id.0, request.producer_epoch) {
            (-1, -1) => None,
            (-1, _) | (_, -1) => return Err(ErrorCode::InvalidRequest),
            expected => Some(expected),
        };
        let partition = self.locate(&id)?;
        if !self.transactions.contains_key(&id) {
            let Some(producer_id) = self.take_producer_id(token, version, || Request::InitProducerId(request)) else { return Ok(()) };
            let metadata = Metadata::new(producer_id, timeout_ms, now.millis());
            let new = Transaction { partition, metadata, pending: None, unmarked: Vec::new() };
            self.transactions.insert(Arc::clone(&id), new);
            let Some(new) = self.transactions.get(&id) else { return Ok(()) };
            let target = new.metadata.with_next_epoch(timeout_ms, expected.map(|(_, epoch)| epoch), now.millis())?;
            self.append(now, &id, target, Then::Init(token));
            return Ok(());
        }
        let Some(transaction) = self.transactions.get(&id) else { return Ok(()) };
        let metadata = &transaction.metadata;
        if transaction.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let same = |(id, epoch): (i64, i16)| {
            metadata.producer_epoch == -1 || id == metadata.producer_id || id == metadata.previous_producer_id && is_exhausted(epoch)
        };
        if !expected.is_none_or(same) {
            return Err(ErrorCode::ProducerFenced);
        }
        match metadata.state {
            TransactionState::Ongoing => self.fence(now, &id, EndedBy::Init(token)),
            TransactionState::Empty | TransactionState::CompleteCommit | TransactionState::CompleteAbort => {
                let expected_epoch = expected.map(|(_, epoch)| epoch);
                let target = if metadata.is_exhausted() && expected_epoch.is_none_or(|epoch| epoch == metadata.producer_epoch) {
                    let metadata = metadata.clone();
                    let Some(new_id) = self.take_producer_id(token, version, || Request::InitProducerId(request)) else { return Ok(()) };
                    metadata.with_new_id(new_id, timeout_ms, expected.is_some(), now.millis())
                } else {
                    metadata.with_next_epoch(timeout_ms, expected_epoch, now.millis())?
                };
                self.append(now, &id, target, Then::Init(token));
            }
            _ => return Err(ErrorCode::ConcurrentTransactions),
        }
        Ok(())
    }

    /// One transaction of an AddPartitionsToTxn.
    fn add_partitions(&mut self, now: Time, token: Token, at: usize) {
        let Some(adding) = self.adding.get(&token) else { return };
        let Some(asked) = adding.transaction(at).cloned() else { return };
        let client_version = if adding.version() >= FIRST_OF_BROKERS { EPOCH_BUMP } else { 0 };
        if asked.verify_only {
            let answer = self.verify(&asked);
            if let Some(adding) = self.adding.get_mut(&token) {
                match answer {
                    Ok(partitions) => {
                        let known = |topic: &Str, index: i32| {
                            let known = partitions.contains(&(Arc::clone(topic), index));
                            if known { ErrorCode::None } else { ErrorCode::TransactionAbortable }
                        };
                        adding.answer_each(at, results(&asked.topics, known));
                    }
                    Err(error) => adding.answer(at, error),
                }
            }
            return;
        }
        let mut partitions = SortedVecSet::new();
        for topic in &asked.topics {
            for &index in &topic.partitions {
                partitions.insert((Arc::clone(&topic.name.0), index));
            }
        }
        let (id, producer) = (&asked.transactional_id.0, (asked.producer_id.0, asked.producer_epoch));
        if let Err(error) = self.add(now, id, producer, &partitions, client_version, Then::Partitions(token, at))
            && let Some(adding) = self.adding.get_mut(&token)
        {
            adding.answer(at, error);
        }
    }

    /// A transaction of an AddPartitionsToTxn is answered.
    pub(super) fn added(&mut self, token: Token, at: usize, error: ErrorCode) {
        if let Some(adding) = self.adding.get_mut(&token) {
            adding.answer(at, error);
        }
        self.finish_adding(token);
    }

    fn finish_adding(&mut self, token: Token) {
        if self.adding.get(&token).is_some_and(Adding::is_done)
            && let Some(adding) = self.adding.remove(&token)
        {
            self.respond(token, adding.response());
        }
    }

    fn add_offsets(&mut self, now: Time, token: Token, request: &m::AddOffsetsToTxnRequest) {
        let partition = coordinator_partition(&request.group_id.0, self.config.offsets_partitions);
        let mut partitions = SortedVecSet::new();
        partitions.insert((Arc::from(OFFSETS_TOPIC), partition));
        let (id, producer) = (&request.transactional_id.0, (request.producer_id.0, request.producer_epoch));
        if let Err(error) = self.add(now, id, producer, &partitions, 0, Then::Offsets(token)) {
            self.respond(token, Response::offsets_added(error));
        }
    }

    /// Kafka's `handleAddPartitionsToTransaction`. The error NONE says that there is nothing to add.
    fn add(
        &mut self,
        now: Time,
        id: &Arc<str>,
        producer: (i64, i16),
        partitions: &SortedVecSet<(Arc<str>, i32)>,
        client_version: i16,
        then: Then,
    ) -> Result<(), ErrorCode> {
        // First: the producer may know already of the id and epoch that are on their way.
        if self.known(id)?.pending.is_some() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        let metadata = &self.checked(id, producer)?.metadata;
        let known = partitions.iter().all(|partition| metadata.partitions.contains(partition));
        if metadata.state == TransactionState::Ongoing && known {
            return Err(ErrorCode::None);
        }
        let target = metadata.with_partitions(partitions, client_version, now.millis());
        self.append(now, id, target, then);
        Ok(())
    }

    fn known(&self, id: &Arc<str>) -> Result<&Transaction, ErrorCode> {
        if id.is_empty() {
            return Err(ErrorCode::InvalidRequest);
        }
        self.locate(id)?;
        self.transactions.get(id).ok_or(ErrorCode::InvalidProducerIdMapping)
    }

    /// The id, if it is this producer's and can be in a transaction.
    fn checked(&self, id: &Arc<str>, (producer_id, epoch): (i64, i16)) -> Result<&Transaction, ErrorCode> {
        let transaction = self.known(id)?;
        let metadata = &transaction.metadata;
        if metadata.producer_id != producer_id {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        if metadata.producer_epoch != epoch {
            return Err(ErrorCode::ProducerFenced);
        }
        match metadata.state {
            TransactionState::PrepareCommit | TransactionState::PrepareAbort => Err(ErrorCode::ConcurrentTransactions),
            _ => Ok(transaction),
        }
    }

    /// Kafka's `handleVerifyPartitionsInTransaction`: the partitions of the transaction.
    fn verify(&self, asked: &AddPartitionsToTxnTransaction) -> Result<SortedVecSet<(Arc<str>, i32)>, ErrorCode> {
        let transaction = self.checked(&asked.transactional_id.0, (asked.producer_id.0, asked.producer_epoch))?;
        Ok(transaction.metadata.partitions.clone())
    }

    fn described(&self, id: &Str) -> Described {
        let answer = Described { transactional_id: id.clone().into(), ..Described::default() };
        let found = if id.is_empty() { Err(ErrorCode::InvalidRequest) } else { self.locate(id) };
        let transaction = found.and_then(|_| self.transactions.get(id.as_ref()).ok_or(ErrorCode::TransactionalIdNotFound));
        let metadata = match transaction {
            Ok(transaction) => &transaction.metadata,
            Err(error) => return Described { error_code: error.code(), ..answer },
        };
        let mut topics: Vec<TopicData> = Vec::new();
        for (topic, partition) in &metadata.partitions {
            match topics.last_mut() {
                Some(last) if *last.topic.0 == **topic => last.partitions.push(*partition),
                _ => topics.push(TopicData { topic: TopicName(Str::clone(topic)), partitions: vec![*partition] }),
            }
        }
        Described {
            transaction_state: Str::from(metadata.state.name()),
            transaction_timeout_ms: metadata.timeout_ms,
            transaction_start_time_ms: metadata.started,
            producer_id: metadata.producer_id.into(),
            producer_epoch: metadata.producer_epoch,
            topics,
            ..answer
        }
    }

    /// Kafka's `listTransactionStates`, in the order in which its tables are walked: a partition of `__transaction_state` after the other.
    fn list(&self, now: Time, request: &m::ListTransactionsRequest) -> m::ListTransactionsResponse {
        let answer = m::ListTransactionsResponse::default();
        let pattern = match request.transactional_id_pattern.as_deref().filter(|pattern| !pattern.is_empty()).map(expression::compile) {
            Some(Err(_)) => {
                let error_code = ErrorCode::InvalidRegularExpression.code();
                return m::ListTransactionsResponse { error_code, ..answer };
            }
            Some(Ok(pattern)) => Some(pattern),
            None => None,
        };
        let unknown = request.state_filters.iter().filter(|name| TransactionState::from_name(name).is_none()).cloned();
        let passes = |id: &str, it: &Transaction| {
            let metadata = &it.metadata;
            // An id that was in no transaction yet has run since -1, and so is the oldest of all.
            let age = now.millis().saturating_sub(metadata.started);
            (request.producer_id_filters.is_empty() || request.producer_id_filters.iter().any(|id| id.0 == metadata.producer_id))
                && (request.state_filters.is_empty() || request.state_filters.iter().any(|name| **name == *metadata.state.name()))
                && (request.duration_filter < 0 || age > request.duration_filter)
                && pattern.as_ref().is_none_or(|pattern| pattern.is_match(id))
        };
        let mut ids: Vec<&Arc<str>> = hash_order::grown(self.transactions.keys());
        ids.sort_by_key(|id| self.transactions.get(*id).map(|it| it.partition));
        let found = ids.into_iter().filter_map(|id| Some((id, self.transactions.get(id)?)));
        let listed = found.filter(|(id, it)| passes(id, it)).map(|(id, it)| Listed {
            transactional_id: Str::clone(id).into(),
            producer_id: it.metadata.producer_id.into(),
            transaction_state: Str::from(it.metadata.state.name()),
        });
        m::ListTransactionsResponse { unknown_state_filters: unknown.collect(), transaction_states: listed.collect(), ..answer }
    }
}
