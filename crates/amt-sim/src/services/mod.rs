//! What a platform serves behind its forwarded ports: HTTP with WS-Man, and redirection, each clear
//! and over TLS.
//!
//! A [`Host`] is the management engine of one PC: its settings, its power, its serial port, screen and
//! drives. Any number of streams may be served at once; they see the same settings and the same power.

mod certificates;
mod group;
mod host;
mod http;
mod ider;
mod keys;
mod kvm;
mod methods;
mod pages;
mod power;
mod profile;
mod redirection;
mod remote_access;
mod screen;
mod seats;
mod shell;
mod sol;
mod store;
mod tls;
mod wsman;

pub use host::{Host, HostConfig};
pub use seats::BootImage;
pub use tls::TlsIdentity;
