//! `viaduct users totp`: the second factor of whoever runs it.

use super::Desk;
use crate::{
    command::secret,
    failure::{Failure, Result},
    say::{can_ask, data, note},
};
use hyper::Method;
use serde_json::{Value, json};
use std::path::PathBuf;
use viaduct_api::Code;

const PATH: &str = "/whoami/second-factor";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Begin: print the secret as otpauth URI; on a terminal, ask for the first code and switch it on
    Enroll,
    /// Switch it on with a code of the authenticator; prints the recovery codes, this once
    Confirm {
        /// File with the code in its first line; default: asked for, or standard input
        #[arg(long, value_name = "FILE")]
        code_file: Option<PathBuf>,
    },
    /// Switch it off with a code, or with a recovery code
    Disable {
        /// File with the code in its first line; default: asked for, or standard input
        #[arg(long, value_name = "FILE")]
        code_file: Option<PathBuf>,
    },
}

pub(super) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Enroll => {
            let begun: Value = desk.client.post(PATH, &json!({})).await?;
            let uri = begun["uri"].as_str().ok_or_else(nonsense)?;
            note("Give this to your authenticator (as a QR code, or type the secret in it):");
            data(uri);
            if can_ask() {
                return confirm(desk, None).await;
            }
            note("then switch it on: viaduct users totp confirm");
            Ok(())
        }
        Command::Confirm { code_file } => confirm(desk, code_file).await,
        Command::Disable { code_file } => {
            let body = json!({ "code": code(code_file)? });
            desk.client.call(Method::DELETE, PATH, Some(&body), &[]).await?;
            note("you sign in with the password alone from now on");
            Ok(())
        }
    }
}

async fn confirm(desk: &Desk, file: Option<PathBuf>) -> Result<()> {
    let body = json!({ "code": code(file)? });
    let proven: Value = desk.client.post(&format!("{PATH}/verify"), &body).await?;
    let codes = proven["recoveryCodes"].as_array().ok_or_else(nonsense)?;
    note("A code is asked for from now on. Keep these recovery codes, each good once, for the day");
    note("on which the authenticator is lost; they are not shown again:");
    codes.iter().filter_map(Value::as_str).for_each(data);
    note("sign in again: viaduct login URL --user NAME");
    Ok(())
}

fn code(file: Option<PathBuf>) -> Result<String> {
    let text = match file {
        Some(file) => secret::from_file(&file)?,
        None => secret::asked("one-time code", "--code-file FILE")?,
    };
    Ok(text.trim().to_owned())
}

fn nonsense() -> Failure {
    Failure::new(Code::NotViaduct, "the answer is not one to a second factor")
}
