//! An outbox: a table of what is to be sent, and the relay that reads it.

use crate::kafka::client::producer::ProducerRecord;
use crate::kafka::sorted_vec::SortedVecMap;
use std::collections::VecDeque;

/// Rows that a relay reads at a time when its app no longer has an outbox, and some are left.
const LAST_ROWS: u32 = 100;

#[derive(Clone, Debug)]
struct Row {
    record: ProducerRecord,
    /// Some relay has sent it.
    sent: bool,
}

/// What became of a row that was read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum RowOutcome {
    UnderWay,
    /// Acknowledged, or refused for what it is: it is put aside.
    Done,
    Failed,
}

/// How a client took a row.
pub(super) enum Sent {
    Ticket(u64),
    /// It has no room now.
    Later,
    Refused,
}

/// Rows that are not marked as sent, the oldest first. The relay has read the first of them: rows are marked together, when all that were
/// read are answered for, up to the first that has failed.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox {
    rows: VecDeque<Row>,
    read: Vec<RowOutcome>,
    /// Ticket → which of those that were read.
    tickets: SortedVecMap<u64, u32>,
}

impl Outbox {
    pub(super) fn write(&mut self, record: ProducerRecord) {
        self.rows.push_back(Row { record, sent: false });
    }

    /// Another process: it does not know what the former one had read.
    pub(super) fn restart(&mut self) {
        self.read.clear();
        self.tickets.clear();
    }

    /// Acknowledged, or refused for what it is: sent again it would be refused again, and nothing behind it would ever be sent.
    pub(super) fn done(&mut self, ticket: u64) {
        self.answered(ticket, RowOutcome::Done);
    }

    pub(super) fn failed(&mut self, ticket: u64) {
        self.answered(ticket, RowOutcome::Failed);
    }

    fn answered(&mut self, ticket: u64, outcome: RowOutcome) {
        let at = self.tickets.remove(&ticket).and_then(|at| self.read.get_mut(usize::try_from(at).ok()?));
        if let Some(at) = at {
            *at = outcome;
        }
    }

    /// All that was read is answered for, and something was.
    pub(super) fn is_read(&self) -> bool {
        !self.read.is_empty() && self.read.iter().all(|outcome| *outcome != RowOutcome::UnderWay)
    }

    /// Marks what was sent, and reads on; nothing while an answer is missing. `send` is told whether the row was sent before.
    pub(super) fn relay(&mut self, rows: Option<u32>, mut send: impl FnMut(&ProducerRecord, bool) -> Sent) {
        if !self.read.is_empty() && !self.is_read() {
            return;
        }
        let marked = self.read.iter().take_while(|outcome| **outcome == RowOutcome::Done).count();
        self.rows.drain(..marked);
        self.restart();
        let most = usize::try_from(rows.unwrap_or(LAST_ROWS)).unwrap_or(usize::MAX);
        for (at, row) in (0..).zip(self.rows.iter_mut().take(most)) {
            match send(&row.record, row.sent) {
                Sent::Ticket(ticket) => {
                    row.sent = true;
                    self.read.push(RowOutcome::UnderWay);
                    self.tickets.insert(ticket, at);
                }
                Sent::Refused => self.read.push(RowOutcome::Done),
                Sent::Later => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn outbox(rows: u8) -> Outbox {
        let mut outbox = Outbox::default();
        for row in 0..rows {
            let value = Some(Bytes::from(vec![row]));
            outbox.write(ProducerRecord { topic: "t".into(), partition: None, timestamp: None, key: None, value, headers: Vec::new() });
        }
        outbox
    }

    /// The rows that the relay sends, each with whether it was sent before. Tickets begin at `from`.
    fn sent(outbox: &mut Outbox, from: u64) -> Vec<(u8, bool)> {
        let mut sent = Vec::new();
        outbox.relay(Some(3), |record, again| {
            sent.push((record.value.as_ref().map_or(u8::MAX, |value| value[0]), again));
            Sent::Ticket(from + sent.len() as u64 - 1)
        });
        sent
    }

    #[test]
    fn rows_are_marked_together_and_read_in_order() {
        let mut outbox = outbox(5);
        assert_eq!(sent(&mut outbox, 0), [(0, false), (1, false), (2, false)]);
        outbox.done(1);
        outbox.done(0);
        assert_eq!((outbox.is_read(), sent(&mut outbox, 9)), (false, Vec::new()), "one answer is missing");
        outbox.done(2);
        assert!(outbox.is_read());
        assert_eq!(sent(&mut outbox, 3), [(3, false), (4, false)]);
    }

    #[test]
    fn who_dies_before_the_mark_sends_again() {
        let mut outbox = outbox(4);
        sent(&mut outbox, 0);
        outbox.done(0);
        outbox.done(1);
        outbox.restart();
        assert_eq!(sent(&mut outbox, 0), [(0, true), (1, true), (2, true)]);
    }

    #[test]
    fn from_the_first_that_failed_on_all_are_read_again() {
        let mut outbox = outbox(4);
        sent(&mut outbox, 0);
        outbox.done(0);
        outbox.failed(1);
        outbox.done(2);
        assert_eq!(sent(&mut outbox, 3), [(1, true), (2, true), (3, false)]);
    }

    #[test]
    fn a_client_without_room_is_asked_again() {
        let mut outbox = outbox(2);
        outbox.relay(Some(3), |_, _| Sent::Later);
        assert!(!outbox.is_read());
        assert_eq!(sent(&mut outbox, 0), [(0, false), (1, false)]);
    }

    #[test]
    fn a_row_that_is_refused_is_put_aside() {
        let mut outbox = outbox(4);
        let mut first = true;
        outbox.relay(Some(2), |_, _| if std::mem::take(&mut first) { Sent::Refused } else { Sent::Ticket(7) });
        outbox.done(7);
        assert_eq!(sent(&mut outbox, 0), [(2, false), (3, false)]);
    }
}
