//! Requests that wait until something happens to one of their partitions, or until their time is over (`DelayedOperationPurgatory`).

use super::ConnId;
use crate::kafka::time::{Deadline, Reason, Time, Who};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A request that can wait.
pub trait Waiting {
    fn conn(&self) -> ConnId;
    fn until(&self) -> Time;
    /// The partitions for which it waits.
    fn partitions(&self) -> Vec<(Arc<str>, i32)>;
    /// The name of its timeout.
    fn timeout(&self) -> &'static str;
}

/// Holds at most one request for each connection, since a held request mutes its connection.
///
/// The owner calls `hold` for a request that cannot be answered yet, and `touch` whenever a partition's end or high watermark moved, its
/// leader changed, or it is gone. After each of its inputs it drains `poll_touched`, looks at each request with `get`, and takes those
/// that can be answered with `remove`. At its timeouts it drains `poll_expired`, and answers all of these. A connection that closes is
/// removed with `remove`.
#[derive(Clone, Debug)]
pub struct Purgatory<T> {
    held: BTreeMap<ConnId, T>,
    deadlines: BTreeSet<(Time, ConnId)>,
    /// By topic: the partitions that are waited for, and by whom.
    watchers: BTreeMap<Arc<str>, BTreeSet<(i32, ConnId)>>,
    /// Waits for a partition where something happened.
    touched: BTreeSet<ConnId>,
}

impl<T> Default for Purgatory<T> {
    fn default() -> Self {
        Self { held: BTreeMap::new(), deadlines: BTreeSet::new(), watchers: BTreeMap::new(), touched: BTreeSet::new() }
    }
}

impl<T: Waiting> Purgatory<T> {
    pub fn hold(&mut self, request: T) {
        let conn = request.conn();
        self.deadlines.insert((request.until(), conn));
        self.watch(&request);
        self.held.insert(conn, request);
    }

    fn watch(&mut self, request: &T) {
        for (topic, partition) in request.partitions() {
            self.watchers.entry(topic).or_default().insert((partition, request.conn()));
        }
    }

    fn unwatch(&mut self, request: &T) {
        for (topic, partition) in request.partitions() {
            if let Some(watchers) = self.watchers.get_mut(&topic) {
                watchers.remove(&(partition, request.conn()));
                if watchers.is_empty() {
                    self.watchers.remove(&topic);
                }
            }
        }
    }

    /// Changes a request, and with it the partitions for which it waits.
    pub fn update(&mut self, conn: ConnId, change: impl FnOnce(&mut T)) {
        let Some(mut request) = self.held.remove(&conn) else { return };
        self.unwatch(&request);
        change(&mut request);
        self.watch(&request);
        self.held.insert(conn, request);
    }

    pub fn get(&self, conn: ConnId) -> Option<&T> {
        self.held.get(&conn)
    }

    pub fn remove(&mut self, conn: ConnId) -> Option<T> {
        let request = self.held.remove(&conn)?;
        self.deadlines.remove(&(request.until(), conn));
        self.touched.remove(&conn);
        self.unwatch(&request);
        Some(request)
    }

    /// Something happened to the partition: the requests that wait for it come out of `poll_touched`.
    pub fn touch(&mut self, topic: &str, partition: i32) {
        if let Some(watchers) = self.watchers.get(topic) {
            let here = (partition, ConnId(0))..=(partition, ConnId(u64::MAX));
            self.touched.extend(watchers.range(here).map(|(_, conn)| *conn));
        }
    }

    pub fn poll_touched(&mut self) -> Option<ConnId> {
        self.touched.pop_first()
    }

    /// A request whose time is over. It is no longer held.
    pub fn poll_expired(&mut self, now: Time) -> Option<T> {
        let (_, conn) = self.deadlines.first().filter(|(time, _)| *time <= now)?;
        self.remove(*conn)
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let (time, conn) = self.deadlines.first()?;
        let what = self.held.get(conn)?.timeout();
        Some((*time, Reason::new(what, Who::Numbered("connection", conn.0.cast_signed()))))
    }
}
