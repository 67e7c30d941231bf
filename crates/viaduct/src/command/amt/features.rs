//! `amt features`: what is switched on, and switching it.

use super::{super::Desk, flat, get};
use crate::{
    client::segment,
    failure::{Failure, Result},
    say::{inert, note},
};
use serde_json::{Value, json};
use viaduct_api::Code;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Name, domain name or GUID
    device: String,
    /// Screen, keyboard and mouse
    #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
    kvm: Option<Switch>,
    /// Serial console
    #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
    sol: Option<Switch>,
    /// Images as drives
    #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
    ider: Option<Switch>,
    /// What the person at the PC must agree to; it is never lowered together with switching something
    #[arg(long, value_enum)]
    consent: Option<Consent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Switch {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Consent {
    /// Nothing
    None,
    /// The screen
    Kvm,
    /// Screen, console, drives and boot
    All,
}

impl Consent {
    const fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Kvm => "kvm",
            Self::All => "all",
        }
    }
}

pub(super) async fn run(desk: &Desk, options: &Options) -> Result<()> {
    let before = get(desk, "features", &options.device).await?;
    let Options { kvm, sol, ider, consent, .. } = options;
    if kvm.is_none() && sol.is_none() && ider.is_none() && consent.is_none() {
        return desk.printer.text_or(&before, flat);
    }
    let wanted = |switch: &Option<Switch>, now: &str| {
        switch.map_or_else(|| before[now] == true, |switch| switch == Switch::On)
    };
    let consent = consent.map_or(before["userConsent"].clone(), |consent| consent.word().into());
    let wish = json!({
        "userConsent": consent,
        "enableKVM": wanted(kvm, "KVM"),
        "enableSOL": wanted(sol, "SOL"),
        "enableIDER": wanted(ider, "IDER"),
    });
    let path = format!("/amt/features/{}", segment(&options.device));
    let told: Value =
        desk.client.post(&path, &wish).await.map_err(|failure| failure.about(&options.device))?;
    if let Some(words) = told["note"].as_str() {
        note(&inert(&format!("note: {words}")));
    }
    let after = get(desk, "features", &options.device).await?;
    desk.printer.text_or(&after, flat)?;
    // What AMT says it did is not what counts.
    let kept = [
        ("KVM", "enableKVM"),
        ("SOL", "enableSOL"),
        ("IDER", "enableIDER"),
        ("userConsent", "userConsent"),
    ]
    .into_iter()
    .filter(|(now, wanted)| after[*now] != wish[*wanted])
    .map(|(now, _)| now)
    .collect::<Vec<_>>();
    if kept.is_empty() {
        return Ok(());
    }
    let detail = format!("{}: unchanged: {}", options.device, kept.join(", "));
    Err(Failure::new(Code::AmtRefused, detail))
}
