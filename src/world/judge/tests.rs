//! The judge before shadows made by hand: each invariant and each permitted exception has a case that only its own check decides.

mod disks;
mod fates;

use super::probe::{ClusterProbe, LogDir, Receiver, Sender};
use super::{Judge, Verdict};
use crate::kafka::broker::{BrokerEvent, IsrReason, PartitionView};
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::client::producer::{ProducerEvent, Ticket};
use crate::kafka::controller::ControllerEvent;
use crate::kafka::controller::image::{BrokerImage, Image, PartitionImage, TopicImage};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::batch::{Batch, BatchBuilder, BatchOptions};
use crate::world::ProcessState;
use crate::world::action::CommitPolicy;
use crate::world::content::{Sent, content_id, key_id};
use crate::world::event::{Event, EventId, EventKind};
use crate::world::operations::{Action, ElectLeader, PowerLoss};
use bytes::{Bytes, BytesMut};
use std::sync::Arc;

fn topic() -> Arc<str> {
    "t".into()
}

/// A batch of one record for each value, of the key "k".
fn batch(base_offset: i64, partition_leader_epoch: i32, values: &[&str]) -> Batch {
    let mut builder = BatchBuilder::new(BatchOptions { base_offset, partition_leader_epoch, ..BatchOptions::default() });
    for value in values {
        builder.push(0, Some(b"k"), Some(value.as_bytes()), &[]);
    }
    builder.build()
}

#[derive(Clone, Default)]
struct Replica {
    log: Vec<Batch>,
    start: i64,
    high_watermark: i64,
    leads: bool,
    epoch: i32,
    isr: Vec<i32>,
}

impl Replica {
    fn end(&self) -> i64 {
        self.log.last().map_or(self.start, |batch| batch.last_offset() + 1)
    }
}

#[derive(Clone, Default)]
struct Node {
    replica: Replica,
    image: Image,
    metadata: Vec<Batch>,
}

/// A world made by hand: partition t-0 on some brokers.
#[derive(Clone, Default)]
struct Fake {
    actions: Vec<Action>,
    nodes: SortedVecMap<i32, Node>,
    unclean: bool,
    min_isr: u64,
    compacted: bool,
    log_dirs: Vec<LogDir>,
    caught_up: bool,
    senders: SortedVecMap<Arc<str>, Sender>,
    receivers: SortedVecMap<Arc<str>, Receiver>,
}

fn from(log: &[Batch], offset: i64) -> Bytes {
    let mut bytes = BytesMut::new();
    for batch in log.iter().filter(|batch| batch.last_offset() >= offset) {
        bytes.extend_from_slice(batch.bytes());
    }
    bytes.freeze()
}

impl ClusterProbe for Fake {
    fn action(&self, index: u32) -> Option<&Action> {
        self.actions.get(index as usize)
    }

    fn brokers(&self) -> Vec<i32> {
        self.nodes.keys().copied().collect()
    }

    fn partitions(&self, _node: i32) -> Vec<(Arc<str>, i32)> {
        vec![(topic(), 0)]
    }

    fn partition(&self, node: i32, _topic: &str, _partition: i32) -> Option<PartitionView> {
        let replica = &self.nodes.get(&node)?.replica;
        Some(PartitionView {
            topic: topic(),
            partition: 0,
            leader: if replica.leads { node } else { -1 },
            leader_epoch: replica.epoch,
            replicas: self.brokers(),
            isr: replica.isr.clone(),
            min_isr: 1,
            elr: Vec::new(),
            partition_epoch: 0,
            is_leader: replica.leads,
            follower_ends: Vec::new(),
            epochs: Vec::new(),
            log_start_offset: replica.start,
            high_watermark: replica.high_watermark,
            last_stable_offset: replica.high_watermark,
            open_transactions: Vec::new(),
            end_offset: replica.end(),
            segments: Vec::new(),
        })
    }

