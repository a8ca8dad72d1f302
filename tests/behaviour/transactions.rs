//! Requests of transactions, their answers, and the recorded scenario.

use crate::requests::{Asked, CLIENT_ID, Fields};
use crate::{Replay, steps};
use bytes::Bytes;
use serde_json::{Value, json};
use tidepool::kafka::time::Time;
use tidepool::kafka::wire::batch::batches;
use tidepool::kafka::wire::frame;
use tidepool::kafka::wire::marker::Marker;
use tidepool::kafka::wire::message::{self as m, ApiKey};

pub fn encode(api: &str, version: i16, f: Fields<'_>) -> Option<(Bytes, Asked)> {
    macro_rules! frame {
        ($api:ident, $request:expr) => {
            (frame::encode_request(version, 1, &CLIENT_ID.into(), $request).expect(api), Asked { api: ApiKey::$api, version })
        };
    }
    let (id, epoch) = (f.int("ProducerId", -1_i64).into(), f.int("ProducerEpoch", -1));
    let transactional_id = f.text("TransactionalId").into();
    Some(match api {
        "AddPartitionsToTxn" => frame!(
            AddPartitionsToTxn,
            m::AddPartitionsToTxnRequest {
                v3_and_below_transactional_id: f.text("V3AndBelowTransactionalId").into(),
                v3_and_below_producer_id: f.int("V3AndBelowProducerId", -1_i64).into(),
                v3_and_below_producer_epoch: f.int("V3AndBelowProducerEpoch", -1),
                v3_and_below_topics: f.each("V3AndBelowTopics", |t| m::add_partitions_to_txn_request::AddPartitionsToTxnTopic {
                    name: t.text("Name").into(),
                    partitions: t.ints("Partitions"),
                }),
                ..m::AddPartitionsToTxnRequest::default()
            }
        ),
        "AddOffsetsToTxn" => frame!(
            AddOffsetsToTxn,
            m::AddOffsetsToTxnRequest { transactional_id, producer_id: id, producer_epoch: epoch, group_id: f.text("GroupId").into() }
        ),
        "EndTxn" => {
            frame!(EndTxn, m::EndTxnRequest { transactional_id, producer_id: id, producer_epoch: epoch, committed: f.flag("Committed") })
        }
        "TxnOffsetCommit" => frame!(
            TxnOffsetCommit,
            m::TxnOffsetCommitRequest {
                transactional_id,
                group_id: f.text("GroupId").into(),
                producer_id: id,
                producer_epoch: epoch,
                generation_id: f.int("GenerationId", -1),
                member_id: f.text("MemberId"),
                group_instance_id: f.optional("GroupInstanceId"),
                topics: f.each("Topics", |t| m::txn_offset_commit_request::TxnOffsetCommitRequestTopic {
                    name: t.text("Name").into(),
                    partitions: t.each("Partitions", |p| m::txn_offset_commit_request::TxnOffsetCommitRequestPartition {
                        partition_index: p.int("PartitionIndex", 0),
                        committed_offset: p.int("CommittedOffset", -1),
                        committed_leader_epoch: p.int("CommittedLeaderEpoch", -1),
                        committed_metadata: p.optional("CommittedMetadata"),
                    }),
                }),
            }
        ),
        "DescribeTransactions" => frame!(
            DescribeTransactions,
            m::DescribeTransactionsRequest { transactional_ids: f.texts("TransactionalIds").into_iter().map(Into::into).collect() }
        ),
        _ => return None,
    })
}

pub fn decode(asked: &Asked, body: Bytes) -> Option<Value> {
    macro_rules! body {
        ($response:ident) => {
            frame::decode_body::<m::$response>(body, asked.version).expect("a response body")
        };
    }
    #[expect(clippy::wildcard_enum_match_arm, reason = "the other APIs are not of this file")]
    Some(match asked.api {
        ApiKey::AddPartitionsToTxn => {
            let r = body!(AddPartitionsToTxnResponse);
            json!({"ResultsByTopicV3AndBelow": r.results_by_topic_v3_and_below.iter().map(|t| json!({"Name": t.name.to_string(),
                "ResultsByPartition": t.results_by_partition.iter().map(|p| json!({
                    "PartitionIndex": p.partition_index, "PartitionErrorCode": p.partition_error_code,
                })).collect::<Vec<_>>()})).collect::<Vec<_>>()})
        }
        ApiKey::AddOffsetsToTxn => json!({"ErrorCode": body!(AddOffsetsToTxnResponse).error_code}),
        ApiKey::EndTxn => json!({"ErrorCode": body!(EndTxnResponse).error_code}),
        ApiKey::TxnOffsetCommit => {
            let r = body!(TxnOffsetCommitResponse);
            json!({"Topics": r.topics.iter().map(|t| json!({"Name": t.name.to_string(), "Partitions": t.partitions.iter().map(|p| json!({
                "PartitionIndex": p.partition_index, "ErrorCode": p.error_code,
            })).collect::<Vec<_>>()})).collect::<Vec<_>>()})
        }
        ApiKey::DescribeTransactions => {
            let r = body!(DescribeTransactionsResponse);
            json!({"TransactionStates": r.transaction_states.iter().map(|s| json!({"ErrorCode": s.error_code,
                "TransactionalId": s.transactional_id.to_string(), "TransactionState": s.transaction_state.as_ref(),
                "TransactionTimeoutMs": s.transaction_timeout_ms, "TransactionStartTimeMs": s.transaction_start_time_ms,
                "ProducerEpoch": s.producer_epoch, "Topics": s.topics.iter().map(|t| json!({
                    "Topic": t.topic.to_string(), "Partitions": t.partitions,
                })).collect::<Vec<_>>()})).collect::<Vec<_>>()})
        }
        _ => return None,
    })
}

/// The recorded producer id, which stands in the recorded batches too.
const PRODUCER_ID: i64 = 2020;

#[test]
fn transactions() {
    let config = [("transaction.state.log.num.partitions", "8"), ("transaction.state.log.replication.factor", "1")];
    let mut replay = Replay::with(&config);
    replay.create_topic("tx262429", 1, &[]);
    for (kind, key) in [(0, "txg262429"), (1, "txid262429")] {
        replay.ask("FindCoordinator", 4, &json!({"KeyType": kind, "CoordinatorKeys": [key]}));
    }
    for _ in 0..PRODUCER_ID {
        let request = json!({"TransactionTimeoutMs": 60_000, "ProducerId": -1, "ProducerEpoch": -1});
        assert_eq!(replay.ask("InitProducerId", 4, &request)["ErrorCode"], 0);
    }
    let steps = steps("transactions-v1-protocol");
    // The clock of the recorded cluster, as its answers tell it: when a transaction began, and when its markers were written.
    let began = steps[9]["response"]["TransactionStates"][0]["TransactionStartTimeMs"].as_i64().expect("a time");
    let records = crate::json::unhex(steps[24]["response"]["Responses"][0]["Partitions"][0]["Records"].as_str().expect("records"));
    let written = batches(records.into()).map(|batch| batch.expect("whole")).filter(|batch| Marker::of(batch).is_some());
    let mut written = written.map(|batch| batch.max_timestamp());
    for (index, step) in steps.iter().enumerate() {
        let at = match index {
            2 => continue, // `what_another_broker_answers`
            7 => Some(began),
            16 | 23 => written.next(),
            _ => None,
        };
        if let Some(at) = at {
            replay.now = Time::from_millis(at);
        }
        replay.step(step);
    }
}
