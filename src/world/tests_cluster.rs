//! Clusters: elections, faults, and that all of it is a value.

use super::action::{CommitPolicy, ConsumerSpec, Genesis, HandlerSpec, KeyPartitioner, Keys, LinkSpec, ProducerSpec, TransactionPlan};
use super::event::EventKind;
use super::operations::{
    Action, AddConsumer, AddProducer, Crash, CreateTopic, Cut, ElectLeader, FullDisk, Heal, Isolate, Kill, Links, Pause, PowerLoss,
    Reassign, Restart, Resume, SetBrokerConfig, SetHandleTime, SetLink, SetRate, SetTopicConfig, Skew, SlowDisk, Stop, Wipe,
};
use super::testing::{act, after, configs, producer};
use super::*;
use crate::kafka::broker::BrokerEvent;
use crate::kafka::config::{BrokerConfig, TopicConfig};
use crate::kafka::controller::ControllerEvent;
use crate::kafka::controller::QuorumRole;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::world::ProcessState;

fn genesis(seed: u64, brokers: u32) -> Genesis {
    let broker_config = configs(&[
        ("offsets.topic.num.partitions", "2"),
        ("group.initial.rebalance.delay.ms", "500"),
        ("replica.lag.time.max.ms", "10000"),
    ]);
    Genesis { seed, brokers, latency_us: 2_000, jitter_us: 3_000, broker_config, ..Genesis::default() }
}

fn boot(seed: u64, brokers: u32) -> World {
    let mut world = World::new(genesis(seed, brokers)).expect("it boots");
    while !world.brokers_settled() && world.now() < EPOCH.plus_millis(30_000) && world.step().is_some() {}
    assert!(world.brokers_settled(), "{:#?}", world.view().brokers);
    world
}

fn busy(seed: u64) -> World {
    let mut world = boot(seed, 3);
    let config = configs(&[("min.insync.replicas", "2")]);
    act(&mut world, Action::CreateTopic(CreateTopic { topic: "orders".into(), partitions: 3, replicas: 3, config }));
    while !world.topics_settled() && world.step().is_some() {}
    after(&mut world, 500);
    people(&mut world);
    after(&mut world, 10_000);
    world
}

fn people(world: &mut World) {
    act(
        world,
        Action::AddProducer(AddProducer(ProducerSpec {
            config: configs(&[("request.timeout.ms", "5000")]),
            ..producer("checkout", "orders")
        })),
    );
    act(
        world,
        Action::AddConsumer(AddConsumer(ConsumerSpec {
            name: "billing-1".into(),
            group: Some("billing".into()),
            topics: vec!["orders".into()],
            handle_us: 1_000,
            commit: CommitPolicy::Auto,
            handler: HandlerSpec::default(),
            config: configs(&[("auto.offset.reset", "earliest"), ("session.timeout.ms", "10000"), ("request.timeout.ms", "5000")]),
        })),
    );
}

/// A playground that is opened again: its apps count from 1 once more, so that their records look like the ones on the disks.
#[test]
fn a_run_on_the_disks_of_another_is_judged_for_itself() {
    let mut former = busy(21);
    let mut disks = SortedVecMap::new();
    for id in 1..=3 {
        let disk = former.disk_mut(id).expect("a broker's disk");
        let paths: Vec<String> = disk.list("").map(str::to_owned).collect();
        disks.insert(id, paths.into_iter().map(|path| (path.clone(), disk.read_all(&path).expect("is there"))).collect());
    }
    let kept: i64 = former.view().partitions.iter().filter(|state| state.view.is_leader).map(|state| state.view.end_offset).sum();
    let mut world = World::new(Genesis { disks, ..genesis(22, 3) }).expect("it boots");
    let mut judge = judge::Judge::new();
    let run = |world: &mut World, judge: &mut judge::Judge, millis: i64| {
        let until = world.now().plus_millis(millis);
        while world.turn(until) {
            judge.observe(world);
        }
    };
    run(&mut world, &mut judge, 20_000);
    people(&mut world);
    run(&mut world, &mut judge, 20_000);
    let verdict = judge.verdict(&world, false);
    assert!(verdict.violations.is_empty(), "{:#?}", verdict.violations);
    let ledger = verdict.ledger;
    assert_eq!((ledger.duplicated, ledger.reordered, ledger.redelivered, ledger.strangers), (0, 0, 0, 0));
    let end: i64 = world.view().partitions.iter().filter(|state| state.view.is_leader).map(|state| state.view.end_offset).sum();
    assert!(kept > 100 && ledger.acked > 100 && end >= kept + ledger.acked as i64, "{kept} kept, {} more, end {end}", ledger.acked);
}

