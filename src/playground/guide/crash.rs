//! Crash a consumer: its partitions are nobody's until its group has noticed.

use super::{Look, Offer, Progress, Step, Task, seconds};
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet};
use crate::kafka::time::Time;
use crate::playground::narrate::{listed, plural};
use crate::playground::scene::Target;
use crate::world::ProcessState;
use crate::world::event::EventKind;
use crate::world::operations::Action;
use crate::world::view::{ConsumerState, WorldView};
use std::sync::Arc;

type Partition = (Arc<str>, i32);

#[derive(Debug, Default)]
pub(super) struct CrashConsumer {
    /// Who reads what, as long as nobody has crashed.
    owned: SortedVecMap<Arc<str>, Vec<Partition>>,
    crashed: Option<Crashed>,
}

#[derive(Debug)]
struct Crashed {
    at: Time,
    name: Arc<str>,
    owned: Vec<Partition>,
}

const AT_ONCE: &str = "at once";
const SESSION: &str = "when its session has ended";
const NEVER: &str = "when it is back";

fn reads(consumer: &ConsumerState) -> bool {
    consumer.state == ProcessState::Running && consumer.group.is_some() && !consumer.assignment.is_empty()
}

fn task(view: &WorldView) -> Option<Task> {
    let readers = || view.consumers.iter().filter(|consumer| reads(consumer));
    let shares = |one: &&ConsumerState| readers().any(|other| other.group == one.group && other.name != one.name);
    let consumer = readers().filter(shares).nth(1)?;
    Some(Task {
        text: format!("Crash {}. When does another member read its {}?", consumer.name, plural(consumer.assignment.len(), "partition")),
        guesses: [AT_ONCE, SESSION, NEVER].map(str::to_owned).into(),
        offer: Some((format!("Crash {}", consumer.name), Offer::Line(format!("crash {}", consumer.name)))),
        lit: Some(Target::Consumer(consumer.name.clone())),
    })
}

impl Step for CrashConsumer {
    fn observe(&mut self, look: &Look) -> Progress {
        let deed = look.time.deeds().iter().rev().find_map(|(at, action)| match action {
            Action::Crash(crash) => Some((*at, look.view.consumers.iter().find(|consumer| consumer.name == crash.node)?)),
            _ => None,
        });
        let Some((at, consumer)) = deed else {
            self.crashed = None;
            let owned = look.view.consumers.iter().filter(|consumer| reads(consumer));
            self.owned = owned.map(|consumer| (consumer.name.clone(), consumer.assignment.clone())).collect();
            return Progress::Asked(task(look.view));
        };
        let owned = &self.owned;
        let crashed = self.crashed.get_or_insert_with(|| Crashed {
            at,
            name: consumer.name.clone(),
            owned: owned.get(&consumer.name).cloned().unwrap_or_default(),
        });
        crashed.progress(look, consumer)
    }
}

impl Crashed {
    fn progress(&self, look: &Look, consumer: &ConsumerState) -> Progress {
        let mut heirs = SortedVecSet::new();
        for partition in &self.owned {
            let mut group = look.view.consumers.iter().filter(|one| one.group == consumer.group);
            let reader = group.find(|one| reads(one) && one.assignment.contains(partition));
            let Some(reader) = reader else {
                let since = seconds(look.view.now.micros_since(self.at));
                let count = plural(self.owned.len(), "partition");
                return Progress::Waiting(format!("{} said nothing when it died. Nobody has read its {count} for {since}.", self.name));
            };
            heirs.insert(reader.name.to_string());
        }
        if heirs.is_empty() {
            return Progress::Done(format!("{} read nothing, and nothing changed hands.", self.name), None);
        }
        let after = self.assigned(look).micros_since(self.at);
        let came_back = heirs.contains(&*self.name);
        let heirs: Vec<String> = heirs.into_iter().collect();
        let have = if heirs.len() == 1 { "has" } else { "have" };
        let ledger = look.time.judge().verdict(look.time.world(), false).ledger;
        let outcome = format!(
            "{} {have} the {} of {} after {}. {} handled twice.",
            listed(&heirs),
            plural(self.owned.len(), "partition"),
            self.name,
            seconds(after),
            plural(ledger.redelivered, "record")
        );
        Progress::Done(outcome, Some(if came_back { NEVER } else { SESSION }.to_owned()))
    }

    /// When the last of the group was told what it reads now.
    fn assigned(&self, look: &Look) -> Time {
        let told = look.time.world().events().iter().rev().take_while(|event| event.at >= self.at);
        let mut told = told.filter(|event| matches!(&event.kind, EventKind::Consumer { event: ConsumerEvent::Assigned { .. }, .. }));
        told.next().map_or(look.view.now, |event| event.at)
    }
}
