//! The WebSocket relay at Open AMT's path: `GET /relay/webrelay.ashx?p=2&host=GUID&port=16994&tls=0&mode=kvm`.
//!
//! The subprotocol is the right: a ticket of ours, or one of Open AMT's redirection tokens. It is echoed, as browsers
//! demand. What is wrong with the request is a status for programs; for pages, which cannot see one, the socket opens
//! and ends at once. What goes wrong with the redirection is a close code with a reason for both.

use super::{
    Api,
    guard::{self, Origin},
    refusal::Refusal,
    site::{self, Page},
};
use crate::{
    access::{RedirectionGrant, SignInError},
    config::Secret,
    redirect::{Asked, End, Framing, Grant, TicketFault},
};
use amt::port::ServicePort;
use axum::{
    extract::{FromRequestParts, Request, State, ws::WebSocketUpgrade},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::Response,
};
use std::{collections::HashMap, sync::Arc};
use viaduct_api::{Code, RedirectionMode};

/// Longest message of a console.
const MESSAGE_MAX: usize = 1 << 20;
/// Taken from a console's socket at once, and held for it as long as it is there.
const READ: usize = 8 << 10;
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
    let page = permitted_page(&parts, &api.origins)?;
    let upgrade = upgrade
        .max_message_size(MESSAGE_MAX)
        .max_frame_size(MESSAGE_MAX)
        .read_buffer_size(READ)
        .write_buffer_size(0);
    let redirections = api.redirections.clone();
    let offers = offers(&parts.headers);
    match admitted(&api, &parts, &offers) {
        Ok(Admitted { token, grant, asked }) => {
            let console = match parts.extensions.get::<Origin>() {
                Some(Origin::Network(peer)) => Some(*peer),
                _ => None,
            };
            Ok(upgrade
                .protocols([token])
                .on_upgrade(move |socket| redirections.serve(socket, grant, asked, console)))
        }
        Err(end) if page => {
            // Browsers drop a connection that does not answer one of their offers.
            let offer = offers.into_iter().find(|offer| offer != BINARY);
            Ok(upgrade
                .protocols(offer)
                .on_upgrade(move |socket| async move { redirections.turn_away(socket, end).await }))
        }
        Err(end) => Err(refusal(&end)),
    }
}

/// A request with the right to what it asks for.
struct Admitted {
    token: String,
    grant: Grant,
    asked: Asked,
}

fn admitted(api: &Api, parts: &Parts, offers: &[String]) -> Result<Admitted, End> {
    let query: HashMap<String, String> = query(parts.uri.query().unwrap_or_default());
    let asked = asked(&query, offers.iter().any(|offer| offer == BINARY))?;
    let (token, grant) = granted(api, offers, &asked).map_err(End::Ticket)?;
    // Whoever is signed in as somebody else is not the one whom the ticket was given to.
    let other = |name: String| name != grant.principal.name;
    if guard::name_in(api, &parts.headers).is_some_and(other) {
        return Err(End::Ticket(TicketFault::OtherUser));
    }
    Ok(Admitted { token, grant, asked })
}

/// What programs are told, as a status.
fn refusal(end: &End) -> Refusal {
    let refusal = Refusal::new(end.code().unwrap_or(Code::Internal), end.detail());
    match end {
        End::Ticket(_) => refusal.sent_as(StatusCode::UNAUTHORIZED).next(
            "Get a new ticket: each is good once, for half a minute, for one device and mode.",
        ),
        _ => refusal,
    }
}

/// The first offer that gives the right, and what it gives. A ticket is used up by being shown, good or not.
fn granted(api: &Api, offers: &[String], asked: &Asked) -> Result<(String, Grant), TicketFault> {
    let mut first = None;
    for offer in offers.iter().filter(|offer| *offer != BINARY) {
        let result = match api.redirections.redeem(offer, asked) {
            Err(TicketFault::Unknown) => by_token(api, offer, asked),
            known => known,
        };
        match result {
            Ok(grant) => return Ok((offer.clone(), grant)),
            Err(fault) => first = first.or(Some(fault)),
        }
    }
    Err(first.unwrap_or(TicketFault::Missing))
}

/// Open AMT's tokens name no mode and may be shown again until they expire; they still belong to one device and user.
fn by_token(api: &Api, token: &str, asked: &Asked) -> Result<Grant, TicketFault> {
    let token = Secret::new(token.to_owned());
    match api.access.redirection(&token) {
        Ok(RedirectionGrant { principal, device }) if api.redirection_tokens => {
            let grant = Grant { principal, device, mode: None, take_over: asked.take_over };
            api.redirections.holds(&grant, asked)?;
            Ok(grant)
        }
        Err(SignInError::Expired) => Err(TicketFault::Expired),
        _ if api.access.bearer(&token).is_ok() || api.access.browser(&token).is_ok() => {
            Err(TicketFault::NotForRelay)
        }
        _ => Err(TicketFault::Unknown),
    }
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

fn asked(query: &HashMap<String, String>, binary: bool) -> Result<Asked, End> {
    let get = |name: &str| query.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let bad = |name: &str, why: &str| {
        let shown: String = get(name).unwrap_or_default().chars().take(40).collect();
        End::BadRequest(format!("{name} = `{}` {why}", shown.escape_debug()))
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
    let take_over = on("takeover");
    Ok(Asked { device, mode, port, tls, sign_in: redirection, framing, take_over })
}

/// Pages of this server, and of the origins in the configuration, may open a relay; programs name no page. Whether it is
/// a page: those are told by close codes what others are told by a status.
fn permitted_page(parts: &Parts, allowed: &[String]) -> Result<bool, Refusal> {
    let origin = match site::page(&parts.headers, &parts.extensions) {
        Page::Unnamed => return Ok(false),
        Page::Own => return Ok(true),
        Page::Other(origin) => origin,
    };
    let one = parts.headers.get_all(header::ORIGIN).iter().count() == 1;
    if one && allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin)) {
        return Ok(true);
    }
    let shown: String = origin.chars().take(100).collect();
    let detail = format!("a page of another origin ({}) may not do this", shown.escape_debug());
    Err(Refusal::new(Code::NotAllowed, detail)
        .next("Add the page's origin to `origins` in [web] if it is yours."))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::{self, HeaderValue};

    const GUID: &str = "4c4c4544-004b-4210-8033-b6c04f504633";

    fn parse(text: &str) -> Result<Asked, End> {
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
        let check = |origins: &[&'static str], allowed: &[&str]| {
            let (mut parts, ()) = http::Request::new(()).into_parts();
            parts.extensions.insert(site::Encrypted);
            parts.headers.insert(header::HOST, HeaderValue::from_static("mps.example"));
            for origin in origins {
                parts.headers.append(header::ORIGIN, HeaderValue::from_static(origin));
            }
            let allowed: Vec<String> = allowed.iter().map(|one| (*one).to_owned()).collect();
            permitted_page(&parts, &allowed).ok()
        };
        let console = "https://console.example";
        assert_eq!(check(&["https://mps.example"], &[]), Some(true));
        assert_eq!(check(&[console], &[console]), Some(true));
        assert_eq!(check(&[], &[]), Some(false), "programs send none");
        for origin in ["null", "https://evil.example", "http://mps.example", "https://*"] {
            assert_eq!(check(&[origin], &[console]), None, "{origin}");
        }
        assert_eq!(check(&["https://x.console.example"], &[console]), None);
        assert_eq!(check(&["https://anything"], &["*", "https://*"]), None, "no wildcards");
        assert_eq!(check(&[console, "https://evil.example"], &[console]), None);
    }
}
