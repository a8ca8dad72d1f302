//! The broker through its frames.

use super::testing::{START, TestBroker, batch, options};
use super::{Broker, BrokerEvent, ConnId};
use crate::kafka::apis::BROKER;
use crate::kafka::wire::batch::batches;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::Str;
use crate::kafka::wire::message::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use crate::kafka::wire::message::delete_records_request::{DeleteRecordsPartition, DeleteRecordsTopic};
use crate::kafka::wire::message::describe_configs_request::DescribeConfigsResource;
use crate::kafka::wire::message::fetch_request::{FetchPartition, FetchTopic};
use crate::kafka::wire::message::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use crate::kafka::wire::message::join_group_request::JoinGroupRequestProtocol;
use crate::kafka::wire::message::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use crate::kafka::wire::message::metadata_request::MetadataRequestTopic;
use crate::kafka::wire::message::offset_commit_request::{OffsetCommitRequestPartition, OffsetCommitRequestTopic};
use crate::kafka::wire::message::offset_fetch_request::OffsetFetchRequestTopic;
use crate::kafka::wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use crate::kafka::wire::message::sync_group_request::SyncGroupRequestAssignment;
use crate::kafka::wire::message::*;
use bytes::Bytes;

fn text(value: &str) -> Str {
    Str::from(value)
}

fn name(value: &str) -> TopicName {
    TopicName(text(value))
}

fn create(test: &mut TestBroker, conn: ConnId, topic: &str, partitions: i32, configs: &[(&str, &str)]) -> i16 {
    let configs = configs.iter().map(|(k, v)| CreatableTopicConfig { name: text(k), value: Some(text(v)) });
    let topic = CreatableTopic {
        name: name(topic),
        num_partitions: partitions,
        replication_factor: 1,
        configs: configs.collect(),
        ..CreatableTopic::default()
    };
    test.call(conn, 7, CreateTopicsRequest { topics: vec![topic], ..CreateTopicsRequest::default() }).topics[0].error_code
}

fn produce_request(topic: &str, acks: i16, records: Bytes) -> ProduceRequest {
    let partition = PartitionProduceData { index: 0, records: Some(records) };
    let topic = TopicProduceData { name: name(topic), partition_data: vec![partition], ..TopicProduceData::default() };
    ProduceRequest { acks, timeout_ms: 1000, topic_data: vec![topic], ..ProduceRequest::default() }
}

fn produce(test: &mut TestBroker, conn: ConnId, topic: &str, values: &[&str]) -> (i16, i64) {
    let records = batch(test.now, values);
    let response = test.call(conn, 9, produce_request(topic, -1, records));
    let partition = &response.responses[0].partition_responses[0];
    (partition.error_code, partition.base_offset)
}

fn fetch_request(topic: &str, offset: i64, min_bytes: i32) -> FetchRequest {
    let partition = FetchPartition { fetch_offset: offset, partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    let topic = FetchTopic { topic: name(topic), partitions: vec![partition], ..FetchTopic::default() };
    FetchRequest { max_wait_ms: 500, min_bytes, topics: vec![topic], ..FetchRequest::default() }
}

fn values(response: &FetchResponse) -> Vec<String> {
    let records = response.responses[0].partitions[0].records.clone().unwrap_or_default();
    let records = batches(records).flat_map(|batch| batch.unwrap().records().unwrap());
    records.map(|record| String::from_utf8(record.value.unwrap().to_vec()).unwrap()).collect()
}

#[test]
fn what_is_produced_is_fetched_and_survives_a_kill() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    assert_eq!(create(&mut test, conn, "orders", 2, &[]), 0);
    assert_eq!(create(&mut test, conn, "orders", 2, &[]), ErrorCode::TopicAlreadyExists.code());
    assert_eq!(produce(&mut test, conn, "orders", &["a", "b"]), (0, 0));
    assert_eq!(produce(&mut test, conn, "orders", &["c"]), (0, 2));
    let response = test.call(conn, 12, fetch_request("orders", 0, 1));
    assert_eq!(values(&response), ["a", "b", "c"]);
    assert_eq!(response.responses[0].partitions[0].high_watermark, 3);

    let ids: Vec<_> = test.broker.topics.iter().map(|topic| topic.id).collect();
    let mut test = test.restart(&[]);
    let conn = test.connect();
    assert_eq!(ids, test.broker.topics.iter().map(|topic| topic.id).collect::<Vec<_>>());
    assert_eq!(values(&test.call(conn, 12, fetch_request("orders", 2, 1))), ["c"]);
    assert_eq!(test.broker.partitions().len(), 2);
    test.broker.handle_shutdown(test.now);
    let disk = test.broker.into_disk();
    assert!(disk.len(".kafka_cleanshutdown").is_some() && disk.len("recovery-point-offset-checkpoint").is_some());
}

