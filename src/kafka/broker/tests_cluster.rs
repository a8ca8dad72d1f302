//! Several brokers: replication, elections, in-sync sets, what acks=all waits for.

use super::testing::batch;
use super::testing_cluster::Cluster;
use super::{BrokerEvent, ConnId, Sabotage};
use crate::kafka::rng::Rng;
use crate::kafka::wire::batch::batches;
use crate::kafka::wire::error::ErrorCode;
use kafka_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::StrBytes;

fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

fn name(value: &str) -> TopicName {
    TopicName(text(value))
}

fn create(cluster: &mut Cluster, at: i32, topic: &str, partitions: i32, replicas: i16, configs: &[(&str, &str)]) {
    let configs = configs.iter().map(|(k, v)| CreatableTopicConfig::default().with_name(text(k)).with_value(Some(text(v))));
    let topic_request = CreatableTopic::default()
        .with_name(name(topic))
        .with_num_partitions(partitions)
        .with_replication_factor(replicas)
        .with_configs(configs.collect());
    let response = cluster.call(at, 7, &CreateTopicsRequest::default().with_topics(vec![topic_request]).with_timeout_ms(5000));
    assert_eq!(response.topics[0].error_code, 0, "{:?}", response.topics[0].error_message);
    cluster.until(5000, "a leader", |cluster| (0..partitions).all(|index| cluster.leader(topic, index).is_some()));
    cluster.run_for(1000);
}

fn produce_request(cluster: &Cluster, topic: &str, acks: i16, value: &str) -> ProduceRequest {
    let partition = PartitionProduceData::default().with_index(0).with_records(Some(batch(cluster.now, &[value])));
    let topic = TopicProduceData::default().with_name(name(topic)).with_partition_data(vec![partition]);
    ProduceRequest::default().with_acks(acks).with_timeout_ms(3000).with_topic_data(vec![topic])
}

fn produce(cluster: &mut Cluster, at: i32, topic: &str, acks: i16, value: &str) -> i16 {
    let request = produce_request(cluster, topic, acks, value);
    cluster.call(at, 9, &request).responses[0].partition_responses[0].error_code
}

fn ends(cluster: &Cluster, topic: &str) -> Vec<(i32, i64, i64)> {
    cluster.nodes.keys().filter_map(|id| cluster.view(*id, topic, 0).map(|v| (*id, v.end_offset, v.high_watermark))).collect()
}

#[test]
fn three_brokers_replicate_what_is_written_to_one() {
    let mut cluster = Cluster::new(3, &[], None);
    for at in 1..=3 {
        create(&mut cluster, at, &format!("t{at}"), 1, 3, &[]);
    }
    let leader = cluster.leader("t1", 0).unwrap();
    for value in ["a", "b", "c"] {
        assert_eq!(produce(&mut cluster, leader, "t1", -1, value), 0);
    }
    cluster.run_for(1500);
    let all = ends(&cluster, "t1");
    assert_eq!(all.iter().map(|(_, end, hw)| (*end, *hw)).collect::<Vec<_>>(), [(3, 3); 3]);
    let bytes: Vec<_> = (1..=3).map(|id| cluster.nodes[&id].peek("t1", 0, 0, 1 << 20)).collect();
    assert!(bytes[0] == bytes[1] && bytes[1] == bytes[2] && !bytes[0].is_empty());
    let other = leader % 3 + 1;
    assert_eq!(produce(&mut cluster, other, "t1", -1, "x"), ErrorCode::NotLeaderOrFollower.code());
    let asked = MetadataRequestTopic::default().with_name(Some(name("t1")));
    let metadata = cluster.call(other, 12, &MetadataRequest::default().with_topics(Some(vec![asked])));
    let partition = &metadata.topics[0].partitions[0];
    assert_eq!((metadata.brokers.len(), partition.leader_id.0, partition.isr_nodes.len()), (3, leader, 3));
    let ids: Vec<i64> =
        (1..=3).map(|id| cluster.call(id, 4, &InitProducerIdRequest::default().with_transactional_id(None)).producer_id.0).collect();
    assert!(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2], "{ids:?}");
}

