//! What an app has handed to its producer, and what became of it.

use super::content::{Sent, content_id, key_id};
use crate::kafka::client::producer::{ProducerEvent, ProducerRecord, Ticket};
use std::collections::VecDeque;

/// Records sent last that are remembered by content, for the judge: more than an app sends in one turn. One that sends again what it has
/// waited for in vain sends hundreds.
const RECENT: u32 = 400;

/// Counted over all processes of the app.
#[derive(Clone, Debug, Default)]
pub(super) struct Sends {
    /// Processes so far.
    process: u32,
    pub(super) count: u64,
    /// The newest of them.
    pub(super) recent: VecDeque<Sent>,
    pub(super) acked: u64,
    pub(super) failed: u64,
}

impl Sends {
    /// Another process of the app begins.
    pub(super) fn restart(&mut self) {
        self.process += 1;
    }

    /// The client has taken a record. `topic`: which of the app's topics it goes to; `again`: the app has sent it before.
    pub(super) fn sent(&mut self, ticket: Ticket, record: &ProducerRecord, topic: u8, again: bool) {
        self.count += 1;
        if self.recent.len() as u64 >= u64::from(RECENT) {
            self.recent.pop_front();
        }
        let id = content_id(record.key.as_ref(), record.value.as_ref());
        let (process, key) = (self.process, key_id(record.key.as_ref()));
        self.recent.push_back(Sent { ticket: ticket.0, process, id, key, topic, again });
    }

    pub(super) fn hear(&mut self, event: &ProducerEvent) {
        match event {
            ProducerEvent::Acked { .. } => self.acked += 1,
            ProducerEvent::Failed { .. } => self.failed += 1,
            _ => {}
        }
    }
}
