//! What a platform serves behind its forwarded ports: HTTP with WS-Man, and redirection, each clear
//! and over TLS.
//!
//! A [`Host`] is the management engine of one PC: its settings, its power, its serial port, screen and
//! drives. Any number of streams may be served at once; they see the same settings and the same power.
//!
//! What its classes say is data (`profiles`), shared by all platforms of a generation; each keeps only
//! what differs ([`HostState`]). What they do is here, a file for each group of classes.

mod alarms;
mod boot;
mod certificates;
mod clock;
mod consent;
mod group;
mod host;
mod http;
mod identity;
mod ider;
mod keys;
mod kvm;
mod live;
mod logs;
mod methods;
mod opt_in;
mod pages;
mod power;
mod profile;
mod quirks;
mod redirection;
mod remote_access;
mod rules;
mod screen;
mod seats;
mod setup;
mod shell;
mod sol;
mod state;
mod store;
mod subscriptions;
mod tls;
mod users;
mod wifi;
mod wsman;

pub use boot::{BootSource, LastBoot};
pub use host::Host;
pub use identity::HostConfig;
pub use logs::Event;
pub use seats::BootImage;
pub use state::HostState;
pub use store::SavedSettings;
pub use tls::TlsIdentity;