#[test]
fn acks_all_waits_for_the_followers_and_consumers_read_to_the_high_watermark() {
    let mut cluster = Cluster::new(3, &[], None);
    create(&mut cluster, 1, "orders", 1, 3, &[("min.insync.replicas", "2")]);
    let leader = cluster.leader("orders", 0).unwrap();
    let others: Vec<i32> = (1..=3).filter(|id| *id != leader).collect();
    for other in &others {
        cluster.cut.insert((*other, leader));
    }
    let conn = cluster.connect(leader);
    let request = produce_request(&cluster, "orders", -1, "a");
    cluster.send(leader, conn, 9, &request);
    cluster.run_for(1000);
    assert!(cluster.take::<ProduceRequest>(conn, 9).is_none(), "nobody has it yet");
    let partition = FetchPartition::default().with_partition_max_bytes(1 << 20);
    let topic = FetchTopic::default().with_topic(name("orders")).with_partitions(vec![partition]);
    let fetched = cluster.call(leader, 12, &FetchRequest::default().with_max_wait_ms(100).with_min_bytes(1).with_topics(vec![topic]));
    let data = &fetched.responses[0].partitions[0];
    assert_eq!((data.high_watermark, data.records.as_ref().map_or(0, bytes::Bytes::len)), (0, 0));
    cluster.run_for(3000);
    let answer = cluster.take::<ProduceRequest>(conn, 9).expect("times out");
    assert_eq!(answer.responses[0].partition_responses[0].error_code, ErrorCode::RequestTimedOut.code());
}

#[test]
fn acks_all_without_replication_is_a_planted_bug() {
    let mut cluster = Cluster::new(3, &[], Some(Sabotage::AckBeforeReplication));
    create(&mut cluster, 1, "orders", 1, 3, &[]);
    let leader = cluster.leader("orders", 0).unwrap();
    cluster.isolate(leader);
    assert_eq!(produce(&mut cluster, leader, "orders", -1, "a"), 0);
}

#[test]
fn a_follower_takes_over_and_the_old_leader_is_cut_where_it_differs() {
    let mut cluster = Cluster::new(3, &[], None);
    create(&mut cluster, 1, "orders", 1, 3, &[("min.insync.replicas", "2")]);
    let leader = cluster.leader("orders", 0).unwrap();
    assert_eq!(produce(&mut cluster, leader, "orders", -1, "a"), 0);
    cluster.run_for(1000);
    cluster.isolate(leader);
    assert_eq!(produce(&mut cluster, leader, "orders", 1, "only here"), 0);
    assert_eq!(produce(&mut cluster, leader, "orders", 1, "and here"), 0);
    cluster.until(30_000, "another leader", |cluster| cluster.leader("orders", 0).is_some_and(|id| id != leader));
    let next = cluster.leader("orders", 0).unwrap();
    assert_eq!(produce(&mut cluster, next, "orders", -1, "b"), 0);
    cluster.kill(leader);
    cluster.cut.clear();
    cluster.start(leader);
    cluster.until(30_000, "all in sync", |cluster| cluster.view(next, "orders", 0).is_some_and(|view| view.isr.len() == 3));
    let cut = |(id, event): &&(i32, BrokerEvent)| *id == leader && matches!(event, BrokerEvent::Truncated { from: 3, to: 1, .. });
    assert!(cluster.events.iter().any(|event| cut(&event)), "{:?}", ends(&cluster, "orders"));
    let bytes: Vec<_> = (1..=3).map(|id| cluster.nodes[&id].peek("orders", 0, 0, 1 << 20)).collect();
    assert!(bytes[0] == bytes[1] && bytes[1] == bytes[2]);
    assert_eq!(ends(&cluster, "orders").iter().map(|(_, end, _)| *end).collect::<Vec<_>>(), [2, 2, 2]);
}

#[test]
fn the_isr_shrinks_and_grows_and_too_small_a_one_refuses_writes() {
    let mut cluster = Cluster::new(3, &[("replica.lag.time.max.ms", "4000")], None);
    create(&mut cluster, 1, "orders", 1, 3, &[("min.insync.replicas", "2")]);
    let leader = cluster.leader("orders", 0).unwrap();
    let others: Vec<i32> = (1..=3).filter(|id| *id != leader).collect();
    // They stay alive to the controller, but cannot fetch.
    let isr = |cluster: &Cluster| cluster.view(leader, "orders", 0).map_or(0, |view| view.isr.len());
    cluster.kill(others[0]);
    assert_eq!(produce(&mut cluster, leader, "orders", 1, "a"), 0);
    cluster.until(30_000, "the ISR has shrunk", |cluster| isr(cluster) == 2);
    assert_eq!(produce(&mut cluster, leader, "orders", -1, "b"), 0);
    cluster.start(others[0]);
    cluster.until(30_000, "the ISR has grown", |cluster| isr(cluster) == 3);
    let changes = cluster.events.iter().filter(|(id, event)| *id == leader && matches!(event, BrokerEvent::IsrChanged { .. })).count();
    assert!(changes >= 2);
    assert_eq!(ends(&cluster, "orders").iter().map(|(_, end, _)| *end).collect::<Vec<_>>(), [2, 2, 2]);
}

