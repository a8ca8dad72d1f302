//! The verdict in plain sentences.

use super::{Counters, Ledger, Verdict, Violation};
use crate::world::event::EPOCH;
use std::fmt;

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.at.micros_since(EPOCH) / 1000;
        write!(f, "violation at {}.{:03} s, event {} ({}): {}", millis / 1000, millis % 1000, self.event.0, self.kind, self.what)
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records sent: {} acknowledged, {} failed, {} without an answer; {} readable, {} delivered, {} delivered again",
            self.sent, self.acked, self.failed, self.unknown, self.readable, self.delivered, self.redelivered
        )?;
        write!(f, "\n{} lost, {} duplicated, {} out of order", self.lost, self.duplicated, self.reordered)?;
        if self.expired > 0 {
            write!(f, ", {} deleted by retention", self.expired)?;
        }
        if self.unreadable > 0 {
            write!(f, ", {} in partitions that nobody leads now", self.unreadable)?;
        }
        for permitted in &self.permitted {
            let plural = if permitted.records == 1 { "record" } else { "records" };
            write!(f, "\npermitted: {} {plural} {}: {}", permitted.records, permitted.what, permitted.why)?;
        }
        Ok(())
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} events, {} elections, {} of the quorum, {} truncations, {} ISR changes, {} rebalances, faults:",
            self.events, self.elections, self.quorum_elections, self.truncations, self.isr_changes, self.rebalances
        )?;
        if self.faults.is_empty() {
            f.write_str(" none")?;
        }
        for (nth, (kind, count)) in self.faults.iter().enumerate() {
            write!(f, "{} {count} {kind}", if nth == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for violation in &self.violations {
            writeln!(f, "{violation}")?;
        }
        writeln!(f, "{}", self.ledger)?;
        write!(f, "{}", self.counters)
    }
}
