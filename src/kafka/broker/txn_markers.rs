//! Markers: the ends of transactions on their way to the leaders of the partitions (`TransactionMarkerChannelManager`), and written there.

use super::answers::Tag;
use super::dispatch::Context;
use super::peers::{Message, REQUEST_TIMEOUT_MS};
use super::topic_creation::OFFSETS_TOPIC;
use super::transactions::Appender;
use super::{Broker, ErrorCode, Origin};
use crate::kafka::client::net::Node;
use crate::kafka::coordinator::transactions::Markers;
use crate::kafka::marks::mark;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::{Deadline, Reason, Time};
use crate::kafka::wire::marker::Marker;
use crate::kafka::wire::message::write_txn_markers_request::{WritableTxnMarker, WritableTxnMarkerTopic};
use crate::kafka::wire::message::write_txn_markers_response::{
    WritableTxnMarkerPartitionResult, WritableTxnMarkerResult, WritableTxnMarkerTopicResult,
};
use crate::kafka::wire::message::{TopicName, WriteTxnMarkersRequest, WriteTxnMarkersResponse};
use std::sync::Arc;

/// Before a marker is sent again.
const BACKOFF_MS: i64 = 100;

/// One partition that is to get a marker.
#[derive(Clone, Debug)]
struct Item {
    markers: Arc<Markers>,
    partition: (Arc<str>, i32),
    after: Time,
}

/// The markers of this broker's coordinator that are to be written, by partition.
///
/// The owner calls `add` for each transaction that ends, sends what `take_due` returns, and gives back with `again` what is to be sent
/// again.
#[derive(Clone, Debug, Default)]
pub struct TxnMarkers {
    waiting: Vec<Item>,
    sent: SortedVecMap<u64, Vec<Item>>,
    next: u64,
}

impl TxnMarkers {
    pub fn add(&mut self, now: Time, markers: Markers) {
        let markers = Arc::new(markers);
        for partition in markers.partitions.clone() {
            self.waiting.push(Item { markers: Arc::clone(&markers), partition, after: now });
        }
    }

    fn take_due(&mut self, now: Time) -> Vec<Item> {
        if !self.waiting.iter().any(|item| item.after <= now) {
            return Vec::new();
        }
        let (due, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|item| item.after <= now);
        self.waiting = waiting;
        due
    }

    fn again(&mut self, now: Time, item: Item) {
        mark!(MarkersAgain);
        self.waiting.push(Item { after: now.plus_millis(BACKOFF_MS), ..item });
    }

    fn send(&mut self, items: Vec<Item>) -> u64 {
        self.next += 1;
        self.sent.insert(self.next, items);
        self.next
    }

    pub fn deadline(&self) -> Option<Deadline> {
        let at = self.waiting.iter().map(|item| item.after).min()?;
        Some((at, Reason::new("transaction markers", "")))
    }
}

/// Who waits for markers to be written here.
#[derive(Clone, Debug)]
pub enum Writer {
    Client(Context),
    /// This broker's own coordinator.
    Own(u64),
}

/// Where the outcome of a marker stands in its answer.
#[derive(Clone, Copy, Debug)]
pub struct MarkerPlace {
    write: u64,
    marker: usize,
    topic: usize,
    partition: usize,
}

#[derive(Clone, Debug)]
struct Write {
    writer: Writer,
    request: WriteTxnMarkersRequest,
    response: WriteTxnMarkersResponse,
    waits: u32,
}

/// WriteTxnMarkers that wait for the high watermark.
#[derive(Clone, Debug, Default)]
pub struct MarkerWrites {
    all: SortedVecMap<u64, Write>,
    next: u64,
}

/// The request for these partitions: one marker for each transaction.
fn request_of(items: &[Item]) -> WriteTxnMarkersRequest {
    let mut request = WriteTxnMarkersRequest::default();
    for item in items {
        let markers = &item.markers;
        let known = request.markers.iter_mut().find(|it| it.producer_id.0 == markers.producer_id);
        let marker = match known {
            Some(known) => known,
            None => {
                request.markers.push(WritableTxnMarker {
                    producer_id: markers.producer_id.into(),
                    producer_epoch: markers.producer_epoch,
                    transaction_result: markers.commit,
                    topics: Vec::new(),
                    coordinator_epoch: markers.coordinator.1,
                });
                let Some(last) = request.markers.last_mut() else { continue };
                last
            }
        };
        let (topic, index) = &item.partition;
        match marker.topics.iter_mut().find(|it| *it.name.0 == **topic) {
            Some(known) => known.partition_indexes.push(*index),
            None => marker.topics.push(WritableTxnMarkerTopic { name: TopicName(Arc::clone(topic)), partition_indexes: vec![*index] }),
        }
    }
    request
}

/// What the answer says of a partition.
fn outcome(response: &WriteTxnMarkersResponse, item: &Item) -> Option<ErrorCode> {
    let (topic, index) = &item.partition;
    let marker = response.markers.iter().find(|it| it.producer_id.0 == item.markers.producer_id)?;
    let topic = marker.topics.iter().find(|it| *it.name.0 == **topic)?;
    let partition = topic.partitions.iter().find(|it| it.partition_index == *index)?;
    Some(ErrorCode::from_code(partition.error_code))
}

