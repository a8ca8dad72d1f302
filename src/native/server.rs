//! `tidepool broker`: the broker node on real sockets, one thread, the wall clock handed in.
//!
//! Each turn: wait for sockets or the broker's next deadline; hand in what came; carry the disk's changes to the data
//! directory; only then send the answers.

use super::args::BrokerArgs;
use super::connection::{Connection, MAX_UNSENT_BYTES, Turn};
use super::data_dir::{DataDir, DataError};
use super::err;
use crate::kafka::broker::{Broker, BrokerOptions, ConnId, OpenError, Output};
use crate::kafka::disk::Disk;
use crate::kafka::map::{Map, Set};
use crate::kafka::rng::Rng;
use crate::kafka::time::Time;
use mio::net::TcpListener;
use mio::{Events, Interest, Poll, Token};
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::net::ToSocketAddrs as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Connections held at once; one more is closed at once, with a line.
const MAX_CONNECTIONS: usize = 10_000;

/// A stop signal is seen after this long at the latest.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

const LISTENER: Token = Token(0);
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
    let (backend, mut disk) = match &args.data {
        Some(dir) => DataDir::open(dir).map(|(backend, disk)| (Some(backend), disk))?,
        None => (None, Disk::default()),
    };
    if backend.is_some() {
        disk.keep_journal();
    }
    let address = format!("{}:{}", args.listen.0, args.listen.1);
    let refused = |source| ServeError::Listen { address: address.clone(), source };
    let socket = (args.listen.0.as_str(), args.listen.1).to_socket_addrs().map_err(refused)?.next();
    let socket = socket.ok_or_else(|| refused(io::ErrorKind::NotFound.into()))?;
    let mut listener = TcpListener::bind(socket).map_err(refused)?;
    let bound = listener.local_addr()?;
    let (host, port) = args.advertise.unwrap_or_else(|| {
        let host = if bound.ip().is_unspecified() { "localhost".to_owned() } else { args.listen.0.clone() };
        (host, bound.port())
    });
    let seed = std::collections::hash_map::RandomState::new().build_hasher().finish();
    let options = BrokerOptions {
        node_id: 1,
        cluster_id: cluster_id(seed).into(),
        host: host.into(),
        port: i32::from(port),
        voters: Vec::new(),
        controller_port: 9093,
        sabotage: None,
        config: args.config,
        seed,
    };
    let broker = Broker::open(now(), options, disk)?;

    let poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let mut server = Server {
        poll,
        listener,
        broker,
        backend,
        connections: Map::new(),
        next_conn: 1,
        readable: Set::new(),
        writable: Set::new(),
        scratch: vec![0; SCRATCH_BYTES],
    };
    server.drain();
    server.persist()?;
    err(&format!("listening on {bound}"));
    server.run(&stop)
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
    listener: TcpListener,
    broker: Broker,
    backend: Option<DataDir>,
    connections: Map<ConnId, Connection>,
    next_conn: u64,
    /// Sockets that may have more to read: readiness is told once, when it begins.
    readable: Set<ConnId>,
    /// Connections with something to send.
    writable: Set<ConnId>,
    scratch: Vec<u8>,
}

impl Server {
    fn run(&mut self, stop: &AtomicBool) -> Result<(), ServeError> {
        let mut events = Events::with_capacity(1024);
        while !stop.load(Ordering::Relaxed) {
            match self.poll.poll(&mut events, Some(self.wait())) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                result => result?,
            }
            for event in &events {
                if event.token() == LISTENER {
                    self.accept()?;
                    continue;
                }
                let conn = ConnId(event.token().0 as u64);
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
            if self.broker.poll_timeout().is_some_and(|(at, _)| at <= now()) {
                self.broker.handle_timeout(now());
                self.drain();
            }
            self.persist()?;
            for conn in std::mem::take(&mut self.writable) {
                self.write(conn);
            }
        }
        err("stopping: logs are closed and checkpoints written");
        self.broker.handle_shutdown(now());
        self.drain();
        self.persist()
    }

    /// Until the next deadline; not at all while a socket is known to have more.
    fn wait(&self) -> Duration {
        let readable = |conn| self.connections.get(conn).is_some_and(|c| c.unsent() <= MAX_UNSENT_BYTES);
        if self.readable.iter().any(readable) {
            return Duration::ZERO;
        }
        let Some((at, _)) = self.broker.poll_timeout() else { return LONGEST_WAIT };
        Duration::from_micros(u64::try_from(at.micros_since(now())).unwrap_or(0)).min(LONGEST_WAIT)
    }

    fn accept(&mut self) -> Result<(), ServeError> {
        loop {
            let (mut stream, peer) = match self.listener.accept() {
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
            let conn = ConnId(self.next_conn);
            self.next_conn += 1;
            self.poll.registry().register(&mut stream, Token(conn.0 as usize), Interest::READABLE | Interest::WRITABLE)?;
            self.connections.insert(conn, Connection::new(stream));
            self.broker.handle_connected(now(), conn, &format!("/{}", peer.ip()));
            self.drain();
            self.readable.insert(conn);
        }
    }

    fn read(&mut self, conn: ConnId) {
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        if connection.closing {
            // What it still says is not heard; that it went is.
            if matches!(connection.read(&mut self.scratch), Turn::Closed) {
                self.forget(conn);
            }
            return;
        }
        if connection.unsent() > MAX_UNSENT_BYTES {
            self.readable.insert(conn);
            return;
        }
        let turn = connection.read(&mut self.scratch);
        loop {
            let Some(connection) = self.connections.get_mut(&conn).filter(|connection| !connection.closing) else { return };
            match connection.next_frame() {
                Ok(Some(frame)) => {
                    self.broker.handle_frame(now(), conn, frame);
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
        let Some(connection) = self.connections.get_mut(&conn) else { return };
        let alive = connection.write();
        if !alive || (connection.closing && connection.unsent() == 0) {
            self.forget(conn);
        }
    }

    /// The connection is gone: dropping the stream closes it.
    fn forget(&mut self, conn: ConnId) {
        if self.connections.remove(&conn).is_some() {
            self.broker.handle_disconnected(now(), conn);
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.broker.poll_output() {
            match output {
                Output::Send { conn, frame } => {
                    if let Some(connection) = self.connections.get_mut(&conn) {
                        connection.send(frame);
                        self.writable.insert(conn);
                    }
                }
                Output::Close { conn, why } => {
                    err(&format!("connection {}: closed: {why}", conn.0));
                    if let Some(connection) = self.connections.get_mut(&conn) {
                        connection.closing = true;
                        self.writable.insert(conn);
                    }
                }
                Output::Log(line) => err(&line),
                Output::Dial { .. } | Output::SendPeer { .. } | Output::HangUp { .. } | Output::Halt { .. } | Output::Stopped => {}
                Output::Event(_) => {}
            }
        }
    }

    fn persist(&mut self) -> Result<(), ServeError> {
        let Some(backend) = &mut self.backend else { return Ok(()) };
        while let Some(change) = self.broker.disk_mut().poll_change() {
            backend.apply(change)?;
        }
        Ok(())
    }
}
