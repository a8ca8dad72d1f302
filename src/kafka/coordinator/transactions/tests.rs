//! The machine by hand: what each request is answered in each state, and what becomes of a transaction when its coordinator is lost.

use super::*;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message as m;
use m::add_partitions_to_txn_request::{AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction};
use std::collections::VecDeque;

struct Rig {
    machine: TransactionCoordinator,
    now: Time,
    log: Vec<Batch>,
    answers: SortedVecMap<Token, Response>,
    markers: VecDeque<Markers>,
    /// Appends that wait; committed at once unless held.
    held: Option<Vec<u64>>,
    next_token: u64,
    next_id: i64,
    epoch: i32,
}

impl Rig {
    fn new() -> Self {
        let now = Time::from_millis(1_000_000);
        let config = TransactionConfig { partitions: 1, ..TransactionConfig::default() };
        let mut machine = TransactionCoordinator::new(now, config);
        machine.handle_elected(now, 0, 3, std::iter::empty());
        Self {
            machine,
            now,
            log: Vec::new(),
            answers: SortedVecMap::new(),
            markers: VecDeque::new(),
            held: None,
            next_token: 0,
            next_id: 2020,
            epoch: 3,
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            match output {
                Output::Respond { token, response } => assert!(self.answers.insert(token, response).is_none(), "answered twice"),
                Output::Append { append_id, partition, batch } => {
                    assert_eq!(partition, 0);
                    self.log.push(batch);
                    match &mut self.held {
                        Some(held) => held.push(append_id),
                        None => self.machine.handle_committed(self.now, append_id),
                    }
                }
                Output::ProducerIdWanted => {
                    self.next_id += 1;
                    self.machine.handle_producer_id(self.now, Some(self.next_id - 1));
                }
                Output::Markers(markers) => self.markers.push_back(markers),
                Output::Event(_) => {}
            }
        }
    }

    fn send(&mut self, version: i16, request: Request) -> Token {
        let token = Token(self.next_token);
        self.next_token += 1;
        self.machine.handle_request(self.now, token, version, request);
        self.drain();
        token
    }

    fn ask(&mut self, version: i16, request: Request) -> Response {
        let token = self.send(version, request);
        self.answers.remove(&token).expect("an answer")
    }

    /// Error, id, epoch.
    fn init(&mut self, expected: Option<(i64, i16)>) -> (i16, i64, i16) {
        let (id, epoch) = expected.unwrap_or((-1, -1));
        let request = m::InitProducerIdRequest {
            transactional_id: Some(m::Str::from("tx").into()),
            transaction_timeout_ms: 60_000,
            producer_id: id.into(),
            producer_epoch: epoch,
        };
        match self.ask(4, Request::InitProducerId(request)) {
            Response::InitProducerId(r) => (r.error_code, r.producer_id.0, r.producer_epoch),
            other => panic!("{other:?}"),
        }
    }

    fn add(&mut self, version: i16, (id, epoch): (i64, i16), partition: i32, verify_only: bool) -> i16 {
        let topics = vec![AddPartitionsToTxnTopic { name: m::TopicName("t".into()), partitions: vec![partition] }];
        let transaction = AddPartitionsToTxnTransaction {
            transactional_id: m::Str::from("tx").into(),
            producer_id: id.into(),
            producer_epoch: epoch,
            verify_only,
            topics: topics.clone(),
        };
        let request = if version < 4 {
            m::AddPartitionsToTxnRequest {
                v3_and_below_transactional_id: m::Str::from("tx").into(),
                v3_and_below_producer_id: id.into(),
                v3_and_below_producer_epoch: epoch,
                v3_and_below_topics: topics,
                ..m::AddPartitionsToTxnRequest::default()
            }
        } else {
            m::AddPartitionsToTxnRequest { transactions: vec![transaction], ..m::AddPartitionsToTxnRequest::default() }
        };
        let Response::AddPartitions(r) = self.ask(version, Request::AddPartitions(request)) else { panic!("another answer") };
        let topics = if version < 4 { &r.results_by_topic_v3_and_below } else { &r.results_by_transaction[0].topic_results };
        topics[0].results_by_partition[0].partition_error_code
    }

    fn end_request((id, epoch): (i64, i16), committed: bool) -> Request {
        let transactional_id = m::Str::from("tx").into();
        Request::End(m::EndTxnRequest { transactional_id, producer_id: id.into(), producer_epoch: epoch, committed })
    }

