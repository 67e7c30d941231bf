//! The services of a simulated platform, through `Host::serve`, with our own consoles and with
//! programs that we did not write.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod clients;
mod console;
mod http;
mod redirection;
mod remote_access;
mod screen_and_drives;
mod tls;
mod wsman;
