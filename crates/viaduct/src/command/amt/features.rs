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
    /// One-click recovery: booting from a web server, and recovery environments
    #[arg(long, value_enum, value_name = "on|off", hide_possible_values = true)]
    ocr: Option<Switch>,
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

    /// Whether the person at the PC is asked for less than by the policy that it has.
    fn is_less_than(self, now: &Value) -> bool {
        match now.as_str() {
            Some("all") => !matches!(self, Self::All),
            Some("kvm") => matches!(self, Self::None),
            _ => false,
        }
    }
}

pub(super) async fn run(desk: &Desk, options: &Options) -> Result<()> {
    let before = get(desk, "features", &options.device).await?;
    let Options { kvm, sol, ider, ocr, consent, .. } = options;
    let switches = [kvm, sol, ider, ocr].into_iter().any(Option::is_some);
    if !switches && consent.is_none() {
        return desk.printer.text_or(&before, flat);
    }
    let wanted = |switch: &Option<Switch>, now: &str| {
        switch.map_or_else(|| before[now] == true, |switch| switch == Switch::On)
    };
    let less = consent.filter(|consent| consent.is_less_than(&before["userConsent"]));
    if let (Some(less), true) = (less, switches) {
        return Err(together(&options.device, less));
    }
    let consent = consent.map_or(before["userConsent"].clone(), |consent| consent.word().into());
    let mut wish = json!({
        "userConsent": consent,
        "enableKVM": wanted(kvm, "KVM"),
        "enableSOL": wanted(sol, "SOL"),
        "enableIDER": wanted(ider, "IDER"),
    });
    if let Some(ocr) = ocr {
        wish["ocr"] = (*ocr == Switch::On).into();
    }
    if less.is_some() {
        // Asked for alone, in so many words: it is meant, also where a page asked for it by the way before.
        wish["lowerConsent"] = true.into();
    }
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
        ("ocr", "ocr"),
        ("userConsent", "userConsent"),
    ]
    .into_iter()
    .filter(|(now, wanted)| wish.get(wanted).is_some_and(|wanted| after[*now] != *wanted))
    .map(|(now, _)| now)
    .collect::<Vec<_>>();
    if kept.is_empty() {
        return Ok(());
    }
    let detail = format!("{}: unchanged: {}", options.device, kept.join(", "));
    Err(Failure::new(Code::AmtRefused, detail))
}

/// Consent is not lowered by the way; nothing is done, so that half of it does not surprise anybody.
fn together(device: &str, less: Consent) -> Failure {
    let detail = format!(
        "{device}: consent is not lowered together with switching something; nothing was changed"
    );
    Failure::usage(detail).next(format!(
        "Ask for it alone: viaduct amt features {device} --consent {}; then switch, without --consent.",
        less.word()
    ))
}
