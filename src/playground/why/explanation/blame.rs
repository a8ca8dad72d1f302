//! What was done to nodes and links: the actions that a chain ends in.

use super::Explanation;
use crate::kafka::time::Time;
use crate::playground::narrate::action_words;
use crate::world::RETRANSMIT_US;
use crate::world::action::{ConsumerSpec, ProducerSpec};
use crate::world::event::EventKind;
use crate::world::operations::{
    Action, AddConsumer, AddProducer, Ailment, Condition, Links, Restart, Resume, SetLink, Severity, Subject, duration_text,
};

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
            Action::AddConsumer(AddConsumer(ConsumerSpec { name: node, .. }))
            | Action::AddProducer(AddProducer(ProducerSpec { name: node, .. }))
            | Action::Restart(Restart { node })
            | Action::Resume(Resume { node }) => **node == *client,
            _ => false,
        })
    }

    /// The newest action, up to `until`, that stopped these nodes and was not undone by then; else the newest that hindered them.
    /// What is between two nodes counts when both are named. Whether there was any.
    pub(crate) fn blame(&mut self, names: &[&str], until: Time) -> bool {
        // What newer actions have said already.
        let mut said: Vec<Ailment> = Vec::new();
        let mut hindrance = None;
        for (index, (at, action)) in self.world.history().iter().enumerate().rev() {
            if *at > until {
                continue;
            }
            for Condition { ailment, severity } in action.conditions() {
                let healed = ailment.is_of_network() && said.contains(&Ailment::Network);
                if !ailment.hits(names) || healed || said.contains(&ailment) {
                    continue;
                }
                match severity {
                    Severity::Stops => return self.acted(index),
                    Severity::Hinders => hindrance = hindrance.or(Some(index)),
                    Severity::Over => {}
                }
                said.push(ailment);
            }
        }
        hindrance.is_some_and(|index| self.acted(index))
    }

    /// What was done to these brokers, each for itself.
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
        let first = self.world.genesis().link();
        // How all links are and what this one was given, and the actions that made them so.
        let (mut all, mut by_all, mut own, mut by) = (first, None, None, None);
        for (index, (_, action)) in self.world.history().iter().enumerate().filter(|(_, (at, _))| *at <= sent) {
            match action {
                Action::Links(Links(spec)) => (all, by_all) = (*spec, Some(index)),
                Action::SetLink(SetLink { from: a, to: b, one_way, how })
                    if (&**a, &**b) == (from, to) || !one_way && (&**a, &**b) == (to, from) =>
                {
                    (own, by) = (*how, Some(index));
                }
                Action::Heal(_) => own = None,
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
            let Some(Subject::Node(node)) = action.subjects().first().copied() else { continue };
            if *at >= since && *at <= until && names.contains(&&**node) {
                told |= self.acted(index);
            }
        }
        told
    }
}
