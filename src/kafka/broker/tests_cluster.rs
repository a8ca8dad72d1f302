//! Several brokers: replication, elections, in-sync sets, what acks=all waits for.

use super::testing::batch;
use super::testing_cluster::Cluster;
use super::{BrokerEvent, ConnId};
use crate::kafka::rng::Rng;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::wire::batch::batches;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use crate::kafka::wire::message::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use crate::kafka::wire::message::describe_topic_partitions_request::{Cursor, TopicRequest};
use crate::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic};
use crate::kafka::wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use crate::kafka::wire::message::join_group_request::JoinGroupRequestProtocol;
use crate::kafka::wire::message::metadata_request::MetadataRequestTopic;
use crate::kafka::wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use crate::kafka::wire::message::*;

fn text(value: &str) -> Str {
    Str::from(value)
}

fn name(value: &str) -> TopicName {
    TopicName(text(value))
}

fn create(cluster: &mut Cluster, at: i32, topic: &str, partitions: i32, replicas: i16, configs: &[(&str, &str)]) {
    let configs = configs.iter().map(|(k, v)| CreatableTopicConfig { name: text(k), value: Some(text(v)) });
    let topic_request = CreatableTopic {
        name: name(topic),
        num_partitions: partitions,
        replication_factor: replicas,
        configs: configs.collect(),
        ..CreatableTopic::default()
    };
    let response =
        cluster.call(at, 7, CreateTopicsRequest { topics: vec![topic_request], timeout_ms: 5000, ..CreateTopicsRequest::default() });
    assert_eq!(response.topics[0].error_code, 0, "{:?}", response.topics[0].error_message);
    cluster.until(5000, "a leader", |cluster| (0..partitions).all(|index| cluster.leader(topic, index).is_some()));
    cluster.run_for(1000);
}

fn produce_request(cluster: &Cluster, topic: &str, acks: i16, value: &str) -> ProduceRequest {
    let partition = PartitionProduceData { index: 0, records: Some(batch(cluster.now, &[value])) };
    let topic = TopicProduceData { name: name(topic), partition_data: vec![partition], ..TopicProduceData::default() };
    ProduceRequest { acks, timeout_ms: 3000, topic_data: vec![topic], ..ProduceRequest::default() }
}

