//! A consumer app: polls, takes its time for each record, counts it into its group's sink, commits.

use super::action::{CommitPolicy, ConsumerSpec};
use super::content::content_id;
use super::sink::Owner;
use crate::kafka::client::consumer::{Consumer, ConsumerRecord};
use crate::kafka::client::{Client as _, ClientError};
use crate::kafka::config::ConsumerConfig;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::time::Time;
use std::collections::VecDeque;
use std::sync::Arc;

/// What an idle app passes to `poll`: it polls again after this long even when nothing came. In microseconds.
pub(super) const POLL_TIMEOUT_US: i64 = 1_000_000;

#[derive(Clone, Debug)]
pub(super) struct ConsumerApp {
    pub(super) spec: ConsumerSpec,
    /// `None`: the process is gone.
    pub(super) client: Option<Consumer>,
    /// Polled and not yet handled; the first is in the handler.
    pub(super) backlog: VecDeque<ConsumerRecord>,
    /// When the handler will be done with the first.
    pub(super) handler_done: Option<Time>,
    /// When an idle app polls again.
    pub(super) poll_again: Option<Time>,
    pub(super) handled: u64,
    /// The content of the record handled last, for the judge.
    pub(super) last_id: u64,
    pub(super) duplicates: u64,
    pub(super) closing: bool,
}

impl ConsumerApp {
    pub(super) fn new(spec: ConsumerSpec) -> Self {
        Self {
            spec,
            client: None,
            backlog: VecDeque::new(),
            handler_done: None,
            poll_again: None,
            handled: 0,
            last_id: 0,
            duplicates: 0,
            closing: false,
        }
    }

    /// A client as this app's process starts it. `partitions`: of its topics, for an app without a group.
    pub(super) fn client(
        spec: &ConsumerSpec,
        bootstrap: Vec<(Arc<str>, i32)>,
        (now, seed): (Time, u64),
        (partitions, sabotage): (Vec<(Arc<str>, i32)>, Option<Sabotage>),
    ) -> Result<Consumer, ClientError> {
        let mut config = ConsumerConfig::new(&spec.name, bootstrap);
        config.group_id.clone_from(&spec.group);
        config.enable_auto_commit = spec.commit == CommitPolicy::Auto && spec.group.is_some();
        for (name, value) in &spec.config {
            config.set(name, value)?;
        }
        let mut client = Consumer::new(config, seed)?;
        client.sabotage(sabotage);
        if spec.group.is_some() {
            client.subscribe(now, spec.topics.clone())?;
        } else {
            client.assign(now, partitions);
        }
        Ok(client)
    }

    pub(super) fn start(&mut self, now: Time, client: Consumer) {
        self.client = Some(client);
        self.backlog.clear();
        self.handler_done = None;
        self.poll_again = Some(now);
        self.closing = false;
    }

    pub(super) fn forget_process(&mut self) {
        self.client = None;
        self.backlog.clear();
        self.handler_done = None;
        self.poll_again = None;
        self.closing = false;
    }

    /// The process is to end: what was polled and not handled is dropped, the client commits and leaves.
    pub(super) fn stop(&mut self, now: Time) {
        self.closing = true;
        self.backlog.clear();
        self.handler_done = None;
        self.poll_again = None;
        if let Some(client) = self.client.as_mut() {
            client.close(now);
        }
    }

    pub(super) fn owner(&self) -> Owner {
        match &self.spec.group {
            Some(group) => Owner::Group(group.clone()),
            None => Owner::Alone(self.spec.name.clone()),
        }
    }

    /// Polls if the app is idle and a poll would bring something, or is due. True when it polled.
    pub(super) fn poll(&mut self, now: Time) -> bool {
        if self.closing || !self.backlog.is_empty() {
            return false;
        }
        let Some(client) = self.client.as_mut() else { return false };
        let due = self.poll_again.is_some_and(|at| at <= now);
        if !due && !client.wants_poll() {
            return false;
        }
        self.backlog.extend(client.poll(now));
        if self.backlog.is_empty() {
            self.poll_again = Some(now.plus_micros(POLL_TIMEOUT_US));
        } else {
            self.poll_again = None;
            self.handler_done = Some(now.plus_micros(self.spec.handle_us));
        }
        true
    }

    /// The handler is done with the first record.
    pub(super) fn finish_one(&mut self, now: Time) -> Option<ConsumerRecord> {
        let record = self.backlog.pop_front()?;
        self.handled += 1;
        self.last_id = content_id(record.key.as_ref(), record.value.as_ref());
        if self.backlog.is_empty() {
            self.handler_done = None;
            // The app's loop goes round: its next poll is now.
            self.poll_again = Some(now);
            if self.spec.commit == CommitPolicy::AfterEachPoll
                && let Some(client) = self.client.as_mut()
            {
                client.commit(now, None);
            }
        } else {
            self.handler_done = Some(now.plus_micros(self.spec.handle_us));
        }
        Some(record)
    }
}
