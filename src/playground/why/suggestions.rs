//! Which questions are worth asking: about a thing that is looked at, about a moment, about a record of the ledger.

use super::{Question, TopicPartition};
use crate::kafka::broker::PartitionView;
use crate::world::judge::{Ledger, RecordOutcome};
use crate::world::target::Target;
use crate::world::view::WorldView;
use std::mem::discriminant;
use std::sync::Arc;

/// Questions that a panel offers, and of one kind that a moment raises; more are only counted.
const MOST_OFFERS: usize = 10;
const MOST_ALIKE: usize = 2;

/// When a question may be suggested.
#[derive(Clone, Copy, Debug)]
pub enum Occasion<'a> {
    /// A thing is looked at: all that can be asked about it, whether it is so or not.
    LookedAt(&'a WorldView, &'a Target),
    /// A thing as it is now: only what looks wrong with it. `Producer`, `Consumer`, `Partition`, `Group` or `Record`.
    LooksWrong(&'a WorldView, &'a Target),
    /// What became of a record: only what looks wrong.
    Record(&'a RecordOutcome),
}

/// What looks wrong with a thing now: the question on its card.
pub fn wrong_with(view: &WorldView, what: &Target) -> Option<Question> {
    Question::suggested(&Occasion::LooksWrong(view, what)).into_iter().next()
}

/// What there is to ask about a record of the ledger.
pub fn of_record(outcome: &RecordOutcome) -> Option<Question> {
    Question::suggested(&Occasion::Record(outcome)).into_iter().next()
}

/// What there is to ask about a ledger: the newest record that was lost, the newest that was delivered again, and the newest that a log
/// has twice.
pub fn of_ledger(ledger: &Ledger) -> Vec<Question> {
    let wrongs: [fn(&RecordOutcome) -> bool; 3] = [|outcome| outcome.lost, |outcome| outcome.redelivered, |outcome| outcome.duplicated];
    let mut out: Vec<Question> = Vec::new();
    for is_wrong in wrongs {
        let question = ledger.records.iter().rev().filter(|outcome| is_wrong(outcome)).find_map(of_record);
        out.extend(question.filter(|question| !out.contains(question)));
    }
    out
}

/// What can be asked about a thing, whether it is so or not: first what looks wrong with it.
fn about(view: &WorldView, what: &Target) -> Vec<Question> {
    let mut out: Vec<Question> = wrong_with(view, what).into_iter().collect();
    if let Target::Topic(topic) = what {
        out.extend(partitions(view).filter(|p| matches!(p, Target::Partition(of, _) if of == topic)).filter_map(|p| wrong_with(view, &p)));
    }
    for question in Question::suggested(&Occasion::LookedAt(view, what)) {
        if !out.contains(&question) {
            out.push(question);
        }
    }
    out
}

/// Internal topics' last: they have no cards.
fn partitions(view: &WorldView) -> impl Iterator<Item = Target> {
    let of = |internal| view.partitions.iter().filter(move |p| p.internal == internal);
    of(false).chain(of(true)).map(|p| Target::Partition(p.view.topic.clone(), p.view.partition))
}

/// What the moment raises: each question with the thing on whose card it stands, and whether it is the first of its kind.
pub fn on_cards(view: &WorldView) -> Vec<(Target, Question, bool)> {
    let producers = view.producers.iter().map(|p| Target::Producer(p.name.clone()));
    let consumers = view.consumers.iter().map(|c| Target::Consumer(c.name.clone()));
    let groups = view.groups.iter().map(|g| Target::Group(Some(g.group.clone())));
    let mut out: Vec<(Target, Question, bool)> = Vec::new();
    for what in partitions(view).chain(producers).chain(consumers).chain(groups) {
        if let Some(question) = wrong_with(view, &what) {
            let first = out.iter().all(|(_, other, _)| discriminant(other) != discriminant(&question));
            out.push((what, question, first));
        }
    }
    out
}

/// What a panel offers: first about what is looked at, then what the moment raises; each once, and how many there was no room for.
pub fn suggested_questions(view: &WorldView, chosen: Option<&Target>, also: Vec<Question>) -> (Vec<Question>, usize) {
    let mut all: Vec<Question> = chosen.map(|what| about(view, what)).unwrap_or_default();
    let mut more = 0;
    for question in also.into_iter().chain(on_cards(view).into_iter().map(|(_, question, _)| question)) {
        let alike = all.iter().filter(|other| discriminant(*other) == discriminant(&question)).count();
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

/// The partition as it is now.
pub(super) fn partition<'a>(view: &'a WorldView, topic: &str, number: i32) -> Option<&'a PartitionView> {
    view.partitions.iter().map(|state| &state.view).find(|p| p.partition == number && &*p.topic == topic)
}

/// The groups that read a partition: they have committed an offset of it, or a member owns it.
pub(super) fn readers(view: &WorldView, at: &TopicPartition) -> Vec<Arc<str>> {
    let reads = view.groups.iter().filter(|group| {
        let owned = group.members.iter().flat_map(|member| member.assignment.iter().map(|(t, p)| (t, *p)));
        group.offsets.iter().map(|(t, p, _)| (t, *p)).chain(owned).any(|(topic, number)| at.is(topic, number))
    });
    reads.map(|group| group.group.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::scenario::{Playback, Scenario};
    use crate::playground::why::{NotReadable, Twice};
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
        let at = TopicPartition::new(&p.topic, p.partition);
        let record = Target::Record(p.topic.clone(), p.partition, 0);
        let (all, _) = suggested_questions(&view, Some(&record), vec![]);
        assert_eq!(all.first().map(Question::to_string), Some(format!("Why is offset 0 of {at} gone?")));
        assert!(all.contains(&NotReadable { record: at.at(0) }.into()));
        assert!(all.contains(&Twice { reader: "billing".into(), record: at.at(0) }.into()));
    }
}
