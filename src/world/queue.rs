//! What is going to happen, by time; at one time, in the order in which it was scheduled.

use super::event::EventId;
use crate::kafka::time::Time;

/// A node of the world, by the order of its creation. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct NodeId(pub(super) u32);

/// A connection between two nodes; also the `ConnId` of the broker that accepted it. Never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct LinkId(pub(super) u64);

#[derive(Clone, Debug)]
pub(super) enum Pending {
    /// A dial arrives at the listener.
    Dialled {
        link: LinkId,
    },
    /// The acceptance arrives at the dialler.
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
        to_listener: bool,
    },
    /// What waits on a link is sent again.
    Again {
        link: LinkId,
        to_listener: bool,
    },
    /// The node's earliest deadline.
    Wake {
        node: NodeId,
    },
}

/// The key of an entry: its time, then its turn.
pub(super) type Slot = (Time, u64);

/// The queue, sorted with what comes first at the end, where taking it moves nothing. Not a heap, so that a wake-up can be taken back.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    entries: Vec<(Slot, Pending, Option<EventId>)>,
    next_turn: u64,
}

impl Queue {
    /// `cause`: the event that led to it.
    pub(super) fn push(&mut self, at: Time, what: Pending, cause: Option<EventId>) -> Slot {
        let slot = (at, self.next_turn);
        self.next_turn += 1;
        let index = self.find(slot).unwrap_or_else(|index| index);
        self.entries.insert(index, (slot, what, cause));
        slot
    }

    pub(super) fn cancel(&mut self, slot: Slot) {
        if let Ok(index) = self.find(slot) {
            self.entries.remove(index);
        }
    }

    pub(super) fn peek(&self) -> Option<(Time, &Pending)> {
        self.entries.last().map(|((at, _), what, _)| (*at, what))
    }

    pub(super) fn pop(&mut self) -> Option<(Time, Pending, Option<EventId>)> {
        self.entries.pop().map(|((at, _), what, cause)| (at, what, cause))
    }

    fn find(&self, slot: Slot) -> Result<usize, usize> {
        self.entries.binary_search_by(|(own, _, _)| slot.cmp(own))
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
