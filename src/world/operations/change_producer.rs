//! A producer app gets other settings.

use super::form::{Field, Form};
use super::line::line_pairs;
use super::lookup::settled;
use super::prelude::*;
use super::settings::{LIVE, PRODUCER, PRODUCER_CONFIGS, check_producer, read_producer, write_producer};
use super::units::quoted;
use crate::kafka::client::producer::Producer;
use crate::kafka::config;
use crate::world::action::ProducerSpec;
use crate::world::nodes::{Machine, Next};
use crate::world::target::Target;

/// Those of the app hold at once; another config needs another process: the app is stopped as its program would stop it, and started
/// again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChangeProducer(pub ProducerSpec);

/// The settings that a client has, as a form.
pub(super) fn form(world: &World, target: &Target) -> Option<Form> {
    let Target::Producer(name) = target else { return None };
    let line = world.client(name)?.line();
    let mut form = Form::new(name, "", format!("{} {}", ChangeProducer::KEYWORD, quoted(name)), PRODUCER);
    form.fields.extend(PRODUCER_CONFIGS.iter().filter_map(|name| config::PRODUCER.get(name)).map(Field::config));
    form.fill(line_pairs(&line), true);
    for field in &mut form.fields {
        field.restarts = !LIVE.contains(&&*field.key);
        field.folded = field.restarts;
    }
    Some(form)
}

impl Operation for ChangeProducer {
    type Checked = (NodeId, Producer, i16);

    const KEYWORD: &'static str = "change producer";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "producer settings",
        on: On::Client,
        exclusive: false,
        profiles: &["swarm", "settings"],
        stream: Stream::Own { one_in: 3 },
        draw: |dice, _| {
            dice.producer().map_or_else(Trouble::default, |spec| {
                let linger = dice.between(0, 50).to_string();
                let mut config = spec.config.clone();
                config.insert("linger.ms".into(), linger);
                Trouble::lasting(Self(ProducerSpec { config, ..spec }))
            })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self(read_producer(words)?))
    }

    fn write(&self, line: &mut Line) {
        write_producer(&self.0, line);
    }

    fn check(&self, world: &World) -> Result<(NodeId, Producer, i16), ActionError> {
        check_producer(&self.0)?;
        let node = settled(world.producer_node(&self.0.name)?)?;
        let (client, acks) = world.producer_client(&self.0, node.meta.incarnation + 1)?;
        Ok((node.meta.id, client, acks))
    }

    fn apply(self, world: &mut World, (id, client, acks): (NodeId, Producer, i16)) {
        world.with_node(id, |node, core| {
            let now = node.clock(core.now);
            let Machine::Producer(app) = &mut node.machine else { return };
            let again = self.0.config != app.spec.config;
            app.change(now, self.0);
            node.change(core, again.then(|| Next::Producer(Box::new(client), acks)));
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
        if menu.producer().is_some() && menu.process().is_some_and(|(_, process)| process.is_settled()) {
            menu.ask::<Self>(Group::ClientSettings, "Settings…", "Rate, keys, acks, linger.ms and the others", form);
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        producer().prop_map(Self).boxed()
    }
}
