//! What is spoken inside a channel of an Intel AMT platform, both roles: HTTP/1.1 with digest,
//! WS-Man, and redirection. Sans-IO: bytes go in, bytes and values come out.
//!
//! Nothing here reads a clock, draws a random number, opens anything or spawns anything: time is an
//! argument (a [`Duration`](std::time::Duration) since an origin that the caller owns), and so is
//! randomness (16 fresh bytes where a nonce is made). No input makes it panic.
//!
//! * [`host_interface`]: what a program on the PC itself says to AMT.
//! * [`http`]: heads and bodies in pieces, strict limits, and [`http::digest`] for both roles.
//! * [`wsman`]: requests and replies as values, read and written; [`wsman::Exchange`] runs one
//!   request against a platform, authentication included.
//! * [`redirect`]: the messages of ports 16994 and 16995: login, serial-over-LAN, storage.
//! * [`cira_log`]: what firmware itself remembers of its attempts to dial in.
//! * [`remote_access`]: when and where a platform dials in: read, compared with a wish, changed in steps.
//! * [`rfb`]: the screen of a KVM redirection, both ends.
//! * [`boot`], [`event_log`], [`audit_log`]: what a PC boots next, and what its logs say.
//! * [`status`]: what AMT's return values are called.
//! * [`port`]: what the service ports are called.

#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::string_slice
    )
)]

pub mod audit_log;
pub mod boot;
pub mod cira_log;
pub mod credentials;
pub mod event_log;
pub mod host_interface;
pub mod http;
pub mod port;
pub mod redirect;
pub mod remote_access;
pub mod rfb;
pub mod status;
pub mod wsman;
