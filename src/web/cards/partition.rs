//! A partition: its name, its leader, and the way to its records.

use super::{Card, Name};
use crate::kafka::broker::PartitionView;
use crate::playground::glossary::{ISR, LEADER};
use crate::playground::scene::Target;
use crate::web::context::{PageStateStoreFields as _, use_playground};
use crate::web::panels::ask::AskAbout;
use crate::web::words::cards as words;
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub fn Partition(card: Card, topic: Arc<str>, partition: i32) -> impl IntoView {
    let ui = use_playground().ui;
    let title = format!("{topic}-{partition}");
    let data_topic = topic.to_string();
    let here = Target::Partition(topic.clone(), partition);
    let left = {
        let topic = topic.clone();
        move |target: &Target| matches!(target, Target::Partition(t, n) | Target::Record(t, n, _) if *t == topic && *n == partition)
    };
    card.stay_in_sight(move |before, now| now.is_none() && before.is_some_and(&left));
    let view = Memo::new(move |_| {
        ui.snap().with(|s| {
            let found = s.view.partitions.iter().find(|p| p.view.topic == topic && p.view.partition == partition);
            found.map(|p| p.view.clone())
        })
    });
    let leader = move || view.with(|p| p.as_ref().map(leader_words).unwrap_or_default());
    let means = move || if view.with(|p| p.as_ref().is_some_and(|p| p.isr.len() < p.replicas.len())) { ISR.means } else { LEADER.means };
    let name = title.clone();
    let label = move || {
        let offsets = |p: &PartitionView| words::offsets(p.high_watermark, p.end_offset);
        words::partition(&name, &view.with(|p| p.as_ref().map(offsets).unwrap_or_default()))
    };
    view! {
        <div
            class="tp-at tp-partition"
            role="group"
            tabindex="0"
            aria-description=words::ARROWS_WALK
            aria-label=label
            data-topic=data_topic
            data-n=partition.to_string()
            node_ref=card.node
            {..card.frame()}
        >
            <b class="tp-mono">
                <Name card text=title.clone() />
            </b>
            <AskAbout what=card.target.get_value() />
            <span class="tp-quiet tp-number" title=means>{leader}</span>
            <ZoomButton here title />
        </div>
    }
}

/// Zooms into the partition, and out to the whole cluster.
#[component]
fn ZoomButton(here: Target, title: String) -> impl IntoView {
    let ui = use_playground().ui;
    let target = here.clone();
    let zoomed = Memo::new(move |_| ui.zoomed().with(|z| z.as_ref() == Some(&here)));
    view! {
        <button
            type="button"
            class="tp-text tp-zoom"
            aria-pressed=move || zoomed.get().to_string()
            aria-label=words::zoom_into(&title)
            on:click=move |_| ui.zoomed().set((!zoomed.get_untracked()).then(|| target.clone()))
        >
            {move || if zoomed.get() { words::WHOLE_CLUSTER } else { words::ZOOM }}
        </button>
    }
}

/// Which broker leads, and how many replicas are in sync; with one replica there is nothing to say of the latter.
fn leader_words(p: &PartitionView) -> String {
    let leader = if p.leader < 0 { words::NO_LEADER.to_owned() } else { words::leader(p.leader, p.leader_epoch) };
    match p.replicas.len() {
        0 | 1 => leader,
        // There is room for one of them: the epoch is in the inspector.
        all if p.leader >= 0 && p.isr.len() < all => words::leader_in_sync(p.leader, p.isr.len(), all),
        _ => leader,
    }
}
