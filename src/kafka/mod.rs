//! Floor 1: Kafka itself, as state machines without I/O. Knows no simulation and no screen.
//!
//! Every machine is driven the same way: `handle_*(now, input)` in, `poll_output()` out until `None` after every
//! mutation, `poll_timeout()` for the next deadline with its reason. No machine reads a clock, draws OS randomness
//! or does I/O.

pub mod apis;
pub mod broker;
pub mod client;
pub mod config;
pub mod controller;
pub mod coordinator;
pub mod disk;
pub mod expression;
pub mod log;
pub mod marks;
pub mod rng;
pub mod sabotage;
#[cfg(test)]
pub mod samples;
pub mod sorted_vec;
pub mod time;
pub mod wire;
