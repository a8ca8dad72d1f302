//! What a frame is for, in a few words, by its API and direction.

use crate::kafka::wire::message::ApiKey;

/// Empty where the API's name says it.
pub const fn meaning(api: ApiKey, response: bool) -> &'static str {
    use ApiKey as A;
    match (api, response) {
        (A::FindCoordinator, false) => "which broker looks after my group, or my transactional id?",
        (A::FindCoordinator, true) => "the coordinator's address",
        (A::JoinGroup, false) => "takes part in the next generation, and says what it subscribes to",
        (A::JoinGroup, true) => "its member id and the generation; the leader also learns of all subscriptions",
        (A::SyncGroup, false) => "asks for its share; the leader brings everybody's",
        (A::SyncGroup, true) => "the partitions that it is to read",
        (A::Heartbeat, false) => "is still there",
        (A::Heartbeat, true) => "go on, or join again: the group rebalances",
        (A::LeaveGroup, false) => "leaves its group",
        (A::ConsumerGroupHeartbeat, false) => "is still there; with what it subscribes to and has, when that has changed",
        (A::ConsumerGroupHeartbeat, true) => "its member epoch, and what it is to have, when that has changed",
        (A::OffsetCommit, false) => "how far its group has read",
        (A::OffsetFetch, false) => "how far has my group read?",
        (A::OffsetFetch, true) => "the committed offsets",
        (A::InitProducerId, false) => "asks for a producer id and an epoch",
        (A::InitProducerId, true) => "the producer id and epoch; older epochs of a transactional id are fenced",
        (A::AddPartitionsToTxn, false) => "a partition joins the transaction, or a broker asks whether it has",
        (A::AddOffsetsToTxn, false) => "a group's offsets join the transaction",
        (A::TxnOffsetCommit, false) => "how far a group has read, once the transaction is committed",
        (A::EndTxn, false) => "commit, or abort",
        (A::EndTxn, true) => "it is decided; and the epoch of the next transaction",
        (A::WriteTxnMarkers, false) => "the coordinator has markers written: COMMIT or ABORT",
        (A::Produce, false) => "records for their leaders",
        (A::Produce, true) => "the offsets that they have",
        (A::Fetch, false) => "asks for records from its position on",
        (A::ListOffsets, false) => "where does the log begin, or end?",
        (A::Metadata, false) => "who leads what?",
        (A::BrokerHeartbeat, false) => "a broker is still there",
        (A::AlterPartition, false) => "a leader wants another in-sync set",
        (A::Vote, false) => "asks for a vote",
        (A::BeginQuorumEpoch, false) => "leads the quorum now",
        _ => "",
    }
}
