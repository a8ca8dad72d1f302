//! What was done to nodes and links: the actions that a chain ends in.

use super::Explanation;
use crate::kafka::time::Time;
use crate::playground::narrate::action_words;
use crate::playground::scenario::duration_text;
use crate::world::RETRANSMIT_US;
use crate::world::action::{Action, ConsumerSpec, Fault, LinkSpec};
use crate::world::event::EventKind;

/// One way, in microseconds: links slower than this are named as a cause.
const SLOW_LINK_US: i64 = 400_000;

/// What was undone after the action that is looked at, while the history is read backwards.
#[derive(Default)]
struct UndoneLater<'a> {
    /// Nodes that were started again or went on.
    nodes: Vec<&'a str>,
    /// Disks (and whether it was about their room) of which something newer is known.
    disks: Vec<(&'a str, bool)>,
    links: Vec<(&'a str, &'a str)>,
    cuts: bool,
    all_links: bool,
}

/// What an action has to do with the nodes that are asked about.
enum Effect {
    None,
    /// It holds them up.
    Holds,
    /// It makes them slow: told when nothing holds them up.
    Slows,
}

impl<'a> UndoneLater<'a> {
    fn effect(&mut self, action: &'a Action, names: &[&str]) -> Effect {
        match action {
            Action::Fault(fault) => self.fault_effect(fault, names),
            Action::CrashClient { name } | Action::StopClient { name } | Action::PauseClient { name } => self.down(name, names),
            Action::RestartClient { name } | Action::ResumeClient { name } => self.up(name),
            _ => Effect::None,
        }
    }

    fn fault_effect(&mut self, fault: &'a Fault, names: &[&str]) -> Effect {
        let hits = |name: &str| names.contains(&name);
        // Of a link between two nodes both must be named, when two are asked about.
        let between = |from: &str, to: &str| hits(from) && hits(to) || names.len() == 1 && (hits(from) || hits(to));
        match fault {
            Fault::Kill { node } | Fault::PowerLoss { node } | Fault::Stop { node } | Fault::Pause { node } => self.down(node, names),
            Fault::Restart { node } | Fault::Resume { node } => self.up(node),
            Fault::Heal => {
                self.cuts = true;
                Effect::None
            }
            Fault::Isolate { node } if !self.cuts && hits(node) => Effect::Holds,
            Fault::Cut { from, to, .. } if !self.cuts && between(from, to) => Effect::Holds,
            Fault::Link { from, to, how, .. } => {
                let pair: (&str, &str) = if from < to { (from, to) } else { (to, from) };
                if self.cuts || self.links.contains(&pair) || !between(from, to) {
                    return Effect::None;
                }
                self.links.push(pair);
                slows(how.is_some_and(|how| how.latency_us > SLOW_LINK_US || how.loss_ppm > 0))
            }
            Fault::SlowDisk { node, .. } | Fault::FullDisk { node, .. } if hits(node) => {
                let disk: (&str, bool) = (node, matches!(fault, Fault::FullDisk { .. }));
                let known = self.disks.contains(&disk);
                self.disks.push(disk);
                let well = matches!(fault, Fault::SlowDisk { delay_us: 0, .. } | Fault::FullDisk { free: None, .. });
                slows(!known && !well)
            }
            Fault::Links { latency_us, loss_ppm, .. } => {
                let known = std::mem::replace(&mut self.all_links, true);
                slows(!known && (*latency_us > SLOW_LINK_US || *loss_ppm > 0))
            }
            _ => Effect::None,
        }
    }

    fn down(&self, node: &str, names: &[&str]) -> Effect {
        if names.contains(&node) && !self.nodes.contains(&node) { Effect::Holds } else { Effect::None }
    }

    fn up(&mut self, node: &'a str) -> Effect {
        self.nodes.push(node);
        Effect::None
    }
}

fn slows(it: bool) -> Effect {
    if it { Effect::Slows } else { Effect::None }
}

