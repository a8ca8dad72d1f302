//! Tidepool: Kafka under glass. The map of the house; a floor uses only floors below it.

pub mod kafka; // floor 1: Kafka itself, as state machines without I/O
pub mod playground; // floor 3: what a person does with a world; still pure
pub mod world; // floor 2: a deterministic universe for those machines

#[cfg(not(target_arch = "wasm32"))]
pub mod native; // floor 4, native: sockets, files, command line
#[cfg(target_arch = "wasm32")]
pub mod web; // floor 4, wasm: the page
