//! The brokers of `tidepool broker --brokers N` in one process: each a node of its own, with its own disk. What they say to each other goes
//! from one to the other in memory, as frames on connections that break when one of them dies.

use super::data_dir::{DataDir, DataError};
use super::err;
use crate::kafka::broker::{Broker, BrokerOptions, ConnId, OpenError, Output, PeerConn};
use crate::kafka::disk::Disk;
use crate::kafka::rng::Rng;
use crate::kafka::time::{Time, earlier};
use crate::world::operations::{Action, PowerLoss};
use bytes::Bytes;
use std::collections::VecDeque;
use std::collections::{BTreeMap, BTreeSet};

enum Process {
    Running(Box<Broker>),
    /// In a controlled shutdown.
    Stopping(Box<Broker>),
    /// Frozen; what comes waits.
    Paused(Box<Broker>, VecDeque<Input>),
    Down(Disk),
}

struct Node {
    options: BrokerOptions,
    process: Process,
    backend: Option<DataDir>,
    boots: u64,
    /// Its client listener is open.
    listening: bool,
}

/// A connection from one node to another.
#[derive(Clone, Copy)]
struct Link {
    from: usize,
    peer: PeerConn,
    to: usize,
}

enum Input {
    Connected(ConnId, String, bool),
    Frame(ConnId, Bytes),
    Disconnected(ConnId),
    PeerConnected(PeerConn),
    PeerFrame(PeerConn, Bytes),
    PeerDisconnected(PeerConn),
}

/// What the sockets have to do.
pub(crate) enum Out {
    Send(ConnId, Bytes),
    Close(ConnId),
    /// The node's process is gone: its sockets and its listener too.
    Down(usize),
    /// It runs (again): it listens.
    Up(usize),
}

pub(crate) struct Cluster {
    nodes: Vec<Node>,
    links: BTreeMap<ConnId, Link>,
    /// Which of its links a node means by its own name for it.
    dialled: BTreeMap<(usize, PeerConn), ConnId>,
    isolated: BTreeSet<usize>,
    /// Frames that cannot pass while a node is isolated.
    stuck: Vec<(usize, usize, Input)>,
    inbox: VecDeque<(usize, Input)>,
    outs: VecDeque<Out>,
    next_conn: u64,
}

impl Cluster {
    /// Boots every node; `parts` has their options, data directories and disks. Connection ids begin at `first_conn`.
    pub(crate) fn open(now: Time, parts: Vec<(BrokerOptions, Option<DataDir>, Disk)>, first_conn: u64) -> Result<Self, OpenError> {
        let mut nodes = Vec::new();
        for (options, backend, mut disk) in parts {
            if backend.is_some() {
                disk.keep_journal();
            }
            let broker = Broker::open(now, options.clone(), disk)?;
            nodes.push(Node { options, process: Process::Running(Box::new(broker)), backend, boots: 1, listening: false });
        }
        let mut cluster = Self {
            nodes,
            links: BTreeMap::new(),
            dialled: BTreeMap::new(),
            isolated: BTreeSet::new(),
            stuck: Vec::new(),
            inbox: VecDeque::new(),
            outs: VecDeque::new(),
            next_conn: first_conn,
        };
        for node in 0..cluster.nodes.len() {
            cluster.drain(now, node);
        }
        cluster.pump(now);
        Ok(cluster)
    }

    /// Whether the controller counts every broker in.
    pub(crate) fn is_ready(&self) -> bool {
        self.nodes.iter().all(|node| matches!(&node.process, Process::Running(broker) if broker.is_unfenced()))
    }

    pub(crate) fn poll_out(&mut self) -> Option<Out> {
        self.outs.pop_front()
    }

    /// A connection from outside, accepted at one of this node's two doors.
    pub(crate) fn accept(&mut self, now: Time, node: usize, peer: &str, controller: bool) -> ConnId {
        let conn = self.fresh();
        self.give(now, node, Input::Connected(conn, peer.to_owned(), controller));
        conn
    }

    pub(crate) fn frame(&mut self, now: Time, node: usize, conn: ConnId, frame: Bytes) {
        self.give(now, node, Input::Frame(conn, frame));
    }

    pub(crate) fn disconnected(&mut self, now: Time, node: usize, conn: ConnId) {
        self.give(now, node, Input::Disconnected(conn));
    }

    /// Whether the node's clients are heard: it is neither frozen nor isolated.
    pub(crate) fn hears(&self, node: usize) -> bool {
        let frozen = matches!(self.nodes.get(node).map(|node| &node.process), Some(Process::Paused(..)));
        !frozen && !self.isolated.contains(&node)
    }

