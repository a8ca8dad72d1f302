//! A run is a value: replay, clones, seeds, and what happens to processes.

use super::action::{CommitPolicy, ConsumerSpec, Genesis, HandlerSpec, Keys, ProducerSpec};
use super::event::EventKind;
use super::operations::{
    Action, AddConsumer, AddPartitions, AddProducer, ChangeConsumer, ChangeProducer, Crash, CreateTopic, DeleteTopic, Pause, Restart,
    Resume, SetHandleTime, SetRate, Stop,
};
use super::*;
use crate::kafka::coordinator::GroupState;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::world::ProcessState;

fn genesis(seed: u64) -> Genesis {
    let config = [("offsets.topic.num.partitions", "1"), ("group.initial.rebalance.delay.ms", "500")];
    let broker_config = config.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    Genesis { seed, latency_us: 5_000, jitter_us: 5_000, broker_config, ..Genesis::default() }
}

fn consumer(name: &str) -> Action {
    let config = [("auto.offset.reset", "earliest"), ("session.timeout.ms", "6000")];
    Action::AddConsumer(AddConsumer(ConsumerSpec {
        name: name.into(),
        group: Some("billing".into()),
        topics: vec!["orders".into()],
        handle_us: 10_000,
        commit: CommitPolicy::Auto,
        handler: HandlerSpec::default(),
        config: config.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }))
}

fn producer() -> Action {
    Action::AddProducer(AddProducer(producer_spec()))
}

fn producer_spec() -> ProducerSpec {
    testing::producer("checkout", "orders")
}

fn at(millis: i64) -> Time {
    EPOCH.plus_millis(millis)
}

fn name() -> Arc<str> {
    "billing-1".into()
}

/// Ten eventful seconds.
fn run(seed: u64) -> World {
    let mut world = World::new(genesis(seed)).expect("it boots");
    let act = |world: &mut World, action| world.act(action).expect("it can be done");
    act(&mut world, Action::CreateTopic(CreateTopic { topic: "orders".into(), partitions: 3, replicas: -1, config: SortedVecMap::new() }));
    world.run_until(at(200));
    act(&mut world, producer());
    act(&mut world, consumer("billing-1"));
    // In the middle of a moment's events.
    for _ in 0..37 {
        world.step();
    }
    act(&mut world, consumer("billing-2"));
    world.run_until(at(5000));
    act(&mut world, Action::Pause(Pause { node: name() }));
    world.run_until(at(6000));
    act(&mut world, Action::Resume(Resume { node: name() }));
    world.run_until(at(7000));
    act(&mut world, Action::Crash(Crash { node: name() }));
    world.run_until(at(8000));
    act(&mut world, Action::Restart(Restart { node: name() }));
    world.run_until(at(20_000));
    world
}

#[test]
fn replay_gives_the_same_run() {
    let world = run(1);
    let again = World::replay(world.genesis().clone(), world.history(), world.now()).expect("it replays");
    assert_eq!(again.event_hash(), world.event_hash());
    assert_eq!(again.view(), world.view());
    assert_eq!(again.events(), world.events());
}

#[test]
fn the_seed_decides() {
    assert_eq!(run(1).event_hash(), run(1).event_hash());
    assert_ne!(run(1).event_hash(), run(2).event_hash());
}

#[test]
fn a_clone_goes_the_same_way() {
    let mut world = run(3);
    let mut clone = world.clone();
    let before = clone.event_hash();
    world.run_until(at(25_000));
    assert_eq!(clone.event_hash(), before, "the original's run must not touch the clone");
    while clone.next_deadline().is_some_and(|(due, _)| due <= at(25_000)) {
        clone.step();
    }
    assert_eq!(clone.event_hash(), world.event_hash());
}

#[test]
fn the_group_works_and_causes_come_before_effects() {
    let world = run(1);
    let view = world.view();
    let group = view.groups.iter().find(|group| &*group.group == "billing").expect("the group is there");
    assert_eq!((group.state, group.members.len()), (GroupState::Stable, 2), "{group:?}");
    let handled: u64 = view.consumers.iter().map(|consumer| consumer.handled).sum();
    assert!(handled > 200, "{handled}");
    for event in world.events() {
        assert!(event.cause.is_none_or(|cause| cause < event.id), "{event:?}");
        if let EventKind::FrameArrived { message } = event.kind
            && let Some(cause) = event.cause.and_then(|cause| world.event(cause))
        {
            assert!(matches!(cause.kind, EventKind::FrameSent { message: sent, .. } if sent == message), "{cause:?}");
        }
    }
}

#[test]
fn frames_of_a_connection_arrive_in_order() {
    let world = run(1);
    let mut last = SortedVecMap::new();
    for event in world.events() {
        if let EventKind::FrameSent { from, to, arrives, .. } = &event.kind
            && (&**from == "checkout" || &**to == "checkout")
            && let Some(before) = last.insert((from.clone(), to.clone()), *arrives)
        {
            assert!(before <= *arrives, "{event:?}");
        }
    }
    assert!(last.len() >= 2);
}

#[test]
fn flights_show_what_they_carry() {
    let mut world = World::new(genesis(1)).expect("it boots");
    world
        .act(Action::CreateTopic(CreateTopic { topic: "orders".into(), partitions: 1, replicas: -1, config: SortedVecMap::new() }))
        .expect("created");
    world.run_until(at(200));
    world.act(producer()).expect("added");
    world.act(consumer("billing-1")).expect("added");
    let (mut produced, mut fetched) = (0, 0);
    while world.now() < at(4000) && world.step().is_some() {
        for flight in world.view().flights {
            for cargo in flight.cargo.iter() {
                assert_eq!(&*cargo.topic, "orders");
                if flight.response {
                    fetched += 1
                } else {
                    produced += 1
                }
                assert_eq!(flight.response, cargo.offset >= 0);
            }
        }
    }
    assert!(produced > 0 && fetched > 0, "{produced} {fetched}");
}

