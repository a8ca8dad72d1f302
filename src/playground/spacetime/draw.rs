//! A diagram laid out: where each line, arrow, mark and text stands, in whole pixels. Colours and sizes of letters are the style
//! sheet's, by class.

use super::{Arrow, Diagram, FRAMES_BACK, FrameOutcome, Mark};
use crate::kafka::time::Time;
use crate::playground::why::seconds;
use crate::world::EPOCH;

/// Between two lanes, above the first, below the last.
const LANE: i64 = 44;
const TOP: i64 = 44;
const FOOT: i64 = 26;
/// A wait this long, in microseconds, is cut out of the axis and says its length.
const BREAK_US: i64 = 200_000;
const BREAK: i64 = 70;
/// The same in a narrow picture, and how narrow that is.
const NARROW_BREAK: i64 = 52;
const NARROW: i64 = 520;
/// Half of a mark's height.
const R: i64 = 9;
/// From one mark to the next on the same lane.
const APART: i64 = 24;
/// Between two times on the axis.
const LABEL: i64 = 62;
/// About the width of a letter.
const LETTER: i64 = 7;
const RIGHT: i64 = 26;
const LEFT: i64 = 32;

/// A text whose middle (of a lane's name: whose left end) is at `x`, and whose base line is at `y`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    pub x: i64,
    pub y: i64,
    pub text: String,
}

/// Something that cannot be chosen. `class` names its style; "" is that of any line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Shape {
    /// `d` is SVG path data.
    Path {
        class: &'static str,
        d: String,
    },
    Rect {
        class: &'static str,
        x: i64,
        y: i64,
        width: i64,
        height: i64,
    },
    Text {
        class: &'static str,
        label: Label,
    },
}

/// A frame from its sending to its arrival.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlacedArrow {
    pub class: &'static str,
    /// Which frame it is, and how long it took or what became of it.
    pub title: String,
    /// SVG path data.
    pub line: String,
    /// The cross at the end of a frame that was lost, as SVG path data.
    pub cross: Option<String>,
    /// The frame's name, where there is room for it.
    pub label: Option<Label>,
}

/// A mark that can be chosen.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlacedMark {
    /// The sentences, from 1.
    pub numbers: Vec<usize>,
    /// Microseconds since the run began.
    pub at: i64,
    /// What it is called where it cannot be seen.
    pub name: String,
    pub x: i64,
    pub y: i64,
    pub width: i64,
    pub height: i64,
    /// Of its corners: round for what followed, almost square for what somebody did.
    pub radius: i64,
    pub label: Label,
}

/// A diagram laid out, in whole pixels.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drawing {
    /// The width of the column of lanes' names, which stands still while the rest scrolls.
    pub names_width: i64,
    pub width: i64,
    pub height: i64,
    /// The lanes' names.
    pub lanes: Vec<Label>,
    /// What is painted before arrows and marks, and what after them.
    pub below: Vec<Shape>,
    pub arrows: Vec<PlacedArrow>,
    pub marks: Vec<PlacedMark>,
    pub above: Vec<Shape>,
}

/// `9.3 s`, `240 ms`.
fn wait(us: i64) -> String {
    if us < 1_000_000 { format!("{} ms", us / 1000) } else { format!("{}.{} s", us / 1_000_000, us / 100_000 % 10) }
}

