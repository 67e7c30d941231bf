//! Intel AMT Port Forwarding protocol (APF): both ends as sans-IO state machines.
#![no_std]
extern crate alloc;

pub mod device;
mod error;
pub mod message;
pub mod server;
mod time;

pub use error::{ChannelEnd, DecodeError, EndReason, Fault, OpenError, SendError};
pub use message::{ChannelId, DisconnectReason, OpenFailure, PeerChannelId, Trigger};
pub use time::Time;
