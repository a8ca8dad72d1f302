//! Producer and consumer against a real broker, in virtual time without latency.

use super::consumer::{Consumer, ConsumerEvent, ConsumerRecord, MembershipState};
use super::producer::{Producer, ProducerEvent, ProducerRecord};
use super::{Client, ConnId, Output};
use crate::kafka::broker::{self, Broker, BrokerOptions};
use crate::kafka::config::{ConsumerConfig, OffsetReset, ProducerConfig};
use crate::kafka::coordinator::GroupState;
use crate::kafka::disk::Disk;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Who has a connection: a producer (0) or a consumer (1), and which.
type Owner = (u8, u32);

struct Harness {
    now: Time,
    broker: Broker,
    producers: SortedVecMap<u32, Producer>,
    consumers: SortedVecMap<u32, Consumer>,
    /// Consumers whose app has stopped calling `poll`.
    stuck: SortedVecSet<u32>,
    links: SortedVecMap<(Owner, ConnId), broker::ConnId>,
    owners: SortedVecMap<broker::ConnId, (Owner, ConnId)>,
    next: u64,
    /// Loses that many answers to producers that come after a Produce, with their connection.
    lose_produce_answers: u32,
    produced: Vec<ProducerEvent>,
    consumed: SortedVecMap<u32, Vec<ConsumerRecord>>,
    events: SortedVecMap<u32, Vec<ConsumerEvent>>,
}

impl Harness {
    fn new(partitions: u32) -> Self {
        let now = Time::from_millis(1_700_000_000_000);
        let config = [
            ("num.partitions".to_owned(), partitions.to_string()),
            ("offsets.topic.replication.factor".to_owned(), "1".to_owned()),
            ("offsets.topic.num.partitions".to_owned(), "1".to_owned()),
        ];
        let options = BrokerOptions {
            voters: Vec::new(),
            controller_port: 9093,
            sabotage: None,
            node_id: 1,
            cluster_id: Arc::from("tidepool"),
            host: Arc::from("broker-1"),
            port: 9092,
            config: config.into(),
            seed: 1,
        };
        let broker = Broker::open(now, options, Disk::default()).expect("an empty disk opens");
        Self {
            now,
            broker,
            producers: SortedVecMap::new(),
            consumers: SortedVecMap::new(),
            stuck: SortedVecSet::new(),
            links: SortedVecMap::new(),
            owners: SortedVecMap::new(),
            next: 0,
            lose_produce_answers: 0,
            produced: Vec::new(),
            consumed: SortedVecMap::new(),
            events: SortedVecMap::new(),
        }
    }

    fn producer(&mut self, id: u32) -> &mut Producer {
        let config = ProducerConfig::new(&format!("producer-{id}"), vec![("broker-1".into(), 9092)]);
        self.producers.entry(id).or_insert_with(|| Producer::new(config, 7).expect("defaults are valid"))
    }

    fn consumer(&mut self, id: u32) {
        self.member(id, &[]);
    }

    fn member(&mut self, id: u32, configs: &[(&str, &str)]) {
        let mut config = ConsumerConfig::new(&format!("consumer-{id}"), vec![("broker-1".into(), 9092)]);
        config.group_id = Some(Arc::from("billing"));
        config.auto_offset_reset = OffsetReset::Earliest;
        for (name, value) in configs {
            config.set(name, value).expect("a config of consumers");
        }
        let mut consumer = Consumer::new(config, 7 + u64::from(id)).expect("the configs go together");
        consumer.subscribe(self.now, vec![Arc::from("orders")]).expect("there is a group.id");
        self.consumers.insert(id, consumer);
    }

    fn disconnect(&mut self, owner: Owner, conn: ConnId, tell_client: bool) {
        let Some(link) = self.links.remove(&(owner, conn)) else { return };
        self.owners.remove(&link);
        self.broker.handle_disconnected(self.now, link);
        if tell_client {
            match owner {
                (0, id) => self.producers.get_mut(&id).into_iter().for_each(|p| p.handle_disconnected(self.now, conn)),
                (_, id) => self.consumers.get_mut(&id).into_iter().for_each(|c| c.handle_disconnected(self.now, conn)),
            }
        }
    }

