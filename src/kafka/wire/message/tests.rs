//! What the vectors of real messages do not show: fields that a version cannot say, and bytes that lie.

use super::codec::{CodecError, MAX_ELEMENTS};
use super::fetch_request::{FetchPartition, FetchTopic, ReplicaState};
use super::*;
use bytes::Bytes;

fn written<M: Message>(message: M, version: i16) -> Result<Vec<u8>, CodecError> {
    message.write(Vec::new(), version)
}

fn read<M: Message>(bytes: &[u8], version: i16) -> Result<M, CodecError> {
    M::read(Bytes::copy_from_slice(bytes), version).map(|(message, _)| message)
}

#[test]
fn a_set_field_that_a_version_lacks_is_an_error_unless_it_may_be_ignored() {
    // `replica_id` ends with version 14 and may not be left out; `session_id` comes with 7 and may.
    let from_replica = || FetchRequest { replica_id: BrokerId(2), ..FetchRequest::default() };
    assert!(written(from_replica(), 14).is_ok());
    assert_eq!(written(from_replica(), 15), Err(CodecError::NotInVersion));
    assert!(written(FetchRequest { session_id: 7, ..FetchRequest::default() }, 6).is_ok());
    // A list that is not empty counts as set, and so does any field of a structure.
    let forgotten = FetchRequest { forgotten_topics_data: vec![Default::default()], ..FetchRequest::default() };
    assert_eq!(written(forgotten, 6), Err(CodecError::NotInVersion));
    let version = CodecError::Version { version: 19, min: 4, max: 18 };
    assert_eq!(written(FetchRequest::default(), 19), Err(version));
    assert_eq!(read::<FetchRequest>(&[], 19), Err(version));
}

#[test]
fn a_tagged_field_is_written_only_if_it_says_something() {
    let plain = written(FetchRequest::default(), 17).expect("can be said");
    let state = ReplicaState { replica_id: BrokerId(1), replica_epoch: 5 };
    let told = FetchRequest { replica_state: state.clone(), cluster_id: Some("c".into()), ..FetchRequest::default() };
    let bytes = written(told.clone(), 17).expect("can be said");
    // Two tagged fields, in order: tag, size, content. The structure has a count of tagged fields of its own.
    assert_eq!(bytes[plain.len() - 1..], [2, 0, 2, 2, b'c', 1, 13, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0]);
    assert_eq!(read::<FetchRequest>(&bytes, 17), Ok(told));
}

#[test]
fn tags_that_nobody_knows_are_skipped() {
    let mut bytes = written(ListGroupsRequest::default(), 4).expect("can be said");
    assert_eq!(bytes.pop(), Some(0), "no tagged fields");
    bytes.extend([2, 77, 3, 1, 2, 3, 78, 0]);
    assert_eq!(read::<ListGroupsRequest>(&bytes, 4), Ok(ListGroupsRequest::default()));
    bytes.pop();
    assert!(read::<ListGroupsRequest>(&bytes, 4).is_err());
    // More of them than there are bytes.
    let end = bytes.len() - 7;
    bytes.truncate(end);
    bytes.extend([0xff, 0xff, 0xff, 0xff, 0x0f]);
    assert_eq!(read::<ListGroupsRequest>(&bytes, 4), Err(CodecError::TooLong));
}

#[test]
fn null_is_refused_where_a_version_does_not_allow_it() {
    // Version 0 of Metadata says "all topics" by an empty list, later ones by null.
    let all = || MetadataRequest { topics: None, ..MetadataRequest::default() };
    assert_eq!(written(all(), 0), Err(CodecError::Null));
    assert_eq!(written(all(), 1), Ok(vec![0xff, 0xff, 0xff, 0xff]));
    assert_eq!(read::<MetadataRequest>(&[0xff, 0xff, 0xff, 0xff], 0), Err(CodecError::Null));
    assert_eq!(read::<HeartbeatRequest>(&[0xff, 0xff], 0), Err(CodecError::Null));
}

#[test]
fn strings_are_utf8_and_fit_their_length() {
    assert_eq!(read::<FindCoordinatorRequest>(&[0, 2, 0xc3, 0x28], 0), Err(CodecError::NotUtf8));
    assert_eq!(read::<FindCoordinatorRequest>(&[0, 9, b'g'], 0), Err(CodecError::TooLong));
    assert_eq!(read::<FindCoordinatorRequest>(&[0], 0), Err(CodecError::CutOff));
    let long = |version| written(FindCoordinatorRequest { key: "k".repeat(40_000).into(), ..Default::default() }, version);
    assert_eq!(long(2), Err(CodecError::TooLong), "two bytes of length say 32,767 at most");
    assert!(long(3).is_ok(), "a varint says more");
}

/// A count that fits the frame is still not believed beyond `MAX_ELEMENTS`, and what has been read until then stays small.
#[test]
fn a_frame_of_empty_elements_does_not_grow_without_end() {
    let count = MAX_ELEMENTS + 1;
    let mut bytes = count.to_be_bytes().to_vec();
    bytes.resize(bytes.len() + count as usize * 2, 0);
    assert_eq!(read::<MetadataRequest>(&bytes, 1), Err(CodecError::TooMany));
}

#[test]
fn what_is_default_is_what_kafka_says() {
    let partition = FetchPartition::default();
    assert_eq!((partition.current_leader_epoch, partition.high_watermark, partition.fetch_offset), (-1, i64::MAX, 0));
    assert_eq!(FetchRequest::default().max_bytes, i32::MAX);
    assert_eq!(MetadataResponse::default().cluster_authorized_operations, i32::MIN);
    assert_eq!(CreateTopicsRequest::default().timeout_ms, 60_000);
    assert_eq!((MetadataRequest::default().topics, FetchRequest::default().cluster_id), (Some(Vec::new()), None));
    assert_eq!(FetchTopic::default().partitions.len(), 0);
}
