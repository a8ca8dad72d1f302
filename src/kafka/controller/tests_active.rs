//! The active controller, alone in its quorum.

use super::*;

pub fn active_ids(ids: &[i32]) -> Vec<m::BrokerId> {
    ids.iter().map(|id| m::BrokerId(*id)).collect()
}

#[test]
fn a_single_voter_leads_at_once() {
    let mut alone = Alone::open(&BrokerConfig::default(), None);
    let view = alone.controller.quorum();
    assert_eq!((view.role, view.leader, view.epoch), ("Leader", Some(1), 1));
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
    // The same broker, back after a crash, is let in at once.
    let answer = alone.register(1, 99, -1);
    assert_eq!(answer.error_code, 0);
    assert_eq!(alone.partition("orders").leader, -1);
    assert!(!alone.beat(1, false, false).is_fenced);
    assert_eq!((alone.partition("orders").leader, alone.partition("orders").recovering), (1, true));
}
