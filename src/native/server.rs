//! `tidepool broker`: broker nodes on real sockets, one thread, the wall clock handed in.
//!
//! Each turn: wait for sockets, a command on standard input or the brokers' next deadline; hand in what came; carry the disks' changes to
//! the data directories; only then send the answers.

use super::args::BrokerArgs;
use super::cluster::{Cluster, Out};
use super::connection::{Connection, MAX_UNSENT_BYTES, Turn};
use super::data_dir::{DataDir, DataError};
use super::err;
use super::fault;
use crate::kafka::broker::{BrokerOptions, ConnId, OpenError};
use crate::kafka::config::{BrokerConfig, fit_internal_topics};
use crate::kafka::controller::Voter;
use crate::kafka::disk::Disk;
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use bytes::Bytes;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token, Waker};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Connections held at once; one more is closed at once, with a line.
const MAX_CONNECTIONS: usize = 10_000;

/// A stop signal is seen after this long at the latest.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// How long clients wait for the brokers to elect a controller and register, in microseconds; it takes about a second.
const READY_TIMEOUT_US: i64 = 30_000_000;

/// How long a graceful stop may take, in microseconds.
const STOP_TIMEOUT_US: i64 = 30_000_000;

/// Tokens below it are the doors of the nodes, then standard input; connections come after.
const FIRST_CONN: u64 = 64;
const INPUT: Token = Token(63);
const SCRATCH_BYTES: usize = 256 << 10;

#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    #[error("{address}: {source}")]
    Listen { address: String, source: io::Error },
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("the event loop: {0}")]
    Poll(#[from] io::Error),
}

/// Serves until SIGTERM or SIGINT, then stops gracefully.
pub(crate) fn serve(args: BrokerArgs) -> Result<(), ServeError> {
    let mut config: SortedVecMap<String, String> = args.config.iter().cloned().collect();
    let fitted = fit_internal_topics(&mut config, args.brokers.into());
    if !fitted.is_empty() {
        err(&format!("{}: Kafka's defaults are for more brokers than {}; --config sets others", fitted.join(", "), args.brokers));
    }
    let max_frame = BrokerConfig::new(config.clone()).map_err(OpenError::from)?.socket_request_max_bytes;
    let mut doors = Vec::new();
    for index in 0..args.brokers {
        let port = if args.listen.1 == 0 { 0 } else { args.listen.1.saturating_add(index) };
        doors.push(Door::open(usize::from(index), false, bind(&args.listen.0, port)?)?);
    }
    for index in 0..args.brokers {
        doors.push(Door::open(usize::from(index), true, bind_controller(&args, index)?)?);
    }
    let seed = std::collections::hash_map::RandomState::new().build_hasher().finish();
    let homes: Vec<(Arc<str>, i32)> = doors.iter().zip(0_u16..).map(|(door, index)| door.home(&args, index)).collect();
    let (brokers, controllers) = homes.split_at(usize::from(args.brokers));
    let voters = controllers.iter().zip(1_i32..).map(|((host, port), id)| Voter { id, host: host.clone(), port: *port });
    // As many vote as make an odd number, five at most.
    let voters: Vec<Voter> = voters.take(usize::from(args.brokers.min(5)).saturating_sub(1) / 2 * 2 + 1).collect();
    let cluster_id: Arc<str> = cluster_id(seed).into();
    let mut parts = Vec::new();
    for (((host, port), (_, controller_port)), node_id) in brokers.iter().zip(controllers).zip(1_i32..) {
        let dir = args.data.as_ref().map(|dir| if args.brokers == 1 { dir.clone() } else { dir.join(format!("broker-{node_id}")) });
        let mut config = config.clone();
        if let Some(dir) = &dir {
            config.entry("log.dirs".into()).or_insert_with(|| dir.display().to_string());
        }
        let (backend, disk) = match dir {
            Some(dir) => DataDir::open(&dir).map(|(backend, disk)| (Some(backend), disk))?,
            None => (None, Disk::default()),
        };
        let options = BrokerOptions {
            node_id,
            cluster_id: cluster_id.clone(),
            host: host.clone(),
            port: *port,
            voters: voters.clone(),
            controller_port: *controller_port,
            sabotage: None,
            config,
            seed: Rng::stream(seed, &format!("broker-{node_id}")).next_u64(),
        };
        parts.push((options, backend, disk));
    }
    let mut cluster = Cluster::open(now(), parts, FIRST_CONN)?;
    let last = now().plus_micros(READY_TIMEOUT_US);
    while !cluster.is_ready() && now() < last {
        std::thread::sleep(Duration::from_millis(2));
        cluster.handle_timeout(now());
    }

    let poll = Poll::new()?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let commands = listen_to_input(&poll, args.brokers > 1)?;
    let mut server = Server {
        poll,
        doors,
        max_frame: u32::try_from(max_frame).unwrap_or(0),
        cluster,
        connections: BTreeMap::new(),
        readable: BTreeSet::new(),
        writable: BTreeSet::new(),
        scratch: vec![0; SCRATCH_BYTES],
    };
    for (index, door) in server.doors.iter_mut().enumerate() {
        if let Some(listener) = &mut door.listener {
            server.poll.registry().register(listener, Token(index), Interest::READABLE)?;
        }
    }
    server.drain();
    server.cluster.persist()?;
    for door in &server.doors {
        match door.controller {
            false => err(&format!("listening on {}", door.address)),
            true => err(&format!("the controller of broker {} is at {}", door.node + 1, door.address)),
        }
    }
    server.run(&stop, &commands)
}

