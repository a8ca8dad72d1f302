//! `CooperativeStickyAssignor`: the sticky rules for members that keep what they own while they join (KIP-429). What is to change hands is
//! left out until its owner has given it up, which is why a second rebalance follows.

use super::sticky::{self, MemberData, NO_GENERATION, Transfers};
use super::{Assignment, Assignor, Candidate, Topics};
use crate::kafka::sorted_vec::SortedVecSet;
use bytes::{Buf, Bytes};

pub static ASSIGNOR: Assignor = Assignor {
    name: "cooperative-sticky",
    cooperative: true,
    assign,
    user_data: |_, generation| Some(Bytes::copy_from_slice(&generation.to_be_bytes())),
};

/// A subscription before version 2 has no generation: its user data has.
fn member_data(member: &Candidate) -> MemberData {
    let generation = member.generation.or_else(|| {
        let mut bytes = member.user_data.clone()?;
        Some(bytes.try_get_i32().unwrap_or(NO_GENERATION))
    });
    MemberData { partitions: member.owned.clone(), generation }
}

fn assign(members: &[Candidate], topics: &Topics) -> Assignment {
    let (mut assignment, transfers) = sticky::assign(members, topics, member_data);
    let transfers = transfers.unwrap_or_else(|| changes(members, &assignment));
    for (at, to) in transfers {
        if let Some(partitions) = assignment.get_mut(&to) {
            partitions.retain(|given| *given != at);
        }
    }
    assignment
}

/// What somebody gets that somebody else gives up (`computePartitionsTransferringOwnership`).
fn changes(members: &[Candidate], assignment: &Assignment) -> Transfers {
    let given = |member: &Candidate| assignment.get(&member.id).cloned().unwrap_or_default();
    let revoked: SortedVecSet<_> = members
        .iter()
        .flat_map(|member| {
            let given = given(member);
            member.owned.iter().filter(move |at| !given.contains(at)).cloned()
        })
        .collect();
    let mut transfers = Transfers::new();
    for member in members {
        for at in given(member).into_iter().filter(|at| !member.owned.contains(at) && revoked.contains(at)) {
            transfers.insert(at, member.id.clone());
        }
    }
    transfers
}
