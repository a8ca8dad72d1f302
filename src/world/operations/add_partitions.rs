//! A topic gets more partitions, through the admin client.

use super::create_topic::check_partitions;
use super::prelude::*;
use super::units::number;
use crate::kafka::wire::message::create_partitions_request::CreatePartitionsTopic;
use crate::kafka::wire::message::{CreatePartitionsRequest, CreatePartitionsResponse, Str, TopicName};
use crate::world::admin::{AdminRequest, TIMEOUT_MS};
use crate::world::target::Target;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct AddPartitions {
    pub topic: Arc<str>,
    /// How many it has then.
    pub total: i32,
}

impl Operation for AddPartitions {
    type Checked = ();

    const KEYWORD: &'static str = "partitions";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "more partitions",
        on: On::Topic,
        exclusive: false,
        profiles: &["swarm", "settings"],
        stream: Stream::Own { one_in: 3 },
        draw: |dice, _| {
            let topic = dice.topic();
            let total = i32::try_from(dice.between(4, 6)).unwrap_or(4);
            Trouble::lasting(Self { topic, total })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        let topic = words.name("the topic's name")?;
        let pairs = words.pairs(&["total"], false)?;
        Ok(Self { topic, total: pairs.must("total", number)? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.topic);
        line.pair("total", &self.total.to_string());
    }

    fn check(&self, world: &World) -> Result<(), ActionError> {
        let have = world.existing_topic(&self.topic)?;
        check_partitions(self.total)?;
        if self.total <= have {
            return Err(invalid(format!("{} has {have} partitions: their number can only grow", self.topic)));
        }
        Ok(())
    }

    fn apply(self, world: &mut World, (): ()) {
        let topic = CreatePartitionsTopic { name: TopicName(Str::from(&*self.topic)), count: self.total, assignments: None };
        let request = CreatePartitionsRequest { topics: vec![topic], timeout_ms: TIMEOUT_MS, ..CreatePartitionsRequest::default() };
        world.request(AdminRequest::new(&self.topic, 2, request, |response: CreatePartitionsResponse| {
            response.results.into_iter().next().map(|topic| (topic.error_code, topic.error_message))
        }));
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::LaterEventsSay
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Topic(&self.topic)]
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
        if let Target::Topic(topic) = menu.target {
            let count = menu.view.partitions.iter().filter(|p| p.view.topic == *topic).count();
            let total = i32::try_from(count).unwrap_or(i32::MAX).saturating_add(1);
            let description = "A key may then go to another one than before";
            menu.quick(Group::Topic, "+ partition", description, Self { topic: topic.clone(), total });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), 1..9_i32).prop_map(|(topic, total)| Self { topic, total }).boxed()
    }
}
