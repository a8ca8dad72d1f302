//! The frames sent lately.

use super::meaning;
use crate::kafka::time::Time;
use crate::world::World;
use crate::world::event::EventKind;

/// A frame in the list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sent {
    pub message: u64,
    pub at: Time,
    /// Who to whom, and what.
    pub words: String,
    /// What it is for; empty where its name says it.
    pub meaning: &'static str,
    pub bytes: u32,
    pub under_way: bool,
}

/// The newest frames that all words of `filter` speak of, newest first, `most` at most.
pub fn frames(world: &World, filter: &str, most: usize) -> Vec<Sent> {
    let filter = filter.to_ascii_lowercase();
    let fits = |sent: &Sent| {
        let words = sent.words.to_ascii_lowercase();
        filter.split_whitespace().all(|word| words.contains(word))
    };
    all(world).filter(fits).take(most).collect()
}

/// One of them.
pub fn sent(world: &World, message: u64) -> Option<Sent> {
    all(world).find(|sent| sent.message == message)
}

fn all(world: &World) -> impl Iterator<Item = Sent> {
    world.events().iter().rev().filter_map(|event| {
        let EventKind::FrameSent { message, from, to, api, response, bytes, .. } = &event.kind else { return None };
        let words = format!("{from} → {to} · {api:?} {}", if *response { "response" } else { "request" });
        let under_way = world.frame(*message).is_some();
        Some(Sent { message: *message, at: event.at, words, meaning: meaning(*api, *response), bytes: *bytes, under_way })
    })
}
