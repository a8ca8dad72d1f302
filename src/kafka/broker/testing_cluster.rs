//! Several brokers to test, with links between them and a clock of their own.

use super::testing::{START, options};
use super::{Broker, BrokerEvent, BrokerOptions, ConnId, Output, PartitionView, PeerConn};
use crate::kafka::controller::Voter;
use crate::kafka::disk::Disk;
use crate::kafka::sabotage::Sabotage;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::kafka::wire::frame::{decode_body, decode_response, encode_request};
use crate::kafka::wire::message::{Request, Str};
use bytes::Bytes;
use std::collections::VecDeque;

const LATENCY_MS: i64 = 1;
const CLIENTS: u64 = 1 << 40;
/// Prints lines and events, to look into a failure.
const LOUD: bool = false;

enum What {
    Dial { port: i32 },
    Frame(Bytes),
    Close,
}

/// On its way between the dialler's end `(node, conn)` and the other node.
struct Packet {
    at: Time,
    dialler: (i32, PeerConn),
    to_dialler: bool,
    what: What,
}

pub struct Cluster {
    pub now: Time,
    pub nodes: SortedVecMap<i32, Broker>,
    pub disks: SortedVecMap<i32, Disk>,
    pub events: Vec<(i32, BrokerEvent)>,
    pub stopped: SortedVecSet<i32>,
    pub halted: SortedVecSet<i32>,
    /// Pairs between which nothing goes.
    pub cut: SortedVecSet<(i32, i32)>,
    config: Vec<(String, String)>,
    sabotage: Option<Sabotage>,
    voters: i32,
    /// The dialler's end, the node that was dialled, and its name for the connection.
    links: Vec<((i32, PeerConn), i32, ConnId)>,
    packets: VecDeque<Packet>,
    frames: SortedVecMap<ConnId, VecDeque<Bytes>>,
    next: u64,
}

impl Cluster {
    pub fn new(count: i32, config: &[(&str, &str)], sabotage: Option<Sabotage>) -> Self {
        let config = config.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut cluster = Self {
            now: START,
            nodes: SortedVecMap::new(),
            disks: SortedVecMap::new(),
            events: Vec::new(),
            stopped: SortedVecSet::new(),
            halted: SortedVecSet::new(),
            cut: SortedVecSet::new(),
            config,
            sabotage,
            voters: count.min(3),
            links: Vec::new(),
            packets: VecDeque::new(),
            frames: SortedVecMap::new(),
            next: 1,
        };
        (1..=count).for_each(|id| cluster.start(id));
        cluster.until(20_000, "all are unfenced", |cluster| {
            let alive = |broker: &Broker| broker.controller().image().brokers.values().filter(|b| !b.fenced).count();
            cluster.nodes.values().all(|broker| broker.is_unfenced() && alive(broker) == count as usize)
        });
        cluster
    }

    fn options(&self, id: i32) -> BrokerOptions {
        let config: Vec<(&str, &str)> = self.config.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let voters = (1..=self.voters).map(|id| Voter { id, host: format!("broker-{id}").as_str().into(), port: 9093 });
        BrokerOptions {
            node_id: id,
            host: format!("broker-{id}").as_str().into(),
            voters: voters.collect(),
            sabotage: self.sabotage,
            seed: 7 + id as u64,
            ..options(&config, self.voters.unsigned_abs())
        }
    }

    pub fn start(&mut self, id: i32) {
        let disk = self.disks.remove(&id).unwrap_or_default();
        let broker = Broker::open(self.now, self.options(id), disk).expect("opens");
        self.nodes.insert(id, broker);
        self.drain(id);
    }

    /// The process ends; its connections break.
    pub fn kill(&mut self, id: i32) {
        let Some(broker) = self.nodes.remove(&id) else { return };
        self.disks.insert(id, broker.into_disk());
        let links = std::mem::take(&mut self.links);
        for (dialler, to, conn) in links {
            if dialler.0 == id {
                if let Some(broker) = self.nodes.get_mut(&to) {
                    broker.handle_disconnected(self.now, conn);
                }
            } else if to == id {
                self.packets.push_back(Packet { at: self.now.plus_millis(LATENCY_MS), dialler, to_dialler: true, what: What::Close });
            } else {
                self.links.push((dialler, to, conn));
            }
        }
    }

