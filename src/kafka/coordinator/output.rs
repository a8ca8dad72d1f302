//! What the coordinator sends out, and what waits for an append: shared by all group code, apart from the groups themselves.

use super::classic::{Member, Waiting};
use super::group::{Common, Group, text};
use super::records::CommittedOffset;
use super::timers::Timers;
use super::{GroupConfig, GroupEvent, Output, Response, Token};
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::batch::{BatchBuilder, BatchOptions};
use crate::kafka::wire::message as m;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// An offset to set, or (`None`) to remove, by topic and partition.
pub type Change = ((Arc<str>, i32), Option<CommittedOffset>);

/// What happens when an append is committed, or fails.
#[derive(Clone, Debug)]
pub enum Pending {
    /// Group metadata that nobody waits for: a new group's or an empty generation's.
    Group,
    /// The leader's assignments of this generation; all SyncGroups wait for it.
    Assignment { generation: i32, assignments: SortedVecMap<Arc<str>, Bytes> },
    /// A static member got a new id without a rebalance; its JoinGroup waits. `former`, `leader`: the member and the leader before.
    StaticMember { generation: i32, former: Box<Member>, new: Arc<str>, version: i16, leader: Option<Arc<str>> },
    /// Offsets to set or (`None`) remove, and the answer that waits.
    Offsets { changes: Vec<Change>, answer: Option<(Token, Response)> },
    /// A change of a consumer group, by its number; the group is as it is after it. It is undone if the log refuses the records.
    Step { step: u64, before: Option<Box<Group>>, answer: Option<(Token, Response)> },
    /// Offsets that hold once their transaction is committed.
    Transactional { producer_id: i64, changes: Vec<Change>, answer: (Token, Response) },
    /// The group is gone already; it comes back if this fails. `deletion` names the waiting DeleteGroups.
    Delete { group: Box<Group>, deletion: Option<u64> },
}

/// One append on its way.
#[derive(Clone, Debug)]
pub struct InFlight {
    pub partition: i32,
    pub group: Arc<str>,
    pub incarnation: u64,
    pub pending: Pending,
    /// Answers that came later and stand on it.
    pub also: Vec<(Token, Response)>,
}

/// All of the coordinator that is not groups.
#[derive(Clone, Debug)]
pub struct Context {
    pub config: GroupConfig,
    pub rng: Rng,
    pub timers: Timers,
    pub outputs: VecDeque<Output>,
    pub in_flight: SortedVecMap<u64, InFlight>,
    pub next_append: u64,
}

impl Context {
    pub fn respond(&mut self, token: Token, response: Response) {
        self.outputs.push_back(Output::Respond { token, response });
    }

    /// JoinGroup before v7 has no null protocol name.
    pub fn respond_join(&mut self, waiting: Waiting, mut response: m::JoinGroupResponse) {
        if waiting.version < 7 && response.protocol_name.is_none() {
            response.protocol_name = Some(text(""));
        }
        self.respond(waiting.token, Response::JoinGroup(response));
    }

    /// The next number in the order of what is appended, and of what was read from the logs before.
    pub const fn take_append_id(&mut self) -> u64 {
        self.next_append += 1;
        self.next_append - 1
    }

    pub fn event(&mut self, event: GroupEvent) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Sends the records of a group to its partition's log. `pending` is done when they are committed.
    pub fn append(&mut self, now: Time, group: &Common, records: Vec<(Bytes, Option<Bytes>)>, pending: Pending) {
        self.append_as(now, group, records, pending, BatchOptions::default());
    }

    /// The same in a batch with these options.
    pub fn append_as(&mut self, now: Time, group: &Common, records: Vec<(Bytes, Option<Bytes>)>, pending: Pending, options: BatchOptions) {
        let mut builder = BatchBuilder::new(options);
        for (key, value) in &records {
            builder.push(now.millis(), Some(key), value.as_deref(), &[]);
        }
        let append_id = self.take_append_id();
        let (partition, incarnation) = (group.partition, group.incarnation);
        self.in_flight.insert(append_id, InFlight { partition, group: Arc::clone(&group.id), incarnation, pending, also: Vec::new() });
        self.outputs.push_back(Output::Append { append_id, partition, batch: builder.build() });
    }
}