impl Explanation<'_> {
    /// The newest action up to `until` that is wanted, as a link.
    pub(crate) fn action(&mut self, until: Time, wanted: &dyn Fn(&Action) -> bool) -> bool {
        let found = self.world.history().iter().enumerate().rev().find(|(_, (at, action))| *at <= until && wanted(action));
        found.is_some_and(|(index, _)| self.acted(index))
    }

    /// The action with this index in the history, as a link.
    fn acted(&mut self, index: usize) -> bool {
        let Some((at, action)) = self.world.history().get(index) else { return false };
        let Some(text) = action_words(action, self.world) else { return false };
        let number = u32::try_from(index).unwrap_or(u32::MAX);
        let event = self.last(*at, &|kind| *kind == EventKind::Acted { action: number });
        self.push(text, *at, event.map(|event| event.id));
        true
    }

    /// When a client was started last.
    pub(crate) fn started(&mut self, client: &str, until: Time) -> bool {
        self.action(until, &|action| match action {
            Action::AddConsumer(ConsumerSpec { name, .. }) | Action::RestartClient { name } | Action::ResumeClient { name } => {
                **name == *client
            }
            Action::AddProducer(spec) => *spec.name == *client,
            _ => false,
        })
    }

    /// The newest action, up to `until`, that held these nodes up and was not undone by then; else the newest that made them slow.
    /// A cut or a slow link counts when both of its ends are named. Whether there was any.
    pub(crate) fn blame(&mut self, names: &[&str], until: Time) -> bool {
        let mut undone = UndoneLater::default();
        let mut slow = None;
        let world = self.world;
        for (index, (at, action)) in world.history().iter().enumerate().rev() {
            if *at > until {
                continue;
            }
            match undone.effect(action, names) {
                Effect::Holds => return self.acted(index),
                Effect::Slows => slow = slow.or(Some(index)),
                Effect::None => {}
            }
        }
        slow.is_some_and(|index| self.acted(index))
    }

    /// What befell these brokers, each for itself.
    pub(crate) fn blame_all(&mut self, ids: &[i32]) -> bool {
        let mut told = false;
        for id in ids {
            let name = self.broker_name(*id);
            told |= !name.is_empty() && self.blame(&[name], self.view.now);
        }
        told
    }

    /// Why a frame took so long (microseconds), if its link was made slow or lossy; empty when it was not. The action is told too.
    pub(crate) fn delayed(&mut self, from: &str, to: &str, sent: Time, took: i64) -> String {
        let genesis = self.world.genesis();
        let first = LinkSpec { latency_us: genesis.latency_us, jitter_us: genesis.jitter_us, loss_ppm: 0, duplicate_ppm: 0 };
        // How all links are and what this one was given, and the actions that made them so.
        let (mut all, mut by_all, mut own, mut by) = (first, None, None, None);
        for (index, (_, action)) in self.world.history().iter().enumerate().filter(|(_, (at, _))| *at <= sent) {
            let Action::Fault(fault) = action else { continue };
            match fault {
                Fault::Links { latency_us, jitter_us, loss_ppm, .. } => {
                    all = LinkSpec { latency_us: *latency_us, jitter_us: *jitter_us, loss_ppm: *loss_ppm, duplicate_ppm: 0 };
                    by_all = Some(index);
                }
                Fault::Link { from: a, to: b, one_way, how } if (&**a, &**b) == (from, to) || !one_way && (&**a, &**b) == (to, from) => {
                    (own, by) = (*how, Some(index));
                }
                Fault::Heal => own = None,
                _ => {}
            }
        }
        let Some(done) = by.filter(|_| own.is_some()).or(by_all) else { return String::new() };
        let how = own.unwrap_or(all);
        let said = if how.loss_ppm > 0 && took >= how.latency_us + how.jitter_us.max(RETRANSMIT_US) {
            format!(
                ": without loss it takes at most {} there; a lost packet is sent again after {}, doubling, as TCP does, and holds up what \
                 comes after it",
                duration_text(how.latency_us.saturating_add(how.jitter_us)),
                duration_text(RETRANSMIT_US)
            )
        } else if own.is_some() && took > first.latency_us.saturating_add(first.jitter_us) {
            ": that link was made slow".to_owned()
        } else {
            return String::new();
        };
        self.acted(done);
        said
    }

    /// All that was done to these nodes between two moments, undone or not.
    pub(crate) fn blame_since(&mut self, names: &[&str], since: Time, until: Time) -> bool {
        let mut told = false;
        let world = self.world;
        for (index, (at, action)) in world.history().iter().enumerate().rev() {
            let (Action::CrashClient { name: node }
            | Action::StopClient { name: node }
            | Action::PauseClient { name: node }
            | Action::SetHandleTime { name: node, .. }
            | Action::RestartClient { name: node }
            | Action::Fault(Fault::Kill { node } | Fault::PowerLoss { node } | Fault::Isolate { node } | Fault::Pause { node })
            | Action::Fault(
                Fault::Cut { from: node, .. }
                | Fault::Link { from: node, .. }
                | Fault::Restart { node }
                | Fault::Wipe { node }
                | Fault::Stop { node },
            )) = action
            else {
                continue;
            };
            if *at >= since && *at <= until && names.contains(&&**node) {
                told |= self.acted(index);
            }
        }
        told
    }
}
