//! What a server process costs: CPU seconds and resident memory from /proc.

use anyhow::{Context, Result, bail};
use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A server under test; ended by its own process id.
#[derive(Debug)]
pub(crate) struct Server(Child);

/// Clock ticks in a second, as /proc counts them on Linux.
const TICKS: f64 = 100.0;

impl Server {
    /// Starts a program whose output goes to a file.
    pub(crate) fn start(command: &mut Command, log: &std::path::Path) -> Result<Self> {
        let log = fs::File::create(log)?;
        let child = command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn();
        child.map(Self).with_context(|| format!("cannot start {command:?}"))
    }

    /// User and system CPU seconds so far.
    pub(crate) fn cpu(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        let fields: Vec<&str> =
            stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).unwrap_or(0.0);
        Ok((ticks(11) + ticks(12)) / TICKS)
    }

    /// KiB that it had written to files so far.
    pub(crate) fn written(&self) -> Result<f64> {
        let io = fs::read_to_string(format!("/proc/{}/io", self.0.id()))?;
        let line = io.lines().find(|l| l.starts_with("write_bytes:")).context("no write_bytes")?;
        Ok(line.split_whitespace().nth(1).unwrap_or("0").parse::<f64>()? / 1024.0)
    }

    /// Resident memory in KiB.
    pub(crate) fn rss(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).context("no VmRSS")?;
        Ok(line.split_whitespace().nth(1).unwrap_or("0").parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Waits until something listens.
pub(crate) async fn wait_for(address: SocketAddr) -> Result<()> {
    let start = Instant::now();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        if start.elapsed() > Duration::from_secs(20) {
            bail!("nothing listens on {address}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// A port that is free at this moment.
pub(crate) fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