    /// Error, id, epoch.
    fn end(&mut self, version: i16, producer: (i64, i16), committed: bool) -> (i16, i64, i16) {
        match self.ask(version, Self::end_request(producer, committed)) {
            Response::End(r) => (r.error_code, r.producer_id.0, r.producer_epoch),
            other => panic!("{other:?}"),
        }
    }

    /// All markers that are wanted are written.
    fn write_markers(&mut self) -> Vec<(i16, bool)> {
        let mut written = Vec::new();
        while let Some(markers) = self.markers.pop_front() {
            written.push((markers.producer_epoch, markers.commit));
            for partition in &markers.partitions {
                assert!(self.machine.handle_marker(self.now, &markers, partition));
            }
            self.drain();
        }
        written
    }

    fn state(&self) -> (TransactionState, i16) {
        let all = self.machine.transactions();
        (all[0].state, all[0].epoch)
    }

    /// Another broker has the log.
    fn reload(&mut self) {
        self.machine.handle_resigned(self.now, 0);
        self.drain();
        self.markers.clear();
        assert_eq!(self.machine.transactions(), []);
        self.epoch += 1;
        self.machine.handle_elected(self.now, 0, self.epoch, self.log.clone().into_iter());
        self.drain();
    }

    /// The next check of the clock.
    fn tick(&mut self) {
        let (at, _) = self.machine.poll_timeout().expect("a deadline");
        self.now = self.now.max(at);
        self.machine.handle_timeout(self.now);
        self.drain();
    }
}

const NONE: i16 = 0;

#[test]
fn each_end_of_a_transaction_raises_the_epoch_for_clients_that_are_told() {
    let mut rig = Rig::new();
    assert_eq!(rig.init(None), (NONE, 2020, 0));
    assert_eq!(rig.end(5, (2020, 0), true), (ErrorCode::InvalidTxnState.code(), -1, -1), "nothing was begun");
    assert_eq!(rig.add(5, (2020, 0), 0, false), NONE);
    assert_eq!(rig.end(5, (2020, 0), true), (NONE, 2020, 1));
    assert_eq!(rig.state(), (TransactionState::PrepareCommit, 1));
    let concurrent = ErrorCode::ConcurrentTransactions.code();
    assert_eq!(rig.end(5, (2020, 0), true).0, concurrent, "the markers are on their way");
    assert_eq!(rig.add(5, (2020, 1), 0, false), concurrent);
    assert_eq!(rig.init(None).0, concurrent);
    let unknown = ErrorCode::InvalidProducerIdMapping.code();
    // It may be of a producer that has been told the next id.
    assert_eq!((rig.end(5, (7, 0), true).0, rig.add(5, (7, 0), 0, false)), (concurrent, concurrent));
    assert_eq!((rig.end(5, (2020, 9), true).0, rig.add(5, (2020, 9), 0, false)), (concurrent, concurrent));
    assert_eq!((rig.end(3, (7, 0), true).0, rig.add(5, (7, 0), 0, true)), (unknown, unknown), "an older client, a verification");
    assert_eq!(rig.write_markers(), [(1, true)]);
    assert_eq!(rig.state(), (TransactionState::CompleteCommit, 1));
    assert_eq!(rig.end(5, (2020, 0), true), (NONE, 2020, 1), "again, after an answer that was lost");
    assert_eq!(rig.end(5, (2020, 0), false).0, ErrorCode::InvalidTxnState.code(), "the other end");
    assert_eq!(rig.end(5, (2020, 1), true).0, ErrorCode::InvalidTxnState.code(), "nothing was begun since");
    assert_eq!(rig.end(5, (2020, 1), false), (NONE, 2020, 2), "an abort of nothing is an epoch more");
    assert_eq!(rig.write_markers(), []);
    assert_eq!(rig.state(), (TransactionState::CompleteAbort, 2));
    assert_eq!(rig.add(5, (2020, 1), 0, false), ErrorCode::ProducerFenced.code());
    assert_eq!(rig.add(5, (7, 2), 0, false), ErrorCode::InvalidProducerIdMapping.code());
}

#[test]
fn an_older_client_keeps_its_epoch() {
    let mut rig = Rig::new();
    rig.init(None);
    for commit in [true, false] {
        assert_eq!(rig.add(3, (2020, 0), 0, false), NONE);
        assert_eq!(rig.end(3, (2020, 0), commit), (NONE, 2020, 0), "version 3 has no place for them");
        assert_eq!(rig.write_markers(), [(0, commit)]);
        assert_eq!(rig.end(3, (2020, 0), commit).0, NONE);
        assert_eq!(rig.end(3, (2020, 0), !commit).0, ErrorCode::InvalidTxnState.code());
    }
}

