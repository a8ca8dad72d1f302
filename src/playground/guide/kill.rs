//! Kill a broker: the partitions that it led find another leader.

use super::{Look, Offer, Progress, Step, Task, seconds};
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::time::Time;
use crate::playground::narrate::{listed, plural};
use crate::playground::scene::Target;
use crate::playground::time::Lane;
use crate::world::ProcessState;
use crate::world::operations::Action;
use crate::world::view::{BrokerState, WorldView};
use std::sync::Arc;

type Partition = (Arc<str>, i32);

#[derive(Debug, Default)]
pub(super) struct KillBroker {
    /// Who leads what, as long as no broker has been killed.
    leaders: SortedVecMap<Partition, i32>,
    killed: Option<Killed>,
}

#[derive(Debug)]
struct Killed {
    at: Time,
    name: Arc<str>,
    led: Vec<Partition>,
}

/// A broker that leads something and is not the controller: one thing at a time.
fn candidate(view: &WorldView) -> Option<&BrokerState> {
    let leads = |broker: &&BrokerState| {
        view.partitions.iter().any(|state| !state.internal && state.view.leader == broker.node_id) && broker.state == ProcessState::Running
    };
    view.brokers.iter().filter(leads).min_by_key(|broker| (broker.is_controller, broker.node_id))
}

fn task(view: &WorldView) -> Option<Task> {
    let broker = candidate(view)?;
    let others = view.brokers.iter().filter(|other| other.node_id != broker.node_id && other.state == ProcessState::Running);
    let mut guesses: Vec<String> = others.map(|other| other.name.to_string()).collect();
    if guesses.is_empty() {
        return None;
    }
    guesses.insert(0, NOBODY.into());
    guesses.push(SEVERAL.into());
    Some(Task {
        text: format!("Kill {}. Who takes over the partitions that it leads?", broker.name),
        guesses,
        offer: Some((format!("Kill {}", broker.name), Offer::Line(format!("kill {}", broker.name)))),
        lit: Some(Target::Broker(broker.name.clone())),
    })
}

const NOBODY: &str = "nobody";
const SEVERAL: &str = "several of them";

impl Step for KillBroker {
    fn observe(&mut self, look: &Look) -> Progress {
        let view = look.view;
        let deed = look.time.deeds().iter().rev().find_map(|(at, action)| match action {
            Action::Kill(kill) => Some((*at, view.brokers.iter().find(|broker| broker.name == kill.node)?)),
            _ => None,
        });
        let Some((at, broker)) = deed else {
            self.killed = None;
            let led = view.partitions.iter().filter(|state| !state.internal && state.view.leader >= 0);
            self.leaders = led.map(|state| ((state.view.topic.clone(), state.view.partition), state.view.leader)).collect();
            return Progress::Asked(task(view));
        };
        let leaders = &self.leaders;
        let killed = self.killed.get_or_insert_with(|| {
            let led = leaders.iter().filter(|(_, leader)| **leader == broker.node_id).map(|(partition, _)| partition.clone());
            Killed { at, name: broker.name.clone(), led: led.collect() }
        });
        killed.progress(look)
    }
}

impl Killed {
    fn progress(&self, look: &Look) -> Progress {
        let mut taken: SortedVecMap<i32, Vec<String>> = SortedVecMap::new();
        for (topic, n) in &self.led {
            let state = look.view.partitions.iter().find(|state| state.view.topic == *topic && state.view.partition == *n);
            // A topic that is gone needs no leader.
            if let Some(state) = state {
                taken.entry(state.view.leader).or_default().push(format!("{topic}-{n}"));
            }
        }
        if let Some(waiting) = taken.get(&-1) {
            let (count, since) = (plural(waiting.len(), "partition"), seconds(look.view.now.micros_since(self.at)));
            return Progress::Waiting(format!(
                "{} is silent. {count} without a leader for {since}: nobody is elected before its session has ended.",
                self.name
            ));
        }
        let name =
            |id: i32| look.view.brokers.iter().find(|broker| broker.node_id == id).map_or("?".into(), |broker| broker.name.to_string());
        let clauses: Vec<String> =
            taken.iter().map(|(leader, partitions)| format!("{} took over {}", name(*leader), listed(partitions))).collect();
        let right = match taken.len() {
            0 => NOBODY.to_owned(),
            1 => taken.keys().next().map(|leader| name(*leader)).unwrap_or_default(),
            _ => SEVERAL.to_owned(),
        };
        let what = if clauses.is_empty() { format!("{} led nothing", self.name) } else { listed(&clauses) };
        let ledger = look.time.judge().verdict(look.time.world(), false).ledger;
        let after = seconds(self.elected(look).micros_since(self.at));
        Progress::Done(format!("{what} after {after}. {} of {} acknowledged records lost.", ledger.lost, ledger.acked), Some(right))
    }

    /// When the last of the elections was.
    fn elected(&self, look: &Look) -> Time {
        let marks = look.time.branch().marks().all();
        let election = |mark: &&crate::playground::time::Mark| mark.lane == Lane::Election && (self.at..=look.view.now).contains(&mark.at);
        marks.iter().rev().find(election).map_or(look.view.now, |mark| mark.at)
    }
}