    fn peek(&self, node: i32, _topic: &str, _partition: i32, offset: i64, _max_bytes: u32) -> Bytes {
        self.nodes.get(&node).map(|node| from(&node.replica.log, offset)).unwrap_or_default()
    }

    fn image(&self, node: i32) -> Option<&Image> {
        self.nodes.get(&node).map(|node| &node.image)
    }

    fn topic_id(&self, node: i32, topic: &str) -> Option<uuid::Uuid> {
        self.image(node).and_then(|image| image.topics.get(topic)).map(|topic| topic.id)
    }

    fn peek_metadata(&self, node: i32, offset: i64, _max_bytes: u32) -> Bytes {
        self.nodes.get(&node).map(|node| from(&node.metadata, offset)).unwrap_or_default()
    }

    fn group(&self, _node: i32, _group: &str) -> Option<crate::kafka::coordinator::GroupView> {
        None
    }

    fn unclean(&self, _topic: &str) -> bool {
        self.unclean
    }

    fn is_restored(&self) -> bool {
        false
    }

    fn min_isr(&self, _image: &Image, _topic: &str) -> u64 {
        self.min_isr
    }

    fn compacted(&self, _topic: &str) -> bool {
        self.compacted
    }

    fn log_dirs(&self, _node: i32) -> Vec<LogDir> {
        self.log_dirs.clone()
    }

    fn caught_up(&self, _node: i32) -> bool {
        self.caught_up
    }

    fn sender(&self, name: &str) -> Option<Sender> {
        self.senders.get(name).cloned()
    }

    fn receiver(&self, name: &str) -> Option<Receiver> {
        self.receivers.get(name).cloned()
    }

    fn receivers(&self) -> Vec<Arc<str>> {
        self.receivers.keys().cloned().collect()
    }
}

fn registered(id: i32, epoch: i64) -> BrokerImage {
    let (incarnation, host, fenced, in_controlled_shutdown) = (uuid::Uuid::nil(), "".into(), false, false);
    BrokerImage { id, epoch, incarnation, host, port: 0, rack: None, fenced, in_controlled_shutdown }
}

/// A judge and what it sees.
#[derive(Clone)]
struct Case {
    judge: Judge,
    world: Fake,
}

impl Case {
    /// Brokers 1 to 3 hold t-0; broker 1 leads it in epoch 0; all are in sync; three batches are committed.
    fn new() -> Self {
        let mut case = Self { judge: Judge::new(), world: Fake::default() };
        for id in 1..=3 {
            let replica = Replica { isr: vec![1, 2, 3], leads: id == 1, ..Replica::default() };
            case.world.nodes.insert(id, Node { replica, image: Image { offset: -1, ..Image::default() }, metadata: Vec::new() });
        }
        case.metadata(1, &[1, 2, 3], 1, 0, 0);
        case.broker(1, BrokerEvent::BecameLeader { topic: topic(), partition: 0, epoch: 0, end_offset: 0 });
        for (base, values) in [(0, ["a", "b"]), (2, ["c", "d"]), (4, ["e", "f"])] {
            for id in 1..=3 {
                case.node(id).replica.log.push(batch(base, 0, &values));
            }
        }
        case.commit(1, 6);
        assert_eq!(case.kinds(), [""; 0]);
        case
    }

    fn node(&mut self, id: i32) -> &mut Node {
        self.world.nodes.get_mut(&id).expect("a node")
    }

    fn event(&mut self, kind: EventKind) {
        let id = EventId(self.judge.next_event);
        self.judge.feed(&Event { id, at: Time(0), cause: None, kind }, &self.world);
    }

    fn broker(&mut self, node: i32, event: BrokerEvent) {
        self.event(EventKind::Broker { node: format!("broker-{node}").into(), event });
    }

    fn act(&mut self, action: Action) {
        self.world.actions.push(action);
        self.event(EventKind::Acted { action: self.world.actions.len() as u32 - 1 });
    }