    fn wire<E>(&mut self, owner: Owner, output: Output<E>) -> Option<E> {
        match output {
            Output::Event(event) => return Some(event),
            Output::Disconnect { conn } => self.disconnect(owner, conn, false),
            Output::Send { conn, frame } => {
                let link = self.links.get(&(owner, conn)).copied()?;
                let produce = frame.starts_with(&[0, 0]);
                self.broker.handle_frame(self.now, link, frame);
                if produce && self.lose_produce_answers > 0 {
                    self.lose_produce_answers -= 1;
                    self.disconnect(owner, conn, true);
                }
            }
            Output::Connect { conn, .. } => {
                self.next += 1;
                let link = broker::ConnId(self.next);
                self.links.insert((owner, conn), link);
                self.owners.insert(link, (owner, conn));
                self.broker.handle_connected(self.now, link, "/127.0.0.1");
                match owner {
                    (0, id) => self.producers.get_mut(&id).into_iter().for_each(|p| p.handle_connected(self.now, conn)),
                    (_, id) => self.consumers.get_mut(&id).into_iter().for_each(|c| c.handle_connected(self.now, conn)),
                }
            }
        }
        None
    }

    /// Everything that happens at this moment.
    fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 10_000, "no end at {:?}", self.now);
            let mut quiet = true;
            for id in self.producers.keys().copied().collect::<Vec<_>>() {
                while let Some(output) = self.producers.get_mut(&id).and_then(Producer::poll_output) {
                    quiet = false;
                    let event = self.wire((0, id), output);
                    self.produced.extend(event);
                }
            }
            for id in self.consumers.keys().copied().collect::<Vec<_>>() {
                while let Some(output) = self.consumers.get_mut(&id).and_then(Consumer::poll_output) {
                    quiet = false;
                    let event = self.wire((1, id), output);
                    self.events.entry(id).or_default().extend(event);
                }
                if !self.stuck.contains(&id) {
                    while let Some(consumer) = self.consumers.get_mut(&id).filter(|consumer| consumer.wants_poll()) {
                        quiet = false;
                        let records = consumer.poll(self.now);
                        self.consumed.entry(id).or_default().extend(records);
                    }
                }
            }
            let mut outputs = VecDeque::new();
            while let Some(output) = self.broker.poll_output() {
                outputs.push_back(output);
            }
            for output in outputs {
                match output {
                    broker::Output::Send { conn, frame } => {
                        quiet = false;
                        match self.owners.get(&conn).copied() {
                            Some(((0, id), conn)) => {
                                self.producers.get_mut(&id).into_iter().for_each(|p| p.handle_frame(self.now, conn, frame.clone()));
                            }
                            Some(((_, id), conn)) => {
                                self.consumers.get_mut(&id).into_iter().for_each(|c| c.handle_frame(self.now, conn, frame.clone()));
                            }
                            None => {}
                        }
                    }
                    broker::Output::Close { conn, .. } => {
                        if let Some((owner, conn)) = self.owners.get(&conn).copied() {
                            self.disconnect(owner, conn, true);
                        }
                    }
                    _ => {}
                }
            }
            if quiet {
                return;
            }
        }
    }

    fn run_for(&mut self, millis: i64) {
        let end = self.now.plus_millis(millis);
        self.settle();
        for step in 0.. {
            assert!(step < 200_000, "busy loop at {:?}", self.now);
            let next = self
                .producers
                .values()
                .filter_map(Producer::poll_timeout)
                .chain(self.consumers.values().filter_map(Consumer::poll_timeout))
                .chain(self.broker.poll_timeout())
                .min_by_key(|(at, _)| *at);
            match next {
                Some((at, _)) if at <= end => self.now = self.now.max(at),
                _ => break,
            }
            let now = self.now;
            self.broker.handle_timeout(now);
            self.producers.values_mut().for_each(|producer| producer.handle_timeout(now));
            self.consumers.values_mut().for_each(|consumer| consumer.handle_timeout(now));
            self.settle();
        }
        self.now = end;
    }

    fn send(&mut self, keys: std::ops::Range<u32>) {
        let now = self.now;
        for key in keys {
            let record = ProducerRecord {
                topic: Arc::from("orders"),
                partition: None,
                timestamp: None,
                key: Some(Bytes::from(format!("key-{key}"))),
                value: Some(Bytes::from(format!("value-{key}"))),
                headers: Vec::new(),
            };
            self.producer(0).send(now, record).expect("the buffer has room");
        }
    }

    fn acked(&self) -> usize {
        self.produced.iter().filter(|event| matches!(event, ProducerEvent::Acked { .. })).count()
    }

    fn in_log(&self) -> i64 {
        self.broker.partitions().iter().filter(|view| &*view.topic == "orders").map(|view| view.end_offset).sum()
    }

    fn owned(&self, id: u32) -> usize {
        self.consumers[&id].assignment().len()
    }

    fn close(&mut self, id: u32) {
        let now = self.now;
        self.consumers.get_mut(&id).expect("it is there").close(now);
    }

    /// What the consumer has given up, all in all.
    fn revoked(&self, id: u32) -> usize {
        let of = |event: &ConsumerEvent| if let ConsumerEvent::Revoked { partitions, .. } = event { partitions.len() } else { 0 };
        self.events[&id].iter().map(of).sum()
    }

    /// The type and the state of the group.
    fn group(&self) -> (&'static str, GroupState) {
        let groups = self.broker.groups();
        (groups[0].group_type, groups[0].state)
    }

    fn values(&self) -> Vec<Bytes> {
        let mut values: Vec<Bytes> = self.consumed.values().flatten().filter_map(|record| record.value.clone()).collect();
        values.sort();
        values
    }
}

