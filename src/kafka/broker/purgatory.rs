//! Fetches that wait for data (Kafka's `DelayedOperationPurgatory` of `DelayedFetch`). One for each connection at most, since
//! a held fetch mutes its connection.

use super::fetch::HeldFetch;
use super::{Broker, BrokerEvent, ConnId};
use crate::kafka::map::{Map, Set};
use crate::kafka::time::{Deadline, Reason, Time};
use std::sync::Arc;

#[derive(Clone, Debug, Default)]
pub struct Purgatory {
    held: Map<ConnId, HeldFetch>,
    deadlines: Set<(Time, ConnId)>,
    /// Who waits for which partition.
    watchers: Map<Arc<str>, Set<(i32, ConnId)>>,
    /// Waits for a partition where something happened.
    touched: Set<ConnId>,
}

impl Purgatory {
    pub fn hold(&mut self, fetch: HeldFetch) {
        let conn = fetch.context.conn;
        self.deadlines.insert((fetch.until, conn));
        for (topic, partition) in fetch.partitions() {
            self.watchers.entry(topic).or_default().insert((partition, conn));
        }
        self.held.insert(conn, fetch);
    }

    pub fn remove(&mut self, conn: ConnId) -> Option<HeldFetch> {
        let fetch = self.held.remove(&conn)?;
        self.deadlines.remove(&(fetch.until, conn));
        self.touched.remove(&conn);
        for (topic, partition) in fetch.partitions() {
            if let Some(watchers) = self.watchers.get_mut(&topic) {
                watchers.remove(&(partition, conn));
                if watchers.is_empty() {
                    self.watchers.remove(&topic);
                }
            }
        }
        Some(fetch)
    }

    /// The partition's high watermark moved, or it is gone.
    pub fn touch(&mut self, topic: &str, partition: i32) {
        if let Some(watchers) = self.watchers.get(topic) {
            let here = (partition, ConnId(0))..=(partition, ConnId(u64::MAX));
            self.touched.extend(watchers.range(here).map(|(_, conn)| *conn));
        }
    }

    pub fn deadline(&self) -> Option<Deadline> {
        self.deadlines.first().map(|(time, conn)| (*time, Reason::new("fetch.max.wait.ms", format!("connection {}", conn.0))))
    }

    fn next_due(&self, now: Time) -> Option<ConnId> {
        self.deadlines.first().filter(|(time, _)| *time <= now).map(|(_, conn)| *conn)
    }
}

impl Broker {
    /// Looks at one held fetch whose data may have come. False when there is none.
    pub(super) fn release_touched(&mut self) -> bool {
        let Some(conn) = self.purgatory.touched.pop_first() else { return false };
        if let Some(fetch) = self.purgatory.held.get(&conn)
            && let Some(why) = self.fetch_is_due(fetch)
        {
            self.release(conn, why);
        }
        true
    }

    pub(super) fn release_due(&mut self, now: Time) {
        while let Some(conn) = self.purgatory.next_due(now) {
            self.release(conn, "max.wait.ms is over");
        }
    }

    fn release(&mut self, conn: ConnId, why: &'static str) {
        let Some(fetch) = self.purgatory.remove(conn) else { return };
        self.event(BrokerEvent::FetchReleased { conn, why });
        let response = self.read_fetch(&fetch);
        self.answer_held(&fetch.context, &response);
    }
}
