//! The active controller, alone in its quorum.

use super::QuorumRole;
use super::*;

pub fn active_ids(ids: &[i32]) -> Vec<m::BrokerId> {
    ids.iter().map(|id| m::BrokerId(*id)).collect()
}

#[test]
fn a_single_voter_leads_at_once() {
    let mut alone = Alone::open(&BrokerConfig::default(), None);
    let view = alone.controller.quorum();
    assert_eq!((view.role, view.leader, view.epoch), (QuorumRole::Leader, Some(1), 1));
    assert!(alone.controller.is_active());
    assert!(view.high_watermark > 0 && view.high_watermark == view.end_offset);
    alone.join(1);
    let made = alone.create(topic("orders", 3, 1));
    assert_eq!((made.error_code, made.num_partitions, made.replication_factor), (0, 3, 1));
    let before = alone.controller.image().clone();
    assert_eq!(before.topics["orders"].partitions.len(), 3);
    assert!(before.topics["orders"].partitions.iter().all(|state| state.leader == 1 && state.isr == [1]));
    // What was answered survives a power loss, with everything that led to it.
    alone.restart();
    let after = alone.controller.image();
    assert_eq!((&after.topics, &after.brokers, &after.ids), (&before.topics, &before.brokers, &before.ids));
    assert_eq!(alone.controller.quorum().epoch, 2);
    // The same broker, back after a crash, waits for the session of its former process, which the new controller takes for alive.
    assert_eq!(alone.register(1, 99, -1).error_code, 101);
    alone.pass(9001);
    assert_eq!(alone.register(1, 99, -1).error_code, 0);
    assert_eq!(alone.partition("orders").leader, -1);
    assert!(!alone.beat(1, false, false).is_fenced);
    assert_eq!((alone.partition("orders").leader, alone.partition("orders").recovering), (1, true));
}

fn registered(alone: &Alone, id: i32) -> image::BrokerImage {
    alone.controller.image().brokers[&id].clone()
}

