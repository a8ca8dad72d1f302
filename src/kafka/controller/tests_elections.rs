//! Who leads: the rules one by one.

use super::super::elections::{Builder, Election};
use super::super::image::PartitionImage;
use super::super::records::PartitionChange;
use super::*;

fn state(replicas: &[i32], isr: &[i32], leader: i32) -> PartitionImage {
    PartitionImage { replicas: replicas.to_vec(), isr: isr.to_vec(), leader, leader_epoch: 5, ..PartitionImage::default() }
}

/// What comes of a partition when only these brokers are alive and the ISR is to be this.
fn after(old: &PartitionImage, live: &[i32], isr: &[i32], min_isr: usize, election: Election) -> (PartitionImage, bool) {
    let alive = |id: i32| live.contains(&id);
    let mut builder = Builder::new(old, Uuid::nil(), 0, &alive, min_isr, election);
    builder.isr = isr.to_vec();
    let mut new = old.clone();
    let mut unclean = false;
    if let Some((change, was_unclean)) = builder.build() {
        assert_ne!(change, PartitionChange::new(Uuid::nil(), 0));
        new.merge(&change);
        unclean = was_unclean;
    }
    (new, unclean)
}

#[test]
fn the_table_of_elections() {
    use Election::{Online, Preferred, Unclean};
    type Row<'a> = (&'a str, PartitionImage, &'a [i32], &'a [i32], usize, Election, i32, &'a [i32], &'a [i32], bool);
    let all = state(&[1, 2, 3], &[1, 2, 3], 1);
    let second = state(&[1, 2, 3], &[1, 2, 3], 2);
    let eligible = PartitionImage { elr: vec![2, 3], last_known_elr: vec![2], ..state(&[1, 2, 3], &[], -1) };
    let lost = PartitionImage { last_known_elr: vec![2], ..state(&[1, 2, 3], &[], -1) };
    let out_of_sync = state(&[1, 2, 3], &[1], 1);
    let rows: [Row<'_>; 16] = [
        ("nothing to do", all.clone(), &[1, 2, 3], &[1, 2, 3], 1, Online, 1, &[1, 2, 3], &[], false),
        ("the next in the ISR", all.clone(), &[2, 3], &[2, 3], 1, Online, 2, &[2, 3], &[], false),
        ("in the order of the assignment", state(&[3, 1, 2], &[1, 2, 3], 3), &[1, 2], &[1, 2], 1, Online, 1, &[1, 2], &[], false),
        ("a leader that may stay stays", second.clone(), &[1, 2, 3], &[1, 2, 3], 1, Online, 2, &[1, 2, 3], &[], false),
        ("unless the preferred is asked for", second.clone(), &[1, 2, 3], &[1, 2, 3], 1, Preferred, 1, &[1, 2, 3], &[], false),
        ("which must be alive", second.clone(), &[2, 3], &[1, 2, 3], 1, Preferred, 2, &[1, 2, 3], &[], false),
        ("and in sync", second, &[1, 2, 3], &[2, 3], 1, Preferred, 2, &[2, 3], &[], false),
        ("below min ISR those who leave stay eligible", all.clone(), &[1], &[1], 2, Online, 1, &[1], &[2, 3], false),
        ("at min ISR nobody is kept", all.clone(), &[1, 2], &[1, 2], 2, Online, 1, &[1, 2], &[], false),
        ("the last of the ISR is eligible", out_of_sync.clone(), &[2, 3], &[], 1, Online, -1, &[], &[1], false),
        ("an eligible replica that is back leads", eligible.clone(), &[3], &[], 2, Online, 3, &[3], &[2], false),
        ("a replica out of sync does not", out_of_sync.clone(), &[2, 3], &[], 1, Preferred, -1, &[], &[1], false),
        ("unless it may", out_of_sync, &[2, 3], &[], 1, Unclean, 2, &[2], &[], true),
        ("clean before unclean", all, &[2, 3], &[2, 3], 1, Unclean, 2, &[2, 3], &[], false),
        ("the last known leader, when nobody is eligible", lost.clone(), &[2, 3], &[], 2, Online, 2, &[2], &[], true),
        ("who must be alive", lost, &[1, 3], &[], 2, Online, -1, &[], &[], false),
    ];
    for (what, old, live, isr, min_isr, election, leader, new_isr, elr, unclean) in rows {
        let (new, was_unclean) = after(&old, live, isr, min_isr, election);
        assert_eq!((new.leader, &new.isr[..], &new.elr[..], was_unclean), (leader, new_isr, elr, unclean), "{what}");
        assert_eq!(new.leader_epoch - old.leader_epoch, i32::from(new.leader != old.leader), "{what}");
        assert_eq!(new.partition_epoch - old.partition_epoch, i32::from(new != old), "{what}");
        assert_eq!(new.recovering, unclean, "{what}");
    }
    let (left, _) = after(&state(&[1], &[1], 1), &[], &[], 1, Online);
    assert_eq!((left.leader, &left.last_known_elr[..]), (-1, &[1][..]), "the last leader is remembered");
    let (back, _) = after(&left, &[1], &[], 1, Online);
    assert_eq!((back.leader, back.last_known_elr.len(), back.recovering), (1, 0, false));
}

#[test]
fn an_unclean_shutdown_leaves_no_eligible_leader() {
    let old = PartitionImage { elr: vec![2], ..state(&[1, 2], &[1], 1) };
    let alive = |id: i32| id == 2;
    let mut builder = Builder::new(&old, Uuid::nil(), 0, &alive, 2, Election::Online);
    builder.unclean_shutdown = Some(1);
    builder.isr.clear();
    let (change, unclean) = builder.build().expect("a change");
    assert_eq!((change.leader, change.isr, change.elr, unclean), (2, Some(vec![2]), Some(vec![]), false));
}

#[test]
fn a_reassignment_is_complete_when_all_that_are_added_are_in_sync() {
    let old = PartitionImage { adding: vec![4], removing: vec![1], ..state(&[4, 2, 1], &[1, 2], 1) };
    let (waits, _) = after(&old, &[1, 2, 4], &[1, 2], 1, Election::Online);
    assert_eq!(waits, old);
    let (done, _) = after(&old, &[1, 2, 4], &[1, 2, 4], 1, Election::Online);
    assert_eq!((&done.replicas[..], &done.isr[..], done.leader), (&[4, 2][..], &[2, 4][..], 4));
    assert!(!done.is_reassigning());
    // Not only those that are added.
    let (waits, _) = after(&old, &[1, 2, 4], &[1, 4], 1, Election::Online);
    assert_eq!((&waits.replicas[..], waits.is_reassigning()), (&[4, 2, 1][..], true));
}

#[test]
fn the_planted_bug_elects_whoever_comes_first() {
    let old = state(&[1, 2, 3], &[1, 3], 1);
    let alive = |id: i32| id != 1;
    let mut builder = Builder::new(&old, Uuid::nil(), 0, &alive, 1, Election::Online);
    builder.any_replica = true;
    builder.isr = vec![3];
    let (change, _) = builder.build().expect("a change");
    assert_eq!((change.leader, change.isr), (2, Some(vec![2])));
}