#[test]
fn what_cannot_be_done_changes_nothing() {
    let mut world = run(1);
    let (hash, actions) = (world.event_hash(), world.history().len());
    for action in [
        consumer("billing-1"),
        consumer("no spaces"),
        Action::Crash(Crash { node: "nobody".into() }),
        Action::Resume(Resume { node: name() }),
        Action::Restart(Restart { node: name() }),
        Action::AddPartitions(AddPartitions { topic: "orders".into(), total: 3 }),
        Action::DeleteTopic(DeleteTopic { topic: "order".into() }),
        Action::CreateTopic(CreateTopic { topic: "orders".into(), partitions: 1, replicas: -1, config: SortedVecMap::new() }),
        Action::CreateTopic(CreateTopic { topic: "a b".into(), partitions: 1, replicas: -1, config: SortedVecMap::new() }),
        Action::SetRate(SetRate { name: name(), rate_per_1000s: 1 }),
        Action::SetHandleTime(SetHandleTime { name: "checkout".into(), handle_us: 1 }),
    ] {
        assert!(world.act(action.clone()).is_err(), "{action:?}");
    }
    assert_eq!((world.event_hash(), world.history().len()), (hash, actions));
    assert!(World::new(Genesis { brokers: 10, ..Genesis::default() }).is_err());
    assert!(World::new(Genesis { voters: 2, ..Genesis::default() }).is_err());
}

#[test]
fn a_stopped_client_leaves_by_itself() {
    let mut world = run(1);
    world.act(Action::Stop(Stop { node: name() })).expect("it stops");
    world.act(Action::Stop(Stop { node: "checkout".into() })).expect("it stops");
    world.run_until(at(24_000));
    let view = world.view();
    assert!(view.consumers.iter().any(|consumer| &*consumer.name == "billing-1" && consumer.state == ProcessState::Stopped));
    assert!(view.producers.iter().all(|producer| producer.state == ProcessState::Stopped && producer.sent == producer.acked));
    assert_eq!(view.groups.first().map(|group| group.members.len()), Some(1));
}

#[test]
fn other_settings_are_one_action() {
    let mut world = run(1);
    let starts = |world: &World, name: &str| {
        let started = |event: &&Event| match &event.kind {
            EventKind::ProcessState { node, to: ProcessState::Running, .. } => **node == *name,
            _ => false,
        };
        world.events().iter().filter(started).count()
    };
    // What only the app needs holds at once, in the same process.
    let Some(Action::ChangeProducer(ChangeProducer(was))) = world.client("checkout") else { panic!("a producer") };
    let spec = ProducerSpec { rate_per_1000s: 8000, keys: Keys::Skewed(3), value_bytes: 200, ..was.clone() };
    world.act(Action::ChangeProducer(ChangeProducer(spec.clone()))).expect("it can be done");
    assert_eq!((starts(&world, "checkout"), world.client("checkout")), (1, Some(Action::ChangeProducer(ChangeProducer(spec.clone())))));
    assert_eq!(world.view().producers[0].rate_per_1000s, 8000);
    // A config needs another process, which comes when the old one has sent what it had.
    let config: SortedVecMap<String, String> =
        [("acks", "1"), ("enable.idempotence", "false")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
    world.act(Action::ChangeProducer(ChangeProducer(ProducerSpec { config, ..spec }))).expect("it can be done");
    let Some(Action::ChangeConsumer(ChangeConsumer(was))) = world.client("billing-1") else { panic!("a consumer") };
    world.act(Action::ChangeConsumer(ChangeConsumer(ConsumerSpec { commit: CommitPolicy::Never, ..was.clone() }))).expect("it can be done");
    assert!(world.act(Action::ChangeConsumer(ChangeConsumer(was.clone()))).is_err(), "it is about to stop");
    world.run_until(world.now().plus_millis(9000));
    let view = world.view();
    let p = &view.producers[0];
    assert_eq!((p.state, p.acks, p.failed, starts(&world, "checkout")), (ProcessState::Running, 1, 0, 2));
    assert!(p.acked > 20 && p.sent - p.acked < 5, "{p:?}");
    // The old member left and the new one joined: nobody waited for the session timeout.
    assert_eq!((view.consumers[0].state, view.groups[0].members.len()), (ProcessState::Running, 2));
    assert_eq!(view.consumers.iter().map(|c| c.assignment.len()).sum::<usize>(), 3);
    // Bad values change nothing; a client that is down gets its settings and stays down.
    let wrong: SortedVecMap<String, String> = [("session.timeout.ms".to_owned(), "soon".to_owned())].into();
    let error = world
        .act(Action::ChangeConsumer(ChangeConsumer(ConsumerSpec { config: wrong, ..was.clone() })))
        .expect_err("no number")
        .to_string();
    assert!(error.starts_with("session.timeout.ms=soon: "), "{error}");
    world.act(Action::Crash(Crash { node: name() })).expect("it crashes");
    world.act(Action::ChangeConsumer(ChangeConsumer(was.clone()))).expect("it can be done");
    assert_eq!(
        (world.view().consumers[0].state, world.client("billing-1")),
        (ProcessState::Crashed, Some(Action::ChangeConsumer(ChangeConsumer(was))))
    );
    world.act(Action::ChangeProducer(ChangeProducer(ProducerSpec { name: name(), ..producer_spec() }))).expect_err("it is a consumer");
}
