//! Why was this consumer thrown out of its group?

use crate::kafka::broker::BrokerEvent;
use crate::kafka::client::consumer::ConsumerEvent;
use crate::kafka::coordinator::GroupEvent;
use crate::playground::groups::is_consumer_protocol;
use crate::playground::narrate::plural;
use crate::playground::why::explanation::Explanation;
use crate::playground::why::{Ask, Occasion};
use crate::world::event::{Event, EventKind};
use crate::world::operations::{Subject, duration_text};
use crate::world::target::Target;
use crate::world::view::{ConsumerState, WorldView};
use std::sync::Arc;

/// Its trouble may have begun so long before, in milliseconds: longer than the usual timeouts.
const AT_MOST_MS: i64 = 600_000;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ThrownOut {
    pub consumer: Arc<str>,
}

impl Ask for ThrownOut {
    const FORM: &'static str = "thrown-out CONSUMER";
    const EXAMPLE: &'static str = "thrown-out billing-1";

    fn parse(words: &[&str]) -> Option<Self> {
        let [consumer] = *words else { return None };
        Some(Self { consumer: consumer.into() })
    }

    fn arguments(&self) -> String {
        self.consumer.to_string()
    }

    fn asked(&self) -> String {
        format!("Why was {} thrown out of its group?", self.consumer)
    }

    /// Wrong is a consumer whose group goes on without it, though it has not gone by itself.
    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        let all = |view: &WorldView, name: &Arc<str>, is_meant: fn(&WorldView, &ConsumerState) -> bool| {
            let meant = view.consumers.iter().filter(|c| c.name == *name && c.group.is_some() && is_meant(view, c));
            meant.map(|c| Self { consumer: c.name.clone() }).collect()
        };
        match occasion {
            Occasion::LookedAt(view, Target::Consumer(name)) => all(view, name, |_, _| true),
            Occasion::LooksWrong(view, Target::Consumer(name)) => all(view, name, is_out),
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        let name = &*self.consumer;
        let Some(app) = explanation.view.consumers.iter().find(|app| &*app.name == name) else {
            return explanation.no(format_args!("There is no consumer {name}."));
        };
        let Some(group) = app.group.as_deref() else {
            return explanation.no(format_args!("{name} is in no group: nobody can throw it out."));
        };
        let removed = explanation.group_event(explanation.view.now, &|event| {
            matches!(event, GroupEvent::MemberRemoved { group: of, client_id, .. } if **of == *group && **client_id == *name)
        });
        let Some(event) = removed else {
            return explanation.no(format_args!("{group} has not given up {name}, as far as events are kept."));
        };
        let EventKind::Broker { event: BrokerEvent::Group(GroupEvent::MemberRemoved { why, .. }), .. } = &event.kind else { return false };
        if is_member(explanation.view, app) {
            explanation.now(format_args!("{name} is a member of {group} again."));
        }
        match &**why {
            "left" => explanation.has_left(name, event),
            why => explanation.was_given_up(app, group, why, event),
        }
    }
}

fn is_member(view: &WorldView, app: &ConsumerState) -> bool {
    let group = view.groups.iter().find(|group| Some(&group.group) == app.group.as_ref());
    group.is_some_and(|group| group.members.iter().any(|member| member.client_id == app.name))
}

/// It runs, or would, and is no member any more; one that is only about to join for the first time is not meant.
fn is_out(view: &WorldView, app: &ConsumerState) -> bool {
    app.state.is_up() && view.owners.contains(&app.name) && !is_member(view, app)
}

