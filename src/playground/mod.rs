//! Floor 3: what a person does with a world; still pure, still native-testable.

pub mod compare;
pub mod director;
pub mod glossary;
pub mod groups;
pub mod guide;
pub mod inspect;
pub mod ledger;
pub mod menu;
pub mod narrate;
pub mod poster;
pub mod scenario;
pub mod scene;
pub mod share;
pub mod sinks;
pub mod spacetime;
pub mod status;
pub mod time;
pub mod why;
