//! The space-time diagram of an answer: a line for each node, frames as arrows from their sending to their arrival, the answer's
//! events as numbered marks. What led to a mark can be followed along the lines and arrows.

mod draw;
#[cfg(test)]
mod tests;

pub use draw::{Drawing, Label, PlacedArrow, PlacedMark, Shape, draw, words};

use crate::kafka::time::Time;
use crate::playground::why::{Link, waited_for};
use crate::world::ProcessState;
use crate::world::World;
use crate::world::event::{Event, EventId, EventKind};
use crate::world::view::WorldView;
use std::sync::Arc;

/// Frames before each mark that are drawn: the last ones of those that led to it.
pub const FRAMES_BACK: u32 = 3;
/// Events that are searched for what became of a frame.
const AHEAD: usize = 3_000;

/// Events of the answer that happened on one node in one moment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mark {
    /// The sentences, from 1.
    pub numbers: Vec<usize>,
    /// `None`: of no node, as what is so now.
    pub lane: Option<usize>,
    pub at: Time,
    /// What somebody did, not what followed.
    pub deed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FrameOutcome {
    Arrived,
    UnderWay,
    Lost,
}

/// A frame.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Arrow {
    pub event: EventId,
    pub from: usize,
    pub to: usize,
    pub sent: Time,
    pub arrives: Time,
    pub outcome: FrameOutcome,
    /// `Fetch request`.
    pub name: String,
}

/// A node's process was not running.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Away {
    pub lane: usize,
    pub from: Time,
    pub to: Time,
    pub state: ProcessState,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diagram {
    /// Producers, brokers, consumers: as on the stage from left to right.
    pub lanes: Vec<Arc<str>>,
    /// In the order of time.
    pub marks: Vec<Mark>,
    pub arrows: Vec<Arrow>,
    pub away: Vec<Away>,
    /// Frames or events that belong here are no longer kept.
    pub forgotten: bool,
}

/// The node that an event is of.
fn node_of<'a>(world: &'a World, kind: &'a EventKind) -> Option<&'a Arc<str>> {
    match kind {
        EventKind::Acted { action } => world.history().get(usize::try_from(*action).ok()?)?.1.nodes().first().copied(),
        EventKind::FrameSent { from: node, .. }
        | EventKind::LinkCut { from: node, .. }
        | EventKind::Connected { to: node, .. }
        | EventKind::Disconnected { to: node, .. }
        | EventKind::Timer { node, .. }
        | EventKind::Broker { node, .. }
        | EventKind::BrokerLog { node, .. }
        | EventKind::Producer { node, .. }
        | EventKind::Consumer { node, .. }
        | EventKind::Handled { node, .. }
        | EventKind::HandlerFailed { node, .. }
        | EventKind::Inserted { node, .. }
        | EventKind::ProcessState { node, .. }
        | EventKind::AdminAnswered { node, .. } => Some(node),
        EventKind::FrameArrived { .. } | EventKind::FrameLost { .. } | EventKind::Healed => None,
    }
}

/// What is collected before the lanes have their order.
struct Sketch<'a> {
    world: &'a World,
    names: Vec<Arc<str>>,
    out: Diagram,
}

impl<'a> Sketch<'a> {
    fn lane(&mut self, name: &Arc<str>) -> usize {
        if let Some(at) = self.names.iter().position(|known| known == name) {
            return at;
        }
        self.names.push(name.clone());
        self.names.len() - 1
    }

    /// Draws the frame that this event sent, if it is one.
    fn arrow(&mut self, event: &'a Event) {
        let EventKind::FrameSent { message, from, to, api, response, arrives, .. } = &event.kind else { return };
        if self.out.arrows.iter().any(|arrow| arrow.event == event.id) {
            return;
        }
        let after = self.world.events().iter().skip_while(|e| e.id <= event.id).take(AHEAD);
        let met = after.into_iter().find_map(|e| match &e.kind {
            EventKind::FrameArrived { message: m } if m == message => Some((FrameOutcome::Arrived, e.at)),
            EventKind::FrameLost { message: m } if m == message => Some((FrameOutcome::Lost, e.at)),
            _ => None,
        });
        let (outcome, arrives) = met.unwrap_or((FrameOutcome::UnderWay, *arrives));
        let (from, to) = (self.lane(from), self.lane(to));
        let name = format!("{api:?} {}", if *response { "response" } else { "request" });
        self.out.arrows.push(Arrow { event: event.id, from, to, sent: event.at, arrives, outcome, name });
    }

