//! Figures over time as areas, each as high as its lane where it is greatest.

use super::lanes::{Drawn, Frame, Line, Owner};
use super::{LANE, percent};
use crate::playground::time::{Counted, Figure, Step};

/// Pixels that an area has where it is greatest.
const HEIGHT: i64 = LANE - 3;
/// Thousandths of the width that the greatest value takes as text.
const LABEL: i64 = 70;

impl Frame {
    /// The figure's area on the shown branch, its line on the other one, and its greatest value.
    pub(in crate::web) fn figure(self, figure: &Figure) -> Drawn {
        let most = figure.most();
        let class = match figure.counted {
            Counted::Leaderless => "tp-figure tp-leaderless",
            Counted::Lag(_) => "tp-figure tp-lag",
        };
        let mut drawn = Drawn { name: figure.name(), lines: Vec::new(), owners: Vec::new() };
        let base = format!("M{} {}H{}", self.window.part(0), self.y + 13, self.end);
        drawn.lines.push(Line { class: "tp-base".to_owned(), opacity: None, d: base });
        if let Some(d) = self.area(&figure.steps, most, self.end) {
            drawn.lines.push(Line { class: class.to_owned(), opacity: None, d });
        }
        if let Some(d) = self.area(&figure.ghost, most, figure.ghost.last().map_or(0, |last| self.window.part(last.at))) {
            drawn.lines.push(Line { class: format!("{class} tp-ghost"), opacity: None, d });
        }
        drawn.owners.extend(self.label(figure, most));
        drawn
    }

    /// Up to `end`, a thousandth of the width. Steps that fall on the same one are drawn as the greatest of them.
    fn area(self, steps: &[Step], most: i64, end: i64) -> Option<String> {
        let base = self.y + 13;
        let before = steps.partition_point(|step| step.at <= self.window.from);
        let first = before.checked_sub(1).and_then(|i| steps.get(i)).map_or(0, |step| step.value);
        let mut points = vec![(0, first)];
        for step in steps.iter().skip(before).take_while(|step| step.at <= self.window.to) {
            let part = self.window.part(step.at);
            match points.last_mut().filter(|(last, _)| *last == part) {
                Some((_, value)) => *value = (*value).max(step.value),
                None => points.push((part, step.value)),
            }
        }
        if most == 0 || points.iter().all(|(_, value)| *value == 0) {
            return None;
        }
        let height = |value: i64| if value == 0 { 0 } else { (value * HEIGHT / most).max(1) };
        let path: String = points.iter().map(|(part, value)| format!("H{part}V{}", base - height(*value))).collect();
        Some(format!("M0 {base}{path}H{}V{base}", end.max(points.last().map_or(0, |(part, _)| *part))))
    }

    /// The greatest value, beside the place where it is reached first.
    fn label(self, figure: &Figure, most: i64) -> Option<Owner> {
        let peak = figure.steps.iter().find(|step| step.value == most && most > 0 && self.window.holds(step.at))?;
        let part = self.window.part(peak.at);
        let left = if part > 1000 - LABEL { part - LABEL } else { part };
        Some(Owner { name: most.to_string(), left: percent(left), width: "auto".to_owned(), top: format!("{}px", self.y) })
    }
}
