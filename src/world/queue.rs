//! What is going to happen, by time; at one time, in the order in which it was scheduled.

use super::event::EventId;
use crate::kafka::time::Time;
use std::collections::BTreeMap;

/// A node of the world, by the order of its creation. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct NodeId(pub(super) u32);

/// A connection between a client and a broker; also the broker's `ConnId`. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct LinkId(pub(super) u64);

#[derive(Clone, Debug)]
pub(super) enum Pending {
    /// A dial arrives at the broker.
    Dialled {
        link: LinkId,
    },
    /// The broker's acceptance arrives at the client.
    Accepted {
        link: LinkId,
    },
    /// Nobody listens there: the client learns it. `incarnation` is the process that dialled.
    Refused {
        node: NodeId,
        incarnation: u32,
        conn: u64,
    },
    Frame {
        message: u64,
    },
    /// One side has closed; the other learns it.
    Closed {
        link: LinkId,
        to_broker: bool,
    },
    /// The node's earliest deadline.
    Wake {
        node: NodeId,
    },
}

/// The key of an entry: its time, then its turn.
pub(super) type Slot = (Time, u64);

/// The queue. A map rather than a heap, so that a node's wake-up can be taken back.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    entries: BTreeMap<Slot, (Pending, Option<EventId>)>,
    next_turn: u64,
}

impl Queue {
    /// `cause`: the event that led to it.
    pub(super) fn push(&mut self, at: Time, what: Pending, cause: Option<EventId>) -> Slot {
        let slot = (at, self.next_turn);
        self.next_turn += 1;
        self.entries.insert(slot, (what, cause));
        slot
    }

    pub(super) fn cancel(&mut self, slot: Slot) {
        self.entries.remove(&slot);
    }

    pub(super) fn peek(&self) -> Option<(Time, &Pending)> {
        self.entries.first_key_value().map(|((at, _), (what, _))| (*at, what))
    }

    pub(super) fn pop(&mut self) -> Option<(Time, Pending, Option<EventId>)> {
        self.entries.pop_first().map(|((at, _), (what, cause))| (at, what, cause))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_by_time_then_by_turn() {
        let mut queue = Queue::default();
        queue.push(Time(5), Pending::Frame { message: 1 }, None);
        let taken_back = queue.push(Time(3), Pending::Frame { message: 2 }, None);
        queue.push(Time(5), Pending::Frame { message: 3 }, None);
        queue.push(Time(4), Pending::Frame { message: 4 }, None);
        queue.cancel(taken_back);
        let mut order = Vec::new();
        while let Some((at, Pending::Frame { message }, _)) = queue.pop() {
            order.push((at.0, message));
        }
        assert_eq!(order, [(4, 4), (5, 1), (5, 3)]);
    }
}
