//! Groups in words and as a picture: protocol, epochs, how each member stands, and the states that a group goes through.

use crate::kafka::client::consumer::MembershipState;
use crate::kafka::coordinator::{GroupState, GroupView, MemberView};
use crate::world::view::{ConsumerState, WorldView};
use std::sync::Arc;

/// `ListGroups` spells the type of a group of KIP-848 so.
const CONSUMER: &str = "consumer";

pub fn is_consumer_protocol(group: &GroupView) -> bool {
    group.group_type == CONSUMER
}

/// `classic · cooperative-sticky`, `consumer · uniform`.
pub fn protocol_words(group: &GroupView) -> String {
    match group.protocol.as_deref().filter(|name| !name.is_empty()) {
        Some(assignor) => format!("{} · {assignor}", group.group_type),
        None => group.group_type.to_owned(),
    }
}

/// `generation 3` of a classic group, `epoch 4` of one of the consumer protocol.
pub fn epoch_words(group: &GroupView) -> String {
    format!("{} {}", if is_consumer_protocol(group) { "epoch" } else { "generation" }, group.generation)
}

/// Partitions by their names: `orders-0, orders-1`.
fn names(partitions: &[(Arc<str>, i32)]) -> String {
    partitions.iter().map(|(topic, n)| format!("{topic}-{n}")).collect::<Vec<_>>().join(", ")
}

/// How a member stands in its group, and its epoch where it is another one than the group's.
pub fn member_words(view: &WorldView, group: &GroupView, member: &MemberView) -> String {
    if !is_consumer_protocol(group) {
        let app = view.consumers.iter().find(|app| app.name == member.client_id && app.member.as_ref() == Some(&member.member));
        return match app.map(|app| app.client_state) {
            _ if group.state == GroupState::CompletingRebalance => "has joined, waits for the leader's assignment",
            Some(MembershipState::Joining) => "has asked to join again",
            Some(_) if group.state == GroupState::PreparingRebalance => "has not asked to join again yet",
            Some(MembershipState::Stable) => "stable",
            Some(state) => state.name(),
            None if view.consumers.iter().any(|app| app.name == member.client_id && app.state.is_running()) => "joins",
            None => "silent",
        }
        .to_owned();
    }
    if member.epoch == -2 {
        return "away: a static member that is expected back".to_owned();
    }
    let missing: Vec<_> = member.target.iter().filter(|at| !member.assignment.contains(at)).cloned().collect();
    if !member.revoking.is_empty() {
        return format!("reconciling: is to give up {}", names(&member.revoking));
    }
    if member.epoch < group.generation {
        return format!("reconciling: at epoch {}, the group is at {}", member.epoch, group.generation);
    }
    if !missing.is_empty() {
        return format!("reconciling: waits for {}, which others have not given up", names(&missing));
    }
    "stable".to_owned()
}

/// `member epoch 3`, and in a classic group `generation 3`.
pub fn epoch_of(group: &GroupView, member: &MemberView) -> String {
    if is_consumer_protocol(group) { format!("member epoch {}", member.epoch) } else { epoch_words(group) }
}

/// Readable records in a member's partitions that the group has not committed.
pub fn member_lag(view: &WorldView, group: &GroupView, member: &MemberView) -> i64 {
    member.assignment.iter().map(|(topic, n)| view.lag(group, topic, *n)).sum()
}

/// The group of a consumer, and its member there.
pub fn membership<'a>(view: &'a WorldView, app: &ConsumerState) -> Option<(&'a GroupView, &'a MemberView)> {
    let group = view.groups.iter().find(|group| Some(&group.group) == app.group.as_ref())?;
    let member = group.members.iter().find(|member| Some(&member.member) == app.member.as_ref())?;
    Some((group, member))
}

/// The states that a group goes through: two on the way to a new assignment, by its protocol.
pub fn states(group: &GroupView) -> [GroupState; 5] {
    use GroupState as S;
    if is_consumer_protocol(group) {
        [S::Empty, S::Assigning, S::Reconciling, S::Stable, S::Dead]
    } else {
        [S::Empty, S::PreparingRebalance, S::CompletingRebalance, S::Stable, S::Dead]
    }
}

/// The ways from one of `states` to another, by their places.
pub const WAYS: [(usize, usize); 7] = [(0, 1), (1, 0), (1, 2), (2, 1), (2, 3), (3, 1), (0, 4)];

/// What a state means.
pub const fn state_meaning(state: GroupState) -> &'static str {
    match state {
        GroupState::Empty => "Nobody is a member. What was committed stays.",
        GroupState::PreparingRebalance => "Members are to join again; those that have not yet are waited for.",
        GroupState::CompletingRebalance => "All have joined. The leader deals out the partitions, and each asks for its share.",
        GroupState::Stable => "Each member has what it is to have.",
        GroupState::Assigning => "There is a new epoch, and the coordinator deals out the partitions for it.",
        GroupState::Reconciling => {
            "The coordinator has dealt out the partitions; members give up and take over one by one, and read on meanwhile."
        }
        GroupState::Dead => "The group is deleted, or was never there.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::world::EPOCH;

    /// What is said of the members of a group from a moment to another, each thing once.
    fn said(text: &str, from_ms: i64, to_ms: i64) -> Vec<String> {
        let mut play = Playback::new(Scenario::parse(text).expect("it reads")).expect("it begins");
        let mut all: Vec<String> = Vec::new();
        for at in (from_ms..to_ms).step_by(20) {
            play.run_until(EPOCH.plus_millis(at));
            let view = play.world().view();
            for group in &view.groups {
                assert!(states(group).contains(&group.state), "{}", group.state);
                let head = format!("{}, {}", protocol_words(group), epoch_words(group));
                let members = group.members.iter().map(|member| format!("{}: {}", member.client_id, member_words(&view, group, member)));
                for words in std::iter::once(head).chain(members) {
                    if !all.contains(&words) {
                        all.push(words);
                    }
                }
            }
        }
        all
    }

    #[test]
    fn members_are_told_in_words_under_both_protocols() {
        let classic = said(include_str!("../../../www/scenarios/cooperative-join.tide"), 7_900, 13_000);
        assert_eq!(
            classic,
            [
                "classic · cooperative-sticky, generation 1",
                "billing-1: stable",
                "billing-1: has not asked to join again yet",
                "billing-2: joins",
                "billing-1: has asked to join again",
                "classic · cooperative-sticky, generation 2",
                "billing-1: has joined, waits for the leader's assignment",
                "billing-2: has joined, waits for the leader's assignment",
                "billing-1: syncing",
                "billing-2: syncing",
                "billing-1: unjoined",
                "billing-2: stable",
                "billing-2: has not asked to join again yet",
            ]
        );
        let modern = said(include_str!("../../../www/scenarios/consumer-protocol.tide"), 7_900, 16_000);
        assert_eq!(
            modern,
            [
                "consumer · uniform, epoch 1",
                "billing-1: stable",
                "consumer · uniform, epoch 2",
                "billing-2: reconciling: waits for orders-3, orders-4, orders-5, which others have not given up",
                "billing-1: reconciling: at epoch 1, the group is at 2",
                "billing-1: reconciling: is to give up orders-3, orders-4, orders-5",
                "billing-2: stable",
            ]
        );
    }

    #[test]
    fn every_way_is_between_states_that_are_there() {
        assert!(WAYS.iter().all(|(from, to)| *from < 5 && *to < 5 && from != to));
    }
}
