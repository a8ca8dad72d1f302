//! The timeline's lanes: what happened, and who owned what, as rows of bars. Where a branch leaves another, the other's future is there
//! too, as a ghost.

use super::figures::MAX_LAGS;
use super::{Branch, Lane, MAX_MARKS, MAX_SPANS, MAX_STEPS, Mark, Span, Timeline};
use crate::kafka::sorted_vec::{SortedVecMap, SortedVecSet, insert_by_key};
use crate::playground::narrate::tenths;
use crate::world::EPOCH;
use std::sync::Arc;

/// Rows of partitions; where there are more, each group is one row that counts.
pub const MAX_ROWS: u32 = 12;
/// Colours of owners.
pub const HUES: u8 = 6;
/// The hue of a time in which nobody had the partition.
pub const NOBODY: u8 = HUES + 1;

/// Something of a row: a moment when `from` is `to`. Times are microseconds since the run began; `i64::MAX` is
/// where the branch ends.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bar {
    pub from: i64,
    pub to: i64,
    /// From 0: the owner's colour; `HUES` where nothing is recorded any more, `NOBODY` where there is no owner.
    pub hue: u8,
    /// Thousandths of the row's partitions that are owned.
    pub share: u16,
    /// What stands in it, when there is room.
    pub label: String,
    pub text: String,
    /// It is of the other branch.
    pub ghost: bool,
}

impl Bar {
    /// In a row: what is of the other branch comes last.
    fn order(&self) -> (bool, i64) {
        (self.ghost, self.from)
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Row {
    pub name: String,
    /// None: it shows ownership.
    pub lane: Option<Lane>,
    /// By their beginning.
    pub bars: Vec<Bar>,
}

impl Row {
    /// The bar at a place, or the moment within `near`; the shown branch's before the other's.
    pub fn at(&self, micros: i64, near: i64) -> Option<&Bar> {
        let near = if self.lane.is_some() { near } else { 0 };
        let off = |bar: &Bar| (bar.from - micros).max(micros - bar.to).max(0);
        self.bars.iter().filter(|bar| off(bar) <= near).min_by_key(|bar| (off(bar), bar.ghost))
    }

    /// The nearest beginning before or after a place.
    pub fn next(&self, micros: i64, back: bool) -> Option<&Bar> {
        let mut own = self.bars.iter().filter(|bar| !bar.ghost);
        if back { own.rfind(|bar| bar.from < micros) } else { own.find(|bar| bar.from > micros) }
    }
}

/// The part of the run that a timeline shows: microseconds since the run began.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    pub from: i64,
    pub to: i64,
}

/// The shortest one, in microseconds.
const LEAST: i64 = 10_000;

impl Window {
    pub fn width(self) -> i64 {
        (self.to - self.from).max(1)
    }

    pub fn holds(self, at: i64) -> bool {
        (self.from..=self.to).contains(&at)
    }

    /// Thousandths of the width.
    pub fn part(self, at: i64) -> i64 {
        (at.clamp(self.from, self.to) - self.from) * 1000 / self.width()
    }

    /// One that begins there, as wide as this, within a run of `span`.
    pub fn begin(self, from: i64, span: i64) -> Self {
        let width = self.width().min(span);
        let from = from.clamp(0, span - width);
        Self { from, to: from + width }
    }

    /// Half or twice as wide around `at`, which keeps its place.
    pub fn zoom(self, at: i64, closer: bool, span: i64) -> Self {
        let (left, width) = (at - self.from, self.width());
        let (left, width) = if closer { (left / 2, (width / 2).max(LEAST)) } else { (left * 2, width * 2) };
        Self { from: 0, to: width.min(span) }.begin(at - left, span)
    }
}

/// Since the run began.
pub(super) fn micros(at: crate::kafka::time::Time) -> i64 {
    at.micros_since(EPOCH)
}

type Place = (Arc<str>, Arc<str>, i32);

fn place(span: &Span) -> Place {
    (span.group.clone(), span.topic.clone(), span.partition)
}

/// Spans of the branch, or of the other one from where they part.
struct Side<'a> {
    branch: &'a Branch,
    from: i64,
    ghost: bool,
}

