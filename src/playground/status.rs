//! How the cluster is, in a person's words: what is lost, and what cannot be written now.

use crate::kafka::broker::PartitionView;
use crate::playground::narrate::plural;
use crate::world::ProcessState;
use crate::world::view::WorldView;

/// From well to worse.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Health {
    Safe,
    /// Something cannot be written now; nothing is lost.
    Waits,
    /// Acknowledged records are gone.
    Lost,
}

/// `lost`: acknowledged records that are gone, as the judge's ledger counts them.
pub fn status(view: &WorldView, lost: u64) -> (Health, String) {
    let users = view.partitions.iter().filter(|partition| !partition.internal);
    let closed = users.filter(|partition| !takes_records(view, &partition.view)).count();
    match (lost, closed) {
        (0, 0) => (Health::Safe, "All safe · 0 lost".to_owned()),
        (0, closed) => (Health::Waits, format!("{} cannot be written", plural(closed, "partition"))),
        (lost, _) => (Health::Lost, format!("{} lost", plural(lost, "acknowledged record"))),
    }
}

/// Whether its leader runs and is heard, and has enough replicas in sync for who writes to it.
fn takes_records(view: &WorldView, partition: &PartitionView) -> bool {
    let leader = view.brokers.iter().find(|broker| broker.node_id == partition.leader);
    let wants_all = || {
        let mut writers =
            view.producers.iter().filter(|producer| producer.topic == partition.topic && producer.state.is_running()).peekable();
        writers.peek().is_none() || writers.any(|producer| producer.acks == -1)
    };
    let is_refused = partition.isr.len() < partition.min_isr && wants_all();
    leader.is_some_and(|broker| broker.state == ProcessState::Running && !broker.isolated) && !is_refused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::world::EPOCH;

    fn after(line: &str) -> WorldView {
        shown("", line, 5_100)
    }

    fn shown(clients: &str, line: &str, millis: i64) -> WorldView {
        let text = format!(
            "tidepool 1\ntitle t\nseed 5\nbrokers 3\ntopic orders partitions=3 replicas=3 min.insync.replicas=3\n{clients}\nat 5s {line}"
        );
        let mut play = Playback::new(Scenario::parse(&format!("{text}\nrun 60s")).expect("it reads")).expect("it starts");
        play.run_until(EPOCH.plus_millis(millis));
        play.world().view()
    }

    #[test]
    fn what_cannot_be_written_is_counted_and_what_is_lost_comes_first() {
        let all_safe = (Health::Safe, "All safe · 0 lost".to_owned());
        assert_eq!(status(&after("note \"nothing happens\""), 0), all_safe);
        for deed in ["kill broker-2", "pause broker-2", "isolate broker-2"] {
            let view = after(deed);
            assert_eq!(status(&view, 0), (Health::Waits, "1 partition cannot be written".to_owned()), "{deed}");
            assert_eq!(status(&view, 10), (Health::Lost, "10 acknowledged records lost".to_owned()));
        }
    }

    #[test]
    fn a_partition_that_refuses_what_its_producer_asks_cannot_be_written() {
        let at_30_s = |acks: &str| status(&shown(&format!("producer p topic=orders rate=1/s acks={acks}"), "kill broker-2", 30_000), 0);
        assert_eq!(at_30_s("all"), (Health::Waits, "3 partitions cannot be written".to_owned()));
        assert_eq!(at_30_s("1"), (Health::Safe, "All safe · 0 lost".to_owned()));
    }
}