#[test]
fn keyed_records_go_through_a_group_and_survive_one_member() {
    let mut harness = Harness::new(3);
    harness.send(0..100);
    harness.run_for(1000);
    assert_eq!((harness.acked(), harness.in_log()), (100, 100));
    harness.consumer(1);
    harness.consumer(2);
    harness.run_for(10_000);
    assert_eq!(harness.owned(1) + harness.owned(2), 3, "{:?}", harness.events);
    assert!(harness.owned(1) > 0 && harness.owned(2) > 0);
    assert_eq!(harness.values().len(), 100);
    let now = harness.now;
    harness.consumers.get_mut(&1).expect("it is there").close(now);
    harness.run_for(10_000);
    assert_eq!((harness.consumers[&1].state(), harness.owned(2)), (MembershipState::Closed, 3), "{:?}", harness.events);
    harness.send(100..120);
    harness.run_for(10_000);
    let values = harness.values();
    assert_eq!(values.len(), 120, "each record once: what was committed is not read again");
    assert_eq!(values.iter().collect::<SortedVecSet<_>>().len(), 120);
}

#[test]
fn a_restarted_consumer_goes_on_from_the_committed_offset() {
    let mut harness = Harness::new(2);
    harness.send(0..10);
    harness.consumer(1);
    harness.run_for(10_000);
    assert_eq!(harness.values().len(), 10, "{:?}", harness.events);
    let now = harness.now;
    harness.consumers.get_mut(&1).expect("it is there").close(now);
    harness.run_for(1000);
    harness.send(10..15);
    harness.consumer(2);
    harness.run_for(10_000);
    assert_eq!(harness.consumed[&2].len(), 5);
}

#[test]
fn a_lost_answer_leads_to_a_retry_and_not_to_a_second_copy() {
    let mut harness = Harness::new(1);
    harness.lose_produce_answers = 1;
    harness.send(0..5);
    harness.run_for(5000);
    assert!(harness.produced.iter().any(|event| matches!(event, ProducerEvent::BatchSent { attempt: 2, .. })));
    assert_eq!((harness.acked(), harness.in_log()), (5, 5), "{:?}", harness.produced);
}

#[test]
fn a_poll_that_does_not_come_makes_the_member_leave_and_the_next_one_rejoins() {
    let mut harness = Harness::new(1);
    harness.send(0..1);
    harness.consumer(1);
    harness.run_for(10_000);
    assert_eq!(harness.owned(1), 1);
    harness.stuck.insert(1);
    harness.run_for(301_000);
    assert!(harness.events[&1].contains(&ConsumerEvent::PollTimeout));
    assert_eq!(harness.consumers[&1].state(), MembershipState::Unjoined);
    harness.stuck.clear();
    harness.run_for(10_000);
    assert_eq!((harness.consumers[&1].state(), harness.owned(1)), (MembershipState::Stable, 1));
    assert!(harness.events[&1].iter().any(|event| matches!(event, ConsumerEvent::Revoked { lost: true, .. })));
}

#[test]
fn commits_that_nobody_waits_for_go_out_together_and_end_with_their_connection() {
    for (waits, sent, lost) in [(false, 3, 3), (true, 1, 0)] {
        let mut harness = Harness::new(1);
        harness.send(0..10);
        harness.member(1, &[("enable.auto.commit", "false")]);
        harness.run_for(10_000);
        let now = harness.now;
        let consumer = harness.consumers.get_mut(&1).expect("it is there");
        for offset in 1..=3 {
            let offsets = Some(vec![("orders".into(), 0, offset, -1)]);
            if waits { consumer.commit(now, offsets) } else { consumer.commit_async(now, offsets) }
        }
        assert_eq!(consumer.is_committing(), waits);
        let mut conns = Vec::new();
        while let Some(output) = consumer.poll_output() {
            match output {
                Output::Send { conn, frame } if frame.starts_with(&[0, 8]) => conns.push(conn),
                _ => {}
            }
        }
        assert_eq!(conns.len(), sent);
        harness.disconnect((1, 1), conns[0], true);
        harness.run_for(10_000);
        let failed = harness.events[&1].iter().filter(|event| matches!(event, ConsumerEvent::CommitFailed { .. })).count();
        let done = harness.events[&1].iter().filter(|event| matches!(event, ConsumerEvent::Committed { .. })).count();
        assert_eq!((failed, done, harness.consumers[&1].is_committing()), (lost, 3 - lost, false), "{:?}", harness.events);
    }
}

