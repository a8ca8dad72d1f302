//! The admin client: topics are made, changed and deleted by frames, like everything else. It asks one broker after the other until one
//! answers: every broker forwards to the active controller.

use crate::kafka::time::{Deadline, Reason, Time};
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use crate::kafka::wire::message as m;
use crate::kafka::wire::message::ApiKey;
use crate::kafka::wire::message::{Message, Str};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::sync::Arc;

/// What the requests give the broker, in milliseconds.
const TIMEOUT_MS: i32 = 30_000;
/// How long it waits for a connection or an answer before it asks another broker, in milliseconds.
const PATIENCE_MS: i64 = 10_000;
/// How long a wish is tried again (`default.api.timeout.ms`), in milliseconds.
const GIVE_UP_MS: i64 = 60_000;
/// Between two attempts, in milliseconds.
const BACKOFF_MS: i64 = 200;

/// What is said instead of a topic when all brokers are meant; no topic can be called that.
pub const ALL_BROKERS: &str = "all brokers";

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    Create {
        topic: Arc<str>,
        partitions: i32,
        replicas: i16,
        config: BTreeMap<String, String>,
    },
    Delete {
        topic: Arc<str>,
    },
    AddPartitions {
        topic: Arc<str>,
        total: i32,
    },
    SetConfig {
        topic: Arc<str>,
        config: BTreeMap<String, String>,
    },
    /// Of one broker, which alone takes it, or of all of them. `name`: what it is called.
    SetBrokerConfig {
        to: Option<i32>,
        name: Arc<str>,
        config: BTreeMap<String, String>,
    },
    Elect {
        topic: Arc<str>,
        partition: i32,
        unclean: bool,
    },
    Reassign {
        topic: Arc<str>,
        partition: i32,
        replicas: Vec<i32>,
    },
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

/// A wish under way or to be tried again.
#[derive(Clone, Debug)]
struct Task {
    wish: Wish,
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

    pub(super) fn ask(&mut self, now: Time, wish: Wish) {
        self.waiting.push_back(Task { wish, give_up: now.plus_millis(GIVE_UP_MS), attempts: 0 });
        self.go_on(now);
    }