/// `3`, `3–5`, `3, 7`.
fn numbers(mark: &Mark) -> String {
    match *mark.numbers {
        [one] => one.to_string(),
        [first, .., last] if last - first + 1 == mark.numbers.len() => format!("{first}–{last}"),
        _ => mark.numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn half_width(mark: &Mark) -> i64 {
    R.max(numbers(mark).chars().count() as i64 * LETTER / 2 + 5)
}

/// Pixels for a wait: each doubling is another step, so that 200 µs and 100 ms both can be seen.
fn steps(us: i64) -> i64 {
    4 + 3 * i64::from((1 + us / 100).max(1).ilog2())
}

/// Where each moment of the picture stands, from left to right.
struct Axis {
    at: Vec<(Time, i64)>,
}

impl Axis {
    fn new(diagram: &Diagram, now: Time, width: i64) -> Self {
        let wide = if width < NARROW { NARROW_BREAK } else { BREAK };
        let mut times: Vec<Time> = diagram.marks.iter().map(|mark| mark.at).collect();
        times.extend(diagram.arrows.iter().flat_map(|arrow| [arrow.sent, arrow.arrives.min(now)]));
        times.push(now);
        times.sort_unstable();
        times.dedup();
        let gaps: Vec<i64> = times.windows(2).map(|pair| if let [a, b] = pair { b.micros_since(*a) } else { 0 }).collect();
        // What is not cut out grows or shrinks until the picture fills its width.
        let loose = gaps.iter().filter(|gap| **gap < BREAK_US).map(|gap| steps(*gap)).sum::<i64>().max(1);
        let fixed = gaps.iter().filter(|gap| **gap >= BREAK_US).count() as i64 * wide;
        let room = (width - LEFT - RIGHT - fixed).clamp(loose / 2, loose * 6);
        let mut at = Vec::with_capacity(times.len());
        let (mut x, mut before) = (LEFT, now);
        let mut taken: Vec<i64> = vec![i64::MIN / 2; diagram.lanes.len() + 1];
        for (time, nth) in times.into_iter().zip(0..) {
            if nth > 0 {
                let gap = time.micros_since(before);
                x += if gap >= BREAK_US { wide } else { steps(gap) * room / loose };
            }
            for mark in diagram.marks.iter().filter(|mark| mark.at == time) {
                let half = half_width(mark);
                if let Some(taken) = taken.get_mut(mark.lane.unwrap_or(diagram.lanes.len())) {
                    x = x.max(*taken + half + APART - 2 * R);
                }
            }
            for mark in diagram.marks.iter().filter(|mark| mark.at == time) {
                if let Some(taken) = taken.get_mut(mark.lane.unwrap_or(diagram.lanes.len())) {
                    *taken = x + half_width(mark);
                }
            }
            at.push((time, x));
            before = time;
        }
        Self { at }
    }

    /// Of a moment between two others: at the later one.
    fn x(&self, time: Time) -> i64 {
        let later = self.at.iter().find(|(at, _)| *at >= time).or(self.at.last());
        later.map_or(0, |(_, x)| *x)
    }
}

/// Texts that stand already; another one does not go over them.
#[derive(Default)]
struct Texts(Vec<(i64, i64, i64)>);

impl Texts {
    /// `x` is the middle.
    fn fits(&mut self, x: i64, y: i64, text: &str) -> bool {
        let half = text.chars().count() as i64 * LETTER / 2;
        let free = self.0.iter().all(|(a, b, c)| x + half < *a || x - half > *b || (y - c).abs() > 13);
        if free {
            self.0.push((x - half, x + half, y));
        }
        free
    }
}

fn y(lane: Option<usize>) -> i64 {
    lane.map_or(TOP - 26, |lane| TOP + lane as i64 * LANE)
}

/// What the picture shows and leaves out, for those who see it for the first time.
pub fn words(diagram: &Diagram) -> String {
    let mut out = format!(
        "Each line is a node, each arrow a frame on its way; squares are what somebody did. Short times are drawn on a log scale, waits \
        from 200 ms on are cut out and say their length. Of the frames, the last {FRAMES_BACK} that led to each mark are drawn."
    );
    if diagram.forgotten {
        out += " Some of them are no longer kept.";
    }
    out
}

/// Lays the diagram out, as wide as `width` if it can be, else wider: it scrolls beside the lanes' names.
pub fn draw(diagram: &Diagram, now: Time, width: i64) -> Drawing {
    let longest = diagram.lanes.iter().map(|name| name.chars().count()).max().unwrap_or(0) as i64;
    let names_width = (longest * LETTER + 10).min(width / 3);
    let axis = Axis::new(diagram, now, width - names_width);
    let end = axis.x(now);
    let bottom = TOP + (diagram.lanes.len() as i64 - 1) * LANE + 22;
    let mut pen = Pen { diagram, now, axis, end, bottom, texts: Texts::default(), below: Vec::new(), above: Vec::new() };
    pen.lines();
    pen.waits();
    pen.absences();
    let arrows = diagram.arrows.iter().map(|arrow| pen.arrow(arrow)).collect();
    let marks = diagram.marks.iter().map(|mark| pen.mark(mark)).collect();
    let now = Label { x: end + 8, y: bottom + 20, text: "now".to_owned() };
    pen.above.push(Shape::Text { class: "", label: now });
    let name = |(name, lane): (&std::sync::Arc<str>, usize)| Label { x: 0, y: y(Some(lane)) + 4, text: name.to_string() };
    Drawing {
        names_width,
        width: (width - names_width).max(end + RIGHT),
        height: bottom + FOOT,
        lanes: diagram.lanes.iter().zip(0..).map(name).collect(),
        below: pen.below,
        arrows,
        marks,
        above: pen.above,
    }
}

/// What is being drawn.
struct Pen<'a> {
    diagram: &'a Diagram,
    now: Time,
    axis: Axis,
    /// Where now is.
    end: i64,
    /// Where the axis is.
    bottom: i64,
    texts: Texts,
    below: Vec<Shape>,
    above: Vec<Shape>,
}

impl Pen<'_> {
    fn path(&mut self, class: &'static str, d: String) {
        self.below.push(Shape::Path { class, d });
    }

    fn text(&mut self, class: &'static str, x: i64, y: i64, text: String) {
        self.below.push(Shape::Text { class, label: Label { x, y, text } });
    }

    /// A line for each lane, the axis, and now.
    fn lines(&mut self) {
        let (end, bottom) = (self.end, self.bottom);
        for lane in 0..self.diagram.lanes.len() {
            self.path("", format!("M0 {}H{end}", y(Some(lane))));
        }
        self.path("tp-now", format!("M{end} {}V{bottom}", TOP - 14));
        self.path("", format!("M0 {bottom}H{end}"));
    }

    /// Waits are cut out and say their length.
    fn waits(&mut self) {
        let pairs = self.axis.at.windows(2).filter_map(|pair| if let [a, b] = pair { Some((*a, *b)) } else { None });
        for ((a, from), (b, to)) in pairs.collect::<Vec<_>>() {
            let gap = b.micros_since(a);
            if gap >= BREAK_US {
                let (x, bottom) = ((from + to) / 2, self.bottom);
                let (top, height) = (TOP - 20, bottom - TOP + 22);
                self.below.push(Shape::Rect { class: "tp-cut", x: x - 4, y: top, width: 9, height });
                self.path("tp-zig", format!("M{} {}l5-10m4 10l5-10", x - 7, bottom + 5));
                self.text("", x, bottom + 20, wait(gap));
                self.texts.fits(x, bottom + 20, "10.0 sec");
            }
        }
    }

    /// A lane is broken off where its process was not running.
    fn absences(&mut self) {
        for away in &self.diagram.away {
            if away.to < self.axis.at.first().map_or(self.now, |(at, _)| *at) {
                continue;
            }
            let (from, to, y) = (self.axis.x(away.from), self.axis.x(away.to), y(Some(away.lane)));
            self.path("tp-away", format!("M{from} {y}H{to}"));
            let state = away.state.word();
            let x = from + 16 + state.len() as i64 * LETTER / 2;
            if x < to && self.texts.fits(x, y - 8, state) {
                self.text("tp-gone", x, y - 8, state.to_owned());
            }
        }
    }

    /// How far the mark at a moment of a lane reaches, along an arrow that is flat or steep.
    fn reach(&self, at: Time, lane: usize, flat: bool) -> f32 {
        let mark = self.diagram.marks.iter().find(|mark| mark.at == at && mark.lane == Some(lane));
        mark.map_or(0, |mark| if flat { half_width(mark) } else { R } + 2) as f32
    }

    /// From mark to mark; what was lost ends on the way.
    fn arrow(&mut self, arrow: &Arrow) -> PlacedArrow {
        let (x0, x1) = (self.axis.x(arrow.sent), self.axis.x(arrow.arrives.min(self.now)));
        let (y0, y1) = (y(Some(arrow.from)), y(Some(arrow.to)));
        let (whole_x, whole_y) = (x1 - x0, y1 - y0);
        let flat = whole_x.abs() > whole_y.abs();
        let (dx, dy) = (whole_x as f32, whole_y as f32);
        let length = (dx * dx + dy * dy).sqrt().max(1.0);
        let along = |part: i64, far: f32| (part as f32 * far / length) as i64;
        let (off, on) = (self.reach(arrow.sent, arrow.from, flat), self.reach(arrow.arrives, arrow.to, flat));
        let (x0, y0) = (x0 + along(whole_x, off), y0 + along(whole_y, off));
        let (mut x1, mut y1) = (x1 - along(whole_x, on), y1 - along(whole_y, on));
        if arrow.outcome == FrameOutcome::Lost {
            (x1, y1) = ((x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3);
        }
        let (class, title) = match arrow.outcome {
            FrameOutcome::Arrived => ("tp-arrow", format!("{}, {} µs", arrow.name, arrow.arrives.micros_since(arrow.sent))),
            FrameOutcome::UnderWay => ("tp-arrow tp-way", format!("{}, under way", arrow.name)),
            FrameOutcome::Lost => ("tp-arrow tp-lost", format!("{}, lost", arrow.name)),
        };
        let (x, y) = ((x0 + x1) / 2, (y0 + y1) / 2 + 4);
        PlacedArrow {
            class,
            title,
            line: format!("M{x0} {y0}L{x1} {y1}"),
            cross: (arrow.outcome == FrameOutcome::Lost).then(|| format!("M{} {}l8 8m0-8l-8 8", x1 - 4, y1 - 4)),
            label: self.texts.fits(x, y, &arrow.name).then(|| Label { x, y, text: arrow.name.clone() }),
        }
    }

    /// A mark, with its time on the axis where there is room.
    fn mark(&mut self, mark: &Mark) -> PlacedMark {
        let (x, y, half) = (self.axis.x(mark.at), y(mark.lane), half_width(mark));
        let (at, text) = (mark.at.micros_since(EPOCH), numbers(mark));
        let when = seconds(at);
        let lane = mark.lane.and_then(|lane| self.diagram.lanes.get(lane)).map_or("now", |name| name);
        let name = format!("{text}: {lane}, {when}");
        let bottom = self.bottom;
        if mark.lane.is_some() && self.texts.fits(x, bottom + 20, "12.345 sec") && self.end - x > LABEL {
            self.above.push(Shape::Text { class: "", label: Label { x, y: bottom + 20, text: when } });
            self.above.push(Shape::Path { class: "", d: format!("M{x} {bottom}v4") });
        }
        PlacedMark {
            numbers: mark.numbers.clone(),
            at,
            name,
            x: x - half,
            y: y - R,
            width: 2 * half,
            height: 2 * R,
            radius: if mark.deed { 2 } else { R },
            label: Label { x, y: y + 4, text },
        }
    }
}