fn leader(world: &World, partition: i32) -> i32 {
    let view = world.view();
    let found = view.partitions.iter().find(|state| &*state.view.topic == "orders" && state.view.partition == partition);
    found.expect("the partition is there").view.leader
}

fn controller(world: &World) -> i32 {
    world.view().quorum.and_then(|quorum| quorum.leader).expect("someone leads")
}

/// (acknowledged, handled, handled again).
fn counts(world: &World) -> (u64, u64, u64) {
    let view = world.view();
    let acked = view.producers.iter().map(|producer| producer.acked).sum();
    let failed: u64 = view.producers.iter().map(|producer| producer.failed).sum();
    assert_eq!(failed, 0);
    (acked, view.consumers.iter().map(|consumer| consumer.handled).sum(), view.consumers.iter().map(|consumer| consumer.duplicates).sum())
}

/// The producer stops, everything heals and settles: all that was acknowledged has been handled.
fn settle(world: &mut World) {
    act(world, Action::Heal(Heal));
    if world.view().brokers.iter().any(|broker| broker.state == ProcessState::Stopping) {
        after(world, 31_000);
    }
    let brokers: Vec<_> = world.view().brokers.into_iter().map(|broker| (broker.name, broker.state)).collect();
    for (node, state) in brokers {
        match state {
            ProcessState::Killed | ProcessState::PoweredOff | ProcessState::Stopped => act(world, Action::Restart(Restart { node })),
            ProcessState::Paused => act(world, Action::Resume(Resume { node })),
            _ => {}
        }
    }
    after(world, 5_000);
    act(world, Action::SetRate(SetRate { name: "checkout".into(), rate_per_1000s: 0 }));
    after(world, 90_000);
    let view = world.view();
    let producer = view.producers.first().expect("it is there");
    assert_eq!((producer.pending, producer.sent), (0, producer.acked), "{producer:?}");
    let (acked, handled, again) = counts(world);
    assert_eq!(handled - again, acked, "{handled} handled, {again} of them again; {acked} acknowledged");
    for state in view.partitions {
        assert_eq!(state.view.isr.len(), 3, "{:?}", state.view);
        assert!(state.view.leader > 0);
    }
    for replica in &view.replicas {
        let end = view.replicas.iter().filter(|other| (&other.topic, other.partition) == (&replica.topic, replica.partition));
        assert!(end.clone().all(|other| other.end_offset == replica.end_offset), "{:#?}", end.collect::<Vec<_>>());
    }
}

fn broker(id: i32) -> Arc<str> {
    broker_name(id)
}

#[test]
fn three_brokers_boot_and_elect() {
    let world = boot(1, 3);
    let view = world.view();
    let quorum = view.quorum.expect("someone leads");
    assert_eq!(quorum.voters, [1, 2, 3]);
    assert!(view.brokers.iter().all(|broker| broker.state.is_running() && !broker.fenced), "{:?}", view.brokers);
    assert_eq!(view.brokers.iter().filter(|broker| broker.is_controller).count(), 1);
    let votes = world.events().iter().find_map(|event| match &event.kind {
        EventKind::Broker { event: BrokerEvent::Controller(ControllerEvent::Elected { votes, .. }), .. } => Some(votes.clone()),
        _ => None,
    });
    assert!(votes.is_some_and(|votes| votes.len() >= 2));
}