#[test]
fn verification_adds_nothing() {
    let mut rig = Rig::new();
    rig.init(None);
    rig.add(3, (2020, 0), 0, false);
    let before = rig.log.len();
    assert_eq!(rig.add(5, (2020, 0), 0, true), NONE);
    assert_eq!(rig.add(5, (2020, 0), 1, true), ErrorCode::TransactionAbortable.code());
    assert_eq!(rig.add(5, (2020, 7), 0, true), ErrorCode::ProducerFenced.code());
    assert_eq!(rig.log.len(), before);
}

#[test]
fn another_process_aborts_what_is_open_and_fences_the_former() {
    let mut rig = Rig::new();
    rig.init(None);
    rig.add(3, (2020, 0), 0, false);
    assert_eq!(rig.init(None), (ErrorCode::ConcurrentTransactions.code(), -1, -1));
    assert_eq!(rig.write_markers(), [(1, false)]);
    assert_eq!(rig.init(None), (NONE, 2020, 2));
    let fenced = ErrorCode::ProducerFenced.code();
    assert_eq!((rig.add(3, (2020, 0), 0, false), rig.end(3, (2020, 0), true).0), (fenced, fenced));
    assert_eq!(rig.init(Some((2020, 0))).0, fenced);
}

#[test]
fn a_transaction_that_is_open_too_long_is_aborted() {
    let mut rig = Rig::new();
    rig.init(None);
    assert_eq!(rig.machine.poll_timeout().map(|(at, _)| at.millis()), Some(1_000_000 + 3_600_000), "ids may expire, nothing else");
    rig.add(5, (2020, 0), 0, false);
    for _ in 0..6 {
        rig.tick();
        assert_eq!(rig.state().0, TransactionState::Ongoing);
    }
    rig.tick();
    assert_eq!(rig.now.millis() - 1_000_000, 70_000, "the first check after its minute");
    assert_eq!(rig.state().0, TransactionState::PrepareAbort);
    let invalid = ErrorCode::InvalidTxnState.code();
    assert_eq!(rig.end(5, (2020, 0), true).0, ErrorCode::ConcurrentTransactions.code());
    rig.write_markers();
    // As Kafka 4.1.1 answered: the epoch is raised once, and who has the one before may only abort.
    assert_eq!(rig.state(), (TransactionState::CompleteAbort, 1));
    assert_eq!((rig.end(5, (2020, 0), true).0, rig.end(5, (2020, 1), true).0), (invalid, invalid));
    assert_eq!(rig.end(5, (2020, 0), false), (NONE, 2020, 1));
    assert_eq!(rig.end(5, (2020, -1), false).0, ErrorCode::ProducerFenced.code());
    assert_eq!(rig.end(5, (2020, 1), false), (NONE, 2020, 2));
}

/// Kafka 4.1.1 ends it as its own transaction version 2 does, also for an older client.
#[test]
fn a_producer_that_was_too_slow_gets_the_raised_epoch_with_its_former_one() {
    let mut rig = Rig::new();
    rig.init(None);
    rig.add(3, (2020, 0), 0, false);
    rig.now = rig.now.plus_millis(60_001);
    rig.held = Some(Vec::new());
    rig.tick();
    assert_eq!(rig.state(), (TransactionState::Ongoing, 0), "nothing is changed before it is in the log");
    let refused = rig.held.take().and_then(|held| held.first().copied()).expect("an append");
    rig.machine.handle_append_failed(rig.now, refused, ErrorCode::NotEnoughReplicas);
    rig.tick();
    assert_eq!(rig.state(), (TransactionState::PrepareAbort, 1));
    let value = rig.log.last().and_then(|batch| batch.records().expect("records")[0].value.clone());
    assert_eq!(value.and_then(records::read_value).map(|it| (it.producer_epoch, it.client_version)), Some((1, 2)));
    assert_eq!(rig.write_markers(), [(1, false)]);
    assert_eq!(rig.init(Some((2020, 0))), (NONE, 2020, 1));
    assert_eq!(rig.init(None), (NONE, 2020, 2));
    assert_eq!(rig.init(Some((2020, 0))).0, ErrorCode::ProducerFenced.code(), "another process has the id");
}

