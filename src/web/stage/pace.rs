//! How simulated time follows real time: what a frame may spend on the world, and how fast the run really goes.

/// Milliseconds that a frame may take with all that it does, and what the world has of it at least and at most.
const FRAME_MS: f64 = 13.0;
const LEAST_MS: f64 = 3.0;
const MOST_MS: f64 = 8.0;
/// How fast the longest frame is forgotten, per frame.
const FORGET: f64 = 0.95;
/// Milliseconds between two measurements of the pace.
const MEASURE_MS: f64 = 1000.0;
/// A pace below this part of the asked one is shown.
const SHORT: f64 = 0.8;

#[derive(Debug, Default)]
pub struct Pace {
    /// Simulated microseconds that the last frame left over, at slow speeds less than one.
    rest: f64,
    /// Milliseconds that frames lately took beside the world: the longest, slowly forgotten.
    beside: f64,
    /// When (milliseconds) and where (simulated microseconds) the pace was measured last.
    measured: (f64, i64),
}

impl Pace {
    /// Milliseconds that the world may run in this frame.
    pub fn budget_ms(&self) -> f64 {
        (FRAME_MS - self.beside).clamp(LEAST_MS, MOST_MS)
    }

    /// Whole simulated microseconds that are due after `dt_ms` at `factor` simulated seconds a second.
    pub fn due(&mut self, dt_ms: f64, factor: f64) -> i64 {
        let due = self.rest + dt_ms * 1000.0 * factor;
        let whole = due.floor();
        self.rest = due - whole;
        whole as i64
    }

    /// The run was moved to another moment: nothing is left over.
    pub fn restart(&mut self) {
        self.rest = 0.0;
    }

    /// A frame has taken so many milliseconds beside the world.
    pub fn spent(&mut self, ms: f64) {
        self.beside = ms.max(self.beside * FORGET);
    }

    /// At most once a second: simulated seconds a second where they fall short of `asked` (none: as fast as it goes), else 0.
    /// `now` in milliseconds, `elapsed` in simulated microseconds.
    pub fn measure(&mut self, now: f64, elapsed: i64, asked: Option<f64>, playing: bool) -> Option<i64> {
        let (since, from) = self.measured;
        let ms = now - since;
        if ms < MEASURE_MS && elapsed >= from {
            return None;
        }
        self.measured = (now, elapsed);
        let reached = (elapsed - from) as f64 / 1000.0 / ms;
        let short = playing && ms < 2.0 * MEASURE_MS && asked.is_none_or(|asked| reached < asked * SHORT);
        Some(if short && reached >= 1.0 { reached as i64 } else { 0 })
    }
}
