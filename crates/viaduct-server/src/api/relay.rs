//! The WebSocket relay at Open AMT's path: `GET /relay/webrelay.ashx?p=2&host=GUID&port=16994&tls=0&mode=kvm`.
//!
//! The subprotocol is the right: a ticket of ours, or one of Open AMT's redirection tokens. It is echoed, as browsers
//! demand. What is wrong with the request is a status; what goes wrong with the redirection is a close code with a
//! reason, because pages cannot see a status.

use super::{Api, guard::Origin, refusal::Refusal};
use crate::{
    access::RedirectionGrant,
    config::Secret,
    redirect::{Asked, Framing, Grant},
};
use amt::port::ServicePort;
use axum::{
    extract::{FromRequestParts, Request, State, ws::WebSocketUpgrade},
    http::{HeaderMap, header},
    response::Response,
};
use std::{collections::HashMap, sync::Arc};
use viaduct_api::{Code, RedirectionMode};

/// Longest message of a console.
const MESSAGE_MAX: usize = 1 << 20;
/// A console may offer so many subprotocols.
const OFFERS: usize = 8;
/// Offered beside the token, it asks for binary messages.
const BINARY: &str = "binary";

pub(super) async fn relay(
    State(api): State<Arc<Api>>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(|error| {
        let detail = format!("this path is a WebSocket: {}", error.body_text());
        Refusal::new(Code::UpgradeNeeded, detail)
            .next("Open a WebSocket with a ticket of POST /api/v1/redirections/tickets as its subprotocol.")
    })?;
    same_origin(&parts.headers, &api.origins)?;
    let offers = offers(&parts.headers);
    let query: HashMap<String, String> = query(parts.uri.query().unwrap_or_default());
    let asked = asked(&query, offers.iter().any(|offer| offer == BINARY))?;
    let (token, grant) = admitted(&api, &offers, &asked).ok_or_else(|| {
        Refusal::new(Code::NotSignedIn, "the subprotocol is no ticket for this device and mode")
            .next(
                "Get a new ticket: each is good once, for half a minute, for one device and mode.",
            )
    })?;
    let console = match parts.extensions.get::<Origin>() {
        Some(Origin::Network(peer)) => Some(*peer),
        _ => None,
    };
    let redirections = api.redirections.clone();
    Ok(upgrade
        .protocols([token])
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .write_buffer_size(0)
        .on_upgrade(move |socket| redirections.serve(socket, grant, asked, console)))
}

/// The first offer that gives the right, and what it gives. A ticket is used up by being shown, good or not.
fn admitted(api: &Api, offers: &[String], asked: &Asked) -> Option<(String, Grant)> {
    offers.iter().filter(|offer| *offer != BINARY).find_map(|offer| {
        let grant =
            api.redirections.redeem(offer, asked).or_else(|| by_token(api, offer, asked))?;
        Some((offer.clone(), grant))
    })
}

/// Open AMT's tokens name no mode and may be shown again until they expire; they still belong to one device and user.
fn by_token(api: &Api, token: &str, asked: &Asked) -> Option<Grant> {
    if !api.redirection_tokens {
        return None;
    }
    let RedirectionGrant { principal, device } =
        api.access.redirection(&Secret::new(token.to_owned())).ok()?;
    let grant = Grant { principal, device, mode: None, take_over: asked.take_over };
    api.redirections.holds(&grant, asked).then_some(grant)
}

fn offers(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|offer| offer.trim().to_owned())
        .filter(|offer| !offer.is_empty())
        .take(OFFERS)
        .collect()
}

/// Parameters by name in lower case; the first of each counts. Nothing in them needs escaping.
fn query(text: &str) -> HashMap<String, String> {
    let mut found = HashMap::new();
    for pair in text.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        found.entry(name.to_ascii_lowercase()).or_insert_with(|| value.to_owned());
    }
    found
}

fn asked(query: &HashMap<String, String>, binary: bool) -> Result<Asked, Refusal> {
    let get = |name: &str| query.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let bad = |name: &str, why: &str| {
        Refusal::new(
            Code::BadRequest,
            format!("{name} = `{}` {why}", get(name).unwrap_or_default()),
        )
    };
    let on = |name: &str| matches!(get(name), Some("1" | "true"));
    let device = get("host").and_then(|host| host.parse().ok());
    let device = device.ok_or_else(|| bad("host", "is no UUID of a device"))?;
    let redirection = get("p").is_none_or(|p| p == "2");
    let mode = match get("mode") {
        None if redirection => None,
        None => Some(RedirectionMode::Wsman),
        Some(mode) => {
            Some(mode.parse().map_err(|_| bad("mode", "is none of kvm, sol, ider, wsman"))?)
        }
    };
    let wsman = mode == Some(RedirectionMode::Wsman);
    let port = match get("port") {
        None if wsman => Some(ServicePort::Http),
        None => Some(ServicePort::Redirection),
        Some(port) => port.parse().ok().and_then(ServicePort::from_number),
    };
    let fits = |port: &ServicePort| match port {
        ServicePort::Redirection | ServicePort::RedirectionTls => redirection && !wsman,
        ServicePort::Vnc => mode == Some(RedirectionMode::Kvm),
        ServicePort::Http | ServicePort::Https => wsman && !redirection,
        ServicePort::Asf | ServicePort::AsfTls => false,
    };
    let port = port.filter(fits).ok_or_else(|| {
        bad("port", "does not fit the mode: redirection is on 16994 and 16995, a bare screen on 5900, WS-Man (p=1) on 16992 and 16993")
    })?;
    let tls = on("tls");
    let port = if tls { port.counterpart().filter(|p| p.is_tls()).unwrap_or(port) } else { port };
    let framing = if binary || on("binary") { Framing::Binary } else { Framing::Text };
    Ok(Asked { device, mode, port, tls, framing, take_over: on("takeover") })
}

