//! The figures by which runs are compared, and in which of them they differ.

use crate::playground::narrate::tenths;
use crate::playground::time::Counts;

#[derive(Clone, Copy)]
enum Unit {
    Count,
    /// The rest are microseconds.
    Seconds,
    PartitionSeconds,
    Milliseconds,
}

struct Figure {
    name: &'static str,
    /// What it is, in a sentence.
    means: &'static str,
    unit: Unit,
    /// A smaller one is better; `None`: neither is.
    fewer: Option<bool>,
    of: fn(&Counts) -> i64,
}

const fn figure(name: &'static str, unit: Unit, fewer: Option<bool>, of: fn(&Counts) -> i64, means: &'static str) -> Figure {
    Figure { name, means, unit, fewer, of }
}

const fn few(name: &'static str, of: fn(&Counts) -> i64, means: &'static str) -> Figure {
    figure(name, Unit::Count, Some(true), of, means)
}

const fn many(name: &'static str, of: fn(&Counts) -> i64, means: &'static str) -> Figure {
    figure(name, Unit::Count, Some(false), of, means)
}

fn count(of: u64) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

/// In the order in which they are shown.
const FIGURES: &[Figure] = &[
    figure(
        "without an owner",
        Unit::PartitionSeconds,
        Some(true),
        |c| c.unowned_us,
        "Partitions × seconds in which nobody of their group read them",
    ),
    figure(
        "longest without an owner",
        Unit::Seconds,
        Some(true),
        |c| c.longest_unowned_us,
        "The longest time that nobody read one partition",
    ),
    few("partitions given up", |c| count(c.revoked), "Partitions that were taken from a running member, each time counted"),
    figure("rebalances", Unit::Count, None, |c| count(c.rebalances), "How often a group began to find a new order"),
    figure(
        "longest without a leader",
        Unit::Seconds,
        Some(true),
        |c| c.longest_leaderless_us,
        "From a leader's end to the next one, of the partition that waited longest",
    ),
    figure("without a leader", Unit::PartitionSeconds, Some(true), |c| c.leaderless_us, "Partitions × seconds without a leader"),
    few("acknowledged, and lost", |c| count(c.lost), "Records that their producer was told are safe, and that are gone"),
    few("twice in a log", |c| count(c.duplicated), "Records that are in the log more often than they were sent"),
    few("out of order", |c| count(c.reordered), "Records that lie before an earlier one of their producer"),
    few("delivered again", |c| count(c.redelivered), "Records that a group was given more than once"),
    few("missing in a sink", |c| count(c.missing), "Records that are committed as read and that no sink holds"),
    few("twice in a sink", |c| count(c.twice), "Rows of an event that another row stands for already"),
    few("old versions in a sink", |c| count(c.stale), "Rows in which an older version has overwritten a newer one"),
    figure("rows in sinks", Unit::Count, None, |c| count(c.rows), "Rows of all sinks"),
    many("acknowledged", |c| count(c.acked), "Records that their producer was told are safe"),
    figure("sent", Unit::Count, None, |c| count(c.sent), "Records that were handed to producers"),
    many("readable", |c| count(c.readable), "Records below the high watermark"),
    many("handled", |c| count(c.handled), "Records that consumers have handled, each time counted"),
    few("lag", |c| count(c.lag), "Readable records that groups have not committed"),
    figure("time to an answer", Unit::Milliseconds, Some(true), |c| c.wait_us, "From send() to the acknowledgement, on average"),
    figure(
        "longest time to an answer",
        Unit::Milliseconds,
        Some(true),
        |c| c.longest_wait_us,
        "From send() to the acknowledgement, of the record that waited longest",
    ),
    figure("elections of leaders", Unit::Count, None, |c| count(c.elections), "Partition leaders that took over"),
    figure("elections of the controller", Unit::Count, None, |c| count(c.quorum_elections), "Controllers that took over"),
    few("violations", |c| count(c.violations), "Things that Kafka does not permit"),
];

/// A figure of all runs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FigureRow {
    pub name: &'static str,
    pub means: &'static str,
    /// As they are shown, from top to bottom.
    pub values: Vec<String>,
    pub differs: bool,
    /// Which of them is the best one, where only one is.
    pub best: Option<usize>,
}

impl Unit {
    fn words(self, value: i64) -> String {
        match self {
            Self::Count => value.to_string(),
            Self::Seconds => tenths(value),
            Self::PartitionSeconds => format!("{} partition-seconds", tenths(value).trim_end_matches(" s")),
            Self::Milliseconds => format!("{} ms", (value + 500) / 1000),
        }
    }
}

/// All figures: those in which the runs differ first, of those the ones in `first` first.
pub fn figure_rows(counts: &[Counts], first: &[&str]) -> Vec<FigureRow> {
    let row = |figure: &Figure| {
        let raw: Vec<i64> = counts.iter().map(figure.of).collect();
        let values: Vec<String> = raw.iter().map(|value| figure.unit.words(*value)).collect();
        let differs = values.windows(2).any(|pair| pair[0] != pair[1]);
        let best = figure.fewer.and_then(|fewer| if fewer { raw.iter().min() } else { raw.iter().max() });
        let best = best.filter(|best| raw.iter().filter(|value| value == best).count() == 1);
        let best = best.and_then(|best| raw.iter().position(|value| value == best)).filter(|_| differs);
        FigureRow { name: figure.name, means: figure.means, values, differs, best }
    };
    let mut rows: Vec<FigureRow> = FIGURES.iter().map(row).collect();
    let place = |row: &FigureRow| first.iter().position(|name| *name == row.name).unwrap_or(first.len());
    rows.sort_by_key(|row| (!row.differs, place(row)));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_comes_first_and_the_best_is_named_only_where_it_is_alone() {
        let of = |unowned_us, lost| Counts { unowned_us, lost, acked: 7, ..Counts::default() };
        let rows = figure_rows(&[of(9_460_000, 0), of(3_000_000, 0), of(3_000_000, 2)], &["acknowledged, and lost"]);
        let told = |row: &FigureRow| format!("{}: {} {:?}", row.name, row.values.join(", "), row.best);
        assert_eq!(told(&rows[0]), "acknowledged, and lost: 0, 0, 2 None");
        assert_eq!(told(&rows[1]), "without an owner: 9.4 partition-seconds, 3.0 partition-seconds, 3.0 partition-seconds None");
        assert!(rows[2..].iter().all(|row| !row.differs && row.best.is_none()));
        assert!(rows.iter().any(|row| row.name == "acknowledged" && row.values == ["7", "7", "7"]));
    }

    #[test]
    fn presets_put_figures_first_that_exist() {
        for name in crate::playground::compare::PRESETS.iter().flat_map(|preset| preset.first) {
            assert!(FIGURES.iter().any(|figure| figure.name == *name), "{name}");
        }
    }
}
