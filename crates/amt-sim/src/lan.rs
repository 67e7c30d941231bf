//! The ports that a platform offers to its own network.

use crate::{Provisioning, platform::Machine};
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

/// WS-Man and redirection, each clear and over TLS. What else firmware forwards through a tunnel is not offered here.
const OFFERED: [u16; 4] = [16992, 16993, 16994, 16995];
/// Where a platform that is not set up waits for whoever sets it up.
const SETUP: u16 = 16993;
/// Connections at once; firmware has few sockets.
const CONNECTIONS: usize = 32;
/// After an accept failed, for instance for want of file handles.
const PAUSE: Duration = Duration::from_millis(100);

/// Where a platform is reached on its own network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lan {
    /// Its address there.
    pub address: IpAddr,
    /// Takes any free ports instead of 16992 to 16995, where several platforms share an address.
    pub any_port: bool,
}

impl Lan {
    /// The usual ports of an address.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        Self { address, any_port: false }
    }

    /// For the n-th platform of a fleet: the n-th address from this one on.
    pub(crate) fn nth(self, n: usize) -> Self {
        let n = u32::try_from(n).unwrap_or(u32::MAX);
        let address = match self.address {
            IpAddr::V4(v4) => Ipv4Addr::from(u32::from(v4).wrapping_add(n)).into(),
            IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6).wrapping_add(n.into())).into(),
        };
        if self.any_port { self } else { Self { address, ..self } }
    }
}

/// A port that is open; dropping it closes it.
#[derive(Debug)]
pub(crate) struct Port {
    pub(crate) service: u16,
    pub(crate) address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Port {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens what this platform offers: what its firmware has, once it is set up.
pub(crate) fn open(lan: Lan, machine: &Arc<Machine>) -> io::Result<Vec<Port>> {
    let firmware = &machine.setup.firmware;
    let offered = |port: &u16| match machine.shared.provisioning {
        Provisioning::Pre => *port == SETUP,
        Provisioning::Ccm | Provisioning::Acm => firmware.ports.contains(port),
    };
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    OFFERED
        .into_iter()
        .filter(offered)
        .map(|service| {
            let number = if lan.any_port { 0 } else { service };
            let listener = std::net::TcpListener::bind(SocketAddr::new(lan.address, number))?;
            listener.set_nonblocking(true)?;
            let listener = TcpListener::from_std(listener)?;
            let address = listener.local_addr()?;
            let task = serve(listener, service, machine.clone(), room.clone());
            Ok(Port { service, address, task: tokio::spawn(task) })
        })
        .collect()
}

async fn serve(listener: TcpListener, service: u16, machine: Arc<Machine>, room: Arc<Semaphore>) {
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(service, %error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        // Small answers must not wait for each other.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(service, %error, "a connection ended at once");
            continue;
        }
        let host = machine.host();
        tokio::spawn(async move {
            host.serve(service, stream).await;
            drop(place);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Lan;

    #[test]
    fn a_fleet_has_one_address_each_unless_ports_are_free_to_choose() {
        let lan = Lan::new("127.0.5.255".parse().unwrap());
        assert_eq!(lan.nth(0), lan);
        assert_eq!(lan.nth(2).address.to_string(), "127.0.6.1");
        let any = Lan { any_port: true, ..lan };
        assert_eq!(any.nth(7), any);
    }
}
