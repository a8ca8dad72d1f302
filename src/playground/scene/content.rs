//! What one record is, in words, from the bytes of its batch and from the run's events.

use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::wire::batch::Batch;
use crate::kafka::wire::compression::Compression;
use crate::kafka::wire::marker::Marker;
use crate::playground::narrate::plural;
use crate::world::event::EventKind;
use crate::world::view::{TransactionEnd, WorldView};
use crate::world::{EPOCH, World};

/// Characters of a key, a value or a header that are shown.
const MOST: usize = 240;

/// A record's lines: what each is called in Kafka, and what it is here. Without the record one line says why.
pub fn content(world: &World, view: &WorldView, topic: &str, partition: i32, offset: i64) -> Vec<(&'static str, String)> {
    let Some(p) = view.partitions.iter().find(|p| p.view.partition == partition && *p.view.topic == *topic) else {
        return vec![("", "The partition is not there at this moment.".into())];
    };
    let p = &p.view;
    let why = if offset < p.log_start_offset {
        format!("It is deleted: the log begins at offset {}.", p.log_start_offset)
    } else if offset >= p.end_offset {
        format!("No record has this offset at this moment: the log ends at {}.", p.end_offset)
    } else {
        "No broker that runs leads the partition: its bytes cannot be read.".into()
    };
    let Some(batch) = world.batch(topic, partition, offset) else { return vec![("", why)] };
    let mut out = Vec::new();
    let records = batch.records().unwrap_or_default();
    let marker = Marker::of(&batch);
    if let Some(marker) = marker {
        let what = if marker.commit { "COMMIT" } else { "ABORT" };
        out.push((
            "marker",
            format!(
                "{what} of {}'s transaction, by coordinator epoch {}",
                view.producer_name(batch.producer_id()),
                marker.coordinator_epoch
            ),
        ));
    }
    if let Some(record) = records.iter().find(|r| r.offset == offset).filter(|_| marker.is_none()) {
        out.push(("key", record.key.as_deref().map_or("none".into(), text)));
        out.push(("value", record.value.as_deref().map_or("null: a tombstone".into(), text)));
        let headers: Vec<String> = record
            .headers
            .iter()
            .map(|(name, value)| format!("{}: {}", text(name), value.as_deref().map_or("null".into(), text)))
            .collect();
        out.push(("headers", if headers.is_empty() { "none".into() } else { headers.join(", ") }));
        let by = if batch.is_log_append_time() { "by the broker" } else { "by the producer" };
        out.push(("timestamp", format!("{} s of the run, {by}", seconds(record.timestamp.saturating_mul(1000).saturating_sub(EPOCH.0)))));
    }
    out.push(("batch", of_batch(&batch)));
    out.push(("leader epoch", batch.partition_leader_epoch().to_string()));
    out.push(match batch.producer_id() {
        -1 => ("producer", "no id: it is not idempotent".into()),
        id => ("producer", format!("id {id}, epoch {}, sequence {}", batch.producer_epoch(), sequence(&batch, offset))),
    });
    if let Some(words) = transaction(view, topic, partition, &batch, offset) {
        out.push(("transaction", words));
    }
    let acked = world.events().iter().rev().find_map(|event| match &event.kind {
        EventKind::Producer { node, event: ProducerEvent::Acked { topic: t, partition: n, offset: o, .. } }
            if *n == partition && *o == offset && **t == *topic =>
        {
            Some(format!("{node} was told at {} s", seconds(event.at.micros_since(EPOCH))))
        }
        _ => None,
    });
    if marker.is_some() {
        return out;
    }
    out.push((
        "acks",
        match acked {
            Some(told) => told,
            None if offset >= p.high_watermark => format!("waits: the high watermark is {}", p.high_watermark),
            None => "not among the events that are kept".into(),
        },
    ));
    for group in &view.groups {
        if let Some((_, _, at)) = group.offsets.iter().find(|(t, n, _)| *n == partition && **t == *topic) {
            let state = if *at > offset { "committed" } else { "not committed yet" };
            out.push(("group", format!("{}: {state}, it is at {at}", group.group)));
        }
    }
    out
}

/// The transaction that a record is in, by its id, and what became of it.
fn transaction(view: &WorldView, topic: &str, partition: i32, batch: &Batch, offset: i64) -> Option<String> {
    if !batch.is_transactional() {
        return None;
    }
    let id = view.transaction_of(batch.producer_id()).map(|transaction| transaction.transactional_id.clone());
    let id = id.or_else(|| view.producer_of(batch.producer_id()).and_then(|p| p.transactional_id.clone()));
    let p = view.partitions.iter().find(|p| p.view.partition == partition && *p.view.topic == *topic)?;
    let end = p.records.iter().find(|r| r.offset == offset).and_then(|r| r.transaction);
    let end = match end {
        Some(TransactionEnd::Open) => "open: no marker of it is here yet",
        Some(TransactionEnd::Committed) => "committed",
        Some(TransactionEnd::Aborted) => "aborted: read_committed consumers leave it out",
        None => "older than the newest 48 records: its marker is not looked for",
    };
    Some(match id {
        Some(id) => format!("{id}, {end}"),
        None => end.to_owned(),
    })
}

fn of_batch(batch: &Batch) -> String {
    let packed = match batch.compression() {
        Ok(Compression::None) => "not compressed",
        Ok(Compression::Gzip) => "gzip",
        Ok(Compression::Snappy) => "snappy",
        Ok(Compression::Lz4) => "lz4",
        Ok(Compression::Zstd) => "zstd",
        Err(_) => "unknown compression",
    };
    let records = plural(batch.record_count(), "record");
    format!("base offset {}, {records}, {} bytes, {packed}", batch.base_offset(), batch.size())
}

fn sequence(batch: &Batch, offset: i64) -> i32 {
    let delta = i32::try_from(offset.saturating_sub(batch.base_offset())).unwrap_or(0);
    crate::kafka::wire::batch::sequence_after(batch.base_sequence(), delta)
}

fn seconds(us: i64) -> String {
    format!("{}.{:03}", us / 1_000_000, us / 1000 % 1000)
}

/// Bytes as text; what is left out is counted.
fn text(bytes: &[u8]) -> String {
    let all = String::from_utf8_lossy(bytes);
    let count = all.chars().count();
    let head: String = all.chars().take(MOST).map(|c| if c.is_control() { '·' } else { c }).collect();
    if count > MOST { format!("{head}… and {} characters more", count - MOST) } else { head }
}