impl Side<'_> {
    /// The span's beginning and end, as far as they are this side's to show.
    fn cut(&self, span: &Span) -> Option<(i64, i64)> {
        // What still holds where the shown branch ends goes on.
        let open = if self.ghost { micros(self.branch.end.at) } else { i64::MAX };
        let to = span.to.map_or(open, |to| micros(to.at));
        (to > self.from).then(|| (micros(span.from.at).max(self.from), to))
    }

    fn owned(&self, places: &SortedVecSet<Place>, hues: &[Arc<str>], rows: &mut SortedVecMap<Place, Vec<Bar>>) {
        for span in self.branch.assignment_spans.spans() {
            let Some((from, to)) = self.cut(span) else { continue };
            let at = place(span);
            if !places.contains(&at) {
                continue;
            }
            let hue = hues.iter().position(|name| *name == span.owner).unwrap_or(0) % usize::from(HUES);
            let text = format!("{} has {}-{} (generation {})", span.owner, span.topic, span.partition, span.generation);
            let bar = Bar { from, to, hue: hue as u8, share: 1000, label: span.owner.to_string(), text, ghost: self.ghost };
            insert_by_key(rows.entry(at).or_default(), bar, Bar::order);
        }
    }

    /// The times in which nobody had one of these partitions, after its first owner.
    fn unowned(&self, places: &SortedVecSet<Place>, rows: &mut SortedVecMap<Place, Vec<Bar>>) {
        for gap in self.branch.assignment_spans.gaps() {
            let at = (gap.group.clone(), gap.topic.clone(), gap.partition);
            let (from, end) = (micros(gap.from.at), gap.to.map_or(i64::MAX, |to| micros(to.at)));
            if from < self.from || !places.contains(&at) {
                continue;
            }
            let for_so_long = match gap.to {
                Some(to) => format!(" for {}", tenths(to.at.micros_since(gap.from.at))),
                None => " from here on".to_owned(),
            };
            let text = format!("nobody has {}-{}{for_so_long}", gap.topic, gap.partition);
            let bar = Bar { from, to: end, hue: NOBODY, share: 1000, label: String::new(), text, ghost: self.ghost };
            insert_by_key(rows.entry(at).or_default(), bar, Bar::order);
        }
    }

    /// What is told of a mark.
    fn mark_words(&self, mark: &Mark) -> String {
        let more = if mark.count > 1 { format!(" (and {} more)", mark.count - 1) } else { String::new() };
        let done = self.branch.handovers.at(mark.at).filter(|_| mark.lane == Lane::Rebalance);
        let outcome = done.map(|done| format!(" {}", done.words())).unwrap_or_default();
        format!("{}{more}{outcome}", mark.text)
    }

    /// How many of a group's partitions were owned, from change to change.
    fn counted(&self, group: &Arc<str>, of: usize) -> Vec<Bar> {
        let mut changes: Vec<(i64, i32)> = Vec::new();
        for span in self.branch.assignment_spans.spans().iter().filter(|span| span.group == *group) {
            if let Some((from, to)) = self.cut(span) {
                changes.extend([(from, 1), (to, -1)]);
            }
        }
        changes.sort();
        let (mut bars, mut owned) = (Vec::new(), 0);
        for (i, (from, change)) in changes.iter().enumerate() {
            owned += change;
            let Some((to, _)) = changes.get(i + 1).filter(|(to, _)| to > from && owned > 0) else { continue };
            let label = format!("{owned} of {of}");
            let text = format!("{group}: {label} partitions have an owner");
            let share = (owned as usize * 1000 / of.max(1)).min(1000) as u16;
            bars.push(Bar { from: *from, to: *to, hue: 0, share, label, text, ghost: self.ghost });
        }
        bars
    }
}

