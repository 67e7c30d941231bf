//! Is one value acceptable for its setting? Gives back the value in its plain form, or says what is wrong where.

use super::{
    ByteSize, ConfigError, Network, Origin, Span,
    schema::{Field, Kind, nearest_of},
};
use std::{
    net::{IpAddr, SocketAddr},
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};
use toml::{
    Spanned, Value,
    de::{DeTable, DeValue},
};

/// Levels that a log filter may name.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// A text that settings are read from; turns byte offsets into places for people.
#[derive(Debug, Clone)]
pub(super) enum Source<'a> {
    File { path: &'a Path, text: &'a str },
    Environment(String),
    CommandLine,
}

impl Source<'_> {
    pub(super) fn origin(&self, span: &Range<usize>) -> Origin {
        match self {
            Self::Environment(name) => Origin::Environment(name.clone()),
            Self::CommandLine => Origin::CommandLine,
            Self::File { path, text } => {
                let before = text.get(..span.start).unwrap_or(text);
                let line_start = before.rfind('\n').map_or(0, |at| at + 1);
                Origin::File {
                    path: path.to_path_buf(),
                    line: before.matches('\n').count() + 1,
                    column: before[line_start..].chars().count() + 1,
                }
            }
        }
    }

    /// Relative paths in a file mean: relative to that file; elsewhere: to the working directory.
    fn resolve(&self, path: &str) -> PathBuf {
        match self {
            Self::File { path: file, .. } => {
                file.parent().map_or_else(|| path.into(), |directory| directory.join(path))
            }
            Self::Environment(_) | Self::CommandLine => path.into(),
        }
    }
}

/// Collects what is wrong in one source.
#[derive(Debug)]
pub(super) struct Checker<'a> {
    pub(super) source: Source<'a>,
    pub(super) errors: Vec<ConfigError>,
}

impl Checker<'_> {
    pub(super) fn wrong(&mut self, span: &Range<usize>, key: &str, why: String, accepted: String) {
        self.errors.push(ConfigError {
            origin: self.source.origin(span),
            key: Some(key.to_owned()),
            why,
            accepted,
        });
    }

    /// The value in plain form when it is acceptable; otherwise at least one error was noted.
    pub(super) fn value(
        &mut self,
        key: &str,
        kind: Kind,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Value> {
        match kind {
            Kind::Table(fields) => self.table(key, fields, value),
            Kind::Tables(fields) => {
                self.list(key, kind, value, |c, item| c.table(key, fields, item))
            }
            Kind::Names | Kind::WebOrigins | Kind::Networks | Kind::Ports | Kind::EventTypes => {
                self.list(key, kind, value, |c, item| c.scalar(key, kind, item))
            }
            Kind::Address
            | Kind::Bool
            | Kind::Choice(_)
            | Kind::Path
            | Kind::Count { .. }
            | Kind::Span { .. }
            | Kind::Size { .. }
            | Kind::StoreUrl
            | Kind::Url(_)
            | Kind::Text
            | Kind::Secret
            | Kind::LogLevel => self.scalar(key, kind, value),
        }
    }

    fn list(
        &mut self,
        key: &str,
        kind: Kind,
        value: &Spanned<DeValue<'_>>,
        mut item: impl FnMut(&mut Self, &Spanned<DeValue<'_>>) -> Option<Value>,
    ) -> Option<Value> {
        let DeValue::Array(items) = value.get_ref() else {
            let why = format!("is {}", found(value.get_ref()));
            self.wrong(&value.span(), key, why, accepts(kind));
            return None;
        };
        if items.is_empty() && matches!(kind, Kind::Ports) {
            self.wrong(&value.span(), key, "is an empty list".into(), accepts(kind));
            return None;
        }
        // Not `collect::<Option<_>>()`: that would stop at the first problem.
        let checked: Vec<_> = items.iter().map(|i| item(self, i)).collect();
        checked.into_iter().collect::<Option<Vec<_>>>().map(Value::Array)
    }

    fn table(
        &mut self,
        key: &str,
        fields: &[Field],
        value: &Spanned<DeValue<'_>>,
    ) -> Option<Value> {
        let DeValue::Table(entries) = value.get_ref() else {
            let why = format!("is {}", found(value.get_ref()));
            self.wrong(&value.span(), key, why, accepts(Kind::Table(&[])) + &names(fields));
            return None;
        };
        let before = self.errors.len();
        let mut plain = toml::Table::new();
        for (name, entry) in entries {
            let full = format!("{key}.{}", name.get_ref());
            let Some(field) = fields.iter().find(|f| f.name == name.get_ref().as_ref()) else {
                let near = nearest_of(name.get_ref(), fields.iter().map(|f| f.name));
                let accepted = format!("the nearest valid key is `{key}.{near}`");
                self.wrong(&name.span(), &full, "is not a setting".into(), accepted);
                continue;
            };
            if let Some(value) = self.value(&full, field.kind, entry) {
                plain.insert(field.name.to_owned(), value);
            }
        }
        self.missing(key, fields, entries, value.span());
        (self.errors.len() == before).then_some(Value::Table(plain))
    }

    fn missing(&mut self, key: &str, fields: &[Field], entries: &DeTable<'_>, span: Range<usize>) {
        for field in fields.iter().filter(|f| f.required && !entries.contains_key(f.name)) {
            let full = format!("{key}.{}", field.name);
            self.wrong(&span, &full, "is missing".into(), accepts(field.kind));
        }
    }

    fn scalar(&mut self, key: &str, kind: Kind, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        let plain = match (kind, value.get_ref()) {
            (Kind::Bool, DeValue::Boolean(b)) => Ok(Value::Boolean(*b)),
            (Kind::Count { min, max }, DeValue::Integer(n)) => {
                integer(n).and_then(|n| in_range(n, min, max))
            }
            (Kind::Ports, DeValue::Integer(n)) => integer(n).and_then(|n| in_range(n, 1, 65_535)),
            (Kind::Path, DeValue::String(s)) => path(s, &self.source),
            (_, DeValue::String(s)) => text(kind, s),
            (_, other) => Err(format!("is {}", found(other))),
        };
        plain.map_err(|why| self.wrong(&value.span(), key, why, accepts(kind))).ok()
    }
}

fn names(fields: &[Field]) -> String {
    fields.iter().map(|f| format!(" `{}`", f.name)).collect::<Vec<_>>().join(",")
}

/// What the value is, for a message.
fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(s) => format!("the text \"{s}\""),
        DeValue::Integer(n) => format!("the number {n}"),
        DeValue::Float(n) => format!("the number {n}"),
        DeValue::Boolean(b) => b.to_string(),
        DeValue::Datetime(d) => format!("the date {d}"),
        DeValue::Array(_) => "a list".into(),
        DeValue::Table(_) => "a table".into(),
    }
}

