//! Why does nobody lead this partition?

use crate::kafka::broker::BrokerEvent;
use crate::kafka::controller::image::PartitionImage;
use crate::kafka::time::Time;
use crate::playground::narrate::brokers;
use crate::playground::why::explanation::{Clock, Explanation};
use crate::playground::why::suggestions::partition;
use crate::playground::why::{Ask, Occasion, TopicPartition};
use crate::world::judge::probe::ClusterProbe as _;
use crate::world::target::Target;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leaderless {
    pub partition: TopicPartition,
}

impl Ask for Leaderless {
    const FORM: &'static str = "leaderless TOPIC-N";
    const EXAMPLE: &'static str = "leaderless orders-0";

    fn parse(words: &[&str]) -> Option<Self> {
        let [at] = words else { return None };
        Some(Self { partition: TopicPartition::parse(at)? })
    }

    fn arguments(&self) -> String {
        self.partition.to_string()
    }

    fn asked(&self) -> String {
        format!("Why has {} no leader?", self.partition)
    }

    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        let of = |topic, n| Self { partition: TopicPartition::new(topic, n) };
        match *occasion {
            Occasion::LookedAt(view, Target::Partition(topic, n)) => partition(view, topic, *n).iter().map(|_| of(topic, *n)).collect(),
            Occasion::LooksWrong(view, Target::Partition(topic, n)) => {
                partition(view, topic, *n).iter().filter(|p| p.leader < 0).map(|_| of(topic, *n)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        explanation.leaderless(&self.partition)
    }
}

impl Explanation<'_> {
    pub(crate) fn leaderless(&mut self, at: &TopicPartition) -> bool {
        let Some(state) = self.partition(at) else { return self.no(format_args!("There is no partition {at}.")) };
        let (leader, now) = (state.leader, state.leader_epoch);
        if leader >= 0 {
            self.now(format_args!("{at} has a leader: broker-{leader}, in epoch {now}."));
            let began = |event: &BrokerEvent| matches!(event, BrokerEvent::BecameLeader { epoch, .. } if *epoch == now);
            if let Some(event) = self.of_partition(at, self.view.now, &began) {
                self.narrated(event);
            }
            return false;
        }
        let Some(known) = self.world.image().and_then(|image| image.partition(&at.topic, at.partition)) else {
            self.now(format_args!("{at} has no leader: no broker is up that could lead it."));
            self.blame_all(&state.replicas);
            return true;
        };
        match known.leader {
            -1 => self.nobody_may_lead(at, known),
            named if self.runs(named) => {
                self.now(format_args!("{at} has no leader at this moment: broker-{named} is to lead it and has not taken over yet."));
                if let Some(event) = self.decided(at, named) {
                    self.narrated(event);
                }
                self.blame_all(&[named]);
            }
            named => {
                let broker = self.broker(named).map_or("gone", |broker| broker.state.word());
                self.now(format_args!("{at} has no leader: by the metadata it is still broker-{named}, which is down ({broker})."));
                self.no_election_yet(named);
                self.blame_all(&[named]);
            }
        }
        true
    }

    /// Why the controller has not given the partitions of a broker that is gone to another one.
    fn no_election_yet(&mut self, gone: i32) {
        match self.world.session_end(gone) {
            Some(end) if end > self.view.now => {
                let session = self.broker_millis("broker.session.timeout.ms", 9_000);
                self.now(format_args!(
                    "The controller waits for its heartbeats until {}, and elects nobody else before (broker.session.timeout.ms: {session}).",
                    Clock(end)
                ));
            }
            Some(_) => {}
            None if self.view.quorum.is_none() => {
                let down: Vec<i32> = self.view.brokers.iter().map(|broker| broker.node_id).filter(|id| !self.runs(*id)).collect();
                let (down_count, all) = (down.len(), self.view.brokers.len());
                self.now(format_args!(
                    "Nobody can elect another leader: there is no active controller. It takes a majority of the voters; {down_count} of {all} brokers are down."
                ));
                self.blame_all(&down);
            }
            None => {}
        }
    }

    /// The metadata say that nobody leads.
    fn nobody_may_lead(&mut self, at: &TopicPartition, known: &PartitionImage) {
        let mut able: Vec<i32> = known.isr.clone();
        able.extend(known.elr.iter().filter(|id| !known.isr.contains(id)));
        if able.is_empty() {
            able.extend(&known.last_known_elr);
        }
        let is = if able.len() == 1 { "it is" } else { "they are" };
        let able_names = brokers(&able);
        self.now(format_args!(
            "{at} has no leader: only a replica that has every committed record may lead. That is {able_names}, and {is} not up."
        ));
        let others: Vec<i32> = known.replicas.iter().copied().filter(|id| !able.contains(id) && self.runs(*id)).collect();
        if let Some(other) = others.first() {
            let names = brokers(&others);
            let verb = if others.len() == 1 { "runs but was" } else { "run but were" };
            if self.world.unclean(&at.topic) {
                self.now(format_args!("{names} {verb} not in sync; unclean.leader.election.enable is true, so it may lead in a moment."));
            } else {
                self.now(format_args!(
                    "{names} {verb} not in sync and may lack records, and so may not lead (unclean.leader.election.enable is false)."
                ));
            }
            self.left_isr(at, *other, Time::NEVER);
        }
        if let Some(event) = self.decided(at, -1) {
            self.narrated(event);
        }
        self.blame_all(&able);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    fn leaderless() -> Leaderless {
        Leaderless { partition: orders() }
    }

    #[test]
    fn a_partition_without_a_leader() {
        let mut run = Run::of(&format!("{ORDERS}\nat 10s kill broker-1"));
        run.until(11);
        run.is_so(
            leaderless(),
            "
              now: orders-0 has no leader: by the metadata it is still broker-1, which is down (killed).
              now: The controller waits for its heartbeats until 13.578 s, and elects nobody else before (broker.session.timeout.ms: 4s).
              Acted: broker-1 was killed: its process is gone, what it had written stays in the page cache.
            ",
        );
        run.until(20);
        run.is_not_so(
            leaderless(),
            "
              now: orders-0 has a leader: broker-2, in epoch 1.
              BecameLeader: broker-2 leads orders-0 from offset 63 on, epoch 1.
            ",
        );
        let mut run = Run::of(&format!("{TWO}\nat 10s kill broker-2\nat 20s kill broker-1\nat 21s restart broker-2"));
        run.until(35);
        run.is_so(
            leaderless(),
            "
              now: orders-0 has no leader: only a replica that has every committed record may lead. That is broker-1, and it is not up.
              now: broker-2 runs but was not in sync and may lack records, and so may not lead (unclean.leader.election.enable is false).
              PartitionChanged: orders-0: nobody leads: no replica that is up has all records; in sync: nobody; broker-1 could lead again \
               (broker-1 was fenced).
              Acted: broker-1 was killed: its process is gone, what it had written stays in the page cache.
              PartitionChanged: broker-2 left the ISR of orders-0: for 5s it had not caught up with the leader, broker-1 \
               (replica.lag.time.max.ms). The last record that it had copied was offset 62.
              Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
            ",
        );
        let mut run = Run::of(&format!("{ORDERS}\nat 10s kill broker-2\nat 20s kill broker-1"));
        run.until(30);
        run.is_so(
            leaderless(),
            "
              now: orders-0 has no leader: by the metadata it is still broker-1, which is down (killed).
              now: Nobody can elect another leader: there is no active controller. It takes a majority of the voters; 2 of 3 brokers are \
               down.
              Acted: broker-1 was killed: its process is gone, what it had written stays in the page cache.
              Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
            ",
        );
    }
}