#[test]
fn five_brokers_with_three_voters_boot() {
    let world = boot(2, 5);
    let view = world.view();
    assert_eq!(view.quorum.map(|quorum| quorum.voters), Some(vec![1, 2, 3]));
    assert_eq!(view.brokers.iter().filter(|broker| broker.role == Some(QuorumRole::Observer)).count(), 2, "{:?}", view.brokers);
}

#[test]
fn records_flow_through_three_brokers() {
    let mut world = busy(1);
    let (acked, handled, _) = counts(&world);
    assert!(acked > 150 && handled > 100, "{acked} {handled}");
    settle(&mut world);
}

#[test]
fn a_killed_leader_loses_nothing() {
    let mut world = busy(2);
    let dead = leader(&world, 0);
    act(&mut world, Action::Kill(Kill { node: broker(dead) }));
    after(&mut world, 20_000);
    let now = leader(&world, 0);
    assert!(now > 0 && now != dead, "{now}");
    settle(&mut world);
}

#[test]
fn a_killed_controller_is_replaced() {
    let mut world = busy(3);
    let dead = controller(&world);
    act(&mut world, Action::Kill(Kill { node: broker(dead) }));
    after(&mut world, 15_000);
    assert_ne!(controller(&world), dead);
    settle(&mut world);
}

#[test]
fn a_power_loss_takes_only_what_others_have() {
    let mut world = busy(4);
    let dead = leader(&world, 1);
    act(&mut world, Action::PowerLoss(PowerLoss::of(broker(dead))));
    after(&mut world, 3_000);
    act(&mut world, Action::Restart(Restart { node: broker(dead) }));
    after(&mut world, 20_000);
    settle(&mut world);
}

/// Its followers sent a fetch that was never refused and never answered: nothing says that its machine is off.
#[test]
fn a_leader_that_is_back_from_a_power_loss_is_followed_at_once() {
    let high_watermark = |world: &World| {
        let view = world.view();
        let at = view.partitions.into_iter().find(|at| &*at.view.topic == "orders" && at.view.partition == 1);
        at.expect("the partition is there").view.high_watermark
    };
    let mut world = busy(4);
    let dead = leader(&world, 1);
    act(&mut world, Action::PowerLoss(PowerLoss::of(broker(dead))));
    after(&mut world, 11_000);
    assert_ne!(leader(&world, 1), dead);
    act(&mut world, Action::Restart(Restart { node: broker(dead) }));
    after(&mut world, 5_000);
    act(&mut world, Action::ElectLeader(ElectLeader { topic: "orders".into(), partition: 1, unclean: false }));
    after(&mut world, 1_000);
    assert_eq!(leader(&world, 1), dead, "it is the preferred one");
    let before = high_watermark(&world);
    after(&mut world, 2_000);
    assert!(high_watermark(&world) > before, "who follows it has asked for more than {before}");
    settle(&mut world);
}

#[test]
fn an_isolated_leader_comes_back_as_a_follower() {
    let mut world = busy(5);
    let lonely = leader(&world, 2);
    act(&mut world, Action::Isolate(Isolate { node: broker(lonely) }));
    after(&mut world, 30_000);
    let now = leader(&world, 2);
    assert!(now > 0 && now != lonely, "{now}");
    settle(&mut world);
}

#[test]
fn a_stopped_broker_hands_over_first() {
    let mut world = busy(6);
    let gone = leader(&world, 0);
    act(&mut world, Action::Stop(Stop { node: broker(gone) }));
    after(&mut world, 10_000);
    let state = world.view().brokers.into_iter().find(|broker| broker.node_id == gone).map(|broker| broker.state);
    assert_eq!(state, Some(ProcessState::Stopped));
    assert_ne!(leader(&world, 0), gone);
    settle(&mut world);
}

