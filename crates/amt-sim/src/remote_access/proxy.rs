//! HTTP proxies on the way to a Management Presence Server.

use super::{Access, Code, RemoteAccess};
use serde::{Deserialize, Serialize};

/// Longest suffix of a network (IPS_HTTPProxyService).
const SUFFIX: usize = 192;

/// One proxy (IPS_HTTPProxyAccessPoint).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proxy {
    /// Its number, part of its name.
    pub number: u32,
    /// Where it is.
    pub access: Access,
    /// DNS suffix of the network in which it is to be used.
    pub suffix: String,
}

impl Proxy {
    pub(super) fn check(&self) -> Result<(), Code> {
        let mut access = self.access.clone();
        // What only servers have.
        access.cn.get_or_insert_with(|| "proxy".into());
        access.check()?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        let suffix = (1..=SUFFIX).contains(&self.suffix.len()) && self.suffix.chars().all(allowed);
        if suffix { Ok(()) } else { Err(Code::InvalidParameter) }
    }
}

impl RemoteAccess {
    /// The proxies to try for a server, in order: those meant for the network that the platform is in, unless the
    /// server is in that network itself.
    #[must_use]
    pub fn proxies_for(&self, server: &str, network: &str) -> Vec<&Proxy> {
        if network.is_empty() || ends_in(server, network) {
            return Vec::new();
        }
        self.proxies.iter().filter(|proxy| ends_in(network, &proxy.suffix)).collect()
    }
}

fn ends_in(name: &str, suffix: &str) -> bool {
    let (name, suffix) = (name.trim_matches('.'), suffix.trim_matches('.'));
    super::environment::ends_with_label(name, suffix) || name.eq_ignore_ascii_case(suffix)
}
