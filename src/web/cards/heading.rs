//! The heading of a column; that of the cluster has the arrangements and the crumbs of the zoom.

use super::crumbs::Crumbs;
use super::{Card, Name};
use crate::playground::scene::{self, ARRANGEMENTS, Arrangement, Target};
use crate::web::context::{PageStateStoreFields as _, use_playground};
use crate::web::menu::QuickActions;
use crate::web::words::cards as words;
use leptos::html;
use leptos::prelude::*;

#[component]
pub fn Heading(card: Card, of: scene::Heading) -> impl IntoView {
    let switches = ARRANGEMENTS.map(|_| NodeRef::<html::Button>::new());
    let cluster = of == scene::Heading::Cluster;
    if cluster {
        // The card of a partition that was left is what stays in sight then.
        card.stay_in_sight(|before, now| now.is_some() || !matches!(before, Some(Target::Partition(..) | Target::Record(..))));
    }
    view! {
        <div class="tp-at tp-heading" node_ref=card.node {..card.frame()}>
            <h3>
                <Name card text=of.name() />
            </h3>
            {cluster
                .then(|| {
                    view! {
                        <span class="tp-by" role="group" aria-label=words::ARRANGEMENT>
                            {ARRANGEMENTS
                                .into_iter()
                                .zip(switches)
                                .map(|(to, node_ref)| view! { <Switch to node_ref /> })
                                .collect_view()}
                        </span>
                    }
                })}
            <QuickActions target=card.menu_target() />
            {cluster.then(|| view! { <Crumbs nav=card.nav back=switches[0] /> })}
        </div>
    }
}

/// Arranges the stage in one way.
#[component]
fn Switch(to: &'static Arrangement, node_ref: NodeRef<html::Button>) -> impl IntoView {
    let ui = use_playground().ui;
    view! {
        <button
            type="button"
            class="tp-text"
            title=to.about
            aria-pressed=move || (ui.arrangement().get() == to).to_string()
            node_ref=node_ref
            on:click=move |_| ui.arrangement().set(to)
        >
            {to.label}
        </button>
    }
}