/// The longest that a frame of `after` has been under way from one node to the other, in milliseconds; -1: there was none.
fn longest(world: &World, after: Time, a: &str, b: &str) -> i64 {
    let took = |event: &Event| match &event.kind {
        EventKind::FrameSent { from, to, arrives, .. } if &**from == a && &**to == b => Some(arrives.micros_since(event.at) / 1000),
        _ => None,
    };
    world.events().iter().filter(|event| event.at > after).filter_map(took).max().unwrap_or(-1)
}

#[test]
fn one_link_is_slow_and_the_others_are_as_before() {
    let mut world = busy(12);
    let slow = LinkSpec { latency_us: 300_000, jitter_us: 3_000, loss_ppm: 0, duplicate_ppm: 0 };
    let link = |how, one_way| Action::SetLink(SetLink { from: broker(1), to: broker(2), one_way, how });
    let began = world.now();
    act(&mut world, link(Some(slow), true));
    assert_eq!(world.view().link_faults, [(broker(1), broker(2), Some(slow))]);
    after(&mut world, 8_000);
    // What is sent at a turn comes after what was sent before it: a little longer than latency and jitter.
    assert!((300..320).contains(&longest(&world, began, "broker-1", "broker-2")));
    for (a, b) in [("broker-2", "broker-1"), ("broker-1", "broker-3"), ("broker-3", "broker-1"), ("broker-2", "broker-3")] {
        assert!((0..20).contains(&longest(&world, began, a, b)), "{a} to {b}");
    }
    // Both ways, lossy: what is lost is sent again, later.
    let (lost, began) = (world.view().lost, world.now());
    act(&mut world, link(Some(LinkSpec { loss_ppm: 200_000, ..slow }), false));
    after(&mut world, 8_000);
    assert!(world.view().lost > lost);
    assert!(longest(&world, began, "broker-2", "broker-1") >= 500);
    // As the others again, given or healed.
    let mut other = world.clone();
    act(&mut world, link(None, false));
    act(&mut other, Action::Heal(Heal));
    for world in [&mut world, &mut other] {
        assert_eq!(world.view().link_faults, []);
        after(world, 5_000);
        let began = world.now();
        after(world, 5_000);
        assert!((0..20).contains(&longest(world, began, "broker-1", "broker-2")));
    }
    settle(&mut world);
    let again = World::replay(world.genesis().clone(), world.history(), world.now()).expect("it replays");
    assert_eq!((again.event_hash(), again.view()), (world.event_hash(), world.view()));
}

#[test]
fn what_a_link_is_given_is_checked() {
    let mut world = busy(13);
    let hash = world.event_hash();
    let mut wrong = |to: &str, how| {
        let fault = Action::SetLink(SetLink { from: broker(1), to: to.into(), one_way: false, how });
        world.act(fault).expect_err("it is wrong").to_string()
    };
    let as_ever = LinkSpec { latency_us: 0, jitter_us: 0, loss_ppm: 0, duplicate_ppm: 0 };
    assert_eq!(wrong("broker-1", None), "a link is between two nodes: these are one");
    assert!(wrong("broker-7", None).starts_with("there is no node called broker-7"));
    let slow = LinkSpec { latency_us: 61_000_000, ..as_ever };
    assert_eq!(wrong("broker-2", Some(slow)), "a link's latency and jitter are 0 to 60 s");
    assert_eq!(wrong("broker-2", Some(LinkSpec { jitter_us: -1, ..as_ever })), "a link's latency and jitter are 0 to 60 s");
    assert_eq!(wrong("checkout", Some(LinkSpec { loss_ppm: 1_000_001, ..as_ever })), "loss and duplication are 0 to 100 %");
    assert_eq!(world.event_hash(), hash);
}