/// Where a node is reached: as a broker, or as a controller.
struct Door {
    node: usize,
    controller: bool,
    address: SocketAddr,
    /// `None` while the node is down.
    listener: Option<TcpListener>,
}

impl Door {
    fn open(node: usize, controller: bool, listener: TcpListener) -> Result<Self, ServeError> {
        Ok(Self { node, controller, address: listener.local_addr()?, listener: Some(listener) })
    }

    /// The host and the port that others are told. `index`: among all doors.
    fn home(&self, args: &BrokerArgs, index: u16) -> (Arc<str>, i32) {
        let (host, port) = match &args.advertise {
            Some((host, port)) => (host.clone(), port.saturating_add(index)),
            None if self.address.ip().is_unspecified() => ("localhost".to_owned(), self.address.port()),
            None => (args.listen.0.clone(), self.address.port()),
        };
        (host.into(), port.into())
    }
}

/// A controller's port follows those of all brokers; where that is taken, any other.
fn bind_controller(args: &BrokerArgs, index: u16) -> Result<TcpListener, ServeError> {
    let port = if args.listen.1 == 0 { 0 } else { args.listen.1.saturating_add(args.brokers).saturating_add(index) };
    bind(&args.listen.0, port).or_else(|error| {
        err(&format!("the controller of broker {} listens elsewhere: {error}", index + 1));
        bind(&args.listen.0, 0)
    })
}

fn bind(host: &str, port: u16) -> Result<TcpListener, ServeError> {
    let address = format!("{host}:{port}");
    let refused = |source| ServeError::Listen { address: address.clone(), source };
    let socket = (host, port).to_socket_addrs().map_err(refused)?.next();
    TcpListener::bind(socket.ok_or_else(|| refused(io::ErrorKind::NotFound.into()))?).map_err(refused)
}

/// Lines of standard input, read beside the loop, which they wake. A single broker does not read it.
fn listen_to_input(poll: &Poll, wanted: bool) -> io::Result<mpsc::Receiver<String>> {
    let (sender, receiver) = mpsc::channel();
    if wanted {
        let waker = Waker::new(poll.registry(), INPUT)?;
        std::thread::spawn(move || {
            for line in io::stdin().lines().map_while(Result::ok) {
                if sender.send(line).is_err() || waker.wake().is_err() {
                    break;
                }
            }
        });
    }
    Ok(receiver)
}

