//! The ledger: what is lost, doubled, turned round or not delivered, and what excuses it.

use super::*;
use crate::world::judge::Ledger;
use crate::world::operations::{DeleteTopic, Stop};

/// What producer "p" has sent, by its values; all of it is answered with its offset, except those at -1.
struct Sending {
    acks: i16,
    idempotent: bool,
    sent: Vec<(&'static str, i64)>,
}

fn send(case: &mut Case, sending: &Sending) {
    let name: Arc<str> = "p".into();
    let recent = (0..)
        .zip(&sending.sent)
        .map(|(ticket, (value, _))| {
            let again = sending.sent.iter().position(|(sent, _)| sent == value).is_some_and(|first| (first as u64) < ticket);
            let (key, value) = (Bytes::from_static(b"k"), Bytes::from_static(value.as_bytes()));
            Sent { ticket, process: 1, id: content_id(Some(&key), Some(&value)), key: key_id(Some(&key)), topic: 0, again }
        })
        .collect();
    let count = sending.sent.len() as u64;
    let sender = Sender { topics: vec![topic()], acks: sending.acks, idempotent: sending.idempotent, count, recent };
    case.world.senders.insert(name.clone(), sender);
    for (ticket, (_, offset)) in (0..).zip(&sending.sent) {
        let event = ProducerEvent::Partitioned { ticket: Ticket(ticket), topic: topic(), partition: 0 };
        case.event(EventKind::Producer { node: name.clone(), event });
        if *offset >= 0 {
            let event = ProducerEvent::Acked { ticket: Ticket(ticket), topic: topic(), partition: 0, offset: *offset };
            case.event(EventKind::Producer { node: name.clone(), event });
        }
    }
}

fn all() -> Vec<(&'static str, i64)> {
    ["a", "b", "c", "d", "e", "f"].into_iter().zip(0..).collect()
}

fn receive(case: &mut Case, values: &[&str]) {
    for value in values {
        let (key, value) = (Bytes::from_static(b"k"), Bytes::copy_from_slice(value.as_bytes()));
        let last = content_id(Some(&key), Some(&value));
        let group: Option<Arc<str>> = Some("g".into());
        let receiver = Receiver {
            goes_back: false,
            output: None,
            topics: vec![topic()],
            group: group.clone(),
            commit: CommitPolicy::Auto,
            omits: None,
            earliest: true,
            read_committed: false,
            last,
        };
        case.world.receivers.insert("c".into(), receiver);
        case.event(EventKind::Handled { node: "c".into(), group, topic: topic(), partition: 0, offset: 0, delivery: 1 });
    }
}

fn judged(case: &Case) -> (Vec<&'static str>, Vec<&'static str>, Ledger) {
    let verdict = case.verdict();
    let kinds = verdict.violations.iter().map(|violation| violation.kind).collect();
    let why = verdict.ledger.permitted.iter().map(|permitted| permitted.why).collect();
    (kinds, why, verdict.ledger)
}

/// The last batch is gone everywhere, without anybody having led in between.
fn lose_the_last(case: &mut Case) {
    for id in 1..=3 {
        let replica = &mut case.node(id).replica;
        replica.log.pop();
        replica.high_watermark = 4;
    }
}

#[test]
fn all_is_well() {
    let mut case = Case::new();
    send(&mut case, &Sending { acks: -1, idempotent: true, sent: all() });
    receive(&mut case, &["a", "b", "c", "d", "e", "f"]);
    let (kinds, why, ledger) = judged(&case);
    assert_eq!((kinds, why), (vec![], vec![]));
    assert_eq!((ledger.sent, ledger.acked, ledger.readable, ledger.delivered, ledger.strangers), (6, 6, 6, 6, 0));
    assert_eq!(ledger.records[4].place, Some((topic(), 0, 4)));
    assert_eq!(ledger.records[4].delivered, [(Arc::from("g"), 1)]);
}

#[test]
fn what_was_acknowledged_by_all_must_be_committed() {
    let mut case = Case::new();
    let mut sent = all();
    sent.push(("g", 6));
    send(&mut case, &Sending { acks: 1, idempotent: false, sent: sent.clone() });
    assert_eq!(case.kinds(), [""; 0]);
    let mut case = Case::new();
    send(&mut case, &Sending { acks: -1, idempotent: false, sent });
    assert_eq!(case.kinds(), ["acked-uncommitted"]);
}

#[test]
fn a_loss_is_a_violation_unless_its_acks_permit_it() {
    for (acks, newer, kinds, why) in [
        (-1, false, vec!["lost", "lost"], vec![]),
        (-1, true, vec!["lost", "lost"], vec![]),
        (1, false, vec!["lost", "lost"], vec![]),
        (1, true, vec![], vec!["acks=1: another leader took over before a follower had the record"]),
        (0, false, vec![], vec!["acks=0 promises nothing"]),
    ] {
        let mut case = Case::new();
        send(&mut case, &Sending { acks, idempotent: false, sent: all() });
        lose_the_last(&mut case);
        if newer {
            case.metadata(1, &[1, 2, 3], 1, 1, 1);
            case.node(1).replica.epoch = 1;
        }
        let (found, excuses, ledger) = judged(&case);
        assert_eq!((found, excuses, ledger.lost), (kinds, why, 2), "acks={acks} newer={newer}");
    }
}

#[test]
fn a_loss_is_excused_by_what_was_given_up() {
    let mut case = Case::new();
    send(&mut case, &Sending { acks: -1, idempotent: true, sent: all() });
    for id in 1..=3 {
        case.power_loss(id);
    }
    lose_the_last(&mut case);
    case.metadata(2, &[2], 1, 1, 1);
    case.lead(2, 1);
    let (kinds, why, ledger) = judged(&case);
    assert_eq!((kinds, why, ledger.lost), (vec![], vec!["every in-sync replica had lost power or its disk"], 2));
    // It excuses nothing that lies before it.
    let mut before = case.clone();
    for id in 1..=3 {
        before.node(id).replica.log.clear();
        before.node(id).replica.high_watermark = 0;
    }
    assert_eq!(judged(&before).0, ["lost"; 4]);
}

#[test]
fn an_unclean_election_excuses_its_loss() {
    let mut case = Case::new();
    send(&mut case, &Sending { acks: -1, idempotent: true, sent: all() });
    case.world.unclean = true;
    case.metadata(1, &[1], 1, 0, 1);
    lose_the_last(&mut case);
    case.metadata(2, &[2], 1, 1, 2);
    case.lead(2, 1);
    assert_eq!(judged(&case).1, ["unclean leader election is on"]);
}

#[test]
fn a_deleted_topic_and_retention_are_no_loss() {
    let mut case = Case::new();
    send(&mut case, &Sending { acks: -1, idempotent: true, sent: all() });
    for id in 1..=3 {
        case.node(id).replica.log.remove(0);
        case.node(id).replica.start = 2;
    }
    let (kinds, why, ledger) = judged(&case);
    assert_eq!((kinds, why, ledger.lost, ledger.expired), (vec![], vec![], 0, 2));
    case.act(Action::DeleteTopic(DeleteTopic { topic: topic() }));
    case.world.nodes = SortedVecMap::new();
    assert_eq!(judged(&case).1, ["its topic was deleted"]);
}

#[test]
fn without_a_leader_nothing_is_said() {
    let mut case = Case::new();
    send(&mut case, &Sending { acks: -1, idempotent: true, sent: all() });
    case.node(1).replica.leads = false;
    let (kinds, _, ledger) = judged(&case);
    assert_eq!((kinds, ledger.lost, ledger.unreadable), (vec![], 0, 6));
}

#[test]
fn what_its_app_sends_again_is_another_record() {
    let mut case = Case::new();
    let replica = &mut case.node(1).replica;
    replica.log.push(batch(6, 0, &["e", "f"]));
    (replica.isr, replica.high_watermark) = (vec![1], 8);
    let mut sent = all();
    sent.extend([("e", 6), ("f", 7)]);
    send(&mut case, &Sending { acks: 1, idempotent: true, sent });
    let (kinds, why, ledger) = judged(&case);
    assert_eq!((kinds, why), (vec![], vec!["its app has sent it again: to the brokers that is another record"]));
    assert_eq!((ledger.sent, ledger.duplicated), (8, 2));
}

#[test]
fn duplicates_are_for_those_without_idempotence() {
    for idempotent in [true, false] {
        let mut case = Case::new();
        send(&mut case, &Sending { acks: -1, idempotent, sent: all() });
        case.node(1).replica.log.push(batch(6, 0, &["e", "f"]));
        case.node(1).replica.isr = vec![1];
        let (kinds, why, ledger) = judged(&case);
        assert_eq!(ledger.duplicated, 2);
        let permitted = vec!["without idempotence a record that is sent again may be there twice"];
        assert_eq!((kinds, why), if idempotent { (vec!["duplicated"; 2], vec![]) } else { (vec![], permitted) });
    }
}

#[test]
fn order_within_a_partition_is_kept() {
    for idempotent in [true, false] {
        let mut case = Case::new();
        let mut sent = all();
        sent.swap(2, 3);
        send(&mut case, &Sending { acks: -1, idempotent, sent });
        let (kinds, why, ledger) = judged(&case);
        assert_eq!(ledger.reordered, 1);
        let permitted = vec!["without idempotence a record that is sent again may come after later ones"];
        assert_eq!((kinds, why), if idempotent { (vec!["reordered"], vec![]) } else { (vec![], permitted) });
    }
}

#[test]
fn every_group_gets_every_record() {
    let mut case = Case::new();
    send(&mut case, &Sending { acks: -1, idempotent: true, sent: all() });
    receive(&mut case, &["a", "b", "d", "e", "f"]);
    assert_eq!(judged(&case).0, ["undelivered"]);
    let verdict = case.judge.verdict(&case.world, false);
    assert!(verdict.violations.is_empty(), "not yet: {verdict}");
    let mut latest = case.clone();
    for receiver in latest.world.receivers.values_mut() {
        receiver.earliest = false;
    }
    assert_eq!(judged(&latest).0, [""; 0]);
    case.act(Action::Stop(Stop { node: "c".into() }));
    assert_eq!(judged(&case).1, ["its consumer was stopped after it had committed what it had polled"]);
}

#[test]
fn a_position_beyond_what_was_given_up_misses_records() {
    let mut case = Case::new();
    case.world.unclean = true;
    case.metadata(1, &[1], 1, 0, 1);
    lose_the_last(&mut case);
    case.metadata(2, &[2], 1, 1, 2);
    case.lead(2, 1);
    case.node(2).replica.log.push(batch(4, 1, &["g"]));
    case.commit(2, 5);
    send(&mut case, &Sending { acks: -1, idempotent: true, sent: vec![("g", 4)] });
    receive(&mut case, &["a"]);
    assert_eq!(judged(&case).1, ["records before it were given up, and the consumer's position lay beyond it"]);
}

#[test]
fn a_second_delivery_needs_a_cause() {
    let mut case = Case::new();
    send(&mut case, &Sending { acks: -1, idempotent: true, sent: all() });
    receive(&mut case, &["a", "b", "c", "d", "e", "f", "f"]);
    let mut rebalanced = case.clone();
    let joining = ConsumerEvent::Joining { group: "g".into(), why: "".into() };
    rebalanced.event(EventKind::Consumer { node: "c".into(), event: joining });
    let mut hit = case.clone();
    hit.power_loss(3);
    for case in [rebalanced, hit] {
        let (kinds, why, ledger) = judged(&case);
        assert_eq!((kinds, ledger.redelivered), (vec![], 1));
        assert_eq!(why, ["at least once: a consumer that lost its partition or crashed had not committed it yet"]);
    }
    assert_eq!(judged(&case).0, ["redelivered"]);
}

#[test]
fn the_verdict_reads_as_sentences() {
    let mut case = Case::new();
    send(&mut case, &Sending { acks: 0, idempotent: false, sent: all() });
    case.power_loss(3);
    lose_the_last(&mut case);
    case.lead(2, 0);
    let text = case.verdict().to_string();
    for part in [
        "(two-leaders): broker-1 and broker-2 both lead t-0 in epoch 0",
        "6 records sent: 6 acknowledged, 0 failed, 0 without an answer; 4 readable",
        "2 lost, 0 duplicated, 0 out of order",
        "permitted: 2 records lost: acks=0 promises nothing",
        "faults: 1 power loss",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}
