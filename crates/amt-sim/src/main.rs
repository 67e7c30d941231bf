//! amt-sim
fn main() {}
