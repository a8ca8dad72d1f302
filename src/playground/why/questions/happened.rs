//! Why did this happen? From any event along its causes, each in words, to the action or the clock that began it.

use crate::kafka::wire::message::ApiKey;
use crate::kafka::time::TimerKind;
use crate::playground::narrate::narrate;
use crate::world::operations::duration_text;
use crate::playground::why::explanation::Explanation;
use crate::playground::why::{Ask, Occasion};
use crate::world::World;
use crate::world::event::{Event, EventId, EventKind};

/// Steps that are told; what led to more of them is a question of its own.
const MOST_STEPS: usize = 14;
/// Events of one turn that are told beside the one that is asked about.
const MOST_BESIDE: usize = 3;
/// Events that are searched for a sentence.
const RECENT: usize = 5_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Happened {
    pub event: EventId,
}

impl Ask for Happened {
    const FORM: &'static str = "event NUMBER";
    const EXAMPLE: &'static str = "event 512";

    fn parse(words: &[&str]) -> Option<Self> {
        let [number] = words else { return None };
        Some(Self { event: EventId(number.parse().ok()?) })
    }

    fn arguments(&self) -> String {
        self.event.0.to_string()
    }

    fn asked(&self) -> String {
        "Why did this happen?".to_owned()
    }

    /// It is asked beside the sentence that tells the event.
    fn suggested(_: &Occasion<'_>) -> Vec<Self> {
        Vec::new()
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        explanation.causal_chain(self.event)
    }
}

impl Explanation<'_> {
    fn causal_chain(&mut self, id: EventId) -> bool {
        let world = self.world;
        let Some(mut event) = world.event(id) else {
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
                    self.timer(event, node, *what, who);
                    break;
                }
                _ => self.narrated(event),
            }
            let Some(cause) = event.cause else { break };
            match world.event(cause) {
                Some(before) => event = before,
                None => {
                    self.forgotten(event.at);
                    break;
                }
            }
        }
        true
    }

    fn timer(&mut self, event: &Event, node: &str, what: TimerKind, who: &str) {
        match what {
            TimerKind::NextRecord => self.tell(event, format_args!("It was time for {node}'s next record.")),
            TimerKind::Poll | TimerKind::Handler => self.tell(event, format_args!("It was time for {node}'s next poll.")),
            _ => self.narrated(event),
        }
        // Who is waited for in vain, and why; else the clock is cause enough.
        if !who.is_empty() && !self.blame(&[&waited_for(who)], event.at) {
            self.blame(&[node], event.at);
        }
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
pub fn told_as(world: &World, words: &str) -> Option<EventId> {
    let mut recent = world.events().iter().rev().take(RECENT);
    recent.find(|event| narrate(event, world).is_some_and(|sentence| sentence.text == words)).map(|event| event.id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;
    use crate::playground::why::{Late, why};
    use crate::world::EPOCH;

    #[test]
    fn whatever_happened_has_its_causes() {
        let mut run = Run::of(&format!("{ORDERS}\nat 10s pause billing-1\nat 40s kill broker-1"));
        run.until(30);
        let newest = |run: &Run, wanted: &str| {
            let event = run.world().events().iter().rev().find(|event| kind(event) == wanted).expect("it happened");
            Happened { event: event.id }
        };
        run.is_so(
            newest(&run, "MemberRemoved"),
            "
              MemberRemoved: billing gave up billing-1: session timeout.
              Timer: broker-1: session timeout of billing-1.
              Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
            ",
        );
        run.is_so(
            newest(&run, "Acted"),
            "
              Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
              Acted: It begins there: that was done from outside, and nothing in the run led to it.
            ",
        );
        run.is_so(
            newest(&run, "Acked"),
            "
              Acked: checkout: orders-0 offset 262 is acknowledged.
              FrameSent: broker-1 answered checkout's Produce request; the answer took 3ms.
              FrameSent: broker-2 sent a Fetch request to broker-1, which took 4ms.
              FrameSent: broker-1 answered broker-2's Fetch request; the answer took 4ms.
              FrameSent: checkout sent a Produce request to broker-1, which took 2ms.
              Timer: checkout: linger.ms of orders-0.
            ",
        );
        run.until(60);
        run.is_so(
            newest(&run, "BecameLeader"),
            "
              BecameLeader: broker-2 leads orders-0 from offset 363 on, epoch 1.
              FrameSent: broker-3 sent a Fetch request to broker-2, which took 2ms.
              FrameSent: broker-2 answered broker-3's Fetch request; the answer took 4ms.
              Timer: broker-2: broker session timeout of broker 1.
              Acted: broker-1 was killed: its process is gone, what it had written stays in the page cache.
            ",
        );
        run.is_not_so(
            Happened { event: EventId(u64::MAX) },
            "
              now: That event is not kept: a run keeps only its newest ones.
            ",
        );
    }

    #[test]
    fn a_frame_that_was_late_says_why() {
        let mut run = Run::of(&format!("{ORDERS}\nat 10s link checkout broker-1 loss=40%\nat 60s link checkout broker-1 latency=700ms"));
        let slowest = |run: &Run, wanted: &str, since: i64| {
            let acked = run.world().events().iter().filter(|event| kind(event) == wanted && event.at >= EPOCH.plus_millis(since * 1000));
            let texts = acked.map(|event| why(run.world(), &run.judge, &Happened { event: event.id }.into()).links);
            texts.filter_map(|links| links.into_iter().find(|link| link.text.contains("took") && link.text.contains(": "))).next_back()
        };
        run.until(30);
        let late = slowest(&run, "Acked", 12).expect("some were lost");
        let said =
            "without loss it takes at most 5ms there; a lost packet is sent again after 200ms, doubling, as TCP does, and holds up what";
        assert!(late.text.contains(said), "{}", late.text);
        run.until(70);
        let late = slowest(&run, "Acked", 66).expect("all are slow");
        assert!(late.text.ends_with(": that link was made slow."), "{}", late.text);
        let links = why(run.world(), &run.judge, &Happened { event: late.event.expect("it is an event") }.into()).links;
        assert!(links.iter().any(|link| link.text == "A frame between checkout and broker-1 now takes 700ms to 703ms."), "{links:?}");
        run.until(75);
        // And what waits for such a link names it.
        let mut run = Run::of(&format!("{ORDERS}\nat 10s link checkout broker-1 latency=20s"));
        run.until(16);
        let links = why(run.world(), &run.judge, &Late { producer: "checkout".into() }.into()).links;
        assert!(links.iter().any(|link| link.text == "A frame between checkout and broker-1 now takes 20s to 20003ms."), "{links:?}");
    }
}
