//! The requests that the transaction coordinator answers, and its answers.

use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame::{self, FrameError};
use crate::kafka::wire::message as m;
use bytes::Bytes;
use m::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use m::add_partitions_to_txn_response::{AddPartitionsToTxnPartitionResult, AddPartitionsToTxnResult, AddPartitionsToTxnTopicResult};

/// A request, each with its version: answers differ.
#[derive(Clone, Debug)]
pub enum Request {
    /// With a transactional id.
    InitProducerId(m::InitProducerIdRequest),
    AddPartitions(m::AddPartitionsToTxnRequest),
    AddOffsets(m::AddOffsetsToTxnRequest),
    End(m::EndTxnRequest),
    Describe(m::DescribeTransactionsRequest),
    List(m::ListTransactionsRequest),
}

#[derive(Clone, Debug)]
pub enum Response {
    InitProducerId(m::InitProducerIdResponse),
    AddPartitions(m::AddPartitionsToTxnResponse),
    AddOffsets(m::AddOffsetsToTxnResponse),
    End(m::EndTxnResponse),
    Describe(m::DescribeTransactionsResponse),
    List(m::ListTransactionsResponse),
}

impl Response {
    /// # Errors
    /// A field is set that the version cannot say.
    pub fn encode(self, version: i16, correlation_id: i32) -> Result<Bytes, FrameError> {
        match self {
            Self::InitProducerId(response) => frame::encode_response(version, correlation_id, response),
            Self::AddPartitions(response) => frame::encode_response(version, correlation_id, response),
            Self::AddOffsets(response) => frame::encode_response(version, correlation_id, response),
            Self::End(response) => frame::encode_response(version, correlation_id, response),
            Self::Describe(response) => frame::encode_response(version, correlation_id, response),
            Self::List(response) => frame::encode_response(version, correlation_id, response),
        }
    }

    /// A producer's id and epoch.
    pub(super) fn producer(id: i64, epoch: i16) -> Self {
        Self::InitProducerId(m::InitProducerIdResponse {
            producer_id: id.into(),
            producer_epoch: epoch,
            ..m::InitProducerIdResponse::default()
        })
    }

    pub(super) fn no_producer(error: ErrorCode) -> Self {
        let response = m::InitProducerIdResponse { error_code: error.code(), ..m::InitProducerIdResponse::default() };
        Self::InitProducerId(m::InitProducerIdResponse { producer_id: (-1).into(), producer_epoch: -1, ..response })
    }

    pub(super) fn offsets_added(error: ErrorCode) -> Self {
        Self::AddOffsets(m::AddOffsetsToTxnResponse { error_code: error.code(), ..m::AddOffsetsToTxnResponse::default() })
    }

    /// `producer`: the id and epoch that hold after the end, for clients that are told (KIP-890).
    pub(super) fn ended(error: ErrorCode, producer: Option<(i64, i16)>) -> Self {
        let (id, epoch) = producer.unwrap_or((-1, -1));
        let response = m::EndTxnResponse { error_code: error.code(), ..m::EndTxnResponse::default() };
        Self::End(m::EndTxnResponse { producer_id: id.into(), producer_epoch: epoch, ..response })
    }
}

/// The same error, or none, for all these partitions.
pub fn results(topics: &[AddPartitionsToTxnTopic], error: impl Fn(&m::Str, i32) -> ErrorCode) -> Vec<AddPartitionsToTxnTopicResult> {
    let topic = |topic: &AddPartitionsToTxnTopic| AddPartitionsToTxnTopicResult {
        name: topic.name.clone(),
        results_by_partition: topic
            .partitions
            .iter()
            .map(|&index| AddPartitionsToTxnPartitionResult {
                partition_index: index,
                partition_error_code: error(&topic.name.0, index).code(),
            })
            .collect(),
    };
    topics.iter().map(topic).collect()
}

/// An AddPartitionsToTxn that waits until all its transactions are answered.
#[derive(Clone, Debug)]
pub struct Adding {
    version: i16,
    request: m::AddPartitionsToTxnRequest,
    answers: Vec<Option<Vec<AddPartitionsToTxnTopicResult>>>,
}

impl Adding {
    /// The request as one of several transactions, whatever its version.
    pub fn new(version: i16, mut request: m::AddPartitionsToTxnRequest) -> Self {
        if version < 4 {
            request.transactions = vec![m::add_partitions_to_txn_request::AddPartitionsToTxnTransaction {
                transactional_id: std::mem::take(&mut request.v3_and_below_transactional_id),
                producer_id: request.v3_and_below_producer_id,
                producer_epoch: request.v3_and_below_producer_epoch,
                verify_only: false,
                topics: std::mem::take(&mut request.v3_and_below_topics),
            }];
        }
        Self { version, answers: vec![None; request.transactions.len()], request }
    }

    pub fn transaction(&self, at: usize) -> Option<&m::add_partitions_to_txn_request::AddPartitionsToTxnTransaction> {
        self.request.transactions.get(at)
    }

    /// Their number.
    pub fn transactions(&self) -> usize {
        self.request.transactions.len()
    }

    pub fn version(&self) -> i16 {
        self.version
    }

    /// Answers all partitions of one transaction alike.
    pub fn answer(&mut self, at: usize, error: ErrorCode) {
        let results = self.transaction(at).map(|transaction| results(&transaction.topics, |_, _| error));
        self.answer_each(at, results.unwrap_or_default());
    }

    pub fn answer_each(&mut self, at: usize, results: Vec<AddPartitionsToTxnTopicResult>) {
        if let Some(answer) = self.answers.get_mut(at) {
            *answer = Some(results);
        }
    }

    pub fn is_done(&self) -> bool {
        self.answers.iter().all(Option::is_some)
    }

    pub fn response(self) -> Response {
        let answer = m::AddPartitionsToTxnResponse::default();
        let results = self.request.transactions.into_iter().zip(self.answers.into_iter().map(Option::unwrap_or_default));
        Response::AddPartitions(if self.version < 4 {
            let results = results.map(|(_, results)| results).next().unwrap_or_default();
            m::AddPartitionsToTxnResponse { results_by_topic_v3_and_below: results, ..answer }
        } else {
            let results = results.map(|(transaction, topic_results)| AddPartitionsToTxnResult {
                transactional_id: transaction.transactional_id,
                topic_results,
            });
            m::AddPartitionsToTxnResponse { results_by_transaction: results.collect(), ..answer }
        })
    }
}
