//! What the components of one playground share: the page's state, and the stage that runs the world.

use super::clock;
use super::options::Layout;
use super::stage::Stage;
use crate::playground::director::EYE;
use crate::playground::scenario::Contrast;
use crate::playground::scene::{ARRANGEMENTS, Arrangement, Place, Sign, Trail};
use crate::playground::why::Question;
use crate::world::EPOCH;
use crate::world::target::Target;
use crate::world::view::WorldView;
use leptos::prelude::*;
use reactive_stores::Store;
use std::rc::Rc;
use std::sync::Arc;

/// A moment of the run, as the components show it. Published at most ten times a second.
#[derive(Clone, PartialEq, Debug)]
pub struct Snapshot {
    pub view: Arc<WorldView>,
    pub places: Vec<Place>,
    /// The picture's height in CSS pixels.
    pub height: f64,
    pub narrow: bool,
    /// Microseconds since the run began.
    pub elapsed: i64,
}

impl Default for Snapshot {
    fn default() -> Self {
        let view = Arc::new(WorldView { now: EPOCH, ..WorldView::default() });
        Self { view, places: vec![], height: 320.0, narrow: false, elapsed: 0 }
    }
}

/// What the sheet of comparisons plays.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Compared {
    /// The run under several settings.
    Setting(Contrast),
    /// Two branches, by their ids.
    Branches(u32, u32),
}

/// Records of which something else became than their senders and readers wish, by number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Astray {
    /// Acknowledged, and gone.
    pub lost: u64,
    /// Delivered again.
    pub redelivered: u64,
    /// Twice in a log.
    pub duplicated: u64,
}

/// What the page shows beside the pictures on the canvases, which never go through signals.
#[derive(Store, Debug)]
pub struct PageState {
    pub snap: Arc<Snapshot>,
    pub playing: bool,
    /// The slider's step, or `clock::AUTO`; see `clock::factor`.
    pub speed: i32,
    /// The director's rate, in simulated microseconds a real millisecond.
    pub rate: i64,
    /// What is waited for, while the director runs through it; else empty.
    pub waiting: String,
    /// The narrator's latest sentence.
    pub said: String,
    /// What the scenario asks its reader to watch or to do.
    pub note: String,
    /// What the store has to say; empty while all is well.
    pub store: String,
    /// The first violated invariant; empty while all hold.
    pub wrong: String,
    /// The ledger of what became of the records, in one line.
    pub ledger: String,
    /// What went wrong with records, as the ledger counts it.
    pub astray: Astray,
    /// `light`, `dark`, or empty: as the host page prefers.
    pub theme: String,
    pub title: String,
    /// The scenario's text, as it runs.
    pub text: String,
    /// What stands in the editor and does not run, or not yet.
    pub draft: Option<String>,
    /// What undo and redo would do now; empty where there is nothing to undo.
    pub undo: [String; 2],
    /// What is selected: lit on the stage, described by the panels.
    pub chosen: Option<Target>,
    /// What the pointer is over, or arrow keys have walked to.
    pub pointed: Option<Target>,
    /// The mark that the pointer is over.
    pub sign: Option<Sign>,
    /// Where the first steps ask for something to be done.
    pub lit: Option<Target>,
    /// What the stage is arranged by.
    pub arrangement: &'static Arrangement,
    /// What is zoomed into; none: the whole cluster.
    pub zoomed: Option<Target>,
    /// The stations of the record that is followed.
    pub trail: Option<Arc<Trail>>,
    /// How much the narrator tells, from 1 to 3.
    pub level: u8,
    /// Whether waits in which nothing moves pass at once.
    pub skip: bool,
    /// Simulated seconds a second, where they are fewer than was asked for; else 0.
    pub pace: i64,
    /// The open sheet, by its title.
    pub sheet: Option<&'static str>,
    /// What is compared when that sheet opens; none: what the scenario is about.
    pub compared: Option<Compared>,
    /// The open panel, by the name on its tab.
    pub panel: Option<&'static str>,
    /// The question that the "Why?" panel answers.
    pub asked: Option<Question>,
}

impl Default for PageState {
    fn default() -> Self {
        Self {
            snap: Arc::default(),
            playing: true,
            speed: clock::AUTO,
            rate: EYE,
            waiting: String::new(),
            said: String::new(),
            note: String::new(),
            store: String::new(),
            wrong: String::new(),
            ledger: String::new(),
            astray: Astray::default(),
            theme: String::new(),
            title: String::new(),
            text: String::new(),
            draft: None,
            undo: Default::default(),
            chosen: None,
            pointed: None,
            sign: None,
            lit: None,
            arrangement: ARRANGEMENTS[0],
            zoomed: None,
            trail: None,
            level: 1,
            skip: false,
            pace: 0,
            sheet: None,
            compared: None,
            panel: None,
            asked: None,
        }
    }
}

pub type Ui = Store<PageState>;

/// The stage for event handlers: copied freely, disposed with its owner.
pub type StageHandle = StoredValue<Rc<Stage>, LocalStorage>;

/// What every component of a playground finds in its context.
#[derive(Clone, Copy)]
pub struct Playground {
    pub ui: Ui,
    pub stage: StageHandle,
    /// Whether the playground has controls, or is the stage alone.
    pub controls: bool,
    /// Whether the element is the page, not an embed in somebody's text.
    pub page: bool,
    pub layout: Layout,
    /// Whether the element is as high as its content.
    pub auto_height: bool,
    /// Lines of the scenario language that the author lets readers do, instead of what menus have; empty: everything.
    pub faults: StoredValue<Vec<String>>,
}

impl Playground {
    /// Whether things have menus: there are controls, and the author has not chosen what readers may do.
    pub fn has_menus(&self) -> bool {
        self.controls && self.faults.with_value(Vec::is_empty)
    }

    /// Whether there are panels, and so somewhere to answer in.
    pub fn has_panels(&self) -> bool {
        self.layout == Layout::Full
    }

    /// Whether scenario files can be dropped here.
    pub fn takes_files(&self) -> bool {
        self.page && self.controls
    }
}

/// The playground that the component is in.
///
/// # Panics
/// Outside of one: components are mounted by `mount` or by a test that provides it.
pub fn use_playground() -> Playground {
    expect_context()
}
