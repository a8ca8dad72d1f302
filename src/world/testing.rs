//! What the tests of worlds share.

use super::World;
use super::action::{Keys, ProducerSpec, TransactionPlan};
use super::operations::Action;
use crate::kafka::sorted_vec::SortedVecMap;
use std::sync::Arc;

pub fn configs(pairs: &[(&str, &str)]) -> SortedVecMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub fn after(world: &mut World, millis: i64) {
    let until = world.now().plus_millis(millis);
    world.run_until(until);
}

pub fn act(world: &mut World, action: impl Into<Action>) {
    let action = action.into();
    world.act(action.clone()).unwrap_or_else(|error| panic!("{action:?}: {error}"));
}

/// Twenty small records a second, of ten keys.
pub fn producer(name: &str, topic: &str) -> ProducerSpec {
    ProducerSpec {
        name: name.into(),
        topic: Arc::from(topic),
        rate_per_1000s: 20_000,
        keys: Keys::Uniform(10),
        value_bytes: 32,
        partitioner: Default::default(),
        habits: Default::default(),
        transactions: TransactionPlan::default(),
        config: SortedVecMap::new(),
    }
}
