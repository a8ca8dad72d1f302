//! Why anything happened: from an event along its causes, each in words, to the deed or the clock that began it.

use super::explanation::Explanation;
use crate::kafka::wire::message::ApiKey;
use crate::playground::narrate::narrate;
use crate::playground::scenario::duration_text;
use crate::world::event::{Event, EventId, EventKind};

/// Steps that are told; what led to more of them is a question of its own.
const MOST_STEPS: usize = 14;
/// Events of one turn that are told beside the one that is asked about.
const MOST_BESIDE: usize = 3;

impl<'a> Explanation<'a> {
    pub(super) fn causal_chain(&mut self, id: EventId) -> bool {
        let Some(mut event) = self.world.event(id) else {
            return self.no(format_args!("That event is not kept: a run keeps only its newest ones."));
        };
        self.beside(event);
        if matches!(event.kind, EventKind::Acted { .. }) {
            self.tell(event, format_args!("It begins there: that was done from outside, and nothing in the run led to it."));
            return true;
        }
        // Kinds of frames on the way: a second one of a kind is another round of what nodes do all the time.
        let mut seen: Vec<(ApiKey, bool, &str)> = Vec::new();
        loop {
            if self.len() > MOST_STEPS {
                self.tell(event, format_args!("Before that lie more steps; ask there to go on."));
                break;
            }
            match &event.kind {
                EventKind::FrameSent { from, to, api, response, arrives, .. } => {
                    let kind = (*api, *response, &**from);
                    if seen.contains(&kind) {
                        self.tell(event, format_args!("{from} and {to} have talked like this before, round after round: that is no news."));
                        break;
                    }
                    seen.push(kind);
                    let took = arrives.micros_since(event.at);
                    let (time, delay) = (duration_text(took / 1000 * 1000), self.delayed(from, to, event.at, took));
                    match response {
                        true => self.tell(event, format_args!("{from} answered {to}'s {api:?} request; the answer took {time}{delay}.")),
                        false => self.tell(event, format_args!("{from} sent a {api:?} request to {to}, which took {time}{delay}.")),
                    }
                }
                EventKind::FrameArrived { .. } => {}
                EventKind::Timer { node, what, who } => {
                    match *what {
                        "next record" => self.tell(event, format_args!("It was time for {node}'s next record.")),
                        "poll" | "handler" => self.tell(event, format_args!("It was time for {node}'s next poll.")),
                        _ => self.narrated(event),
                    }
                    // Who is waited for in vain, and why; else the clock is cause enough.
                    if !who.is_empty() && !self.blame(&[&waited_for(who)], event.at) {
                        self.blame(&[node], event.at);
                    }
                    break;
                }
                _ => self.narrated(event),
            }
            let Some(cause) = event.cause else { break };
            match self.world.event(cause) {
                Some(before) => event = before,
                None => {
                    self.forgotten(event.at);
                    break;
                }
            }
        }
        true
    }

    /// What happened in the same turn before the event and is worth telling.
    fn beside(&mut self, event: &Event) {
        let turn = self.world.events().iter().rev().skip_while(|e| e.id >= event.id).take_while(|e| e.at == event.at);
        let turn = turn.filter(|e| e.cause.is_some() && e.cause == event.cause && e.kind != event.kind);
        let told: Vec<&Event> = turn.filter(|e| narrate(e, self.world).is_some_and(|s| s.level == 1)).take(MOST_BESIDE).collect();
        self.narrated(event);
        for event in told {
            self.narrated(event);
        }
    }
}

/// The node that a deadline is about, by its name: a controller's deadlines know brokers by their number.
pub fn waited_for(who: &str) -> String {
    who.replace("broker ", "broker-")
}

/// The newest event that the narrator put into these words, among those kept.
pub fn told_as(world: &crate::world::World, words: &str) -> Option<EventId> {
    let mut recent = world.events().iter().rev().take(RECENT);
    recent.find(|event| narrate(event, world).is_some_and(|sentence| sentence.text == words)).map(|event| event.id)
}

/// Events that are searched for a sentence.
const RECENT: usize = 5_000;