#[test]
fn round_robin_leaves_out_a_partition_without_a_leader() {
    let mut world = boot(5, 3);
    let config = SortedVecMap::new();
    act(&mut world, Action::CreateTopic(CreateTopic { topic: "orders".into(), partitions: 3, replicas: 1, config }));
    while !world.topics_settled() && world.step().is_some() {}
    act(
        &mut world,
        Action::AddProducer(AddProducer(ProducerSpec {
            partitioner: KeyPartitioner::RoundRobin,
            config: configs(&[("metadata.max.age.ms", "2000"), ("delivery.timeout.ms", "120000")]),
            ..producer("checkout", "orders")
        })),
    );
    after(&mut world, 5000);
    let led = (0..3).map(|partition| leader(&world, partition)).find(|id| *id != controller(&world)).expect("one of them");
    act(&mut world, Action::Kill(Kill { node: broker(led) }));
    after(&mut world, 20_000);
    let pending = |world: &World| world.view().producers[0].pending;
    let before = pending(&world);
    after(&mut world, 10_000);
    assert!(pending(&world) <= before + 20, "{before} waited for the partition that nobody leads, and then {}", pending(&world));
}

/// Most faults there are, one after the other.
fn stormy(seed: u64) -> World {
    let mut world = busy(seed);
    let storm = [
        Action::Links(Links(LinkSpec { latency_us: 10_000, jitter_us: 20_000, loss_ppm: 20_000, duplicate_ppm: 10_000 })),
        Action::SlowDisk(SlowDisk { node: broker(1), delay_us: 30_000 }),
        Action::Skew(Skew { node: broker(2), by_us: 1_500_000 }),
        Action::Kill(Kill { node: broker(3) }),
        Action::Restart(Restart { node: broker(3) }),
        Action::Cut(Cut { from: broker(1), to: broker(2), one_way: true }),
        Action::Heal(Heal),
        Action::Pause(Pause { node: broker(2) }),
        Action::Resume(Resume { node: broker(2) }),
        Action::PowerLoss(PowerLoss::of(broker(1))),
        Action::Restart(Restart { node: broker(1) }),
        Action::Skew(Skew { node: broker(2), by_us: -500_000 }),
        Action::Cut(Cut { from: broker(3), to: "checkout".into(), one_way: false }),
        Action::Heal(Heal),
        Action::Kill(Kill { node: broker(2) }),
        Action::Wipe(Wipe { node: broker(2) }),
        Action::Restart(Restart { node: broker(2) }),
        Action::SlowDisk(SlowDisk { node: broker(1), delay_us: 0 }),
        Action::Links(Links(LinkSpec { latency_us: 2_000, jitter_us: 3_000, loss_ppm: 0, duplicate_ppm: 0 })),
        Action::Isolate(Isolate { node: broker(3) }),
    ];
    for fault in storm {
        act(&mut world, fault);
        after(&mut world, 12_000);
    }
    world
}

#[test]
fn a_storm_is_a_value_and_loses_nothing() {
    let mut world = stormy(7);
    let again = World::replay(world.genesis().clone(), world.history(), world.now()).expect("it replays");
    assert_eq!(again.event_hash(), world.event_hash());
    assert_eq!(again.view(), world.view());
    let mut clone = world.clone();
    settle(&mut clone);
    settle(&mut world);
    assert_eq!(clone.event_hash(), world.event_hash());
    for event in world.events() {
        assert!(event.cause.is_none_or(|cause| cause < event.id), "{event:?}");
    }
}

#[test]
fn a_full_disk_ends_the_process_and_room_brings_it_back() {
    let mut world = busy(8);
    act(&mut world, Action::FullDisk(FullDisk { node: broker(2), free: Some(2000) }));
    after(&mut world, 20_000);
    let state = |world: &World| world.view().brokers.into_iter().find(|broker| broker.node_id == 2).map(|broker| broker.state);
    assert_eq!(state(&world), Some(ProcessState::Killed));
    act(&mut world, Action::FullDisk(FullDisk { node: broker(2), free: None }));
    settle(&mut world);
}

