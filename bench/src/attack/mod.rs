//! Attacks at the rates that a server must live through: what gets in, who is disturbed, and what it costs.
//!
//! They need addresses of the attackers' own, because the server counts by source: `bench/attacks` makes a network
//! namespace in which all of 198.18.0.0/15 (RFC 2544, for benchmarks) is this machine. What must never happen, such as
//! an impostor that gets in, ends the program with an error; times and costs are printed beside their targets.

mod guesses;
mod impostors;
mod knock;
mod strangers;

use crate::{
    device,
    report::{Report, progress},
    viaduct::Viaduct,
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use openssl::ssl::{SslContext, SslVerifyMode};
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    time::Duration,
};
use tokio::{
    net::{TcpSocket, TcpStream},
    time::Instant,
};

/// Which attacks, and for how long
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this one, several times for several
    #[arg(long)]
    only: Vec<Kind>,
    /// Seconds of each [default: impostors 600 from one source and 600 from 500, guesses 1800, strangers 3600]
    #[arg(long)]
    each: Option<u64>,
}

/// What is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// 1,000 dial-ins a second with the UUID of a connected device
    Impostors,
    /// 200 sign-ins a second with the names of 10,000 people, from 1,000 sources
    Guesses,
    /// 5,000 devices a minute that nobody has heard of
    Strangers,
}

impl Options {
    fn wants(&self, kind: Kind) -> bool {
        self.only.is_empty() || self.only.contains(&kind)
    }

    fn lasts(&self, seconds: u64) -> Duration {
        Duration::from_secs(self.each.unwrap_or(seconds))
    }
}

/// The server that is attacked.
struct Site {
    viaduct: Viaduct,
    /// What the attackers use: they do not care whom they talk to.
    careless: SslContext,
    /// What devices use.
    tls: SslContext,
    token: String,
    /// A console's sign-in to the proxy.
    authorization: String,
}

/// Starts a server and attacks it.
pub(crate) async fn run(program: &Path, directory: &Path, options: &Options) -> Result<()> {
    let viaduct = Viaduct::start(program, directory).await?;
    viaduct.register(1).await?;
    let tls = device::tls(&viaduct.root)?;
    let mut careless = device::tls_of(&viaduct.root)?;
    careless.set_verify(SslVerifyMode::NONE);
    let token = viaduct.token("admin").await?;
    let authorization = viaduct.authorization().await?;
    let site = Site { viaduct, careless: careless.build(), tls, token, authorization };
    let mut report = Report::default();
    let done = each(&site, options, &mut report).await;
    report.print();
    done
}

async fn each(site: &Site, options: &Options, report: &mut Report) -> Result<()> {
    if options.wants(Kind::Impostors) {
        for sources in [1, 500] {
            impostors::measure(site, sources, options.lasts(600), report).await?;
        }
    }
    if options.wants(Kind::Guesses) {
        guesses::measure(site, options.lasts(1800), report).await?;
    }
    if options.wants(Kind::Strangers) {
        strangers::measure(site, options.lasts(3600), report).await?;
    }
    Ok(())
}

/// The n-th address of the attackers.
fn source(n: usize) -> Result<Ipv4Addr> {
    let first = u32::from(Ipv4Addr::new(198, 18, 0, 1));
    Ok(Ipv4Addr::from(first + u32::try_from(n)?))
}

/// Connects from there.
async fn connect(from: Ipv4Addr, to: SocketAddr) -> Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket
        .bind((from, 0).into())
        .context("no addresses to attack from: start this with bench/attacks")?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// A time-table: the n-th attempt begins when its time has come, however long the ones before it take.
struct Pace {
    start: Instant,
    end: Instant,
    gap: Duration,
    told: Instant,
}

impl Pace {
    fn new(a_second: f64, lasts: Duration) -> Self {
        let start = Instant::now();
        Self {
            start,
            end: start + lasts,
            gap: Duration::from_secs_f64(1.0 / a_second),
            told: start,
        }
    }

    /// Waits for the turn of the n-th; false when the time is over.
    async fn turn(&mut self, n: usize) -> bool {
        let at = self.start + self.gap * u32::try_from(n).unwrap_or(u32::MAX);
        if at >= self.end || Instant::now() >= self.end {
            return false;
        }
        tokio::time::sleep_until(at).await;
        if self.told.elapsed() > Duration::from_secs(60) {
            self.told = Instant::now();
            progress(&format!("  {} s, {n} attempts", self.start.elapsed().as_secs()));
        }
        true
    }

    fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }
}
