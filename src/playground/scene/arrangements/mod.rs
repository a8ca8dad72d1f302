//! The arrangements of the stage: where everything stands while nothing is looked into. The page's switch, its JavaScript and the tests
//! read [`ARRANGEMENTS`]; the picture goes from any of them to any other (`Layout::blend`).
//!
//! A new arrangement is one file in this folder, with its `mod` line and its entry below.

pub mod by_broker;
pub mod by_topic;

use super::View;
use super::layout::Layout;
use crate::world::view::WorldView;
use std::fmt;

/// In the order in which the page's switch shows them; the first is that of a page that has just opened.
pub static ARRANGEMENTS: [&Arrangement; 2] = [&by_topic::BY_TOPIC, &by_broker::BY_BROKER];

/// One arrangement of the stage.
pub struct Arrangement {
    /// Its name for programs: one lower-case word.
    pub id: &'static str,
    /// Its name on the page's switch.
    pub label: &'static str,
    /// What it shows, as a sentence.
    pub about: &'static str,
    /// What partitions stand in: the first step of the zoom into one of them.
    pub container: Container,
    /// Where everything stands in the whole cluster. The same view has to give the same things in the same order in all arrangements,
    /// since two of them are blended thing by thing. `columns` places what is common to all.
    pub layout: fn(&WorldView, &View) -> Layout,
}

/// What the partitions of an arrangement stand in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Container {
    Topic,
    /// The partition's leader, or the broker that was.
    Broker,
}

impl Arrangement {
    /// The arrangement with this [`id`](Self::id).
    pub fn named(id: &str) -> Option<&'static Self> {
        ARRANGEMENTS.into_iter().find(|arrangement| arrangement.id == id)
    }
}

/// Each arrangement is there once.
impl PartialEq for Arrangement {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Arrangement {}

impl fmt::Debug for Arrangement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id)
    }
}

/// A picture on its way from one arrangement to another.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct ArrangementBlend {
    pub from: &'static Arrangement,
    pub to: &'static Arrangement,
    /// The part of the way that lies behind, 0 to 1.
    pub part: f32,
}

impl ArrangementBlend {
    /// At rest in one arrangement.
    pub const fn at(arrangement: &'static Arrangement) -> Self {
        Self { from: arrangement, to: arrangement, part: 1.0 }
    }

    /// A part `step` of the way further towards an arrangement. A picture that is between this one and another turns round; one that is
    /// between two others completes its way first, so that nothing leaps.
    #[must_use]
    pub fn step_towards(mut self, to: &'static Arrangement, step: f32) -> Self {
        if self.to != to && self.from == to {
            self = Self { from: self.to, to, part: 1.0 - self.part };
        } else if self.to != to && self.part >= 1.0 {
            self = Self { from: self.to, to, part: 0.0 };
        }
        self.part = (self.part + step).min(1.0);
        self
    }

    pub fn rests_in(self, arrangement: &Arrangement) -> bool {
        self.part >= 1.0 && self.to == arrangement
    }

    /// The arrangement to which the picture is closer.
    pub fn nearer(self) -> &'static Arrangement {
        if self.part < 0.5 { self.from } else { self.to }
    }
}

impl Default for ArrangementBlend {
    fn default() -> Self {
        Self::at(ARRANGEMENTS[0])
    }
}
