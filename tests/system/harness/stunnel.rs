//! stunnel as the TLS terminator in front of a plain listener.

use super::{Certificate, Directory, Process};
use std::process::Command;

/// A running stunnel.
pub(crate) struct Stunnel {
    _process: Process,
    pub(crate) address: String,
    _directory: Directory,
}

impl Stunnel {
    /// Ends TLS with the certificate and passes the stream on to `target`.
    pub(crate) fn before(target: &str, certificate: &Certificate) -> Self {
        let directory = Directory::new();
        let config = format!(
            "foreground = yes\ndebug = info\npid =\n[cira]\naccept = 127.0.0.1:0\n\
             connect = {target}\ncert = {}\nkey = {}\n",
            certificate.certificate.display(),
            certificate.key.display()
        );
        let config = directory.write("stunnel.conf", &config);
        let mut command = Command::new("stunnel");
        command.arg(config);
        let process = Process::start(&command);
        let bound = process.any_line(|line| line.contains("bound to 127.0.0.1:"));
        let address = bound.rsplit(' ').next().expect("an address").to_owned();
        Self { _process: process, address, _directory: directory }
    }
}