#[test]
fn a_fetch_at_the_end_waits_for_data_and_mutes_its_connection() {
    let mut test = TestBroker::new(&[]);
    let (producer, consumer) = (test.connect(), test.connect());
    create(&mut test, producer, "orders", 1, &[]);
    test.send(consumer, 12, fetch_request("orders", 0, 1));
    test.send(consumer, 4, MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() });
    assert!(test.frames.get(&consumer).is_none_or(Vec::is_empty));
    assert!(test.broker.is_muted(consumer));
    produce(&mut test, producer, "orders", &["a"]);
    let response = test.take::<FetchRequest>(consumer, 12).expect("released by the data");
    assert_eq!(values(&response), ["a"]);
    assert!(test.take::<MetadataRequest>(consumer, 4).is_some(), "the queued request follows");

    let before = test.now;
    let empty = test.call(consumer, 12, fetch_request("orders", 1, 1));
    assert!(values(&empty).is_empty());
    assert_eq!(test.now.micros_since(before), 500_000);
    let why: Vec<_> =
        test.events.iter().filter_map(|event| if let BrokerEvent::FetchReleased { why, .. } = event { Some(*why) } else { None }).collect();
    assert_eq!(why, ["min.bytes are there", "max.wait.ms is over"]);
}

#[test]
fn fetch_errors_answer_at_once() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    create(&mut test, conn, "orders", 1, &[]);
    let mut error = |request: &FetchRequest| {
        test.send(conn, 12, request.clone());
        let response = test.take::<FetchRequest>(conn, 12).expect("at once");
        response.responses.first().map_or(response.error_code, |topic| topic.partitions[0].error_code)
    };
    assert_eq!(error(&fetch_request("orders", 5, 1)), 1);
    assert_eq!(error(&fetch_request("nope", 0, 1)), 3);
    let mut epoch = fetch_request("orders", 0, 1);
    epoch.topics[0].partitions[0].current_leader_epoch = 4;
    assert_eq!(error(&epoch), 75);
    assert_eq!(error(&FetchRequest { session_id: 9, session_epoch: 1, ..fetch_request("orders", 0, 1) }), 70);
}

/// A fetch that comes twice, or before the one that it follows: raw frames alone do that.
#[test]
fn a_fetch_out_of_turn_is_refused_and_its_session_stays() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    create(&mut test, conn, "orders", 1, &[]);
    let mut fetch = |session_id: i32, session_epoch: i32| {
        test.call(conn, 12, FetchRequest { session_id, session_epoch, ..fetch_request("orders", 0, 0) })
    };
    let session = fetch(0, 0).session_id;
    assert_ne!(session, 0);
    let errors: Vec<i16> = [1, 1, 3, 2].map(|epoch| fetch(session, epoch).error_code).into();
    assert_eq!(errors, [0, 71, 71, 0]);
}

#[test]
fn acks_zero_is_not_answered_and_an_error_closes() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    create(&mut test, conn, "orders", 1, &[]);
    let records = batch(START, &["a"]);
    test.send(conn, 9, produce_request("orders", 0, records.clone()));
    assert!(test.take::<ProduceRequest>(conn, 9).is_none() && test.closed.is_empty());
    assert_eq!(test.broker.partitions()[0].end_offset, 1);
    test.send(conn, 9, produce_request("nope", 0, records));
    assert!(test.closed.contains_key(&conn));
}

