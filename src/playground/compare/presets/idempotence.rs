//! Whether a broker knows a batch that is sent again.

use super::{Preset, is_plain, of_producers, producers};
use crate::playground::scenario::Contrast;

pub(super) static PRESET: Preset = Preset {
    contrast: Contrast::Idempotence,
    title: "Idempotence",
    asks: "When an answer is lost and a batch is sent again, is it there twice?",
    first: &["twice in a log", "out of order", "twice in a sink"],
    fits: |scenario| producers(scenario).any(is_plain),
    make: |scenario| {
        vec![
            of_producers("without", scenario, &[("acks", "all"), ("enable.idempotence", "false")]),
            of_producers("with", scenario, &[("acks", "all"), ("enable.idempotence", "true")]),
        ]
    },
};
