//! The help: keys, what is real here, and Kafka's words.

use super::keys::{ELSEWHERE, KEYS};
use crate::playground::glossary::TERMS;
use leptos::prelude::*;

/// What stands here for what, and how far it goes.
const REAL: &[(&str, &str)] = &[
    (
        "Brokers, controllers",
        "Real: the same state machines answer real Kafka clients over sockets. Requests, files and logs are Kafka's, byte for byte.",
    ),
    ("Producers, consumers", "Real: they do what the Java clients do, and speak to brokers in Kafka's frames only."),
    ("Apps around them", "Simulated: they send at the rate that is set, and handle a record in the time that is set."),
    ("Network", "Simulated: delay, jitter, loss and cuts as TCP shows them; order holds within a connection."),
    ("Disks", "In memory, with what is flushed marked: a power loss takes the rest. With a store, also in this browser."),
    ("Time", "Simulated, in microseconds, from one seed: the same run again, to the byte."),
    ("Processor", "Free: work takes no time, except where a handler or a disk is slowed."),
    ("Absent", "Compaction, share groups, fetching from followers, ACLs, quotas, TLS, tiered storage."),
];

#[component]
pub fn Help() -> impl IntoView {
    let all = KEYS.iter().map(|key| (key.shown, key.words)).chain(ELSEWHERE.iter().copied());
    let row = |(name, words): (&'static str, &'static str)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{words}</dd>
            </div>
        }
    };
    view! {
        <div class="tp-help">
            <section>
                <h3>"Keys, while the focus is inside"</h3>
                <dl class="tp-keys">{all.map(row).collect_view()}</dl>
            </section>
            <section>
                <h3>"What is real here"</h3>
                <dl class="tp-real">{REAL.iter().copied().map(row).collect_view()}</dl>
            </section>
            <section class="tp-words">
                <h3>"Words"</h3>
                <dl>{TERMS.iter().map(|term| (term.name, term.means)).map(row).collect_view()}</dl>
            </section>
        </div>
    }
}