const MODERN: &[(&str, &str)] = &[("group.protocol", "consumer")];

#[test]
fn a_cooperative_member_gives_up_what_moves_and_reads_on_meanwhile() {
    let cooperative = [("partition.assignment.strategy", "cooperative-sticky")];
    let mut harness = Harness::new(4);
    harness.send(0..40);
    harness.member(1, &cooperative);
    harness.run_for(10_000);
    assert_eq!((harness.owned(1), harness.revoked(1)), (4, 0));
    harness.member(2, &cooperative);
    for _ in 0..20 {
        harness.run_for(500);
        assert!(harness.owned(1) >= 2, "it never has less than what stays");
    }
    assert_eq!((harness.owned(1), harness.owned(2), harness.revoked(1)), (2, 2, 2), "{:?}", harness.events);
    harness.send(40..60);
    harness.run_for(10_000);
    assert_eq!(harness.values().len(), 60, "each record once");
}

#[test]
fn members_of_the_consumer_protocol_hand_over_without_a_gap() {
    let mut harness = Harness::new(4);
    harness.send(0..40);
    harness.member(1, MODERN);
    harness.run_for(10_000);
    assert_eq!((harness.owned(1), harness.revoked(1)), (4, 0), "{:?}", harness.events);
    assert_eq!((harness.consumers[&1].state(), harness.group()), (MembershipState::Stable, ("consumer", GroupState::Stable)));
    harness.member(2, MODERN);
    harness.run_for(20_000);
    assert_eq!((harness.owned(1), harness.owned(2), harness.revoked(1)), (2, 2, 2), "{:?}", harness.events);
    harness.send(40..60);
    harness.run_for(10_000);
    assert_eq!(harness.values().len(), 60, "each record once");
    harness.close(1);
    harness.run_for(20_000);
    assert_eq!((harness.consumers[&1].state(), harness.owned(2)), (MembershipState::Closed, 4), "{:?}", harness.events);
    // Nobody hears of the one that is stuck: its session ends, and it comes back as the same member when it polls again.
    let member = harness.consumers[&2].membership().expect("it has joined").0;
    harness.stuck.insert(2);
    harness.run_for(301_000);
    assert!(harness.events[&2].contains(&ConsumerEvent::PollTimeout));
    assert_eq!(harness.group(), ("consumer", GroupState::Empty));
    harness.stuck.clear();
    harness.run_for(20_000);
    assert_eq!(harness.owned(2), 4, "{:?}", harness.events);
    assert_eq!(harness.consumers[&2].membership().expect("it has joined again").0, member);
    harness.send(60..70);
    harness.run_for(10_000);
    assert_eq!(harness.values().len(), 70, "each record once");
}

#[test]
fn a_group_goes_from_the_classic_protocol_to_the_consumer_protocol_and_back_with_its_members() {
    let mut harness = Harness::new(4);
    harness.send(0..40);
    harness.member(1, &[]);
    harness.member(2, &[]);
    harness.run_for(10_000);
    assert_eq!((harness.owned(1), harness.owned(2), harness.group()), (2, 2, ("classic", GroupState::Stable)));
    harness.member(3, MODERN);
    harness.run_for(30_000);
    let owned = [1, 2, 3].map(|id| harness.owned(id));
    assert_eq!((owned.iter().sum::<usize>(), harness.group().0), (4, "consumer"), "{owned:?} {:?}", harness.events);
    assert!(owned[2] > 0, "the new member has its share: {owned:?}");
    harness.send(40..60);
    harness.run_for(10_000);
    assert_eq!(harness.values().len(), 60, "each record once");
    harness.close(1);
    harness.close(2);
    harness.run_for(30_000);
    assert_eq!((harness.owned(3), harness.group()), (4, ("consumer", GroupState::Stable)), "{:?}", harness.events);
    // And back: the last member of the consumer protocol leaves one of the classic protocol alone.
    harness.member(4, &[]);
    harness.run_for(30_000);
    assert_eq!(harness.owned(3) + harness.owned(4), 4, "{:?}", harness.events);
    harness.close(3);
    harness.run_for(30_000);
    assert_eq!((harness.owned(4), harness.group()), (4, ("classic", GroupState::Stable)), "{:?}", harness.events);
    harness.send(60..80);
    harness.run_for(10_000);
    assert_eq!(harness.values().len(), 80, "each record once");
}