    pub fn stop(&mut self, id: i32) {
        let now = self.now;
        self.node(id).handle_shutdown(now);
        self.drain(id);
        self.until(40_000, "it has stopped", |cluster| cluster.stopped.contains(&id));
        self.kill(id);
        self.stopped.remove(&id);
    }

    pub fn node(&mut self, id: i32) -> &mut Broker {
        self.nodes.get_mut(&id).expect("runs")
    }

    /// Nothing goes between the node and the others from here on.
    pub fn isolate(&mut self, id: i32) {
        for other in 1..=9 {
            self.cut.insert((id, other));
            self.cut.insert((other, id));
        }
    }

    fn drain(&mut self, id: i32) {
        let at = self.now.plus_millis(LATENCY_MS);
        while let Some(output) = self.nodes.get_mut(&id).and_then(Broker::poll_output) {
            match output {
                Output::Send { conn, frame } if conn.0 >= CLIENTS => self.frames.entry(conn).or_default().push_back(frame),
                Output::Send { conn, frame } => {
                    if let Some((dialler, ..)) = self.links.iter().find(|(_, to, name)| (*to, *name) == (id, conn)) {
                        self.packets.push_back(Packet { at, dialler: *dialler, to_dialler: true, what: What::Frame(frame) });
                    }
                }
                Output::Close { conn, .. } => {
                    if let Some(place) = self.links.iter().position(|(_, to, name)| (*to, *name) == (id, conn)) {
                        let (dialler, ..) = self.links.remove(place);
                        self.packets.push_back(Packet { at, dialler, to_dialler: true, what: What::Close });
                    }
                }
                Output::Dial { conn, host, port } => {
                    let to: i32 = host.strip_prefix("broker-").and_then(|id| id.parse().ok()).expect("a broker's host");
                    let name = ConnId(self.next);
                    self.next += 1;
                    self.links.push(((id, conn), to, name));
                    self.packets.push_back(Packet { at, dialler: (id, conn), to_dialler: false, what: What::Dial { port } });
                }
                Output::SendPeer { conn, frame } => {
                    self.packets.push_back(Packet { at, dialler: (id, conn), to_dialler: false, what: What::Frame(frame) });
                }
                Output::HangUp { conn } => {
                    self.packets.push_back(Packet { at, dialler: (id, conn), to_dialler: false, what: What::Close });
                }
                Output::Halt { .. } => drop(self.halted.insert(id)),
                Output::Stopped => drop(self.stopped.insert(id)),
                Output::Log(line) => {
                    if LOUD {
                        println!("{} {id}: {line}", self.now.millis() - START.millis());
                    }
                }
                Output::Event(event) => {
                    if LOUD {
                        println!("{} {id}: {event:?}", self.now.millis() - START.millis());
                    }
                    self.events.push((id, event));
                }
            }
        }
    }

    fn deliver(&mut self, packet: Packet) {
        let Packet { dialler, to_dialler, what, .. } = packet;
        let (from, conn) = dialler;
        let link = self.links.iter().find(|(end, ..)| *end == dialler).map(|(_, to, name)| (*to, *name));
        let now = self.now;
        if let Some((to, _)) = link
            && self.cut.contains(&(from, to))
        {
            return;
        }
        if to_dialler {
            let Some(broker) = self.nodes.get_mut(&from) else { return };
            match what {
                What::Dial { .. } => broker.handle_peer_connected(now, conn),
                What::Frame(frame) => broker.handle_peer_frame(now, conn, frame),
                What::Close => {
                    broker.handle_peer_disconnected(now, conn);
                    self.links.retain(|(end, ..)| *end != dialler);
                }
            }
            return self.drain(from);
        }
        let Some((to, name)) = link else { return };
        let Some(broker) = self.nodes.get_mut(&to) else {
            let at = now.plus_millis(LATENCY_MS);
            return self.packets.push_back(Packet { at, dialler, to_dialler: true, what: What::Close });
        };
        match what {
            What::Dial { port } => {
                if port == 9093 {
                    broker.handle_controller_connected(now, name, "/127.0.0.1");
                } else {
                    broker.handle_connected(now, name, "/127.0.0.1");
                }
                self.packets.push_back(Packet { at: now.plus_millis(LATENCY_MS), dialler, to_dialler: true, what: What::Dial { port } });
            }
            What::Frame(frame) => broker.handle_frame(now, name, frame),
            What::Close => {
                broker.handle_disconnected(now, name);
                self.links.retain(|(end, ..)| *end != dialler);
            }
        }
        self.drain(to);
    }

