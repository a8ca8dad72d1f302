//! What is worth asking: of a moment, and of the thing that is looked at.

use super::Question;
use crate::kafka::broker::PartitionView;
use crate::world::target::Target;
use crate::world::view::WorldView;
use std::sync::Arc;

/// Records that a group may be behind, or that a leader may have above its high watermark, without anybody wondering.
const USUAL: i64 = 20;
/// Answers may take so many seconds of a producer's rate.
const USUAL_S: u64 = 3;
/// Questions that a panel offers, and of one kind that a moment raises; more are only counted.
const MOST_OFFERS: usize = 10;
const MOST_ALIKE: usize = 2;

/// Whether the thing called `name` raises a question now.
pub type Asks = fn(&WorldView, &str) -> Option<Question>;

/// A consumer that does not work.
pub fn of_consumer(view: &WorldView, name: &str) -> Option<Question> {
    let c = view.consumers.iter().find(|c| &*c.name == name)?;
    let works = c.state.is_running() && c.client_state.is_settled() && !c.assignment.is_empty();
    (!works).then(|| Question::Idle { consumer: c.name.clone() })
}

/// A producer that waits too long or has given up records.
pub fn of_producer(view: &WorldView, name: &str) -> Option<Question> {
    let p = view.producers.iter().find(|p| &*p.name == name)?;
    let late = p.pending * 1000 > p.rate_per_1000s * USUAL_S;
    (late || p.failed > 0 || !p.state.is_running()).then(|| Question::Late { producer: p.name.clone() })
}

/// A partition (`orders-0`) without a leader, with a replica out of sync, or with records that cannot be read.
pub fn of_partition(view: &WorldView, name: &str) -> Option<Question> {
    let (topic, number) = name.rsplit_once('-')?;
    of_state(partition(view, topic, number.parse().ok()?)?)
}

fn of_state(p: &PartitionView) -> Option<Question> {
    let (topic, partition, offset) = (p.topic.clone(), p.partition, p.high_watermark);
    if p.leader < 0 {
        return Some(Question::Leaderless { topic, partition });
    }
    if let Some(broker) = p.replicas.iter().copied().find(|id| !p.isr.contains(id)) {
        return Some(Question::OutOfSync { topic, partition, broker });
    }
    (p.end_offset - offset > USUAL).then_some(Question::NotReadable { topic, partition, offset })
}

/// A group that is behind, where it is behind most.
pub fn of_group(view: &WorldView, name: &str) -> Option<Question> {
    let group = view.groups.iter().find(|group| &*group.group == name)?;
    let lags = group
        .offsets
        .iter()
        .map(|(topic, number, at)| (partition(view, topic, *number).map_or(0, |p| p.high_watermark - at), topic, *number));
    let (lag, topic, partition) = lags.max_by_key(|(lag, ..)| *lag)?;
    (lag > USUAL).then(|| Question::Lag { group: group.group.clone(), topic: topic.clone(), partition })
}

fn partition<'a>(view: &'a WorldView, topic: &str, number: i32) -> Option<&'a PartitionView> {
    view.partitions.iter().map(|state| &state.view).find(|p| p.partition == number && &*p.topic == topic)
}