fn produce(cluster: &mut Cluster, at: i32, topic: &str, acks: i16, value: &str) -> i16 {
    let request = produce_request(cluster, topic, acks, value);
    cluster.call(at, 9, request).responses[0].partition_responses[0].error_code
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
    let asked = MetadataRequestTopic { name: Some(name("t1")), ..MetadataRequestTopic::default() };
    let metadata = cluster.call(other, 12, MetadataRequest { topics: Some(vec![asked]), ..MetadataRequest::default() });
    let partition = &metadata.topics[0].partitions[0];
    assert_eq!((metadata.brokers.len(), partition.leader_id.0, partition.isr_nodes.len()), (3, leader, 3));
    let ids: Vec<i64> = (1..=3)
        .map(|id| cluster.call(id, 4, InitProducerIdRequest { transactional_id: None, ..InitProducerIdRequest::default() }).producer_id.0)
        .collect();
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
    cluster.send(leader, conn, 9, request);
    cluster.run_for(1000);
    assert!(cluster.take::<ProduceRequest>(conn, 9).is_none(), "nobody has it yet");
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    let topic = FetchTopic { topic: name("orders"), partitions: vec![partition], ..FetchTopic::default() };
    let fetched = cluster.call(leader, 12, FetchRequest { max_wait_ms: 100, min_bytes: 1, topics: vec![topic], ..FetchRequest::default() });
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

fn set_on_all(cluster: &mut Cluster, configs: &[(&str, &str)]) {
    let change = |(name, value): &(&str, &str)| AlterableConfig { name: text(name), config_operation: 0, value: Some(text(value)) };
    let resource = AlterConfigsResource { resource_type: 4, resource_name: text(""), configs: configs.iter().map(change).collect() };
    let request = IncrementalAlterConfigsRequest { resources: vec![resource], ..IncrementalAlterConfigsRequest::default() };
    assert_eq!(cluster.call(1, 1, request).responses[0].error_code, 0);
    cluster.run_for(1000);
}

/// How long a follower that was away takes to copy some 40 KB, in milliseconds.
fn catches_up_in(throttle: &[(&str, &str)], topic: &[(&str, &str)]) -> i64 {
    let mut cluster = Cluster::new(3, &[("replica.fetch.max.bytes", "500"), ("broker.session.timeout.ms", "2000")], None);
    create(&mut cluster, 1, "orders", 1, 2, topic);
    set_on_all(&mut cluster, throttle);
    let leader = cluster.leader("orders", 0).unwrap();
    let follower = cluster.view(leader, "orders", 0).unwrap().replicas.into_iter().find(|id| *id != leader).unwrap();
    cluster.kill(follower);
    cluster.until(40_000, "it is out of sync", |cluster| cluster.view(leader, "orders", 0).is_some_and(|view| view.isr.len() == 1));
    for _ in 0..40 {
        assert_eq!(produce(&mut cluster, leader, "orders", 1, &"x".repeat(1000)), 0);
    }
    cluster.start(follower);
    cluster.until(30_000, "it follows", |cluster| cluster.view(follower, "orders", 0).is_some_and(|view| view.end_offset > 0));
    let begun = cluster.now;
    cluster.until(90_000, "it has all", |cluster| cluster.view(leader, "orders", 0).is_some_and(|view| view.isr.len() == 2));
    cluster.now.micros_since(begun) / 1000
}

#[test]
fn throttled_replicas_are_copied_at_their_rate() {
    let all = [("leader.replication.throttled.replicas", "*"), ("follower.replication.throttled.replicas", "*")];
    let rate = |name| [(name, "2000")];
    assert!(catches_up_in(&rate("leader.replication.throttled.rate"), &[]) < 2000, "no replica is throttled");
    for name in ["leader.replication.throttled.rate", "follower.replication.throttled.rate"] {
        let took = catches_up_in(&rate(name), &all);
        assert!((15_000..30_000).contains(&took), "{name}: 40 KB at 2000 bytes a second took {took} ms");
    }
    let other = [("leader.replication.throttled.replicas", "0:9,1:1")];
    assert!(catches_up_in(&rate("leader.replication.throttled.rate"), &other) < 2000, "others are throttled");
}

#[test]
fn a_leader_is_followed_by_as_many_fetchers_as_are_set() {
    let mut cluster = Cluster::new(2, &[("num.replica.fetchers", "3")], None);
    create(&mut cluster, 1, "orders", 12, 2, &[]);
    let fetchers = |cluster: &mut Cluster| (cluster.node(1).fetchers.count(), cluster.node(2).fetchers.count());
    assert!(matches!(fetchers(&mut cluster), (2..=3, 2..=3)));
    let copied = |cluster: &mut Cluster| {
        for index in 0..12 {
            let leader = cluster.leader("orders", index).unwrap();
            let mut request = produce_request(cluster, "orders", -1, "x");
            request.topic_data[0].partition_data[0].index = index;
            assert_eq!(cluster.call(leader, 9, request).responses[0].partition_responses[0].error_code, 0, "partition {index}");
        }
    };
    copied(&mut cluster);
    set_on_all(&mut cluster, &[("num.replica.fetchers", "1")]);
    copied(&mut cluster);
    cluster.run_for(2000);
    assert_eq!(fetchers(&mut cluster), (1, 1));
    set_on_all(&mut cluster, &[("num.replica.fetchers", "2")]);
    copied(&mut cluster);
    assert_eq!(fetchers(&mut cluster), (2, 2));
}

#[test]
fn a_graceful_stop_moves_leaders_first_and_a_group_finds_its_coordinator_again() {
    let mut cluster = Cluster::new(3, &[], None);
    create(&mut cluster, 1, "orders", 3, 3, &[]);
    let find = |cluster: &mut Cluster, at: i32| {
        let request = FindCoordinatorRequest { key: text("billing"), ..FindCoordinatorRequest::default() };
        for _ in 0..50 {
            let found = cluster.call(at, 2, request.clone());
            if found.error_code == 0 {
                return found.node_id.0;
            }
            cluster.run_for(100);
        }
        panic!("no coordinator");
    };
    let first = find(&mut cluster, 1);
    let join = |member: Str| {
        let protocol = JoinGroupRequestProtocol { name: text("range"), ..JoinGroupRequestProtocol::default() };
        JoinGroupRequest {
            group_id: GroupId(text("billing")),
            session_timeout_ms: 10_000,
            rebalance_timeout_ms: 10_000,
            protocol_type: text("consumer"),
            member_id: member,
            protocols: vec![protocol],
            ..JoinGroupRequest::default()
        }
    };
    cluster.run_for(1000);
    let other = first % 3 + 1;
    assert_eq!(cluster.call(other, 5, join(Str::default())).error_code, ErrorCode::NotCoordinator.code());
    let member = cluster.call(first, 5, join(Str::default())).member_id;
    let joined = cluster.call(first, 5, join(member.clone()));
    assert_eq!(joined.error_code, 0);
    let sync =
        SyncGroupRequest { group_id: GroupId(text("billing")), generation_id: 1, member_id: member.clone(), ..SyncGroupRequest::default() };
    assert_eq!(cluster.call(first, 3, sync).error_code, 0);
    let before = cluster.now;
    cluster.stop(first);
    assert!(cluster.now.micros_since(before) < 5_000_000, "leaders move at once");
    assert!(cluster.disks[&first].len(".kafka_cleanshutdown").is_some());
    let survivor = first % 3 + 1;
    let second = find(&mut cluster, survivor);
    assert_ne!(first, second);
    let beat = HeartbeatRequest { group_id: GroupId(text("billing")), generation_id: 1, member_id: member, ..HeartbeatRequest::default() };
    assert_eq!(cluster.call(second, 3, beat).error_code, 0, "the group was loaded from the log");
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
                    cluster.send(id, conn, 9, request);
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
fn topics_are_described_page_by_page_with_their_eligible_leaders() {
    let mut cluster = Cluster::new(3, &[("max.request.partition.size.limit", "4")], None);
    create(&mut cluster, 1, "a", 3, 3, &[("min.insync.replicas", "3")]);
    create(&mut cluster, 1, "b", 2, 1, &[]);
    let mut page = |topics: &[&str], limit: i32, from: Option<(&str, i32)>| {
        let topics = topics.iter().map(|topic| TopicRequest { name: name(topic) }).collect();
        let cursor = from.map(|(topic, index)| Cursor { topic_name: name(topic), partition_index: index });
        let request = DescribeTopicPartitionsRequest { topics, ..DescribeTopicPartitionsRequest::default() };
        let answer = cluster.call(1, 0, DescribeTopicPartitionsRequest { response_partition_limit: limit, cursor, ..request });
        let show = |topic: &describe_topic_partitions_response::DescribeTopicPartitionsResponseTopic| {
            let partitions: Vec<i32> = topic.partitions.iter().map(|partition| partition.partition_index).collect();
            format!("{}:{}{partitions:?}", topic.name.as_ref().map_or("", |name| name.0.as_ref()), topic.error_code)
        };
        let next = answer.next_cursor.map_or(String::new(), |c| format!(" > {}-{}", c.topic_name.0.as_ref(), c.partition_index));
        answer.topics.iter().map(show).collect::<Vec<_>>().join(" ") + &next
    };
    assert_eq!(page(&[], 9, None), "a:0[0, 1, 2] b:0[0] > b-1", "the broker's own limit");
    assert_eq!(page(&[], 9, Some(("b", 1))), "b:0[1]");
    assert_eq!(page(&["b", "a", "b"], 2, None), "a:0[0, 1] > a-2", "by name, each once");
    assert_eq!(page(&["b", "a"], 2, Some(("a", 2))), "a:0[2] b:0[0] > b-1");
    assert_eq!(page(&["a", "b"], 3, None), "a:0[0, 1, 2] > b-0");
    assert_eq!(page(&["a"], 0, None), "a:0[0] > a-1", "one at least");
    assert_eq!(page(&["a"], 2, Some(("a", 9))), "a:0[]");
    assert_eq!(page(&["a", "c", "d e"], 4, Some(("a", 1))), "a:0[1, 2] c:3[] d e:17[]");
    assert_eq!(page(&["b"], 4, Some(("a", 0))), "b:42[]", "the cursor's topic is not asked for");
    assert_eq!(page(&["b"], 4, Some(("b", -1))), "b:42[]");
    assert_eq!(page(&[], 4, Some(("aa", 1))), "b:0[0, 1]", "the cursor's topic is gone");

    cluster.kill(3);
    cluster.until(30_000, "the ISR has shrunk", |cluster| (1..=2).any(|id| cluster.view(id, "a", 0).is_some_and(|v| v.elr == [3])));
    cluster.run_for(1000);
    let wanted =
        DescribeTopicPartitionsRequest { topics: vec![TopicRequest { name: name("a") }], ..DescribeTopicPartitionsRequest::default() };
    let answer = cluster.call(1, 0, wanted);
    let partition = &answer.topics[0].partitions[0];
    assert_eq!((partition.error_code, partition.isr_nodes.len(), &partition.offline_replicas[..]), (0, 2, &[BrokerId(3)][..]));
    assert_eq!((partition.eligible_leader_replicas.as_deref(), answer.next_cursor), (Some(&[BrokerId(3)][..]), None));
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
        let partition = FetchPartition { partition_max_bytes: 1 << 20, ..FetchPartition::default() };
        let topic = FetchTopic { topic_id: id, partitions: vec![partition], ..FetchTopic::default() };
        let replica = fetch_request::ReplicaState { replica_id: follower.into(), replica_epoch: epoch };
        let request = FetchRequest { replica_state: replica, topics: vec![topic], ..FetchRequest::default() };
        cluster.call(leader, 17, request).responses[0].partitions[0].error_code
    };
    assert_eq!((fetch(epoch - 1), fetch(epoch), fetch(-1)), (ErrorCode::NotLeaderOrFollower.code(), 0, 0));
}

#[test]
fn a_broker_that_is_gone_is_forgotten_whichever_broker_is_asked() {
    let mut cluster = Cluster::new(3, &[], None);
    let leader = cluster.nodes[&1].quorum().leader.expect("a leader");
    let (gone, asked) = if leader == 3 { (1, 2) } else { (3, if leader == 1 { 2 } else { 1 }) };
    cluster.kill(gone);
    let answer = cluster.call(asked, 0, UnregisterBrokerRequest { broker_id: gone.into() });
    assert_eq!((answer.error_code, answer.error_message), (0, None));
    cluster.run_for(1000);
    assert!(cluster.nodes.values().all(|broker| !broker.image().brokers.contains_key(&gone)));

    let again = cluster.call(asked, 0, UnregisterBrokerRequest { broker_id: gone.into() });
    assert_eq!(again.error_message.as_deref(), Some(&*format!("Broker ID {gone} is not currently registered")));

    // It registers anew when it comes back.
    cluster.start(gone);
    cluster.until(30_000, "it is unfenced", |cluster| cluster.nodes[&gone].is_unfenced());
}

fn delete_before(offset: i64, timeout_ms: i32) -> DeleteRecordsRequest {
    let partition = DeleteRecordsPartition { offset, ..DeleteRecordsPartition::default() };
    let topic = DeleteRecordsTopic { name: name("orders"), partitions: vec![partition] };
    DeleteRecordsRequest { topics: vec![topic], timeout_ms }
}

/// The error and the low watermark, when there is an answer.
fn deleted(cluster: &mut Cluster, conn: ConnId) -> Option<(ErrorCode, i64)> {
    let response = cluster.take::<DeleteRecordsRequest>(conn, 2)?;
    let answer = &response.topics[0].partitions[0];
    Some((ErrorCode::from_code(answer.error_code), answer.low_watermark))
}

/// Three replicas of four records, and who leads them.
fn four_records() -> (Cluster, i32) {
    let mut cluster = Cluster::new(3, &[], None);
    create(&mut cluster, 1, "orders", 1, 3, &[]);
    let leader = cluster.leader("orders", 0).unwrap();
    for value in ["a", "b", "c", "d"] {
        assert_eq!(produce(&mut cluster, leader, "orders", -1, value), 0);
    }
    cluster.run_for(600);
    (cluster, leader)
}

#[test]
fn a_deletion_waits_until_all_replicas_start_there() {
    let (mut cluster, leader) = four_records();
    let starts = |cluster: &Cluster| (1..=3).map(|id| cluster.view(id, "orders", 0).unwrap().log_start_offset).collect::<Vec<_>>();
    let conn = cluster.connect(leader);
    cluster.send(leader, conn, 2, delete_before(2, 5000));
    assert_eq!((deleted(&mut cluster, conn), starts(&cluster).iter().max()), (None, Some(&2)), "the leader alone has deleted");
    // Followers learn of it when their held fetch is answered, and the leader of them with the next.
    cluster.run_for(1200);
    assert_eq!((deleted(&mut cluster, conn), starts(&cluster)), (Some((ErrorCode::None, 2)), vec![2; 3]));
    // Of what is gone already there is nothing to wait for.
    cluster.send(leader, conn, 2, delete_before(1, 5000));
    assert_eq!(deleted(&mut cluster, conn), Some((ErrorCode::None, 2)));
}

#[test]
fn a_deletion_does_not_wait_for_a_broker_that_is_fenced() {
    let (mut cluster, leader) = four_records();
    let dead = leader % 3 + 1;
    cluster.kill(dead);
    let conn = cluster.connect(leader);
    cluster.send(leader, conn, 2, delete_before(2, 1000));
    cluster.run_for(900);
    assert_eq!(deleted(&mut cluster, conn), None, "it may be back");
    cluster.run_for(200);
    assert_eq!(deleted(&mut cluster, conn), Some((ErrorCode::RequestTimedOut, 0)), "its time is over, and the leader has deleted");
    cluster.run_for(15_000);
    cluster.send(leader, conn, 2, delete_before(-1, 1000));
    cluster.run_for(999);
    assert_eq!(deleted(&mut cluster, conn), Some((ErrorCode::None, 4)));
    // One that does not lead any more has nothing to say.
    let other = 6 - leader - dead;
    cluster.send(leader, conn, 2, delete_before(4, 60_000));
    assert_eq!(deleted(&mut cluster, conn), Some((ErrorCode::None, 4)));
    assert_eq!(cluster.call(other, 2, delete_before(1, 1000)).topics[0].partitions[0].error_code, ErrorCode::NotLeaderOrFollower.code());
}
