//! Where the server listens: all sockets are bound before anything is changed.

use super::StartError;
use crate::{
    config::{Config, port_owner::port_owner},
    listen,
};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Where the server listens, with the ports that the system chose for port 0.
#[derive(Debug, Clone, Default)]
pub struct Addresses {
    /// The device listener, then the extra ones.
    pub cira: Vec<SocketAddr>,
    pub web: Option<SocketAddr>,
    pub web_plain: Option<SocketAddr>,
    pub socks: Option<SocketAddr>,
    pub http_proxy: Option<SocketAddr>,
    pub metrics: Option<SocketAddr>,
}

/// Sockets that are bound before anything is changed.
pub(super) struct Sockets {
    pub(super) cira: Vec<(String, TcpListener)>,
    pub(super) web: TcpListener,
    pub(super) web_plain: Option<TcpListener>,
    pub(super) socks: Option<TcpListener>,
    pub(super) http_proxy: Option<TcpListener>,
    pub(super) metrics: Option<TcpListener>,
}

impl Sockets {
    pub(super) fn bind(config: &Config) -> Result<Self, StartError> {
        let bind = |section: &str, address: SocketAddr| {
            listen::bind(address).map_err(|source| {
                let owner = port_owner(address);
                StartError::Listen {
                    section: section.to_owned(),
                    address,
                    source,
                    owner: owner.map_or(String::new(), |owner| format!("; it is used by {owner}")),
                }
            })
        };
        let some =
            |section, enabled: bool, address| enabled.then(|| bind(section, address)).transpose();
        let mut cira = vec![("cira".to_owned(), bind("cira", config.cira.listen)?)];
        for (index, extra) in config.cira.extra.iter().enumerate() {
            let name = format!("cira.extra[{index}]");
            let listener = bind(&name, extra.listen)?;
            cira.push((name, listener));
        }
        Ok(Self {
            cira,
            web: bind("web", config.web.listen)?,
            web_plain: config.web.plain_listen.map(|a| bind("web", a)).transpose()?,
            socks: some("socks", config.socks.enabled, config.socks.listen)?,
            http_proxy: some("http_proxy", config.http_proxy.enabled, config.http_proxy.listen)?,
            metrics: some("metrics", config.metrics.enabled, config.metrics.listen)?,
        })
    }

    pub(super) fn addresses(&self) -> Addresses {
        let address = |listener: &TcpListener| listener.local_addr().ok();
        Addresses {
            cira: self.cira.iter().filter_map(|(_, listener)| address(listener)).collect(),
            web: address(&self.web),
            web_plain: self.web_plain.as_ref().and_then(address),
            socks: self.socks.as_ref().and_then(address),
            http_proxy: self.http_proxy.as_ref().and_then(address),
            metrics: self.metrics.as_ref().and_then(address),
        }
    }
}
