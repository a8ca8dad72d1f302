//! The admin client: topics are made, changed and deleted by frames, like everything else.

use crate::kafka::map::Map;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::frame;
use bytes::Bytes;
use kafka_protocol::messages as m;
use kafka_protocol::messages::ApiKey;
use kafka_protocol::protocol::StrBytes;
use std::collections::VecDeque;
use std::sync::Arc;

/// Versions that it speaks; brokers since 2.4 answer them.
const CREATE_TOPICS_VERSION: i16 = 5;
const DELETE_TOPICS_VERSION: i16 = 5;
const CREATE_PARTITIONS_VERSION: i16 = 2;
/// What the requests give the broker, in milliseconds.
const TIMEOUT_MS: i32 = 30_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Wish {
    Create { topic: Arc<str>, partitions: i32, config: Map<String, String> },
    Delete { topic: Arc<str> },
    AddPartitions { topic: Arc<str>, total: i32 },
}

/// What an admin client wants from the network.
#[derive(Clone, Debug)]
pub(super) enum Output {
    Connect { conn: u64, host: Arc<str>, port: i32 },
    Send { conn: u64, frame: Bytes },
    Answered { api: ApiKey, topic: Arc<str>, error: ErrorCode, message: String },
}

#[derive(Clone, Debug)]
enum Connection {
    None,
    Dialling(u64),
    Open(u64),
}

/// One request at a time over one connection, which is opened when first needed.
#[derive(Clone, Debug)]
pub(super) struct Admin {
    broker: (Arc<str>, i32),
    connection: Connection,
    next_conn: u64,
    correlation: i32,
    waiting: VecDeque<Wish>,
    asked: Option<(i32, Wish)>,
    outputs: VecDeque<Output>,
}

impl Admin {
    pub(super) fn new(host: Arc<str>, port: i32) -> Self {
        Self {
            broker: (host, port),
            connection: Connection::None,
            next_conn: 1,
            correlation: 0,
            waiting: VecDeque::new(),
            asked: None,
            outputs: VecDeque::new(),
        }
    }

    pub(super) fn ask(&mut self, wish: Wish) {
        self.waiting.push_back(wish);
        self.go_on();
    }

    /// Nothing is asked for and not yet answered.
    pub(super) fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.asked.is_none()
    }

    fn go_on(&mut self) {
        if self.asked.is_some() || self.waiting.is_empty() {
            return;
        }
        match self.connection {
            Connection::Dialling(_) => {}
            Connection::None => {
                let conn = self.next_conn;
                self.next_conn += 1;
                self.connection = Connection::Dialling(conn);
                self.outputs.push_back(Output::Connect { conn, host: self.broker.0.clone(), port: self.broker.1 });
            }
            Connection::Open(conn) => {
                let Some(wish) = self.waiting.pop_front() else { return };
                self.correlation = self.correlation.wrapping_add(1);
                match encode(self.correlation, &wish) {
                    Ok(frame) => {
                        self.outputs.push_back(Output::Send { conn, frame });
                        self.asked = Some((self.correlation, wish));
                    }
                    Err(error) => {
                        self.answered(&wish, ErrorCode::UnknownServerError, error.to_string());
                        self.go_on();
                    }
                }
            }
        }
    }

    fn answered(&mut self, wish: &Wish, error: ErrorCode, message: String) {
        let (api, topic) = describe(wish);
        self.outputs.push_back(Output::Answered { api, topic, error, message });
    }

    pub(super) fn handle_connected(&mut self, conn: u64) {
        if matches!(self.connection, Connection::Dialling(dialled) if dialled == conn) {
            self.connection = Connection::Open(conn);
            self.go_on();
        }
    }

    pub(super) fn handle_frame(&mut self, conn: u64, bytes: Bytes) {
        if !matches!(self.connection, Connection::Open(open) if open == conn) {
            return;
        }
        if let Some((_, wish)) = self.asked.take() {
            let (error, message) = decode(&wish, bytes);
            self.answered(&wish, error, message);
        }
        self.go_on();
    }

    pub(super) fn handle_disconnected(&mut self, _conn: u64) {
        self.connection = Connection::None;
        if let Some((_, wish)) = self.asked.take() {
            self.answered(&wish, ErrorCode::UnknownServerError, "the connection broke before the answer came".into());
        }
        self.go_on();
    }

    pub(super) fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }
}

