//! Who listens on an address already? Answers from /proc, so that a refusal to start can name the other process.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// A process that listens on an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortOwner {
    /// Process id; None when it belongs to another user and cannot be seen.
    pub pid: Option<u32>,
    /// Name of its program, empty when not known.
    pub program: String,
    /// Its data directory, when it is a viaduct server (it holds a lock file open).
    pub data: Option<PathBuf>,
}

impl std::fmt::Display for PortOwner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.pid, &self.data) {
            (Some(pid), Some(data)) => {
                write!(f, "viaduct (pid {pid}, data directory {})", data.display())
            }
            (Some(pid), None) => write!(f, "\"{}\" (pid {pid})", self.program),
            (None, _) => f.write_str("a process of another user"),
        }
    }
}

/// State `LISTEN` in /proc/net/tcp.
const LISTEN: &str = "0A";

/// The process that listens on this address, or on all addresses with this port. None: nobody, or the system has
/// no /proc.
#[must_use]
pub fn port_owner(address: SocketAddr) -> Option<PortOwner> {
    if address.port() == 0 {
        return None;
    }
    let listening = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .find_map(|table| listening_inode(&table, address))?;
    let target = format!("socket:[{listening}]");
    let unseen = PortOwner { pid: None, program: String::new(), data: None };
    Some(processes().find_map(|(pid, path)| describe(pid, &path, &target)).unwrap_or(unseen))
}

fn processes() -> impl Iterator<Item = (u32, PathBuf)> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
}

fn describe(pid: u32, process: &Path, target: &str) -> Option<PortOwner> {
    let open: Vec<_> = fs::read_dir(process.join("fd"))
        .ok()?
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .collect();
    if !open.iter().any(|file| file.as_os_str() == target) {
        return None;
    }
    let program = fs::read_to_string(process.join("comm")).unwrap_or_default();
    let lock = open.iter().find(|file| file.file_name().is_some_and(|n| n == "viaduct.lock"));
    Some(PortOwner {
        pid: Some(pid),
        program: program.trim_end().to_owned(),
        data: lock.and_then(|file| file.parent()).map(Path::to_path_buf),
    })
}

/// The inode of the listening socket that would be in the way.
fn listening_inode(table: &str, address: SocketAddr) -> Option<u64> {
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (local, state, inode) = (*fields.get(1)?, *fields.get(3)?, *fields.get(9)?);
        let (ip, port) = local.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        let taken =
            state == LISTEN && port == address.port() && in_the_way(ip_of(ip)?, address.ip());
        taken.then(|| inode.parse().ok())?
    })
}

fn in_the_way(taken: IpAddr, wanted: IpAddr) -> bool {
    let covers =
        |a: IpAddr, b: IpAddr| a == b || (a.is_unspecified() && (a.is_ipv6() || b.is_ipv4()));
    covers(taken, wanted) || covers(wanted, taken)
}

/// The kernel prints addresses as 32-bit words in the machine's byte order.
fn ip_of(hex: &str) -> Option<IpAddr> {
    let words: Vec<[u8; 4]> = hex
        .as_bytes()
        .chunks(8)
        .map(|word| u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok())
        .map(|word| word.map(u32::to_ne_bytes))
        .collect::<Option<_>>()?;
    match words.as_slice() {
        [word] => Some(Ipv4Addr::from(*word).into()),
        [_, _, _, _] => {
            let bytes: [u8; 16] = words.concat().try_into().ok()?;
            Some(IpAddr::from(Ipv6Addr::from(bytes)).to_canonical())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_owner_of_a_listening_port_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let owner = port_owner(address).unwrap();
        assert_eq!(owner.pid, Some(std::process::id()));
        assert!(owner.to_string().contains(&std::process::id().to_string()));
        // Listening on all addresses would collide with it as well.
        let all = SocketAddr::from((Ipv6Addr::UNSPECIFIED, address.port()));
        assert_eq!(port_owner(all).unwrap().pid, Some(std::process::id()));
        let elsewhere = SocketAddr::from(([127, 0, 0, 2], address.port()));
        assert_eq!(port_owner(elsewhere), None);
        drop(listener);
        assert_eq!(port_owner(address), None);
    }
}