    fn power_loss(&mut self, node: i32) {
        self.act(Action::PowerLoss(PowerLoss::of(format!("broker-{node}").into())));
    }

    /// All nodes learn that t-0 has this ISR, leader and epoch.
    fn metadata(&mut self, leader: i32, isr: &[i32], broker_epoch: i64, leader_epoch: i32, partition_epoch: i32) {
        let offset = self.node(1).image.offset + 1;
        let partition = PartitionImage {
            replicas: vec![1, 2, 3],
            isr: isr.to_vec(),
            leader,
            leader_epoch,
            partition_epoch,
            ..PartitionImage::default()
        };
        let mut image = Image { offset, ..Image::default() };
        image.topics.insert(topic(), TopicImage { name: topic(), id: uuid::Uuid::nil(), partitions: vec![partition] });
        for id in 1..=3 {
            image.brokers.insert(id, registered(id, broker_epoch));
        }
        for id in 1..=3 {
            let node = self.node(id);
            node.metadata.push(batch(offset, 0, &["m"]));
            node.image = image.clone();
        }
        self.broker(1, BrokerEvent::Unfenced { broker: 1 });
    }

    /// The high watermark of a replica moves.
    fn commit(&mut self, node: i32, to: i64) {
        let from = std::mem::replace(&mut self.node(node).replica.high_watermark, to);
        self.broker(node, BrokerEvent::HighWatermark { topic: topic(), partition: 0, from, to });
    }

    /// Broker 1 leads no more; another does.
    fn lead(&mut self, node: i32, epoch: i32) {
        for (id, other) in self.world.nodes.iter_mut() {
            other.replica.leads = *id == node;
            other.replica.epoch = epoch;
        }
        let end_offset = self.node(node).replica.end();
        self.broker(node, BrokerEvent::BecameLeader { topic: topic(), partition: 0, epoch, end_offset });
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.judge.violations.iter().map(|violation| violation.kind).collect()
    }

    fn verdict(&self) -> Verdict {
        self.judge.verdict(&self.world, true)
    }
}

#[test]
fn two_leaders_of_one_epoch() {
    let mut case = Case::new();
    case.lead(2, 0);
    assert_eq!(case.kinds(), ["two-leaders"]);
    let mut case = Case::new();
    case.lead(2, 1);
    assert_eq!(case.kinds(), [""; 0]);
    case.broker(2, BrokerEvent::Controller(ControllerEvent::Elected { epoch: 7, votes: vec![2, 3] }));
    case.broker(2, BrokerEvent::Controller(ControllerEvent::Elected { epoch: 8, votes: vec![2, 3] }));
    assert_eq!(case.kinds(), [""; 0]);
    case.broker(3, BrokerEvent::Controller(ControllerEvent::Elected { epoch: 8, votes: vec![1, 3] }));
    assert_eq!(case.kinds(), ["two-leaders"]);
}

#[test]
fn a_leader_must_hold_what_was_committed() {
    let mut case = Case::new();
    case.node(2).replica.log.pop();
    case.lead(2, 1);
    assert_eq!(case.kinds(), ["leader-lacks"]);
    // The same end, another content.
    let mut case = Case::new();
    case.node(2).replica.log.pop();
    case.node(2).replica.log.push(batch(4, 0, &["e", "x"]));
    case.lead(2, 1);
    assert_eq!(case.kinds(), ["leader-lacks"]);
    // The same records in a batch of another leader epoch.
    let mut case = Case::new();
    case.node(2).replica.log.pop();
    case.node(2).replica.log.push(batch(4, 1, &["e", "f"]));
    case.lead(2, 1);
    assert_eq!(case.kinds(), ["leader-lacks"]);
}

