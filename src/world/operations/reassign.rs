//! A partition moves to other brokers, through the admin client (AlterPartitionReassignments).

use super::form::{Field, Form};
use super::prelude::*;
use super::units::{number, quoted};
use crate::kafka::sorted_vec::SortedVecSet;
use crate::kafka::wire::message::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
use crate::kafka::wire::message::{AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, BrokerId, Str, TopicName};
use crate::world::admin::{AdminRequest, TIMEOUT_MS};
use crate::world::target::Target;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reassign {
    pub topic: Arc<str>,
    pub partition: i32,
    /// Broker ids; the first is the preferred leader.
    pub replicas: Vec<i32>,
}

fn ids(replicas: &[i32]) -> String {
    replicas.iter().map(i32::to_string).collect::<Vec<_>>().join(",")
}

/// `broker-1, broker-2 and broker-3`.
pub fn brokers(ids: &[i32]) -> String {
    let names: Vec<String> = ids.iter().map(|id| format!("broker-{id}")).collect();
    match names.split_last() {
        None => "nobody".into(),
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
    }
}

/// So many brokers, from any on.
fn in_a_row(dice: &mut Dice, replicas: u32) -> Vec<i32> {
    let first = dice.rng.below(dice.brokers.into()) as u32;
    (0..replicas).map(|nth| i32::try_from((first + nth) % dice.brokers + 1).unwrap_or(1)).collect()
}

impl Operation for Reassign {
    type Checked = ();

    const KEYWORD: &'static str = "reassign";
    const DRAWS: &'static [Draw] = &[
        Draw {
            name: "reassignment",
            on: On::Topic,
            exclusive: false,
            profiles: &["swarm"],
            stream: Stream::Shared,
            draw: |dice, _| {
                let (topic, partition, replicas) = dice.partition();
                Trouble::lasting(Self { topic, partition, replicas: in_a_row(dice, replicas) })
            },
        },
        Draw {
            // Of several at once, to more or fewer brokers; some are called back to where they were.
            name: "many reassignments",
            on: On::Topic,
            exclusive: false,
            profiles: &["swarm", "settings"],
            stream: Stream::Own { one_in: 4 },
            draw: |dice, _| {
                let mut trouble = Trouble::default();
                for _ in 0..dice.between(1, 4) {
                    let (topic, partition, _) = dice.partition();
                    let most = dice.brokers.into();
                    for moves in [&mut trouble.begin, &mut trouble.end] {
                        let count = dice.between(1, most) as u32;
                        let replicas = in_a_row(dice, count);
                        moves.push(Self { topic: topic.clone(), partition, replicas }.into());
                    }
                }
                trouble
            },
        },
    ];

    fn read(words: &mut Words) -> Parsed<Self> {
        let (topic, partition) = (words.name("the topic's name")?, words.number("the partition's number")?);
        let replicas = words.value("broker ids, as in 1,2,4,", |text| text.split(',').map(number).collect())?;
        Ok(Self { topic, partition, replicas })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.topic);
        line.raw(&self.partition.to_string());
        line.raw(&ids(&self.replicas));
    }

    fn check(&self, world: &World) -> Result<(), ActionError> {
        world.existing_partition(&self.topic, self.partition)?;
        let brokers = i64::from(world.genesis.brokers);
        let mut seen = SortedVecSet::new();
        for id in &self.replicas {
            if !(1..=brokers).contains(&i64::from(*id)) {
                return Err(invalid(format!("there is no broker {id}; there are 1 to {brokers}")));
            }
            if !seen.insert(*id) {
                return Err(invalid(format!("broker {id} is given twice")));
            }
        }
        if self.replicas.is_empty() {
            return Err(invalid("at least one broker is expected"));
        }
        Ok(())
    }

    fn apply(self, world: &mut World, (): ()) {
        let replicas = self.replicas.iter().map(|id| BrokerId(*id)).collect();
        let partition = ReassignablePartition { partition_index: self.partition, replicas: Some(replicas) };
        let topic = ReassignableTopic { name: TopicName(Str::from(&*self.topic)), partitions: vec![partition] };
        let request = AlterPartitionReassignmentsRequest {
            topics: vec![topic],
            timeout_ms: TIMEOUT_MS,
            ..AlterPartitionReassignmentsRequest::default()
        };
        world.request(AdminRequest::new(&self.topic, 0, request, |response: AlterPartitionReassignmentsResponse| {
            let rows = response.responses.into_iter().flat_map(|topic| topic.partitions);
            let found = rows.map(|row| (row.error_code, row.error_message)).next();
            if response.error_code == 0 { found } else { Some((response.error_code, response.error_message)) }
        }));
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::Says(1, format!("{}-{} is to move to {}.", self.topic, self.partition, brokers(&self.replicas)))
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
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        if menu.partition().is_some() {
            menu.ask::<Self>(Group::Replicas, "Move…", "To other brokers, or another preferred leader", |world, target| {
                let Target::Partition(topic, n) = target else { return None };
                let replicas = &world.image()?.topics.get(topic)?.partitions.get(usize::try_from(*n).ok()?)?.replicas;
                let start = format!("{} {} {n}", Self::KEYWORD, quoted(topic));
                let mut form = Form::new(&format!("{topic}-{n}"), "Data is copied first, then the old replicas go", start, &[]);
                form.fields.push(Field::bare("brokers", &ids(replicas), "The first is the preferred leader"));
                Some(form)
            });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        let all = (name(), 0..9_i32, proptest::collection::vec(1..9_i32, 1..4));
        all.prop_map(|(topic, partition, replicas)| Self { topic, partition, replicas }).boxed()
    }
}
