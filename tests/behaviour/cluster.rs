//! Three brokers as the recorded cluster had them: each on a rack of its own, clients' questions to one that is not the controller.

use crate::RECORDED_AT;
use crate::requests::{self, Asked};
use bytes::Bytes;
use serde_json::Value;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use tidepool::kafka::broker::{Broker, BrokerOptions, ConnId, Output, PeerConn};
use tidepool::kafka::controller::Voter;
use tidepool::kafka::disk::Disk;
use tidepool::kafka::time::Time;

/// From one broker to another.
const LATENCY_MS: i64 = 1;
/// Connections of clients are named from here on.
const CLIENTS: u64 = 1 << 32;
const BROKERS: i32 = 3;
const FETCH: &[u8] = &[0, 1];

enum What {
    Dialled,
    Frame(Bytes),
    Close,
}

/// A connection between brokers: the dialler with its name for it, the other with its own.
struct Link {
    from: i32,
    peer: PeerConn,
    to: i32,
    conn: ConnId,
    port: i32,
    /// It carries fetches of the metadata log.
    metadata: bool,
}

struct Packet {
    at: Time,
    link: usize,
    back: bool,
    what: What,
}

pub struct Cluster {
    now: Time,
    nodes: BTreeMap<i32, Broker>,
    links: Vec<Link>,
    packets: VecDeque<Packet>,
    answers: BTreeMap<ConnId, Bytes>,
    next_conn: u64,
    /// Who is asked; at first one that is not the controller.
    pub asked: i32,
    /// The broker that is asked hears nothing new of the metadata.
    pub behind: bool,
}

fn port(id: i32) -> i32 {
    29_093 + id
}

fn controller_port(id: i32) -> i32 {
    19_093 + id
}

impl Cluster {
    pub fn new(cluster_id: &str, config: &[(&str, &str)], seed: u64) -> Self {
        let now = Time::from_millis(RECORDED_AT);
        let host = "127.0.0.1";
        let mut cluster = Self {
            now,
            nodes: BTreeMap::new(),
            links: Vec::new(),
            packets: VecDeque::new(),
            answers: BTreeMap::new(),
            next_conn: 1,
            asked: 1,
            behind: false,
        };
        for id in 1..=BROKERS {
            let rack = format!("RACK{id}");
            let config = config.iter().copied().chain([("broker.rack", rack.as_str())]);
            let options = BrokerOptions {
                node_id: id,
                cluster_id: cluster_id.into(),
                host: host.into(),
                port: port(id),
                voters: (1..=BROKERS).map(|id| Voter { id, host: host.into(), port: controller_port(id) }).collect(),
                controller_port: controller_port(id),
                sabotage: None,
                config: config.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
                seed: seed * 10 + id as u64,
            };
            cluster.nodes.insert(id, Broker::open(now, options, Disk::default()).expect("a broker opens on an empty disk"));
        }
        (1..=BROKERS).for_each(|id| cluster.drain(id));
        let ready = |cluster: &Self| {
            let counted = |broker: &Broker| broker.controller().image().brokers.values().filter(|broker| !broker.fenced).count();
            cluster.nodes.values().all(|broker| broker.is_unfenced() && counted(broker) == BROKERS as usize)
        };
        while !ready(&cluster) {
            assert!(cluster.now < now.plus_millis(20_000), "the brokers are counted in by then");
            cluster.run(100);
        }
        let controller = cluster.nodes[&1].quorum().leader.expect("a controller");
        cluster.asked = if controller == 1 { 2 } else { 1 };
        cluster
    }