#[test]
fn produce_refuses_what_kafka_refuses() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    create(&mut test, conn, "orders", 1, &[]);
    let good = batch(START, &["a"]);
    let mut error = |topic: &str, acks: i16, records: Bytes| {
        let response = test.call(conn, 9, produce_request(topic, acks, records));
        let partition = &response.responses[0].partition_responses[0];
        (partition.error_code, partition.log_start_offset)
    };
    assert_eq!(error("orders", 2, good.clone()), (21, -1));
    // What is unknown or malformed is found first.
    assert_eq!(error("nope", 2, good.clone()), (3, -1));
    assert_eq!(error("orders", 2, Bytes::new()), (87, -1));
    assert_eq!(error("nope", -1, good.clone()), (3, -1));
    assert_eq!(error("orders", -1, Bytes::new()), (87, -1));
    assert_eq!(error("orders", -1, [&good[..], &good[..]].concat().into()), (87, -1));
    let mut damaged = good.to_vec();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(error("orders", -1, damaged.into()), (2, -1));
    let mut old = good.to_vec();
    old[16] = 1;
    assert_eq!(error("orders", -1, old.into()), (87, -1));
    assert_eq!(error("orders", 1, good), (0, 0));
}

#[test]
fn list_offsets_knows_the_special_timestamps() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    create(&mut test, conn, "orders", 1, &[]);
    for value in ["a", "b", "c"] {
        produce(&mut test, conn, "orders", &[value]);
        test.advance(1000);
    }
    let mut find = |timestamp: i64| {
        let partition = ListOffsetsPartition { current_leader_epoch: -1, timestamp, ..ListOffsetsPartition::default() };
        let topic = ListOffsetsTopic { name: name("orders"), partitions: vec![partition] };
        let response = test.call(conn, 9, ListOffsetsRequest { topics: vec![topic], ..ListOffsetsRequest::default() });
        let partition = &response.topics[0].partitions[0];
        (partition.error_code, partition.offset, partition.timestamp)
    };
    let start = START.millis();
    assert_eq!(find(-1), (0, 3, -1));
    assert_eq!(find(-2), (0, 0, -1));
    assert_eq!(find(-3), (0, 2, start + 2000));
    assert_eq!(find(-4), (0, 0, -1));
    assert_eq!(find(-5), (0, -1, -1));
    assert_eq!(find(start + 500), (0, 1, start + 1000));
    assert_eq!(find(start + 5000), (0, -1, -1));
    assert_eq!(find(-6).0, 35);
}

#[test]
fn metadata_makes_topics_when_both_sides_agree() {
    let mut test = TestBroker::new(&[("num.partitions", "4")]);
    let conn = test.connect();
    let ask = |topic: &str, create: bool| {
        let topic = MetadataRequestTopic { name: Some(name(topic)), ..MetadataRequestTopic::default() };
        MetadataRequest { topics: Some(vec![topic]), allow_auto_topic_creation: create, ..MetadataRequest::default() }
    };
    assert_eq!(test.call(conn, 12, ask("orders", false)).topics[0].error_code, 3);
    assert!(test.broker.partitions().is_empty());
    assert_eq!(test.call(conn, 12, ask("orders", true)).topics[0].error_code, 3);
    let found = test.call(conn, 12, ask("orders", true));
    assert_eq!((found.topics[0].error_code, found.topics[0].partitions.len()), (0, 4));
    assert_eq!(test.call(conn, 12, ask("a b", true)).topics[0].error_code, 17);
    let by_id = MetadataRequestTopic { topic_id: found.topics[0].topic_id, ..MetadataRequestTopic::default() };
    let by_id = test.call(conn, 12, MetadataRequest { topics: Some(vec![by_id]), ..MetadataRequest::default() });
    assert_eq!(by_id.topics[0].name, Some(name("orders")));
    assert_eq!(test.call(conn, 12, MetadataRequest { topics: None, ..MetadataRequest::default() }).topics.len(), 1);
    assert!(test.call(conn, 12, MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() }).topics.is_empty());
}

