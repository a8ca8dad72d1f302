//! Waits in words.

use crate::kafka::time::{Time, TimerKind};
use crate::playground::narrate::tenths;
use crate::world::view::{Wait, WorldView};

/// Whether it comes when its time is over, and not before.
pub(super) fn is_exact(wait: &Wait) -> bool {
    !matches!(wait.what, TimerKind::RebalanceTimeout | TimerKind::SyncTimeout)
}

/// `waiting for the session timeout of billing-2: 7.3 s`.
pub fn waiting_words(wait: &Wait, now: Time) -> String {
    let left = tenths(wait.at.micros_since(now));
    match wait.what {
        TimerKind::NextRecord => format!("waiting for the next record: {left}"),
        TimerKind::ElectionTimeout => format!("waiting for {} to stand for election: {left}", wait.who),
        TimerKind::RebalanceTimeout => format!("waiting for all members of {} to join: {left} at most", wait.who),
        TimerKind::SyncTimeout => format!("waiting for the assignment of {}: {left} at most", wait.who),
        what => format!("waiting for the {what} of {}: {left}", wait.who),
    }
}

/// What stands on the thing itself: `gone in 7.2 s`.
pub fn countdown(wait: &Wait, now: Time) -> String {
    let left = tenths(wait.at.micros_since(now));
    match wait.what {
        TimerKind::SessionTimeout => format!("gone in {left}"),
        // Beside a broker's name and its buttons there is room for no more; the clock says the rest.
        TimerKind::ElectionTimeout => left,
        TimerKind::InitialRebalanceDelay => format!("begins in {left}"),
        TimerKind::TransactionTimeout => format!("aborted in {left}"),
        _ => format!("waits, {left} at most"),
    }
}

/// How much of it is left.
pub fn left_percent(wait: &Wait, now: Time) -> i64 {
    (wait.at.micros_since(now).saturating_mul(100) / wait.whole_us.max(1)).clamp(0, 100)
}

/// What is waited for at a node or a group.
pub fn wait_of<'a>(view: &'a WorldView, who: &str) -> Option<&'a Wait> {
    view.waits.iter().find(|wait| &*wait.who == who && wait.at > view.now)
}
