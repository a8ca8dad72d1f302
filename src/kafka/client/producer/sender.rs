//! Sends batches and takes in their answers (`Sender`, `TransactionManager` of an idempotent producer): at most one batch
//! of a partition in a request, sequences kept in retries, a retry before all that came later.

use super::accumulator::{ProducerBatch, Sequence, advance};
use super::{InFlightBatch, Producer, ProducerEvent, Tag};
use crate::kafka::client::net::{Node, Outcome, Readiness};
use crate::kafka::client::{ClientError, TopicPartition, code, text, topic_name};
use crate::kafka::config::Acks;
use crate::kafka::marks::mark;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message::produce_request::{PartitionProduceData, TopicProduceData};
use crate::kafka::wire::message::{ApiKey, InitProducerIdRequest, InitProducerIdResponse, ProduceRequest, ProduceResponse};
use std::sync::Arc;

impl Producer {
    pub(super) fn run_sender(&mut self, now: Time) {
        self.run_offsets(now);
        if !self.run_transactions(now) {
            return;
        }
        if self.config.enable_idempotence {
            if self.transactions.is_none() {
                self.renumber();
            }
            if self.producer_id.is_none() {
                self.ask_producer_id(now);
                return;
            }
        }
        let mut nodes: SortedVecSet<i32> = SortedVecSet::new();
        let mut leaderless = false;
        for (at, queue) in &self.accumulator.queues {
            if !queue.batches.is_empty() {
                match self.metadata.leader(&at.0, at.1) {
                    Some((leader, _)) => {
                        nodes.insert(leader);
                    }
                    None => leaderless = true,
                }
            }
        }
        if leaderless {
            self.metadata.request_update();
            if let Some((at, reason)) = self.metadata.run(now, &mut self.net, Tag::Metadata) {
                self.wake_at(at, reason.what, reason.who);
            }
        }
        for node in nodes {
            while self.send_to(now, node) {}
        }
    }

    /// Asks for a producer id (KIP-98) once there is something to send.
    fn ask_producer_id(&mut self, now: Time) {
        if self.id_in_flight || self.records == 0 {
            return;
        }
        if now < self.id_retry_at {
            return self.wake_at(self.id_retry_at, "retry.backoff.ms", "InitProducerId");
        }
        let node = match self.net.least_loaded(now) {
            Ok(node) => node,
            Err(Readiness::After(at)) => return self.wake_at(at, "reconnect backoff", ""),
            Err(_) => return,
        };
        let Some(version) = self.net.version(node, ApiKey::InitProducerId) else { return };
        let request = InitProducerIdRequest {
            transactional_id: None,
            transaction_timeout_ms: i32::MAX,
            producer_id: (-1).into(),
            producer_epoch: -1,
        };
        self.id_in_flight = self.net.send(now, node, version, request, Some(Tag::InitProducerId), None);
    }

    /// Begins a new epoch for partitions whose numbering has a gap (KIP-360), once nothing of them is on the wire.
    fn renumber(&mut self) {
        let broken: Vec<TopicPartition> =
            self.accumulator.queues.iter().filter(|(_, queue)| queue.begins_anew()).map(|(at, _)| at.clone()).collect();
        if broken.is_empty() {
            return;
        }
        let Some((producer_id, epoch)) = self.producer_id else { return };
        if epoch == i16::MAX {
            // No epoch is left: ask for a new producer id. The partitions take it when it comes.
            self.producer_id = None;
            return;
        }
        let epoch = epoch + 1;
        mark!(ProducerBumped);
        self.producer_id = Some((producer_id, epoch));
        self.net.event(ProducerEvent::GotProducerId { producer_id, epoch });
        for at in broken {
            self.restart_numbering(&at, producer_id, epoch);
        }
    }

    /// Numbers the partition's batches from 0 in this epoch.
    fn restart_numbering(&mut self, at: &TopicPartition, producer_id: i64, epoch: i16) {
        let queue = self.accumulator.queue(at);
        (queue.reset, queue.unresolved) = (false, false);
        queue.number_from_0((producer_id, epoch));
        for batch in queue.batches.iter_mut().filter(|batch| batch.sequence.is_some()) {
            batch.number(Some(Sequence { producer_id, epoch, base: queue.next_sequence, transactional: false }));
            queue.next_sequence = advance(queue.next_sequence, batch.records.len() as u32);
        }
    }

