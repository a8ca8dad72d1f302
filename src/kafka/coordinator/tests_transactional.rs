//! Offsets in transactions: what holds after their end, and what becomes of those whose transaction is open.

use super::tests::{Rig, commit_request};
use super::*;
use crate::kafka::wire::batch::{BatchBuilder, BatchOptions};
use crate::kafka::wire::message::{GroupId, Str, TopicName};
use crate::kafka::wire::murmur2::coordinator_partition;
use m::offset_delete_request::{OffsetDeleteRequestPartition, OffsetDeleteRequestTopic};
use m::offset_fetch_request::OffsetFetchRequestGroup;
use m::txn_offset_commit_request::{TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic};

const MINUTE: i64 = 60_000;
const PRODUCER: i64 = 7;

/// Offsets are kept for ten minutes, and looked at each minute.
fn rig() -> Rig {
    Rig::new(GroupConfig { offsets_retention_minutes: 10, offsets_retention_check_interval_ms: MINUTE, ..GroupConfig::default() })
}

/// An offset of `PRODUCER`'s transaction, for partition 0.
fn pending(topic: &str, offset: i64) -> Request {
    let partition = TxnOffsetCommitRequestPartition { committed_offset: offset, ..TxnOffsetCommitRequestPartition::default() };
    let topics = vec![TxnOffsetCommitRequestTopic { name: TopicName(Str::from(topic)), partitions: vec![partition] }];
    Request::TxnOffsetCommit(m::TxnOffsetCommitRequest {
        transactional_id: Str::from("tx").into(),
        group_id: GroupId("g".into()),
        producer_id: PRODUCER.into(),
        generation_id: -1,
        topics,
        ..m::TxnOffsetCommitRequest::default()
    })
}

/// The marker of the transaction is in the log.
fn end(rig: &mut Rig, commit: bool) {
    let partition = coordinator_partition("g", GroupConfig::default().offsets_topic_partitions);
    let marker = Marker { commit, coordinator_epoch: 0 }.batch(rig.now.millis(), PRODUCER, 0);
    rig.log.entry(partition).or_default().push(marker);
    rig.coordinator.handle_transaction_ended(partition, PRODUCER, commit);
    rig.drain();
}

/// What the coordinator and the next one, which reads the log, know of the group's offsets.
fn kept(rig: &Rig) -> Option<Vec<(String, i64)>> {
    let of = |coordinator: &GroupCoordinator| {
        let group = coordinator.groups().into_iter().next()?;
        Some(group.offsets.iter().map(|(topic, _, offset)| (topic.to_string(), *offset)).collect::<Vec<_>>())
    };
    let kept = of(&rig.coordinator);
    assert_eq!(of(&rig.reloaded()), kept, "after a load of the log");
    kept
}

fn offsets(offsets: &[(&str, i64)]) -> Option<Vec<(String, i64)>> {
    Some(offsets.iter().map(|(topic, offset)| ((*topic).to_owned(), *offset)).collect())
}

/// The tombstones of offsets that the log has.
fn tombstones(rig: &Rig) -> usize {
    let records = rig.log.values().flatten().flat_map(|batch| batch.records().expect("records"));
    records.filter(|record| record.value.is_none() && record.key.as_ref().is_some_and(|key| key.starts_with(&[0, 1]))).count()
}

#[test]
fn an_offset_that_was_committed_later_outside_of_the_transaction_stays() {
    let mut rig = rig();
    rig.send(3, pending("orders", 5));
    rig.send(3, pending("other", 6));
    rig.send(8, commit_request(-1, "", 9));
    end(&mut rig, true);
    assert_eq!(kept(&rig), offsets(&[("orders", 9), ("other", 6)]));
    rig.send(3, pending("orders", 2));
    end(&mut rig, true);
    assert_eq!(kept(&rig), offsets(&[("orders", 2), ("other", 6)]));
}

