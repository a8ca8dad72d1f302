//! The way to the transaction coordinator and back: requests wait under a token, what the coordinator wants remembered is appended to
//! `__transaction_state`, markers go to `txn_markers`.

use super::dispatch::{Context, Reply, encoded};
use super::producer_ids::Waiter;
use super::topic_creation::{OFFSETS_TOPIC, TRANSACTIONS_TOPIC};
use super::txn_markers::MarkerPlace;
use super::{Broker, BrokerEvent, ErrorCode, Origin};
use crate::kafka::coordinator::Token;
use crate::kafka::coordinator::transactions::{Output, Request, Response};
use crate::kafka::time::Time;
use std::sync::Arc;

/// Who waits for the transaction coordinator of this process.
#[derive(Clone, Debug)]
pub enum Asker {
    Client(Context),
    /// A verification of this broker's own.
    Verification(u64),
}

/// Whose append waits for the high watermark.
#[derive(Clone, Debug)]
pub enum Appender {
    Group(u64),
    Transaction(u64),
    Marker(MarkerPlace),
}

impl Broker {
    pub(super) fn transaction_request(&mut self, now: Time, context: &Context, request: Request) -> Reply {
        self.ask_transactions(now, Asker::Client(context.clone()), context.version, request);
        Reply::Held
    }

    pub(super) fn ask_transactions(&mut self, now: Time, asker: Asker, version: i16, request: Request) {
        let token = Token(self.next_token);
        self.next_token += 1;
        self.transaction_askers.insert(token, asker);
        self.transactions.handle_request(now, token, version, request);
    }

    pub(super) fn handle_transaction_output(&mut self, now: Time, output: Output) {
        match output {
            Output::Respond { token, response } => match self.transaction_askers.remove(&token) {
                Some(Asker::Client(context)) => {
                    let answer = response.encode(context.version, context.correlation_id);
                    self.answer_with(&context, encoded(&context, answer));
                }
                Some(Asker::Verification(id)) => {
                    let Response::AddPartitions(response) = response else { return };
                    self.verification_answered(now, id, Some(&response));
                }
                None => {}
            },
            Output::Append { append_id, partition, batch } => {
                let name: Arc<str> = TRANSACTIONS_TOPIC.into();
                match self.append(now, TRANSACTIONS_TOPIC, partition, &batch, Origin::Coordinator) {
                    Ok(appended) => {
                        let (end, until) = (appended.last_offset.saturating_add(1), self.request_deadline(now));
                        self.await_commit(now, Appender::Transaction(append_id), name, partition, end, until);
                    }
                    Err(error) => {
                        self.log(format!("{name}-{partition}: the coordinator's record is refused: {error}"));
                        self.transactions.handle_append_failed(now, append_id, error.code());
                    }
                }
            }
            Output::ProducerIdWanted => {
                if let Some(id) = self.producer_ids.take() {
                    self.transactions.handle_producer_id(now, Some(id));
                } else {
                    self.await_producer_id(now, Waiter::Transaction);
                }
            }
            Output::Markers(markers) => self.markers.add(now, markers),
            Output::Event(event) => self.event(BrokerEvent::Transaction(event)),
        }
    }

    pub(super) fn request_deadline(&self, now: Time) -> Time {
        now.plus_millis(i64::from(self.config.request_timeout_ms))
    }

    /// An append of this broker's own: it is done once the high watermark has passed it.
    pub(super) fn await_commit(&mut self, now: Time, appender: Appender, topic: Arc<str>, partition: i32, end: i64, until: Time) {
        let passed = self.topics.partition(&topic, partition).is_some_and(|it| it.high_watermark >= end);
        if passed {
            self.append_done(now, appender, ErrorCode::None);
        } else {
            self.appends.wait(appender, topic, partition, end, until);
        }
    }

    /// An append is committed, or never will be as far as is known here.
    pub(super) fn append_done(&mut self, now: Time, appender: Appender, error: ErrorCode) {
        match (appender, error) {
            (Appender::Group(id), ErrorCode::None) => self.groups.handle_committed(now, id),
            (Appender::Group(id), error) => self.groups.handle_append_failed(now, id, error),
            (Appender::Transaction(id), ErrorCode::None) => self.transactions.handle_committed(now, id),
            (Appender::Transaction(id), error) => self.transactions.handle_append_failed(now, id, error),
            (Appender::Marker(place), error) => self.marker_written(now, place, error),
        }
    }

    /// What was not committed in time has failed.
    pub(super) fn expire_appends(&mut self, now: Time) {
        for appender in self.appends.handle_timeout(now) {
            self.append_done(now, appender, ErrorCode::RequestTimedOut);
        }
    }

    /// Leads a partition of a coordinator's topic from now on.
    pub(super) fn coordinate(&mut self, now: Time, topic: &str, index: i32, epoch: i32) {
        match topic {
            OFFSETS_TOPIC => {
                let batches = self.coordinators_log(OFFSETS_TOPIC, index);
                self.groups.handle_elected(now, index, batches.into_iter());
            }
            TRANSACTIONS_TOPIC => {
                let batches = self.coordinators_log(TRANSACTIONS_TOPIC, index);
                self.transactions.handle_elected(now, index, epoch, batches.into_iter());
            }
            _ => {}
        }
    }

    /// Leads a partition no longer.
    pub(super) fn stop_coordinating(&mut self, now: Time, topic: &str, index: i32) {
        for appender in self.appends.forget(topic, index) {
            // The coordinators know themselves what they have lost.
            if let Appender::Marker(place) = appender {
                self.marker_written(now, place, ErrorCode::NotLeaderOrFollower);
            }
        }
        match topic {
            OFFSETS_TOPIC => self.groups.handle_resigned(now, index),
            TRANSACTIONS_TOPIC => self.transactions.handle_resigned(now, index),
            _ => {}
        }
    }
}
