//! A diagram as SVG. Whole pixels; colours and sizes are the style sheet's, by class.

use super::{Arrow, Diagram, FRAMES_BACK, FrameOutcome, Mark};
use crate::kafka::time::Time;
use crate::playground::why::seconds;
use crate::world::EPOCH;
use crate::world::ProcessState;

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

/// For a text or an attribute: names are people's.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
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

/// The picture in the making.
struct Figure<'a> {
    diagram: &'a Diagram,
    now: Time,
    axis: Axis,
    /// Where the present is, and the foot of the lanes.
    end: i64,
    bottom: i64,
    texts: Texts,
    svg: String,
}

impl Figure<'_> {
    /// Waits that are cut out of the axis, each with its length.
    fn cuts(&mut self) {
        let bottom = self.bottom;
        for pair in self.axis.at.windows(2) {
            let [(a, from), (b, to)] = pair else { continue };
            let gap = b.micros_since(*a);
            if gap >= BREAK_US {
                let x = (from + to) / 2;
                self.svg += &format!(
                    "<rect class=tp-cut x={} y={} width=9 height='{}'/>\
                    <path class=tp-zig d='M{} {}l5-10m4 10l5-10'/><text x={x} y={}>{}</text>",
                    x - 4,
                    TOP - 20,
                    bottom - TOP + 22,
                    x - 7,
                    bottom + 5,
                    bottom + 20,
                    wait(gap)
                );
                self.texts.fits(x, bottom + 20, "10.0 sec");
            }
        }
    }

    /// Lanes are broken off where a process was not running.
    fn away(&mut self) {
        for away in &self.diagram.away {
            if away.to < self.axis.at.first().map_or(self.now, |(at, _)| *at) {
                continue;
            }
            let (from, to, y) = (self.axis.x(away.from), self.axis.x(away.to), y(Some(away.lane)));
            self.svg += &format!("<path class=tp-away d='M{from} {y}H{to}'/>");
            // As the cards call it.
            let state = if away.state == ProcessState::Paused { "frozen" } else { away.state.name() };
            let x = from + 16 + state.len() as i64 * LETTER / 2;
            if x < to && self.texts.fits(x, y - 8, state) {
                self.svg += &format!("<text x={x} y={} class=tp-gone>{state}</text>", y - 8);
            }
        }
    }

    fn arrow(&mut self, arrow: &Arrow) {
        let (mut x0, mut x1) = (self.axis.x(arrow.sent), self.axis.x(arrow.arrives.min(self.now)));
        let (mut y0, mut y1) = (y(Some(arrow.from)), y(Some(arrow.to)));
        let flat = (x1 - x0).abs() > (y1 - y0).abs();
        // How far a mark reaches along the arrow.
        let near = |at: Time, lane: usize| {
            let mark = self.diagram.marks.iter().find(|mark| mark.at == at && mark.lane == Some(lane));
            mark.map_or(0, |mark| if flat { half_width(mark) } else { R } + 2) as f32
        };
        let (dx, dy) = ((x1 - x0) as f32, (y1 - y0) as f32);
        let length = (dx * dx + dy * dy).sqrt().max(1.0);
        let along = |part: i64, far: f32| (part as f32 * far / length) as i64;
        let (whole_x, whole_y) = (x1 - x0, y1 - y0);
        let (off, on) = (near(arrow.sent, arrow.from), near(arrow.arrives, arrow.to));
        (x0, y0) = (x0 + along(whole_x, off), y0 + along(whole_y, off));
        (x1, y1) = (x1 - along(whole_x, on), y1 - along(whole_y, on));
        if arrow.outcome == FrameOutcome::Lost {
            (x1, y1) = ((x0 + 2 * x1) / 3, (y0 + 2 * y1) / 3);
        }
        let (class, what) = match arrow.outcome {
            FrameOutcome::Arrived => ("", format!("{}, {} µs", arrow.name, arrow.arrives.micros_since(arrow.sent))),
            FrameOutcome::UnderWay => (" tp-way", format!("{}, under way", arrow.name)),
            FrameOutcome::Lost => (" tp-lost", format!("{}, lost", arrow.name)),
        };
        self.svg += &format!("<g class='tp-arrow{class}'><title>{what}</title><path d='M{x0} {y0}L{x1} {y1}'/>");
        if arrow.outcome == FrameOutcome::Lost {
            self.svg += &format!("<path class=tp-x d='M{} {}l8 8m0-8l-8 8'/>", x1 - 4, y1 - 4);
        }
        let (x, y) = ((x0 + x1) / 2, (y0 + y1) / 2 + 4);
        if self.texts.fits(x, y, &arrow.name) {
            self.svg += &format!("<text x={x} y={y}>{}</text>", arrow.name);
        }
        self.svg += "</g>";
    }

    fn mark(&mut self, mark: &Mark) {
        let (end, bottom) = (self.end, self.bottom);
        let (x, y, half) = (self.axis.x(mark.at), y(mark.lane), half_width(mark));
        let (us, said) = (mark.at.micros_since(EPOCH), numbers(mark));
        let (lane, when) = (mark.lane.and_then(|lane| self.diagram.lanes.get(lane)).map_or("now", |name| name), seconds(us));
        self.svg += &format!(
            "<g class=tp-mark role=button tabindex=0 data-n='{}' data-us={us} aria-label='{said}: {}, {when}'>\
            <rect x={} y={} width={} height={} rx={} /><text x={x} y={}>{said}</text></g>",
            mark.numbers.iter().map(usize::to_string).collect::<Vec<_>>().join(" "),
            escape(lane),
            x - half,
            y - R,
            2 * half,
            2 * R,
            if mark.deed { 2 } else { R },
            y + 4,
        );
        if mark.lane.is_some() && self.texts.fits(x, bottom + 20, "12.345 sec") && end - x > LABEL {
            self.svg += &format!("<text x={x} y={}>{when}</text><path d='M{x} {bottom}v4'/>", bottom + 20);
        }
    }
}