impl Broker {
    /// Sends the markers that are due, to each leader at once; whether there were any.
    pub(super) fn send_markers(&mut self, now: Time) -> bool {
        let due = self.markers.take_due(now);
        if due.is_empty() {
            return false;
        }
        let mut by_leader: SortedVecMap<i32, Vec<Item>> = SortedVecMap::new();
        for item in due {
            let (topic, index) = &item.partition;
            match self.controller.image().partition(topic, *index).map(|partition| partition.leader) {
                // It is deleted: there is nothing to end.
                None => drop(self.transactions.handle_marker(now, &item.markers, &item.partition)),
                Some(-1) => self.markers.again(now, item),
                Some(leader) => by_leader.entry(leader).or_default().push(item),
            }
        }
        for (leader, items) in by_leader {
            let request = request_of(&items);
            let id = self.markers.send(items);
            if leader == self.options.node_id {
                self.write_markers(now, Writer::Own(id), request);
            } else {
                let message = Message::WriteTxnMarkers(request);
                self.peers.ask(now, Node::Coordinator(leader), message, Tag::Markers(id), REQUEST_TIMEOUT_MS);
            }
        }
        true
    }

    /// `None`: no answer came.
    pub(super) fn markers_answered(&mut self, now: Time, id: u64, response: Option<&WriteTxnMarkersResponse>) {
        for item in self.markers.sent.remove(&id).unwrap_or_default() {
            match response.and_then(|response| outcome(response, &item)) {
                Some(ErrorCode::None) => drop(self.transactions.handle_marker(now, &item.markers, &item.partition)),
                Some(ErrorCode::InvalidProducerEpoch | ErrorCode::TransactionCoordinatorFenced) => {
                    self.transactions.handle_markers_fenced(&item.markers);
                }
                _ if self.transactions.wants(&item.markers) => self.markers.again(now, item),
                _ => {}
            }
        }
    }

    /// Writes markers into the partitions that this broker leads; the answer waits for the in-sync replicas.
    pub(super) fn write_markers(&mut self, now: Time, writer: Writer, request: WriteTxnMarkersRequest) {
        let blank = |marker: &WritableTxnMarker| WritableTxnMarkerResult {
            producer_id: marker.producer_id,
            topics: marker
                .topics
                .iter()
                .map(|topic| WritableTxnMarkerTopicResult {
                    name: topic.name.clone(),
                    partitions: topic
                        .partition_indexes
                        .iter()
                        .map(|index| WritableTxnMarkerPartitionResult { partition_index: *index, error_code: 0 })
                        .collect(),
                })
                .collect(),
        };
        let response = WriteTxnMarkersResponse { markers: request.markers.iter().map(blank).collect() };
        let mut places = Vec::new();
        self.marker_writes.next += 1;
        let write = self.marker_writes.next;
        for (m, marker) in request.markers.iter().enumerate() {
            for (t, topic) in marker.topics.iter().enumerate() {
                for (p, index) in topic.partition_indexes.iter().enumerate() {
                    let place = MarkerPlace { write, marker: m, topic: t, partition: p };
                    places.push((place, Arc::clone(&topic.name.0), *index, marker.clone()));
                }
            }
        }
        // One more, so that nothing is answered before all are written.
        let waits = u32::try_from(places.len()).unwrap_or(u32::MAX).saturating_add(1);
        self.marker_writes.all.insert(write, Write { writer, request, response, waits });
        for (place, topic, index, marker) in places {
            self.write_marker(now, place, topic, index, &marker);
        }
        self.marker_settled(now, write);
    }

    fn write_marker(&mut self, now: Time, place: MarkerPlace, topic: Arc<str>, index: i32, marker: &WritableTxnMarker) {
        if self.options.sabotage == Some(Sabotage::MarkerLost) && &*topic != OFFSETS_TOPIC {
            return self.marker_written(now, place, ErrorCode::None);
        }
        let end = Marker { commit: marker.transaction_result, coordinator_epoch: marker.coordinator_epoch };
        let batch = end.batch(now.millis(), marker.producer_id.0, marker.producer_epoch);
        match self.append(now, &topic, index, &batch, Origin::Coordinator) {
            Ok(appended) => {
                let (end, until) = (appended.last_offset.saturating_add(1), self.request_deadline(now));
                self.await_commit(now, Appender::Marker(place), topic, index, end, until);
            }
            Err(error) => self.marker_written(now, place, error.code()),
        }
    }

    /// A marker is committed, or not.
    pub(super) fn marker_written(&mut self, now: Time, place: MarkerPlace, error: ErrorCode) {
        let Some(write) = self.marker_writes.all.get_mut(&place.write) else { return };
        let topic = write.response.markers.get_mut(place.marker).and_then(|marker| marker.topics.get_mut(place.topic));
        let Some(topic) = topic else { return };
        let Some(partition) = topic.partitions.get_mut(place.partition) else { return };
        partition.error_code = error.code();
        if &*topic.name.0 == OFFSETS_TOPIC
            && !error.is_error()
            && let Some(marker) = write.request.markers.get(place.marker)
        {
            let (producer_id, commit) = (marker.producer_id.0, marker.transaction_result);
            self.groups.handle_transaction_ended(partition.partition_index, producer_id, commit);
        }
        self.marker_settled(now, place.write);
    }

    fn marker_settled(&mut self, now: Time, id: u64) {
        let Some(write) = self.marker_writes.all.get_mut(&id) else { return };
        write.waits = write.waits.saturating_sub(1);
        if write.waits > 0 {
            return;
        }
        let Some(Write { writer, response, .. }) = self.marker_writes.all.remove(&id) else { return };
        match writer {
            Writer::Client(context) => self.answer_held(&context, response),
            Writer::Own(id) => self.markers_answered(now, id, Some(&response)),
        }
    }
}
