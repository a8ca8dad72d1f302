//! When a producer takes a record for safe.

use super::{Preset, is_plain, of_producers, producers};
use crate::playground::scenario::Contrast;

pub(super) static PRESET: Preset = Preset {
    contrast: Contrast::Acks,
    title: "acks",
    asks: "What does an earlier answer cost when a broker dies?",
    first: &["acknowledged, and lost", "time to an answer", "acknowledged", "readable"],
    fits: |scenario| producers(scenario).any(is_plain),
    // With idempotence a producer may ask for nothing less than all.
    make: |scenario| {
        vec![
            of_producers("acks=0", scenario, &[("acks", "0"), ("enable.idempotence", "false")]),
            of_producers("acks=1", scenario, &[("acks", "1"), ("enable.idempotence", "false")]),
            of_producers("acks=all", scenario, &[("acks", "all")]),
        ]
    },
};