impl Timeline {
    /// The branch whose future is shown beside that of the shown one, and when they part: the one that it left, or the newest
    /// that left it.
    pub fn beside(&self) -> Option<(&Branch, i64)> {
        let shown = self.branch();
        let parent = shown.parent.and_then(|id| self.find(id).ok()).map(|other| (other, micros(shown.forked.at)));
        let child = self.branches().iter().rev().find(|branch| branch.parent == Some(shown.id));
        parent.or(child.map(|other| (other, micros(other.forked.at))))
    }

    /// The lanes from top to bottom; partitions one by one when there are at most `most`.
    pub fn timeline_rows(&self, most: usize) -> Vec<Row> {
        let beside = self.beside();
        let mut sides = vec![Side { branch: self.branch(), from: i64::MIN, ghost: false }];
        sides.extend(beside.map(|(branch, from)| Side { branch, from, ghost: true }));
        let mut out = Vec::new();
        for lane in Lane::ALL {
            let mut bars = Vec::new();
            for side in &sides {
                for mark in side.branch.marks.all().iter().filter(|mark| mark.lane == lane && micros(mark.at) > side.from) {
                    let at = micros(mark.at);
                    let (text, ghost) = (side.mark_words(mark), side.ghost);
                    bars.push(Bar { from: at, to: at, hue: 0, share: 1000, label: String::new(), text, ghost });
                }
            }
            if lane != Lane::Violation || !bars.is_empty() {
                out.push(Row { name: lane.name().to_owned(), lane: Some(lane), bars });
            }
        }
        let (mut places, mut hues): (SortedVecSet<Place>, Vec<Arc<str>>) = Default::default();
        for span in sides.iter().flat_map(|side| side.branch.assignment_spans.spans()) {
            if !hues.contains(&span.owner) {
                hues.push(span.owner.clone());
            }
            places.insert(place(span));
        }
        let mut groups: Vec<Arc<str>> = places.iter().map(|(group, ..)| group.clone()).collect();
        groups.dedup();
        let mut rows = Vec::new();
        if places.len() > most {
            for group in &groups {
                let of = places.iter().filter(|(other, ..)| other == group).count();
                rows.push(Row {
                    name: format!("{group}, {of} partitions"),
                    lane: None,
                    bars: sides.iter().flat_map(|side| side.counted(group, of)).collect(),
                });
            }
        } else {
            let mut bars = SortedVecMap::new();
            for side in &sides {
                side.owned(&places, &hues, &mut bars);
                side.unowned(&places, &mut bars);
            }
            for at in places {
                let (group, topic, partition) = &at;
                let name = if groups.len() > 1 { format!("{group} {topic}-{partition}") } else { format!("{topic}-{partition}") };
                rows.push(Row { name, lane: None, bars: bars.remove(&at).unwrap_or_default() });
            }
        }
        if let Some(full) = self.branch().assignment_spans.full() {
            let (from, to) = (micros(full), i64::MAX);
            for row in &mut rows {
                let text = format!("not recorded: {MAX_SPANS} changes of owners are kept");
                row.bars.push(Bar { from, to, hue: HUES, share: 1000, label: "not recorded".into(), text, ghost: false });
            }
        }
        out.extend(rows);
        out
    }

    /// What the lanes leave out, in words; empty when nothing.
    pub fn timeline_rows_gaps(&self) -> String {
        let marks = match self.branch().marks.dropped {
            0 => String::new(),
            more => format!("The lanes are full: {MAX_MARKS} marks are kept, {more} later ones are not drawn."),
        };
        let leaders = match self.branch().figures().dropped {
            0 => String::new(),
            more => format!("{MAX_STEPS} changes of partitions without a leader are kept, {more} later ones are not drawn."),
        };
        let lags = if self.branch().figures().has_left_out { format!("The lag of {MAX_LAGS} groups is kept.") } else { String::new() };
        let words: Vec<String> = [marks, leaders, lags].into_iter().filter(|words| !words.is_empty()).collect();
        words.join(" ")
    }
}
