//! Consumer apps as people write them: when they commit, and what a rebalance makes of it.

use super::action::{CommitPolicy, ConsumerSpec, Genesis, HandlerSpec, Keys, ProducerSpec, TransactionPlan};
use super::handler::OnRevoke;
use super::operations::{AddConsumer, AddProducer, CreateTopic};
use super::*;
use crate::kafka::sorted_vec::SortedVecMap;

fn configs(pairs: &[(&str, &str)]) -> SortedVecMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn after(world: &mut World, millis: i64) {
    let until = world.now().plus_millis(millis);
    world.run_until(until);
}

fn act(world: &mut World, action: impl Into<Action>) {
    let action = action.into();
    world.act(action.clone()).unwrap_or_else(|error| panic!("{action:?}: {error}"));
}

/// One broker, topics of four partitions, and twenty records a second in each.
fn shop(topics: &[&str]) -> World {
    let broker_config = configs(&[("offsets.topic.num.partitions", "1"), ("group.initial.rebalance.delay.ms", "500")]);
    let mut world = World::new(Genesis { seed: 5, latency_us: 2_000, broker_config, ..Genesis::default() }).expect("it boots");
    after(&mut world, 5_000);
    for topic in topics {
        let topic: Arc<str> = (*topic).into();
        act(&mut world, CreateTopic { topic: topic.clone(), partitions: 4, replicas: 1, config: SortedVecMap::new() });
        after(&mut world, 500);
        act(
            &mut world,
            AddProducer(ProducerSpec {
                name: format!("of-{topic}").into(),
                topic,
                rate_per_1000s: 20_000,
                keys: Keys::Uniform(10),
                value_bytes: 32,
                partitioner: Default::default(),
                habits: Default::default(),
                transactions: TransactionPlan::default(),
                config: SortedVecMap::new(),
            }),
        );
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
