//! What is under the pointer, by its name.

use crate::world::target::Target;
use crate::world::view::WorldView;

/// A thing of the stage in one line: its name and how it stands.
pub fn hint(view: &WorldView, what: &Target) -> String {
    match what {
        Target::Record(topic, n, offset) => {
            let Some(p) = view.partitions.iter().find(|p| p.view.partition == *n && p.view.topic == *topic) else { return String::new() };
            let name = format!("{topic}-{n} offset {offset}");
            let (v, r) = (&p.view, p.records.iter().find(|r| r.offset == *offset));
            let words = match r {
                Some(r) if r.control => "control record".to_owned(),
                Some(r) => {
                    let key = r.key.as_ref().map_or("no key".to_owned(), |key| format!("key {key}"));
                    if r.tombstone { format!("{key}, tombstone") } else { format!("{key}, {} bytes", r.value_bytes) }
                }
                None => "older than the newest 48".to_owned(),
            };
            let state = match () {
                () if *offset < v.log_start_offset => "deleted",
                () if *offset >= v.end_offset => "not in the log",
                () if *offset >= v.high_watermark => "not yet readable",
                () => "committed",
            };
            format!("{name}, {words}, {state}")
        }
        Target::Partition(topic, n) => {
            let Some(p) = view.partitions.iter().find(|p| p.view.partition == *n && p.view.topic == *topic) else { return String::new() };
            let p = &p.view;
            let leader =
                if p.leader < 0 { "no leader".to_owned() } else { format!("leader broker-{}, epoch {}", p.leader, p.leader_epoch) };
            let mut words = format!("{topic}-{n}: {leader}, high watermark {}, end offset {}", p.high_watermark, p.end_offset);
            for id in p.replicas.iter().filter(|id| !p.isr.contains(id)) {
                words += &format!(", broker-{id} not in sync");
            }
            words
        }
        Target::Frame(message) => {
            let Some(f) = view.flights.iter().find(|f| f.message == *message) else { return String::new() };
            let kind = if f.response { "answer" } else { "request" };
            format!("{:?} {kind}, {} to {}, {} records, {} bytes", f.api, f.from, f.to, f.cargo.len(), f.bytes)
        }
        _ => String::new(),
    }
}
