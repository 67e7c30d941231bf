//! `viaduct tokens`: made, listed, revoked.

use super::Desk;
use crate::{
    age::{ago, date, since},
    failure::{Failure, Result},
    render::Format,
    say::{data, note},
};
use std::collections::BTreeMap;
use viaduct_api::{NewToken, Scope, Token, TokenIssued};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Make a token; its value is printed alone on the last line, this once
    Create {
        /// Unique name
        name: String,
        /// What it may do: proxy, read, operate or admin
        #[arg(long)]
        scope: Scope,
        /// How long it lives (`90d`, `12h`), a time, or `never`
        #[arg(long, value_name = "TIME", default_value = "90d")]
        expires: String,
        /// Only devices with this label (repeatable)
        #[arg(long = "label", value_name = "KEY=VALUE")]
        labels: Vec<String>,
    },
    /// List the tokens
    Ls,
    /// Make tokens worthless, at once
    Revoke {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// Labels as they are given: `KEY=VALUE`, or `KEY` for one without value.
pub(crate) fn pairs(labels: &[String]) -> Result<BTreeMap<String, String>> {
    let pair = |text: &String| {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        match key.is_empty() {
            true => Err(Failure::usage(format!("`{text}` is no label; write KEY=VALUE"))),
            false => Ok((key.to_owned(), value.to_owned())),
        }
    };
    labels.iter().map(pair).collect()
}

/// And as they are shown.
pub(crate) fn written(labels: &BTreeMap<String, String>) -> String {
    let one = |(key, value): (&String, &String)| match value.is_empty() {
        true => key.clone(),
        false => format!("{key}={value}"),
    };
    labels.iter().map(one).collect::<Vec<_>>().join(" ")
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Create { name, scope, expires, labels } => {
            let labels = pairs(&labels)?;
            let wish = NewToken { name, scope, expires: Some(expires), labels };
            let issued: TokenIssued = desk.client.post("/tokens", &wish).await?;
            if desk.printer.format != Format::Table {
                return desk.printer.text_or(&issued, |issued| issued.token.clone());
            }
            let end = match issued.about.expires {
                Some(end) => format!("until {}", date(end)),
                None => "without end".to_owned(),
            };
            note(&format!(
                "token {} with scope {scope}, {end}; it is not shown again:",
                issued.about.name
            ));
            data(&issued.token);
            Ok(())
        }
        Command::Ls => {
            let tokens: Vec<Token> = desk.client.get("/tokens").await?;
            if tokens.is_empty() && desk.printer.format == Format::Table {
                note("no tokens; make one with `viaduct tokens create NAME --scope read`");
            }
            desk.printer.list(
                &tokens,
                &[
                    ("NAME", &|token| token.name.clone()),
                    ("SCOPE", &|token| token.scope.to_string()),
                    ("LABELS", &|token| written(&token.labels)),
                    ("AGE", &|token| since(token.created)),
                    ("EXPIRES", &|token| token.expires.map_or("never".to_owned(), date)),
                    ("LAST USED", &|token| ago(token.last_used)),
                ],
            )
        }
        Command::Revoke { names } => {
            desk.delete_each("/tokens", &names, ("token", "revoked")).await
        }
    }
}
