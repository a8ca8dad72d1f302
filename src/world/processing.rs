//! What a consumer app does around its producer: a transaction for each poll, or acknowledgements before a commit; dead letters.

use super::consumer_app::{Awaits, ConsumerApp, Turn};
use super::event::NodeName;
use super::handler::{Delivery, OnFailure};
use super::output::{Output, Taken};
use crate::kafka::client::consumer::{ConsumerRecord, NextOffset};
use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::time::Time;

/// Until an app that is blocked in `send` looks again.
const BLOCKED_US: i64 = 10_000;

impl ConsumerApp {
    /// Whether it waits for something before it may poll.
    pub(super) fn is_blocked(&self) -> bool {
        self.awaits != Awaits::Nothing || !self.output.as_ref().is_none_or(Output::may_poll)
    }

    /// When an idle app polls again; none while it may not.
    pub(super) fn next_poll(&self) -> Option<Time> {
        self.poll_again.filter(|_| !self.closing && !self.is_blocked())
    }

    /// A poll has brought records.
    pub(super) fn begin_batch(&mut self) {
        if let Some(output) = self.output.as_mut().filter(|output| output.is_transactional()) {
            // It may poll only when none is open.
            _ = output.client.begin_transaction();
        }
    }

    /// Sends what it makes of a record, if it makes anything.
    pub(super) fn forward(&mut self, now: Time, record: &ConsumerRecord) -> Taken {
        let (Some(output), Some(to), Some(group)) = (&mut self.output, &self.spec.handler.output, &self.spec.group) else {
            return Taken::Yes;
        };
        output.forward(now, &mut self.sends, (group, &to.topic), record)
    }

    /// Sends a record that its handler has failed on to the dead-letter topic.
    pub(super) fn bury(&mut self, now: Time, record: &ConsumerRecord) -> Taken {
        let (Some(output), Some(to)) = (&mut self.output, &self.spec.handler.dead_letters) else { return Taken::Yes };
        output.bury(now, &mut self.sends, to, record, "the handler has failed on it")
    }

    /// Whether the app waits for its dead letter's acknowledgement before it goes past the record. In a transaction it need not.
    pub(super) fn awaits_burial(&mut self, now: Time, next: &NextOffset) -> bool {
        let Some(output) = self.output.as_mut().filter(|_| self.spec.handler.on_failure == OnFailure::DeadLetter) else { return false };
        if output.is_transactional() {
            return false;
        }
        output.client.flush(now);
        self.awaits = Awaits::Acks(Some(next.clone()));
        self.go_on(now);
        true
    }

    /// `send` blocks: the handler is not done with the record yet.
    pub(super) fn try_again_soon(&mut self, now: Time, record: ConsumerRecord) -> Option<Turn> {
        self.backlog.push_front(record);
        self.handler_done = Some(now.plus_micros(BLOCKED_US));
        None
    }

    /// `send` has thrown: in a transaction, it is aborted; else the process ends by it.
    pub(super) fn refused(&mut self, now: Time, node: &NodeName, record: ConsumerRecord) -> Option<Turn> {
        let aborts = self.output.as_ref().is_some_and(Output::must_abort);
        if aborts || self.over {
            self.backlog.push_front(record);
            self.abort(now);
            return None;
        }
        self.failed += 1;
        self.attempts = self.attempts.saturating_add(1);
        let event = self.failure(node, &record, OnFailure::Crash);
        Some(Turn { crashes: true, ..event.into() })
    }

    /// All that a poll has brought is handled.
    pub(super) fn end_batch(&mut self, now: Time) {
        let (Some(output), Some(client)) = (&mut self.output, &self.client) else { return };
        match self.spec.handler.delivery() {
            Some(Delivery::ExactlyOnce) => {
                let Some(group) = client.group_metadata() else { return };
                self.awaits = Awaits::Transaction;
                if !output.commit(now, std::mem::take(&mut self.polled), group) {
                    self.abort(now);
                }
            }
            Some(Delivery::AtLeastOnce) => {
                output.client.flush(now);
                self.awaits = Awaits::Acks(None);
            }
            Some(Delivery::AtMostOnce) | None => {}
        }
    }

    /// At most once: what could not be committed is not processed.
    pub(super) fn must_commit_first(&self) -> bool {
        self.spec.handler.delivery() == Some(Delivery::AtMostOnce)
    }

    /// Drops what it has polled and reads on where its group has committed.
    pub(super) fn read_again(&mut self, now: Time) {
        self.drop_work();
        if let Some(client) = self.client.as_mut() {
            client.seek_to_committed(now);
        }
        self.go_on(now);
    }

    /// The open transaction is aborted; what it has processed is read again.
    fn abort(&mut self, now: Time) {
        self.drop_work();
        self.awaits = Awaits::Transaction;
        if let Some(output) = &mut self.output {
            // What comes of it is told by the client's events.
            _ = output.client.end_transaction(now, false);
        }
    }

    /// What the producer has to say to the app.
    pub(super) fn hear_producer(&mut self, now: Time, event: &ProducerEvent) {
        self.sends.hear(event);
        let Some(output) = &mut self.output else { return };
        output.hear(event);
        match event {
            ProducerEvent::TransactionFailed { .. } => self.over = true,
            ProducerEvent::TransactionEnded { committed } if self.awaits == Awaits::Transaction => {
                self.awaits = Awaits::Nothing;
                if *committed {
                    self.go_on(now);
                } else {
                    self.read_again(now);
                }
            }
            _ => {}
        }
    }

    /// The app's turn after its clients': true when it has asked something of them.
    pub(super) fn go_by_producer(&mut self, now: Time) -> bool {
        let Some(output) = self.output.as_mut().filter(|_| !self.closing && !self.over) else { return false };
        if output.must_abort() {
            self.abort(now);
            return true;
        }
        if !matches!(self.awaits, Awaits::Acks(_)) || output.client.pending() > 0 {
            return false;
        }
        let Awaits::Acks(next) = std::mem::replace(&mut self.awaits, Awaits::Nothing) else { return false };
        if std::mem::take(&mut output.lost) && self.spec.handler.delivery() != Some(Delivery::AtMostOnce) {
            // Nothing is committed past what was not delivered: the next process reads it again.
            self.over = true;
            return true;
        }
        match next {
            Some(next) => self.done_with(now, next, &[]),
            None => {
                let polled = std::mem::take(&mut self.polled);
                self.commit(now, Some(polled));
                self.go_on(now);
            }
        }
        true
    }
}
