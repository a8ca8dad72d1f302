//! Producers and consumers in words.

use super::{Words, offsets, plural};
use crate::kafka::client::ClientError;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::client::producer::{DROPPED, ProducerEvent};
use crate::kafka::wire::error::ErrorCode;
use crate::world::World;
use std::sync::Arc;

pub(super) fn list(partitions: &[(Arc<str>, i32)]) -> String {
    partitions.iter().map(|(topic, partition)| format!("{topic}-{partition}")).collect::<Vec<_>>().join(", ")
}

pub fn reason(error: &ClientError) -> String {
    match error {
        ClientError::Broker(code) => code.name().to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn producer(node: &str, event: &ProducerEvent) -> Words {
    Some(match event {
        ProducerEvent::Partitioned { topic, partition, .. } => (3, format!("{node}: the partitioner chose {topic}-{partition}.")),
        ProducerEvent::BatchSent { topic, partition, tickets, attempt, why } => {
            let records = plural(tickets.len(), "record");
            if *attempt > 1 {
                (2, format!("{node} sent {records} to {topic}-{partition} again, attempt {attempt}."))
            } else {
                (3, format!("{node} sent {records} to {topic}-{partition} ({why})."))
            }
        }
        ProducerEvent::Acked { topic, partition, offset, .. } => match offset {
            -1 => (3, format!("{node} sent a record to {topic}-{partition} and will not know what became of it (acks=0).")),
            _ => (3, format!("{node}: {topic}-{partition} offset {offset} is acknowledged.")),
        },
        ProducerEvent::Failed { error: ClientError::Illegal(DROPPED), .. } => {
            (3, format!("{node} drops a record that it had not sent: its transaction is aborted."))
        }
        ProducerEvent::Failed { error, .. } => (1, format!("{node} gave up a record: {}.", reason(error))),
        ProducerEvent::BatchSplit { topic, partition, records, batches } => {
            let (records, batches) = (plural(*records, "record"), plural(*batches, "batch"));
            (2, format!("{node} sends {records} to {topic}-{partition} again in {batches}: MESSAGE_TOO_LARGE."))
        }
        ProducerEvent::Retrying { topic, partition, error, .. } => {
            (2, format!("{node} will try {topic}-{partition} again: {}.", error.name()))
        }
        ProducerEvent::GotProducerId { producer_id, epoch } => {
            (2, format!("{node} is producer {producer_id}, epoch {epoch}: its batches are numbered from now on."))
        }
        ProducerEvent::TransactionBegun { .. } => (3, format!("{node} begins a transaction.")),
        ProducerEvent::TransactionEnded { committed: true } => {
            (2, format!("{node}'s transaction is committed: its records can be read by everybody."))
        }
        ProducerEvent::TransactionEnded { committed: false } => {
            (2, format!("{node}'s transaction is aborted: its records stay in the log, and read_committed consumers never see them."))
        }
        ProducerEvent::TransactionFailed { error } => {
            (1, format!("{node} can write no more: {}. Another process has its transactional.id.", reason(error)))
        }
        ProducerEvent::OffsetsAdded { group, .. } => {
            (3, format!("{node} put {group}'s offsets into its transaction: they hold once it is committed."))
        }
        ProducerEvent::OffsetsRefused { error } => {
            (1, format!("{node} must abort its transaction: its offsets are refused ({}), the group has gone on.", reason(error)))
        }
    })
}

/// What an error means that ends a membership; `None`: it is none.
fn thrown_out(why: &str) -> Option<&'static str> {
    let is = |code: ErrorCode| why == code.name();
    if is(ErrorCode::FencedMemberEpoch) {
        return Some("the coordinator has it at another member epoch");
    }
    if is(ErrorCode::UnknownMemberId) {
        return Some("the coordinator does not know its member id");
    }
    is(ErrorCode::IllegalGeneration).then_some("the group is at another generation")
}

/// Why a commit is refused, where the error's name does not say it.
fn commit_refused(error: &ClientError) -> &'static str {
    match error {
        ClientError::Broker(ErrorCode::StaleMemberEpoch) => " (its member epoch has gone by: it tries again with the next one)",
        ClientError::Broker(ErrorCode::IllegalGeneration) => " (the group is at another generation)",
        ClientError::Broker(ErrorCode::UnknownMemberId) => " (it is no member any more)",
        ClientError::Broker(ErrorCode::RebalanceInProgress) => " (the group rebalances)",
        _ => "",
    }
}

/// Whether the members of a consumer's group are more than the partitions that it subscribes to.
fn is_crowded(world: &World, node: &str) -> bool {
    let Some((spec, _)) = world.consumer(node) else { return false };
    let members = world.running_consumers().filter(|other| other.group == spec.group).count();
    let topics = spec.topics.iter().filter_map(|topic| world.image()?.topics.get(topic));
    members > topics.map(|topic| topic.partitions.len()).sum()
}

pub(super) fn consumer(node: &str, event: &ConsumerEvent, world: &World) -> Words {
    Some(match event {
        ConsumerEvent::Joining { group, why } if thrown_out(why).is_some() => {
            (1, format!("{node} hears that it is no member of {group} any more ({why}): {}. It joins anew.", thrown_out(why)?))
        }
        ConsumerEvent::Joining { group, why } => (2, format!("{node} asks to join {group} ({why}).")),
        ConsumerEvent::Revoked { partitions, .. } if partitions.is_empty() => return None,
        ConsumerEvent::Revoked { partitions, lost: true } => (1, format!("{node} lost {}: they may be others' already.", list(partitions))),
        ConsumerEvent::Revoked { partitions, lost: false } => (2, format!("{node} gives back {}.", list(partitions))),
        ConsumerEvent::Assigned { partitions, .. } if partitions.is_empty() => (
            1,
            format!(
                "{node} has no partition{}.",
                if is_crowded(world, node) { ": the group has more members than partitions" } else { " yet" }
            ),
        ),
        ConsumerEvent::Assigned { partitions, generation, .. } => {
            (2, format!("{node} reads {} (generation {generation}).", list(partitions)))
        }
        ConsumerEvent::LedAssignment { protocol, members } => {
            (2, format!("{node} leads the group and assigned the partitions of {} ({protocol}).", plural(*members, "member")))
        }
        ConsumerEvent::PositionReset { topic, partition, offset, why } => {
            (2, format!("{node} starts {topic}-{partition} at offset {offset} ({why})."))
        }
        ConsumerEvent::Fetched { topic, partition, base_offset, last_offset } => {
            (3, format!("{node} fetched {}.", offsets(topic, *partition, *base_offset, *last_offset)))
        }
        ConsumerEvent::Committed { .. } => return None,
        ConsumerEvent::CommitFailed { error } => (1, format!("{node} could not commit: {}{}.", reason(error), commit_refused(error))),
        ConsumerEvent::PollTimeout => {
            (1, format!("{node} did not poll within max.poll.interval.ms: it leaves the group, though its handler still works."))
        }
        ConsumerEvent::Error { error: ClientError::Broker(ErrorCode::FencedInstanceId) } => {
            (1, format!("{node} is fenced (FENCED_INSTANCE_ID): another process has its group.instance.id. It does not join again."))
        }
        ConsumerEvent::Error { error } => (1, format!("{node}: {}.", reason(error))),
    })
}
