//! `viaduct cert`: shown, exported, reloaded.

use super::{Desk, rotate};
use crate::{
    age::span,
    failure::{Failure, Result},
    say::{data, note},
};
use std::{fs, path::PathBuf};
use time::OffsetDateTime;
use viaduct_api::{CertificateInfo, Reloaded};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the certificates in use
    Show,
    /// Print the root that devices are to trust, as PEM
    Export {
        /// Write it to this file instead
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Read the certificate files again; nothing changes when one cannot be used
    Reload,
    /// Bring a new root or name to the devices, then use it
    Rotate(rotate::Options),
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Show => {
            let certificates: Vec<CertificateInfo> = desk.client.get("/certificates").await?;
            desk.printer.list(
                &certificates,
                &[
                    ("LISTENER", &|it| it.listener.clone()),
                    ("SUBJECT", &|it| it.subject.clone()),
                    ("NAMES", &|it| it.names.join(" ")),
                    ("KEY", &|it| it.key_bits.to_string()),
                    ("SIGNATURE", &|it| it.signature.clone()),
                    ("ENDS IN", &ends_in),
                    ("SHA-256", &|it| it.sha256.clone()),
                ],
            )
        }
        Command::Export { out } => {
            let pem = desk.client.text("/ciracert").await?;
            match out {
                None => data(pem.trim_end()),
                Some(file) => {
                    fs::write(&file, pem).map_err(|error| Failure::local(file.display(), error))?;
                    note(&format!("root written to {}", file.display()));
                }
            }
            Ok(())
        }
        Command::Rotate(options) => rotate::run(desk, options).await,
        Command::Reload => {
            let done: Reloaded = desk.client.post("/certificates/reload", &()).await?;
            for line in &done.reloaded {
                note(&format!("reloaded: {line}"));
            }
            Ok(())
        }
    }
}

fn ends_in(certificate: &CertificateInfo) -> String {
    certificate.not_after.map_or_else(String::new, |end| span(end - OffsetDateTime::now_utc()))
}