fn alter(alone: &mut Alone, topic: &str, isr: &[i32], change: impl FnOnce(&mut m::alter_partition_request::PartitionData)) -> (i16, i16) {
    let state = alone.partition(topic).clone();
    let leader = state.leader.max(1);
    let states = isr.iter().map(|id| {
        let epoch = alone.controller.image().brokers.get(id).map_or(-1, |broker| broker.epoch);
        m::alter_partition_request::BrokerState { broker_id: (*id).into(), broker_epoch: epoch }
    });
    let mut partition = m::alter_partition_request::PartitionData {
        leader_epoch: state.leader_epoch,
        partition_epoch: state.partition_epoch,
        new_isr_with_epochs: states.collect(),
        ..m::alter_partition_request::PartitionData::default()
    };
    change(&mut partition);
    let of = m::alter_partition_request::TopicData { topic_id: alone.controller.image().topics[topic].id, partitions: vec![partition] };
    let request = m::AlterPartitionRequest { broker_id: leader.into(), broker_epoch: registered(alone, leader).epoch, topics: vec![of] };
    match alone.ask(3, Request::AlterPartition(request)) {
        Response::AlterPartition(answer) => (answer.error_code, answer.topics.first().map_or(-1, |topic| topic.partitions[0].error_code)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn topics_are_checked_and_spread() {
    let mut alone = Alone::open(&config(&[("num.partitions", "6"), ("default.replication.factor", "3")]), None);
    alone.join(3);
    let made = alone.create(topic("spread", -1, -1));
    assert_eq!((made.error_code, made.num_partitions, made.replication_factor), (0, 6, 3));
    let partitions = alone.controller.image().topics["spread"].partitions.clone();
    for id in 1..=3 {
        assert_eq!(partitions.iter().filter(|state| state.leader == id).count(), 2, "leaders are spread: {partitions:?}");
    }
    assert!(partitions.iter().all(|state| {
        let distinct: SortedVecSet<i32> = state.replicas.iter().copied().collect();
        distinct.len() == 3 && state.isr == state.replicas
    }));
    let refused = [
        (topic("spread", 1, 1), 36, "Topic 'spread' already exists."),
        (topic("a b", 1, 1), 17, "Topic name is invalid"),
        (topic("four", 1, 4), 38, "because only 3 broker(s) are registered."),
        (topic("none", 0, 1), 37, "non-positive"),
        (topic("none", 1, 0), 38, "larger than 0"),
    ];
    for (asked, error, why) in refused {
        let made = alone.create(asked);
        assert_eq!(made.error_code, error);
        assert!(made.error_message.as_ref().is_some_and(|message| message.contains(why)), "{made:?}");
    }
    let request = m::DeleteTopicsRequest {
        topic_names: vec![super::super::active::topic_name("spread"), super::super::active::topic_name("unknown")],
        ..m::DeleteTopicsRequest::default()
    };
    let Response::DeleteTopics(answer) = alone.ask(5, Request::DeleteTopics(request)) else { panic!() };
    assert_eq!(answer.responses.iter().map(|result| result.error_code).collect::<Vec<_>>(), [0, 3]);
    assert!(alone.controller.image().topics.is_empty());
}

/// The rows of an answer to DeleteTopics: name, id and error.
fn deleted(alone: &mut Alone, version: i16, request: m::DeleteTopicsRequest) -> Vec<(Option<String>, Uuid, i16, Option<String>)> {
    let Response::DeleteTopics(answer) = alone.ask(version, Request::DeleteTopics(request)) else { panic!() };
    let rows = answer.responses.into_iter();
    rows.map(|row| (row.name.map(|name| name.0.to_string()), row.topic_id, row.error_code, row.error_message.map(|why| why.to_string())))
        .collect()
}

#[test]
fn a_topic_that_is_named_twice_is_not_deleted_and_has_one_row() {
    let mut alone = Alone::open(&BrokerConfig::default(), None);
    alone.join(1);
    ["a", "b", "c", "d"].iter().for_each(|name| drop(alone.create(topic(name, 1, 1))));
    let [b, c, d] = ["b", "c", "d"].map(|name| alone.controller.image().topics[name].id);
    let nil = Uuid::nil();
    let named = |name: &str| (Some(super::super::active::topic_name(name)), nil);
    let asked = [
        named("a"),
        named("a"),
        (None, b),
        (None, b),
        (None, nil),
        (Some(super::super::active::topic_name("d")), d),
        named("c"),
        (None, c),
        named("d"),
    ];
    let topics = asked.into_iter().map(|(name, topic_id)| m::delete_topics_request::DeleteTopicState { name, topic_id });
    let request = m::DeleteTopicsRequest { topics: topics.collect(), ..m::DeleteTopicsRequest::default() };
    let row = |name: Option<&str>, id, error, why: &str| (name.map(str::to_owned), id, error, (error != 0).then(|| why.to_owned()));
    assert_eq!(
        deleted(&mut alone, 6, request),
        [
            row(Some("a"), nil, 42, "Duplicate topic name."),
            row(None, b, 42, "Duplicate topic id."),
            row(None, nil, 42, "Neither topic name nor id were specified."),
            row(Some("d"), d, 42, "You may not specify both topic name and topic id."),
            row(Some("c"), c, 42, "The provided topic name maps to an ID that was already supplied."),
            row(Some("d"), d, 0, ""),
        ]
    );
    assert_eq!(alone.controller.image().topics.keys().map(|name| &**name).collect::<Vec<_>>(), ["a", "b", "c"]);
}

#[test]
fn deletion_that_is_disabled_is_refused_without_words() {
    let mut alone = Alone::open(&config(&[("delete.topic.enable", "false")]), None);
    alone.join(1);
    alone.create(topic("a", 1, 1));
    for (version, error) in [(1, 42), (2, 42), (3, 73), (5, 73)] {
        let topic_names = vec![super::super::active::topic_name("a")];
        let request = m::DeleteTopicsRequest { topic_names, ..m::DeleteTopicsRequest::default() };
        assert_eq!(deleted(&mut alone, version, request), [(Some("a".to_owned()), Uuid::nil(), error, None)]);
    }
}

#[test]
fn a_topic_that_is_named_twice_is_not_made_and_does_not_grow() {
    let mut alone = Alone::open(&BrokerConfig::default(), None);
    alone.join(1);
    alone.create(topic("a", 1, 1));
    let twice = m::CreateTopicsRequest { topics: vec![topic("b", 1, 1), topic("b", 2, 1)], ..m::CreateTopicsRequest::default() };
    let Response::CreateTopics(answer) = alone.ask(7, Request::CreateTopics(twice)) else { panic!() };
    let rows: Vec<(i16, Option<&str>)> = answer.topics.iter().map(|row| (row.error_code, row.error_message.as_deref())).collect();
    assert_eq!(rows, [(42, Some("Duplicate topic name."))]);
    let grown = |count| m::create_partitions_request::CreatePartitionsTopic {
        name: super::super::active::topic_name("a"),
        count,
        assignments: None,
    };
    let twice = m::CreatePartitionsRequest { topics: vec![grown(2), grown(3)], ..m::CreatePartitionsRequest::default() };
    let Response::CreatePartitions(answer) = alone.ask(3, Request::CreatePartitions(twice)) else { panic!() };
    let rows: Vec<(i16, Option<&str>)> = answer.results.iter().map(|row| (row.error_code, row.error_message.as_deref())).collect();
    assert_eq!(rows, [(42, Some("Duplicate topic name."))]);
    assert_eq!(alone.controller.image().topics["a"].partitions.len(), 1);
}

#[test]
fn a_silent_broker_is_fenced_and_leads_again_once_asked() {
    let mut alone = Alone::open(&BrokerConfig::default(), None);
    alone.join(3);
    alone.create_on("orders", &[1, 2, 3]);
    for _ in 0..5 {
        alone.pass(2000);
        alone.beat(2, false, false);
        alone.beat(3, false, false);
    }
    assert!(registered(&alone, 1).fenced && !registered(&alone, 2).fenced);
    assert!(alone.events.iter().any(|event| matches!(event, ControllerEvent::BrokerFenced { broker: 1, .. })));
    assert_eq!((alone.partition("orders").leader, &alone.partition("orders").isr[..]), (2, &[2, 3][..]));
    assert_eq!(alter(&mut alone, "orders", &[2, 3, 1], |_| {}), (0, 107), "a fenced replica is ineligible");
    assert!(!alone.beat(1, false, false).is_fenced);
    assert_eq!(alter(&mut alone, "orders", &[2, 3, 1], |asked| asked.leader_epoch -= 1), (0, 74));
    assert_eq!(alter(&mut alone, "orders", &[2, 3, 1], |asked| asked.partition_epoch -= 1), (0, 95));
    assert_eq!(alter(&mut alone, "orders", &[2, 3, 1], |asked| asked.partition_epoch += 1), (0, 41));
    assert_eq!(alter(&mut alone, "orders", &[3, 1], |_| {}), (0, 42), "the leader must be in the ISR");
    assert_eq!(alter(&mut alone, "orders", &[2, 9], |_| {}), (0, 42));
    assert_eq!(alter(&mut alone, "orders", &[2, 3, 1], |asked| asked.new_isr_with_epochs[2].broker_epoch -= 1), (0, 107));
    assert_eq!(alter(&mut alone, "orders", &[2, 3, 1], |_| {}), (0, 0));
    let elect = |alone: &mut Alone, kind: i8| {
        let of = m::elect_leaders_request::TopicPartitions { topic: super::super::active::topic_name("orders"), partitions: vec![0] };
        let request = m::ElectLeadersRequest { election_type: kind, topic_partitions: Some(vec![of]), ..m::ElectLeadersRequest::default() };
        let Response::ElectLeaders(answer) = alone.ask(2, Request::ElectLeaders(request)) else { panic!() };
        answer.replica_election_results[0].partition_result[0].error_code
    };
    assert_eq!((elect(&mut alone, 0), elect(&mut alone, 0), elect(&mut alone, 1)), (0, 84, 84));
    assert_eq!(alone.partition("orders").leader, 1);
    alone.beat(1, true, false);
    assert_eq!((alone.partition("orders").leader, elect(&mut alone, 0)), (2, 80));
}

#[test]
fn leaders_go_back_to_preferred_replicas_in_time() {
    let mut alone = Alone::open(&config(&[("leader.imbalance.check.interval.seconds", "5")]), None);
    alone.join(2);
    alone.create_on("orders", &[1, 2]);
    alone.beat(1, true, false);
    alone.beat(1, false, false);
    assert_eq!(alter(&mut alone, "orders", &[2, 1], |_| {}), (0, 0));
    assert_eq!(alone.partition("orders").leader, 2);
    alone.pass(5001);
    assert_eq!(alone.partition("orders").leader, 1);
}

#[test]
fn a_controlled_shutdown_moves_leaders_first() {
    let mut alone = Alone::open(&BrokerConfig::default(), None);
    alone.join(2);
    alone.create_on("orders", &[1, 2]);
    let first = alone.beat(1, false, true);
    assert_eq!((alone.partition("orders").leader, first.should_shut_down), (2, false), "the other has not read of it yet");
    alone.beat(2, false, false);
    let last = alone.beat(1, false, true);
    assert!(last.should_shut_down && last.is_fenced && registered(&alone, 1).fenced);
    // A broker that comes back waits for the session to end, although it left in good order and is fenced.
    let epoch = registered(&alone, 1).epoch;
    assert_eq!(alone.register(1, 11, epoch).error_code, 101);
    alone.pass(9001);
    let back = alone.register(1, 11, epoch);
    assert_eq!(back.error_code, 0);
    // The same process keeps its epoch; another may take its place as long as it has sent no heartbeat.
    assert_eq!((alone.register(1, 11, -1).broker_epoch, back.broker_epoch > epoch), (back.broker_epoch, true));
    assert_eq!(alone.register(1, 12, -1).error_code, 0);
    alone.beat(1, false, false);
    assert_eq!(alone.register(1, 13, -1).error_code, 101);
    alone.pass(9001);
    assert_eq!(alone.register(1, 13, -1).error_code, 0);
    let stale = m::BrokerHeartbeatRequest { broker_id: 1.into(), broker_epoch: epoch, ..m::BrokerHeartbeatRequest::default() };
    let Response::BrokerHeartbeat(answer) = alone.ask(1, Request::BrokerHeartbeat(stale)) else { panic!() };
    assert_eq!(answer.error_code, 77);
}

#[test]
fn partitions_move_to_other_brokers() {
    let mut alone = Alone::open(&BrokerConfig::default(), None);
    alone.join(4);
    alone.create_on("orders", &[1, 2]);
    let reassign = |alone: &mut Alone, to: Option<&[i32]>| {
        let partition = m::alter_partition_reassignments_request::ReassignablePartition {
            replicas: to.map(active_ids),
            ..m::alter_partition_reassignments_request::ReassignablePartition::default()
        };
        let of = m::alter_partition_reassignments_request::ReassignableTopic {
            name: super::super::active::topic_name("orders"),
            partitions: vec![partition],
        };
        let request = m::AlterPartitionReassignmentsRequest { topics: vec![of], ..m::AlterPartitionReassignmentsRequest::default() };
        let Response::AlterPartitionReassignments(answer) = alone.ask(0, Request::AlterPartitionReassignments(request)) else { panic!() };
        answer.responses[0].partitions[0].error_code
    };
    assert_eq!((reassign(&mut alone, None), reassign(&mut alone, Some(&[1, 9])), reassign(&mut alone, Some(&[]))), (85, 39, 39));
    assert_eq!(reassign(&mut alone, Some(&[3, 4])), 0);
    let state = alone.partition("orders").clone();
    assert_eq!(
        (&state.replicas[..], &state.adding[..], &state.removing[..], state.leader),
        (&[3, 4, 1, 2][..], &[3, 4][..], &[1, 2][..], 1)
    );
    let Response::ListPartitionReassignments(ongoing) = alone.ask(
        0,
        Request::ListPartitionReassignments(m::ListPartitionReassignmentsRequest {
            topics: None,
            ..m::ListPartitionReassignmentsRequest::default()
        }),
    ) else {
        panic!()
    };
    assert_eq!(ongoing.topics[0].partitions[0].adding_replicas, active_ids(&[3, 4]));
    assert_eq!(reassign(&mut alone, None), 0);
    assert_eq!(alone.partition("orders").replicas, [1, 2]);
    // One that replaces another begins with what is there. What it adds nothing to, or takes nothing from, stays as the other has it.
    assert_eq!((reassign(&mut alone, Some(&[3, 4])), reassign(&mut alone, Some(&[4]))), (0, 0));
    let state = alone.partition("orders").clone();
    assert_eq!((&state.replicas[..], &state.adding[..], &state.removing[..]), (&[4, 1, 2, 3][..], &[3, 4][..], &[1, 2, 3][..]));
    assert_eq!(reassign(&mut alone, None), 0);
    assert_eq!(alone.partition("orders").replicas, [1, 2]);
    assert_eq!(reassign(&mut alone, Some(&[3, 2])), 0);
    assert_eq!(alter(&mut alone, "orders", &[1, 2, 3], |_| {}), (0, 108), "complete: the old leader is gone");
    let state = alone.partition("orders").clone();
    assert_eq!((&state.replicas[..], &state.isr[..], state.leader, state.is_reassigning()), (&[3, 2][..], &[2, 3][..], 3, false));
}

#[test]
fn configs_change_what_the_controller_does() {
    let mut alone = Alone::open(&BrokerConfig::default(), None);
    alone.join(2);
    alone.create_on("orders", &[1, 2]);
    let set = |alone: &mut Alone, kind: i8, resource: &str, name: &str, value: Option<&str>| {
        let config = m::incremental_alter_configs_request::AlterableConfig {
            name: name.to_owned().into(),
            config_operation: i8::from(value.is_none()),
            value: value.map(|value| value.to_owned().into()),
        };
        let resource = m::incremental_alter_configs_request::AlterConfigsResource {
            resource_type: kind,
            resource_name: resource.to_owned().into(),
            configs: vec![config],
        };
        let request = m::IncrementalAlterConfigsRequest { resources: vec![resource], ..m::IncrementalAlterConfigsRequest::default() };
        let Response::IncrementalAlterConfigs(answer) = alone.ask(1, Request::IncrementalAlterConfigs(request)) else { panic!() };
        answer.responses[0].error_code
    };
    assert_eq!(set(&mut alone, 2, "orders", "retention.ms", Some("x")), 40);
    assert_eq!(set(&mut alone, 2, "unknown", "retention.ms", Some("1")), 3);
    assert_eq!(set(&mut alone, 4, "9", "log.retention.ms", Some("1")), 102);
    assert_eq!(set(&mut alone, 4, "nine", "log.retention.ms", Some("1")), 42);
    assert_eq!(set(&mut alone, 4, "", "log.retention.ms", Some("1000")), 0);
    assert_eq!(alone.controller.image().broker_configs[""]["log.retention.ms"], "1000");
    assert_eq!(alter(&mut alone, "orders", &[1], |_| {}), (0, 0));
    alone.beat(1, true, false);
    assert_eq!((alone.partition("orders").leader, &alone.partition("orders").elr[..]), (-1, &[1][..]));
    assert_eq!(set(&mut alone, 2, "orders", "unclean.leader.election.enable", Some("true")), 0);
    // It is looked at every unclean.leader.election.interval.ms, and no sooner.
    assert_eq!(alone.partition("orders").leader, -1);
    let wait = |alone: &mut Alone| {
        for _ in 0..150 {
            alone.beat(1, true, false);
            alone.beat(2, false, false);
            alone.pass(2000);
        }
    };
    wait(&mut alone);
    let state = alone.partition("orders").clone();
    assert_eq!((state.leader, &state.isr[..], state.recovering), (2, &[2][..], true));
    assert_eq!(alter(&mut alone, "orders", &[2], |asked| asked.leader_recovery_state = 0), (0, 0));
    assert!(!alone.partition("orders").recovering);
    assert_eq!(set(&mut alone, 2, "orders", "unclean.leader.election.enable", None), 0);
    assert!(alone.controller.image().topic_configs["orders"].is_empty());
    // With eligible leader replicas, all brokers have one min.insync.replicas, from the start.
    let min_isr = |alone: &Alone| alone.controller.image().broker_configs[""]["min.insync.replicas"].clone();
    assert_eq!(min_isr(&alone), "1");
    assert_eq!(set(&mut alone, 4, "2", "min.insync.replicas", Some("2")), 40);
    assert_eq!(set(&mut alone, 4, "", "min.insync.replicas", None), 40);
    assert_eq!((set(&mut alone, 4, "", "min.insync.replicas", Some("2")), min_isr(&alone)), (0, "2".to_owned()));
    // Who is eligible is forgotten when the minimum changes.
    alone.beat(1, false, false);
    assert_eq!((alter(&mut alone, "orders", &[2, 1], |_| {}), alter(&mut alone, "orders", &[2], |_| {})), ((0, 0), (0, 0)));
    assert_eq!(alone.partition("orders").elr, [1]);
    let epoch = alone.partition("orders").partition_epoch;
    assert_eq!(set(&mut alone, 2, "orders", "min.insync.replicas", Some("1")), 0);
    assert_eq!((alone.partition("orders").elr.len(), alone.partition("orders").partition_epoch), (0, epoch + 1));
    // Where all brokers allow an unclean election, topics need no word of their own.
    alone.create_on("late", &[1, 2]);
    assert_eq!(set(&mut alone, 2, "late", "min.insync.replicas", Some("1")), 0);
    assert_eq!(alter(&mut alone, "late", &[1], |_| {}), (0, 0));
    alone.beat(1, true, false);
    assert_eq!(alone.partition("late").leader, -1);
    assert_eq!(set(&mut alone, 4, "", "unclean.leader.election.enable", Some("true")), 0);
    assert_eq!(alone.partition("late").leader, -1);
    wait(&mut alone);
    assert_eq!(alone.partition("late").leader, 2);
}

#[test]
fn producer_ids_come_in_blocks() {
    let mut alone = Alone::open(&BrokerConfig::default(), None);
    alone.join(1);
    let epoch = registered(&alone, 1).epoch;
    let mut ask = |epoch: i64| {
        let request = m::AllocateProducerIdsRequest { broker_id: 1.into(), broker_epoch: epoch };
        let Response::AllocateProducerIds(answer) = alone.ask(0, Request::AllocateProducerIds(request)) else { panic!() };
        (answer.error_code, answer.producer_id_start.0, answer.producer_id_len)
    };
    assert_eq!((ask(epoch), ask(epoch), ask(epoch + 1).0), ((0, 0, 1000), (0, 1000, 1000), 77));
}
