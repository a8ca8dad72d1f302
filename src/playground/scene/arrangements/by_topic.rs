//! By topic: the brokers side by side, below them each topic with its partitions.

use super::super::View;
use super::super::cluster::{Area, brokers_and_topics, internal_topics};
use super::super::layout::{Layout, Width, columns};
use super::{Arrangement, Container};
use crate::world::view::WorldView;

pub static BY_TOPIC: Arrangement = Arrangement {
    id: "topic",
    label: "by topic",
    about: "Each topic with its partitions, whichever broker leads them.",
    container: Container::Topic,
    layout: |view, camera| columns(view, camera, Width::Whole, |out, area| cluster(out, view, camera, area)),
};

/// Places the middle column. Gives back where it ends.
pub fn cluster(out: &mut Layout, view: &WorldView, camera: &View, area: Area) -> f32 {
    let (_, end) = brokers_and_topics(out, view, camera, area);
    internal_topics(out, view, area, end)
}
