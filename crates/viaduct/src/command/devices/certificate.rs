//! `devices certificate`: the certificate that a PC's TLS ports are known by, and forgetting it.

use super::super::{Desk, select::confirm};
use crate::{
    client::segment,
    failure::Result,
    say::{inert, note},
};
use serde_json::Value;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Name, domain name or GUID
    device: String,
    /// Forget it: the one that the PC shows next is remembered
    #[arg(long)]
    forget: bool,
}

pub(super) async fn certificate(desk: &Desk, options: &Options) -> Result<()> {
    let path = format!("/devices/cert/{}", segment(&options.device));
    if !options.forget {
        let pin: Value = desk.client.get(&path).await?;
        let fingerprint =
            |pin: &Value| inert(pin["sha256Fingerprint"].as_str().unwrap_or_default());
        return desk.printer.text_or(&pin, |pin| format!("SHA-256 {}", fingerprint(pin)));
    }
    confirm(desk, &[&*options.device], "forget the certificate of", None)?;
    desk.client.delete(&path).await?;
    if !desk.dry_run {
        let device = inert(&options.device);
        note(&format!("{device}: forgotten; the certificate that it shows next is remembered"));
    }
    Ok(())
}
