//! How long a client waits before it tries again (`ExponentialBackoff`).

use crate::kafka::rng::Rng;

/// Jitter takes a fifth off the wait or adds it (`RETRY_BACKOFF_JITTER`, `RECONNECT_BACKOFF_JITTER`), in thousandths.
const JITTER: i64 = 200;

/// `base · 2^attempts`, at most `max`, in milliseconds. Without jitter.
pub fn backoff_ms(base: i64, max: i64, attempts: u32) -> i64 {
    base.saturating_mul(1_i64 << attempts.min(20)).min(max).max(0)
}

/// Waits that double with each attempt, up to a longest one. With a stream to draw from they have jitter: clients that failed together do
/// not come back together.
#[derive(Clone, Debug)]
pub struct Backoff {
    base_ms: i64,
    max_ms: i64,
    jitter: Option<Rng>,
}

impl Backoff {
    /// Without jitter.
    pub fn steady(base_ms: i64, max_ms: i64) -> Self {
        Self { base_ms, max_ms, jitter: None }
    }

    pub fn jittered(base_ms: i64, max_ms: i64, rng: Rng) -> Self {
        Self { base_ms, max_ms, jitter: Some(rng) }
    }

    /// The wait after so many failures before the last one, in milliseconds. It is never longer than the longest one, and has no jitter
    /// where it cannot grow.
    pub fn draw(&mut self, attempts: u32) -> i64 {
        let wait = backoff_ms(self.base_ms, self.max_ms, attempts);
        match &mut self.jitter {
            Some(rng) if self.base_ms < self.max_ms => {
                let thousandths = 1000 - JITTER + rng.below(2 * JITTER as u64) as i64;
                (wait.saturating_mul(thousandths) / 1000).min(self.max_ms)
            }
            _ => wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_have_jitter_and_an_end() {
        let mut backoff = Backoff::jittered(100, 1000, Rng::stream(1, "backoff"));
        for (attempts, low, high) in [(0, 80, 120), (1, 160, 240), (3, 640, 960), (4, 800, 1000), (60, 800, 1000)] {
            let waits: Vec<i64> = (0..200).map(|_| backoff.draw(attempts)).collect();
            assert!(waits.iter().all(|wait| (low..=high).contains(wait)), "{attempts}: {waits:?}");
            assert!(waits.iter().any(|wait| *wait < low + 10) && waits.iter().any(|wait| *wait > high - 10), "{attempts}: {waits:?}");
        }
    }

    #[test]
    fn what_cannot_grow_is_steady() {
        let mut backoff = Backoff::jittered(500, 500, Rng::stream(1, "backoff"));
        assert_eq!((backoff.draw(0), backoff.draw(9)), (500, 500));
        assert_eq!((Backoff::steady(50, 1000).draw(2), Backoff::jittered(500, 100, Rng::stream(1, "")).draw(0)), (200, 100));
    }
}