    /// The frames that led to an event, newest first, and those that left with it.
    fn frames(&mut self, event: &'a Event, marked: &[EventId]) {
        let world = self.world;
        let around = world.events().iter().rev().skip_while(|e| e.id.0 > event.id.0 + 4).take_while(|e| e.id.0 + 4 >= event.id.0);
        if matches!(event.kind, EventKind::Producer { .. } | EventKind::Consumer { .. }) && event.cause.is_some() {
            for sent in around.filter(|e| e.cause == event.cause && e.at == event.at) {
                self.arrow(sent);
            }
        }
        let (mut at, mut left) = (event, FRAMES_BACK);
        while left > 0 {
            let Some(id) = at.cause else { return };
            let Some(before) = world.event(id) else {
                self.out.forgotten = true;
                return;
            };
            match &before.kind {
                EventKind::FrameSent { .. } => {
                    self.arrow(before);
                    left -= 1;
                }
                // A clock has no frame before it; but if it waited for somebody, then since that one's last frame.
                EventKind::Timer { node, who, .. } => {
                    let who = waited_for(who);
                    let from_who = |e: &&Event| matches!(&e.kind, EventKind::FrameSent { from, to, .. } if **from == *who && to == node);
                    if let Some(last) = world.events().iter().rev().filter(|e| e.id < before.id).find(from_who) {
                        self.arrow(last);
                    }
                    return;
                }
                _ => {}
            }
            if marked.contains(&id) {
                return;
            }
            at = before;
        }
    }
}

/// The diagram of an answer's links, at the moment `view` shows.
pub fn diagram(world: &World, view: &WorldView, links: &[Link]) -> Diagram {
    let mut sketch = Sketch { world, names: Vec::new(), out: Diagram::default() };
    let marked: Vec<EventId> = links.iter().filter_map(|link| link.event).collect();
    for (link, number) in links.iter().zip(1..) {
        let event = link.event.and_then(|id| world.event(id));
        // An action whose event is gone still stands in the history.
        let acted = || world.history().iter().filter(|(at, _)| *at == link.at).find_map(|(_, action)| action.nodes().first().copied());
        let node = match event {
            Some(event) => node_of(world, &event.kind),
            None if link.at < view.now => acted(),
            None => None,
        };
        sketch.out.forgotten |= event.is_none() && link.at < view.now;
        let lane = node.map(|name| sketch.lane(name));
        let deed = event.is_none_or(|event| matches!(event.kind, EventKind::Acted { .. })) && link.at < view.now;
        match sketch.out.marks.iter_mut().find(|mark| mark.at == link.at && mark.lane == lane) {
            Some(mark) => mark.numbers.push(number),
            None => sketch.out.marks.push(Mark { numbers: vec![number], lane, at: link.at, deed }),
        }
        if let Some(event) = event {
            sketch.frames(event, &marked);
        }
    }
    finish(sketch, view)
}

fn finish(sketch: Sketch<'_>, view: &WorldView) -> Diagram {
    let Sketch { world, names, mut out } = sketch;
    let apps = view.producers.iter().map(|p| &p.name);
    let stage = apps.chain(view.brokers.iter().map(|b| &b.name)).chain(view.consumers.iter().map(|c| &c.name));
    let mut lanes: Vec<Arc<str>> = stage.filter(|name| names.contains(name)).cloned().collect();
    lanes.extend(names.iter().filter(|name| !lanes.contains(name)).cloned().collect::<Vec<_>>());
    let place = |old: usize| names.get(old).and_then(|name| lanes.iter().position(|lane| lane == name)).unwrap_or(0);
    for mark in &mut out.marks {
        mark.lane = mark.lane.map(place);
    }
    for arrow in &mut out.arrows {
        (arrow.from, arrow.to) = (place(arrow.from), place(arrow.to));
    }
    out.marks.sort_by_key(|mark| mark.at);
    // Since when each node is as it is.
    let mut since: Vec<(Time, ProcessState)> = vec![(Time(i64::MIN), ProcessState::Running); lanes.len()];
    for event in world.events() {
        if let EventKind::ProcessState { node, to, .. } = &event.kind
            && let Some(lane) = lanes.iter().position(|name| name == node)
            && let Some((from, state)) = since.get_mut(lane)
        {
            if !state.is_running() {
                out.away.push(Away { lane, from: *from, to: event.at, state: *state });
            }
            (*from, *state) = (event.at, *to);
        }
    }
    for (lane, (from, state)) in since.into_iter().enumerate().filter(|(_, (_, state))| !state.is_running()) {
        out.away.push(Away { lane, from, to: view.now, state });
    }
    out.lanes = lanes;
    out
}