#[test]
fn configs_are_described_altered_and_kept() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    assert_eq!(create(&mut test, conn, "orders", 1, &[("retention.ms", "x")]), 40);
    create(&mut test, conn, "orders", 1, &[("retention.ms", "1000")]);
    let alter = |key: &str, operation: i8, value: Option<&str>| {
        let config = AlterableConfig { name: text(key), config_operation: operation, value: value.map(text) };
        let resource = AlterConfigsResource { resource_type: 2, resource_name: text("orders"), configs: vec![config] };
        IncrementalAlterConfigsRequest { resources: vec![resource], ..IncrementalAlterConfigsRequest::default() }
    };
    assert_eq!(test.call(conn, 1, alter("cleanup.policy", 2, Some("compact"))).responses[0].error_code, 0);
    assert_eq!(test.call(conn, 1, alter("retention.ms", 2, Some("5"))).responses[0].error_code, 40);
    assert_eq!(test.call(conn, 1, alter("zzz", 0, Some("5"))).responses[0].error_code, 40);
    let mut test = test.restart(&[]);
    let conn = test.connect();
    let keys = ["cleanup.policy", "retention.ms"].map(text).to_vec();
    let resource = DescribeConfigsResource { resource_type: 2, resource_name: text("orders"), configuration_keys: Some(keys) };
    let response = test.call(conn, 4, DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() });
    let found: Vec<_> = response.results[0].configs.iter().map(|c| (c.value.as_ref().unwrap().as_ref(), c.config_source)).collect();
    assert_eq!(found, [("delete,compact", 1), ("1000", 1)]);
    // Without a broker's name: what was altered for all of them, as min.insync.replicas is from the start.
    let resource = DescribeConfigsResource { resource_type: 4, configuration_keys: None, ..DescribeConfigsResource::default() };
    let response = test.call(conn, 4, DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() });
    let found: Vec<_> = response.results[0].configs.iter().map(|c| (c.name.as_ref(), c.config_source, c.read_only)).collect();
    assert_eq!(found, [("min.insync.replicas", 3, false)]);
}

#[test]
fn a_group_joins_commits_and_is_there_after_a_restart() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    create(&mut test, conn, "orders", 1, &[]);
    let found = test.call(conn, 2, FindCoordinatorRequest { key: text("billing"), ..FindCoordinatorRequest::default() });
    assert_eq!((found.error_code, found.node_id.0), (0, 1));
    assert_eq!(test.broker.partitions().iter().filter(|p| &*p.topic == "__consumer_offsets").count(), 3);
    let group = GroupId(text("billing"));
    let protocol = JoinGroupRequestProtocol { name: text("range"), metadata: Bytes::from_static(b"\0\0\0\0\0\0\0\0\0\0") };
    let mut join = JoinGroupRequest {
        group_id: group.clone(),
        session_timeout_ms: 10_000,
        rebalance_timeout_ms: 10_000,
        protocol_type: text("consumer"),
        protocols: vec![protocol],
        ..JoinGroupRequest::default()
    };
    let first = test.call(conn, 5, join.clone());
    assert_eq!(first.error_code, ErrorCode::MemberIdRequired.code());
    join.member_id = first.member_id;
    let joined = test.call(conn, 5, join);
    assert_eq!((joined.error_code, joined.generation_id), (0, 1));
    let assignment = SyncGroupRequestAssignment { member_id: joined.member_id.clone(), ..SyncGroupRequestAssignment::default() };
    let sync = SyncGroupRequest {
        group_id: group.clone(),
        generation_id: 1,
        member_id: joined.member_id.clone(),
        assignments: vec![assignment],
        ..SyncGroupRequest::default()
    };
    assert_eq!(test.call(conn, 3, sync).error_code, 0);
    let partition = OffsetCommitRequestPartition { partition_index: 0, committed_offset: 7, ..OffsetCommitRequestPartition::default() };
    let topic = OffsetCommitRequestTopic { name: name("orders"), partitions: vec![partition] };
    let commit = OffsetCommitRequest {
        group_id: group.clone(),
        generation_id_or_member_epoch: 1,
        member_id: joined.member_id,
        topics: vec![topic],
        ..OffsetCommitRequest::default()
    };
    assert_eq!(test.call(conn, 7, commit).topics[0].partitions[0].error_code, 0);

    let mut test = test.restart(&[]);
    let conn = test.connect();
    let topic = OffsetFetchRequestTopic { name: name("orders"), partition_indexes: vec![0] };
    let fetch = OffsetFetchRequest { group_id: group, topics: Some(vec![topic]), ..OffsetFetchRequest::default() };
    assert_eq!(test.call(conn, 5, fetch).topics[0].partitions[0].committed_offset, 7);
    assert_eq!(test.broker.groups()[0].offsets, [("orders".into(), 0, 7)]);
}