    fn drain(&mut self, id: i32) {
        while let Some(output) = self.nodes.get_mut(&id).and_then(Broker::poll_output) {
            match output {
                Output::Send { conn, frame } if conn.0 >= CLIENTS => drop(self.answers.insert(conn, frame)),
                Output::Send { conn, frame } => self.post(id, |link| (link.to, link.conn) == (id, conn), What::Frame(frame)),
                Output::Close { conn, .. } => self.post(id, |link| (link.to, link.conn) == (id, conn), What::Close),
                Output::Dial { conn, port: to, .. } => {
                    let other = (1..=BROKERS).find(|id| [port(*id), controller_port(*id)].contains(&to)).expect("a broker's port");
                    let conn_there = ConnId(self.next_conn);
                    self.next_conn += 1;
                    self.links.push(Link { from: id, peer: conn, to: other, conn: conn_there, port: to, metadata: false });
                    self.post(id, |link| (link.from, link.peer) == (id, conn), What::Dialled);
                }
                Output::SendPeer { conn, frame } => {
                    let fetches = frame.starts_with(FETCH);
                    if let Some(link) = self.links.iter_mut().find(|link| (link.from, link.peer) == (id, conn)) {
                        link.metadata |= fetches && link.port == controller_port(link.to);
                    }
                    self.post(id, |link| (link.from, link.peer) == (id, conn), What::Frame(frame));
                }
                Output::HangUp { conn } => self.post(id, |link| (link.from, link.peer) == (id, conn), What::Close),
                Output::Halt { why } => panic!("broker {id} halts: {why}"),
                Output::Stopped | Output::Log(_) | Output::Event(_) => {}
            }
        }
    }

    fn post(&mut self, from: i32, is: impl Fn(&Link) -> bool, what: What) {
        if let Some(link) = self.links.iter().position(is) {
            let back = self.links[link].from != from;
            self.packets.push_back(Packet { at: self.now.plus_millis(LATENCY_MS), link, back, what });
        }
    }

    /// The first packet that may go.
    fn next_packet(&self) -> Option<usize> {
        self.packets.iter().position(|packet| {
            let link = &self.links[packet.link];
            !(self.behind && packet.back && link.metadata && link.from == self.asked)
        })
    }

    fn deliver(&mut self, packet: Packet) {
        let Link { from, peer, to, conn, port, .. } = self.links[packet.link];
        let now = self.now;
        let id = if packet.back { from } else { to };
        let broker = self.nodes.get_mut(&id).expect("a broker");
        match (packet.back, packet.what) {
            (true, What::Dialled) => broker.handle_peer_connected(now, peer),
            (true, What::Frame(frame)) => broker.handle_peer_frame(now, peer, frame),
            (true, What::Close) => broker.handle_peer_disconnected(now, peer),
            (false, What::Dialled) => {
                if port == controller_port(to) {
                    broker.handle_controller_connected(now, conn, "/127.0.0.1");
                } else {
                    broker.handle_connected(now, conn, "/127.0.0.1");
                }
                self.packets.push_back(Packet { at: now.plus_millis(LATENCY_MS), back: true, what: What::Dialled, ..packet });
            }
            (false, What::Frame(frame)) => broker.handle_frame(now, conn, frame),
            (false, What::Close) => broker.handle_disconnected(now, conn),
        }
        self.drain(id);
    }

    /// What happens next, if anything does by then.
    fn step(&mut self, until: Time) -> bool {
        let timer = self.nodes.iter().filter_map(|(id, broker)| Some((broker.poll_timeout()?.0, *id))).min();
        if let Some(place) = self.next_packet()
            && let at = self.packets[place].at.max(self.now)
            && at <= until
            && timer.is_none_or(|(time, _)| at <= time)
        {
            self.now = at;
            let packet = self.packets.remove(place).expect("is there");
            self.deliver(packet);
        } else if let Some((at, id)) = timer.filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            let now = self.now;
            self.nodes.get_mut(&id).expect("a broker").handle_timeout(now);
            self.drain(id);
        } else {
            self.now = until;
            return false;
        }
        true
    }

    pub fn run(&mut self, millis: i64) {
        let until = self.now.plus_millis(millis);
        while self.step(until) {}
    }

    pub fn ask(&mut self, api: &str, version: i16, request: &Value) -> Value {
        let (frame, asked) = requests::encode(api, version, request);
        self.ask_frame(frame, &asked)
    }

    pub fn ask_frame(&mut self, frame: Bytes, asked: &Asked) -> Value {
        let conn = ConnId(CLIENTS + self.next_conn);
        self.next_conn += 1;
        let (id, now) = (self.asked, self.now);
        let broker = self.nodes.get_mut(&id).expect("a broker");
        broker.handle_connected(now, conn, "/127.0.0.1");
        broker.handle_frame(now, conn, frame);
        self.drain(id);
        let until = now.plus_millis(60_000);
        loop {
            if let Some(frame) = self.answers.remove(&conn) {
                return requests::decode(asked, frame);
            }
            assert!(self.step(until), "no answer within a minute");
        }
    }
}