#[test]
fn a_leader_may_lack_it_when_all_in_sync_lost_power() {
    let mut case = Case::new();
    case.power_loss(1);
    case.power_loss(2);
    case.node(2).replica.log.pop();
    let mut one_left = case.clone();
    one_left.lead(2, 1);
    assert_eq!(one_left.kinds(), ["leader-lacks"]);
    case.power_loss(3);
    case.lead(2, 1);
    assert_eq!(case.kinds(), [""; 0]);
    // What the others still have beyond it is no difference until they have cut it and lead or follow again.
    case.commit(3, 6);
    assert_eq!(case.kinds(), [""; 0]);
}

#[test]
fn one_turn_may_hold_the_whole_of_an_election() {
    let mut case = Case::new();
    for id in 1..=3 {
        case.power_loss(id);
        case.node(id).replica = Replica::default();
    }
    case.event(EventKind::ProcessState { node: "broker-2".into(), from: ProcessState::Crashed, to: ProcessState::Running });
    case.metadata(2, &[2], 1, 2, 1);
    let begun = Replica { log: vec![batch(0, 2, &["x"])], high_watermark: 1, leads: true, epoch: 2, isr: vec![2], ..Replica::default() };
    case.node(2).replica = begun;
    case.broker(2, BrokerEvent::BecameFollower { topic: topic(), partition: 0, leader: -1, epoch: 1 });
    case.broker(2, BrokerEvent::BecameLeader { topic: topic(), partition: 0, epoch: 2, end_offset: 0 });
    case.broker(2, BrokerEvent::HighWatermark { topic: topic(), partition: 0, from: 0, to: 1 });
    assert_eq!(case.kinds(), [""; 0]);
    case.node(2).replica.log = vec![batch(0, 2, &["y"])];
    assert_eq!(case.verdict().violations.first().map(|violation| violation.kind), Some("logs-differ"));
}

#[test]
fn one_that_caught_up_after_its_power_loss_counts_again() {
    let mut case = Case::new();
    for id in 1..=3 {
        case.power_loss(id);
    }
    case.metadata(1, &[1], 1, 1, 1);
    let mut before = case.clone();
    case.metadata(1, &[1, 2, 3], 2, 1, 2);
    before.metadata(1, &[1, 2, 3], 1, 1, 2);
    before.node(2).replica.log.pop();
    before.lead(2, 2);
    assert_eq!(before.kinds(), [""; 0], "it was let in on the word of its former process");
    case.node(2).replica.log.pop();
    case.lead(2, 2);
    assert_eq!(case.kinds(), ["leader-lacks"]);
}

#[test]
fn an_unclean_election_needs_leave() {
    let mut case = Case::new();
    case.metadata(1, &[1, 3], 1, 0, 1);
    case.node(2).replica.log.pop();
    let mut allowed = case.clone();
    allowed.world.unclean = true;
    let mut asked = case.clone();
    asked.act(Action::ElectLeader(ElectLeader { topic: topic(), partition: 0, unclean: true }));
    case.metadata(2, &[2], 1, 1, 2);
    assert_eq!(case.kinds(), ["unclean-election"]);
    for mut case in [allowed, asked] {
        case.metadata(2, &[2], 1, 1, 2);
        case.lead(2, 1);
        assert_eq!(case.kinds(), [""; 0]);
        // It excuses nothing later.
        case.metadata(2, &[2, 3], 1, 1, 3);
        case.node(2).replica.log.push(batch(4, 1, &["y"]));
        case.node(2).replica.isr = vec![2];
        case.commit(2, 5);
        case.world.unclean = false;
        case.node(3).replica.log.truncate(2);
        case.metadata(3, &[2, 3], 1, 2, 4);
        case.lead(3, 2);
        assert_eq!(case.kinds(), ["leader-lacks"]);
    }
}

#[test]
fn logs_agree_below_the_high_watermark() {
    let mut case = Case::new();
    case.node(2).replica.log.pop();
    case.node(2).replica.log.push(batch(4, 0, &["e", "x"]));
    case.commit(2, 4);
    assert_eq!(case.kinds(), [""; 0]);
    case.commit(2, 6);
    assert_eq!(case.kinds(), ["logs-differ"]);
}