#[test]
fn producer_ids_never_come_twice() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    let first = test.call(conn, 4, InitProducerIdRequest { transactional_id: None, ..InitProducerIdRequest::default() }).producer_id.0;
    assert_eq!(
        test.call(conn, 4, InitProducerIdRequest { transactional_id: None, ..InitProducerIdRequest::default() }).producer_id.0,
        first + 1
    );
    let mut test = test.restart(&[]);
    let conn = test.connect();
    assert!(
        test.call(conn, 4, InitProducerIdRequest { transactional_id: None, ..InitProducerIdRequest::default() }).producer_id.0 > first + 1
    );
}

#[test]
fn bad_frames_close_with_a_line() {
    let mut test = TestBroker::new(&[]);
    for frame in [&b""[..], b"\0", b"\0\x03\0\x04\0\0\0\x01\xff", b"\x7f\xff\0\0\0\0\0\x01\0\0", b"\0\x03\x7f\0\0\0\0\x01\0\0"] {
        let conn = test.connect();
        test.broker.handle_frame(test.now, conn, Bytes::copy_from_slice(frame));
        test.drain();
        assert!(test.closed.contains_key(&conn), "{frame:?}");
    }
    assert_eq!(test.lines.len(), 5);
}

#[test]
fn a_too_new_api_versions_is_answered_in_version_0() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    test.broker.handle_frame(test.now, conn, Bytes::from_static(b"\0\x12\0\x63\0\0\0\x05\xff\xff\0"));
    test.drain();
    let response = test.take::<ApiVersionsRequest>(conn, 0).expect("an answer");
    assert_eq!((response.error_code, response.api_keys.len()), (35, BROKER.len()));
}

#[test]
fn a_log_that_does_not_say_whose_it_is_is_set_aside() {
    for content in [None, Some(""), Some("version: x\n"), Some("version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ\n")] {
        let mut test = TestBroker::new(&[]);
        let conn = test.connect();
        create(&mut test, conn, "orders", 1, &[]);
        assert_eq!(produce(&mut test, conn, "orders", &["keep me"]), (0, 0));
        let mut disk = test.broker.into_disk();
        let metadata = "orders-0/partition.metadata";
        match content {
            None => disk.remove(metadata),
            Some(text) => disk.replace(metadata, Bytes::from_static(text.as_bytes())).expect("there is room"),
        }
        let kept = disk.read_all("orders-0/00000000000000000000.log").expect("a log");
        let mut test = TestBroker::on(disk, test.now.plus_millis(1000), &[]);
        test.advance(20_000);
        let strays = test.lines.iter().filter(|line| line.starts_with("orders-0") && line.contains("-stray now")).count();
        assert_eq!(strays, 1, "{content:?}: {:?}", test.lines);
        let conn = test.connect();
        assert!(values(&test.call(conn, 12, fetch_request("orders", 0, 0))).is_empty(), "{content:?}: the partition begins anew");
        let disk = test.broker.into_disk();
        let stray: Vec<_> = disk.list("orders-0.").filter(|path| path.ends_with("-stray/00000000000000000000.log")).collect();
        assert_eq!(stray.len(), 1, "{content:?}");
        assert_eq!(disk.read_all(stray[0]).expect("a log"), kept, "{content:?}");
    }
}

#[test]
fn a_damaged_file_is_not_taken_for_one_that_is_missing() {
    for (file, content, why) in [
        ("meta.properties", &[255][..], "meta.properties: it is not UTF-8"),
        ("meta.properties", b"", "meta.properties: Failed to find version"),
        ("meta.properties", b"version=1\ncluster.id=tide\n", "meta.properties: node.id was not found."),
        ("recovery-point-offset-checkpoint", b"x\n", "Malformed line in checkpoint file [recovery-point-offset-checkpoint]: x"),
        ("replication-offset-checkpoint", b"1\n0\n", "Unrecognised version:1, expected version: 0"),
        ("log-start-offset-checkpoint", b"0\n2\norders 0 0\n", "Expected [2] entries"),
        ("orders-0/leader-epoch-checkpoint", b"0\n1\n0\n", "Error while reading checkpoint file orders-0/leader-epoch-checkpoint"),
    ] {
        let mut test = TestBroker::new(&[]);
        let conn = test.connect();
        create(&mut test, conn, "orders", 1, &[]);
        let mut disk = test.broker.into_disk();
        disk.replace(file, Bytes::from_static(content)).expect("there is room");
        let Err(error) = Broker::open(test.now, options(&[], 1), disk) else { panic!("{file}: it opens") };
        assert!(error.to_string().contains(why), "{file}: {error}");
    }
}

