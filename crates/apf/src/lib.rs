#![doc = include_str!("contract.md")]
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
