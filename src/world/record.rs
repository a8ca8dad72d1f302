//! The events of a run as they are kept and hashed.

use super::event::{Event, EventId, EventKind};
use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::{consumer::ConsumerEvent, producer::ProducerEvent};
use crate::kafka::time::Time;
use std::fmt::Write as _;
use std::sync::Arc;

/// Events that a world keeps at least; older ones are dropped, in bulk, once there are `SLACK` more.
pub const MAX_EVENTS: u32 = 20_000;
const SLACK: u32 = 5_000;

/// The events and their running hash. A clone shares the events until one side goes on.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    events: Arc<Vec<Event>>,
    next: u64,
    hash: Hash64,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self { events: Arc::new(Vec::new()), next: 0, hash: Hash64::new() }
    }

    pub(super) fn push(&mut self, at: Time, cause: Option<EventId>, kind: EventKind) -> EventId {
        let id = EventId(self.next);
        self.next += 1;
        let event = Event { id, at, cause, kind };
        self.hash.event(&event);
        let events = Arc::make_mut(&mut self.events);
        events.push(event);
        if events.len() as u64 >= u64::from(MAX_EVENTS + SLACK) {
            events.drain(..SLACK as usize);
        }
        id
    }

    pub(super) fn events(&self) -> &[Event] {
        &self.events
    }

    /// The id that the next event will have.
    pub(super) fn next_id(&self) -> EventId {
        EventId(self.next)
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash.0
    }
}

/// FNV-1a over 64-bit words, with a fold of the high half so that every bit reaches every other.
#[derive(Clone, Debug)]
struct Hash64(u64);

impl Hash64 {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(0x0000_0100_0000_01b3);
        self.0 = mixed ^ (mixed >> 32);
    }

    fn int(&mut self, value: i64) {
        self.word(value.cast_unsigned());
    }

    fn text(&mut self, text: &str) {
        self.word(text.len() as u64);
        self.bytes(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.word(u64::from_le_bytes(word));
        }
    }

    /// The frequent kinds field by field; the others by their debug text, which holds fixed-size integers and strings only.
    fn event(&mut self, event: &Event) {
        self.word(event.id.0);
        self.int(event.at.0);
        self.word(event.cause.map_or(u64::MAX, |cause| cause.0));
        match &event.kind {
            EventKind::FrameSent { message, from, to, api, response, bytes, arrives } => {
                self.word(1);
                self.word(*message);
                self.text(from);
                self.text(to);
                self.int(i64::from(*api as i16));
                self.word(u64::from(*response));
                self.word(u64::from(*bytes));
                self.int(arrives.0);
            }
            EventKind::FrameArrived { message } => {
                self.word(2);
                self.word(*message);
            }
            EventKind::Timer { node, what, who } => {
                self.word(3);
                self.text(node);
                self.text(what);
                self.text(who);
            }
            EventKind::Handled { node, group, topic, partition, offset, delivery } => {
                self.word(4);
                self.text(node);
                self.text(group.as_deref().unwrap_or(""));
                self.text(topic);
                self.int(i64::from(*partition));
                self.int(*offset);
                self.word(u64::from(*delivery));
            }
            EventKind::Broker {
                node,
                event: BrokerEvent::Appended { topic, partition, base_offset, last_offset, producer_id, duplicate },
            } => {
                self.word(5);
                self.text(node);
                self.text(topic);
                self.int(i64::from(*partition));
                self.int(*base_offset);
                self.int(*last_offset);
                self.int(*producer_id);
                self.word(u64::from(*duplicate));
            }
            EventKind::Broker { node, event: BrokerEvent::HighWatermark { topic, partition, from, to } } => {
                self.word(6);
                self.text(node);
                self.text(topic);
                self.int(i64::from(*partition));
                self.int(*from);
                self.int(*to);
            }
            EventKind::Producer { node, event: ProducerEvent::Acked { ticket, topic, partition, offset } } => {
                self.word(7);
                self.text(node);
                self.word(ticket.0);
                self.text(topic);
                self.int(i64::from(*partition));
                self.int(*offset);
            }
            EventKind::Producer { node, event: ProducerEvent::Partitioned { ticket, topic, partition } } => {
                self.word(8);
                self.text(node);
                self.word(ticket.0);
                self.text(topic);
                self.int(i64::from(*partition));
            }
            EventKind::Consumer { node, event: ConsumerEvent::Fetched { topic, partition, base_offset, last_offset } } => {
                self.word(9);
                self.text(node);
                self.text(topic);
                self.int(i64::from(*partition));
                self.int(*base_offset);
                self.int(*last_offset);
            }
            other => {
                self.word(255);
                // Writing into a hash cannot fail.
                let _ = write!(self, "{other:?}");
            }
        }
    }
}

impl std::fmt::Write for Hash64 {
    // Byte by byte: how the formatter cuts its text into pieces must not matter.
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        for byte in text.bytes() {
            self.word(u64::from(byte));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lost(recorder: &mut Recorder, at: i64, message: u64) {
        recorder.push(Time(at), None, EventKind::FrameLost { message });
    }

    #[test]
    fn the_hash_sees_order_time_and_content() {
        let (mut a, mut b, mut c, mut d) = (Recorder::new(), Recorder::new(), Recorder::new(), Recorder::new());
        lost(&mut a, 1, 1);
        lost(&mut a, 1, 2);
        lost(&mut b, 1, 2);
        lost(&mut b, 1, 1);
        lost(&mut c, 1, 1);
        lost(&mut c, 2, 2);
        lost(&mut d, 1, 1);
        assert_ne!(a.hash(), d.hash());
        lost(&mut d, 1, 2);
        assert_eq!(a.hash(), d.hash());
        assert_ne!(a.hash(), b.hash());
        assert_ne!(a.hash(), c.hash());
    }

    #[test]
    fn old_events_go_and_ids_go_on() {
        let mut recorder = Recorder::new();
        for n in 0..u64::from(MAX_EVENTS + SLACK) {
            lost(&mut recorder, 0, n);
        }
        assert_eq!(recorder.events().len() as u64, u64::from(MAX_EVENTS));
        assert_eq!(recorder.events().first().map(|event| event.id.0), Some(u64::from(SLACK)));
        assert_eq!(recorder.next_id().0, u64::from(MAX_EVENTS + SLACK));
    }
}
