//! A broker to test, driven with frames.

use super::{Broker, BrokerEvent, BrokerOptions, ConnId, Output};
use crate::kafka::config::fit_internal_topics;
use crate::kafka::disk::Disk;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::kafka::wire::batch::{BatchBuilder, BatchOptions};
use crate::kafka::wire::frame::{decode_body, decode_response, encode_request};
use crate::kafka::wire::message::{Request, Str};
use bytes::Bytes;

pub const START: Time = Time::from_millis(1_767_225_600_000);

pub struct TestBroker {
    pub broker: Broker,
    pub now: Time,
    pub events: Vec<BrokerEvent>,
    pub lines: Vec<String>,
    pub frames: SortedVecMap<ConnId, Vec<Bytes>>,
    pub closed: SortedVecMap<ConnId, String>,
    next_conn: u64,
    correlation_id: i32,
}

pub fn options(config: &[(&str, &str)], brokers: u32) -> BrokerOptions {
    let mut all: SortedVecMap<String, String> =
        [("group.initial.rebalance.delay.ms", "0"), ("offsets.topic.num.partitions", "3")].map(|(k, v)| (k.into(), v.into())).into();
    all.extend(config.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
    fit_internal_topics(&mut all, brokers);
    BrokerOptions {
        node_id: 1,
        cluster_id: "tide".into(),
        host: "127.0.0.1".into(),
        port: 9092,
        voters: Vec::new(),
        controller_port: 9093,
        sabotage: None,
        config: all,
        seed: 7,
    }
}

impl TestBroker {
    pub fn new(config: &[(&str, &str)]) -> Self {
        Self::on(Disk::default(), START, config)
    }

    pub fn on(disk: Disk, now: Time, config: &[(&str, &str)]) -> Self {
        let broker = Broker::open(now, options(config, 1), disk).expect("opens");
        let (events, lines) = (Vec::new(), Vec::new());
        let mut test =
            Self { broker, now, events, lines, frames: SortedVecMap::new(), closed: SortedVecMap::new(), next_conn: 1, correlation_id: 0 };
        test.drain();
        test
    }

    /// The process is killed and started again on the same files; the session of the former one is over.
    pub fn restart(self, config: &[(&str, &str)]) -> Self {
        let now = self.now.plus_millis(1000);
        let mut test = Self::on(self.broker.into_disk(), now, config);
        test.advance(20_000);
        test
    }

    pub fn drain(&mut self) {
        while let Some(output) = self.broker.poll_output() {
            match output {
                Output::Dial { .. } | Output::SendPeer { .. } | Output::HangUp { .. } | Output::Halt { .. } | Output::Stopped => {}
                Output::Send { conn, frame } => self.frames.entry(conn).or_default().push(frame),
                Output::Close { conn, why } => drop(self.closed.insert(conn, why)),
                Output::Log(line) => self.lines.push(line),
                Output::Event(event) => self.events.push(event),
            }
        }
    }

    pub fn connect(&mut self) -> ConnId {
        let conn = ConnId(self.next_conn);
        self.next_conn += 1;
        self.broker.handle_connected(self.now, conn, "/127.0.0.1");
        conn
    }

    pub fn send<R: Request>(&mut self, conn: ConnId, version: i16, request: R) {
        self.correlation_id += 1;
        let frame = encode_request(version, self.correlation_id, &Str::from("test"), request).expect("encodes");
        self.broker.handle_frame(self.now, conn, frame);
        self.drain();
    }

    /// The oldest response of the connection that was not taken yet.
    pub fn take<R: Request>(&mut self, conn: ConnId, version: i16) -> Option<R::Response> {
        let frames = self.frames.get_mut(&conn)?;
        if frames.is_empty() {
            return None;
        }
        let frame = frames.remove(0);
        let api = R::KEY;
        let (_, body) = decode_response(api, version, frame).expect("a response");
        Some(decode_body(body, version).expect("a body"))
    }

    /// Sends, and waits for the answer as long as it takes.
    pub fn call<R: Request>(&mut self, conn: ConnId, version: i16, request: R) -> R::Response {
        self.send(conn, version, request);
        for _ in 0..100 {
            if let Some(response) = self.take::<R>(conn, version) {
                return response;
            }
            assert!(!self.closed.contains_key(&conn), "closed: {:?}", self.closed.get(&conn));
            self.wake();
        }
        panic!("no answer to API {:?} version {version}", R::KEY);
    }

    /// Goes to the next deadline.
    pub fn wake(&mut self) {
        let (at, _) = self.broker.poll_timeout().expect("a deadline");
        self.now = self.now.max(at);
        self.broker.handle_timeout(self.now);
        self.drain();
    }

    pub fn advance(&mut self, millis: i64) {
        let until = self.now.plus_millis(millis);
        while let Some((at, _)) = self.broker.poll_timeout().filter(|(at, _)| *at <= until) {
            self.now = self.now.max(at);
            self.broker.handle_timeout(self.now);
            self.drain();
        }
        self.now = until;
    }
}

/// One batch with these values, as a producer makes it.
pub fn batch(now: Time, values: &[&str]) -> Bytes {
    let mut builder = BatchBuilder::new(BatchOptions::default());
    for value in values {
        builder.push(now.millis(), Some(b"key"), Some(value.as_bytes()), &[]);
    }
    builder.build().bytes().clone()
}
