//! What holds back readers of committed records: a transaction that is open, and who could end it.

use super::{Clock, Explanation};
use crate::kafka::broker::PartitionView;
use crate::kafka::client::producer::ProducerEvent;
use crate::kafka::time::Time;
use crate::playground::why::TopicPartition;
use crate::world::event::EventKind;
use crate::world::operations::duration_text;

impl Explanation<'_> {
    /// The transaction at which the last stable offset of a partition stands. False: none is open there.
    pub(crate) fn held_by_transaction(&mut self, at: &TopicPartition, state: &PartitionView) -> bool {
        let Some((first, producer_id)) = state.open_transactions.first() else { return false };
        let known = self.view.transaction_of(*producer_id);
        let name = self.view.producer_name(*producer_id);
        let id = known.map_or_else(String::new, |it| format!(" (transactional.id {}, epoch {})", it.transactional_id, it.epoch));
        self.now(format_args!("Offset {first} of {at} begins a transaction of {name}{id} that has no marker in {at} yet."));
        if let Some((app, state)) = self.view.writer_of(*producer_id) {
            if state.is_running() {
                self.now(format_args!("{name} runs, and has neither committed nor aborted it."));
            } else {
                self.not_running(&name, state);
            }
            let began = |kind: &EventKind| match kind {
                EventKind::Producer { node, event } => node == app && matches!(event, ProducerEvent::TransactionBegun { .. }),
                _ => false,
            };
            if let Some(event) = self.last(self.view.now, &began) {
                self.narrated(event);
            }
        }
        match known {
            Some(it) if it.aborts_at < Time::NEVER => {
                let timeout = duration_text(i64::from(it.timeout_ms).saturating_mul(1000));
                self.now(format_args!(
                    "If it does not end, its coordinator aborts it at {}: at the first look after {timeout} (transaction.timeout.ms).",
                    Clock(it.aborts_at)
                ));
            }
            Some(it) => self.now(format_args!("Its coordinator has it as {}.", it.state.name())),
            None => self.now(format_args!("Nobody coordinates it at the moment.")),
        }
        true
    }
}
