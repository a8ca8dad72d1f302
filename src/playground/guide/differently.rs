//! Do it differently: another deed in the past makes another branch.

use super::{Look, Offer, Progress, Step, Task};
use crate::playground::scene::Target;
use crate::world::ProcessState;

#[derive(Debug, Default)]
pub(super) struct Differently;

impl Step for Differently {
    fn observe(&mut self, look: &Look) -> Progress {
        let branch = look.time.branch();
        let parent = branch.parent.and_then(|id| look.time.branches().iter().find(|other| other.id == id));
        let deed = look.time.last_deed().filter(|(at, _)| *at >= branch.forked.at);
        if let (Some(parent), Some((_, action))) = (parent, deed) {
            return Progress::Done(
                format!(
                    "Here it is \u{201c}{}\u{201d} instead; \u{201c}{}\u{201d} stays as it was. Both are in the list of branches.",
                    action.words(),
                    parent.name
                ),
                None,
            );
        }
        // Beside what is done already, a broker that is cut off is the other way to lose one.
        let broker = look.view.brokers.iter().filter(|broker| broker.state == ProcessState::Running && !broker.isolated);
        let broker = broker.min_by_key(|broker| (broker.is_controller, broker.node_id));
        Progress::Asked(broker.filter(|_| look.time.keeps()).map(|broker| Task {
            text: format!(
                "Do something else here: the run forks, and both stay. {} could lose its network instead of its life.",
                broker.name
            ),
            guesses: vec![],
            offer: Some((format!("Isolate {}", broker.name), Offer::Line(format!("isolate {}", broker.name)))),
            lit: Some(Target::Broker(broker.name.clone())),
        }))
    }
}