/// Microseconds since the Unix epoch: the only place where the broker's time comes from.
fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// 16 bytes in URL-safe base64, as `kafka-storage random-uuid` prints them.
fn cluster_id(seed: u64) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits = Rng::stream(seed, "cluster id").uuid().as_u128();
    (0..22).map(|i| char::from(ALPHABET[(bits.rotate_left(6 * (i + 1)) & 63) as usize])).collect()
}

struct Server {
    poll: Poll,
    /// The brokers', by node, then the controllers'.
    doors: Vec<Door>,
    /// `socket.request.max.bytes`.
    max_frame: u32,
    cluster: Cluster,
    /// Each with the node that it is connected to.
    connections: BTreeMap<ConnId, (usize, Connection)>,
    /// Sockets that may have more to read: readiness is told once, when it begins.
    readable: BTreeSet<ConnId>,
    /// Connections with something to send.
    writable: BTreeSet<ConnId>,
    scratch: Vec<u8>,
}

impl Server {
    fn run(&mut self, stop: &AtomicBool, commands: &mpsc::Receiver<String>) -> Result<(), ServeError> {
        let mut events = Events::with_capacity(1024);
        while !stop.load(Ordering::Relaxed) {
            self.turn(&mut events)?;
            while let Ok(line) = commands.try_recv() {
                self.command(&line);
            }
        }
        err("stopping: logs are closed and checkpoints written");
        let last = now().plus_micros(STOP_TIMEOUT_US);
        while !self.cluster.shut_down(now()) && now() < last {
            self.turn(&mut events)?;
        }
        self.drain();
        Ok(self.cluster.persist()?)
    }

