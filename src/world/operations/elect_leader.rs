//! A partition's leader is elected, through the admin client (ElectLeaders).

use super::prelude::*;
use crate::kafka::wire::error::ErrorCode;
use crate::kafka::wire::message::elect_leaders_request::TopicPartitions;
use crate::kafka::wire::message::{ElectLeadersRequest, ElectLeadersResponse, Str, TopicName};
use crate::world::admin::{AdminRequest, TIMEOUT_MS};
use crate::world::target::Target;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ElectLeader {
    pub topic: Arc<str>,
    pub partition: i32,
    /// Any live replica, in sync or not.
    pub unclean: bool,
}

impl Operation for ElectLeader {
    type Checked = ();

    const KEYWORD: &'static str = "elect";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "election",
        on: On::Topic,
        exclusive: false,
        profiles: &["swarm"],
        stream: Stream::Shared,
        draw: |dice, _| {
            let (topic, partition, _) = dice.partition();
            Trouble::lasting(Self { topic, partition, unclean: false })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        let (topic, partition) = (words.name("the topic's name")?, words.number("the partition's number")?);
        Ok(Self { topic, partition, unclean: words.flag("unclean")? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.topic);
        line.raw(&self.partition.to_string());
        line.flag(self.unclean, "unclean");
    }

    fn check(&self, world: &World) -> Result<(), ActionError> {
        world.existing_partition(&self.topic, self.partition)
    }

    fn apply(self, world: &mut World, (): ()) {
        let topic = TopicPartitions { topic: TopicName(Str::from(&*self.topic)), partitions: vec![self.partition] };
        let topic_partitions = Some(vec![topic]);
        let request = ElectLeadersRequest { election_type: i8::from(self.unclean), topic_partitions, timeout_ms: TIMEOUT_MS };
        let request = AdminRequest::new(&self.topic, 2, request, |response: ElectLeadersResponse| {
            let results = response.replica_election_results.into_iter().flat_map(|topic| topic.partition_result);
            let found = results.map(|row| (row.error_code, row.error_message)).next();
            if response.error_code == 0 { found } else { Some((response.error_code, None)) }
        });
        world.request(request.done_if(ErrorCode::ElectionNotNeeded));
    }

    fn describe(&self, _: &World) -> Narration {
        let who = if self.unclean { "any live replica, in sync or not," } else { "its preferred replica" };
        Narration::Says(1, format!("{}-{}: {who} is asked to lead.", self.topic, self.partition))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Partition(&self.topic, self.partition)]
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
        self.unclean
    }

    fn menu(menu: &mut Menu<'_>) {
        if let (Target::Partition(topic, partition), Some(_)) = (menu.target, menu.partition()) {
            let elect = |unclean| Self { topic: topic.clone(), partition: *partition, unclean };
            menu.item(Group::Leader, "Elect the preferred", "The first of its replicas, if it is in sync", elect(false));
            let description = "One outside the ISR may lead: what it does not have is lost";
            menu.item(Group::Leader, "Elect uncleanly", description, elect(true));
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        let all = (name(), 0..9_i32, any::<bool>());
        all.prop_map(|(topic, partition, unclean)| Self { topic, partition, unclean }).boxed()
    }
}
