//! The OpenSSL command: a TLS client that offers exactly what it is told to, and certificates.

use super::{Directory, output, run};
use std::{path::PathBuf, process::Command};

/// Shakes hands with the words of `offer` (options of `openssl s_client`). On success version and
/// cipher as the client names them, otherwise its words.
pub(crate) fn handshake(address: &str, offer: &str) -> Result<String, String> {
    let mut client = Command::new("openssl");
    // The system's policy is not the server's: nothing but the words counts.
    client.env("OPENSSL_CONF", "/dev/null");
    client.args(["s_client", "-connect", address, "-brief"]).args(offer.split(' '));
    let done = output(&mut client);
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    let field = |name: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim().to_owned())
    };
    match (field("Protocol version:"), field("Ciphersuite:")) {
        (Some(version), Some(cipher)) if said.contains("CONNECTION ESTABLISHED") => {
            Ok(format!("{version} {cipher}"))
        }
        _ => Err(said),
    }
}

/// A certificate that signs itself, with its key, as files.
pub(crate) struct Certificate {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    _directory: Directory,
}

impl Certificate {
    pub(crate) fn new(name: &str) -> Self {
        let directory = Directory::new();
        let (certificate, key) = (directory.join("certificate.pem"), directory.join("key.pem"));
        let path = |path: &PathBuf| path.display().to_string();
        let subject = format!("/CN={name}");
        let files = ["-keyout".into(), path(&key), "-out".into(), path(&certificate)];
        let mut args: Vec<String> = "req -x509 -newkey rsa:2048 -nodes -sha256 -days 30"
            .split(' ')
            .map(str::to_owned)
            .collect();
        args.extend(files);
        args.extend([
            "-subj".into(),
            subject,
            "-addext".into(),
            format!("subjectAltName=IP:{name}"),
        ]);
        run("openssl", args);
        Self { certificate, key, _directory: directory }
    }
}