    /// Why the head of the queue should go now; else when to look again (`None`: not by time).
    fn due(&self, now: Time, at: &TopicPartition) -> Result<&'static str, Option<Time>> {
        let Some(queue) = self.accumulator.queues.get(at) else { return Err(None) };
        let Some(head) = queue.batches.front() else { return Err(None) };
        if head.attempts > 0 {
            let moved = self.metadata.leader(&at.0, at.1).is_some_and(|(_, epoch)| epoch > head.leader_epoch);
            return match now < head.retry_at {
                false => Ok("retry"),
                true if moved => Ok("the leader has changed"),
                true => Err(Some(head.retry_at)),
            };
        }
        let linger = head.created.plus_millis(self.config.linger_ms);
        if queue.batches.len() > 1 || head.is_full(&self.accumulator.ratios) {
            Ok("batch.size")
        } else if linger <= now {
            Ok("linger.ms")
        } else if self.flushing {
            Ok("flush")
        } else if self.exhausted {
            Ok("buffer.memory")
        } else {
            Err(Some(linger))
        }
    }

    /// Whether sending the partition's head now keeps its sequences in order (`shouldStopDrainBatchesForPartition`).
    fn in_order(&self, at: &TopicPartition) -> bool {
        let Some(queue) = self.accumulator.queues.get(at) else { return false };
        let Some(head) = queue.batches.front() else { return false };
        if self.config.max_in_flight_requests_per_connection == 1 {
            return queue.in_flight == 0;
        }
        // A batch that was numbered already waits until it is the first of those not answered.
        !queue.reset && if head.sequence.is_none() { !queue.unresolved } else { queue.in_flight == 0 }
    }

    /// Sends one Produce request to the node if a batch for it is due. True: something was sent.
    fn send_to(&mut self, now: Time, leader: i32) -> bool {
        let led = self.sendable(leader);
        let Some(why) = self.due_batches(now, &led) else { return false };
        let Some(version) = self.node_ready(now, leader) else { return false };
        let batches = self.take_batches(now, leader, &led, &why);
        self.send_batches(now, leader, version, batches)
    }

    /// The partitions of a leader whose head may be sent next.
    fn sendable(&self, leader: i32) -> Vec<TopicPartition> {
        let led = |at: &TopicPartition| self.metadata.leader(&at.0, at.1).is_some_and(|(node, _)| node == leader);
        let waiting = self.accumulator.queues.iter().filter(|(at, queue)| !queue.batches.is_empty() && led(at));
        waiting.map(|(at, _)| at.clone()).filter(|at| self.in_order(at)).collect()
    }

    /// The partitions whose head is due, with the reasons; `None`: there is none, and the wake-up for the first of them is set.
    fn due_batches(&mut self, now: Time, led: &[TopicPartition]) -> Option<SortedVecMap<TopicPartition, &'static str>> {
        let mut why: SortedVecMap<TopicPartition, &'static str> = SortedVecMap::new();
        let mut later: Option<(Time, &TopicPartition)> = None;
        for at in led {
            match self.due(now, at) {
                Ok(reason) => {
                    why.insert(at.clone(), reason);
                }
                Err(Some(time)) if later.is_none_or(|(first, _)| time < first) => later = Some((time, at)),
                Err(_) => {}
            }
        }
        if !why.is_empty() {
            return Some(why);
        }
        if let Some((time, at)) = later {
            let retry = self.accumulator.queue(at).batches.front().is_some_and(|head| head.attempts > 0);
            let what = if retry { "retry.backoff.ms" } else { "linger.ms" };
            self.wake_at(time, what, format!("{}-{}", at.0, at.1));
        }
        None
    }

    /// The version of Produce to speak to a broker that can take a request now; `None`: a wake-up is set, it is dialled, or metadata is
    /// asked for.
    fn node_ready(&mut self, now: Time, leader: i32) -> Option<i16> {
        let node = Node::Broker(leader);
        match self.net.ready(now, node) {
            Readiness::Ready if self.net.in_flight(node) < self.config.max_in_flight_requests_per_connection => {
                return self.net.version(node, ApiKey::Produce);
            }
            Readiness::Ready | Readiness::Busy => {}
            Readiness::After(at) => self.wake_at(at, "reconnect backoff", format!("broker {leader}")),
            Readiness::Unknown => self.metadata.request_update(),
        }
        None
    }

    /// Takes the heads of all these partitions, as many as fit into a request: once one of them is due, the others go with it. The request
    /// begins after the partition at which the one before it began, so that no partition starves.
    fn take_batches(
        &mut self,
        now: Time,
        leader: i32,
        led: &[TopicPartition],
        why: &SortedVecMap<TopicPartition, &'static str>,
    ) -> Vec<InFlightBatch> {
        let start = self.drain_from.get(&leader).map_or(0, |from| led.iter().position(|at| at > from).unwrap_or(0));
        let mut batches: Vec<InFlightBatch> = Vec::new();
        let mut size = 0_u32;
        for at in led.iter().cycle().skip(start).take(led.len()).cloned() {
            let Some(head) = self.accumulator.queues.get(&at).and_then(|queue| queue.batches.front()) else { continue };
            let waits = head.attempts > 0 && self.due(now, &at).is_err();
            let expected = head.expected(&self.accumulator.ratios);
            if waits || !batches.is_empty() && size.saturating_add(expected) > self.config.max_request_size {
                continue;
            }
            let Some(mut batch) = self.take_head(&at) else { continue };
            size = size.saturating_add(batch.build(self.config.compression_type).len() as u32);
            self.accumulator.ratios.observe(&at.0, batch.ratio());
            self.drain_from.insert(leader, at.clone());
            self.net.event(ProducerEvent::BatchSent {
                topic: at.0.clone(),
                partition: at.1,
                tickets: batch.tickets(),
                attempt: batch.attempts,
                why: why.get(&at).copied().unwrap_or("another batch goes to this broker"),
            });
            batches.push(InFlightBatch { at, batch, expired: false });
        }
        batches
    }

    /// Takes the head of a partition's queue for an attempt, and numbers it if it has no number yet.
    fn take_head(&mut self, at: &TopicPartition) -> Option<ProducerBatch> {
        let idempotent = self.producer_id.filter(|_| self.config.enable_idempotence);
        let transactional = self.transactions.is_some();
        let queue = self.accumulator.queue(at);
        let mut batch = queue.batches.pop_front()?;
        if let (Some(current), None) = (idempotent, batch.sequence) {
            if queue.producer != Some(current) && queue.in_flight == 0 {
                queue.number_from_0(current);
            }
            let (producer_id, epoch) = queue.producer.unwrap_or(current);
            batch.number(Some(Sequence { producer_id, epoch, base: queue.next_sequence, transactional }));
            queue.next_sequence = advance(queue.next_sequence, batch.records.len() as u32);
        }
        queue.in_flight += 1;
        batch.attempts += 1;
        batch.leader_epoch = self.metadata.leader(&at.0, at.1).map_or(-1, |(_, epoch)| epoch);
        Some(batch)
    }

    /// Sends the batches in one request; without an answer to wait for, or a way to send them, they are settled at once.
    fn send_batches(&mut self, now: Time, leader: i32, version: i16, mut batches: Vec<InFlightBatch>) -> bool {
        let mut topics: SortedVecMap<Arc<str>, Vec<PartitionProduceData>> = SortedVecMap::new();
        for InFlightBatch { at, batch, .. } in &mut batches {
            let records = Some(batch.build(self.config.compression_type));
            topics.entry(at.0.clone()).or_default().push(PartitionProduceData { index: at.1, records });
        }
        let topic_data = topics.into_iter().map(|(topic, partition_data)| TopicProduceData {
            name: topic_name(&topic),
            partition_data,
            ..TopicProduceData::default()
        });
        let request = ProduceRequest {
            transactional_id: self.transactions.as_ref().map(|transactions| transactions.id().into()),
            acks: self.config.acks as i16,
            timeout_ms: i32::try_from(self.config.request_timeout_ms).unwrap_or(i32::MAX),
            topic_data: topic_data.collect(),
        };
        let number = self.next_request;
        self.next_request += 1;
        let tag = (self.config.acks != Acks::None).then_some(Tag::Produce(number));
        let sent = self.net.send(now, Node::Broker(leader), version, request, tag, None);
        if sent && self.config.acks != Acks::None {
            self.in_flight.insert(number, batches);
        } else {
            let error = if sent { 0 } else { code::NETWORK_EXCEPTION };
            for entry in batches {
                self.settle(now, entry, error, -1);
            }
        }
        sent
    }

    pub(super) fn handle_init_producer_id(&mut self, now: Time, outcome: Outcome) {
        self.id_in_flight = false;
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<InitProducerIdResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        match response.filter(|response| response.error_code == 0) {
            Some(response) => {
                let (producer_id, epoch) = (response.producer_id.0, response.producer_epoch);
                self.producer_id = Some((producer_id, epoch));
                self.net.event(ProducerEvent::GotProducerId { producer_id, epoch });
                let broken: Vec<TopicPartition> =
                    self.accumulator.queues.iter().filter(|(_, queue)| queue.begins_anew()).map(|(at, _)| at.clone()).collect();
                for at in broken {
                    self.restart_numbering(&at, producer_id, epoch);
                }
            }
            None => {
                self.id_retry_at = now.plus_millis(self.config.retry_backoff_ms);
            }
        }
    }

    pub(super) fn handle_produce(&mut self, now: Time, batches: Vec<InFlightBatch>, outcome: Outcome) {
        let response = match outcome {
            Outcome::Body { version, body } => frame::decode_body::<ProduceResponse>(body, version).ok(),
            Outcome::Lost => None,
        };
        let mut results: SortedVecMap<TopicPartition, (i16, i64)> = SortedVecMap::new();
        for endpoint in response.iter().flat_map(|response| &response.node_endpoints) {
            self.net.set_address(Node::Broker(endpoint.node_id.0), &text(&endpoint.host), endpoint.port);
        }
        for topic in response.iter().flat_map(|response| &response.responses) {
            for partition in &topic.partition_responses {
                let at = (text(&topic.name.0), partition.index);
                if matches!(partition.error_code, code::NOT_LEADER_OR_FOLLOWER | code::FENCED_LEADER_EPOCH) {
                    let named = &partition.current_leader;
                    self.metadata.lead_by(&self.net, &at, (named.leader_id.0, named.leader_epoch));
                }
                results.insert(at, (partition.error_code, partition.base_offset));
            }
        }
        for entry in batches {
            let (error, offset) = results.get(&entry.at).copied().unwrap_or((code::NETWORK_EXCEPTION, -1));
            self.settle(now, entry, error, offset);
        }
    }

    /// Takes in the result of a batch that was in flight: acknowledged, failed, or queued again for a retry.
    fn settle(&mut self, now: Time, entry: InFlightBatch, error: i16, offset: i64) {
        let InFlightBatch { at, mut batch, expired } = entry;
        let queue = self.accumulator.queue(&at);
        queue.in_flight = queue.in_flight.saturating_sub(1);
        let idle = queue.in_flight == 0;
        let earlier_waits = queue
            .batches
            .front()
            .and_then(|head| head.records.first())
            .is_some_and(|head| batch.records.first().is_some_and(|first| head.ticket < first.ticket));
        if code::invalid_metadata(error) {
            self.metadata.request_update();
        }
        if expired {
            return;
        }
        if error == 0 || error == code::DUPLICATE_SEQUENCE_NUMBER {
            self.accumulator.queue(&at).acknowledge(&batch);
            self.release(&batch);
            for (record, delta) in batch.records.iter().zip(0_i64..) {
                self.net.event(ProducerEvent::Acked {
                    ticket: record.ticket,
                    topic: at.0.clone(),
                    partition: at.1,
                    offset: if offset < 0 { -1 } else { offset + delta },
                });
            }
            return;
        }
        if error == code::MESSAGE_TOO_LARGE && batch.records.len() > 1 {
            return self.split(&at, batch);
        }
        let gap = matches!(error, code::OUT_OF_ORDER_SEQUENCE_NUMBER | code::UNKNOWN_PRODUCER_ID);
        let queue = self.accumulator.queue(&at);
        let follows = batch.sequence.is_some_and(|sequence| sequence.base == queue.acked_sequence);
        // Behind a batch without an answer it only follows from that one. If later ones are acknowledged, it may be written already and
        // forgotten by the broker: it keeps its number (`TransactionManager.canRetry`).
        let is_gap = idle && !earlier_waits && (follows || queue.unresolved || error == code::UNKNOWN_PRODUCER_ID);
        // A gap in a transaction is not mended: the transaction is aborted.
        let mends = self.transactions.is_none() || !is_gap;
        let retriable = ErrorCode::from_code(error).retriable() || (gap && mends && batch.sequence.is_some());
        let deadline = batch.created.plus_millis(self.config.delivery_timeout_ms);
        if !retriable || batch.attempts > self.config.retries || deadline <= now {
            return self.fail(&at, batch, ClientError::Broker(ErrorCode::from_code(error)));
        }
        // Out of order at the head of the queue: the log has a gap.
        if gap && is_gap {
            self.accumulator.queue(&at).reset = true;
        }
        let attempt = batch.attempts.saturating_sub(1);
        batch.retry_at = now.plus_millis(self.backoff.draw(attempt));
        self.net.event(ProducerEvent::Retrying {
            topic: at.0.clone(),
            partition: at.1,
            error: ErrorCode::from_code(error),
            at: batch.retry_at,
        });
        self.accumulator.reenqueue(&at, batch);
    }

    /// The broker has refused the batch as too large (MESSAGE_TOO_LARGE): its parts are sent in its place. It counts as no attempt.
    fn split(&mut self, at: &TopicPartition, batch: ProducerBatch) {
        self.used = self.used.saturating_sub(u64::from(batch.memory));
        self.exhausted = false;
        let records = batch.records.len() as u32;
        let batches = self.accumulator.split(at, batch);
        let (topic, partition) = at.clone();
        mark!(BatchSplit);
        self.net.event(ProducerEvent::BatchSplit { topic, partition, records, batches });
    }

    pub(super) fn release(&mut self, batch: &ProducerBatch) {
        self.used = self.used.saturating_sub(u64::from(batch.memory));
        self.records = self.records.saturating_sub(batch.records.len() as u64);
        self.exhausted = false;
    }

    fn fail(&mut self, at: &TopicPartition, batch: ProducerBatch, error: ClientError) {
        self.release(&batch);
        if batch.sequence.is_some() {
            self.accumulator.queue(at).unresolved = true;
        }
        if let Some(transactions) = &mut self.transactions {
            transactions.record_failed(&error);
        }
        for record in &batch.records {
            self.net.event(ProducerEvent::Failed { ticket: record.ticket, error: error.clone() });
        }
    }

    /// Fails batches older than `delivery.timeout.ms`, waiting or in flight.
    pub(super) fn expire_batches(&mut self, now: Time) {
        let limit = self.config.delivery_timeout_ms;
        let error = ClientError::Timeout { what: "delivery.timeout.ms", after_ms: limit };
        let keys: Vec<TopicPartition> = self.accumulator.queues.keys().cloned().collect();
        for at in keys {
            while let Some(head) = self.accumulator.queue(&at).batches.front() {
                let deadline = head.created.plus_millis(limit);
                if now < deadline {
                    self.wake_at(deadline, "delivery.timeout.ms", format!("{}-{}", at.0, at.1));
                    break;
                }
                if let Some(batch) = self.accumulator.queue(&at).batches.pop_front() {
                    self.fail(&at, batch, error.clone());
                }
            }
        }
        let mut in_flight = std::mem::take(&mut self.in_flight);
        for entry in in_flight.values_mut().flatten().filter(|entry| !entry.expired) {
            let deadline = entry.batch.created.plus_millis(limit);
            if now < deadline {
                self.wake_at(deadline, "delivery.timeout.ms", format!("{}-{}", entry.at.0, entry.at.1));
            } else {
                mark!(BatchExpired);
                entry.expired = true;
                let batch = entry.batch.clone();
                self.fail(&entry.at, batch, error.clone());
            }
        }
        self.in_flight = in_flight;
    }
}
