//! A producer app: sends records at a rate, with keys drawn from its own stream.

use super::action::{Keys, ProducerSpec};
use super::outbox::{Outbox, Sent};
use super::sends::Sends;
use crate::kafka::client::producer::{Producer, ProducerEvent, ProducerRecord, Ticket, TransactionStep};
use crate::kafka::client::{Client as _, ClientError};
use crate::kafka::config::ProducerConfig;
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use bytes::Bytes;
use std::sync::Arc;

/// Microseconds in a thousand seconds: what rates are counted in.
const RATE_WINDOW_US: u128 = 1_000_000_000;

#[derive(Clone, Debug)]
pub(super) struct ProducerApp {
    pub(super) spec: ProducerSpec,
    pub(super) acks: i16,
    pub(super) idempotent: bool,
    /// `None`: the process is gone.
    pub(super) client: Option<Producer>,
    /// Records since `rate_from`, and since the app exists.
    ticks: u64,
    rate_from: Time,
    number: u64,
    keys: Rng,
    /// Sums of the weights of skewed keys.
    weights: Arc<[u64]>,
    /// Records in the open transaction, and whether it is to be aborted.
    in_transaction: u32,
    aborts: bool,
    abort_draws: Rng,
    /// The app is blocked in `send` with this record (buffer.memory is full): tried again at the next tick.
    blocked: Option<ProducerRecord>,
    pub(super) ticking: bool,
    pub(super) sends: Sends,
    /// What this process sends again if it fails, and how often it may still do so.
    retries: SortedVecMap<u64, (ProducerRecord, u32)>,
    /// The table outlives the process.
    outbox: Outbox,
}

impl ProducerApp {
    pub(super) fn new(spec: ProducerSpec, seed: u64, now: Time) -> Self {
        let keys = Rng::stream(seed, &format!("keys/{}", spec.name));
        let abort_draws = Rng::stream(seed, &format!("aborts/{}", spec.name));
        let weights = weights(&spec.keys);
        Self {
            spec,
            acks: 0,
            idempotent: false,
            client: None,
            ticks: 0,
            rate_from: now,
            number: 0,
            keys,
            weights,
            in_transaction: 0,
            aborts: false,
            abort_draws,
            blocked: None,
            ticking: true,
            sends: Sends::default(),
            retries: SortedVecMap::new(),
            outbox: Outbox::default(),
        }
    }

    /// Other settings, which hold from the next record on.
    pub(super) fn change(&mut self, now: Time, spec: ProducerSpec) {
        self.weights = weights(&spec.keys);
        let rate = spec.rate_per_1000s;
        let same = self.spec.rate_per_1000s == rate;
        self.spec = spec;
        if !same {
            self.set_rate(now, rate);
        }
    }

    /// A client as this app's process starts it.
    pub(super) fn client(spec: &ProducerSpec, bootstrap: Vec<(Arc<str>, i32)>, seed: u64) -> Result<(Producer, i16), ClientError> {
        let mut config = ProducerConfig::new(&spec.name, bootstrap);
        for (name, value) in &spec.config {
            config.set(name, value)?;
        }
        let acks = config.acks as i16;
        let mut client = Producer::new(config, seed)?;
        client.partition_by(spec.partitioner.clone());
        Ok((client, acks))
    }

    pub(super) fn start(&mut self, now: Time, client: Producer, acks: i16) {
        self.idempotent = client.is_idempotent();
        self.client = Some(client);
        self.acks = acks;
        self.in_transaction = 0;
        self.blocked = None;
        self.ticking = true;
        self.rate_from = now;
        self.ticks = 0;
        self.retries.clear();
        self.sends.restart();
        self.outbox.restart();
        self.relay(now);
    }

    /// The process is to end: no record is begun, those that wait are sent.
    pub(super) fn stop(&mut self, now: Time) {
        self.ticking = false;
        if let Some(client) = self.client.as_mut() {
            client.close(now);
        }
    }

    pub(super) fn set_rate(&mut self, now: Time, rate_per_1000s: u64) {
        self.spec.rate_per_1000s = rate_per_1000s;
        self.rate_from = now;
        self.ticks = 0;
    }

    /// When the next record is due: exactly `n / rate` after the rate was set.
    pub(super) fn next_tick(&self) -> Option<Time> {
        if self.client.is_none() || !self.ticking || self.spec.rate_per_1000s == 0 {
            return None;
        }
        let after = u128::from(self.ticks + 1) * RATE_WINDOW_US / u128::from(self.spec.rate_per_1000s);
        Some(self.rate_from.plus_micros(i64::try_from(after).unwrap_or(i64::MAX)))
    }

