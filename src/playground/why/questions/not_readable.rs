//! Why can consumers not read this record yet?

use super::Gone;
use crate::kafka::broker::{BrokerEvent, PartitionView};
use crate::playground::why::explanation::Explanation;
use crate::playground::why::suggestions::partition;
use crate::playground::why::{Ask, Occasion, RecordAt, TopicPartition};
use crate::world::target::Target;

/// Records that a leader may have above its high watermark without anybody wondering.
const USUAL: i64 = 20;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotReadable {
    pub record: RecordAt,
}

impl Ask for NotReadable {
    const FORM: &'static str = "not-readable TOPIC-N@OFFSET";
    const EXAMPLE: &'static str = "not-readable orders-0@63";

    fn parse(words: &[&str]) -> Option<Self> {
        let [at] = words else { return None };
        Some(Self { record: RecordAt::parse(at)? })
    }

    fn arguments(&self) -> String {
        self.record.to_string()
    }

    fn asked(&self) -> String {
        format!("Why can offset {} of {} not be read yet?", self.record.offset, self.record.partition)
    }

    fn suggested(occasion: &Occasion<'_>) -> Vec<Self> {
        let first = |p: &PartitionView| Self { record: RecordAt::new(&p.topic, p.partition, p.high_watermark) };
        match *occasion {
            Occasion::LookedAt(view, Target::Partition(topic, n)) => partition(view, topic, *n).into_iter().map(first).collect(),
            Occasion::LookedAt(_, Target::Record(topic, n, offset)) => vec![Self { record: RecordAt::new(topic, *n, *offset) }],
            Occasion::LooksWrong(view, Target::Partition(topic, n)) => {
                partition(view, topic, *n).into_iter().filter(|p| p.end_offset - p.high_watermark > USUAL).map(first).collect()
            }
            Occasion::LooksWrong(view, Target::Record(topic, n, offset)) => {
                let above = *offset >= partition(view, topic, *n).map_or(0, |p| p.high_watermark);
                above.then(|| Self { record: RecordAt::new(topic, *n, *offset) }).into_iter().collect()
            }
            Occasion::Record(outcome) if outcome.acks != 0 && outcome.copies > 0 && !outcome.readable => {
                outcome.place.iter().map(|(topic, n, offset)| Self { record: RecordAt::new(topic, *n, *offset) }).collect()
            }
            _ => Vec::new(),
        }
    }

    fn answer(&self, explanation: &mut Explanation<'_>) -> bool {
        explanation.not_readable(&self.record.partition, self.record.offset)
    }
}

impl Explanation<'_> {
    pub(crate) fn not_readable(&mut self, at: &TopicPartition, offset: i64) -> bool {
        let Some(state) = self.partition(at) else { return self.no(format_args!("There is no partition {at}.")) };
        let (start, high, end) = (state.log_start_offset, state.high_watermark, state.end_offset);
        if state.leader < 0 {
            self.now(format_args!("Nobody can read {at} now: it has no leader."));
            return self.leaderless(at);
        }
        if offset >= end {
            return self.no(format_args!("{at} has no record at offset {offset}: its log ends before offset {end}."));
        }
        if offset < start {
            return Gone { record: at.at(offset) }.answer(self);
        }
        if offset < high && offset >= state.last_stable_offset {
            self.now(format_args!(
                "Offset {offset} of {at} lies below the high watermark, {high}, but not below the last stable offset, {}: consumers with \
                 isolation.level=read_committed do not see it yet, others do.",
                state.last_stable_offset
            ));
            return self.held_by_transaction(at, state);
        }
        if offset < high {
            self.now(format_args!("Offset {offset} of {at} can be read: it lies below the high watermark, {high}."));
            let moved =
                |event: &BrokerEvent| matches!(event, BrokerEvent::HighWatermark { from, to, .. } if (*from..*to).contains(&offset));
            if let Some(event) = self.of_partition(at, self.view.now, &moved) {
                self.narrated(event);
            }
            return false;
        }
        self.now(format_args!(
            "Consumers see only what lies below the high watermark. That of {at} is {high}, and the record is at offset {offset}."
        ));
        self.above_high_watermark(state, offset);
        let appended = self.of_partition(at, self.view.now, &|event| {
            matches!(event, BrokerEvent::Appended { base_offset, last_offset, .. } if (*base_offset..=*last_offset).contains(&offset))
        });
        if let Some(event) = appended {
            self.tell(event, format_args!("broker-{}, the leader, appended the record at offset {offset}.", state.leader));
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::playground::why::testing::*;

    fn unreadable(offset: i64) -> NotReadable {
        NotReadable { record: orders().at(offset) }
    }

    #[test]
    fn a_record_above_the_high_watermark() {
        let mut run = Run::of(&format!("{ORDERS}\nat 10s pause broker-3"));
        run.until(12);
        run.is_so(
            unreadable(high_watermark(&run)),
            "
              now: Consumers see only what lies below the high watermark. That of orders-0 is 63, and the record is at offset 63.
              now: The high watermark moves once every in-sync replica has the records. broker-3 does not fetch, and is taken out of the \
               in-sync set only after 5s (replica.lag.time.max.ms). The last record that it had copied was offset 62.
              Appended: broker-1, the leader, appended the record at offset 63.
              Acted: broker-3 is frozen: it hears and says nothing.
            ",
        );
        run.is_not_so(
            unreadable(3),
            "
              now: Offset 3 of orders-0 can be read: it lies below the high watermark, 63.
              HighWatermark: orders-0: the high watermark is 4.
            ",
        );
        run.is_not_so(
            unreadable(3000),
            "
              now: orders-0 has no record at offset 3000: its log ends before offset 64.
            ",
        );
        let mut run = Run::of(&format!("{}\nat 10s kill broker-2", TWO.replace("acks=all", "acks=1 enable.idempotence=false")));
        run.until(20);
        run.is_so(
            unreadable(high_watermark(&run)),
            "
              now: Consumers see only what lies below the high watermark. That of orders-0 is 63, and the record is at offset 63.
              now: orders-0 needs 2 replicas in sync (min.insync.replicas), and only broker-1 is.
              PartitionChanged: broker-2 left the ISR of orders-0: for 5s it had not caught up with the leader, broker-1 \
               (replica.lag.time.max.ms). The last record that it had copied was offset 62.
              Appended: broker-1, the leader, appended the record at offset 63.
              Acted: broker-2 was killed: its process is gone, what it had written stays in the page cache.
            ",
        );
    }
}
