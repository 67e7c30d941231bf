//! Which server, and how it is reached: options, environment, an earlier `login`, this machine's own.

use super::{Context, Trust, own_root, parse_fingerprint};
use crate::{
    cli::Global,
    failure::{Failure, Result},
};
use std::{env, fmt, path::PathBuf};
use viaduct_api::Code;
use viaduct_server::config::{DataDir, LoadArgs};

/// The port when a URL names none.
const DEFAULT_PORT: u16 = 8443;

/// A server.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// The socket in a data directory of this machine.
    Local(PathBuf),
    /// Anywhere.
    Remote(Remote),
}

/// A server by URL.
#[derive(Debug, Clone)]
pub(crate) struct Remote {
    pub(crate) host: String,
    pub(crate) port: u16,
    /// None: plain HTTP, on loopback only.
    pub(crate) trust: Option<Trust>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local(socket) => write!(f, "{}", socket.display()),
            Self::Remote(remote) => write!(f, "{}", remote.url()),
        }
    }
}

impl Place {
    /// For the Host header.
    pub(crate) fn host(&self) -> String {
        match self {
            Self::Local(_) => "viaduct.local".to_owned(),
            Self::Remote(remote) => remote.authority(),
        }
    }
}

impl Remote {
    /// Reads `https://HOST[:PORT]`; `http://` is for loopback only, because the token would be readable.
    pub(crate) fn parse(url: &str, trust: Trust) -> Result<Self> {
        let bad = |why: &str| Failure::usage(format!("the server `{url}` {why}"));
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let authority = rest.trim_end_matches('/');
        if authority.is_empty() || authority.contains(['/', '?', '#', '@']) {
            return Err(bad("is not of the form https://HOST:PORT"));
        }
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().map_err(|_| bad("has no usable port"))?)
            }
            _ => (authority, DEFAULT_PORT),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        match scheme {
            "https" => Ok(Self { host, port, trust: Some(trust) }),
            "http" if is_loopback(&host) => Ok(Self { host, port, trust: None }),
            "http" => Err(bad("would be sent the token readable by all; use https")),
            _ => Err(bad("is neither https nor http")),
        }
    }

    pub(crate) fn url(&self) -> String {
        let scheme = if self.trust.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.authority())
    }

    /// Whether it is on this machine.
    pub(crate) fn is_here(&self) -> bool {
        is_loopback(&self.host)
    }

    fn authority(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// What was said on the command line wins, then the environment, then `login`, then this machine's own server.
pub(super) fn find(global: &Global) -> Result<(Place, Option<String>)> {
    let token = variable("VIADUCT_TOKEN");
    if global.server.is_none() && global.data.is_some() {
        return Ok((local(global)?, token));
    }
    let context = Context::load()?;
    if let Some(url) = &global.server {
        return remote(global, url, context.as_ref(), token);
    }
    if let Some(url) = variable("VIADUCT_SERVER") {
        return remote(global, &url, context.as_ref(), token);
    }
    if let Some(context) = context {
        let url = context.server.clone();
        return remote(global, &url, Some(&context), token);
    }
    Ok((local(global)?, token))
}

/// What `login` remembered.
pub(super) fn remembered() -> Result<Option<(Place, String)>> {
    let Some(context) = Context::load()? else { return Ok(None) };
    let trust = match (&context.ca, &context.fingerprint) {
        (Some(pem), _) => Trust::from_pem(pem.as_bytes())?,
        (None, Some(text)) => Trust::Fingerprint(parse_fingerprint(text)?),
        (None, None) => Trust::System,
    };
    Ok(Some((Place::Remote(Remote::parse(&context.server, trust)?), context.token)))
}

fn remote(
    global: &Global,
    url: &str,
    context: Option<&Context>,
    token: Option<String>,
) -> Result<(Place, Option<String>)> {
    let plain = Remote::parse(url, Trust::System)?;
    // What login remembers is good for the server it was made with and for no other.
    let context = context.filter(|context| context.server == plain.url());
    let trust = trust(global, &plain, context)?;
    let token = token.or_else(|| context.map(|context| context.token.clone()));
    let trust = plain.trust.as_ref().map(|_| trust);
    Ok((Place::Remote(Remote { trust, ..plain }), token))
}

/// The CA of the options or the environment, else what `login` kept, else the data directory's own when the server
/// is on this machine, else the system's.
fn trust(global: &Global, remote: &Remote, context: Option<&Context>) -> Result<Trust> {
    let file = global.ca.clone().or_else(|| variable("VIADUCT_CA").map(PathBuf::from));
    if let Some(file) = file {
        return Trust::from_file(&file);
    }
    if let Some(context) = context {
        if let Some(pem) = &context.ca {
            return Trust::from_pem(pem.as_bytes());
        }
        if let Some(text) = &context.fingerprint {
            return Ok(Trust::Fingerprint(parse_fingerprint(text)?));
        }
    }
    if is_loopback(&remote.host)
        && let Ok(directory) = data_directory(global)
        && let Some(root) = own_root(&directory)
    {
        return Trust::from_pem(&root);
    }
    Ok(Trust::System)
}

/// The data directory of this machine's server.
fn data_directory(global: &Global) -> Result<PathBuf> {
    let args = LoadArgs { data: global.data.clone(), ..LoadArgs::from_environment() };
    args.data_directory().map_err(|error| Failure::new(Code::BadConfig, error.to_string()))
}

fn local(global: &Global) -> Result<Place> {
    let directory = data_directory(global)?;
    let socket = match DataDir::existing(&directory) {
        Ok(directory) => directory.socket(),
        Err(error) => {
            return Err(Failure::new(
                Code::Unreachable,
                format!(
                    "no server was named, and this machine's data directory cannot be used: {error}"
                ),
            ));
        }
    };
    Ok(Place::Local(socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Remote> {
        Remote::parse(url, Trust::System)
    }

    #[test]
    fn urls_are_read_and_written() {
        for (url, expected) in [
            ("https://mps.example.com", "https://mps.example.com:8443"),
            ("mps.example.com:443", "https://mps.example.com:443"),
            ("https://[::1]:9000/", "https://[::1]:9000"),
            ("https://127.0.0.1:1", "https://127.0.0.1:1"),
            ("http://127.0.0.1:80", "http://127.0.0.1:80"),
        ] {
            assert_eq!(parse(url).unwrap().url(), expected, "{url}");
        }
    }

    #[test]
    fn a_token_is_never_sent_readable_over_a_network() {
        for url in [
            "http://mps.example.com",
            "http://192.0.2.1:80",
            "ftp://x",
            "https://",
            "https://a@b",
            "https://x:y",
        ] {
            assert!(parse(url).is_err(), "{url}");
        }
    }
}