    /// Nothing is asked for and not yet answered.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.asked.is_none()
    }

    fn go_on(&mut self, now: Time) {
        while self.waiting.front().is_some_and(|task| task.give_up <= now) && self.asked.is_none() {
            if let Some(task) = self.waiting.pop_front() {
                self.answered(&task.wish, ErrorCode::RequestTimedOut, "no broker could do it in time".into());
            }
        }
        if self.asked.is_some() {
            return;
        }
        let Some(task) = self.waiting.front() else { return };
        // One broker's configs are altered through that broker (`ConfigAdminManager.preprocess`).
        if let Wish::SetBrokerConfig { to: Some(to), .. } = task.wish
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
                match encode(self.correlation, &task.wish) {
                    Ok(frame) => {
                        self.outputs.push_back(Output::Send { conn, frame });
                        task.attempts += 1;
                        self.asked = Some((task, now.plus_millis(PATIENCE_MS)));
                    }
                    Err(error) => self.answered(&task.wish, ErrorCode::UnknownServerError, error.to_string()),
                }
            }
            _ => {}
        }
    }

    fn answered(&mut self, wish: &Wish, error: ErrorCode, message: String) {
        let (api, _, topic) = describe(wish);
        self.outputs.push_back(Output::Answered { api, topic: topic.clone(), error, message });
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
            let (mut error, message) = decode(&task.wish, bytes);
            // An earlier attempt, whose answer never came, has done it.
            let done = matches!(
                (&task.wish, error),
                (Wish::Create { .. }, ErrorCode::TopicAlreadyExists)
                    | (Wish::Delete { .. }, ErrorCode::UnknownTopicOrPartition)
                    | (Wish::Elect { .. }, ErrorCode::ElectionNotNeeded)
            );
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
                self.answered(&task.wish, error, message);
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

/// API, the version that is spoken (brokers since 2.4 answer them), and the topic.
fn describe(wish: &Wish) -> (ApiKey, i16, &Arc<str>) {
    match wish {
        Wish::Create { topic, .. } => (ApiKey::CreateTopics, 5, topic),
        Wish::Delete { topic } => (ApiKey::DeleteTopics, 5, topic),
        Wish::AddPartitions { topic, .. } => (ApiKey::CreatePartitions, 2, topic),
        Wish::SetConfig { topic: name, .. } | Wish::SetBrokerConfig { name, .. } => (ApiKey::IncrementalAlterConfigs, 1, name),
        Wish::Elect { topic, .. } => (ApiKey::ElectLeaders, 2, topic),
        Wish::Reassign { topic, .. } => (ApiKey::AlterPartitionReassignments, 0, topic),
    }
}

fn text(text: &str) -> Str {
    Str::from(text)
}

fn encode(correlation: i32, wish: &Wish) -> Result<Bytes, frame::FrameError> {
    let client = Str::from("admin");
    let (_, version, topic) = describe(wish);
    let name = m::TopicName(text(topic));
    match wish {
        Wish::Create { partitions, replicas, config, .. } => {
            let configs = config
                .iter()
                .map(|(name, value)| m::create_topics_request::CreatableTopicConfig { name: text(name), value: Some(text(value)) })
                .collect();
            let topic = m::create_topics_request::CreatableTopic {
                name,
                num_partitions: *partitions,
                replication_factor: *replicas,
                configs,
                ..m::create_topics_request::CreatableTopic::default()
            };
            let request = m::CreateTopicsRequest { topics: vec![topic], timeout_ms: TIMEOUT_MS, ..m::CreateTopicsRequest::default() };
            frame::encode_request(version, correlation, &client, request)
        }
        Wish::Delete { .. } => {
            let request = m::DeleteTopicsRequest { topic_names: vec![name], timeout_ms: TIMEOUT_MS, ..m::DeleteTopicsRequest::default() };
            frame::encode_request(version, correlation, &client, request)
        }
        Wish::AddPartitions { total, .. } => {
            let topic = m::create_partitions_request::CreatePartitionsTopic { name, count: *total, assignments: None };
            let request =
                m::CreatePartitionsRequest { topics: vec![topic], timeout_ms: TIMEOUT_MS, ..m::CreatePartitionsRequest::default() };
            frame::encode_request(version, correlation, &client, request)
        }
        Wish::SetConfig { config, .. } | Wish::SetBrokerConfig { config, .. } => {
            use m::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
            // Operation 0 sets, 1 deletes; resource type 2 is a topic, 4 a broker.
            let configs = config
                .iter()
                .map(|(name, value)| {
                    let config =
                        AlterableConfig { name: text(name), config_operation: i8::from(value.is_empty()), ..AlterableConfig::default() };
                    AlterableConfig { value: (!value.is_empty()).then(|| text(value)), ..config }
                })
                .collect();
            let (resource_type, resource_name) = match wish {
                Wish::SetBrokerConfig { to, .. } => (4, Str::from(to.map_or_else(String::new, |id| id.to_string()))),
                _ => (2, text(topic)),
            };
            let resource = AlterConfigsResource { resource_type, resource_name, configs };
            let request = m::IncrementalAlterConfigsRequest { resources: vec![resource], ..m::IncrementalAlterConfigsRequest::default() };
            frame::encode_request(version, correlation, &client, request)
        }
        Wish::Elect { partition, unclean, .. } => {
            let topic = m::elect_leaders_request::TopicPartitions { topic: name, partitions: vec![*partition] };
            let request =
                m::ElectLeadersRequest { election_type: i8::from(*unclean), topic_partitions: Some(vec![topic]), timeout_ms: TIMEOUT_MS };
            frame::encode_request(version, correlation, &client, request)
        }
        Wish::Reassign { partition, replicas, .. } => {
            use m::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
            let replicas = replicas.iter().map(|id| m::BrokerId(*id)).collect();
            let partition = ReassignablePartition { partition_index: *partition, replicas: Some(replicas) };
            let topic = ReassignableTopic { name, partitions: vec![partition] };
            let request = m::AlterPartitionReassignmentsRequest {
                topics: vec![topic],
                timeout_ms: TIMEOUT_MS,
                ..m::AlterPartitionReassignmentsRequest::default()
            };
            frame::encode_request(version, correlation, &client, request)
        }
    }
}

type Found = Option<(i16, Option<Str>)>;

fn body<T: Message>(wish: &Wish, bytes: Bytes) -> Result<T, frame::FrameError> {
    let (api, version, _) = describe(wish);
    let (_, body) = frame::decode_response(api, version, bytes)?;
    frame::decode_body(body, version)
}

/// The first topic's error code and message.
fn decode(wish: &Wish, bytes: Bytes) -> (ErrorCode, String) {
    let answer = || -> Result<Found, frame::FrameError> {
        Ok(match wish {
            Wish::Create { .. } => {
                let response: m::CreateTopicsResponse = body(wish, bytes)?;
                response.topics.into_iter().next().map(|topic| (topic.error_code, topic.error_message))
            }
            Wish::Delete { .. } => {
                let response: m::DeleteTopicsResponse = body(wish, bytes)?;
                response.responses.into_iter().next().map(|topic| (topic.error_code, topic.error_message))
            }
            Wish::AddPartitions { .. } => {
                let response: m::CreatePartitionsResponse = body(wish, bytes)?;
                response.results.into_iter().next().map(|topic| (topic.error_code, topic.error_message))
            }
            Wish::SetConfig { .. } | Wish::SetBrokerConfig { .. } => {
                let response: m::IncrementalAlterConfigsResponse = body(wish, bytes)?;
                response.responses.into_iter().next().map(|resource| (resource.error_code, resource.error_message))
            }
            Wish::Elect { .. } => {
                let response: m::ElectLeadersResponse = body(wish, bytes)?;
                let results = response.replica_election_results.into_iter().flat_map(|topic| topic.partition_result);
                let found = results.map(|row| (row.error_code, row.error_message)).next();
                if response.error_code == 0 { found } else { Some((response.error_code, None)) }
            }
            Wish::Reassign { .. } => {
                let response: m::AlterPartitionReassignmentsResponse = body(wish, bytes)?;
                let rows = response.responses.into_iter().flat_map(|topic| topic.partitions);
                let found = rows.map(|row| (row.error_code, row.error_message)).next();
                if response.error_code == 0 { found } else { Some((response.error_code, response.error_message)) }
            }
        })
    };
    match answer() {
        Ok(Some((code, message))) => (ErrorCode::from_code(code), message.map_or_else(String::new, |message| message.as_ref().to_owned())),
        Ok(None) => (ErrorCode::UnknownServerError, "the answer names no topic".into()),
        Err(error) => (ErrorCode::UnknownServerError, error.to_string()),
    }
}