#[test]
fn logs_are_compared_anew_after_a_restart_and_at_the_end() {
    let mut case = Case::new();
    case.commit(2, 6);
    if let Some(first) = case.node(2).replica.log.first_mut() {
        *first = batch(0, 0, &["a", "z"]);
    }
    let verdict = case.verdict();
    assert_eq!(verdict.violations.iter().map(|violation| violation.kind).collect::<Vec<_>>(), ["logs-differ"]);
    case.event(EventKind::ProcessState { node: "broker-2".into(), from: ProcessState::Crashed, to: ProcessState::Running });
    case.broker(2, BrokerEvent::BecameFollower { topic: topic(), partition: 0, leader: 1, epoch: 0 });
    assert_eq!(case.kinds(), ["logs-differ"]);
}

#[test]
fn in_sync_replicas_hold_everything_below_the_high_watermark() {
    let mut case = Case::new();
    case.node(1).replica.log.push(batch(6, 0, &["g"]));
    case.node(2).replica.log.push(batch(6, 0, &["g"]));
    let mut shrunk = case.clone();
    shrunk.node(1).replica.isr = vec![1, 2];
    shrunk.commit(1, 7);
    assert_eq!(shrunk.kinds(), [""; 0]);
    let mut outdated = case.clone();
    outdated.node(3).replica.epoch = 1;
    outdated.commit(1, 7);
    assert_eq!(outdated.kinds(), [""; 0], "it knows of a later leader");
    let mut hurt = case.clone();
    hurt.power_loss(3);
    hurt.commit(1, 7);
    assert_eq!(hurt.kinds(), [""; 0]);
    let grown = || BrokerEvent::IsrChanged { topic: topic(), partition: 0, from: vec![1, 2], to: vec![1, 2, 3], why: IsrReason::CaughtUp };
    hurt.broker(1, grown());
    assert_eq!(hurt.kinds(), [""; 0], "its session is not over: that was its former process's word");
    hurt.node(1).image.brokers.insert(3, registered(3, 2));
    hurt.broker(1, grown());
    assert_eq!(hurt.kinds(), ["isr-lacks"]);
    case.commit(1, 7);
    assert_eq!(case.kinds(), ["isr-lacks"]);
}

#[test]
fn eligible_leaders_are_kept_only_below_min_isr() {
    let with_elr = |isr: &[i32], elr: &[i32], min_isr| {
        let mut case = Case::new();
        case.world.min_isr = min_isr;
        case.metadata(1, isr, 1, 0, 1);
        for id in 1..=3 {
            let image = &mut case.node(id).image;
            image.offset += 1;
            let state = image.topics.get_mut("t").and_then(|topic| topic.partitions.first_mut()).expect("t-0");
            (state.partition_epoch, state.elr) = (2, elr.to_vec());
            case.node(id).metadata.push(batch(2, 0, &["m"]));
        }
        case.broker(1, BrokerEvent::Unfenced { broker: 1 });
        case.kinds()
    };
    assert_eq!(with_elr(&[1], &[2, 3], 2), [""; 0]);
    assert_eq!(with_elr(&[1, 3], &[2], 3), [""; 0]);
    assert_eq!(with_elr(&[1, 3], &[2], 2), ["eligible"]);
    assert_eq!(with_elr(&[1], &[1, 2], 2), ["eligible"]);
}