impl Explanation<'_> {
    /// It has said itself that it goes: as its program ended, or since it did not poll.
    fn has_left(&mut self, name: &str, event: &Event) -> bool {
        self.narrated(event);
        let polled = |kind: &EventKind| matches!(kind, EventKind::Consumer { node, event: ConsumerEvent::PollTimeout } if **node == *name);
        match self.last(event.at, &polled) {
            Some(late) if event.at.micros_since(late.at) < AT_MOST_MS * 1000 => {
                self.narrated(late);
                self.handler_at_work(name, late);
                true
            }
            _ => {
                self.blame(&[name], event.at);
                false
            }
        }
    }

    /// What its handler had to do.
    fn handler_at_work(&mut self, name: &str, late: &Event) {
        let Some(app) = self.view.consumers.iter().find(|app| &*app.name == name) else { return };
        let (time, backlog) = (duration_text(app.handle_us), plural(app.backlog, "record"));
        self.now(format_args!("Its handler takes {time} for each record and has {backlog} in hand: it polls only when they are done."));
        self.action(late.at, &|action| action.subjects().iter().any(|subject| matches!(subject, Subject::Node(node) if ***node == *name)));
    }

    /// Its coordinator gave it up.
    fn was_given_up(&mut self, app: &ConsumerState, group: &str, why: &str, event: &Event) -> bool {
        let name = &*app.name;
        self.narrated(event);
        let modern = self.view.groups.iter().find(|of| &*of.group == group).is_some_and(is_consumer_protocol);
        let session = match modern {
            true => "group.consumer.session.timeout.ms, a config of the broker",
            false => "session.timeout.ms, a config of the consumer",
        };
        match why {
            "session timeout" => self.tell(event, format_args!("Its coordinator had heard nothing of it for as long as that ({session}).")),
            "rebalance timeout" if modern => self.tell(
                event,
                format_args!("It was to give up partitions and had not done so within max.poll.interval.ms: it does that only as it polls."),
            ),
            "rebalance timeout" => self.tell(
                event,
                format_args!("The group rebalanced, and it had not joined again within max.poll.interval.ms: it does that only as it polls."),
            ),
            "sync timeout" => self.tell(event, format_args!("It had joined, and had not asked for its share in time.")),
            _ => {}
        }
        if !self.blame_since(&[name], event.at.plus_millis(-AT_MOST_MS), event.at) && !self.blame(&[name], event.at) && app.backlog > 0 {
            self.handler_at_work(name, event);
        }
        // How it has heard of it.
        let joins = |kind: &EventKind| match kind {
            EventKind::Consumer { node, event } => **node == *name && matches!(event, ConsumerEvent::Joining { .. }),
            _ => false,
        };
        let heard = self.world.events().iter().find(|other| other.at >= event.at && joins(&other.kind));
        if let Some(heard) = heard {
            self.narrated(heard);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    fn thrown_out() -> ThrownOut {
        ThrownOut { consumer: "billing-1".into() }
    }

    #[test]
    fn a_member_that_was_silent_under_both_protocols() {
        let mut run = Run::of(&format!("{ORDERS}\nat 10s pause billing-1\nat 30s resume billing-1"));
        run.until(9);
        run.is_not_so(
            thrown_out(),
            "
              now: billing has not given up billing-1, as far as events are kept.
            ",
        );
        run.until(40);
        run.is_so(
            thrown_out(),
            "
              now: billing-1 is a member of billing again.
              Joining: billing-1 hears that it is no member of billing any more (UNKNOWN_MEMBER_ID): the coordinator does not know its \
               member id. It joins anew.
              MemberRemoved: billing gave up billing-1: session timeout.
              MemberRemoved: Its coordinator had heard nothing of it for as long as that (session.timeout.ms, a config of the consumer).
              Acted: billing-1 is frozen: no heartbeats. billing gives it 10 s (its session timeout).
            ",
        );
        let orders = ORDERS.replace("session.timeout.ms=10000", "group.protocol=consumer");
        let mut run = Run::of(&format!("config group.consumer.min.session.timeout.ms=6000\nconfig group.consumer.session.timeout.ms=6000\n{orders}\nat 10s pause billing-1\nat 30s resume billing-1"));
        run.until(40);
        run.is_so(
            thrown_out(),
            "
              now: billing-1 is a member of billing again.
              Joining: billing-1 hears that it is no member of billing any more (UNKNOWN_MEMBER_ID): the coordinator does not know its \
               member id. It joins anew.
              MemberRemoved: billing gave up billing-1: session timeout.
              MemberRemoved: Its coordinator had heard nothing of it for as long as that (group.consumer.session.timeout.ms, a config of \
               the broker).
              Acted: billing-1 is frozen: no heartbeats. billing gives it 6 s (its session timeout).
            ",
        );
    }
}
