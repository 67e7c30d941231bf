//! A simulated Intel AMT platform, and fleets of them.
//!
//! A [`Platform`] dials a Management Presence Server as firmware does: TLS with what its generation offers, a look at
//! the server's certificate, login, forwarded ports. Behind its ports is a management engine ([`services::Host`]).
//! It keeps a [`CiraLog`] in the firmware's own words and misbehaves on command ([`Faults`]). A [`Fleet`] is many
//! platforms in one process, light when idle.
//!
//! ```no_run
//! # async fn example(root_pem: String) -> Result<(), Box<dyn std::error::Error>> {
//! use amt_sim::{Fleet, FleetConfig, Identity};
//!
//! let identities = Identity::fleet(25, "demo", "pc", "demo.example")?; // a server must know these
//! let mut config = FleetConfig::new(identities, "127.0.0.1:4433".parse()?, root_pem);
//! config.setup.common_name = Some("mps.example".into());
//! let fleet = Fleet::start(config)?;
//! fleet.ready().await?;
//! fleet.platforms()[0].fault("fragment=1")?;
//! fleet.shutdown().await;
//! # Ok(())
//! # }
//! ```

pub mod certificates;
mod cira_log;
mod config;
mod configured;
mod dial;
mod driver;
pub mod engine;
mod events;
mod faults;
mod firmware;
mod fleet;
mod host_interface;
mod identity;
mod lan;
mod notice;
mod pet;
mod platform;
pub mod remote_access;
mod retry;
pub mod services;
mod tls;
mod trigger;

pub use cira_log::{
    AmtReason, AuthMethod, CiraLog, ClosedBy, Closure, ConnectionResult, Entry, Interface,
    Surroundings, TcpDetail,
};
pub use config::{Mps, MpsAddressError, PlatformConfig, Setup};
pub use configured::{Configuration, Provisioning, UnknownProvisioning};
pub use events::{Event, Noted};
pub use faults::{DigestQop, FaultError, FaultSetting, Faults, Spoil, Spoiled};
pub use firmware::{Firmware, TlsVersion, UnknownFirmware};
pub use fleet::{Fleet, FleetConfig};
pub use identity::{Identity, amt_password, cira_password};
pub use lan::Lan;
pub use pet::Pet;
pub use platform::{NotSettled, Outlook, Platform, RunningPlatform, StartError, State};
pub use retry::{RetryProfile, UnknownRetryProfile};
pub use tls::{ClientCertificate, TlsSetupError};
pub use trigger::{Trigger, UnknownTrigger};
