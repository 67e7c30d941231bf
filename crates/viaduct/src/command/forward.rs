//! `viaduct forward`: a local TCP port for consoles that know no proxy.

use super::Desk;
use crate::{
    client::{Client, segment},
    failure::{Exit, Failure, Result},
    say::{data, note},
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use viaduct_api::{Code, Device};

/// Consoles at the same time; a device has room for fewer.
const CONSOLES: usize = 64;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Device and port, such as pc-01:16992
    #[arg(value_name = "DEVICE:PORT")]
    target: String,
    /// Where to listen: PORT or ADDRESS:PORT; without it a free port on 127.0.0.1
    #[arg(value_name = "LOCAL", default_value = "127.0.0.1:0", hide_default_value = true, value_parser = local)]
    local: SocketAddr,
}

fn local(text: &str) -> std::result::Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    text.parse().map_err(|_| "expected PORT or ADDRESS:PORT".to_owned())
}

/// Prints the address alone on standard output, then runs until Ctrl-C.
pub(crate) async fn run(desk: &Desk, options: Options) -> Result<()> {
    let (device, port) = target(&options.target)?;
    check(&desk.client, device, port).await?;
    let listener = TcpListener::bind(options.local).await.map_err(|error| {
        Failure::new(Code::PortInUse, format!("{}: {error}", options.local))
            .next("Choose another port, or leave it out for a free one.")
    })?;
    let address = listener.local_addr()?;
    data(&address.to_string());
    note(&format!("leads to port {port} of {device}; Ctrl-C ends it"));
    if !address.ip().is_loopback() {
        note("everybody who can reach this address can reach the device");
    }
    let path = format!("/devices/{}/connect/{port}", segment(device));
    let mut consoles = JoinSet::new();
    // One for all turns of the loop: a new one in each would miss what is pressed between two of them.
    let mut stop = pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            accepted = listener.accept(), if consoles.len() < CONSOLES => {
                let (io, _) = accepted?;
                consoles.spawn(relay(desk.client.clone(), path.clone(), io));
            }
            Some(_) = consoles.join_next() => {}
            stopped = &mut stop => return Ok(stopped?),
        }
    }
}

async fn relay(client: Client, path: String, mut console: TcpStream) {
    match client.upgrade(&path).await {
        Err(failure) => failure.print(),
        Ok(mut channel) => {
            // How it ended is between console and device.
            drop(copy_bidirectional(&mut console, &mut channel).await);
        }
    }
}

fn target(text: &str) -> Result<(&str, u16)> {
    let parts = text.rsplit_once(':').and_then(|(device, port)| Some((device, port.parse().ok()?)));
    match parts {
        Some((device, port)) if !device.is_empty() && port != 0 => Ok((device, port)),
        _ => Err(Failure::usage(format!("`{text}` is not of the form DEVICE:PORT"))),
    }
}

/// Says at once what the first console would find out. Who may only use proxies may not look, and finds out later.
async fn check(client: &Client, device: &str, port: u16) -> Result<()> {
    // A request that does not ask for the channel is turned away behind the question whether one may have it.
    let path = format!("/devices/{}/connect/{port}", segment(device));
    match client.text(&path).await {
        Err(failure) if failure.code() != Some(Code::UpgradeNeeded) => return Err(failure),
        _ => {}
    }
    let found: Device = match client.get(&format!("/devices/{}", segment(device))).await {
        Ok(found) => found,
        Err(failure) if failure.exit == Exit::Forbidden => return Ok(()),
        Err(failure) => return Err(failure),
    };
    if !found.connection_status {
        return Err(Failure::new(Code::DeviceAway, format!("{} has no tunnel now", found.name)));
    }
    if !found.ports.is_empty() && !found.ports.contains(&port) {
        let ports: Vec<String> = found.ports.iter().map(u16::to_string).collect();
        let detail =
            format!("{} does not forward {port}; it forwards {}", found.name, ports.join(", "));
        return Err(Failure::new(Code::PortNotForwarded, detail));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_local_addresses_are_read() {
        assert_eq!(target("pc-01:16992").unwrap(), ("pc-01", 16992));
        for bad in ["pc-01", "pc-01:", ":16992", "pc-01:0", "pc-01:99999"] {
            assert!(target(bad).is_err(), "{bad}");
        }
        assert_eq!(local("5900").unwrap(), "127.0.0.1:5900".parse().unwrap());
        assert_eq!(local("[::1]:5900").unwrap(), "[::1]:5900".parse().unwrap());
        assert!(local("x").is_err());
    }
}