/// As wide as `width` if it can be, else it scrolls beside the lanes' names. What can be chosen has `data-n` (its sentences) and
/// `data-us`.
pub fn draw(diagram: &Diagram, now: Time, width: i64) -> String {
    let longest = diagram.lanes.iter().map(|name| name.chars().count()).max().unwrap_or(0) as i64;
    let names = (longest * LETTER + 10).min(width / 3);
    let axis = Axis::new(diagram, now, width - names);
    let end = axis.x(now);
    let bottom = TOP + (diagram.lanes.len() as i64 - 1) * LANE + 22;
    let (width, height) = ((width - names).max(end + RIGHT), bottom + FOOT);
    let mut svg = format!("<svg class=tp-lanes width={names} height={height} aria-hidden=true>");
    for (name, lane) in diagram.lanes.iter().zip(0..) {
        svg += &format!("<text x=0 y={}>{}</text>", y(Some(lane)) + 4, escape(name));
    }
    svg += &format!(
        "</svg><div class=tp-scroll><svg class=tp-figure width={width} height={height} role=group aria-label='Space-time diagram'>\
        <defs><marker id=tp-tip viewBox='0 0 8 8' refX=7 refY=4 markerWidth=8 markerHeight=8 orient=auto>\
        <path d='M0 1 7 4 0 7z'/></marker></defs>"
    );
    for lane in 0..diagram.lanes.len() {
        svg += &format!("<path d='M0 {}H{end}'/>", y(Some(lane)));
    }
    svg += &format!("<path class=tp-now d='M{end} {}V{bottom}'/><path d='M0 {bottom}H{end}'/>", TOP - 14);
    let mut figure = Figure { diagram, now, axis, end, bottom, texts: Texts::default(), svg };
    figure.cuts();
    figure.away();
    for arrow in &diagram.arrows {
        figure.arrow(arrow);
    }
    for mark in &diagram.marks {
        figure.mark(mark);
    }
    figure.svg + &format!("<text x={} y={}>now</text></svg></div>", end + 8, bottom + 20)
}
