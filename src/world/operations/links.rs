//! All links are like this from now on, but those that have something of their own.

use super::form::{Form, Row};
use super::line::line_pairs;
use super::prelude::*;
use super::units::{duration, duration_text, percent, percent_text};
use crate::world::action::LinkSpec;
use crate::world::target::{Heading, Target};
use std::fmt;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Links(pub LinkSpec);

/// One way, in microseconds: links slower than this are named as a cause.
const SLOW_LINK_US: i64 = 400_000;
/// The network to which the seed search goes back.
const CLEAN: LinkSpec = LinkSpec { latency_us: 2000, jitter_us: 1000, loss_ppm: 0, duplicate_ppm: 0 };

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("latency", "", "There, and back as much", &[]), ("jitter", "", "So much more at most", &[]),
    ("loss", "0%", "Of packets; each is sent again", &[]), ("duplicate", "0%", "Of packets; TCP drops the second", &[]),
];

impl fmt::Display for LinkSpec {
    /// `200ms to 230ms, 5% lost`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&duration_text(self.latency_us))?;
        if self.jitter_us > 0 {
            write!(f, " to {}", duration_text(self.latency_us.saturating_add(self.jitter_us)))?;
        }
        for (ppm, what) in [(self.loss_ppm, "lost"), (self.duplicate_ppm, "doubled")] {
            if ppm > 0 {
                write!(f, ", {} {what}", percent_text(ppm))?;
            }
        }
        Ok(())
    }
}

/// How a link is: what is not given is as in a fresh run. And whether anything is given.
pub(super) fn read_spec(words: &mut Words) -> Parsed<(LinkSpec, bool)> {
    let pairs = words.pairs(&["latency", "jitter", "loss", "duplicate"], false)?;
    let spec = LinkSpec {
        latency_us: pairs.get("latency", duration)?.unwrap_or(words.first_link.latency_us),
        jitter_us: pairs.get("jitter", duration)?.unwrap_or(words.first_link.jitter_us),
        loss_ppm: pairs.get("loss", percent)?.unwrap_or(0),
        duplicate_ppm: pairs.get("duplicate", percent)?.unwrap_or(0),
    };
    Ok((spec, pairs.given()))
}

pub(super) fn write_spec(spec: &LinkSpec, line: &mut Line) {
    line.pair("latency", &duration_text(spec.latency_us));
    line.pair("jitter", &duration_text(spec.jitter_us));
    line.pair("loss", &percent_text(spec.loss_ppm));
    line.pair("duplicate", &percent_text(spec.duplicate_ppm));
}

/// Slow or lossy enough to be named as a cause.
pub(super) fn is_bad(spec: &LinkSpec) -> bool {
    spec.latency_us > SLOW_LINK_US || spec.loss_ppm > 0
}

/// A form of a link's values, as `now` has them.
pub(super) fn spec_form(title: &str, start: String, now: &Action) -> Form {
    let mut form = Form::new(title, "Nothing given: as at first", start, ROWS);
    form.fill(line_pairs(&now.line()), false);
    form
}

impl Operation for Links {
    type Checked = ();

    const KEYWORD: &'static str = "links";
    const DRAWS: &'static [Draw] = &[Draw {
        name: "links",
        on: On::Broker,
        exclusive: false,
        profiles: &["swarm", "network", "clients"],
        stream: Stream::Shared,
        draw: |dice, _| {
            let (latency_us, jitter_us) = (dice.micros(1, 60), dice.micros(0, 60));
            let (loss_ppm, duplicate_ppm) = (dice.between(0, 50_000) as u32, dice.between(0, 50_000) as u32);
            Trouble::passing(Self(LinkSpec { latency_us, jitter_us, loss_ppm, duplicate_ppm }))
        },
    }];

    fn read(words: &mut Words) -> Parsed<Self> {
        Ok(Self(read_spec(words)?.0))
    }

    fn write(&self, line: &mut Line) {
        write_spec(&self.0, line);
    }

    fn check(&self, _: &World) -> Result<(), ActionError> {
        self.0.check()
    }

    fn apply(self, world: &mut World, (): ()) {
        world.core.default_link = self.0;
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::Says(1, format!("Every frame now takes {}.", self.0))
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        Vec::new()
    }

    fn conditions(&self) -> Vec<Condition> {
        Condition::hinders(Ailment::AllLinks, is_bad(&self.0))
    }

    fn remedy(&self) -> Vec<Action> {
        vec![Self(CLEAN).into()]
    }

    fn fault(&self) -> Option<&'static str> {
        Some("links")
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        let node = menu.process().is_some();
        if node || matches!(menu.target, Target::Heading(Heading::Cluster) | Target::Link(..)) {
            menu.ask::<Self>(Group::WholeNetwork, "All links…", "Delay, loss and duplicates of every link", |world, _| {
                Some(spec_form("All links", Self::KEYWORD.to_owned(), &world.links()))
            });
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        link_spec().prop_map(Self).boxed()
    }
}
