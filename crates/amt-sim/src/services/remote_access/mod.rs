//! The classes of remote access over WS-Man: what consoles read and change, bound to
//! [`crate::remote_access`].

mod environment;

pub(super) use environment::EnvironmentDetection;
