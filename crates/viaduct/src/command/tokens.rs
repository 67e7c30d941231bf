//! `viaduct tokens`: made, listed, revoked.

use super::Desk;
use crate::{
    age::{ago, date, since},
    client::segment,
    failure::{Result, sum_up},
    render::Format,
    say::{data, note},
};
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

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Create { name, scope, expires } => {
            let wish = NewToken { name, scope, expires: Some(expires) };
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
                    ("AGE", &|token| since(token.created)),
                    ("EXPIRES", &|token| token.expires.map_or("never".to_owned(), date)),
                    ("LAST USED", &|token| ago(token.last_used)),
                ],
            )
        }
        Command::Revoke { names } => {
            let mut failures = Vec::new();
            for name in &names {
                match desk.client.delete(&format!("/tokens/{}", segment(name))).await {
                    Ok(()) => note(&format!("token {name} revoked")),
                    Err(failure) => failures.push(failure),
                }
            }
            sum_up(names.len() - failures.len(), failures)
        }
    }
}
