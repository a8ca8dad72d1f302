//! A world's turns: one event of the queue after the other.

use super::World;
use super::nodes::Machine;
use crate::kafka::time::Time;

impl World {
    /// The next turn of a node, if it comes by `until`: `run_until` in pieces, for those who look at the world in between.
    pub fn turn(&mut self, until: Time) -> bool {
        self.core.queue.peek().is_some_and(|(at, _)| at <= until) && self.take_turn()
    }

    pub(super) fn take_turn(&mut self) -> bool {
        let Some((at, what, cause)) = self.core.queue.pop() else { return false };
        self.core.now = at.max(self.core.now);
        self.forget_ended();
        self.core.cause = cause;
        self.process(what);
        self.core.cause = None;
        true
    }

    /// The turn in which a broker has ended is over.
    fn forget_ended(&mut self) {
        if std::mem::take(&mut self.core.ended) {
            for node in &mut self.nodes {
                if let Machine::Broker(broker) = &mut node.machine {
                    broker.ended = None;
                }
            }
        }
    }
}
