//! The services of a simulated platform, through `Host::serve`, with our own consoles and with
//! programs that we did not write.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod boot;
mod clients;
mod clock;
mod consent;
mod console;
mod http;
mod logs;
mod network;
mod ops;
mod profiles;
mod quirks;
mod redirection;
mod remote_access;
mod screen_and_drives;
mod setup;
mod subscriptions;
mod tls;
mod users;
mod wsman;