#[test]
fn topics_are_changed_through_any_broker() {
    let mut world = busy(9);
    act(&mut world, Action::SetTopicConfig(SetTopicConfig { topic: "orders".into(), config: configs(&[("min.insync.replicas", "1")]) }));
    act(&mut world, Action::Reassign(Reassign { topic: "orders".into(), partition: 0, replicas: vec![3, 1] }));
    act(&mut world, Action::ElectLeader(ElectLeader { topic: "orders".into(), partition: 1, unclean: false }));
    after(&mut world, 20_000);
    assert!(world.topics_settled());
    let view = world.view();
    let moved = view.partitions.iter().find(|state| &*state.view.topic == "orders" && state.view.partition == 0);
    assert_eq!(moved.map(|state| state.view.replicas.clone()), Some(vec![3, 1]));
    let refused: Vec<_> =
        world.events().iter().filter(|event| matches!(&event.kind, EventKind::AdminAnswered { error, .. } if error.is_error())).collect();
    assert!(refused.len() <= 1, "only the election may not be needed: {refused:?}");
}

#[test]
fn a_brokers_configs_are_changed_through_itself_and_those_of_all_through_any() {
    let mut world = busy(9);
    let set = |world: &mut World, broker: Option<i32>, value: &str| {
        let config = configs(&[("log.retention.ms", value)]);
        act(world, Action::SetBrokerConfig(SetBrokerConfig { broker: broker.map(self::broker), config }));
        after(world, 3_000);
    };
    let retention = |config: &BrokerConfig| TopicConfig::new(config, &SortedVecMap::new()).retention_ms;
    let kept = |world: &World| [1, 2, 3].map(|id| world.broker(&broker(id)).map(|broker| retention(broker.config())));
    set(&mut world, None, "5000");
    assert_eq!(kept(&world), [Some(5000); 3]);
    // Whichever broker the admin client speaks to, it goes to the right one.
    for id in [3, 1, 2] {
        set(&mut world, Some(id), &(7000 + id).to_string());
    }
    assert_eq!(kept(&world), [Some(7001), Some(7002), Some(7003)]);
    set(&mut world, Some(2), "");
    assert_eq!(kept(&world), [Some(7001), Some(5000), Some(7003)]);
    let errors = |world: &World| {
        let of = |event: &Event| match &event.kind {
            EventKind::AdminAnswered { error, topic, message, .. } if error.is_error() => Some((topic.to_string(), message.clone())),
            _ => None,
        };
        world.events().iter().filter_map(of).collect::<Vec<_>>()
    };
    assert_eq!(errors(&world), []);
    // What cannot be changed while it runs is refused by the cluster, which everyone can read.
    act(&mut world, Action::SetBrokerConfig(SetBrokerConfig { broker: None, config: configs(&[("num.partitions", "6")]) }));
    after(&mut world, 3_000);
    let why = "Cannot update these configs dynamically: Set(num.partitions)";
    assert_eq!(errors(&world), [("all brokers".to_owned(), why.to_owned())]);
    // A broker without a process takes its own when it is back; others need not wait longer than a minute for it.
    act(&mut world, Action::Kill(Kill { node: broker(2) }));
    act(&mut world, Action::SetBrokerConfig(SetBrokerConfig { broker: Some(broker(2)), config: configs(&[("log.retention.ms", "9000")]) }));
    after(&mut world, 5_000);
    act(&mut world, Action::Restart(Restart { node: broker(2) }));
    after(&mut world, 40_000);
    assert_eq!((kept(&world)[1], errors(&world)), (Some(9000), vec![]));
    for wrong in [Some("broker-9"), Some("checkout")] {
        let action =
            Action::SetBrokerConfig(SetBrokerConfig { broker: wrong.map(Into::into), config: configs(&[("log.retention.ms", "1")]) });
        assert!(world.act(action).is_err());
    }
    assert!(world.act(Action::SetBrokerConfig(SetBrokerConfig { broker: None, config: SortedVecMap::new() })).is_err());
}

