//! A broker's machine: its process while it runs, its disk always.

use super::event::EventKind;
use super::network::Core;
use super::nodes::{Input, Meta};
use super::queue::LinkId;
use super::show;
use super::view::ReplicaState;
use crate::kafka::broker::{Broker, BrokerOptions, ConnId, Output, PartitionView, PeerConn};
use crate::kafka::disk::Disk;
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(super) struct BrokerNode {
    pub(super) options: BrokerOptions,
    /// `None`: there is no process.
    pub(super) broker: Option<Box<Broker>>,
    /// The process as it was when it ended of itself, until the world's next turn: what it did last can still be looked at.
    pub(super) ended: Option<Box<Broker>>,
    /// While there is no process.
    pub(super) disk: Disk,
    /// A turn in which the disk changes takes this much longer, in microseconds.
    pub(super) slow_us: i64,
    /// The changes of the disk that have been seen.
    changes: u64,
    /// A stop is done.
    pub(super) stopped: bool,
    /// What the process knew of its partitions when it ended, and what the disk holds of them since.
    pub(super) known: Arc<Vec<PartitionView>>,
    pub(super) remains: Arc<Vec<ReplicaState>>,
}

impl BrokerNode {
    pub(super) fn new(options: BrokerOptions, broker: Box<Broker>) -> Self {
        Self {
            options,
            changes: broker.disk().changes(),
            broker: Some(broker),
            ended: None,
            disk: Disk::default(),
            slow_us: 0,
            stopped: false,
            known: Arc::default(),
            remains: Arc::default(),
        }
    }

    pub(super) fn start(&mut self, broker: Box<Broker>) {
        self.ended = None;
        self.disk = Disk::default();
        self.stopped = false;
        self.known = Arc::default();
        self.remains = Arc::default();
        self.changes = broker.disk().changes();
        self.broker = Some(broker);
    }

    /// The process ends; what is left of it is its disk.
    pub(super) fn end(&mut self) {
        if let Some(broker) = self.broker.take() {
            self.known = Arc::new(broker.partitions());
            self.disk = broker.into_disk();
            self.look();
        }
    }

    /// Looks again at what the disk holds.
    pub(super) fn look(&mut self) {
        self.remains = Arc::new(show::remains(self.options.node_id, &self.disk, &self.known));
    }

    pub(super) fn disk(&self) -> &Disk {
        self.broker.as_ref().map_or(&self.disk, |broker| broker.disk())
    }

    pub(super) fn disk_mut(&mut self) -> &mut Disk {
        match &mut self.broker {
            Some(broker) => broker.disk_mut(),
            None => &mut self.disk,
        }
    }

    pub(super) fn hand_in(&mut self, now: crate::kafka::time::Time, input: Input) {
        let Some(broker) = self.broker.as_mut() else { return };
        match input {
            Input::Connected(conn) => broker.handle_peer_connected(now, PeerConn(conn)),
            Input::Accepted { conn, controller } => {
                let host = format!("/10.0.0.{}", conn % 250 + 1);
                if controller {
                    broker.handle_controller_connected(now, ConnId(conn), &host);
                } else {
                    broker.handle_connected(now, ConnId(conn), &host);
                }
            }
            Input::Frame { dialled: true, conn, frame } => broker.handle_peer_frame(now, PeerConn(conn), frame),
            Input::Frame { conn, frame, .. } => broker.handle_frame(now, ConnId(conn), frame),
            Input::Disconnected { dialled: true, conn } => broker.handle_peer_disconnected(now, PeerConn(conn)),
            Input::Disconnected { conn, .. } => broker.handle_disconnected(now, ConnId(conn)),
        }
    }

    /// Carries out what the broker wants; gives back why it must end at once, if it must.
    pub(super) fn drain(&mut self, core: &mut Core, meta: &mut Meta) -> Option<String> {
        let broker = self.broker.as_mut()?;
        let changes = broker.disk().changes();
        if std::mem::replace(&mut self.changes, changes) != changes {
            core.delay_us = self.slow_us;
        }
        let mut halted = None;
        while let Some(output) = broker.poll_output() {
            match output {
                Output::Send { conn, frame } => core.send(LinkId(conn.0), false, frame),
                Output::Close { conn, why } => {
                    core.record(EventKind::BrokerLog { node: meta.name.clone(), line: why });
                    core.hang_up(LinkId(conn.0), false);
                }
                Output::Dial { conn, host, port } => core.dial(meta, conn.0, &host, port),
                Output::SendPeer { conn, frame } => {
                    if let Some(link) = meta.conns.get(&conn.0) {
                        core.send(*link, true, frame);
                    }
                }
                Output::HangUp { conn } => {
                    if let Some(link) = meta.conns.remove(&conn.0) {
                        core.hang_up(link, true);
                    }
                }
                Output::Halt { why } => {
                    halted = Some(why);
                    break;
                }
                Output::Stopped => self.stopped = true,
                Output::Log(line) => {
                    core.record(EventKind::BrokerLog { node: meta.name.clone(), line });
                }
                Output::Event(event) => {
                    core.record(EventKind::Broker { node: meta.name.clone(), event });
                }
            }
        }
        core.delay_us = 0;
        halted
    }
}
