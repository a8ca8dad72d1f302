//! Transactional ids in words, as their coordinator has them.

use super::Words;
use super::clients::list;
use crate::kafka::coordinator::transactions::{TransactionEvent, TransactionState};

pub(super) fn transaction(event: &TransactionEvent) -> Words {
    use TransactionState as S;
    let (id, epoch, from, to, why) = match event {
        TransactionEvent::StateChanged { transactional_id, epoch, from, to, why, .. } => (transactional_id, epoch, *from, *to, *why),
        TransactionEvent::PartitionsAdded { transactional_id, partitions, .. } => {
            return Some((3, format!("{transactional_id}'s transaction has {} now.", list(partitions))));
        }
    };
    Some(match (from, to, why) {
        (_, S::Empty, _) if *epoch == 0 => (2, format!("{id} has its producer id and epoch 0: it can begin a transaction.")),
        (_, S::Empty, _) => (2, format!("{id} has epoch {epoch}: any process that used this transactional.id before is fenced.")),
        (_, S::Ongoing, _) => (3, format!("{id}'s transaction is open: read_committed consumers stop at its first record.")),
        (_, S::PrepareAbort | S::PrepareEpochFence, "timeout") => {
            (1, format!("{id}'s transaction was open for longer than its timeout: the coordinator aborts it, in epoch {epoch}."))
        }
        (_, S::PrepareAbort | S::PrepareEpochFence, "fenced") => {
            (1, format!("A new process has the transactional.id {id}: what the one before it left open is aborted, in epoch {epoch}."))
        }
        (_, S::PrepareCommit, _) => (3, format!("{id}'s transaction is decided: COMMIT markers go to its partitions.")),
        (_, S::PrepareAbort | S::PrepareEpochFence, _) => {
            (2, format!("{id}'s transaction is decided: ABORT markers go to its partitions."))
        }
        (_, S::CompleteCommit | S::CompleteAbort, _) => (3, format!("All partitions of {id}'s transaction have its marker.")),
        (_, S::Dead, _) => (2, format!("{id} was not used for long: the coordinator forgets it.")),
    })
}
