//! Which APIs and versions this broker answers, as a Kafka 4.1.1 broker advertises them.

use kafka_protocol::messages::ApiKey;

/// One row of the table. `min..=max` is what ApiVersions advertises.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ApiRange {
    pub key: ApiKey,
    pub min: i16,
    pub max: i16,
}

/// All APIs that have a handler, by key.
pub const SUPPORTED: &[ApiRange] = &[];

/// The row of `key`, if this broker answers it.
pub fn supported(key: ApiKey) -> Option<ApiRange> {
    SUPPORTED.iter().copied().find(|range| range.key == key)
}
