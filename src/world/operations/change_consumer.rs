//! A consumer app gets other settings.

use super::form::{Field, Form};
use super::line::line_pairs;
use super::lookup::settled;
use super::prelude::*;
use super::settings::{CONSUMER, CONSUMER_CONFIGS, LIVE, check_consumer, read_consumer, write_consumer};
use super::units::quoted;
use crate::kafka::config;
use crate::world::action::ConsumerSpec;
use crate::world::consumer_app::Clients;
use crate::world::nodes::{Machine, Next};
use crate::world::target::Target;

/// `handle_us` holds at once, and a member of a group subscribes to other topics as it is; the rest needs another process: the app is
/// stopped as its program would stop it, and started again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeConsumer(pub ConsumerSpec);

/// The settings that a client has, as a form.
pub(super) fn form(world: &World, target: &Target) -> Option<Form> {
    let Target::Consumer(name) = target else { return None };
    let line = world.client(name)?.line();
    let mut form = Form::new(name, "", format!("{} {}", ChangeConsumer::KEYWORD, quoted(name)), CONSUMER);
    form.fields.extend(CONSUMER_CONFIGS.iter().filter_map(|name| config::CONSUMER.get(name)).map(Field::config));
    form.fill(line_pairs(&line), true);
    let grouped = form.fields.iter().any(|field| field.key == "group" && !field.value.is_empty());
    for field in &mut form.fields {
        field.restarts = !(LIVE.contains(&&*field.key) || field.key == "topics" && grouped);
        field.folded = field.restarts;
    }
    Some(form)
}

impl Operation for ChangeConsumer {
    type Checked = (NodeId, Clients);

    const KEYWORD: &'static str = "change consumer";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "consumer settings",
        on: On::Client,
        exclusive: false,
        profiles: &["swarm", "settings"],
        stream: Stream::Own { one_in: 3 },
        draw: |dice, _| {
            dice.consumer().map_or_else(Trouble::default, |spec| {
                let records = dice.between(1, 100).to_string();
                let mut config = spec.config.clone();
                config.insert("max.poll.records".into(), records);
                Trouble::lasting(Self(ConsumerSpec { config, ..spec }))
            })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self(read_consumer(words)?))
    }

    fn write(&self, line: &mut Line) {
        write_consumer(&self.0, line);
    }

    fn check(&self, world: &World) -> Result<(NodeId, Clients), ActionError> {
        check_consumer(&self.0)?;
        let node = settled(world.consumer_node(&self.0.name)?)?;
        Ok((node.meta.id, world.consumer_clients(&self.0, node.meta.incarnation + 1)?))
    }

    fn apply(self, world: &mut World, (id, clients): (NodeId, Clients)) {
        world.with_node(id, |node, core| {
            let now = node.clock(core.now);
            let Machine::Consumer(app) = &mut node.machine else { return };
            let (handle_us, topics) = (app.spec.handle_us, app.spec.topics.clone());
            let subscribes = app.spec.group.is_some() && app.spec.topics != self.0.topics;
            let mut as_it_was = ConsumerSpec { handle_us, ..self.0.clone() };
            if subscribes {
                as_it_was.topics = topics;
            }
            let again = app.spec != as_it_was;
            app.spec = self.0;
            if subscribes && !again {
                app.subscribe_anew(now);
            }
            node.change(core, again.then(|| Next::Consumer(Box::new(clients))));
        });
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::Says(1, format!("{} has other settings now.", self.0.name))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.0.name)]
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
        if menu.consumer().is_some() && menu.process().is_some_and(|(_, process)| process.is_settled()) {
            menu.ask::<Self>(Group::ClientSettings, "Settings…", "Group, commits, timeouts, fetching", form);
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        consumer().prop_map(Self).boxed()
    }
}