#[test]
fn what_was_decided_is_carried_out_by_the_next_coordinator() {
    let mut rig = Rig::new();
    rig.init(None);
    rig.add(5, (2020, 0), 0, false);
    rig.add(5, (2020, 0), 1, false);
    rig.reload();
    assert_eq!(rig.state(), (TransactionState::Ongoing, 0), "it is open as before");
    assert_eq!(rig.end(5, (2020, 0), true), (NONE, 2020, 1));
    let stale = rig.markers.front().cloned().expect("markers");
    rig.reload();
    assert!(!rig.machine.handle_marker(rig.now, &stale, &("t".into(), 0)), "an answer to the former coordinator");
    let wanted = rig.markers.front().expect("markers again");
    assert_eq!((wanted.partitions.len(), wanted.coordinator, wanted.producer_epoch), (2, (0, rig.epoch), 1));
    rig.write_markers();
    assert_eq!(rig.state(), (TransactionState::CompleteCommit, 1));
    rig.reload();
    assert_eq!(rig.state(), (TransactionState::CompleteCommit, 1));
    assert_eq!(rig.markers, []);
}

#[test]
fn a_request_waits_until_its_record_is_committed() {
    let mut rig = Rig::new();
    rig.init(None);
    rig.held = Some(Vec::new());
    let token = rig.send(5, Request::AddPartitions(m::AddPartitionsToTxnRequest::default()));
    assert!(rig.answers.contains_key(&token), "nothing to add");
    let request = m::AddOffsetsToTxnRequest {
        transactional_id: m::Str::from("tx").into(),
        producer_id: 2020.into(),
        producer_epoch: 0,
        group_id: m::GroupId("g".into()),
    };
    let token = rig.send(3, Request::AddOffsets(request));
    assert!(!rig.answers.contains_key(&token));
    assert_eq!(rig.init(None).0, ErrorCode::ConcurrentTransactions.code());
    let append = rig.held.take().and_then(|held| held.first().copied()).expect("an append");
    rig.machine.handle_append_failed(rig.now, append, ErrorCode::RequestTimedOut);
    rig.drain();
    let Some(Response::AddOffsets(answer)) = rig.answers.remove(&token) else { panic!("no answer") };
    assert_eq!(answer.error_code, ErrorCode::CoordinatorNotAvailable.code());
    assert_eq!(rig.state().0, TransactionState::Empty);
}

/// A log that refuses at once, as one below `min.insync.replicas` does, must not be asked again at once: that has no end.
#[test]
fn an_end_that_the_log_refuses_is_written_again_later() {
    let mut rig = Rig::new();
    rig.init(None);
    rig.add(5, (2020, 0), 0, false);
    rig.end(5, (2020, 0), true);
    rig.held = Some(Vec::new());
    rig.write_markers();
    for _ in 0..3 {
        let append = rig.held.as_mut().and_then(Vec::pop).expect("the end is written");
        rig.machine.handle_append_failed(rig.now, append, ErrorCode::NotEnoughReplicas);
        rig.drain();
        assert_eq!(rig.held, Some(vec![]));
        assert_eq!(rig.machine.poll_timeout().map(|(at, _)| at), Some(rig.now.plus_millis(100)));
        assert_eq!(rig.state().0, TransactionState::PrepareCommit);
        rig.tick();
    }
    let append = rig.held.take().and_then(|mut held| held.pop()).expect("the end is written");
    rig.machine.handle_committed(rig.now, append);
    assert_eq!(rig.state(), (TransactionState::CompleteCommit, 1));
}

#[test]
fn the_epochs_of_an_id_end_with_another_id() {
    let mut rig = Rig::new();
    rig.init(None);
    let mut producer = (2020, 0);
    while producer.0 == 2020 {
        assert_eq!(rig.add(5, producer, 0, false), NONE);
        let (error, id, epoch) = rig.end(5, producer, true);
        assert_eq!(error, NONE);
        rig.write_markers();
        producer = (id, epoch);
        rig.log.drain(..rig.log.len().saturating_sub(3));
    }
    assert_eq!(producer, (2021, 0));
    assert_eq!(rig.end(5, (2020, i16::MAX - 1), true), (NONE, 2021, 0), "again, after an answer that was lost");
    rig.reload();
    assert_eq!(rig.end(5, (2020, i16::MAX - 1), true), (NONE, 2021, 0), "of the next coordinator, too");
    assert_eq!(rig.add(5, producer, 0, false), NONE);
}