    /// The app's next record. Ticks that were slept through (a paused process) are not made up for.
    pub(super) fn tick(&mut self, now: Time) {
        self.ticks += 1;
        while self.next_tick().is_some_and(|at| at <= now) {
            self.ticks += 1;
        }
        if !self.may_write(now) {
            return;
        }
        let record = match self.blocked.take() {
            Some(record) => record,
            None => {
                let key = self.draw_key();
                let value = self.value();
                self.record(key, Some(value))
            }
        };
        if self.spec.habits.outbox.is_some() {
            self.outbox.write(record);
            return self.relay(now);
        }
        self.send(now, record);
        self.end_when_full(now);
    }

    /// Whether a record may be sent now: in a transaction, if the client has any. One that has failed is aborted.
    fn may_write(&mut self, now: Time) -> bool {
        let Some(client) = self.client.as_mut() else { return false };
        match client.transaction() {
            None | Some(TransactionStep::Open { .. }) => true,
            Some(TransactionStep::Ready) => {
                self.in_transaction = 0;
                self.aborts = self.abort_draws.chance(u64::from(self.spec.transactions.aborts_ppm), 1_000_000);
                client.begin_transaction().is_ok()
            }
            Some(TransactionStep::Failed(_)) => {
                // It was to be ended anyway; what comes of it is told by the client's events.
                _ = client.end_transaction(now, false);
                false
            }
            Some(TransactionStep::Initializing) => {
                client.handle_timeout(now);
                false
            }
            Some(TransactionStep::Ending { .. } | TransactionStep::Fenced(_)) => false,
        }
    }

    fn end_when_full(&mut self, now: Time) {
        let Some(client) = self.client.as_mut().filter(|client| client.transaction().is_some()) else { return };
        if self.blocked.is_none() {
            self.in_transaction += 1;
        }
        if self.in_transaction >= self.spec.transactions.records {
            // A transaction that has failed is aborted at the next tick.
            _ = client.end_transaction(now, !self.aborts);
        }
    }

    pub(super) fn by_hand(&mut self, now: Time, key: Option<Arc<str>>, value: Option<Arc<str>>) {
        if !self.may_write(now) {
            self.sends.failed += 1;
            return;
        }
        let bytes = |text: Arc<str>| Bytes::copy_from_slice(text.as_bytes());
        let record = self.record(key.map(bytes), value.map(bytes));
        self.send(now, record);
    }

    fn record(&self, key: Option<Bytes>, value: Option<Bytes>) -> ProducerRecord {
        let bytes = |text: &Arc<str>| Bytes::copy_from_slice(text.as_bytes());
        let headers = self.spec.habits.headers.iter().map(|(name, value)| (bytes(name), Some(bytes(value)))).collect();
        ProducerRecord { topic: self.spec.topic.clone(), partition: None, timestamp: None, key, value, headers }
    }

    fn send(&mut self, now: Time, record: ProducerRecord) {
        let retries = self.spec.habits.retries;
        let Some(client) = self.client.as_mut() else { return };
        match client.send(now, record.clone()) {
            Ok(ticket) => {
                self.sends.sent(ticket, &record, 0, false);
                self.may_be_sent_again(ticket, record, retries);
            }
            Err(ClientError::BufferFull { .. }) => self.blocked = Some(record),
            Err(_) => self.sends.failed += 1,
        }
    }

    fn may_be_sent_again(&mut self, ticket: Ticket, record: ProducerRecord, times: u32) {
        if times > 0 {
            self.retries.insert(ticket.0, (record, times));
        }
    }

    /// What became of a record: the app sends it again, or its outbox takes note.
    pub(super) fn hear(&mut self, now: Time, event: &ProducerEvent) {
        self.sends.hear(event);
        match event {
            ProducerEvent::Acked { ticket, .. } => {
                self.retries.remove(&ticket.0);
                self.outbox.done(ticket.0);
            }
            ProducerEvent::Failed { ticket, error, .. } => {
                match error {
                    ClientError::Broker(error) if !error.retriable() => self.outbox.done(ticket.0),
                    _ => self.outbox.failed(ticket.0),
                }
                if let Some((record, times)) = self.retries.remove(&ticket.0).filter(|_| self.ticking) {
                    self.send_again(now, record, times);
                }
            }
            _ => return,
        }
        self.relay(now);
    }

