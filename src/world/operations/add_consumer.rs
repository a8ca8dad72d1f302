//! A consumer app starts.

use super::menu::{fresh, fresh_client, topics};
use super::prelude::*;
use super::set_handle_time::{QUICK_US, SLOW_US};
use super::settings::{check_consumer, read_consumer, write_consumer};
use crate::world::action::{CommitPolicy, ConsumerSpec, HandlerSpec};
use crate::world::consumer_app::{Clients, ConsumerApp};
use crate::world::handler::{Delivery, OutputSpec};
use crate::world::nodes::Machine;
use crate::world::target::{Heading, Target};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddConsumer(pub ConsumerSpec);

/// Like the members that the group has. Records that were there before the group was are read too, and a crash is noticed while somebody
/// watches.
fn usual(menu: &Menu<'_>, group: &Arc<str>) -> AddConsumer {
    let like = menu.view.consumers.iter().find(|consumer| consumer.group.as_ref() == Some(group));
    let configs = [("auto.offset.reset", "earliest"), ("session.timeout.ms", "10000")];
    AddConsumer(ConsumerSpec {
        name: fresh_client(menu.view, group),
        group: Some(group.clone()),
        topics: like.map_or_else(|| topics(menu.view), |consumer| consumer.topics.clone()),
        handle_us: like.map_or(QUICK_US, |consumer| consumer.handle_us.min(SLOW_US)),
        commit: CommitPolicy::Auto,
        handler: HandlerSpec::default(),
        config: configs.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
    })
}

/// One that makes a record of each that it reads, exactly once, in a topic beside the one that it reads.
fn copies(menu: &Menu<'_>, topic: &Arc<str>) -> AddConsumer {
    let group = fresh_group(menu, "copy");
    let AddConsumer(spec) = usual(menu, &group);
    let output = OutputSpec { topic: format!("{topic}-copy").into(), delivery: Delivery::ExactlyOnce };
    let handler = HandlerSpec { output: Some(output), ..HandlerSpec::default() };
    AddConsumer(ConsumerSpec { topics: vec![topic.clone()], handler, commit: Delivery::ExactlyOnce.commit(), ..spec })
}

/// A name that no group has.
fn fresh_group(menu: &Menu<'_>, stem: &str) -> Arc<str> {
    let of_consumers = menu.view.consumers.iter().filter_map(|consumer| consumer.group.as_ref());
    fresh(stem, &mut menu.view.groups.iter().map(|group| &group.group).chain(of_consumers))
}

impl Operation for AddConsumer {
    type Checked = Clients;

    const KEYWORD: &'static str = "add consumer";
    const DRAWS: &'static [Draw] = &[];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self(read_consumer(words)?))
    }

    fn write(&self, line: &mut Line) {
        write_consumer(&self.0, line);
    }

    fn check(&self, world: &World) -> Result<Clients, ActionError> {
        check_consumer(&self.0)?;
        world.new_client_name(&self.0.name)?;
        world.consumer_clients(&self.0, 1)
    }

    fn apply(self, world: &mut World, clients: Clients) {
        let name = self.0.name.clone();
        let mut app = ConsumerApp::new(self.0, world.genesis.seed);
        app.start(world.core.now, clients);
        world.start_node(name, Machine::Consumer(Box::new(app)));
    }

    fn describe(&self, _: &World) -> Narration {
        let (name, topics) = (&self.0.name, self.0.topics.join(", "));
        let text = match &self.0.group {
            Some(group) => format!("{name} starts and wants to read {topics} as a member of {group}."),
            None => format!("{name} starts and reads {topics} without a group."),
        };
        Narration::Says(1, text)
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::NewNode(&self.0.name)]
    }

    fn conditions(&self) -> Vec<Condition> {
        Vec::new()
    }

    fn remedy(&self) -> Vec<Action> {
        Vec::new()
    }

    fn fault(&self) -> Option<&'static str> {
        None
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        match menu.target {
            Target::Heading(Heading::Groups) => {
                let group = fresh_group(menu, "group");
                menu.quick(Group::Add, "+ group", "A consumer in a group of its own", usual(menu, &group));
            }
            Target::Group(Some(group)) => menu.quick(Group::Members, "+ consumer", "It joins the group", usual(menu, group)),
            Target::Topic(topic) => {
                let description = "It reads, and writes what it made in one transaction";
                menu.item(Group::Topic, "Add an app that copies it", description, copies(menu, topic));
            }
            _ => {}
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        consumer().prop_map(Self).boxed()
    }
}