#[test]
fn below_min_isr_writes_are_refused() {
    let mut cluster = Cluster::new(4, &[("replica.lag.time.max.ms", "4000")], None);
    create(&mut cluster, 1, "orders", 1, 2, &[("min.insync.replicas", "2")]);
    let leader = cluster.leader("orders", 0).unwrap();
    let other = cluster.view(leader, "orders", 0).unwrap().replicas.into_iter().find(|id| *id != leader).unwrap();
    cluster.kill(other);
    cluster.until(40_000, "the ISR has shrunk", |cluster| cluster.view(leader, "orders", 0).is_some_and(|view| view.isr.len() == 1));
    assert_eq!(produce(&mut cluster, leader, "orders", -1, "a"), ErrorCode::NotEnoughReplicas.code());
    assert_eq!(produce(&mut cluster, leader, "orders", 1, "a"), 0);
    assert_eq!(cluster.view(leader, "orders", 0).unwrap().high_watermark, 0, "it stands still below min ISR");
    cluster.start(other);
    cluster.until(30_000, "it moves again", |cluster| cluster.view(leader, "orders", 0).is_some_and(|view| view.high_watermark == 1));
}

#[test]
fn a_graceful_stop_moves_leaders_first_and_a_group_finds_its_coordinator_again() {
    let mut cluster = Cluster::new(3, &[], None);
    create(&mut cluster, 1, "orders", 3, 3, &[]);
    let find = |cluster: &mut Cluster, at: i32| {
        let request = FindCoordinatorRequest::default().with_key(text("billing"));
        for _ in 0..50 {
            let found = cluster.call(at, 2, &request);
            if found.error_code == 0 {
                return found.node_id.0;
            }
            cluster.run_for(100);
        }
        panic!("no coordinator");
    };
    let first = find(&mut cluster, 1);
    let join = |member: StrBytes| {
        let protocol = JoinGroupRequestProtocol::default().with_name(text("range"));
        JoinGroupRequest::default()
            .with_group_id(GroupId(text("billing")))
            .with_session_timeout_ms(10_000)
            .with_rebalance_timeout_ms(10_000)
            .with_protocol_type(text("consumer"))
            .with_member_id(member)
            .with_protocols(vec![protocol])
    };
    cluster.run_for(1000);
    let other = first % 3 + 1;
    assert_eq!(cluster.call(other, 5, &join(StrBytes::default())).error_code, ErrorCode::NotCoordinator.code());
    let member = cluster.call(first, 5, &join(StrBytes::default())).member_id;
    let joined = cluster.call(first, 5, &join(member.clone()));
    assert_eq!(joined.error_code, 0);
    let sync = SyncGroupRequest::default().with_group_id(GroupId(text("billing"))).with_generation_id(1).with_member_id(member.clone());
    assert_eq!(cluster.call(first, 3, &sync).error_code, 0);
    let before = cluster.now;
    cluster.stop(first);
    assert!(cluster.now.micros_since(before) < 5_000_000, "leaders move at once");
    assert!(cluster.disks[&first].len(".kafka_cleanshutdown").is_some());
    let survivor = first % 3 + 1;
    let second = find(&mut cluster, survivor);
    assert_ne!(first, second);
    let beat = HeartbeatRequest::default().with_group_id(GroupId(text("billing"))).with_generation_id(1).with_member_id(member);
    assert_eq!(cluster.call(second, 3, &beat).error_code, 0, "the group was loaded from the log");
    assert!((0..3).all(|index| cluster.leader("orders", index).is_some_and(|id| id != first)));
    cluster.start(first);
    cluster.until(30_000, "back in the ISR", |cluster| {
        (0..3).all(|index| cluster.view(second, "orders", index).is_some_and(|view| view.isr.len() == 3))
    });
}

