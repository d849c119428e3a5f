//! Benches of the stages of the hot path.
