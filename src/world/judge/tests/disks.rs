//! What a broker's disk holds: records that may not be there, and logs of nobody.

use super::*;
use crate::world::operations::SetTopicConfig;

/// The log of a single record, of this key and with this greatest time in its header.
fn record(key: Option<&[u8]>, max_timestamp: i64) -> Batch {
    let mut builder = BatchBuilder::new(BatchOptions { base_offset: 6, ..BatchOptions::default() });
    builder.push(0, key, Some(b"g"), &[]);
    builder.build().with_max_timestamp(false, max_timestamp)
}

#[test]
fn a_leader_lets_no_record_in_that_may_not_be_there() {
    let kinds = |compacted: bool, batch: Batch| {
        let mut case = Case::new();
        case.world.compacted = compacted;
        (1..=3).for_each(|id| case.node(id).replica.log.push(batch.clone()));
        case.verdict().violations.iter().map(|violation| violation.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds(true, record(Some(b"k"), 0)), [""; 0]);
    assert_eq!(kinds(false, record(None, 0)), [""; 0]);
    assert_eq!(kinds(true, record(None, 0)), ["unvalidated"]);
    assert_eq!(kinds(false, record(None, 5)), ["unvalidated"]);

    let mut altered = Case::new();
    altered.world.compacted = true;
    (1..=3).for_each(|id| altered.node(id).replica.log.push(record(None, 0)));
    let config = [("cleanup.policy".to_owned(), "compact".to_owned())].into();
    altered.act(SetTopicConfig { topic: topic(), config }.into());
    assert_eq!(altered.verdict().violations, [], "it may have been let in before");
}

/// Retention goes on while a broker that has begun does not know its metadata yet.
#[test]
fn a_log_of_no_topic_may_be_shortened_by_retention_before() {
    for (deleted, kinds) in [(true, &[][..]), (false, &["stray-dropped"][..])] {
        let mut case = Case::new();
        let log = |dir: &str, bytes| LogDir { dir: dir.into(), topic: Some(uuid::Uuid::from_u128(9)), bytes };
        case.world.log_dirs = vec![log("t-0", 70)];
        case.event(EventKind::ProcessState { node: "broker-2".into(), from: ProcessState::Crashed, to: ProcessState::Running });
        case.world.log_dirs = vec![log("t-0", 30)];
        if deleted {
            case.broker(2, BrokerEvent::SegmentDeleted { topic: topic(), partition: 0, base_offset: 0 });
        }
        case.world.log_dirs = vec![log("t-0.0f-stray", 30)];
        case.world.caught_up = true;
        case.broker(2, BrokerEvent::BecameFollower { topic: topic(), partition: 1, leader: 1, epoch: 0 });
        case.broker(2, BrokerEvent::BecameFollower { topic: topic(), partition: 1, leader: 1, epoch: 0 });
        assert_eq!(case.kinds(), kinds);
    }
}

#[test]
fn a_log_of_no_topic_is_set_aside_as_it_was() {
    let (its_own, other) = (Some(uuid::Uuid::nil()), Some(uuid::Uuid::from_u128(9)));
    let log = |dir: &str, topic, bytes| LogDir { dir: dir.into(), topic, bytes };
    let kinds = |before: &LogDir, after: Vec<LogDir>| {
        let mut case = Case::new();
        case.world.log_dirs = vec![before.clone()];
        case.event(EventKind::ProcessState { node: "broker-2".into(), from: ProcessState::Crashed, to: ProcessState::Running });
        case.world.log_dirs = after;
        let follows = || BrokerEvent::BecameFollower { topic: topic(), partition: 0, leader: 1, epoch: 0 };
        case.broker(2, follows());
        assert_eq!(case.kinds(), [""; 0], "it has not caught up yet");
        case.world.caught_up = true;
        case.broker(2, follows());
        case.broker(2, follows());
        case.kinds()
    };
    assert_eq!(kinds(&log("t-0", its_own, 70), Vec::new()), [""; 0], "it has it, and may do with it what it likes");
    let stray = log("t-0", other, 70);
    assert_eq!(kinds(&stray, vec![log("t-0.0f-stray", other, 70), log("t-0", its_own, 0)]), [""; 0]);
    for wrong in [vec![log("t-0", its_own, 0)], vec![log("t-0.0f-stray", other, 8)], vec![log("t-01.0f-stray", other, 70)]] {
        assert_eq!(kinds(&stray, wrong), ["stray-dropped"]);
    }
}