    pub(crate) fn deadline(&self) -> Option<Time> {
        let deadlines = self.nodes.iter().filter_map(|node| match &node.process {
            Process::Running(broker) | Process::Stopping(broker) => broker.poll_timeout(),
            _ => None,
        });
        deadlines.fold(None, |first, next| earlier(first, Some(next))).map(|(at, _)| at)
    }

    pub(crate) fn handle_timeout(&mut self, now: Time) {
        for index in 0..self.nodes.len() {
            if let Some(Process::Running(broker) | Process::Stopping(broker)) = self.nodes.get_mut(index).map(|node| &mut node.process)
                && broker.poll_timeout().is_some_and(|(at, _)| at <= now)
            {
                broker.handle_timeout(now);
                self.drain(now, index);
            }
        }
        self.pump(now);
    }

    /// Carries the disks' changes to the data directories.
    pub(crate) fn persist(&mut self) -> Result<(), DataError> {
        for node in &mut self.nodes {
            let Some(backend) = &mut node.backend else { continue };
            let disk = match &mut node.process {
                Process::Running(broker) | Process::Stopping(broker) | Process::Paused(broker, _) => broker.disk_mut(),
                Process::Down(disk) => disk,
            };
            while let Some(change) = disk.poll_change() {
                backend.apply(change)?;
            }
        }
        Ok(())
    }

    /// All nodes stop gracefully, once the controller has let all of them go; those that are frozen are killed. True once all are down.
    pub(crate) fn shut_down(&mut self, now: Time) -> bool {
        for index in 0..self.nodes.len() {
            match self.nodes.get(index).map(|node| &node.process) {
                Some(Process::Running(_)) => self.stop(now, index, Broker::handle_shutdown_of_all),
                Some(Process::Paused(..)) => self.end(now, index, |_| {}),
                _ => {}
            }
        }
        self.pump(now);
        let released = |node: &Node| match &node.process {
            Process::Stopping(broker) => broker.is_released(),
            Process::Down(_) => true,
            Process::Running(_) | Process::Paused(..) => false,
        };
        if self.nodes.iter().all(released) {
            for index in 0..self.nodes.len() {
                self.stop(now, index, Broker::finish_shutdown);
            }
            self.pump(now);
        }
        self.nodes.iter().all(|node| matches!(node.process, Process::Down(_)))
    }

    /// # Errors
    /// A sentence: why it cannot be done; nothing has changed.
    pub(crate) fn act(&mut self, now: Time, action: &Action) -> Result<(), String> {
        if let Action::Heal(_) = action {
            self.isolated.clear();
            for (from, to, input) in std::mem::take(&mut self.stuck) {
                self.post(from, to, input);
            }
        } else {
            let index = self.index_of(action)?;
            self.act_on(now, index, action)?;
        }
        self.pump(now);
        Ok(())
    }

    /// The broker to which it is done.
    fn index_of(&self, action: &Action) -> Result<usize, String> {
        let name = action.nodes().first().map(|name| name.to_string()).unwrap_or_default();
        let id = name.strip_prefix("broker-").and_then(|id| id.parse::<usize>().ok());
        let index = id.and_then(|id| id.checked_sub(1)).filter(|index| *index < self.nodes.len());
        index.ok_or_else(|| match name.as_str() {
            "" => format!("{} cannot be done here", action.keyword()),
            _ => format!("there is no {name}; broker-1 to broker-{} are there", self.nodes.len()),
        })
    }

