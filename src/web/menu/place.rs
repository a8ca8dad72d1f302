//! Where a menu stands: beside what it is about, and off the ribbons, on which the consequences are seen.

use crate::playground::menu::MenuTarget;
use crate::playground::scene::{Place, Target};
use web_sys::{DomRect, HtmlElement};

/// Between a menu and what it belongs to, and between it and the window's edge: CSS pixels.
const GAP: f64 = 4.0;

/// What a menu stands beside, in CSS pixels of the window.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct Anchor {
    /// The left and the right edge of the card.
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// Where the mouse asked for the menu; else the card's left edge.
    x: f64,
}

impl Anchor {
    pub fn of(card: &DomRect) -> Self {
        Self { left: card.left(), right: card.right(), top: card.top(), bottom: card.bottom(), x: card.left() }
    }

    /// The same card, asked at a place on it.
    pub fn at(self, x: f64, y: f64) -> Self {
        Self { top: y, bottom: y, x, ..self }
    }
}

/// The cluster's left and right edge, in CSS pixels of the window.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ribbons {
    left: f64,
    right: f64,
    /// Whether what the menu is about is part of it.
    inside: bool,
}

impl Ribbons {
    /// From the places on the stage: the one that the menu is about tells where the stage stands in the window.
    pub fn new(places: &[Place], target: &MenuTarget, anchor: Anchor) -> Option<Self> {
        let MenuTarget::At(target) = target else { return None };
        let own = places.iter().find(|place| place.what == *target)?.rect;
        let in_cluster = |place: &&Place| matches!(place.what, Target::Broker(_) | Target::Partition(..));
        let cluster = || places.iter().filter(in_cluster).map(|place| place.rect);
        let left = cluster().map(|rect| rect.x).reduce(f32::min)?;
        let right = cluster().map(|rect| rect.right()).reduce(f32::max)?;
        let stage = anchor.left - f64::from(own.x);
        let inside = (left..right).contains(&(own.x + own.w / 2.0));
        Some(Self { left: stage + f64::from(left), right: stage + f64::from(right), inside })
    }

    /// The left edge of a menu so wide that covers no ribbon, if the window has room for it: for what is inside, on the nearer side of the
    /// cluster; for a producer or a group, in its own column.
    fn beside(self, anchor: Anchor, width: f64, window: f64) -> Option<f64> {
        let middle = (anchor.left + anchor.right) / 2.0;
        let (left, right) = (self.left - GAP - width, self.right + GAP);
        let sides = match (self.inside, middle < self.left) {
            (true, _) => [left, right],
            (false, true) => [anchor.x.min(left); 2],
            (false, false) => [anchor.x.max(right); 2],
        };
        let fits = sides.into_iter().filter(|x| *x >= GAP && x + width + GAP <= window);
        fits.min_by(|a, b| (a + width / 2.0 - middle).abs().total_cmp(&(b + width / 2.0 - middle).abs()))
    }
}

/// Puts a menu beside its anchor, inside the window.
pub fn place(menu: &HtmlElement, anchor: Anchor, ribbons: Option<Ribbons>) {
    let (width, height) = window_size(menu);
    let own = menu.get_bounding_client_rect();
    let beside = ribbons.and_then(|ribbons| Some((ribbons.beside(anchor, own.width(), width)?, ribbons.inside)));
    let below = if anchor.bottom + GAP + own.height() <= height { anchor.bottom + GAP } else { anchor.top - GAP - own.height() };
    match beside {
        Some((x, true)) => put(menu, x, anchor.top, (width, height)),
        Some((x, false)) => put(menu, x, below, (width, height)),
        None => put(menu, anchor.x, below, (width, height)),
    }
}

/// Keeps a menu whose content has changed inside the window.
pub fn fit(menu: &HtmlElement) {
    let own = menu.get_bounding_client_rect();
    put(menu, own.left(), own.top(), window_size(menu));
}

/// There, or as near to it as the window lets it.
fn put(menu: &HtmlElement, x: f64, y: f64, (width, height): (f64, f64)) {
    let own = menu.get_bounding_client_rect();
    for (side, at, size, all) in [("left", x, own.width(), width), ("top", y, own.height(), height)] {
        let _ = HtmlElement::style(menu).set_property(side, &format!("{}px", at.min(all - size - GAP).max(GAP) as i32));
    }
}

fn window_size(menu: &HtmlElement) -> (f64, f64) {
    let root = menu.owner_document().and_then(|d| d.document_element());
    root.map_or((0.0, 0.0), |root| (f64::from(root.client_width()), f64::from(root.client_height())))
}