    fn turn(&mut self, events: &mut Events) -> Result<(), ServeError> {
        match self.poll.poll(events, Some(self.wait())) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            result => result?,
        }
        for event in events.iter() {
            let token = event.token().0;
            if event.token() == INPUT {
                continue;
            }
            if token < self.doors.len() {
                self.accept(token)?;
                continue;
            }
            let conn = ConnId(token as u64);
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.readable.insert(conn);
            }
            if event.is_writable() {
                self.writable.insert(conn);
            }
        }
        for conn in std::mem::take(&mut self.readable) {
            self.read(conn);
        }
        if self.cluster.deadline().is_some_and(|at| at <= now()) {
            self.cluster.handle_timeout(now());
        }
        self.drain();
        self.cluster.persist()?;
        for conn in std::mem::take(&mut self.writable) {
            self.write(conn);
        }
        Ok(())
    }

    fn command(&mut self, line: &str) {
        let done = match fault::parse(line) {
            Ok(None) => return,
            Ok(Some(action)) => self.cluster.act(now(), &action),
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => err(&format!("done: {}", line.trim())),
            Err(why) => err(&format!("not done: {}: {why}", line.trim())),
        }
        self.drain();
    }

    /// Until the next deadline; not at all while a socket is known to have more.
    fn wait(&self) -> Duration {
        let readable =
            |conn| self.connections.get(conn).is_some_and(|(node, c)| c.unsent() <= MAX_UNSENT_BYTES && self.cluster.hears(*node));
        if self.readable.iter().any(readable) {
            return Duration::ZERO;
        }
        let Some(at) = self.cluster.deadline() else { return LONGEST_WAIT };
        Duration::from_micros(u64::try_from(at.micros_since(now())).unwrap_or(0)).min(LONGEST_WAIT)
    }

    fn accept(&mut self, door: usize) -> Result<(), ServeError> {
        loop {
            let Some(Door { node, controller, listener: Some(listener), .. }) = self.doors.get(door) else { return Ok(()) };
            let (node, controller) = (*node, *controller);
            let (mut stream, peer) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                // The client is gone already, or descriptors ran out: the others go on.
                Err(error) => {
                    err(&format!("accept: {error}"));
                    return Ok(());
                }
            };
            if self.connections.len() >= MAX_CONNECTIONS {
                err(&format!("{peer}: refused, {MAX_CONNECTIONS} connections are open"));
                continue;
            }
            stream.set_nodelay(true).ok();
            let conn = self.cluster.accept(now(), node, &format!("/{}", peer.ip()), controller);
            self.poll.registry().register(&mut stream, Token(conn.0 as usize), Interest::READABLE | Interest::WRITABLE)?;
            self.connections.insert(conn, (node, Connection::new(stream)));
            self.drain();
            self.readable.insert(conn);
        }
    }

    fn read(&mut self, conn: ConnId) {
        let Some((node, connection)) = self.connections.get_mut(&conn) else { return };
        let node = *node;
        if connection.closing {
            // What it still says is not heard; that it went is.
            if matches!(connection.read(&mut self.scratch), Turn::Closed) {
                self.forget(conn);
            }
            return;
        }
        if connection.unsent() > MAX_UNSENT_BYTES || !self.cluster.hears(node) {
            self.readable.insert(conn);
            return;
        }
        let turn = connection.read(&mut self.scratch);
        loop {
            let Some((_, connection)) = self.connections.get_mut(&conn).filter(|(_, connection)| !connection.closing) else { return };
            match connection.next_frame(self.max_frame) {
                Ok(Some(frame)) => {
                    self.cluster.frame(now(), node, conn, frame);
                    self.drain();
                }
                Ok(None) => break,
                Err(error) => {
                    err(&format!("connection {}: closed: {error}", conn.0));
                    self.forget(conn);
                    return;
                }
            }
        }
        match turn {
            Turn::Drained => {}
            Turn::More => {
                self.readable.insert(conn);
            }
            Turn::Closed => self.forget(conn),
        }
    }

    fn write(&mut self, conn: ConnId) {
        let Some((node, connection)) = self.connections.get_mut(&conn) else { return };
        if !self.cluster.hears(*node) {
            self.writable.insert(conn);
            return;
        }
        let alive = connection.write();
        if !alive || (connection.closing && connection.unsent() == 0) {
            self.forget(conn);
        }
    }

    /// The connection is gone: dropping the stream closes it.
    fn forget(&mut self, conn: ConnId) {
        if let Some((node, _)) = self.connections.remove(&conn) {
            self.cluster.disconnected(now(), node, conn);
            self.drain();
        }
    }

    fn send(&mut self, conn: ConnId, frame: Option<Bytes>) {
        let Some((_, connection)) = self.connections.get_mut(&conn) else { return };
        match frame {
            Some(frame) => connection.send(frame),
            None => connection.closing = true,
        }
        self.writable.insert(conn);
    }

    fn drain(&mut self) {
        while let Some(out) = self.cluster.poll_out() {
            match out {
                Out::Send(conn, frame) => self.send(conn, Some(frame)),
                Out::Close(conn) => self.send(conn, None),
                Out::Down(node) => {
                    self.connections.retain(|_, (at, _)| *at != node);
                    self.doors.iter_mut().filter(|door| door.node == node).for_each(|door| door.listener = None);
                }
                Out::Up(node) => self.listen_again(node),
            }
        }
    }

    fn listen_again(&mut self, node: usize) {
        for (index, door) in self.doors.iter_mut().enumerate().filter(|(_, door)| door.node == node && door.listener.is_none()) {
            let listening = TcpListener::bind(door.address).and_then(|mut listener| {
                self.poll.registry().register(&mut listener, Token(index), Interest::READABLE)?;
                Ok(listener)
            });
            match listening {
                Ok(listener) => door.listener = Some(listener),
                Err(error) => err(&format!("{}: {error}; kill and restart broker {} to try again", door.address, node + 1)),
            }
        }
    }
}