    fn act_on(&mut self, now: Time, index: usize, action: &Action) -> Result<(), String> {
        let id = index + 1;
        let process = self.nodes.get(index).map(|node| &node.process);
        let (runs, frozen) = (matches!(process, Some(Process::Running(_))), matches!(process, Some(Process::Paused(..))));
        let alive = !matches!(process, Some(Process::Down(_)));
        match action {
            Action::Kill(_) | Action::PowerLoss(_) if !alive => return Err(format!("broker {id} is not running; restart {id} first")),
            Action::Kill(_) => self.end(now, index, |_| {}),
            Action::PowerLoss(PowerLoss { torn: false, .. }) => self.end(now, index, Disk::lose_unflushed),
            Action::PowerLoss(_) => {
                let mut rng = Rng::stream(now.0.unsigned_abs(), "torn");
                self.end(now, index, |disk| disk.tear_unflushed(|bytes| rng.below(bytes + 1)));
            }
            Action::Wipe(_) => match self.nodes.get_mut(index).map(|node| &mut node.process) {
                Some(Process::Down(disk)) => disk.wipe(),
                _ => return Err(format!("broker {id} is running; kill {id} first")),
            },
            Action::Stop(_) if runs => self.stop(now, index, Broker::handle_shutdown),
            Action::Stop(_) => return Err(format!("broker {id} is not running")),
            Action::Restart(_) if alive => return Err(format!("broker {id} is running")),
            Action::Restart(_) => self.start(now, index)?,
            Action::Pause(_) if !runs => return Err(format!("broker {id} is not running")),
            Action::Pause(_) => self.switch(index, |process| match process {
                Process::Running(broker) => Process::Paused(broker, VecDeque::new()),
                other => other,
            }),
            Action::Resume(_) if !frozen => return Err(format!("broker {id} is not frozen")),
            Action::Resume(_) => {
                let mut waited = VecDeque::new();
                self.switch(index, |process| match process {
                    Process::Paused(broker, held) => {
                        waited = held;
                        Process::Running(broker)
                    }
                    other => other,
                });
                waited.into_iter().for_each(|input| self.inbox.push_back((index, input)));
            }
            Action::Isolate(_) => {
                self.isolated.insert(index);
            }
            _ => return Err(format!("{} cannot be done here", action.keyword())),
        }
        Ok(())
    }

    fn switch(&mut self, index: usize, change: impl FnOnce(Process) -> Process) {
        if let Some(node) = self.nodes.get_mut(index) {
            let process = std::mem::replace(&mut node.process, Process::Down(Disk::default()));
            node.process = change(process);
        }
    }

    fn fresh(&mut self) -> ConnId {
        self.next_conn += 1;
        ConnId(self.next_conn - 1)
    }

    fn stop(&mut self, now: Time, index: usize, how: impl FnOnce(&mut Broker, Time)) {
        self.switch(index, |process| match process {
            Process::Running(broker) => Process::Stopping(broker),
            other => other,
        });
        if let Some(Process::Stopping(broker)) = self.nodes.get_mut(index).map(|node| &mut node.process) {
            how(broker, now);
        }
        self.drain(now, index);
    }

    /// The process ends; its connections break.
    fn end(&mut self, now: Time, index: usize, loses: impl FnOnce(&mut Disk)) {
        self.switch(index, |process| match process {
            Process::Running(broker) | Process::Stopping(broker) | Process::Paused(broker, _) => {
                let mut disk = broker.into_disk();
                loses(&mut disk);
                Process::Down(disk)
            }
            down => down,
        });
        let broken: Vec<(ConnId, Link)> =
            self.links.iter().filter(|(_, link)| link.from == index || link.to == index).map(|(conn, link)| (*conn, *link)).collect();
        for (conn, link) in broken {
            self.links.remove(&conn);
            self.dialled.remove(&(link.from, link.peer));
            let input = if link.from == index { Input::Disconnected(conn) } else { Input::PeerDisconnected(link.peer) };
            self.inbox.push_back((if link.from == index { link.to } else { link.from }, input));
        }
        self.stuck.retain(|(from, to, _)| *from != index && *to != index);
        self.inbox.retain(|(to, _)| *to != index);
        if let Some(node) = self.nodes.get_mut(index) {
            node.listening = false;
        }
        self.outs.push_back(Out::Down(index));
        self.pump(now);
    }

