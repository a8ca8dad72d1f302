//! Which brokers get a new partition's replicas (`StripedReplicaPlacer`): racks and brokers in turn, from a random start, so that leaders
//! and followers spread evenly; fenced brokers only when there are not enough others.

use super::image::BrokerImage;
use crate::kafka::rng::Rng;
use crate::kafka::sorted_vec::SortedVecMap;
use std::sync::Arc;

/// A number below `count` that indexes something.
fn draw(rng: &mut Rng, count: usize) -> usize {
    rng.below(count as u64) as usize
}

fn shuffle<T>(items: &mut [T], rng: &mut Rng) {
    for last in (1..items.len()).rev() {
        let other = draw(rng, last + 1);
        items.swap(last, other);
    }
}

/// Brokers of one rack in turn: each stripe begins one further.
#[derive(Default)]
struct Turn {
    brokers: Vec<i32>,
    index: usize,
    offset: usize,
    stripe: usize,
}

impl Turn {
    fn next(&mut self, stripe: usize) -> Option<i32> {
        let count = self.brokers.len();
        if count == 0 {
            return None;
        }
        if self.stripe != stripe {
            self.stripe = stripe;
            self.index = 0;
            self.offset = (self.offset + 1) % count;
        }
        if self.index >= count {
            return None;
        }
        let broker = self.brokers.get((self.index + self.offset) % count).copied();
        self.index += 1;
        broker
    }
}

/// Unfenced and fenced brokers of one rack.
#[derive(Default)]
struct Rack {
    unfenced: Turn,
    fenced: Turn,
}

impl Rack {
    fn turns(&mut self) -> [&mut Turn; 2] {
        [&mut self.unfenced, &mut self.fenced]
    }
}

/// Replicas of `partitions` partitions.
///
/// # Errors
/// Kafka's sentence for INVALID_REPLICATION_FACTOR.
pub fn place<'a>(
    brokers: impl Iterator<Item = &'a BrokerImage>,
    rng: &mut Rng,
    partitions: i32,
    replicas: usize,
) -> Result<Vec<Vec<i32>>, String> {
    let mut by_rack: SortedVecMap<Option<Arc<str>>, Rack> = SortedVecMap::new();
    let (mut total, mut unfenced) = (0, 0);
    for broker in brokers {
        let rack = by_rack.entry(broker.rack.clone()).or_default();
        let turn = if broker.fenced { &mut rack.fenced } else { &mut rack.unfenced };
        turn.brokers.push(broker.id);
        total += 1;
        unfenced += usize::from(!broker.fenced);
    }
    if unfenced == 0 {
        return Err("All brokers are currently fenced.".into());
    }
    if replicas > total {
        return Err(format!(
            "The target replication factor of {replicas} cannot be reached because only {total} broker(s) are registered."
        ));
    }
    let mut racks: Vec<Rack> = by_rack.into_values().collect();
    for turn in racks.iter_mut().flat_map(Rack::turns) {
        turn.brokers.sort();
        turn.offset = draw(rng, turn.brokers.len());
    }
    let count = racks.len();
    let (mut offset, mut stripe) = (draw(rng, count), 0);
    let mut placed = Vec::new();
    for _ in 0..partitions {
        if stripe == unfenced && unfenced > 1 {
            shuffle(&mut racks, rng);
            racks.iter_mut().flat_map(Rack::turns).for_each(|turn| shuffle(&mut turn.brokers, rng));
            stripe = 0;
        }
        let mut row = Vec::with_capacity(replicas);
        // The leader is unfenced: from the first rack on that has one.
        let mut first = usize::MAX;
        for at in (0..count).map(|step| (offset + step) % count) {
            if let Some(broker) = racks.get_mut(at).and_then(|rack| rack.unfenced.next(stripe)) {
                row.push(broker);
                first = at;
                break;
            }
        }
        let mut at = offset % count;
        // The others: a rack after the other, the leader's own left out the first time. Every broker comes up once in `count` rounds.
        for _ in 0..count * (total + 1) {
            if row.len() == replicas {
                break;
            }
            if at == first {
                first = usize::MAX;
            } else if let Some(rack) = racks.get_mut(at)
                && let Some(broker) = rack.unfenced.next(stripe).or_else(|| rack.fenced.next(stripe))
            {
                row.push(broker);
            }
            at = (at + 1) % count;
        }
        placed.push(row);
        stripe += 1;
        offset = (offset + 1) % count;
    }
    Ok(placed)
}
