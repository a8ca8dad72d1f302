//! CreatePartitions: a topic grows (`ReplicationControlManager.createPartitions`).

use super::{ControllerApi, Refuse};
use crate::kafka::controller::active::{Active, Refusal, text};
use crate::kafka::controller::topics::MAX_PARTITIONS;
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::time::Time;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
use crate::kafka::wire::message::create_partitions_response::CreatePartitionsTopicResult;
use crate::kafka::wire::message::{CreatePartitionsRequest, CreatePartitionsResponse};

impl ControllerApi for CreatePartitionsRequest {
    fn handle(&self, active: &mut Active, _now: Time, _version: i16) -> CreatePartitionsResponse {
        let (mut names, mut twice) = (SortedVecSet::new(), SortedVecSet::new());
        for asked in self.topics.iter().filter(|asked| !names.insert(asked.name.clone())) {
            twice.insert(asked.name.clone());
        }
        let mut results = Vec::new();
        // One row for each name; what is named twice does not grow.
        for asked in self.topics.iter().filter(|asked| names.remove(&asked.name)) {
            let answer = CreatePartitionsTopicResult { name: asked.name.clone(), ..CreatePartitionsTopicResult::default() };
            let grown = match twice.contains(&asked.name) {
                true => Err((ErrorCode::InvalidRequest, "Duplicate topic name.".into())),
                false => active.grow_topic(asked, self.validate_only),
            };
            results.push(match grown {
                Ok(()) => CreatePartitionsTopicResult { error_message: None, ..answer },
                Err((error, why)) => CreatePartitionsTopicResult { error_code: error.code(), error_message: Some(text(why)), ..answer },
            });
        }
        CreatePartitionsResponse { results, ..CreatePartitionsResponse::default() }
    }
}

impl Refuse for CreatePartitionsRequest {
    fn refuse(&self, error: ErrorCode, why: &str) -> CreatePartitionsResponse {
        let results = self.topics.iter().map(|topic| CreatePartitionsTopicResult {
            name: topic.name.clone(),
            error_code: error.code(),
            error_message: Some(text(why)),
        });
        CreatePartitionsResponse { results: results.collect(), ..CreatePartitionsResponse::default() }
    }
}

impl Active {
    fn grow_topic(&mut self, asked: &CreatePartitionsTopic, validate_only: bool) -> Result<(), Refusal> {
        let name = asked.name.0.as_ref();
        let unknown = || (ErrorCode::UnknownTopicOrPartition, "This server does not host this topic-partition.".to_owned());
        let topic = self.draft.topics.get(name).ok_or_else(unknown)?;
        let (name, id) = (topic.name.clone(), topic.id);
        let from = i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        let replicas = topic.partitions.first().map_or(1, |state| state.replicas.len());
        let refuse = |why: String| Err((ErrorCode::InvalidPartitions, why));
        if asked.count == from {
            return refuse(format!("Topic already has {from} partition(s)."));
        }
        if asked.count < from {
            return refuse(format!("The topic {name} currently has {from} partition(s); {} would not be an increase.", asked.count));
        }
        if asked.count > MAX_PARTITIONS {
            return refuse(format!("{} partitions are more than {MAX_PARTITIONS}.", asked.count));
        }
        let added = asked.count - from;
        let made = match &asked.assignments {
            Some(assignments) => {
                if i32::try_from(assignments.len()) != Ok(added) {
                    let why = format!(
                        "Attempted to add {added} additional partition(s), but only {} assignment(s) were specified.",
                        assignments.len()
                    );
                    return Err((ErrorCode::InvalidReplicaAssignment, why));
                }
                let mut factor = Some(replicas);
                let check = |(index, assignment): (i32, &_)| {
                    let assignment: &CreatePartitionsAssignment = assignment;
                    self.check_replicas(index, &assignment.broker_ids, &mut factor)
                };
                (from..).zip(assignments).map(check).collect::<Result<Vec<_>, _>>()?
            }
            None => self.place_new(added, i16::try_from(replicas).unwrap_or(1))?,
        };
        if !validate_only {
            for (index, state) in (from..).zip(made) {
                self.make_partition(&name, id, index, state);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod sample {
    use crate::kafka::samples::*;
    use crate::kafka::wire::message::create_partitions_request::CreatePartitionsTopic;

    impl Sample for CreatePartitionsRequest {
        fn sample(_known: &Known, version: i16, name: &str) -> Self {
            let wanted = CreatePartitionsTopic { name: topic(name), count: i32::from(version) + 3, assignments: None };
            CreatePartitionsRequest { timeout_ms: 1000, topics: vec![wanted], ..CreatePartitionsRequest::default() }
        }
    }
}
