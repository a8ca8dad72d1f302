//! All cuts are healed, and no link differs from the others any more.

use super::prelude::*;
use crate::world::event::EventKind;
use crate::world::target::{Heading, Target};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Heal;

impl Operation for Heal {
    type Checked = ();

    const KEYWORD: &'static str = "heal";
    const DRAWS: &'static [Draw] = &[];

    fn read(_: &mut Words) -> Parsed<Self> {
        Ok(Self)
    }

    fn write(&self, _: &mut Line) {}

    fn check(&self, _: &World) -> Result<(), ActionError> {
        Ok(())
    }

    fn apply(self, world: &mut World, (): ()) {
        world.core.cuts.clear();
        world.core.isolated.clear();
        world.core.link_overrides.clear();
        world.core.record(EventKind::Healed);
    }

    fn describe(&self, _: &World) -> Narration {
        Narration::LaterEventsSay
    }

    fn subjects(&self) -> Vec<Subject<'_>> {
        Vec::new()
    }

    fn conditions(&self) -> Vec<Condition> {
        Condition::over(Ailment::Network)
    }

    fn remedy(&self) -> Vec<Action> {
        Vec::new()
    }

    fn fault(&self) -> Option<&'static str> {
        Some("heal")
    }

    fn hurts(&self) -> bool {
        false
    }

    fn menu(menu: &mut Menu<'_>) {
        let place = menu.process().is_some() || matches!(menu.target, Target::Heading(Heading::Cluster) | Target::Link(..));
        if place && !menu.view.link_faults.is_empty() {
            menu.item(Group::WholeNetwork, "Heal the network", "No link is cut, and all are alike", Self);
        }
    }

    #[cfg(test)]
    fn any() -> BoxedStrategy<Self> {
        Just(Self).boxed()
    }
}
