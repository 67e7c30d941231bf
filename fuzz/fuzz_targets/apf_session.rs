//! Any operations on both ends at once.
#![no_main]

#[path = "../bodies/session.rs"]
mod session;
#[path = "../bodies/wire.rs"]
mod wire;

libfuzzer_sys::fuzz_target!(|data: &[u8]| session::run(data));
