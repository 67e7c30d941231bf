//! `viaduct users`: who has an account, and what each may do.

mod permissions;
mod totp;

use super::{
    Desk, secret,
    tokens::{pairs, written},
};
use crate::{
    age::since,
    client::segment,
    failure::{Failure, Result, sum_up},
    render::Format,
    say::note,
};
use hyper::Method;
use serde_json::json;
use std::path::{Path, PathBuf};
use viaduct_api::{NewUser, RoleInfo, User, UserPatch, WhoAmI};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// List the users
    Ls,
    /// Make a user; the password is asked for, or read from a file
    Add {
        /// Unique name
        name: String,
        /// What the user may do; `viaduct users roles` lists the roles
        #[arg(long)]
        role: String,
        /// Only devices with this label (repeatable)
        #[arg(long = "label", value_name = "KEY=VALUE")]
        labels: Vec<String>,
        /// The user's tenant, when there are several
        #[arg(long)]
        tenant: Option<String>,
        /// File with the password in its first line; `-` is standard input
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Give a user another password; what was issued with the old one is worth nothing then
    Passwd {
        /// The user
        name: String,
        /// For yourself, which needs no right: file with the password you have in its first line; `-` is standard input
        #[arg(long, value_name = "FILE")]
        old_password_file: Option<PathBuf>,
        /// File with the password in its first line; `-` is standard input
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// Give a user another role, or other labels
    Role {
        /// The user
        name: String,
        /// The role
        role: String,
        /// Only devices with this label (repeatable); without, the labels stay
        #[arg(long = "label", value_name = "KEY=VALUE")]
        labels: Vec<String>,
        /// Take the labels away: all devices
        #[arg(long, conflicts_with = "labels")]
        no_labels: bool,
    },
    /// Keep users from signing in; what was issued to them is worth nothing at once
    Disable {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Let users sign in again
    Enable {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// End every sign-in of users, in browsers and of programs; their passwords stay
    SignOut {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// Take the second factor away, for somebody who lost it
    ResetSecondFactor {
        /// The user
        name: String,
    },
    /// Your own second factor: one-time codes of an authenticator
    #[command(subcommand)]
    Totp(totp::Command),
    /// Remove users
    Rm {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
    /// List the roles and what each may do
    Roles,
    /// List what somebody may do, and why not
    Permissions(permissions::Options),
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Ls => list(desk).await,
        Command::Roles => roles(desk).await,
        Command::Permissions(options) => permissions::permissions(desk, options).await,
        Command::Add { name, role, labels, tenant, password_file } => {
            let password = password(password_file)?;
            let labels = pairs(&labels)?;
            let wish = NewUser { name, password, role, tenant_id: tenant, labels };
            let made: User = desk.client.post("/users", &wish).await?;
            note(&format!("user {} made, with the role {}", made.name, made.role));
            Ok(())
        }
        Command::Passwd { name, old_password_file: Some(old), password_file } => {
            own_password(desk, &name, &old, password_file).await
        }
        Command::Passwd { name, old_password_file: None, password_file } => {
            let password = Some(password(password_file)?);
            patch(desk, &name, UserPatch { password, ..UserPatch::default() }).await?;
            note(&format!("{name} has another password"));
            Ok(())
        }
        Command::Role { name, role, labels, no_labels } => {
            let kept = labels.is_empty() && !no_labels;
            let labels = if kept { None } else { Some(pairs(&labels)?) };
            let change = UserPatch { role: Some(role), labels, ..UserPatch::default() };
            let user = patch(desk, &name, change).await?;
            note(&format!("{} has the role {} now", user.name, user.role));
            Ok(())
        }
        Command::Disable { names } => able(desk, names, true).await,
        Command::Enable { names } => able(desk, names, false).await,
        Command::ResetSecondFactor { name } => {
            let change = UserPatch { second_factor: Some(false), ..UserPatch::default() };
            patch(desk, &name, change).await?;
            note(&format!("{name} signs in with the password alone now"));
            Ok(())
        }
        Command::Totp(command) => totp::run(desk, command).await,
        Command::SignOut { names } => {
            let mut failures = Vec::new();
            for name in &names {
                let path = format!("/users/{}/sign-out", segment(name));
                match desk.client.call(Method::POST, &path, None::<&()>, &[]).await {
                    Ok(_) => note(&format!("{name} is signed out everywhere")),
                    Err(failure) => failures.push(failure),
                }
            }
            sum_up(names.len() - failures.len(), failures)
        }
        Command::Rm { names } => desk.delete_each("/users", &names, ("user", "removed")).await,
    }
}

async fn list(desk: &Desk) -> Result<()> {
    let users: Vec<User> = desk.client.get("/users").await?;
    if users.is_empty() && desk.printer.format == Format::Table {
        note("no users; make one with `viaduct users add NAME --role ROLE`");
    }
    desk.printer.list(
        &users,
        &[
            ("NAME", &|user| user.name.clone()),
            ("ROLE", &|user| user.role.clone()),
            ("TENANT", &|user| user.tenant_id.clone()),
            ("LABELS", &|user| written(&user.labels)),
            ("SIGN-IN", &|user| sign_in(user).to_owned()),
            ("AGE", &|user| since(user.created)),
        ],
    )
}

fn sign_in(user: &User) -> &'static str {
    match (user.disabled, user.provider, user.second_factor) {
        (true, ..) => "disabled",
        (_, true, _) => "identity provider",
        (_, _, true) => "password and code",
        _ => "password",
    }
}

async fn roles(desk: &Desk) -> Result<()> {
    let roles: Vec<RoleInfo> = desk.client.get("/roles").await?;
    desk.printer.list(
        &roles,
        &[
            ("ROLE", &|role| role.name.clone()),
            ("ABOUT", &|role| role.about.clone()),
            ("ACTIONS", &|role| role.actions.len().to_string()),
        ],
    )
}

async fn able(desk: &Desk, names: Vec<String>, disabled: bool) -> Result<()> {
    let mut failures = Vec::new();
    for name in &names {
        let change = UserPatch { disabled: Some(disabled), ..UserPatch::default() };
        match patch(desk, name, change).await {
            Ok(_) if disabled => note(&format!("{name} cannot sign in any more")),
            Ok(_) => note(&format!("{name} can sign in again")),
            Err(failure) => failures.push(failure),
        }
    }
    sum_up(names.len() - failures.len(), failures)
}

async fn patch(desk: &Desk, name: &str, change: UserPatch) -> Result<User> {
    desk.client.patch(&format!("/users/{}", segment(name)), &change).await
}

/// Of whoever asks, who proves with the old one that it is no open terminal.
async fn own_password(desk: &Desk, name: &str, old: &Path, new: Option<PathBuf>) -> Result<()> {
    let input = Path::new("-");
    if old == input && new.as_deref().is_none_or(|new| new == input) {
        return Err(Failure::usage("standard input can carry one password only")
            .next("Give a file for the other: --password-file FILE."));
    }
    let me: WhoAmI = desk.client.get("/whoami").await?;
    if !me.name.eq_ignore_ascii_case(name) {
        let detail = format!("you are {}, and --old-password-file is for yourself", me.name);
        return Err(Failure::usage(detail).next("Leave it out to give somebody else another."));
    }
    let wish = json!({ "password": secret::from_file(old)?, "new": password(new)? });
    desk.client.call(Method::POST, "/whoami/password", Some(&wish), &[]).await?;
    note(&format!("{name} has another password; sign in with it: `viaduct login`"));
    Ok(())
}

fn password(file: Option<PathBuf>) -> Result<String> {
    match file {
        Some(file) => secret::from_file(&file),
        None => secret::asked("password", "--password-file FILE"),
    }
}