#[test]
fn bad_faults_change_nothing() {
    let mut world = busy(10);
    act(&mut world, Action::Kill(Kill { node: broker(3) }));
    after(&mut world, 1_000);
    let (hash, actions, view) = (world.event_hash(), world.history().len(), world.view());
    for fault in [
        Action::Kill(Kill { node: "broker-4".into() }),
        Action::Kill(Kill { node: broker(3) }),
        Action::Restart(Restart { node: broker(1) }),
        Action::Wipe(Wipe { node: broker(1) }),
        Action::Wipe(Wipe { node: "checkout".into() }),
        Action::Stop(Stop { node: broker(3) }),
        Action::Pause(Pause { node: broker(3) }),
        Action::Resume(Resume { node: broker(1) }),
        Action::SlowDisk(SlowDisk { node: "checkout".into(), delay_us: 1 }),
        Action::SlowDisk(SlowDisk { node: broker(1), delay_us: -1 }),
        Action::FullDisk(FullDisk { node: "admin".into(), free: None }),
        Action::Skew(Skew { node: broker(1), by_us: i64::MIN }),
        Action::Links(Links(LinkSpec { latency_us: -1, jitter_us: 0, loss_ppm: 0, duplicate_ppm: 0 })),
        Action::Links(Links(LinkSpec { latency_us: 0, jitter_us: 0, loss_ppm: 1_000_001, duplicate_ppm: 0 })),
        Action::Cut(Cut { from: broker(1), to: broker(1), one_way: false }),
        Action::Cut(Cut { from: broker(1), to: "nobody".into(), one_way: false }),
        Action::Isolate(Isolate { node: "".into() }),
    ] {
        assert!(world.act(fault.clone()).is_err(), "{fault:?}");
    }
    for action in [
        Action::CreateTopic(CreateTopic { topic: "wide".into(), partitions: 1, replicas: 4, config: SortedVecMap::new() }),
        Action::CreateTopic(CreateTopic { topic: "none".into(), partitions: 1, replicas: 0, config: SortedVecMap::new() }),
        Action::Reassign(Reassign { topic: "orders".into(), partition: 0, replicas: vec![1, 9] }),
        Action::Reassign(Reassign { topic: "orders".into(), partition: 0, replicas: vec![1, 1] }),
        Action::Reassign(Reassign { topic: "orders".into(), partition: 0, replicas: vec![] }),
        Action::Reassign(Reassign { topic: "orders".into(), partition: 7, replicas: vec![1] }),
        Action::ElectLeader(ElectLeader { topic: "order".into(), partition: 0, unclean: false }),
        Action::SetTopicConfig(SetTopicConfig { topic: "orders".into(), config: SortedVecMap::new() }),
    ] {
        assert!(world.act(action.clone()).is_err(), "{action:?}");
    }
    assert_eq!((world.event_hash(), world.history().len()), (hash, actions));
    assert_eq!(world.view(), view);
}

/// Ten random faults that lose no byte: killed processes keep their page cache.
fn random(seed: u64) -> World {
    let mut world = busy(seed);
    let mut rng = Rng::stream(seed, "faults");
    for _ in 0..10 {
        let mut draw = |n: u64| rng.below(n);
        let node = broker(1 + i32::try_from(draw(3)).unwrap_or(0));
        let other = broker(1 + i32::try_from(draw(3)).unwrap_or(0));
        let fault = match draw(12) {
            0 | 1 => Action::Kill(Kill { node }),
            2..=4 => Action::Restart(Restart { node }),
            5 => Action::Isolate(Isolate { node }),
            6 => Action::Cut(Cut { from: node, to: other, one_way: draw(2) == 0 }),
            7 => Action::Heal(Heal),
            8 => Action::Pause(Pause { node }),
            9 => Action::Resume(Resume { node }),
            10 => Action::Stop(Stop { node }),
            _ => Action::Links(Links(LinkSpec { latency_us: 5_000, jitter_us: 50_000, loss_ppm: 50_000, duplicate_ppm: 0 })),
        };
        let pause = 500 + i64::try_from(draw(15_000)).unwrap_or(0);
        // Some cannot be done at that moment.
        let _ = world.act(fault);
        after(&mut world, pause);
    }
    world
}