fn integer(n: &toml::de::DeInteger<'_>) -> Result<usize, String> {
    usize::from_str_radix(n.as_str(), n.radix()).map_err(|_| format!("= {n} is out of range"))
}

fn in_range(n: usize, min: usize, max: usize) -> Result<Value, String> {
    if (min..=max).contains(&n) {
        i64::try_from(n).map(Value::Integer).map_err(|_| format!("= {n} is out of range"))
    } else {
        Err(format!("= {n} is too {}", if n < min { "small" } else { "large" }))
    }
}

fn path(text: &str, source: &Source<'_>) -> Result<Value, String> {
    if text.is_empty() {
        return Err("is empty".into());
    }
    source
        .resolve(text)
        .into_os_string()
        .into_string()
        .map(Value::String)
        .map_err(|_| "lies in a directory whose name is not valid UTF-8".into())
}

fn text(kind: Kind, text: &str) -> Result<Value, String> {
    let wrong = |why: &str| format!("= \"{text}\" {why}");
    let plain = match kind {
        Kind::Address => address(text).map_err(|why| wrong(&why))?,
        Kind::Choice(words) if words.contains(&text) => text.to_owned(),
        Kind::Choice(_) => return Err(wrong("is unknown")),
        Kind::Names if is_name(text) => text.to_owned(),
        Kind::Names => return Err(wrong("is neither a DNS name nor an IP address")),
        Kind::WebOrigins if is_origin(text) => text.to_ascii_lowercase(),
        Kind::WebOrigins => return Err(wrong("is not the origin of a page")),
        Kind::Networks => match text.parse::<Network>() {
            Ok(network) => network.to_string(),
            Err(error) => return Err(wrong(&format!("is wrong: {error}"))),
        },
        Kind::Span { min, max, whole_seconds } => span(text, min, max, whole_seconds)?,
        Kind::Size { min, max } => {
            let ByteSize(n) = text.parse().map_err(|_| wrong("is not a size with a unit"))?;
            in_range(n, min, max)
                .map_err(|_| wrong(if n < min { "is too small" } else { "is too large" }))?;
            text.to_owned()
        }
        Kind::StoreUrl => store_url(text)?,
        Kind::Url(schemes) if is_url(text, schemes) => text.to_owned(),
        Kind::Url(_) => return Err(wrong("is not such a URL")),
        Kind::Text | Kind::Secret if !text.trim().is_empty() => text.to_owned(),
        Kind::Text | Kind::Secret => return Err("is empty".to_owned()),
        Kind::EventTypes if viaduct_api::is_event_type(text) => text.to_owned(),
        Kind::EventTypes => return Err(wrong("is neither a type of event nor a family")),
        Kind::LogLevel if is_log_filter(text) => text.to_owned(),
        Kind::LogLevel => return Err(wrong("is not a log filter")),
        Kind::Bool
        | Kind::Path
        | Kind::Ports
        | Kind::Count { .. }
        | Kind::Table(_)
        | Kind::Tables(_) => return Err(format!("is the text \"{text}\"")),
    };
    Ok(Value::String(plain))
}

fn address(text: &str) -> Result<String, String> {
    let full = if text.starts_with(':') { format!("[::]{text}") } else { text.to_owned() };
    match full.parse::<SocketAddr>() {
        Ok(address) => Ok(address.to_string()),
        Err(_) if text.parse::<IpAddr>().is_ok() => Err("has no port".into()),
        Err(_) if text.rsplit_once(':').is_some_and(|(name, _)| is_name(name)) => {
            Err("has a name where an IP address is needed".into())
        }
        Err(_) => Err("is not an address with a port".into()),
    }
}

