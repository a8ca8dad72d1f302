//! A node's clock jumps ahead or back, once, and goes on from there: a step of NTP, a machine that was suspended, a wrong hand.
//!
//! `skew` says how far a clock is off; a jump moves it from where it is, so that two jumps add up and `skew NODE 0` sets the clock right
//! again.
//!
//! Kafka has two clocks. `Time.milliseconds` is the wall clock: record timestamps, retention, `LogAppendTime`, the clients' timeouts
//! (`Timer`, `NetworkClient`), raft's election and fetch timeouts, and the lag that takes a replica out of the ISR.
//! `Time.nanoseconds` is monotonic and knows no jumps: the timing wheel behind purgatory and group sessions (`SystemTimer`), the
//! brokers' heartbeats and the controller's event queue (`KafkaEventQueue`). A machine here has one `now`, which is the wall clock, so
//! all of its deadlines jump: ahead, they are due at once; back, they wait that much longer. For what Kafka times by the monotonic
//! clock this is harsher than Kafka.

use super::prelude::*;
use super::skew::MAX_SKEW_US;
use super::units::{duration, duration_text};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Jump {
    pub node: Arc<str>,
    /// How far the clock jumps ahead, in microseconds; negative: back.
    pub by_us: i64,
}

/// What the menu offers: half a minute.
const OFFERED_US: i64 = 30_000_000;

fn read_jump(text: &str) -> Result<i64, String> {
    match text.strip_prefix('-') {
        Some(back) => duration(back).map(|by_us| -by_us),
        None => duration(text.strip_prefix('+').unwrap_or(text)),
    }
}

impl Operation for Jump {
    /// The node, and how far its clock is ahead of the world's then.
    type Checked = (NodeId, i64);

    const KEYWORD: &'static str = "jump";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "clock jump",
        on: On::Broker,
        exclusive: false,
        profiles: &["swarm"],
        stream: Stream::Own { one_in: 5 },
        draw: |dice, node| {
            let by_us = dice.micros(1, 10_000);
            let ahead = dice.rng.chance(1, 2);
            Trouble::passing(Self { node: node.clone(), by_us: if ahead { by_us } else { -by_us } })
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        let node = words.name("a node's name")?;
        Ok(Self { node, by_us: words.value("how far its clock jumps, as in +30s or -30s,", read_jump)? })
    }

    fn write(&self, line: &mut Line) {
        line.word(&self.node);
        let sign = if self.by_us < 0 { '-' } else { '+' };
        line.raw(&format!("{sign}{}", duration_text(self.by_us.saturating_abs())));
    }

    fn check(&self, world: &World) -> Result<(NodeId, i64), ActionError> {
        let node = world.any_node(&self.node)?;
        if self.by_us == 0 {
            return Err(invalid("a clock that jumps does not stay where it is"));
        }
        let skew_us = node.meta.skew_us.saturating_add(self.by_us);
        if !(-MAX_SKEW_US..=MAX_SKEW_US).contains(&skew_us) {
            return Err(invalid("a clock is at most a day ahead or behind"));
        }
        Ok((node.meta.id, skew_us))
    }

    fn apply(self, world: &mut World, (id, skew_us): (NodeId, i64)) {
        world.with_node(id, |node, core| {
            node.meta.skew_us = skew_us;
            node.settle(core);
        });
    }

    fn describe(&self, _: &World) -> Narration {
        let way = if self.by_us < 0 { "back" } else { "ahead" };
        Narration::Says(1, format!("The clock of {} jumps {} {way}.", self.node, duration_text(self.by_us.saturating_abs())))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        vec![Subject::Node(&self.node)]
    }

    /// A jump is over once it is done.
    fn conditions(&self) -> Vec<Condition> {
        Vec::new()
    }

    fn remedy(&self) -> Vec<Action> {
        vec![Self { node: self.node.clone(), by_us: self.by_us.saturating_neg() }.into()]
    }

    fn fault(&self) -> Option<&'static str> {
        Some("clock jump")
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        let Some((broker, Process::Running)) = menu.broker_process() else { return };
        let jump = |by_us| Self { node: broker.name.clone(), by_us };
        let ahead = "By half a minute, at once: what waits for a time is due";
        menu.item(Group::Clock, "Jump ahead", ahead, jump(OFFERED_US));
        menu.item(Group::Clock, "Jump back", "By half a minute, at once: what waits for a time waits longer", jump(-OFFERED_US));
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        (name(), -9_000_000..9_000_000_i64).prop_map(|(node, by_us)| Self { node, by_us }).boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{AddProducer, CreateTopic, Skew};
    use super::*;
    use crate::kafka::sorted_vec::SortedVecMap;
    use crate::world::action::{Keys, ProducerSpec, TransactionPlan};

    fn jump(by_us: i64) -> Jump {
        Jump { node: "broker-1".into(), by_us }
    }

    #[test]
    fn jumps_add_up_and_setting_the_clock_ends_them() {
        let mut world = World::new(Default::default()).expect("it starts");
        let ahead = |world: &World| world.view().brokers[0].skew_us;
        for (action, expected) in [
            (Action::from(jump(30_000_000)), 30_000_000),
            (jump(30_000_000).into(), 60_000_000),
            (jump(-90_000_000).into(), -30_000_000),
            (Skew { node: "broker-1".into(), by_us: 0 }.into(), 0),
        ] {
            world.act(action).expect("it can be done");
            assert_eq!(ahead(&world), expected);
        }
        assert!(world.act(jump(0)).is_err());
        world.act(jump(MAX_SKEW_US)).expect("it can be done");
        assert!(world.act(jump(1)).is_err());
        assert!(world.act(jump(i64::MIN)).is_err());
        assert!(world.act(Jump { node: "broker-9".into(), by_us: 1 }).is_err());
    }

    #[test]
    fn records_that_are_appended_after_a_jump_are_stamped_by_the_new_clock() {
        let mut world = World::new(Default::default()).expect("it starts");
        world.run_until(world.now().plus_millis(2000));
        let config = [("message.timestamp.type".to_owned(), "LogAppendTime".to_owned())].into();
        world.act(CreateTopic { topic: "orders".into(), partitions: 1, replicas: 1, config }).expect("it can be done");
        world.run_until(world.now().plus_millis(2000));
        let (name, topic) = ("checkout".into(), "orders".into());
        let (transactions, config) = (TransactionPlan::default(), SortedVecMap::new());
        let spec = ProducerSpec {
            name,
            topic,
            rate_per_1000s: 5000,
            keys: Keys::None,
            value_bytes: 10,
            partitioner: Default::default(),
            habits: Default::default(),
            transactions,
            config,
        };
        world.act(AddProducer(spec)).expect("it can be done");
        world.run_until(world.now().plus_millis(3000));
        world.act(jump(-30_000_000)).expect("it can be done");
        world.run_until(world.now().plus_millis(3000));
        let view = world.view();
        let stamps: Vec<i64> = view.partitions[0].records.iter().map(|record| record.timestamp).collect();
        let back = stamps.windows(2).filter(|pair| pair[1] - pair[0] < -25_000).count();
        assert_eq!(back, 1, "{stamps:?}");
    }
}
