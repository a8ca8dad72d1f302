//! Producer ids to give away (`RPCProducerIdManager`): from blocks that the controller hands out, so that no id is ever given twice,
//! whatever crashes.

use super::dispatch::Context;

/// Who waits for a producer id.
#[derive(Clone, Debug)]
pub enum Waiter {
    Client(Context),
    /// The transaction coordinator.
    Transaction,
}

/// The block of ids that this broker has, and those who wait for the next one.
///
/// The owner calls `take` for each that wants one. Without an id it calls `wait`, and asks the controller for a block where `wait` says so;
/// `handle_block` takes what came of that and returns who is to be answered.
#[derive(Clone, Debug, Default)]
pub struct ProducerIds {
    next: i64,
    /// The id after the block.
    end: i64,
    asked: bool,
    waiting: Vec<Waiter>,
}

impl ProducerIds {
    pub fn take(&mut self) -> Option<i64> {
        (self.next < self.end).then(|| {
            self.next += 1;
            self.next - 1
        })
    }

    /// It waits for the next block. True: the block is to be asked for.
    pub fn wait(&mut self, waiter: Waiter) -> bool {
        self.waiting.push(waiter);
        !std::mem::replace(&mut self.asked, true)
    }

    /// `block`: its first id and its length; `None`: the controller gave none. Returns all that waited, each with its id; those
    /// without one are to try again.
    pub fn handle_block(&mut self, block: Option<(i64, i32)>) -> Vec<(Waiter, Option<i64>)> {
        self.asked = false;
        if let Some((start, length)) = block {
            (self.next, self.end) = (start, start.saturating_add(length.into()));
        }
        std::mem::take(&mut self.waiting).into_iter().map(|waiter| (waiter, self.take())).collect()
    }
}
