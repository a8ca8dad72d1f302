//! What answers are made of: links, the search for events, and what befell a node.

use super::Link;
use crate::kafka::broker::PartitionView;
use crate::kafka::time::Time;
use crate::playground::narrate::{action_words, narrate};
use crate::playground::scenario::duration_text;
use crate::world::action::{Action, Fault, LinkSpec};
use crate::world::event::{Event, EventId, EventKind};
use crate::world::judge::Judge;
use crate::world::view::{BrokerState, WorldView};
use crate::world::{EPOCH, RETRANSMIT_US, World};
use std::fmt;

/// One way, in microseconds: links slower than this are named as a cause.
const SLOW_LINK_US: i64 = 400_000;

/// A partition's name.
pub(super) struct Tp<'a>(pub &'a str, pub i32);

impl fmt::Display for Tp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0, self.1)
    }
}

/// A moment as the page shows it: seconds since the run's beginning.
pub(super) struct Clock(pub Time);

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&seconds(self.0.micros_since(EPOCH)))
    }
}

/// `12.480 s` of microseconds since the run's beginning.
pub fn seconds(us: i64) -> String {
    format!("{}.{:03} s", us / 1_000_000, us / 1000 % 1000)
}

pub(super) struct Explanation<'a> {
    pub(super) world: &'a World,
    pub(super) judge: &'a Judge,
    pub(super) view: &'a WorldView,
    links: Vec<Link>,
}

impl<'a> Explanation<'a> {
    pub(super) fn new(world: &'a World, judge: &'a Judge, view: &'a WorldView) -> Self {
        Self { world, judge, view, links: Vec::new() }
    }

    fn push(&mut self, text: String, at: Time, event: Option<EventId>) {
        // Two ways to one cause name it once.
        if self.links.iter().all(|link| link.text != text || link.at != at) {
            self.links.push(Link { text, at, event });
        }
    }

    /// What is so now.
    pub(super) fn now(&mut self, text: fmt::Arguments<'_>) {
        self.push(text.to_string(), self.view.now, None);
    }

    /// What is not so: the plain answer to a question that does not arise.
    pub(super) fn no(&mut self, text: fmt::Arguments<'_>) -> bool {
        self.now(text);
        false
    }

    pub(super) fn tell(&mut self, event: &Event, text: fmt::Arguments<'_>) {
        self.push(text.to_string(), event.at, Some(event.id));
    }

    /// The way back ends here: what led to it has been dropped.
    pub(super) fn forgotten(&mut self, at: Time) {
        self.push("What led to that is no longer kept: the run keeps its newest events, and these were older.".into(), at, None);
    }

    /// An event in the narrator's words.
    pub(super) fn narrated(&mut self, event: &Event) {
        if let Some(sentence) = narrate(event, self.world) {
            self.push(sentence.text, event.at, Some(event.id));
        }
    }

