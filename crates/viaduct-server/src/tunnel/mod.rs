//! Tunnels: driver, handle, channel.

mod channel;
mod handle;
pub mod pet;

pub use channel::Channel;
pub use handle::{OpenError, Opener, TunnelFacts, TunnelHandle, TunnelId};
