//! A topic is deleted with all its records, through the admin client.

use super::prelude::*;
use crate::kafka::sorted_vec::SortedVecMap;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::{DeleteTopicsRequest, DeleteTopicsResponse, Str, TopicName};
use crate::world::admin::{AdminRequest, TIMEOUT_MS};
use crate::world::target::Target;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DeleteTopic {
    pub topic: Arc<str>,
}

impl Operation for DeleteTopic {
    type Checked = ();

    const KEYWORD: &'static str = "delete";
    const DRAWS: &'static [Draw] = &[
        Draw {
            // One that nobody uses.
            name: "topic for a while",
            on: On::Topic,
            exclusive: false,
            profiles: &["swarm", "settings"],
            stream: Stream::Own { one_in: 3 },
            draw: |dice, _| {
                let (topic, partitions): (Arc<str>, _) = ("passing".into(), i32::try_from(dice.between(1, 3)).unwrap_or(1));
                let made = super::CreateTopic { topic: topic.clone(), partitions, replicas: -1, config: SortedVecMap::new() };
                Trouble { end: vec![Self { topic }.into()], ..Trouble::lasting(made) }
            },
        },
        Draw {
            // One that is in use; a broker that is away meanwhile comes back with a log of the former topic.
            name: "topic made anew",
            on: On::Topic,
            exclusive: false,
            profiles: &["swarm", "settings"],
            stream: Stream::Own { one_in: 6 },
            draw: |dice, node| {
                let at = dice.rng.below(dice.topics.len() as u64) as usize;
                let Some(made) = dice.topics.get(at).cloned() else { return Trouble::default() };
                let mut trouble = Trouble::lasting(Self { topic: made.topic.clone() });
                trouble.end.push(made.into());
                if dice.brokers > 1 && dice.rng.chance(1, 2) {
                    let kill = Action::from(super::Kill { node: node.clone() });
                    trouble.end.extend(kill.remedy());
                    trouble.begin.insert(0, kill);
                }
                trouble
            },
        },
    ];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self { topic: words.name("the topic's name")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.topic);
    }

    fn check(&self, world: &World) -> Result<(), ActionError> {
        world.existing_topic(&self.topic).map(|_| ())
    }

    fn apply(self, world: &mut World, (): ()) {
        let topic_names = vec![TopicName(Str::from(&*self.topic))];
        let request = DeleteTopicsRequest { topic_names, timeout_ms: TIMEOUT_MS, ..DeleteTopicsRequest::default() };
        let request = AdminRequest::new(&self.topic, 5, request, |response: DeleteTopicsResponse| {
            response.responses.into_iter().next().map(|topic| (topic.error_code, topic.error_message))
        });
        world.request(request.done_if(ErrorCode::UnknownTopicOrPartition));
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::LaterEventsSay
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        Vec::new()
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
        true
    }

    fn menu(menu: &mut Menu<'_>) {
        if let Target::Topic(topic) = menu.target {
            menu.item(Group::Topic, "Delete the topic", "With all its records", Self { topic: topic.clone() });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        name().prop_map(|topic| Self { topic }).boxed()
    }
}
