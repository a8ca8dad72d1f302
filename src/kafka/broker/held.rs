//! The requests that this broker holds: fetches that wait for data (`DelayedFetch`), writes that wait for the in-sync replicas
//! (`DelayedProduce`) and deletions that wait for all replicas that are alive (`DelayedDeleteRecords`), and how each is answered.

use super::purgatory::Waiting;
use super::requests::delete_records::HeldDeletion;
use super::requests::fetch::HeldFetch;
use super::requests::produce::HeldProduce;
use super::{Broker, BrokerEvent, ConnId};
use crate::kafka::time::Time;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub enum Held {
    Fetch(HeldFetch),
    Produce(HeldProduce),
    DeleteRecords(HeldDeletion),
}

/// One partition of a request that is held, and what it waits for.
#[derive(Clone, Debug)]
pub struct Wait {
    /// Where its answer stands in the response.
    pub topic: usize,
    pub at: usize,
    pub name: Arc<str>,
    pub partition: i32,
    /// What the high watermark, or for a deletion the low one, is to reach.
    pub offset: i64,
}

/// The partitions for which a request waits.
pub fn waited_for(waits: &[Wait]) -> impl Iterator<Item = (Arc<str>, i32)> {
    waits.iter().map(|wait| (wait.name.clone(), wait.partition))
}

impl Waiting for Held {
    fn conn(&self) -> ConnId {
        match self {
            Self::Fetch(fetch) => fetch.context.conn,
            Self::Produce(produce) => produce.context.conn,
            Self::DeleteRecords(deletion) => deletion.context.conn,
        }
    }

    fn until(&self) -> Time {
        match self {
            Self::Fetch(fetch) => fetch.until,
            Self::Produce(produce) => produce.until,
            Self::DeleteRecords(deletion) => deletion.until,
        }
    }

    fn partitions(&self) -> Vec<(Arc<str>, i32)> {
        match self {
            Self::Fetch(fetch) => fetch.partitions().collect(),
            Self::Produce(produce) => waited_for(&produce.waits).collect(),
            Self::DeleteRecords(deletion) => waited_for(&deletion.waits).collect(),
        }
    }

    fn timeout(&self) -> &'static str {
        match self {
            Self::Fetch(_) => "fetch.max.wait.ms",
            Self::Produce(_) => "produce timeout",
            Self::DeleteRecords(_) => "deletion timeout",
        }
    }
}

impl Broker {
    /// Looks at one held request that may be answered now. False when there is none.
    pub(super) fn release_touched(&mut self, now: Time) -> bool {
        let Some(conn) = self.purgatory.poll_touched() else { return false };
        let why = match self.purgatory.get(conn) {
            Some(Held::Fetch(fetch)) => self.fetch_is_due(now, fetch),
            Some(Held::Produce(produce)) => self.produce_is_due(produce).then_some("replicated"),
            Some(Held::DeleteRecords(deletion)) => self.deletion_is_due(deletion).then_some("deleted everywhere"),
            None => None,
        };
        if let Some(why) = why
            && let Some(held) = self.purgatory.remove(conn)
        {
            self.release(now, held, why);
        }
        true
    }

    pub(super) fn release_due(&mut self, now: Time) {
        while let Some(held) = self.purgatory.poll_expired(now) {
            self.release(now, held, "max.wait.ms is over");
        }
    }

    fn release(&mut self, now: Time, held: Held, why: &'static str) {
        match held {
            Held::Fetch(fetch) => {
                if !fetch.is_followers() {
                    self.event(BrokerEvent::FetchReleased { conn: fetch.context.conn, why });
                }
                let response = self.answer_fetch(now, &fetch);
                self.answer_held(&fetch.context, response);
            }
            Held::Produce(produce) => {
                let context = produce.context.clone();
                let response = self.finish_produce(produce);
                self.answer_held(&context, response);
            }
            Held::DeleteRecords(deletion) => {
                let context = deletion.context.clone();
                let response = self.finish_deletion(deletion);
                self.answer_held(&context, response);
            }
        }
    }
}