    fn start(&mut self, now: Time, index: usize) -> Result<(), String> {
        let Some(node) = self.nodes.get_mut(index) else { return Ok(()) };
        let Process::Down(disk) = &mut node.process else { return Ok(()) };
        let mut options = node.options.clone();
        node.boots += 1;
        options.seed = options.seed.wrapping_add(node.boots.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let disk = std::mem::take(disk);
        // Not lost, should the broker refuse it.
        let kept = disk.clone();
        match Broker::open(now, options, disk) {
            Ok(broker) => node.process = Process::Running(Box::new(broker)),
            Err(error) => {
                node.process = Process::Down(kept);
                return Err(error.to_string());
            }
        }
        self.drain(now, index);
        Ok(())
    }

    fn give(&mut self, now: Time, node: usize, input: Input) {
        self.inbox.push_back((node, input));
        self.pump(now);
    }

    /// From one node to another, unless one of them is isolated.
    fn post(&mut self, from: usize, to: usize, input: Input) {
        if self.isolated.contains(&from) || self.isolated.contains(&to) {
            self.stuck.push((from, to, input));
        } else {
            self.inbox.push_back((to, input));
        }
    }

    fn pump(&mut self, now: Time) {
        while let Some((index, input)) = self.inbox.pop_front() {
            let Some(node) = self.nodes.get_mut(index) else { continue };
            match &mut node.process {
                Process::Running(broker) | Process::Stopping(broker) => match input {
                    Input::Connected(conn, peer, false) => broker.handle_connected(now, conn, &peer),
                    Input::Connected(conn, peer, true) => broker.handle_controller_connected(now, conn, &peer),
                    Input::Frame(conn, frame) => broker.handle_frame(now, conn, frame),
                    Input::Disconnected(conn) => broker.handle_disconnected(now, conn),
                    Input::PeerConnected(peer) => broker.handle_peer_connected(now, peer),
                    Input::PeerFrame(peer, frame) => broker.handle_peer_frame(now, peer, frame),
                    Input::PeerDisconnected(peer) => broker.handle_peer_disconnected(now, peer),
                },
                Process::Paused(_, held) => held.push_back(input),
                Process::Down(_) => {}
            }
            self.drain(now, index);
        }
    }

    fn drain(&mut self, now: Time, index: usize) {
        loop {
            let Some(node) = self.nodes.get_mut(index) else { return };
            let (Process::Running(broker) | Process::Stopping(broker)) = &mut node.process else { return };
            if !node.listening && broker.serves_clients() {
                node.listening = true;
                self.outs.push_back(Out::Up(index));
            }
            let Some(output) = broker.poll_output() else { return };
            match output {
                Output::Send { conn, frame } => match self.links.get(&conn).copied() {
                    Some(link) => self.post(index, link.from, Input::PeerFrame(link.peer, frame)),
                    None => self.outs.push_back(Out::Send(conn, frame)),
                },
                Output::Close { conn, why } => match self.links.remove(&conn) {
                    Some(link) => {
                        self.dialled.remove(&(link.from, link.peer));
                        self.post(index, link.from, Input::PeerDisconnected(link.peer));
                    }
                    None => {
                        err(&format!("connection {}: closed: {why}", conn.0));
                        self.outs.push_back(Out::Close(conn));
                    }
                },
                Output::Dial { conn, host, port } => self.dial(index, conn, &host, port),
                Output::SendPeer { conn, frame } => {
                    if let Some((id, link)) = self.link(index, conn) {
                        self.post(index, link.to, Input::Frame(id, frame));
                    }
                }
                Output::HangUp { conn } => {
                    if let Some((id, link)) = self.link(index, conn) {
                        self.links.remove(&id);
                        self.dialled.remove(&(index, conn));
                        self.post(index, link.to, Input::Disconnected(id));
                    }
                }
                Output::Halt { why } => {
                    err(&format!("broker {} halts: {why}", index + 1));
                    return self.end(now, index, |_| {});
                }
                Output::Stopped => return self.end(now, index, |_| {}),
                Output::Log(line) if self.nodes.len() == 1 => err(&line),
                Output::Log(line) => err(&format!("broker {}: {line}", index + 1)),
                Output::Event(_) => {}
            }
        }
    }

    fn link(&self, from: usize, peer: PeerConn) -> Option<(ConnId, Link)> {
        let id = *self.dialled.get(&(from, peer))?;
        Some((id, *self.links.get(&id)?))
    }

    fn dial(&mut self, from: usize, peer: PeerConn, host: &str, port: i32) {
        let target = self
            .nodes
            .iter()
            .position(|node| &*node.options.host == host && [node.options.port, node.options.controller_port].contains(&port));
        let up = |node: &Node| match node.process {
            Process::Down(_) => false,
            _ => node.listening || node.options.controller_port == port,
        };
        let Some(to) = target.filter(|to| self.nodes.get(*to).is_some_and(up)) else {
            self.inbox.push_back((from, Input::PeerDisconnected(peer)));
            return;
        };
        if self.isolated.contains(&from) || self.isolated.contains(&to) {
            // Nobody answers: the dialler's own timeout ends it.
            return;
        }
        let controller = self.nodes.get(to).is_some_and(|node| node.options.controller_port == port);
        let conn = self.fresh();
        self.links.insert(conn, Link { from, peer, to });
        self.dialled.insert((from, peer), conn);
        self.post(from, to, Input::Connected(conn, format!("/{host}"), controller));
        self.post(to, from, Input::PeerConnected(peer));
    }
}