/// Brokers are killed, isolated and started again at random; what was acknowledged by all in sync is there in the end, once, on all.
#[test]
fn what_acks_all_acknowledged_survives_kills_and_isolation() {
    let mut total = 0;
    for seed in 0..6 {
        let mut rng = Rng::stream(seed, "chaos");
        let mut cluster = Cluster::new(3, &[("replica.lag.time.max.ms", "5000")], None);
        create(&mut cluster, 1, "orders", 1, 3, &[("min.insync.replicas", "2")]);
        let mut acked: Vec<String> = Vec::new();
        let mut waiting: Vec<(ConnId, String)> = Vec::new();
        for round in 0..40 {
            match rng.below(8) {
                0 if cluster.nodes.len() == 3 => cluster.kill(1 + rng.below(3) as i32),
                1 if cluster.cut.is_empty() && cluster.nodes.len() == 3 => cluster.isolate(1 + rng.below(3) as i32),
                2 => cluster.cut.clear(),
                3 => (1..=3).for_each(|id| {
                    if !cluster.nodes.contains_key(&id) {
                        cluster.start(id);
                    }
                }),
                _ => {}
            }
            for id in cluster.nodes.keys().copied().collect::<Vec<_>>() {
                if cluster.view(id, "orders", 0).is_some_and(|view| view.is_leader) {
                    let value = format!("{round}-{id}");
                    let conn = cluster.connect(id);
                    let request = produce_request(&cluster, "orders", -1, &value);
                    cluster.send(id, conn, 9, &request);
                    waiting.push((conn, value));
                }
            }
            cluster.run_for(100 + rng.below(2500) as i64);
            waiting.retain(|(conn, value)| match cluster.take::<ProduceRequest>(*conn, 9) {
                Some(answer) => {
                    if answer.responses[0].partition_responses[0].error_code == 0 {
                        acked.push(value.clone());
                    }
                    false
                }
                None => true,
            });
        }
        cluster.cut.clear();
        for id in 1..=3 {
            if !cluster.nodes.contains_key(&id) {
                cluster.start(id);
            }
        }
        let isr =
            |cluster: &Cluster| cluster.leader("orders", 0).and_then(|id| cluster.view(id, "orders", 0)).map_or(0, |view| view.isr.len());
        cluster.until(90_000, "all in sync", |cluster| {
            let ends = ends(cluster, "orders");
            isr(cluster) == 3 && ends.iter().all(|(_, end, hw)| end == hw && *end == ends[0].1)
        });
        let logs: Vec<_> = (1..=3).map(|id| cluster.nodes[&id].peek("orders", 0, 0, 1 << 24)).collect();
        assert!(logs[0] == logs[1] && logs[1] == logs[2], "seed {seed}: {:?}", ends(&cluster, "orders"));
        let stored: Vec<String> = batches(logs[0].clone())
            .flat_map(|batch| batch.unwrap().records().unwrap())
            .map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap())
            .collect();
        let lost: Vec<_> = acked.iter().filter(|value| !stored.contains(value)).collect();
        assert!(lost.is_empty(), "seed {seed}: {lost:?} of {} are lost", acked.len());
        total += acked.len();
    }
    assert!(total > 60, "{total}");
}

#[test]
fn a_followers_former_process_is_not_heard() {
    let mut cluster = Cluster::new(3, &[], None);
    create(&mut cluster, 1, "orders", 1, 3, &[]);
    let leader = cluster.leader("orders", 0).unwrap();
    let follower = leader % 3 + 1;
    let image = cluster.nodes[&leader].image();
    let (id, epoch) = (image.topics["orders"].id, image.brokers[&follower].epoch);
    let mut fetch = |epoch: i64| {
        let partition = FetchPartition::default().with_partition_max_bytes(1 << 20);
        let topic = FetchTopic::default().with_topic_id(id).with_partitions(vec![partition]);
        let replica = fetch_request::ReplicaState::default().with_replica_id(follower.into()).with_replica_epoch(epoch);
        let request = FetchRequest::default().with_replica_state(replica).with_topics(vec![topic]);
        cluster.call(leader, 17, &request).responses[0].partitions[0].error_code
    };
    assert_eq!((fetch(epoch - 1), fetch(epoch), fetch(-1)), (ErrorCode::NotLeaderOrFollower.code(), 0, 0));
}
