//! amt-sim
