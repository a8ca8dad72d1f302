//! DeleteTopics, by name or by id (`ReplicationControlManager.deleteTopics`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::{Active, text, topic_name};
use crate::kafka::controller::records::Record;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::delete_topics_request::DeleteTopicState;
use crate::kafka::wire::message::delete_topics_response::DeletableTopicResult;
use crate::kafka::wire::message::{DeleteTopicsRequest, DeleteTopicsResponse, TopicName};
use uuid::Uuid;

/// How a topic is named in a request.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Asked {
    Name(TopicName),
    Id(Uuid),
    /// By both or neither.
    Wrong(Option<TopicName>, Uuid),
}

impl Asked {
    fn of(state: &DeleteTopicState) -> Self {
        match &state.name {
            Some(name) if state.topic_id.is_nil() => Self::Name(name.clone()),
            None if !state.topic_id.is_nil() => Self::Id(state.topic_id),
            name => Self::Wrong(name.clone(), state.topic_id),
        }
    }

    /// The answer's row for it.
    fn row(self, found: Option<(&str, Uuid)>, refusal: Option<(ErrorCode, &str)>) -> DeletableTopicResult {
        let (name, id) = match self {
            Self::Name(name) => (Some(name), Uuid::nil()),
            Self::Id(id) => (None, id),
            Self::Wrong(name, id) => (name, id),
        };
        DeletableTopicResult {
            name: found.map(|(name, _)| topic_name(name)).or(name),
            topic_id: found.map_or(id, |(_, id)| id),
            error_code: refusal.map_or(0, |(error, _)| error.code()),
            error_message: refusal.map(|(_, why)| text(why)),
        }
    }
}

impl ControllerApi for DeleteTopicsRequest {
    /// As `ControllerApis.deleteTopics`: what is named twice is deleted by neither, and has one row. Rows are in the request's order, which
    /// Kafka shuffles.
    fn handle(&self, active: &mut Active, _now: Time, version: i16) -> DeleteTopicsResponse {
        if !active.config.delete_topic_enable {
            return match version {
                ..3 => self.refuse(ErrorCode::InvalidRequest, "This version does not support topic deletion."),
                _ => self.refuse(ErrorCode::TopicDeletionDisabled, "Topic deletion is disabled."),
            };
        }
        let named = self.topic_names.iter().cloned().map(Asked::Name);
        let all: Vec<Asked> = named.chain(self.topics.iter().map(Asked::of)).collect();
        let (mut once, mut twice) = (SortedVecSet::new(), SortedVecSet::new());
        for asked in all.iter().filter(|asked| !matches!(asked, Asked::Wrong(..)) && !once.insert((*asked).clone())) {
            twice.insert(asked.clone());
        }
        // A name and an id of the same topic: only the name is answered, and nothing is deleted.
        let named_too: SortedVecSet<Uuid> = once
            .iter()
            .filter(|asked| !twice.contains(asked))
            .filter_map(|asked| match asked {
                Asked::Name(name) => active.draft.topics.get(name.0.as_ref()).map(|topic| topic.id),
                _ => None,
            })
            .collect();
        let mut responses = Vec::new();
        for asked in all {
            let invalid = |why| Some((ErrorCode::InvalidRequest, why));
            let (known, unknown) = match &asked {
                Asked::Wrong(None, _) => (None, invalid("Neither topic name nor id were specified.")),
                Asked::Wrong(Some(_), _) => (None, invalid("You may not specify both topic name and topic id.")),
                _ if !once.remove(&asked) => continue,
                Asked::Name(_) if twice.contains(&asked) => (None, invalid("Duplicate topic name.")),
                Asked::Id(_) if twice.contains(&asked) => (None, invalid("Duplicate topic id.")),
                Asked::Name(name) => {
                    let why = "This server does not host this topic-partition.";
                    (active.draft.topics.get(name.0.as_ref()), Some((ErrorCode::UnknownTopicOrPartition, why)))
                }
                Asked::Id(id) if named_too.contains(id) => continue,
                Asked::Id(id) => {
                    (active.draft.topic_of(*id), Some((ErrorCode::UnknownTopicId, "This server does not host this topic ID.")))
                }
            };
            let Some((name, id)) = known.map(|topic| (topic.name.clone(), topic.id)) else {
                responses.push(asked.row(None, unknown));
                continue;
            };
            let same = self.topics.iter().any(|other| Asked::of(other) == Asked::Id(id));
            if same && matches!(asked, Asked::Name(_)) {
                let why = "The provided topic name maps to an ID that was already supplied.";
                responses.push(asked.row(Some((&name, id)), invalid(why)));
                continue;
            }
            active.push(Record::RemoveTopic { id });
            responses.push(asked.row(Some((&name, id)), None));
        }
        DeleteTopicsResponse { responses, ..DeleteTopicsResponse::default() }
    }
}

impl Refuse for DeleteTopicsRequest {
    /// Without words, as `DeleteTopicsRequest.getErrorResponse`.
    fn refuse(&self, error: ErrorCode, _why: &str) -> DeleteTopicsResponse {
        let refuse = |name: Option<TopicName>, topic_id: Uuid| DeletableTopicResult {
            name,
            topic_id,
            error_code: error.code(),
            error_message: None,
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