    /// The next thing that happens, if it does by then.
    fn step(&mut self, until: Time) -> bool {
        let timer = self.nodes.iter().filter_map(|(id, broker)| Some((broker.poll_timeout()?.0, *id))).min();
        let packet = self.packets.front().map(|packet| packet.at);
        match (timer, packet) {
            (timer, Some(at)) if at <= until && timer.is_none_or(|(time, _)| at <= time) => {
                self.now = self.now.max(at);
                let packet = self.packets.pop_front().expect("is there");
                self.deliver(packet);
            }
            (Some((at, id)), _) if at <= until => {
                self.now = self.now.max(at);
                let now = self.now;
                self.node(id).handle_timeout(now);
                self.drain(id);
            }
            _ => {
                self.now = until;
                return false;
            }
        }
        true
    }

    pub fn run_for(&mut self, millis: i64) {
        let until = self.now.plus_millis(millis);
        let mut steps = 0;
        while self.step(until) {
            steps += 1;
            assert!(steps < 200_000, "something spins: {:?}", self.nodes.values().map(|b| b.poll_timeout()).collect::<Vec<_>>());
        }
    }

    pub fn until(&mut self, millis: i64, what: &str, done: impl Fn(&Self) -> bool) {
        let end = self.now.plus_millis(millis);
        while !done(self) {
            assert!(self.now < end, "not within {millis} ms: {what}: {:?}", self.state());
            self.run_for(10);
        }
    }

    /// Node, partition, leader, epoch, ISR, high watermark, end.
    fn state(&self) -> Vec<String> {
        let views = self.nodes.iter().flat_map(|(id, broker)| broker.partitions().into_iter().map(move |view| (*id, view)));
        views
            .map(|(id, v)| {
                format!(
                    "{id}: {}-{} {}@{} {:?} {} {}",
                    v.topic, v.partition, v.leader, v.leader_epoch, v.isr, v.high_watermark, v.end_offset
                )
            })
            .collect()
    }

    pub fn connect(&mut self, id: i32) -> ConnId {
        let conn = ConnId(CLIENTS + self.next);
        self.next += 1;
        let now = self.now;
        self.node(id).handle_connected(now, conn, "/127.0.0.1");
        conn
    }

    pub fn send<R: Request>(&mut self, id: i32, conn: ConnId, version: i16, request: R) {
        let frame = encode_request(version, 1, &Str::from("test"), request).expect("encodes");
        let now = self.now;
        self.node(id).handle_frame(now, conn, frame);
        self.drain(id);
    }

    pub fn take<R: Request>(&mut self, conn: ConnId, version: i16) -> Option<R::Response> {
        let frame = self.frames.get_mut(&conn)?.pop_front()?;
        let (_, body) = decode_response(R::KEY, version, frame).expect("a response");
        Some(decode_body(body, version).expect("a body"))
    }

    /// Asks one broker on a connection of its own, and waits.
    pub fn call<R: Request>(&mut self, id: i32, version: i16, request: R) -> R::Response {
        let conn = self.connect(id);
        self.send(id, conn, version, request);
        for _ in 0..4000 {
            if let Some(response) = self.take::<R>(conn, version) {
                return response;
            }
            self.run_for(10);
        }
        panic!("no answer to API {:?} version {version}", R::KEY);
    }

    pub fn view(&self, id: i32, topic: &str, partition: i32) -> Option<PartitionView> {
        self.nodes.get(&id)?.partitions().into_iter().find(|view| &*view.topic == topic && view.partition == partition)
    }

    /// The broker that leads according to its own state, in the newest epoch.
    pub fn leader(&self, topic: &str, partition: i32) -> Option<i32> {
        let led = self.nodes.keys().filter_map(|id| self.view(*id, topic, partition).filter(|view| view.is_leader).map(|view| (view, *id)));
        led.max_by_key(|(view, _)| view.leader_epoch).map(|(_, id)| id)
    }
}