fn describe(wish: &Wish) -> (ApiKey, Arc<str>) {
    match wish {
        Wish::Create { topic, .. } => (ApiKey::CreateTopics, topic.clone()),
        Wish::Delete { topic } => (ApiKey::DeleteTopics, topic.clone()),
        Wish::AddPartitions { topic, .. } => (ApiKey::CreatePartitions, topic.clone()),
    }
}

fn text(text: &str) -> StrBytes {
    StrBytes::from_string(text.to_owned())
}

fn encode(correlation: i32, wish: &Wish) -> Result<Bytes, frame::FrameError> {
    const CLIENT: &str = "admin";
    match wish {
        Wish::Create { topic, partitions, config } => {
            let configs = config
                .iter()
                .map(|(name, value)| {
                    m::create_topics_request::CreatableTopicConfig::default().with_name(text(name)).with_value(Some(text(value)))
                })
                .collect();
            let topic = m::create_topics_request::CreatableTopic::default()
                .with_name(m::TopicName(text(topic)))
                .with_num_partitions(*partitions)
                .with_replication_factor(-1)
                .with_configs(configs);
            let request = m::CreateTopicsRequest::default().with_topics(vec![topic]).with_timeout_ms(TIMEOUT_MS);
            frame::encode_request(CREATE_TOPICS_VERSION, correlation, CLIENT, &request)
        }
        Wish::Delete { topic } => {
            let request = m::DeleteTopicsRequest::default().with_topic_names(vec![m::TopicName(text(topic))]).with_timeout_ms(TIMEOUT_MS);
            frame::encode_request(DELETE_TOPICS_VERSION, correlation, CLIENT, &request)
        }
        Wish::AddPartitions { topic, total } => {
            let topic = m::create_partitions_request::CreatePartitionsTopic::default()
                .with_name(m::TopicName(text(topic)))
                .with_count(*total)
                .with_assignments(None);
            let request = m::CreatePartitionsRequest::default().with_topics(vec![topic]).with_timeout_ms(TIMEOUT_MS);
            frame::encode_request(CREATE_PARTITIONS_VERSION, correlation, CLIENT, &request)
        }
    }
}

/// The first topic's error code and message.
fn decode(wish: &Wish, bytes: Bytes) -> (ErrorCode, String) {
    let answer = || -> Result<Option<(i16, Option<StrBytes>)>, frame::FrameError> {
        Ok(match wish {
            Wish::Create { .. } => {
                let version = CREATE_TOPICS_VERSION;
                let (_, body) = frame::decode_response(ApiKey::CreateTopics, version, bytes)?;
                let response: m::CreateTopicsResponse = frame::decode_body(body, version)?;
                response.topics.into_iter().next().map(|topic| (topic.error_code, topic.error_message))
            }
            Wish::Delete { .. } => {
                let version = DELETE_TOPICS_VERSION;
                let (_, body) = frame::decode_response(ApiKey::DeleteTopics, version, bytes)?;
                let response: m::DeleteTopicsResponse = frame::decode_body(body, version)?;
                response.responses.into_iter().next().map(|topic| (topic.error_code, topic.error_message))
            }
            Wish::AddPartitions { .. } => {
                let version = CREATE_PARTITIONS_VERSION;
                let (_, body) = frame::decode_response(ApiKey::CreatePartitions, version, bytes)?;
                let response: m::CreatePartitionsResponse = frame::decode_body(body, version)?;
                response.results.into_iter().next().map(|topic| (topic.error_code, topic.error_message))
            }
        })
    };
    match answer() {
        Ok(Some((code, message))) => (ErrorCode::from_code(code), message.map_or_else(String::new, |message| message.as_str().to_owned())),
        Ok(None) => (ErrorCode::UnknownServerError, "the answer names no topic".into()),
        Err(error) => (ErrorCode::UnknownServerError, error.to_string()),
    }
}