#[test]
fn random_faults_lose_nothing() {
    let seeds = option_env!("TIDEPOOL_SEEDS").and_then(|seeds| seeds.parse().ok()).unwrap_or(2);
    for seed in 100..100 + seeds {
        eprintln!("seed {seed}");
        settle(&mut random(seed));
    }
}

#[test]
fn a_commit_before_the_records_loses_them_for_the_group() {
    for (sabotage, loses) in [(None, false), (Some(Sabotage::CommitBeforeRecords), true)] {
        let mut world = World::new(Genesis { sabotage, ..genesis(11, 1) }).expect("it boots");
        act(
            &mut world,
            Action::CreateTopic(CreateTopic { topic: "orders".into(), partitions: 1, replicas: 1, config: SortedVecMap::new() }),
        );
        after(&mut world, 500);
        let keys = Keys::None;
        let (name, topic, config) = ("checkout".into(), "orders".into(), SortedVecMap::new());
        act(
            &mut world,
            Action::AddProducer(AddProducer(ProducerSpec {
                name,
                topic,
                rate_per_1000s: 20_000,
                keys,
                value_bytes: 32,
                partitioner: Default::default(),
                habits: Default::default(),
                transactions: TransactionPlan::default(),
                config,
            })),
        );
        let config = configs(&[("auto.offset.reset", "earliest"), ("session.timeout.ms", "6000"), ("max.poll.records", "5")]);
        let (name, group, topics) = ("billing-1".into(), Some("billing".into()), vec!["orders".into()]);
        let commit = CommitPolicy::Auto;
        let handler = HandlerSpec::default();
        act(
            &mut world,
            Action::AddConsumer(AddConsumer(ConsumerSpec { name, group, topics, handle_us: 100_000, commit, handler, config })),
        );
        after(&mut world, 10_000);
        act(&mut world, Action::Crash(Crash { node: "billing-1".into() }));
        after(&mut world, 1_000);
        act(&mut world, Action::Restart(Restart { node: "billing-1".into() }));
        act(&mut world, Action::SetRate(SetRate { name: "checkout".into(), rate_per_1000s: 0 }));
        act(&mut world, Action::SetHandleTime(SetHandleTime { name: "billing-1".into(), handle_us: 0 }));
        after(&mut world, 30_000);
        let (acked, handled, again) = counts(&world);
        assert_eq!(handled - again < acked, loses, "{sabotage:?}: {handled} {again} {acked}");
    }
}

#[test]
fn what_one_sees_who_has_looked_before_is_what_there_is_to_see() {
    let mut world = busy(6);
    let mut before = world.view();
    let node = |n| Arc::from(format!("broker-{n}"));
    for look in 0..240 {
        match look {
            40 => act(&mut world, Action::Kill(Kill { node: node(1) })),
            80 => act(&mut world, Action::Restart(Restart { node: node(1) })),
            120 => act(&mut world, Action::Isolate(Isolate { node: node(2) })),
            160 => act(&mut world, Action::PowerLoss(PowerLoss::of(node(3)))),
            200 => act(&mut world, Action::Restart(Restart { node: node(3) })),
            _ => {}
        }
        after(&mut world, 97);
        let view = world.view_after(&before);
        assert!(view == world.view(), "look {look}");
        before = view;
    }
    assert!(before.partitions.iter().any(|p| p.view.end_offset > 50));
}
