//! Transactions over brokers: what is read when, offsets that wait for the marker, and the loss of coordinators and leaders.

use super::testing::START;
use super::testing_cluster::Cluster;
use crate::kafka::wire::batch::{BatchBuilder, BatchOptions, batches};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::marker::Marker;
use crate::kafka::wire::message::create_topics_request::CreatableTopic;
use crate::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic};
use crate::kafka::wire::message::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use crate::kafka::wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use crate::kafka::wire::message::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};
use crate::kafka::wire::message::*;

fn text(value: &str) -> Str {
    Str::from(value)
}

fn id() -> TransactionalId {
    text("tx").into()
}

/// A cluster with a topic of two partitions, and a producer of the newest protocol.
struct Bench {
    cluster: Cluster,
    producer: (i64, i16),
    sequences: [i32; 2],
}

impl Bench {
    fn new(brokers: i32) -> Self {
        let config = [("transaction.state.log.num.partitions", "3")];
        let mut cluster = Cluster::new(brokers, &config, None);
        let topic = CreatableTopic {
            name: TopicName(text("t")),
            num_partitions: 2,
            replication_factor: brokers as i16,
            ..CreatableTopic::default()
        };
        cluster.call(1, 7, CreateTopicsRequest { topics: vec![topic], timeout_ms: 5000, ..CreateTopicsRequest::default() });
        cluster.until(5000, "a leader", |cluster| (0..2).all(|index| cluster.leader("t", index).is_some()));
        cluster.run_for(1000);
        let mut bench = Self { cluster, producer: (-1, -1), sequences: [0; 2] };
        bench.init();
        bench
    }

    fn coordinator(&mut self, key_type: i8, key: &str) -> i32 {
        let at = *self.cluster.nodes.keys().next().expect("a broker");
        for _ in 0..100 {
            let request = FindCoordinatorRequest { key_type, coordinator_keys: vec![text(key)], ..FindCoordinatorRequest::default() };
            let found = self.cluster.call(at, 4, request).coordinators.remove(0);
            if found.error_code == 0 && self.cluster.nodes.contains_key(&found.node_id.0) {
                return found.node_id.0;
            }
            self.cluster.run_for(500);
        }
        panic!("no coordinator");
    }

    fn init(&mut self) {
        for _ in 0..100 {
            let at = self.coordinator(1, "tx");
            let request = InitProducerIdRequest {
                transactional_id: Some(id()),
                transaction_timeout_ms: 60_000,
                producer_id: (-1).into(),
                producer_epoch: -1,
            };
            let answer = self.cluster.call(at, 5, request);
            if answer.error_code == 0 {
                self.producer = (answer.producer_id.0, answer.producer_epoch);
                self.sequences = [0; 2];
                return;
            }
            self.cluster.run_for(100);
        }
        panic!("no producer id");
    }

    /// The broker adds the partition to the transaction itself.
    fn produce(&mut self, partition: i32, value: &str) -> i16 {
        let (producer_id, producer_epoch) = self.producer;
        let base_sequence = self.sequences[partition as usize];
        let options = BatchOptions { producer_id, producer_epoch, base_sequence, transactional: true, ..BatchOptions::default() };
        let mut builder = BatchBuilder::new(options);
        builder.push(self.cluster.now.millis(), None, Some(value.as_bytes()), &[]);
        let data = PartitionProduceData { index: partition, records: Some(builder.build().bytes().clone()) };
        let topic = TopicProduceData { name: TopicName(text("t")), partition_data: vec![data], ..TopicProduceData::default() };
        let request = ProduceRequest { transactional_id: Some(id()), acks: -1, timeout_ms: 3000, topic_data: vec![topic] };
        let at = self.cluster.leader("t", partition).expect("a leader");
        let error = self.cluster.call(at, 12, request).responses[0].partition_responses[0].error_code;
        if error == 0 {
            self.sequences[partition as usize] += 1;
        }
        error
    }

    fn end(&mut self, committed: bool) -> i16 {
        for _ in 0..100 {
            let at = self.coordinator(1, "tx");
            let (producer_id, producer_epoch) = self.producer;
            let request = EndTxnRequest { transactional_id: id(), producer_id: producer_id.into(), producer_epoch, committed };
            let answer = self.cluster.call(at, 5, request);
            match ErrorCode::from_code(answer.error_code) {
                ErrorCode::None => {
                    self.producer = (answer.producer_id.0, answer.producer_epoch);
                    self.sequences = [0; 2];
                    return 0;
                }
                ErrorCode::ConcurrentTransactions | ErrorCode::NotCoordinator => self.cluster.run_for(100),
                error => return error.code(),
            }
        }
        panic!("no end");
    }

