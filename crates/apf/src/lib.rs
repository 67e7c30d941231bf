//! Intel AMT Port Forwarding protocol (APF): both ends as sans-IO state machines.
//!
//! APF carries TCP connections through the TLS stream that an Intel AMT platform keeps to its
//! Management Presence Server (CIRA). [`server::Connection`] is the server's end of one such
//! stream, [`device::Connection`] the platform's (for simulators and tests), and [`message`] the
//! wire format under both.
//!
//! # The contract
//!
//! Nothing here does I/O, reads a clock, spawns, or panics, whatever the peer sends. A driver owns
//! the socket and the clock and moves bytes; each method says by its name which way something goes:
//!
//! * `handle_*`: something happened outside: bytes came, time passed, the stream ended.
//! * commands (`admit`, `open`, `send`, `release`, `close`, ...): the program wants something.
//! * `poll_*`: what comes of it: events, bytes to send, the time to be called again.
//!
//! The rules, the same for both ends:
//!
//! 1. Every method that changes something may produce events and output. After each one (or each
//!    batch), call `poll_event` until it is `None`, and `poll_transmit` while the socket can take
//!    more; then sleep until bytes come, the socket becomes writable, or `poll_timeout`.
//! 2. `handle_input` takes complete messages, and whatever is there of a payload, from the front
//!    of the buffer and leaves the rest. Keep the rest, append to it, call again. It takes nothing
//!    while `is_reading` is false (an admission is being decided, or too many replies wait to be
//!    sent), so call it again, with what was left, once it is true.
//! 3. `now` never goes backwards. Only differences matter ([`Time`]).
//! 4. `Event::Ended` comes exactly once and is the last event. After it, hand out what
//!    `poll_transmit` still gives (it says goodbye), then close the socket (`is_finished`).
//! 5. Whoever takes `Event::Data` calls `release` when its consumer has really taken the bytes;
//!    that, and nothing else, lets the peer send more.
//! 6. A `BytesMut` that payload was cut from stays allocated as long as any piece of it lives:
//!    small pieces that are kept for long should be copied.

#![no_std]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        reason = "a test may fail"
    )
)]

extern crate alloc;

mod channel;
pub mod device;
mod error;
pub mod message;
mod rate;
mod reader;
pub mod server;
mod time;

pub use error::{ChannelEnd, DecodeError, EndReason, Fault, Field, OpenError, Refusal, SendError};
pub use message::{ChannelId, DisconnectReason, OpenFailure, PeerChannelId, Trigger};
pub use time::Time;
