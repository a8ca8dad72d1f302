//! DeleteTopics, by name or by id (`ReplicationControlManager.deleteTopics`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::{Active, text, topic_name};
use crate::kafka::controller::records::Record;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::delete_topics_response::DeletableTopicResult;
use crate::kafka::wire::message::{DeleteTopicsRequest, DeleteTopicsResponse, Str, TopicName};
use uuid::Uuid;

impl ControllerApi for DeleteTopicsRequest {
    fn handle(&self, active: &mut Active, _now: Time, version: i16) -> DeleteTopicsResponse {
        let mut asked: Vec<(Option<String>, Uuid)> = self.topic_names.iter().map(|name| (Some(name.0.to_string()), Uuid::nil())).collect();
        asked.extend(self.topics.iter().map(|topic| (topic.name.as_ref().map(|name| name.0.to_string()), topic.topic_id)));
        let mut results = Vec::new();
        for (name, id) in asked {
            let by_id = name.is_none();
            let known = match &name {
                Some(name) => active.draft.topics.get(name.as_str()).ok_or(ErrorCode::UnknownTopicOrPartition),
                None => active.draft.topic_of(id).ok_or(ErrorCode::UnknownTopicId),
            };
            let known = known
                .map(|topic| (topic.name.clone(), topic.id))
                .and_then(|known| if active.config.delete_topic_enable { Ok(known) } else { Err(ErrorCode::TopicDeletionDisabled) });
            results.push(match known {
                Ok((name, id)) => {
                    active.push(Record::RemoveTopic { id });
                    DeletableTopicResult {
                        name: Some(topic_name(&name)),
                        topic_id: id,
                        error_message: None,
                        ..DeletableTopicResult::default()
                    }
                }
                Err(error) => {
                    let message = match error {
                        ErrorCode::UnknownTopicOrPartition => "This server does not host this topic-partition.",
                        ErrorCode::UnknownTopicId => "This server does not host this topic ID.",
                        _ => "Topic deletion is disabled.",
                    };
                    DeletableTopicResult {
                        name: name.as_deref().map(topic_name).or((by_id && version < 6).then(|| topic_name(""))),
                        topic_id: id,
                        error_code: error.code(),
                        error_message: Some(Str::from(message)),
                    }
                }
            });
        }
        DeleteTopicsResponse { responses: results, ..DeleteTopicsResponse::default() }
    }
}

impl Refuse for DeleteTopicsRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> DeleteTopicsResponse {
        let refuse = |name: Option<TopicName>, topic_id: Uuid| DeletableTopicResult {
            name,
            topic_id,
            error_code: error.code(),
            error_message: Some(text(why)),
        };
        let named = self.topic_names.iter().map(|name| refuse(Some(name.clone()), Uuid::nil()));
        let responses = named.chain(self.topics.iter().map(|topic| refuse(topic.name.clone(), topic.topic_id))).collect();
        DeleteTopicsResponse { responses, ..DeleteTopicsResponse::default() }
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::delete_topics_request::DeleteTopicState;

    impl Sample for DeleteTopicsRequest {
        fn sample(_known: &Known, version: i16, name: &str) -> Self {
            let name = topic(&format!("{name}-version{}", version + 1));
            let request = DeleteTopicsRequest { timeout_ms: 1000, ..DeleteTopicsRequest::default() };
            if version < 6 {
                return DeleteTopicsRequest { topic_names: vec![name], ..request };
            }
            let by_id = DeleteTopicState { name: None, topic_id: Uuid::from_u128(78) };
            DeleteTopicsRequest { topics: vec![DeleteTopicState { name: Some(name), ..DeleteTopicState::default() }, by_id], ..request }
        }
    }
}
