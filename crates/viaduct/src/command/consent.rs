//! `viaduct consent`: the person at the PC reads a code out.

use super::Desk;
use crate::{
    client::segment,
    failure::{Failure, Result},
    say::{inert, note},
};
use hyper::Method;
use serde_json::{Value, json};
use viaduct_api::Code;

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Show a code on the PC's screen
    Request {
        /// Name, domain name or GUID
        device: String,
    },
    /// Pass on the code that the person read out
    Submit {
        /// Name, domain name or GUID
        device: String,
        /// The digits
        code: String,
    },
    /// Take a code off the screen, or end the consent
    Cancel {
        /// Name, domain name or GUID
        device: String,
    },
    /// Show what consent is needed for, and whether there is one
    Status {
        /// Name, domain name or GUID
        device: String,
    },
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Request { device } => {
            let path = format!("/amt/features/{}", segment(&device));
            let features: Result<Value> = desk.client.get(&path).await;
            let features = features.map_err(|failure| failure.about(&device))?;
            if features["userConsent"] == "none" {
                note(&format!(
                    "{} needs no consent: no code is shown or asked for",
                    inert(&device)
                ));
                return Ok(());
            }
            ask(desk, Method::GET, "", &device, Value::Null).await?;
            note(&format!(
                "{} shows a code now; then: viaduct consent submit {} CODE",
                inert(&device),
                inert(&device)
            ));
            Ok(())
        }
        Command::Submit { device, code } => {
            let body = json!({ "consentCode": code });
            ask(desk, Method::POST, "", &device, body).await?;
            note(&format!("{} took the code", inert(&device)));
            Ok(())
        }
        Command::Cancel { device } => {
            match ask(desk, Method::GET, "cancel/", &device, Value::Null).await {
                Err(failure) if failure.code() == Some(Code::ConsentNeeded) => {
                    note(&format!("{} shows no code that could be taken back", inert(&device)));
                }
                other => {
                    other?;
                    note(&format!("consent for {} is cancelled", inert(&device)));
                }
            }
            Ok(())
        }
        Command::Status { device } => status(desk, &device).await,
    }
}

async fn ask(desk: &Desk, method: Method, step: &str, device: &str, body: Value) -> Result<()> {
    let path = format!("/amt/userConsentCode/{step}{}", segment(device));
    let body = (!body.is_null()).then_some(body);
    // What AMT refuses, the server has words for.
    let done: Result<Value> = desk.client.answer(method, &path, body.as_ref()).await;
    let answer = done.map_err(|failure| failure.about(device))?;
    match answer["Body"]["ReturnValue"].as_u64() {
        Some(0) => Ok(()),
        value => {
            let value = value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
            let name = answer["Body"]["ReturnValueStr"].as_str().unwrap_or_default();
            let detail = format!("AMT answered {value} ({name})");
            Err(Failure::new(Code::ConsentNeeded, detail).about(device))
        }
    }
}

async fn status(desk: &Desk, device: &str) -> Result<()> {
    let path = format!("/amt/features/{}", segment(device));
    let features: Result<Value> = desk.client.get(&path).await;
    let features = features.map_err(|failure| failure.about(device))?;
    let state = match features["optInState"].as_u64() {
        Some(0) => "not asked for",
        Some(1) => "asked for",
        Some(2) => "a code is shown",
        Some(3) => "the code was right",
        Some(4) => "in use",
        _ => "unknown",
    };
    let needed = features["userConsent"].as_str().unwrap_or_default();
    let shown = json!({
        "userConsent": needed, "optInState": features["optInState"], "state": state,
    });
    desk.printer.text_or(&shown, |_| {
        let needed = match needed {
            "none" => "nothing",
            "kvm" => "the screen",
            _ => "everything",
        };
        format!("consent is needed for {needed}; {state}")
    })
}
