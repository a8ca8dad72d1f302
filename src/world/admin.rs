//! The admin client: topics are made, changed and deleted by frames, like everything else. It asks one broker after the other until one
//! answers: every broker forwards to the active controller.

use crate::kafka::time::{Deadline, Reason, Time};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message as m;
use crate::kafka::wire::message::ApiKey;
use crate::kafka::wire::message::Str;
use bytes::Bytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// What the requests give the broker, in milliseconds.
pub(super) const TIMEOUT_MS: i32 = 30_000;
/// How long it waits for a connection or an answer before it asks another broker, in milliseconds.
const PATIENCE_MS: i64 = 10_000;
/// How long a request is tried again (`default.api.timeout.ms`), in milliseconds.
const GIVE_UP_MS: i64 = 60_000;
/// Between two attempts, in milliseconds.
const BACKOFF_MS: i64 = 200;

/// What is said instead of a topic when all brokers are meant; no topic can be called that.
pub const ALL_BROKERS: &str = "all brokers";

/// The error code and message of an answer's first topic or broker; `None` when it names none.
pub(super) type Answer = Option<(i16, Option<Str>)>;

/// A request of the admin client: how its frame is made for a correlation id, and what its answer's frame says.
#[derive(Clone)]
pub(super) struct AdminRequest {
    api: ApiKey,
    /// What the request is about, in events: a topic, a broker, or `ALL_BROKERS`.
    name: Arc<str>,
    to: Option<i32>,
    done: Option<ErrorCode>,
    encode: Arc<dyn Fn(i32) -> Result<Bytes, frame::FrameError> + Send + Sync>,
    decode: Arc<dyn Fn(Bytes) -> Result<Answer, frame::FrameError> + Send + Sync>,
}

impl std::fmt::Debug for AdminRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} of {}", self.api, self.name)
    }
}

impl AdminRequest {
    /// `version`: which is spoken (brokers since 2.4 answer those used here). `answer` reads the response.
    pub(super) fn new<Q>(name: &Arc<str>, version: i16, request: Q, answer: fn(Q::Response) -> Answer) -> Self
    where
        Q: m::Request + Clone + Send + Sync + 'static,
        Q::Response: 'static,
    {
        Self {
            api: Q::KEY,
            name: name.clone(),
            to: None,
            done: None,
            encode: Arc::new(move |correlation| frame::encode_request(version, correlation, &Str::from("admin"), request.clone())),
            decode: Arc::new(move |bytes| {
                let (_, body) = frame::decode_response(Q::KEY, version, bytes)?;
                Ok(answer(frame::decode_body(body, version)?))
            }),
        }
    }

    /// Answered by this broker alone (`ConfigAdminManager.preprocess`); `None`: by any.
    pub(super) fn through(mut self, broker: Option<i32>) -> Self {
        self.to = broker;
        self
    }

    /// After an attempt without an answer this error means that the attempt has done it.
    pub(super) fn done_if(mut self, error: ErrorCode) -> Self {
        self.done = Some(error);
        self
    }

    fn decode(&self, bytes: Bytes) -> (ErrorCode, String) {
        match (self.decode)(bytes) {
            Ok(Some((code, message))) => (ErrorCode::from_code(code), message.map_or_else(String::new, |text| text.as_ref().to_owned())),
            Ok(None) => (ErrorCode::UnknownServerError, "the answer names no topic".into()),
            Err(error) => (ErrorCode::UnknownServerError, error.to_string()),
        }
    }
}

/// What an admin client wants from the network.
#[derive(Clone, Debug)]
pub(super) enum Output {
    Connect { conn: u64, host: Arc<str>, port: i32 },
    Send { conn: u64, frame: Bytes },
    HangUp { conn: u64 },
    Answered { api: ApiKey, topic: Arc<str>, error: ErrorCode, message: String },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Connection {
    /// To be dialled from then on.
    None(Time),
    Dialling(u64, Time),
    Open(u64),
}

/// A request under way or to be tried again.
#[derive(Clone, Debug)]
struct Task {
    request: AdminRequest,
    give_up: Time,
    attempts: u32,
}

/// One request at a time over one connection, which is opened when first needed.
#[derive(Clone, Debug)]
pub(super) struct Admin {
    brokers: Vec<(Arc<str>, i32)>,
    /// Whose turn it is.
    current: u32,
    connection: Connection,
    next_conn: u64,
    correlation: i32,
    waiting: VecDeque<Task>,
    /// With its deadline.
    asked: Option<(Task, Time)>,
    not_before: Time,
    outputs: VecDeque<Output>,
}

impl Admin {
    pub(super) fn new(brokers: Vec<(Arc<str>, i32)>) -> Self {
        Self {
            brokers,
            current: 0,
            connection: Connection::None(Time(i64::MIN)),
            next_conn: 1,
            correlation: 0,
            waiting: VecDeque::new(),
            asked: None,
            not_before: Time(i64::MIN),
            outputs: VecDeque::new(),
        }
    }

