use crate::kafka::broker::PartitionView;
use crate::kafka::coordinator::GroupView;
use crate::kafka::time::{Reason, Time};
use crate::world::EPOCH;
use crate::world::view::*;
use kafka_protocol::messages::ApiKey;
use std::sync::Arc;

fn s(t: &str) -> Arc<str> {
    Arc::from(t)
}
pub fn view(now: Time) -> WorldView {
    let t = now.micros_since(EPOCH);
    let key = |p: i32, o: i64| [s("ada"), s("bob"), s("cleo"), s("dan"), s("eve"), s("fay")][((o * 7 + o / 3 + i64::from(p) * 5) % 6) as usize].clone();
    let part = |n: i32, extra: i64| {
        let end = t / 900_000 + 9 + i64::from(n) * 4 + extra;
        PartitionState {
            view: PartitionView {
                topic: s("orders"), partition: n, leader: 1, leader_epoch: 0, replicas: vec![1], isr: vec![1],
                log_start_offset: 0, high_watermark: end - extra, end_offset: end, segments: vec![],
            },
            records: ((end - 48).max(0)..end).map(|offset| RecordState { offset, timestamp: 0, key: (offset % 11 != 3).then(|| key(n, offset)), tombstone: offset % 13 == 5, control: false, value_bytes: 80 }).collect(),
            internal: false,
        }
    };
    let partitions = vec![part(0, 0), part(1, 3), part(2, 0)];
    let mut internal = part(0, 0);
    internal.view.topic = s("__consumer_offsets");
    internal.internal = true;
    let phase = t % 900_000;
    let mut flights = vec![];
    for p in 0..3_i32 {
        let end = partitions[p as usize].view.end_offset;
        let sent = now.plus_micros(-phase);
        flights.push(Flight { message: 1, from: s(if p == 1 { "clicks" } else { "checkout" }), to: s("broker-1"), sent, arrives: sent.plus_micros(900_000), api: ApiKey::Produce, response: false, bytes: 1, cargo: (0..2).map(|i| Cargo { topic: s("orders"), partition: p, offset: -1, key: Some(key(p, end + i)), tombstone: false }).collect() });
        flights.push(Flight { message: 2, from: s("broker-1"), to: s(["billing-1", "billing-1", "billing-2"][p as usize]), sent, arrives: sent.plus_micros(900_000), api: ApiKey::Fetch, response: true, bytes: 1, cargo: (0..2).map(|i| Cargo { topic: s("orders"), partition: p, offset: end - 2 + i, key: Some(key(p, end - 2 + i)), tombstone: false }).collect() });
    }
    let sent = now.plus_micros(-phase);
    flights.push(Flight { message: 3, from: s("billing-1"), to: s("broker-1"), sent, arrives: sent.plus_micros(900_000), api: ApiKey::OffsetCommit, response: false, bytes: 1, cargo: vec![] });
    let c = |name: &str, state: &'static str, a: &[i32], backlog: u64| ConsumerState {
        name: s(name), group: Some(s("billing")), topics: vec![s("orders")], state, client_state: "stable", member: None, generation: 3,
        assignment: a.iter().map(|n| (s("orders"), *n)).collect(),
        positions: a.iter().map(|n| (s("orders"), *n, partitions[*n as usize].view.high_watermark - 1)).collect(),
        handled: 41, duplicates: 0, backlog, handle_us: 20_000,
    };
    let p = |name: &str, acks: i16, w: u32| ProducerState { name: s(name), topic: s("orders"), state: "running", rate_per_1000s: 2000, acks, accumulated: vec![(s("orders"), 0, w)], pending: 0, sent: 10, acked: 10, failed: 0 };
    WorldView {
        now,
        brokers: vec![BrokerState { node_id: 1, name: s("broker-1"), state: "running", is_controller: true }],
        producers: vec![p("checkout", -1, 3), p("clicks", 1, 0)],
        consumers: vec![c("billing-1", "running", &[0, 1], 7), c("billing-2", "running", &[2], 0), c("billing-3", "crashed", &[], 0), c("billing-4", "running", &[], 0)],
        groups: vec![GroupView { group: s("billing"), state: "Stable", generation: 3, protocol: None, leader: None, members: vec![], offsets: (0..3).map(|n| (s("orders"), n, partitions[n as usize].view.high_watermark - 5)).collect() }],
        flights,
        next: Some((now.plus_micros(6_200_000), Reason::new("session timeout", s("billing-3")))),
        partitions: partitions.into_iter().chain([internal]).collect(),
    }
}
