//! What the judge says at a glance is what it says when it reads everything, in runs with all kinds of faults and planted bugs.

use super::draw::{PROFILES, draw};
use super::trial::watch;
use crate::kafka::broker::Sabotage;
use crate::kafka::rng::Rng;
use crate::playground::scenario::{Playback, Scenario};
use crate::world::EPOCH;
use crate::world::judge::{Judge, Verdict};

/// What verdicts were about: records, lost, twice, out of order, given again, deleted by retention, violations.
type Seen = [u64; 7];

/// Looks at moments of a run; what differs from the full verdict there.
fn look(scenario: Scenario, seed: u64, seen: &mut Seen) {
    let (mut playback, mut judge) = (Playback::new(scenario).expect("it starts"), Judge::new());
    let mut rng = Rng::stream(seed, "looks");
    judge.observe(playback.world());
    while playback.world().now() < playback.end() {
        let until = playback.world().now().plus_micros(20_000 + rng.below(3_000_000) as i64).min(playback.end());
        watch(&mut playback, &mut judge, until);
        // A copy begins its tally anew.
        if rng.below(40) == 0 {
            judge = judge.clone();
        }
        let mut full = judge.verdict(playback.world(), false);
        let lost = full.ledger.records.iter().rev().filter(|fate| fate.lost).find_map(|fate| fate.promised.clone());
        full.ledger.records.clear();
        let glance = judge.glance(playback.world());
        assert_eq!(glance, full, "seed {seed}, {} us", playback.world().now().micros_since(EPOCH));
        assert_eq!(judge.last_lost(), lost, "seed {seed}");
        let Verdict { violations, ledger: l, .. } = glance;
        let now = [l.sent, l.lost, l.duplicated, l.reordered, l.redelivered, l.expired, violations.len() as u64];
        for (most, now) in seen.iter_mut().zip(now) {
            *most = now.max(*most);
        }
    }
}

#[test]
fn a_glance_says_what_the_full_verdict_says() {
    let mut seen = Seen::default();
    for seed in [4, 9, 46] {
        look(draw(seed, PROFILES[0], None), seed, &mut seen);
    }
    for text in RARE {
        let text = format!("tidepool 1\ntitle Rare\nseed 5\nbrokers 3\n{text}\nrun 40s\n");
        look(Scenario::parse(&text).expect("it reads"), 5, &mut seen);
    }
    for text in [include_str!("../../../www/scenarios/acks-1-loses.tide"), include_str!("../../../www/scenarios/unclean-election.tide")] {
        look(Scenario::parse(text).expect("it reads"), 6, &mut seen);
    }
    assert!(seen[..6].iter().all(|most| *most > 0), "{seen:?}");
    let mut wrong = Seen::default();
    for (seed, sabotage) in (0..).zip(Sabotage::ALL) {
        look(draw(seed, PROFILES[0], Some(sabotage)), seed, &mut wrong);
    }
    assert!(wrong[6] > 0, "{wrong:?}");
}

/// Retention, the same record by hand again, a topic that goes and comes again, a reader that comes late, and one that sends again what
/// is there.
const RARE: [&str; 3] = [
    "config log.retention.check.interval.ms=2000
topic orders partitions=2 replicas=3 internal.segment.bytes=1000 retention.bytes=2000
producer checkout topic=orders rate=20/s keys=alice,bob
consumer late topics=orders group=g auto.offset.reset=earliest
at 20s kill broker-1
at 30s restart broker-1",
    "topic orders partitions=2 replicas=3
producer checkout topic=orders rate=5/s keys=alice,bob
consumer first topics=orders group=f auto.offset.reset=earliest
at 3s send checkout key=alice value=hello
at 4s send checkout key=alice value=hello
at 9s send checkout key=bob value=hello
at 12s send checkout key=alice value=hello
at 15s delete orders
at 25s add consumer late topics=orders auto.offset.reset=earliest
at 30s crash first",
    "topic orders partitions=1 replicas=3
producer checkout topic=orders rate=50/s keys=alice,bob enable.idempotence=false acks=1 request.timeout.ms=400 linger.ms=0 batch.size=0
at 1s links latency=20ms jitter=30ms loss=6%
at 5s pause broker-1
at 8s resume broker-1
at 9s pause broker-2
at 12s resume broker-2
at 13s pause broker-3
at 15s resume broker-3",
];