    fn send_again(&mut self, now: Time, record: ProducerRecord, times: u32) {
        let Some(client) = self.client.as_mut() else { return };
        // A client that has no room takes it as any other does: the app gives it up.
        if let Ok(ticket) = client.send(now, record.clone()) {
            self.sends.sent(ticket, &record, 0, true);
            self.may_be_sent_again(ticket, record, times - 1);
        }
    }

    /// The relay's turn: once all that it has read is answered for, it reads on.
    fn relay(&mut self, now: Time) {
        let Some(client) = self.client.as_mut().filter(|_| self.ticking) else { return };
        let sends = &mut self.sends;
        self.outbox.relay(self.spec.habits.outbox, |record, again| match client.send(now, record.clone()) {
            Ok(ticket) => {
                sends.sent(ticket, record, 0, again);
                Sent::Ticket(ticket.0)
            }
            Err(ClientError::BufferFull { .. }) => Sent::Later,
            Err(_) => {
                sends.failed += 1;
                Sent::Refused
            }
        });
    }

    fn draw_key(&mut self) -> Option<Bytes> {
        match &self.spec.keys {
            Keys::None => None,
            Keys::Set(keys) => {
                let drawn = self.keys.below(keys.len() as u64);
                keys.get(usize::try_from(drawn).ok()?).map(|key| Bytes::copy_from_slice(key.as_bytes()))
            }
            Keys::Uniform(n) => Some(Bytes::from(format!("key-{}", self.keys.below(u64::from(*n))))),
            Keys::Skewed(_) => {
                let total = self.weights.last().copied()?;
                let drawn = self.keys.below(total);
                let rank = self.weights.partition_point(|sum| *sum <= drawn);
                Some(Bytes::from(format!("key-{rank}")))
            }
        }
    }

    /// `{"p":"checkout","n":17}`, padded with spaces inside the braces to `value_bytes`: no two records of a run are alike.
    fn value(&mut self) -> Bytes {
        self.number += 1;
        let mut text = format!("{{\"p\":\"{}\",\"n\":{}", self.spec.name, self.number);
        let wanted = u64::from(self.spec.value_bytes);
        while (text.len() as u64) + 1 < wanted {
            text.push(' ');
        }
        text.push('}');
        Bytes::from(text)
    }
}

fn weights(keys: &Keys) -> Arc<[u64]> {
    match keys {
        Keys::Skewed(n) => {
            let mut sum = 0_u64;
            (1..=u64::from(*n))
                .map(|rank| {
                    sum += 1_000_000 / rank;
                    sum
                })
                .collect()
        }
        _ => Arc::new([]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::sorted_vec::SortedVecMap;
    use crate::world::action::TransactionPlan;

    fn app(keys: Keys, rate_per_1000s: u64) -> ProducerApp {
        let spec = ProducerSpec {
            name: "checkout".into(),
            topic: "orders".into(),
            rate_per_1000s,
            keys,
            value_bytes: 20,
            partitioner: Default::default(),
            habits: Default::default(),
            transactions: TransactionPlan::default(),
            config: SortedVecMap::new(),
        };
        ProducerApp::new(spec, 1, Time(0))
    }

    #[test]
    fn values_have_their_size_and_a_number() {
        let mut app = app(Keys::None, 0);
        app.spec.value_bytes = 26;
        assert_eq!(&app.value()[..], b"{\"p\":\"checkout\",\"n\":1    }");
        assert_eq!(app.value().len(), 26);
        app.spec.value_bytes = 0;
        assert_eq!(&app.value()[..], b"{\"p\":\"checkout\",\"n\":3}");
    }

    #[test]
    fn skewed_keys_come_the_first_most() {
        let mut app = app(Keys::Skewed(10), 0);
        let mut counts = SortedVecMap::new();
        for _ in 0..2000 {
            *counts.entry(app.draw_key()).or_insert(0_u32) += 1;
        }
        let count = |n: u32| counts.get(&Some(Bytes::from(format!("key-{n}")))).copied().unwrap_or(0);
        assert!(count(0) > 2 * count(4), "{counts:?}");
        assert!(count(9) > 0);
        assert_eq!(counts.len(), 10);
    }

    #[test]
    fn drawn_sets_stay_in_the_set() {
        let mut app = app(Keys::Set(vec!["a".into(), "b".into()]), 0);
        for _ in 0..50 {
            let key = app.draw_key().expect("a key");
            assert!(key == "a" || key == "b");
        }
    }
}