#[test]
fn epochs_only_grow() {
    let mut case = Case::new();
    case.metadata(1, &[1, 2, 3], 1, 3, 3);
    let mut broker = case.clone();
    broker.metadata(1, &[1, 2, 3], 0, 3, 3);
    let mut leader = case.clone();
    leader.metadata(1, &[1, 2, 3], 1, 2, 4);
    let mut partition = case.clone();
    partition.metadata(1, &[1, 2, 3], 1, 3, 2);
    assert_eq!(broker.kinds(), ["epoch"; 3]);
    for case in [leader, partition] {
        assert_eq!(case.kinds(), ["epoch"]);
    }
    let follows = |epoch| BrokerEvent::BecameFollower { topic: topic(), partition: 0, leader: 1, epoch };
    case.broker(2, follows(3));
    let mut restarted = case.clone();
    case.broker(2, follows(2));
    assert_eq!(case.kinds(), ["epoch"]);
    restarted.event(EventKind::ProcessState { node: "broker-2".into(), from: ProcessState::Crashed, to: ProcessState::Running });
    restarted.broker(2, follows(2));
    assert_eq!(restarted.kinds(), [""; 0]);
}

#[test]
fn metadata_is_one_log() {
    let mut case = Case::new();
    case.metadata(1, &[1, 2, 3], 1, 0, 1);
    case.broker(2, BrokerEvent::Unfenced { broker: 2 });
    assert_eq!(case.kinds(), [""; 0]);
    *case.node(3).metadata.last_mut().expect("a batch") = batch(1, 0, &["other"]);
    case.broker(3, BrokerEvent::Unfenced { broker: 3 });
    assert_eq!(case.kinds(), ["metadata"]);
}

#[test]
fn offsets_are_dense() {
    let mut case = Case::new();
    case.node(1).replica.log.push(batch(8, 0, &["g"]));
    case.node(1).replica.isr = vec![1];
    let mut within = case.clone();
    case.node(1).replica.log.insert(3, batch(6, 0, &["h"]));
    case.commit(1, 9);
    assert_eq!(case.kinds(), ["dense"]);
    // A batch that says it has two offsets and holds one record.
    let mut bytes = BytesMut::from(&batch(6, 0, &["g"]).bytes()[..]);
    bytes[26] = 1;
    let lying = Batch::split_first(&mut bytes.freeze()).expect("a batch");
    within.node(1).replica.log.insert(3, lying);
    within.commit(1, 9);
    assert_eq!(within.kinds(), ["dense"]);
}

#[test]
fn consumers_see_and_commit_within_bounds() {
    let mut case = Case::new();
    case.node(1).replica.log.push(batch(6, 0, &["g"]));
    let fetched = |last_offset| ConsumerEvent::Fetched { topic: topic(), partition: 0, base_offset: 0, last_offset };
    let committed = |offset| ConsumerEvent::Committed { offsets: vec![(topic(), 0, offset, 0)] };
    for event in [fetched(5), committed(7)] {
        case.event(EventKind::Consumer { node: "c".into(), event });
    }
    assert_eq!(case.kinds(), [""; 0]);
    for event in [fetched(6), committed(8)] {
        case.event(EventKind::Consumer { node: "c".into(), event });
    }
    assert_eq!(case.kinds(), ["uncommitted-read", "offset-bounds"]);
}

#[test]
fn what_was_read_is_committed_with_its_epoch() {
    let mut case = Case::new();
    let fetched = |last_offset| ConsumerEvent::Fetched { topic: topic(), partition: 0, base_offset: 0, last_offset };
    let committed = |offset| ConsumerEvent::Committed { offsets: vec![(topic(), 0, offset, -1)] };
    let reset = ConsumerEvent::PositionReset { topic: topic(), partition: 0, offset: 3, why: "no committed offset" };
    // The first of a partition, and one that a reset gave, have no record before them.
    for event in [fetched(5), committed(0), reset, committed(3)] {
        case.event(EventKind::Consumer { node: "c".into(), event });
    }
    assert_eq!(case.kinds(), [""; 0]);
    for event in [fetched(5), committed(3)] {
        case.event(EventKind::Consumer { node: "c".into(), event });
    }
    assert_eq!(case.kinds(), ["epoch-not-committed"]);
}
