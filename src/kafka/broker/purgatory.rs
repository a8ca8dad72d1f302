//! Fetches that wait for data and writes that wait for the in-sync replicas (Kafka's `DelayedOperationPurgatory` of `DelayedFetch` and
//! `DelayedProduce`). One for each connection at most, since what is held mutes its connection.

use super::requests::fetch::HeldFetch;
use super::requests::produce::HeldProduce;
use super::{Broker, BrokerEvent, ConnId};
use crate::kafka::time::{Deadline, Reason, Time, Who};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub enum Held {
    Fetch(HeldFetch),
    Produce(HeldProduce),
}

impl Held {
    fn conn(&self) -> ConnId {
        match self {
            Self::Fetch(fetch) => fetch.context.conn,
            Self::Produce(produce) => produce.context.conn,
        }
    }

    fn until(&self) -> Time {
        match self {
            Self::Fetch(fetch) => fetch.until,
            Self::Produce(produce) => produce.until,
        }
    }

    fn partitions(&self) -> Vec<(Arc<str>, i32)> {
        match self {
            Self::Fetch(fetch) => fetch.partitions().collect(),
            Self::Produce(produce) => produce.partitions().collect(),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Purgatory {
    held: BTreeMap<ConnId, Held>,
    deadlines: BTreeSet<(Time, ConnId)>,
    /// Who waits for which partition.
    watchers: BTreeMap<Arc<str>, BTreeSet<(i32, ConnId)>>,
    /// Waits for a partition where something happened.
    touched: BTreeSet<ConnId>,
}

impl Purgatory {
    pub fn hold(&mut self, held: Held) {
        let conn = held.conn();
        self.deadlines.insert((held.until(), conn));
        for (topic, partition) in held.partitions() {
            self.watchers.entry(topic).or_default().insert((partition, conn));
        }
        self.held.insert(conn, held);
    }

    pub fn remove(&mut self, conn: ConnId) -> Option<Held> {
        let held = self.held.remove(&conn)?;
        self.deadlines.remove(&(held.until(), conn));
        self.touched.remove(&conn);
        for (topic, partition) in held.partitions() {
            if let Some(watchers) = self.watchers.get_mut(&topic) {
                watchers.remove(&(partition, conn));
                if watchers.is_empty() {
                    self.watchers.remove(&topic);
                }
            }
        }
        Some(held)
    }

    /// The partition's end or high watermark moved, or this broker no longer leads it, or it is gone.
    pub fn touch(&mut self, topic: &str, partition: i32) {
        if let Some(watchers) = self.watchers.get(topic) {
            let here = (partition, ConnId(0))..=(partition, ConnId(u64::MAX));
            self.touched.extend(watchers.range(here).map(|(_, conn)| *conn));
        }
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let (time, conn) = self.deadlines.first()?;
        let what = match self.held.get(conn) {
            Some(Held::Produce(_)) => "produce timeout",
            _ => "fetch.max.wait.ms",
        };
        Some((*time, Reason::new(what, Who::Numbered("connection", conn.0.cast_signed()))))
    }

    fn next_due(&self, now: Time) -> Option<ConnId> {
        self.deadlines.first().filter(|(time, _)| *time <= now).map(|(_, conn)| *conn)
    }
}

impl Broker {
    /// Looks at one held request that may be answered now. False when there is none.
    pub(super) fn release_touched(&mut self, now: Time) -> bool {
        let Some(conn) = self.purgatory.touched.pop_first() else { return false };
        let why = match self.purgatory.held.get(&conn) {
            Some(Held::Fetch(fetch)) => self.fetch_is_due(fetch),
            Some(Held::Produce(produce)) => self.produce_is_due(produce).then_some("replicated"),
            None => None,
        };
        if let Some(why) = why {
            self.release(now, conn, why);
        }
        true
    }

    pub(super) fn release_due(&mut self, now: Time) {
        while let Some(conn) = self.purgatory.next_due(now) {
            self.release(now, conn, "max.wait.ms is over");
        }
    }

    fn release(&mut self, now: Time, conn: ConnId, why: &'static str) {
        match self.purgatory.remove(conn) {
            Some(Held::Fetch(fetch)) => {
                if !fetch.is_followers() {
                    self.event(BrokerEvent::FetchReleased { conn, why });
                }
                let response = self.answer_fetch(now, &fetch);
                self.answer_held(&fetch.context, response);
            }
            Some(Held::Produce(produce)) => {
                let context = produce.context.clone();
                let response = self.finish_produce(produce);
                self.answer_held(&context, response);
            }
            None => {}
        }
    }
}
