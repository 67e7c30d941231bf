//! `viaduct proxy`: what a shell needs to reach devices through the server.

use super::Desk;
use crate::{
    age::date,
    client::Place,
    failure::{Failure, Result},
    render::Format,
    say::note,
};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    process,
    time::{SystemTime, UNIX_EPOCH},
};
use viaduct_api::{Code, NewToken, ProxyToken, Scope, TokenIssued, WhoAmI};

/// A token that is made for a shell lives so long: a working day.
const LIFE: &str = "12h";
/// What tokens of `viaduct tokens create` begin with; anything else is a sign-in.
const API_TOKEN: &str = "vdt_";
/// Longest password of SOCKS5 (RFC 1929).
const SOCKS_MAX: usize = 255;
const SHORT: &str = "Ask for a token (`viaduct tokens create NAME --scope proxy`) and sign in with it: `viaduct login URL`.";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Print shell exports and a ready curl line; use as: eval "$(viaduct proxy env)"
    Env {
        /// Device of the curl line
        #[arg(default_value = "DEVICE")]
        device: String,
    },
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    let Command::Env { device } = command;
    if desk.printer.format == Format::Csv {
        return Err(Failure::usage("this has no columns; use -o table or json"));
    }
    let me: WhoAmI = desk.client.get("/whoami").await?;
    let http = reachable(desk, me.addresses.http_proxy.as_deref());
    let socks = reachable(desk, me.addresses.socks.as_deref());
    if http.is_none() && socks.is_none() {
        let detail = "the server's proxies listen on its own machine only, or are switched off";
        return Err(Failure::new(Code::Unreachable, detail)
            .next("Use `viaduct forward DEVICE:PORT`, which needs no proxy."));
    }
    let (token, until) = credential(desk, &me).await?;
    let mut lines = Vec::new();
    if let Some(address) = &http {
        // curl reads http_proxy in small letters only; other programs read the capital ones.
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] {
            lines.push(format!("export {name}=http://token:{token}@{address}"));
        }
    }
    match &socks {
        Some(address) if token.len() <= SOCKS_MAX => {
            lines.push(format!("export ALL_PROXY=socks5h://token:{token}@{address}"));
        }
        Some(_) if http.is_none() => {
            let detail = "your sign-in is longer than what SOCKS5 takes as a password";
            return Err(Failure::new(Code::NotAllowed, detail).next(SHORT));
        }
        Some(_) => lines.push(format!(
            "# No SOCKS5: your sign-in is longer than the {SOCKS_MAX} bytes of its password. {SHORT}"
        )),
        None => {}
    }
    lines.push(format!(
        "# {until}; all requests of this shell go through the server now, for example:"
    ));
    lines.push(format!("# curl -s --digest -u admin http://{device}:16992/"));
    let exports = lines.iter().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    let variables: BTreeMap<&str, &str> = exports.collect();
    desk.printer.text_or(&variables, |_| lines.join("\n"))
}

/// Where a proxy can be reached from here.
fn reachable(desk: &Desk, address: Option<&str>) -> Option<String> {
    let address: SocketAddr = address?.parse().ok()?;
    let ip = address.ip();
    match &desk.client.place {
        Place::Local(_) if ip.is_unspecified() => Some(format!("127.0.0.1:{}", address.port())),
        Place::Local(_) => Some(address.to_string()),
        Place::Remote(remote) if ip.is_unspecified() || (ip.is_loopback() && remote.is_here()) => {
            let host = if remote.host.contains(':') {
                format!("[{}]", remote.host)
            } else {
                remote.host.clone()
            };
            Some(format!("{host}:{}", address.port()))
        }
        Place::Remote(_) => (!ip.is_loopback()).then(|| address.to_string()),
    }
}

/// Our own token when it can do nothing else; otherwise one that is made for this shell: for whoever is signed in, one
/// that ends with that sign-in.
async fn credential(desk: &Desk, me: &WhoAmI) -> Result<(String, String)> {
    let signed_in = desk.client.token().is_some_and(|token| !token.starts_with(API_TOKEN));
    if signed_in {
        let made: ProxyToken = desk.client.post("/session/proxy", &Value::Null).await?;
        let until = format!("until {} or `viaduct logout`", date(made.expires));
        return Ok((made.token, until));
    }
    match (me.scope, desk.client.token()) {
        (Scope::Proxy | Scope::Operate, Some(token)) => {
            Ok((token.to_owned(), "with the token you are signed in with".to_owned()))
        }
        (Scope::Admin, _) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
            let name = format!("proxy-env-{now}-{}", process::id());
            let wish = NewToken {
                name,
                scope: Scope::Proxy,
                expires: Some(LIFE.to_owned()),
                labels: BTreeMap::new(),
            };
            let issued: TokenIssued = desk.client.post("/tokens", &wish).await?;
            note(&format!("made token {} for this", issued.about.name));
            let until = issued
                .about
                .expires
                .map_or("without end".to_owned(), |end| format!("until {}", date(end)));
            Ok((issued.token, until))
        }
        _ => Err(Failure::new(
            Code::NotAllowed,
            format!(
                "the scope of your token is `{}`, which does not cover reaching a device (right `proxy`)",
                me.scope
            ),
        )
        .next(SHORT)),
    }
}