    /// The values that a reader gets, as a client takes them: without markers, and without those of aborted transactions.
    fn read(&mut self, partition: i32, isolation_level: i8) -> Vec<String> {
        let at = self.cluster.leader("t", partition).expect("a leader");
        let wanted = FetchPartition { partition, fetch_offset: 0, partition_max_bytes: 1 << 20, ..FetchPartition::default() };
        let topic = FetchTopic { topic: TopicName(text("t")), partitions: vec![wanted], ..FetchTopic::default() };
        let request = FetchRequest { isolation_level, max_bytes: 1 << 20, topics: vec![topic], ..FetchRequest::default() };
        let data = self.cluster.call(at, 12, request).responses.remove(0).partitions.remove(0);
        let mut aborted = data.aborted_transactions.unwrap_or_default();
        let mut values = Vec::new();
        let mut hidden: Vec<i64> = Vec::new();
        for batch in batches(data.records.unwrap_or_default()).map(|batch| batch.expect("whole")) {
            let producer = batch.producer_id();
            aborted.retain(|it| {
                let begins = it.producer_id.0 == producer && it.first_offset <= batch.last_offset();
                if begins {
                    hidden.push(producer);
                }
                !begins
            });
            if Marker::of(&batch).is_some() {
                hidden.retain(|it| *it != producer);
            } else if !batch.is_transactional() || !hidden.contains(&producer) {
                let records = batch.records().expect("records");
                values.extend(records.into_iter().map(|it| String::from_utf8_lossy(&it.value.unwrap_or_default()).into_owned()));
            }
        }
        values
    }

    fn commit_offset(&mut self, offset: i64) -> i16 {
        let at = self.coordinator(0, "g");
        let partition = TxnOffsetCommitRequestPartition { committed_offset: offset, ..TxnOffsetCommitRequestPartition::default() };
        let topic = TxnOffsetCommitRequestTopic { name: TopicName(text("t")), partitions: vec![partition] };
        let request = TxnOffsetCommitRequest {
            transactional_id: id(),
            group_id: GroupId(text("g")),
            producer_id: self.producer.0.into(),
            producer_epoch: self.producer.1,
            topics: vec![topic],
            ..TxnOffsetCommitRequest::default()
        };
        self.cluster.call(at, 5, request).topics[0].partitions[0].error_code
    }

    /// Error and offset.
    fn committed_offset(&mut self) -> (i16, i64) {
        let at = self.coordinator(0, "g");
        let topic = OffsetFetchRequestTopics { name: TopicName(text("t")), partition_indexes: vec![0] };
        let group =
            OffsetFetchRequestGroup { group_id: GroupId(text("g")), topics: Some(vec![topic]), ..OffsetFetchRequestGroup::default() };
        let request = OffsetFetchRequest { require_stable: true, groups: vec![group], ..OffsetFetchRequest::default() };
        let answer = &self.cluster.call(at, 8, request).groups[0].topics[0].partitions[0];
        (answer.error_code, answer.committed_offset)
    }

    fn settled(&mut self) {
        self.cluster.run_for(2000);
    }
}

const COMMITTED: i8 = 1;
const UNCOMMITTED: i8 = 0;

#[test]
fn a_transaction_over_two_partitions_is_read_when_it_is_committed_and_never_when_it_is_aborted() {
    let mut bench = Bench::new(3);
    assert_eq!((bench.produce(0, "a"), bench.produce(1, "b"), bench.produce(0, "c")), (0, 0, 0));
    assert_eq!(bench.read(0, COMMITTED), [""; 0]);
    assert_eq!(bench.read(0, UNCOMMITTED), ["a", "c"]);
    assert_eq!(bench.end(true), 0);
    bench.settled();
    assert_eq!((bench.read(0, COMMITTED), bench.read(1, COMMITTED)), (vec!["a".into(), "c".into()], vec!["b".into()]));
    assert_eq!((bench.produce(0, "d"), bench.produce(1, "e")), (0, 0), "the next one, with an epoch more");
    assert_eq!(bench.end(false), 0);
    bench.settled();
    assert_eq!((bench.read(0, COMMITTED), bench.read(1, COMMITTED)), (vec!["a".into(), "c".into()], vec!["b".into()]));
    assert_eq!(bench.read(0, UNCOMMITTED), ["a", "c", "d"]);
    assert_eq!(bench.producer.1, 2);
}