/// Pages of this server, and of the origins in the configuration, may open a relay; programs send no origin.
fn same_origin(headers: &HeaderMap, allowed: &[String]) -> Result<(), Refusal> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Ok(()) };
    let origin = origin.to_str().unwrap_or_default();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = authority(origin).is_some_and(|authority| authority == without_default_port(host));
    let known = allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin));
    if origins.next().is_none() && (own || known) {
        return Ok(());
    }
    let shown: String = origin.chars().take(100).collect();
    let detail = format!("a page of another origin ({}) may not do this", shown.escape_debug());
    Err(Refusal::new(Code::NotAllowed, detail)
        .next("Add the page's origin to `origins` in [web] if it is yours."))
}

/// Host and port of an origin, in lower case, without the port that its scheme implies.
fn authority(origin: &str) -> Option<String> {
    let lower = origin.to_ascii_lowercase();
    let authority = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"))?;
    let plain = !authority.is_empty() && !authority.contains(['/', '@', '?', '#', ' ']);
    plain.then(|| without_default_port(authority))
}

fn without_default_port(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let stripped = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80"));
    // The end of an IPv6 address is no port.
    let bare = stripped.filter(|bare| !bare.contains(':') || bare.ends_with(']'));
    bare.map_or(host.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const GUID: &str = "4c4c4544-004b-4210-8033-b6c04f504633";

    fn parse(text: &str) -> Result<Asked, Refusal> {
        asked(&query(&text.replace("GUID", GUID)), false)
    }

    #[test]
    fn what_pages_ask_for_is_read_in_any_case() {
        let asked = parse("p=2&host=GUID&port=16994&tls=0&tls1only=0&mode=kvm").unwrap();
        assert_eq!(asked.mode, Some(RedirectionMode::Kvm));
        assert_eq!((asked.port, asked.tls), (ServicePort::Redirection, false));
        assert_eq!(asked.framing, Framing::Text);
        let asked =
            parse("P=2&HOST=GUID&Port=16994&TLS=1&Mode=SOL&serverauth=1&user=&binary=1").unwrap();
        assert_eq!((asked.port, asked.tls), (ServicePort::RedirectionTls, true));
        assert_eq!(asked.framing, Framing::Binary);
        assert_eq!(parse("p=1&host=GUID&port=16992").unwrap().mode, Some(RedirectionMode::Wsman));
        assert_eq!(parse("p=2&host=GUID").unwrap().mode, None);
        assert_eq!(parse("p=2&host=GUID&port=5900&mode=kvm").unwrap().port, ServicePort::Vnc);
    }

    #[test]
    fn ports_and_hosts_that_do_not_fit_are_refused() {
        for bad in [
            "p=2&host=10.0.0.1&mode=kvm",
            "p=2&mode=kvm",
            "p=2&host=GUID&port=22&mode=kvm",
            "p=2&host=GUID&port=16992&mode=kvm",
            "p=2&host=GUID&port=5900&mode=sol",
            "p=2&host=GUID&port=623&mode=kvm",
            "p=1&host=GUID&port=16994",
            "p=1&host=GUID&port=16994&mode=kvm",
            "p=2&host=GUID&port=16992&mode=wsman",
            "p=2&host=GUID&mode=root",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_pages_of_this_server_and_those_configured_may_open_a_relay() {
        let check = |origin: &str, host: &str, allowed: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ORIGIN, HeaderValue::from_str(origin).unwrap());
            headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
            let allowed: Vec<String> = allowed.iter().map(|one| (*one).to_owned()).collect();
            same_origin(&headers, &allowed).is_ok()
        };
        assert!(check("https://mps.example:8443", "mps.example:8443", &[]));
        assert!(check("https://MPS.example", "mps.example:443", &[]));
        assert!(check("https://[::1]:8443", "[::1]:8443", &[]));
        assert!(check("https://console.example", "mps.example", &["https://console.example"]));
        for (origin, host) in [
            ("null", "mps.example"),
            ("", "mps.example"),
            ("https://evil.example", "mps.example"),
            ("https://mps.example.evil.example", "mps.example"),
            ("https://sub.mps.example", "mps.example"),
            ("https://mps.example@evil.example", "mps.example"),
            ("https://mps.example:1", "mps.example"),
            ("mps.example", "mps.example"),
            ("https://*", "mps.example"),
        ] {
            assert!(!check(origin, host, &["https://console.example"]), "{origin}");
        }
        assert!(!check("https://x.console.example", "h", &["https://console.example"]));
        assert!(!check("https://anything", "h", &["*", "https://*"]), "no wildcards");
        assert!(same_origin(&HeaderMap::new(), &[]).is_ok(), "programs send none");
    }
}
