//! The events of a run as they are kept and hashed.

use super::event::{Event, EventId, EventKind};
use super::holdings::Holdings;
use crate::kafka::broker::BrokerEvent;
use crate::kafka::time::Time;
use std::hash::{Hash as _, Hasher};
use std::sync::Arc;

/// Events that a world keeps at least; older ones are dropped, in bulk, once there are `SLACK` more.
pub const MAX_EVENTS: u32 = 20_000;
/// Dropping moves all that are kept: with this slack each event is moved once on average.
const SLACK: u32 = 20_000;

/// The oldest event that a world keeps when `next` is the next one.
pub fn first_kept(next: u64) -> u64 {
    next.saturating_sub(MAX_EVENTS.into()) / u64::from(SLACK) * u64::from(SLACK)
}

/// Truncations that a world remembers at most: the newest.
const MAX_CUTS: usize = 64;

/// A replica's log that was cut.
#[derive(Clone, Debug)]
pub(super) struct Cut {
    pub at: Time,
    pub node: Arc<str>,
    pub topic: Arc<str>,
    pub partition: i32,
    /// The end offset before and after it.
    pub from: i64,
    pub to: i64,
}

/// The events and their running hash. A clone shares the events until one side goes on.
#[derive(Clone, Debug)]
pub(super) struct Recorder {
    events: Arc<Vec<Event>>,
    next: u64,
    hash: Hash64,
    /// Oldest first.
    cuts: Vec<Cut>,
    holdings: Holdings,
}

impl Recorder {
    pub(super) fn new() -> Self {
        Self { events: Arc::new(Vec::new()), next: 0, hash: Hash64::new(), cuts: Vec::new(), holdings: Holdings::default() }
    }

    pub(super) fn push(&mut self, at: Time, cause: Option<EventId>, kind: EventKind) -> EventId {
        let id = EventId(self.next);
        self.next += 1;
        match &kind {
            EventKind::Broker { node, event: BrokerEvent::Truncated { topic, partition, from, to, .. } } => {
                self.cuts.retain(|cut| (&cut.node, &cut.topic, cut.partition) != (node, topic, *partition));
                if self.cuts.len() >= MAX_CUTS {
                    self.cuts.remove(0);
                }
                self.cuts.push(Cut { at, node: node.clone(), topic: topic.clone(), partition: *partition, from: *from, to: *to });
            }
            EventKind::Broker { event: BrokerEvent::TopicDeleted { topic }, .. } => self.cuts.retain(|cut| cut.topic != *topic),
            _ => {}
        }
        self.holdings.take(at, &kind);
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

    /// Keeps these events instead; what does not lead up to the next one is not kept.
    pub(super) fn restore_events(&mut self, mut events: Vec<Event>) {
        if events.last().is_some_and(|last| last.id.0 + 1 != self.next) {
            events.clear();
        }
        self.events = Arc::new(events);
    }

    /// The id that the next event will have.
    pub(super) fn next_id(&self) -> EventId {
        EventId(self.next)
    }

    pub(super) fn hash(&self) -> u64 {
        self.hash.0
    }

    /// Who has which partition of a group.
    pub(super) fn holdings(&self) -> &Holdings {
        &self.holdings
    }

    /// The newest truncation of each replica.
    pub(super) fn cuts(&self) -> &[Cut] {
        &self.cuts
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

    fn event(&mut self, event: &Event) {
        self.word(event.id.0);
        self.word(event.at.0.cast_unsigned());
        self.word(event.cause.map_or(u64::MAX, |cause| cause.0));
        event.kind.hash(self);
    }
}

/// Fed by the derived `Hash` of the events. What would differ between machines (bytes of `usize` and `isize`, which lengths and
/// variants are written as, and the order of a number's bytes) is written here as 64-bit words.
impl Hasher for Hash64 {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            for (to, from) in word.iter_mut().zip(chunk) {
                *to = *from;
            }
            self.word(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, value: u8) {
        self.word(u64::from(value));
    }

    fn write_u16(&mut self, value: u16) {
        self.word(u64::from(value));
    }

    fn write_u32(&mut self, value: u32) {
        self.word(u64::from(value));
    }

    fn write_u64(&mut self, value: u64) {
        self.word(value);
    }

    fn write_u128(&mut self, value: u128) {
        self.word(value as u64);
        self.word((value >> 64) as u64);
    }

    fn write_usize(&mut self, value: usize) {
        self.word(value as u64);
    }

    fn write_isize(&mut self, value: isize) {
        self.word((value as i64).cast_unsigned());
    }

    fn finish(&self) -> u64 {
        self.0
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
        assert_eq!(recorder.events().first().map(|event| event.id.0), Some(first_kept(recorder.next_id().0)));
        assert_eq!(recorder.events().first().map(|event| event.id.0), Some(u64::from(SLACK)));
        assert_eq!(recorder.next_id().0, u64::from(MAX_EVENTS + SLACK));
    }
}
