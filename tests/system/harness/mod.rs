//! What the promises stand on: our programs as processes, foreign programs as clients.

mod authority;
mod browser;
mod curl;
mod demo;
mod directory;
mod foreign;
mod foreign_amt;
pub(crate) mod page;
pub(crate) mod pages;
mod platform;
mod port;
mod process;
mod programs;
mod provider;
mod proxychains;
mod reader;
mod receiver;
mod serve;
mod stunnel;
pub(crate) mod terminal;
mod tls_client;
pub(crate) mod wsman;

pub(crate) use browser::{Scenario, first_steps, own, task};
pub(crate) use curl::{Answer, Curl, base64};
pub(crate) use demo::{Demo, Device, demo};
pub(crate) use directory::Directory;
pub(crate) use foreign::{Foreign, Manner, socks, socks_as};
pub(crate) use foreign_amt::ForeignAmt;
pub(crate) use platform::{Platform, lan_address, lan_addresses};
pub(crate) use port::free_port;
pub(crate) use process::{Process, output, run, succeed};
pub(crate) use programs::{amt_sim, from_python, viaduct};
pub(crate) use provider::Provider;
pub(crate) use proxychains::{Amtterm, on_terminal};
pub(crate) use reader::Reader;
pub(crate) use receiver::{Broker, Issued, Receiver, Told};
pub(crate) use serve::{Server, Settings, clean};
pub(crate) use stunnel::Stunnel;
pub(crate) use tls_client::{Certificate, handshake};

use std::time::{Duration, Instant};

/// How long anything may take before a test says that it does not happen. Generous, because debug
/// builds of everything share two cores with other tests; nothing waits that long when it works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Asks until the answer fits: what a device does takes effect a moment later.
#[track_caller]
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> Result<(), String>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        match holds() {
            Ok(()) => return,
            Err(last) if Instant::now() > deadline => panic!("{what} does not hold: {last}"),
            Err(_) => {}
        }
    }
}
