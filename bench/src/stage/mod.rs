//! The servers, and what is measured of them, one file for each question.

pub(crate) mod bulk;
pub(crate) mod calls;
pub(crate) mod echo;
pub(crate) mod logins;
pub(crate) mod opens;
pub(crate) mod screen;
pub(crate) mod slow;

use crate::{
    console::Path as Way,
    device::{self, Manner},
    process::Server,
    relay::Relay,
    report::{Report, Target, progress},
    service::Offer,
    viaduct::Viaduct,
};
use anyhow::{Context, Result};
use openssl::ssl::SslContext;
use std::{path::Path, time::Instant};

/// Devices below this number are used by consoles; those above only sit there.
pub(crate) const FIRST_IDLE: usize = 3;

/// Both servers with their devices.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) viaduct: Viaduct,
    pub(crate) relay: Relay,
    pub(crate) tls: SslContext,
    /// To the device that firmware-sized pieces come from, by Viaduct and by the relay.
    pub(crate) ours: Way,
    pub(crate) theirs: Way,
    /// The same with pieces of 1 KiB.
    pub(crate) ours_small: Way,
    pub(crate) theirs_small: Way,
    /// To another device of ours.
    pub(crate) other: Way,
    /// To the screen of a device of ours, by the relay.
    pub(crate) their_screen: Way,
    /// A bearer token for calls.
    pub(crate) token: String,
}

impl Bench {
    pub(crate) async fn start(
        program: &Path,
        directory: &Path,
        devices: usize,
        report: &mut Report,
    ) -> Result<Self> {
        let viaduct = Viaduct::start(program, directory).await?;
        let tls = device::tls(&viaduct.root)?;
        let ca = viaduct.root.parent().context("the root lies in a directory")?.to_owned();
        let relay = Relay::start(&ca, directory, tls.clone()).await?;
        report.once(
            "memory without devices, MiB",
            viaduct.server.rss()? / 1024.0,
            Target::AtMost(15.0),
        );
        progress(&format!("registering {devices} devices"));
        let start = Instant::now();
        viaduct.register(devices).await?;
        let rate = devices as f64 / start.elapsed().as_secs_f64();
        report.once("devices registered a second", rate, Target::None);
        let small = Manner { piece: 1 << 10, ..Manner::default() };
        for (n, manner) in [(0, Manner::default()), (1, small), (2, Manner::default())] {
            device::dial_in(n, viaduct.cira, tls.clone(), manner).await?;
        }
        let authorization = viaduct.authorization().await?;
        let way = |n: usize| viaduct.way(&authorization, n);
        Ok(Self {
            ours: way(0),
            ours_small: way(1),
            other: way(2),
            theirs: relay.way(Manner::default()),
            theirs_small: relay.way(small),
            their_screen: relay.way(Manner { offer: Offer::Screen, ..Manner::default() }),
            token: viaduct.token("admin").await?,
            viaduct,
            relay,
            tls,
        })
    }
}

/// The value below which this share of all is.
pub(crate) fn nth(sorted: &[f64], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// What a measurement cost a server.
pub(crate) struct Cost {
    pub(crate) cpu: f64,
    pub(crate) seconds: f64,
}

/// Runs something and looks at the server before and after.
pub(crate) async fn cost<T>(
    server: &Server,
    work: impl Future<Output = Result<T>>,
) -> Result<(T, Cost)> {
    let (cpu, start) = (server.cpu()?, Instant::now());
    let done = work.await?;
    let seconds = start.elapsed().as_secs_f64();
    Ok((done, Cost { cpu: server.cpu()? - cpu, seconds }))
}
