//! What stands above a ribbon's cells: the high watermark by its name, where the log was cut, where it begins, where another leader began
//! to write, and numbers. What is said first has the room.

use super::brackets;
use super::followers::tear;
use super::layout::Row;
use super::ribbon::upright;
use super::shape::{Align, Ink, Rect, Shape, TEXT, at, bold, sign, text, text_width};
use crate::kafka::broker::PartitionView;
use crate::world::view::WorldView;

/// The words that stand above the cells already: from where to where.
struct Line<'a> {
    out: &'a mut Vec<Shape>,
    taken: Vec<(f32, f32)>,
}

impl Line<'_> {
    /// Says words whose left edge is at `x`, unless others stand there.
    fn say(&mut self, (x, y): (f32, f32), words: String, is_bold: bool, ink: Ink) {
        let right = x + width(&words, is_bold);
        if self.is_free(x, right) {
            self.taken.push((x, right));
            self.out.push(if is_bold { bold } else { text }(at(x, y), words, ink, Align::Start));
        }
    }

    /// Says it, and what it means to who points at it.
    fn tell(&mut self, (x, y): (f32, f32), words: String, is_bold: bool, ink: Ink, means: impl FnOnce() -> String) {
        let w = width(&words, is_bold);
        if self.is_free(x, x + w) {
            self.say((x, y), words, is_bold, ink);
            self.out.push(sign(Rect { x, y: y - TEXT, w, h: TEXT + 3.0 }, means()));
        }
    }

    fn is_free(&self, left: f32, right: f32) -> bool {
        self.taken.iter().all(|(from, to)| right + 7.0 < *from || left > *to + 7.0)
    }
}

fn width(words: &str, is_bold: bool) -> f32 {
    text_width(words) * if is_bold { 1.15 } else { 1.0 }
}

/// Where readers of committed records stop, where that is before the high watermark: a mark of its own, and behind it whose transaction
/// it is that is open.
fn last_stable(view: &WorldView, p: &PartitionView, row: &Row, line: &mut Line<'_>) {
    let stable = p.last_stable_offset;
    let in_window = (row.first..=row.first.saturating_add(row.capacity)).contains(&stable);
    if stable >= p.high_watermark {
        return;
    }
    let x = row.slot(stable) - (row.pitch - row.cell.0) / 2.0;
    let (y, rise) = (row.top - row.name(), if row.dense() { 1.5 } else { row.name() - 4.0 });
    if in_window {
        line.out.push(upright(x, row.top - rise, row.top + row.cell.1 + if row.dense() { 1.5 } else { 6.0 }, 1.5, Ink::Ink, 3.0));
    }
    if !row.numerals {
        return;
    }
    let words = if in_window { format!("LSO {stable}") } else { format!("‹ LSO {stable}") };
    let (own, from) = (width(&words, true), row.label.x);
    // Before its line, so that what is open stands behind it.
    let left = if in_window && x - own - 4.0 > from { x - own - 4.0 } else { x.max(from) };
    line.tell((left, y), words, true, Ink::Ink, || {
        format!("Last stable offset {stable}: consumers with isolation.level=read_committed read up to here, where a transaction is open")
    });
    if let Some((words, ink)) = brackets::words(view, p) {
        let after = if left < x { x + 4.0 } else { left + own + 8.0 };
        line.tell((after, y), words, false, ink, || {
            "A transaction has records here and no marker yet: who reads committed records waits before its first one".to_owned()
        });
    }
}

pub(super) fn head(view: &WorldView, p: &PartitionView, row: &Row, out: &mut Vec<Shape>) {
    let edge = (row.pitch - row.cell.0) / 2.0;
    let (bottom, window_end) = (row.top + row.cell.1, row.first.saturating_add(row.capacity));
    let seen = |offset: i64| (row.first..=window_end).contains(&offset);
    let mut line = Line { out, taken: Vec::new() };
    let y = row.top - row.name();
    if row.numerals {
        let hw = p.high_watermark;
        let words = match () {
            () if row.large() && hw < row.first => format!("‹ HW {hw}"),
            () if row.large() && hw > window_end => format!("HW {hw} ›"),
            () => format!("HW {hw}"),
        };
        let x = row.slot(hw) - edge - text_width(&words) / 2.0;
        line.tell((x.max(row.label.x), y), words, true, Ink::Ink, || {
            format!("High watermark {hw}: every in-sync replica has the records before it, and consumers may read them")
        });
    }
    last_stable(view, p, row, &mut line);
    let replicas = view.replicas.iter().filter(|r| r.partition == p.partition && r.topic == p.topic);
    if let Some(torn) = replicas.filter_map(|r| r.torn).max_by_key(|torn| torn.at) {
        // It stays where it was, and when that is no longer seen, at the edge.
        let x = row.slot(torn.to) - edge;
        let is_seen = seen(torn.to);
        if is_seen && !row.dense() {
            line.out.push(tear(at(x, row.top - 4.0), at(x, bottom + 5.0)));
        }
        if row.numerals {
            let (lead, x) = if is_seen { ("", x + 4.0) } else { ("⋯ ", row.cells_x) };
            let cut = format!("{lead}{} cut at {}", torn.from.saturating_sub(torn.to), torn.to);
            line.tell((x, y), cut, true, Ink::Bad, || {
                format!(
                    "A log of this partition ended at {} and was cut back to {}: its leader does not have what is gone",
                    torn.from, torn.to
                )
            });
        }
    }
    if row.numerals && p.log_start_offset > 0 && seen(p.log_start_offset) {
        line.tell((row.slot(p.log_start_offset) - edge - 1.0, y), "log start".into(), false, Ink::Muted, || {
            format!("Log start offset {}: what was before it is deleted", p.log_start_offset)
        });
    }
    for (epoch, start) in p.epochs.iter().skip(1).filter(|(_, start)| *start > row.first && *start < p.end_offset) {
        let x = row.slot(*start) - edge;
        line.out.push(upright(x, row.top - 2.0, bottom + 2.0, 1.5, Ink::Accent, 1.5));
        if row.numerals {
            line.tell((x + 2.0, row.top - 6.0), format!("e{epoch}"), true, Ink::Accent, || {
                format!("Leader epoch {epoch} begins at offset {start}: from here on another election's leader writes")
            });
        }
    }
    if row.numerals {
        numbers(p, row, &mut line);
    }
}

/// Every fifth offset is numbered, on the cell it names; each where cells are large.
fn numbers(p: &PartitionView, row: &Row, line: &mut Line<'_>) {
    let step = if row.large() { 1 } else { 5 };
    let mut n = row.first.saturating_add(step - 1) / step * step;
    while n < p.end_offset.min(row.first.saturating_add(row.capacity)) {
        let words = n.to_string();
        line.say((row.middle(n) - text_width(&words) / 2.0, row.top - 6.0), words, false, Ink::Muted);
        n += step;
    }
}