/// What can be asked about a thing, whether it is so or not.
pub fn about(view: &WorldView, what: &Target) -> Vec<Question> {
    let mut out = Vec::new();
    let readers = |topic: &Arc<str>, partition: i32| -> Vec<Arc<str>> {
        let here = |(t, p): (&Arc<str>, i32)| t == topic && p == partition;
        let reads = view.groups.iter().filter(|group| {
            let owned = group.members.iter().flat_map(|member| member.assignment.iter().map(|(t, p)| (t, *p)));
            group.offsets.iter().map(|(t, p, _)| (t, *p)).chain(owned).any(here)
        });
        reads.map(|group| group.group.clone()).collect()
    };
    match what {
        Target::Record(topic, partition, offset) => {
            let (topic, partition, offset) = (topic.clone(), *partition, *offset);
            let high = self::partition(view, &topic, partition).map_or(0, |p| p.high_watermark);
            let gone = Question::Gone { topic: topic.clone(), partition, offset };
            let hidden = Question::NotReadable { topic: topic.clone(), partition, offset };
            out.extend(if offset < high { [gone, hidden] } else { [hidden, gone] });
            out.extend(readers(&topic, partition).into_iter().map(|reader| Question::Twice {
                reader,
                topic: topic.clone(),
                partition,
                offset,
            }));
        }
        Target::Partition(topic, partition) => {
            let (topic, partition) = (topic.clone(), *partition);
            let Some(p) = self::partition(view, &topic, partition) else { return out };
            out.extend(of_state(p));
            out.push(Question::Leaderless { topic: topic.clone(), partition });
            let away = p.replicas.iter().filter(|id| !p.isr.contains(id));
            out.extend(away.map(|broker| Question::OutOfSync { topic: topic.clone(), partition, broker: *broker }));
            out.push(Question::NotReadable { topic: topic.clone(), partition, offset: p.high_watermark });
            out.extend(readers(&topic, partition).into_iter().map(|group| Question::Lag { group, topic: topic.clone(), partition }));
        }
        Target::Topic(topic) => out.extend(view.partitions.iter().filter(|p| p.view.topic == *topic).filter_map(|p| of_state(&p.view))),
        Target::Broker(name) => {
            let Some(broker) = view.brokers.iter().find(|b| b.name == *name).map(|b| b.node_id) else { return out };
            let away = view.partitions.iter().map(|p| &p.view).filter(|p| p.replicas.contains(&broker) && !p.isr.contains(&broker));
            out.extend(away.map(|p| Question::OutOfSync { topic: p.topic.clone(), partition: p.partition, broker }));
        }
        Target::Producer(name) => out.push(Question::Late { producer: name.clone() }),
        Target::Consumer(name) => {
            out.push(Question::Idle { consumer: name.clone() });
            if let Some(c) = view.consumers.iter().find(|c| c.name == *name)
                && let Some(group) = &c.group
            {
                out.extend(c.assignment.iter().map(|(topic, n)| Question::Lag {
                    group: group.clone(),
                    topic: topic.clone(),
                    partition: *n,
                }));
            }
        }
        Target::Group(Some(group)) => {
            let of = view.groups.iter().filter(|view| view.group == *group).flat_map(|view| &view.offsets);
            out.extend(of.map(|(topic, n, _)| Question::Lag { group: group.clone(), topic: topic.clone(), partition: *n }));
        }
        _ => {}
    }
    out
}

/// What the moment raises: the questions on the cards.
pub fn raised(view: &WorldView) -> Vec<Question> {
    let mut out: Vec<Question> = view.partitions.iter().filter_map(|p| of_state(&p.view)).collect();
    out.extend(view.producers.iter().filter_map(|p| of_producer(view, &p.name)));
    out.extend(view.consumers.iter().filter_map(|c| of_consumer(view, &c.name)));
    out.extend(view.groups.iter().filter_map(|g| of_group(view, &g.group)));
    out
}

/// What a panel offers: first about what is looked at, then what the moment raises; each once, and how many there was no room for.
pub fn suggested_questions(view: &WorldView, chosen: Option<&Target>, also: Vec<Question>) -> (Vec<Question>, usize) {
    let mut all: Vec<Question> = chosen.map(|what| about(view, what)).unwrap_or_default();
    let mut more = 0;
    for question in also.into_iter().chain(raised(view)) {
        let alike = all.iter().filter(|other| std::mem::discriminant(*other) == std::mem::discriminant(&question)).count();
        match alike {
            _ if all.contains(&question) => {}
            MOST_ALIKE.. => more += 1,
            _ => all.push(question),
        }
    }
    more += all.len().saturating_sub(MOST_OFFERS);
    all.truncate(MOST_OFFERS);
    (all, more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::world::EPOCH;

    #[test]
    fn a_moment_offers_few_of_a_kind_and_the_chosen_thing_comes_first() {
        let text = "tidepool 1\ntitle t\nseed 5\nbrokers 3\ntopic orders partitions=4 replicas=3\n\
            producer checkout topic=orders rate=10/s\nconsumer billing-1 group=billing topics=orders\n\
            at 10s kill broker-3\nat 20s pause billing-1\nrun 60s";
        let mut play = Playback::new(Scenario::parse(text).expect("it reads")).expect("it starts");
        play.watch_until(EPOCH.plus_millis(30_000), &mut |_| {});
        let view = play.world().view();
        let (all, more) = suggested_questions(&view, None, vec![]);
        let words: Vec<String> = all.iter().map(Question::to_string).collect();
        assert_eq!(words.iter().filter(|w| w.contains("not in sync")).count(), 2, "{words:?}");
        assert!(more >= 2 && words.contains(&"Why does billing-1 do nothing?".to_owned()), "{more} {words:?}");
        let p = view.partitions.iter().map(|p| &p.view).find(|p| p.high_watermark > 0).expect("one has records");
        let (topic, partition) = (p.topic.clone(), p.partition);
        let record = Target::Record(topic.clone(), partition, 0);
        let (all, _) = suggested_questions(&view, Some(&record), vec![]);
        assert_eq!(all.first().map(Question::to_string).as_deref(), Some(format!("Why is offset 0 of {topic}-{partition} gone?").as_str()));
        assert!(all.contains(&Question::NotReadable { topic: topic.clone(), partition, offset: 0 }));
        assert!(all.contains(&Question::Twice { reader: "billing".into(), topic, partition, offset: 0 }));
    }
}