#[test]
fn an_idle_id_is_forgotten() {
    let mut rig = Rig::new();
    rig.init(None);
    let week = 604_800_000;
    while !rig.machine.transactions().is_empty() {
        rig.tick();
        assert!(rig.now.millis() - 1_000_000 <= week + 3_600_000, "not forgotten");
    }
    assert!(rig.now.millis() - 1_000_000 >= week);
    assert_eq!(rig.log.last().map(|batch| batch.records().expect("records")[0].value.clone()), Some(None), "a tombstone");
    assert_eq!(rig.machine.poll_timeout(), None);
    rig.reload();
}

#[test]
fn bad_requests_get_kafkas_errors() {
    let mut rig = Rig::new();
    let init = |id: &str, timeout| {
        Request::InitProducerId(m::InitProducerIdRequest {
            transactional_id: Some(m::Str::from(id).into()),
            transaction_timeout_ms: timeout,
            producer_id: (-1).into(),
            producer_epoch: -1,
        })
    };
    let cases = [
        ("", 1, ErrorCode::InvalidRequest),
        ("a", 900_001, ErrorCode::InvalidTransactionTimeout),
        ("a", 0, ErrorCode::InvalidTransactionTimeout),
    ];
    for (id, timeout, error) in cases {
        let Response::InitProducerId(r) = rig.ask(4, init(id, timeout)) else { panic!("another answer") };
        assert_eq!((r.error_code, r.producer_id.0, r.producer_epoch), (error.code(), -1, -1));
    }
    assert_eq!(rig.end(5, (1, 1), true).0, ErrorCode::InvalidProducerIdMapping.code(), "an id that is not known");
    rig.machine.handle_resigned(rig.now, 0);
    let Response::InitProducerId(r) = rig.ask(4, init("a", 1)) else { panic!("another answer") };
    assert_eq!(r.error_code, ErrorCode::NotCoordinator.code());
}

/// Kafka takes the start of an id that has none, -1, for a time.
#[test]
fn an_id_without_a_transaction_is_listed_as_long_running() {
    let mut rig = Rig::new();
    rig.init(None);
    let mut listed = |duration_filter| {
        let request = m::ListTransactionsRequest { duration_filter, ..m::ListTransactionsRequest::default() };
        let Response::List(answer) = rig.ask(1, Request::List(request)) else { panic!("another answer") };
        answer.transaction_states.len()
    };
    assert_eq!((listed(-1), listed(0), listed(1_000_000), listed(1_000_001)), (1, 1, 1, 0));
}

#[test]
fn transactions_are_listed_by_patterns_of_their_ids() {
    let mut rig = Rig::new();
    for id in ["hung", "other", "txn"] {
        let request = m::InitProducerIdRequest {
            transactional_id: Some(m::Str::from(id).into()),
            transaction_timeout_ms: 60_000,
            producer_id: (-1).into(),
            producer_epoch: -1,
        };
        rig.ask(5, Request::InitProducerId(request));
    }
    let mut listed = |pattern: Option<&str>| {
        let transactional_id_pattern = pattern.map(m::Str::from);
        let request = m::ListTransactionsRequest { transactional_id_pattern, ..m::ListTransactionsRequest::default() };
        let Response::List(answer) = rig.ask(2, Request::List(request)) else { panic!("another answer") };
        let ids = answer.transaction_states.iter().map(|found| found.transactional_id.0.to_string());
        (answer.error_code, ids.collect::<Vec<_>>().join(" "))
    };
    // As Kafka 4.1.1 answered: the whole id must match, an empty pattern is none, and the order is that of a hash table.
    for all in [None, Some(""), Some(".*")] {
        assert_eq!(listed(all), (0, "other hung txn".into()));
    }
    assert_eq!(listed(Some("hu.*")), (0, "hung".into()));
    assert_eq!(listed(Some("h")), (0, String::new()));
    assert_eq!(listed(Some("^x")), (0, String::new()));
    assert_eq!(listed(Some("tx.|hung")), (0, "hung txn".into()));
    assert_eq!(listed(Some("hung|")), (0, "hung".into()));
    assert_eq!(listed(Some("[")), (ErrorCode::InvalidRegularExpression.code(), String::new()));
    assert_eq!(listed(Some("(?=a)")), (ErrorCode::InvalidRegularExpression.code(), String::new()));
}
