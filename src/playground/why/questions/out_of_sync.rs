//! Why is this replica not in sync?

use crate::kafka::time::Time;
use crate::playground::narrate::brokers;
use crate::playground::why::explanation::Explanation;
use crate::playground::why::suggestions::partition;
use crate::playground::why::{Ask, Occasion, TopicPartition};
use crate::world::target::Target;
use std::sync::Arc;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutOfSync {
    pub partition: TopicPartition,
    /// The replica, by its broker's number.
    pub broker: i32,
}

impl Ask for OutOfSync {
    const FORM: &'static str = "out-of-sync TOPIC-N broker-N";
    const EXAMPLE: &'static str = "out-of-sync orders-0 broker-2";

    fn parse(words: &[&str]) -> Option<Self> {
        let [at, broker] = words else { return None };
        Some(Self { partition: TopicPartition::parse(at)?, broker: broker.strip_prefix("broker-")?.parse().ok()? })
    }

    fn arguments(&self) -> String {
        format!("{} broker-{}", self.partition, self.broker)
    }

    fn asked(&self) -> String {
        format!("Why is broker-{} not in sync for {}?", self.broker, self.partition)
    }

    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        let away = |view, topic: &Arc<str>, n| {
            let found = partition(view, topic, n).into_iter();
            let ids = found.flat_map(|p| p.replicas.iter().copied().filter(|id| !p.isr.contains(id)));
            ids.map(move |broker| Self { partition: TopicPartition::new(topic, n), broker }).collect::<Vec<_>>()
        };
        match *occasion {
            Occasion::LookedAt(view, Target::Partition(topic, n)) => away(view, topic, *n),
            Occasion::LooksWrong(view, Target::Partition(topic, n)) => away(view, topic, *n).into_iter().take(1).collect(),
            Occasion::LookedAt(view, Target::Broker(name)) => {
                let Some(broker) = view.brokers.iter().find(|b| b.name == *name).map(|b| b.node_id) else { return Vec::new() };
                let away = view.partitions.iter().map(|p| &p.view).filter(|p| p.replicas.contains(&broker) && !p.isr.contains(&broker));
                away.map(|p| Self { partition: TopicPartition::new(&p.topic, p.partition), broker }).collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        let (at, id) = (&self.partition, self.broker);
        let Some(state) = explanation.partition(at) else { return explanation.no(format_args!("There is no partition {at}.")) };
        if !state.replicas.contains(&id) {
            return explanation.no(format_args!("broker-{id} is no replica of {at}: those are {}.", brokers(&state.replicas)));
        }
        if state.isr.contains(&id) {
            return explanation.no(format_args!("broker-{id} is in the in-sync set (ISR) of {at}: it keeps up with the leader."));
        }
        let isr = brokers(&state.isr);
        explanation.now(format_args!("broker-{id} is not in the in-sync set (ISR) of {at}, which is {isr}."));
        let own = explanation.view.replicas.iter().find(|r| r.broker == id && at.is(&r.topic, r.partition));
        if let Some(own) = own.filter(|own| explanation.runs(id) && own.end_offset < state.end_offset) {
            let (own, end) = (own.end_offset, state.end_offset);
            explanation.now(format_args!("It has the records below offset {own}, the leader those below {end}: it has to catch up first."));
        }
        explanation.left_isr(at, id, Time::NEVER);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    fn out_of_sync(broker: i32) -> OutOfSync {
        OutOfSync { partition: orders(), broker }
    }

    #[test]
    fn a_replica_out_of_the_isr() {
        let mut run = Run::of(&format!("{ORDERS}\nat 10s kill broker-3"));
        run.is_not_so(
            out_of_sync(3),
            "
              now: broker-3 is in the in-sync set (ISR) of orders-0: it keeps up with the leader.
            ",
        );
        run.until(20);
        run.is_so(
            out_of_sync(3),
            "
              now: broker-3 is not in the in-sync set (ISR) of orders-0, which is broker-1 and broker-2.
              PartitionChanged: broker-3 left the ISR of orders-0: the controller no longer counted it as alive. The last record that \
               it had copied was \
               offset 62.
              BrokerFenced: The controller no longer counts broker-3 in: no heartbeat within broker.session.timeout.ms.
              Acted: broker-3 was killed: its process is gone, what it had written stays in the page cache.
            ",
        );
        run.is_not_so(
            out_of_sync(2),
            "
              now: broker-2 is in the in-sync set (ISR) of orders-0: it keeps up with the leader.
            ",
        );
        run.is_not_so(
            out_of_sync(9),
            "
              now: broker-9 is no replica of orders-0: those are broker-1, broker-2 and broker-3.
            ",
        );
        let mut run = Run::of(&format!("{ORDERS}\nat 10s cut broker-1 broker-3"));
        run.until(25);
        run.is_so(
            out_of_sync(3),
            "
              now: broker-3 is not in the in-sync set (ISR) of orders-0, which is broker-1 and broker-2.
              now: It has the records below offset 63, the leader those below 213: it has to catch up first.
              PartitionChanged: broker-3 left the ISR of orders-0: for 5s it had not caught up with the leader, broker-1 \
               (replica.lag.time.max.ms). The last record that it had copied was offset 62.
              Acted: broker-1 and broker-3 cannot reach each other.
            ",
        );
    }
}
