//! Consumer apps as people write them: when they commit, and what a rebalance makes of it.

use super::action::{CommitPolicy, ConsumerSpec, Genesis, HandlerSpec};
use super::handler::{CommitMode, OnRevoke, SinkKind};
use super::operations::{AddConsumer, AddProducer, ChangeConsumer, CreateTopic};
use super::testing::{act, after, configs, producer};
use super::*;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::sorted_vec::SortedVecMap;

/// One broker, topics of four partitions, and twenty records a second in each.
fn shop(topics: &[&str]) -> World {
    let broker_config = configs(&[("offsets.topic.num.partitions", "1"), ("group.initial.rebalance.delay.ms", "500")]);
    let mut world = World::new(Genesis { seed: 5, latency_us: 2_000, broker_config, ..Genesis::default() }).expect("it boots");
    after(&mut world, 5_000);
    for topic in topics {
        let topic: Arc<str> = (*topic).into();
        act(&mut world, CreateTopic { topic: topic.clone(), partitions: 4, replicas: 1, config: SortedVecMap::new() });
        after(&mut world, 500);
        act(&mut world, AddProducer(producer(&format!("of-{topic}"), &topic)));
    }
    world
}

fn member(name: &str, commit: CommitPolicy, handler: HandlerSpec, set: &[(&str, &str)]) -> ConsumerSpec {
    let mut config = configs(&[("auto.offset.reset", "earliest"), ("metadata.max.age.ms", "3000")]);
    config.extend(configs(set));
    ConsumerSpec {
        name: name.into(),
        group: Some("billing".into()),
        topics: vec!["orders".into()],
        handle_us: 1_000,
        commit,
        handler,
        config,
    }
}

/// What all apps have handled again.
fn again(world: &World) -> u64 {
    world.view().consumers.iter().map(|consumer| consumer.duplicates).sum()
}

/// A second member joins, and the first one stops later.
fn again_after_rebalances(on_revoke: OnRevoke, set: &[(&str, &str)]) -> u64 {
    let mut world = shop(&["orders"]);
    let handler = HandlerSpec { on_revoke, ..HandlerSpec::default() };
    let spec = |name| AddConsumer(member(name, CommitPolicy::Never, handler.clone(), set));
    act(&mut world, spec("billing-1"));
    after(&mut world, 15_000);
    act(&mut world, spec("billing-2"));
    after(&mut world, 30_000);
    act(&mut world, operations::Stop { node: "billing-1".into() });
    after(&mut world, 20_000);
    let handled: u64 = world.view().consumers.iter().map(|consumer| consumer.handled).sum();
    assert!(handled > 1000, "{handled}");
    again(&world)
}

#[test]
fn who_commits_before_others_get_its_partitions_handles_nothing_again() {
    for set in [&[][..], &[("partition.assignment.strategy", "cooperative-sticky")][..], &[("group.protocol", "consumer")][..]] {
        assert!(again_after_rebalances(OnRevoke::Nothing, set) > 100, "{set:?}");
        assert_eq!(again_after_rebalances(OnRevoke::Commit, set), 0, "{set:?}");
    }
}

/// How many rows each bulk insert of a member had, when each was, and how often it has committed.
fn bulks(commit: CommitPolicy, rows: u32, within_us: Option<i64>) -> (Vec<u32>, Vec<Time>, u64) {
    let mut world = shop(&["orders"]);
    let handler = HandlerSpec { sink: SinkKind::Bulk { rows, within_us }, ..HandlerSpec::default() };
    act(&mut world, AddConsumer(member("billing-1", commit, handler, &[("auto.offset.reset", "latest")])));
    after(&mut world, 31_000);
    let (mut inserted, mut at, mut commits) = (Vec::new(), Vec::new(), 0);
    for event in world.events() {
        match &event.kind {
            EventKind::Inserted { rows, .. } => {
                inserted.push(*rows);
                at.push(event.at);
            }
            EventKind::Consumer { event: ConsumerEvent::Committed { .. }, .. } => commits += 1,
            _ => {}
        }
    }
    (inserted, at, commits)
}

#[test]
fn a_bulk_insert_comes_after_so_many_rows_or_seconds() {
    let after_insert = CommitPolicy::AfterInsert(CommitMode::Sync);
    let (rows, at, commits) = bulks(after_insert, 100_000, Some(2_000_000));
    assert!(rows.len() >= 8 && rows.iter().all(|rows| (20..=60).contains(rows)), "{rows:?}");
    assert!(at.windows(2).all(|two| two[1].micros_since(two[0]) < 2_500_000), "{at:?}");
    assert!(commits.abs_diff(rows.len() as u64) <= 1, "{commits} commits of {} inserts", rows.len());
    let (rows, ..) = bulks(after_insert, 10, Some(2_000_000));
    assert!(rows.iter().all(|rows| *rows == 10), "{rows:?}");
    let (rows, ..) = bulks(after_insert, 10, None);
    assert!(rows.iter().all(|rows| *rows == 10), "{rows:?}");
}

#[test]
fn an_app_commits_by_its_own_interval() {
    for mode in [CommitMode::Async, CommitMode::Sync] {
        let (.., commits) = bulks(CommitPolicy::Every(3_000_000, mode), 1, None);
        assert!((6..=10).contains(&commits), "{commits} in half a minute");
    }
}

#[test]
fn a_member_subscribes_to_other_topics_without_another_process() {
    for set in [&[][..], &[("partition.assignment.strategy", "cooperative-sticky")][..], &[("group.protocol", "consumer")][..]] {
        let mut world = shop(&["orders", "returns"]);
        let spec = member("billing-1", CommitPolicy::Auto, HandlerSpec::default(), set);
        act(&mut world, AddConsumer(spec.clone()));
        after(&mut world, 15_000);
        let read = |world: &World| {
            let view = world.view();
            let mut topics: Vec<_> = view.consumers[0].positions.iter().map(|(topic, ..)| topic.to_string()).collect();
            topics.dedup();
            topics.join(",")
        };
        assert_eq!(read(&world), "orders", "{set:?}");
        for (topics, found) in [(&["returns"][..], "returns"), (&["^[a-z].*"], "orders,returns"), (&["orders"], "orders")] {
            let topics = topics.iter().map(|topic| (*topic).into()).collect();
            act(&mut world, ChangeConsumer(ConsumerSpec { topics, ..spec.clone() }));
            after(&mut world, 30_000);
            assert_eq!(read(&world), found, "{set:?}");
        }
        let handled = world.view().consumers[0].handled;
        let node = world.nodes.iter().find(|node| &*node.meta.name == "billing-1").expect("it is there");
        assert!(node.meta.incarnation == 1 && handled > 2000, "{set:?}: {handled}");
        assert_eq!(again(&world), 0, "{set:?}");
    }
}