#[test]
fn the_former_process_writes_and_ends_nothing() {
    let mut bench = Bench::new(3);
    bench.produce(0, "a");
    let zombie = (bench.producer, bench.sequences);
    bench.init();
    let new = (bench.producer, bench.sequences);
    (bench.producer, bench.sequences) = zombie;
    assert_eq!(bench.produce(0, "z"), ErrorCode::InvalidProducerEpoch.code());
    assert_eq!(bench.produce(1, "z"), ErrorCode::InvalidProducerEpoch.code(), "where it had written nothing, too");
    assert_eq!(bench.end(true), ErrorCode::ProducerFenced.code());
    (bench.producer, bench.sequences) = new;
    bench.settled();
    assert_eq!((bench.produce(0, "b"), bench.end(true)), (0, 0));
    bench.settled();
    assert_eq!(bench.read(0, COMMITTED), ["b"]);
}

#[test]
fn offsets_of_a_transaction_hold_from_its_commit_on() {
    let mut bench = Bench::new(3);
    assert_eq!(bench.coordinator(0, "g").signum(), 1);
    assert_eq!(bench.produce(0, "a"), 0);
    assert_eq!(bench.commit_offset(7), 0);
    assert_eq!(bench.committed_offset(), (ErrorCode::UnstableOffsetCommit.code(), -1));
    bench.end(true);
    bench.settled();
    assert_eq!(bench.committed_offset(), (0, 7));
    assert_eq!(bench.commit_offset(9), 0, "a transaction of offsets alone");
    bench.end(false);
    bench.settled();
    assert_eq!(bench.committed_offset(), (0, 7));
}

/// The coordinators of the transaction and of the group die, one by one, at each point of a transaction; so does the leader.
#[test]
fn a_transaction_outlives_its_coordinators_and_leaders() {
    for (point, victim) in (0..4).flat_map(|point| (0..3).map(move |victim| (point, victim))) {
        let mut bench = Bench::new(3);
        let kill = |bench: &mut Bench, at: i32| {
            if at != point {
                return;
            }
            let id = match victim {
                0 => bench.coordinator(1, "tx"),
                1 => bench.coordinator(0, "g"),
                _ => bench.cluster.leader("t", 0).expect("a leader"),
            };
            bench.cluster.kill(id);
            bench.cluster.until(60_000, "other leaders", |cluster| {
                let led = |topic: &str, count: i32| (0..count).all(|index| cluster.leader(topic, index).is_some_and(|leader| leader != id));
                led("t", 2) && led("__transaction_state", 3) && led("__consumer_offsets", 3)
            });
            bench.settled();
        };
        bench.coordinator(0, "g");
        bench.settled();
        kill(&mut bench, 0);
        assert_eq!(bench.produce(0, "a"), 0, "{point} {victim}");
        kill(&mut bench, 1);
        assert_eq!(bench.commit_offset(7), 0, "{point} {victim}");
        kill(&mut bench, 2);
        assert_eq!((bench.produce(1, "b"), bench.end(true)), (0, 0), "{point} {victim}");
        kill(&mut bench, 3);
        bench.settled();
        let read = (bench.read(0, COMMITTED), bench.read(1, COMMITTED));
        assert_eq!(read, (vec!["a".into()], vec!["b".into()]), "{point} {victim}");
        assert_eq!(bench.committed_offset(), (0, 7), "{point} {victim}");
    }
}

#[test]
fn a_hanging_transaction_blocks_readers_until_it_times_out() {
    let mut bench = Bench::new(3);
    bench.produce(0, "a");
    bench.cluster.run_for(55_000);
    assert_eq!(bench.read(0, COMMITTED), [""; 0]);
    assert_eq!(bench.read(0, UNCOMMITTED), ["a"]);
    bench.cluster.run_for(30_000);
    assert!(bench.cluster.now.millis() - START.millis() < 120_000);
    assert_eq!(bench.read(0, COMMITTED), [""; 0], "it was aborted");
    assert_eq!(bench.end(true), ErrorCode::InvalidTxnState.code());
    bench.init();
    assert_eq!((bench.produce(0, "b"), bench.end(true)), (0, 0));
    bench.settled();
    assert_eq!(bench.read(0, COMMITTED), ["b"]);
}