#[test]
fn a_deletion_takes_the_offsets_of_open_transactions_along() {
    let delete = || {
        let partitions = vec![OffsetDeleteRequestPartition::default()];
        let topics = vec![OffsetDeleteRequestTopic { name: TopicName("orders".into()), partitions }];
        Request::OffsetDelete(m::OffsetDeleteRequest { group_id: GroupId("g".into()), topics })
    };
    let ways: [&dyn Fn(&mut Rig); 2] = [
        &|rig| {
            rig.send(0, delete());
        },
        &|rig| rig.coordinator.handle_topic_deleted(rig.now, "orders"),
    ];
    for way in ways {
        let mut rig = rig();
        rig.send(3, pending("orders", 5));
        rig.send(3, pending("other", 6));
        way(&mut rig);
        rig.drain();
        assert_eq!(tombstones(&rig), 1);
        end(&mut rig, true);
        assert_eq!(kept(&rig), offsets(&[("other", 6)]));
    }
}

#[test]
fn a_deleted_group_is_not_brought_back_by_the_end_of_a_transaction() {
    let mut rig = rig();
    rig.send(3, pending("orders", 5));
    rig.send(2, Request::DeleteGroups(m::DeleteGroupsRequest { groups_names: vec![GroupId("g".into())] }));
    assert_eq!(tombstones(&rig), 1);
    end(&mut rig, true);
    assert_eq!(rig.coordinator.groups(), []);
    rig.send(8, commit_request(-1, "", 1));
    assert_eq!(kept(&rig), offsets(&[("orders", 1)]));
}

#[test]
fn an_offset_that_an_open_transaction_may_replace_does_not_expire() {
    let mut rig = rig();
    rig.send(8, commit_request(-1, "", 5));
    rig.send(3, pending("orders", 6));
    rig.pass(20 * MINUTE);
    assert_eq!(kept(&rig), offsets(&[("orders", 5)]));
    end(&mut rig, false);
    rig.pass(2 * MINUTE);
    assert_eq!(kept(&rig), None);
}

/// A consumer that reads on from the former offset would read records again that the transaction has covered.
#[test]
fn a_stable_fetch_sees_an_offset_that_is_on_its_way_into_the_log() {
    let mut rig = rig();
    rig.send(8, commit_request(-1, "", 5));
    let fetched = |rig: &mut Rig, require_stable| {
        let groups = vec![OffsetFetchRequestGroup { group_id: GroupId("g".into()), topics: None, ..OffsetFetchRequestGroup::default() }];
        let token = rig.send(8, Request::OffsetFetch(m::OffsetFetchRequest { groups, require_stable, ..m::OffsetFetchRequest::default() }));
        let Some(Response::OffsetFetch(answer)) = rig.answers.get(&token) else { panic!("no answer") };
        let partition = &answer.groups[0].topics[0].partitions[0];
        (partition.error_code, partition.committed_offset)
    };
    let unstable = (ErrorCode::UnstableOffsetCommit.code(), -1);
    rig.hold_appends = true;
    rig.send(3, pending("orders", 6));
    assert_eq!((fetched(&mut rig, true), fetched(&mut rig, false)), (unstable, (0, 5)));
    let refused = rig.held.remove(0);
    rig.coordinator.handle_append_failed(rig.now, refused, ErrorCode::NotEnoughReplicas);
    rig.drain();
    assert_eq!(fetched(&mut rig, true), (0, 5));
    rig.send(3, pending("orders", 6));
    let late = rig.held.remove(0);
    rig.coordinator.handle_append_failed(rig.now, late, ErrorCode::RequestTimedOut);
    rig.drain();
    assert_eq!(fetched(&mut rig, true), unstable, "it is in the log");
}

/// A group's own record goes as its type changes, while its offsets stay.
#[test]
fn a_group_whose_record_is_gone_keeps_the_offsets_of_open_transactions() {
    let mut rig = rig();
    rig.send(3, pending("orders", 5));
    let partition = coordinator_partition("g", GroupConfig::default().offsets_topic_partitions);
    let mut builder = BatchBuilder::new(BatchOptions::default());
    builder.push(rig.now.millis(), Some(&Key::Group { group: "g".into() }.encode()), None, &[]);
    rig.log.entry(partition).or_default().push(builder.build());
    end(&mut rig, true);
    assert_eq!(kept(&rig), offsets(&[("orders", 5)]));
}