/// Scheme, host, and a port when it is not the scheme's own: exactly what browsers send.
fn is_origin(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let Some(rest) = rest else { return false };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    is_name(host) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port != 0))
}

fn is_name(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_dns_name(text)
}

/// A DNS name (RFC 1123, `_` tolerated because people use it), without a dot at the end.
pub(crate) fn is_dns_name(text: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    text.len() <= 253 && text.split('.').all(label)
}

fn span(text: &str, min: Duration, max: Duration, whole: bool) -> Result<String, String> {
    let Span(d) =
        text.parse().map_err(|_| format!("= \"{text}\" is not a duration with a unit"))?;
    if d < min {
        return Err(format!("= \"{text}\" is too small"));
    }
    if d > max {
        return Err(format!("= \"{text}\" is too large"));
    }
    if whole && d.subsec_nanos() != 0 {
        return Err(format!("= \"{text}\" is not a whole number of seconds"));
    }
    Ok(text.to_owned())
}

/// The URL itself is never repeated: those of other databases hold a password.
fn store_url(text: &str) -> Result<String, String> {
    match text.split_once("://") {
        Some(("sqlite", path)) if !path.is_empty() && !path.contains('?') => Ok(text.to_owned()),
        Some(("sqlite", _)) => Err("names no file, or has parameters".into()),
        Some(("postgres" | "postgresql", _)) => {
            Err("names PostgreSQL, which this version does not support yet".into())
        }
        _ => Err("is not a database URL".into()),
    }
}

/// `scheme://host[:port][/path]`, without user and fragment: a password in a URL would be shown.
fn is_url(text: &str, schemes: &[&str]) -> bool {
    let Ok(url) = text.parse::<hyper::Uri>() else { return false };
    url.scheme_str().is_some_and(|scheme| schemes.contains(&scheme))
        && url.host().is_some_and(|host| !host.is_empty())
        && url.authority().is_some_and(|authority| !authority.as_str().contains('@'))
        && url.port_u16() != Some(0)
}

fn is_log_filter(text: &str) -> bool {
    let level = |l: &str| LEVELS.iter().any(|known| known.eq_ignore_ascii_case(l));
    !text.is_empty()
        && text.split(',').all(|part| match part.trim().split_once('=') {
            None => level(part.trim()),
            Some((target, l)) => !target.is_empty() && level(l),
        })
}

/// What a setting accepts, in words.
pub(super) fn accepts(kind: Kind) -> String {
    match kind {
        Kind::Address => {
            "accepted: \"ADDRESS:PORT\" such as \"0.0.0.0:4433\", \"[::]:4433\" (IPv4 and IPv6), or \":4433\"".into()
        }
        Kind::Bool => "accepted: true or false".into(),
        Kind::Choice(words) => format!("accepted: \"{}\"", words.join("\", \"")),
        Kind::Path => "accepted: the path of a file, in quotes".into(),
        Kind::Names => {
            "accepted: a list of names and addresses without port, such as [\"mps.example.com\", \"192.0.2.7\"]".into()
        }
        Kind::WebOrigins => {
            "accepted: a list of origins such as [\"https://console.example.com\"], without path and without wildcard".into()
        }
        Kind::Networks => {
            "accepted: a list of addresses and networks such as [\"192.0.2.7\", \"2001:db8::/32\"]".into()
        }
        Kind::Ports => "accepted: a list of port numbers from 1 to 65535, at least one".into(),
        Kind::Count { min, max } => format!("accepted: a whole number from {min} to {max}"),
        Kind::Span { min, max, whole_seconds } => format!(
            "accepted: a duration from {} to {}{}, such as \"30s\" (units ms, s, m, h, d)",
            Span(min),
            Span(max),
            if whole_seconds { " in whole seconds" } else { "" }
        ),
        Kind::Size { min, max } => format!(
            "accepted: a size from {} to {}, such as \"64KiB\" (units B, KiB, MiB, kB, MB)",
            ByteSize(min),
            ByteSize(max)
        ),
        Kind::StoreUrl => "accepted: \"sqlite:///var/lib/viaduct/viaduct.db\"".into(),
        Kind::Url(schemes) => {
            format!("accepted: a URL such as \"{}://host.example\", without user", schemes[0])
        }
        Kind::Text | Kind::Secret => "accepted: a text in quotes".into(),
        Kind::EventTypes => format!(
            "accepted: a list of types or families, such as [\"tunnel\", \"device.alert\"]; there are {}",
            viaduct_api::EVENT_TYPES.iter().map(|(kind, _)| *kind).collect::<Vec<_>>().join(", ")
        ),
        Kind::LogLevel => {
            "accepted: error, warn, info, debug, trace or off, or a list such as \"info,viaduct_server::tls=debug\"".into()
        }
        Kind::Table(_) => "accepted: a table with".into(),
        Kind::Tables(fields) => format!("accepted: a list of tables with{}", names(fields)),
    }
}
