//! Producer and consumer against a real broker, in virtual time without latency.
