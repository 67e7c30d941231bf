//! The classes of remote access over WS-Man: what consoles read and change, bound to
//! [`crate::remote_access`].

mod arguments;
mod credentials;
mod environment;
mod policies;
mod proxies;
mod servers;
mod service;

pub(super) use arguments::{Arguments, answer, numbered};
pub(super) use credentials::Credentials;
pub(super) use environment::EnvironmentDetection;
pub(super) use policies::Policies;
pub(super) use proxies::Proxies;
pub(super) use servers::Servers;
pub(super) use service::Service;
