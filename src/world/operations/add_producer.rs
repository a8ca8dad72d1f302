//! A producer app starts.

use super::menu::{fresh_client, topics};
use super::prelude::*;
use super::settings::{check_producer, read_producer, write_producer};
use crate::kafka::client::producer::Producer;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::world::action::{KeyPartitioner, Keys, ProducerSpec, SendHabits, TransactionPlan};
use crate::world::nodes::Machine;
use crate::world::producer_app::ProducerApp;
use crate::world::target::{Heading, Target};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddProducer(pub ProducerSpec);

/// One that sends a record a second.
fn usual(menu: &Menu<'_>, topic: &Arc<str>) -> AddProducer {
    AddProducer(ProducerSpec {
        name: fresh_client(menu.view, "producer"),
        topic: topic.clone(),
        rate_per_1000s: 1000,
        keys: Keys::Uniform(6),
        value_bytes: 90,
        partitioner: KeyPartitioner::default(),
        habits: SendHabits::default(),
        transactions: TransactionPlan::default(),
        config: SortedVecMap::new(),
    })
}

impl Operation for AddProducer {
    type Checked = (Producer, i16);

    const KEYWORD: &'static str = "add producer";
    const DRAWS: &'static [Draw] = &[];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self(read_producer(words)?))
    }

    fn write(&self, line: &mut Line) {
        write_producer(&self.0, line);
    }

    fn check(&self, world: &World) -> Result<(Producer, i16), ActionError> {
        check_producer(&self.0)?;
        world.new_client_name(&self.0.name)?;
        world.producer_client(&self.0, 1)
    }

    fn apply(self, world: &mut World, (client, acks): (Producer, i16)) {
        let (name, now) = (self.0.name.clone(), world.core.now);
        let mut app = ProducerApp::new(self.0, world.genesis.seed, now);
        app.start(now, client, acks);
        world.start_node(name, Machine::Producer(Box::new(app)));
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::Says(1, format!("{} starts and sends to {}.", self.0.name, self.0.topic))
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
        let description = "It sends a record a second";
        match menu.target {
            Target::Heading(Heading::Producers) => {
                if let Some(topic) = topics(menu.view).first() {
                    menu.quick(Group::Add, "+ producer", description, usual(menu, topic));
                }
            }
            Target::Topic(topic) => menu.item(Group::Topic, "Add a producer", description, usual(menu, topic)),
            _ => {}
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        producer().prop_map(Self).boxed()
    }
}