#[test]
fn a_damaged_snapshot_of_producers_is_told_of() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    create(&mut test, conn, "orders", 1, &[]);
    assert_eq!(produce(&mut test, conn, "orders", &["a"]), (0, 0));
    let mut disk = test.broker.into_disk();
    disk.replace("orders-0/00000000000000000000.snapshot", Bytes::from_static(&[0, 1, 2])).expect("there is room");
    let test = TestBroker::on(disk, test.now.plus_millis(1000), &[]);
    let why = "Failed to load producer snapshot from 'orders-0/00000000000000000000.snapshot': it is damaged";
    assert!(test.lines.iter().any(|line| line == why), "{:?}", test.lines);
}

#[test]
fn a_roll_flushes_what_is_before_it_and_the_system_the_rest_in_its_time() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    create(&mut test, conn, "orders", 1, &[("segment.bytes", "1048576")]);
    let big = "x".repeat(600_000);
    for offset in 0..2 {
        assert_eq!(produce(&mut test, conn, "orders", &[&big]), (0, offset));
    }
    let flushed = |test: &TestBroker, base: i64| {
        let log = format!("orders-0/{base:020}.log");
        test.broker.disk().flushed_len(&log).is_some_and(|bytes| bytes > 0)
    };
    assert_eq!((flushed(&test, 0), flushed(&test, 1)), (true, false));
    test.advance(61_000);
    assert!(flushed(&test, 1));
    let points = test.broker.disk().read_all("recovery-point-offset-checkpoint").expect("it is written");
    assert_eq!(std::str::from_utf8(&points), Ok("0\n1\norders 0 1\n"));
}

/// A session goes on with the name that its topic had.
#[test]
fn a_fetch_session_knows_a_topic_that_was_made_anew_from_the_one_before() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    create(&mut test, conn, "orders", 1, &[]);
    let topic_id = test.broker.controller().image().topics["orders"].id;
    let partition = FetchPartition { partition_max_bytes: 1 << 20, ..FetchPartition::default() };
    let topics = vec![FetchTopic { topic_id, partitions: vec![partition], ..FetchTopic::default() }];
    let first = test.call(conn, 13, FetchRequest { session_epoch: 0, topics, ..FetchRequest::default() });
    assert!(first.session_id > 0);
    let error = |test: &mut TestBroker, session_epoch: i32| {
        let request = FetchRequest { session_id: first.session_id, session_epoch, ..FetchRequest::default() };
        test.call(conn, 13, request).responses.first().map_or(0, |topic| topic.partitions[0].error_code)
    };
    assert_eq!(error(&mut test, 1), 0);
    let asked = delete_topics_request::DeleteTopicState { name: Some(name("orders")), ..Default::default() };
    let deleted = test.call(conn, 6, DeleteTopicsRequest { topics: vec![asked], ..DeleteTopicsRequest::default() });
    assert_eq!(deleted.responses[0].error_code, 0);
    assert_eq!(error(&mut test, 2), ErrorCode::UnknownTopicOrPartition.code());
    create(&mut test, conn, "orders", 1, &[]);
    assert_eq!(error(&mut test, 3), ErrorCode::InconsistentTopicId.code());
}

#[test]
fn internal_topics_are_their_coordinators() {
    let mut test = TestBroker::new(&[]);
    let conn = test.connect();
    test.call(conn, 2, FindCoordinatorRequest { key: text("any"), ..FindCoordinatorRequest::default() });
    test.advance(1000);
    assert_eq!(produce(&mut test, conn, "__consumer_offsets", &["forged"]).0, ErrorCode::InvalidTopicException.code());
    let partition = DeleteRecordsPartition { offset: -1, ..DeleteRecordsPartition::default() };
    let topic = DeleteRecordsTopic { name: name("__consumer_offsets"), partitions: vec![partition] };
    let response = test.call(conn, 2, DeleteRecordsRequest { timeout_ms: 1000, topics: vec![topic] });
    assert_eq!(response.topics[0].partitions[0].error_code, ErrorCode::InvalidTopicException.code());
}