    pub(super) fn ask(&mut self, now: Time, request: AdminRequest) {
        self.waiting.push_back(Task { request, give_up: now.plus_millis(GIVE_UP_MS), attempts: 0 });
        self.go_on(now);
    }

    /// Nothing is asked for and not yet answered.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.asked.is_none()
    }

    fn go_on(&mut self, now: Time) {
        while self.waiting.front().is_some_and(|task| task.give_up <= now) && self.asked.is_none() {
            if let Some(task) = self.waiting.pop_front() {
                self.answered(&task.request, ErrorCode::RequestTimedOut, "no broker could do it in time".into());
            }
        }
        if self.asked.is_some() {
            return;
        }
        let Some(task) = self.waiting.front() else { return };
        if let Some(to) = task.request.to
            && let Ok(at) = u32::try_from(to - 1)
            && at != self.current
        {
            self.current = at;
            if let Connection::Dialling(conn, _) | Connection::Open(conn) = self.connection {
                self.outputs.push_back(Output::HangUp { conn });
                self.connection = Connection::None(now);
            }
        }
        match self.connection {
            Connection::None(at) if at <= now => {
                let conn = self.next_conn;
                self.next_conn += 1;
                self.connection = Connection::Dialling(conn, now.plus_millis(PATIENCE_MS));
                let at = u64::from(self.current) % (self.brokers.len() as u64).max(1);
                if let Some((host, port)) = self.brokers.get(at as usize).cloned() {
                    self.outputs.push_back(Output::Connect { conn, host, port });
                }
            }
            Connection::Open(conn) if self.not_before <= now => {
                let Some(mut task) = self.waiting.pop_front() else { return };
                self.correlation = self.correlation.wrapping_add(1);
                match (task.request.encode)(self.correlation) {
                    Ok(frame) => {
                        self.outputs.push_back(Output::Send { conn, frame });
                        task.attempts += 1;
                        self.asked = Some((task, now.plus_millis(PATIENCE_MS)));
                    }
                    Err(error) => self.answered(&task.request, ErrorCode::UnknownServerError, error.to_string()),
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, request: &AdminRequest, error: ErrorCode, message: String) {
        self.outputs.push_back(Output::Answered { api: request.api, topic: request.name.clone(), error, message });
    }

    /// The next broker gets its turn, a little later.
    fn turn_away(&mut self, now: Time) {
        self.current = self.current.wrapping_add(1);
        self.connection = Connection::None(now.plus_millis(BACKOFF_MS));
        if let Some((task, _)) = self.asked.take() {
            self.waiting.push_front(task);
        }
    }

    pub(super) fn handle_connected(&mut self, now: Time, conn: u64) {
        if matches!(self.connection, Connection::Dialling(dialled, _) if dialled == conn) {
            self.connection = Connection::Open(conn);
            self.go_on(now);
        }
    }

    pub(super) fn handle_frame(&mut self, now: Time, conn: u64, bytes: Bytes) {
        if self.connection != Connection::Open(conn) {
            return;
        }
        if let Some((task, _)) = self.asked.take() {
            let (mut error, message) = task.request.decode(bytes);
            // An earlier attempt, whose answer never came, has done it.
            let done = task.request.done == Some(error);
            if done && task.attempts > 1 {
                error = ErrorCode::None;
            }
            let unknown = error == ErrorCode::UnknownTopicOrPartition && task.attempts > 3;
            if error.retriable() && !unknown && now < task.give_up {
                self.waiting.push_front(task);
                self.not_before = now.plus_millis(BACKOFF_MS);
                if matches!(error, ErrorCode::NotController | ErrorCode::RequestTimedOut) {
                    self.outputs.push_back(Output::HangUp { conn });
                    self.turn_away(now);
                }
            } else {
                self.answered(&task.request, error, message);
            }
        }
        self.go_on(now);
    }

    pub(super) fn handle_disconnected(&mut self, now: Time, conn: u64) {
        let ours = match self.connection {
            Connection::Dialling(own, _) | Connection::Open(own) => own == conn,
            Connection::None(_) => false,
        };
        if ours {
            self.turn_away(now);
            self.go_on(now);
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Time) {
        let late = match (self.connection, &self.asked) {
            (Connection::Dialling(conn, at), _) if at <= now => Some(conn),
            (Connection::Open(conn), Some((_, at))) if *at <= now => Some(conn),
            _ => None,
        };
        if let Some(conn) = late {
            self.outputs.push_back(Output::HangUp { conn });
            self.turn_away(now);
        }
        self.go_on(now);
    }

    pub(super) fn poll_timeout(&self) -> Option<Deadline> {
        let at = match (self.connection, &self.asked) {
            (_, Some((_, at))) => *at,
            _ if self.waiting.is_empty() => return None,
            (Connection::None(at) | Connection::Dialling(_, at), None) => at,
            (Connection::Open(_), None) => self.not_before,
        };
        let first = self.waiting.front().filter(|_| self.asked.is_none()).map_or(at, |task| task.give_up.min(at));
        Some((first, Reason::new("admin request", "")))
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}
