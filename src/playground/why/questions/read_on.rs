//! Why can this group not read on?

use super::Lag;
use crate::kafka::coordinator::GroupView;
use crate::playground::narrate::plural;
use crate::playground::why::explanation::Explanation;
use crate::playground::why::suggestions::partition;
use crate::playground::why::{Ask, Occasion, TopicPartition};
use crate::world::target::Target;
use crate::world::view::WorldView;
use std::sync::Arc;

/// Records that a running producer may have in its open transaction, and behind it, without anybody wondering.
const USUAL: i64 = 20;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadOn {
    pub group: Arc<str>,
    pub partition: TopicPartition,
}

impl Ask for ReadOn {
    const FORM: &'static str = "read-on GROUP TOPIC-N";
    const EXAMPLE: &'static str = "read-on billing orders-0";

    fn parse(words: &[&str]) -> Option<Self> {
        let [group, at] = *words else { return None };
        Some(Self { group: group.into(), partition: TopicPartition::parse(at)? })
    }

    fn arguments(&self) -> String {
        format!("{} {}", self.group, self.partition)
    }

    fn asked(&self) -> String {
        format!("Why can {} not read on in {}?", self.group, self.partition)
    }

    /// Wrong is a transaction that nobody ends, or behind which much has gathered.
    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        match *occasion {
            Occasion::LookedAt(view, Target::Group(Some(group))) => held(view, group, |_| true),
            Occasion::LooksWrong(view, Target::Group(Some(group))) => held(view, group, |at| {
                let Some(p) = partition(view, &at.topic, at.partition) else { return false };
                let silent = |(_, id): &(i64, i64)| view.writer_of(*id).is_some_and(|(_, state)| !state.is_running());
                p.open_transactions.iter().any(silent) || p.high_watermark - p.last_stable_offset > USUAL
            }),
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        let Self { group, partition: at } = self;
        let Some(state) = explanation.partition(at) else { return explanation.no(format_args!("There is no partition {at}.")) };
        let Some(view) = explanation.view.groups.iter().find(|view| view.group == *group) else {
            return explanation.no(format_args!("Nobody knows {group} at the moment: its coordinator is not there."));
        };
        let (stable, high) = (state.last_stable_offset, state.high_watermark);
        if stable >= high || !stopped(explanation.view, view, at, stable) {
            return Lag { group: group.clone(), partition: at.clone() }.answer(explanation);
        }
        explanation.now(format_args!(
            "{group} reads {at} with isolation.level=read_committed: up to the last stable offset, {stable}. Others can read {} more.",
            plural(high - stable, "record")
        ));
        explanation.held_by_transaction(at, state);
        true
    }
}

/// The partitions whose open transactions hold a group.
fn held(view: &WorldView, group: &Arc<str>, is_worth: impl Fn(&TopicPartition) -> bool) -> Vec<ReadOn> {
    let Some(of) = view.groups.iter().find(|of| of.group == *group) else { return Vec::new() };
    let open = view.partitions.iter().map(|state| &state.view).filter(|p| p.last_stable_offset < p.high_watermark);
    open.map(|p| (TopicPartition::new(&p.topic, p.partition), p.last_stable_offset))
        .filter(|(at, stable)| stopped(view, of, at, *stable) && is_worth(at))
        .map(|(partition, _)| ReadOn { group: group.clone(), partition })
        .collect()
}

/// Whether the group's reader of a partition reads committed records only, and has come to the last stable offset.
fn stopped(view: &WorldView, group: &GroupView, at: &TopicPartition, stable: i64) -> bool {
    let readers = view.consumers.iter().filter(|app| app.reads_committed && app.group.as_ref() == Some(&group.group));
    readers.flat_map(|app| &app.positions).any(|(topic, n, next)| at.is(topic, *n) && *next >= stable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    const HANGING: &str = "
topic orders partitions=1 replicas=3 min.insync.replicas=2
producer shop topic=orders rate=5/s acks=all
producer checkout topic=orders rate=2/s transaction=1000 acks=all transactional.id=checkout transaction.timeout.ms=20000
consumer billing-1 group=billing topics=orders handle=1ms auto.offset.reset=earliest isolation.level=read_committed
";

    #[test]
    fn a_transaction_that_nobody_ends() {
        let mut run = Run::of(&format!("{HANGING}\nat 10s crash checkout\nat 60s rate shop 0/s"));
        let read_on = || ReadOn { group: "billing".into(), partition: orders() };
        run.until(15);
        let view = run.world().view();
        let wrong = crate::playground::why::wrong_with(&view, &Target::Group(Some("billing".into())));
        assert_eq!(wrong.map(|question| question.to_string()), Some("Why can billing not read on in orders-0?".to_owned()));
        run.is_so(
            read_on(),
            "
              now: billing reads orders-0 with isolation.level=read_committed: up to the last stable offset, 5. Others can read 62 records \
               more.
              now: Offset 5 of orders-0 begins a transaction of checkout (transactional.id checkout, epoch 0) that has no \
               marker in orders-0 yet.
              now: checkout does nothing: it has crashed.
              now: If it does not end, its coordinator aborts it at 30.000 s: at the first look after 20s (transaction.timeout.ms).
              Acted: checkout crashed: what it had not sent yet is lost.
              TransactionBegun: checkout begins a transaction.
            ",
        );
        run.until(100);
        run.is_not_so(
            read_on(),
            "
              now: billing has no lag on orders-0: it has committed all that can be read.
            ",
        );
    }
}