    /// The newest event up to `until` that is wanted.
    pub(super) fn last(&self, until: Time, wanted: &dyn Fn(&EventKind) -> bool) -> Option<&'a Event> {
        self.world.events().iter().rev().find(|event| event.at <= until && wanted(&event.kind))
    }

    pub(super) fn partition(&self, topic: &str, partition: i32) -> Option<&'a PartitionView> {
        self.view.partitions.iter().map(|state| &state.view).find(|view| view.partition == partition && &*view.topic == topic)
    }

    pub(super) fn broker(&self, id: i32) -> Option<&'a BrokerState> {
        self.view.brokers.iter().find(|broker| broker.node_id == id)
    }

    /// Whether its process is there and not frozen.
    pub(super) fn runs(&self, id: i32) -> bool {
        self.broker(id).is_some_and(|broker| broker.state.is_running())
    }

    /// `replica.lag.time.max.ms` in words.
    pub(super) fn lag_time(&self) -> String {
        self.broker_millis("replica.lag.time.max.ms", 30_000)
    }

    /// What a broker config in milliseconds is set to, or Kafka's default for it, in words.
    pub(super) fn broker_millis(&self, name: &str, default: i64) -> String {
        let set = self.world.genesis().broker_config.get(name).and_then(|value| value.parse().ok());
        duration_text(i64::saturating_mul(set.unwrap_or(default), 1000))
    }

    /// The newest action up to `until` that is wanted, as a link.
    pub(super) fn action(&mut self, until: Time, wanted: &dyn Fn(&Action) -> bool) -> bool {
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

    /// What somebody did, up to `until`, that held these nodes up and was not undone by then; of a cut between two of them both must be
    /// named. The newest is told.
    pub(super) fn blame(&mut self, names: &[&str], until: Time) -> bool {
        let mut well: Vec<&str> = Vec::new();
        // Disks of which something newer has been told already.
        let mut disks: Vec<(&str, bool)> = Vec::new();
        // And links.
        let mut links = Vec::new();
        let (mut healed, mut fast) = (false, false);
        let mut slow = None;
        for (index, (at, action)) in self.world.history().iter().enumerate().rev() {
            if *at > until {
                continue;
            }
            let (node, ill) = match action {
                Action::Fault(fault) => match fault {
                    Fault::Kill { node } | Fault::PowerLoss { node } | Fault::Stop { node } | Fault::Pause { node } => (node, true),
                    Fault::Restart { node } | Fault::Resume { node } => (node, false),
                    Fault::Heal => {
                        healed = true;
                        continue;
                    }
                    Fault::Isolate { node } if !healed && names.contains(&&**node) => return self.acted(index),
                    Fault::Cut { from, to, .. } if !healed => {
                        let hits = |name: &str| names.contains(&name);
                        if hits(from) && hits(to) || names.len() == 1 && (hits(from) || hits(to)) {
                            return self.acted(index);
                        }
                        continue;
                    }
                    Fault::Link { from, to, how, .. } => {
                        let hits = |name: &str| names.contains(&name);
                        let pair = if from < to { (from, to) } else { (to, from) };
                        if !healed && !links.contains(&pair) && (hits(from) && hits(to) || names.len() == 1 && (hits(from) || hits(to))) {
                            links.push(pair);
                            if how.is_some_and(|how| how.latency_us > SLOW_LINK_US || how.loss_ppm > 0) {
                                slow = slow.or(Some(index));
                            }
                        }
                        continue;
                    }
                    Fault::SlowDisk { node, .. } | Fault::FullDisk { node, .. } if names.contains(&&**node) => {
                        let full = matches!(fault, Fault::FullDisk { .. });
                        let ill = !matches!(fault, Fault::SlowDisk { delay_us: 0, .. } | Fault::FullDisk { free: None, .. });
                        if ill && !disks.contains(&(&**node, full)) {
                            slow = slow.or(Some(index));
                        }
                        disks.push((&**node, full));
                        continue;
                    }
                    Fault::Links { latency_us, loss_ppm, .. } => {
                        if !fast && (*latency_us > SLOW_LINK_US || *loss_ppm > 0) {
                            slow = slow.or(Some(index));
                        }
                        fast = true;
                        continue;
                    }
                    _ => continue,
                },
                Action::CrashClient { name } | Action::StopClient { name } | Action::PauseClient { name } => (name, true),
                Action::RestartClient { name } | Action::ResumeClient { name } => (name, false),
                _ => continue,
            };
            let name = &**node;
            if !names.contains(&name) || well.contains(&name) {
                continue;
            }
            if ill {
                return self.acted(index);
            }
            well.push(name);
        }
        slow.is_some_and(|index| self.acted(index))
    }

    /// What is to be said of a frame that took so long (microseconds) because of what was done to its link; empty: nothing.
    pub(super) fn delayed(&mut self, from: &str, to: &str, sent: Time, took: i64) -> String {
        let genesis = self.world.genesis();
        let first = LinkSpec { latency_us: genesis.latency_us, jitter_us: genesis.jitter_us, loss_ppm: 0, duplicate_ppm: 0 };
        // How all links are and what this one was given, and the deeds that made them so.
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

    /// The newest that somebody did to these nodes between two moments, undone or not, and what was done before it.
    pub(super) fn blame_since(&mut self, names: &[&str], since: Time, until: Time) -> bool {
        let mut told = false;
        for (index, (at, action)) in self.world.history().iter().enumerate().rev() {
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

    /// How many links there are, to go back to.
    pub(super) fn len(&self) -> usize {
        self.links.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.links.truncate(len);
    }

    /// Newest first; what happened in one moment stays as it was told.
    pub(super) fn finish(mut self) -> Vec<Link> {
        self.links.sort_by_key(|link| std::cmp::Reverse(link.at));
        self.links
    }
}
