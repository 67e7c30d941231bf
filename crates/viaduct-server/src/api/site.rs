//! Whose page made a browser send a request: the one rule for cookies, streams and the relay.

use axum::http::{Extensions, HeaderMap, HeaderName, header};

/// The request came through this server's own TLS; set by the listener. Without it somebody else may have ended the
/// TLS before us, so that pages of both schemes can be our own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Encrypted;

/// What a request says of the page that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Page<'a> {
    /// It names none: a program, or a browser that only follows a link.
    Unnamed,
    /// A page of this server.
    Own,
    /// Another one, as it calls itself.
    Other(&'a str),
}

/// The page of a request, by its `Origin`.
pub(super) fn page<'a>(headers: &'a HeaderMap, extensions: &Extensions) -> Page<'a> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let Some(origin) = origins.next() else { return Page::Unnamed };
    let origin = origin.to_str().unwrap_or_default();
    let host = host(headers);
    let encrypted = extensions.get::<Encrypted>().is_some();
    if origins.next().is_none() && is_own(origin, host, encrypted) {
        return Page::Own;
    }
    Page::Other(origin)
}

/// The name and port of this server by which the request came.
pub(super) fn host(headers: &HeaderMap) -> &str {
    headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default()
}

/// Whether the browser itself says that another site's page wants it, also where it sends no `Origin`. Links that
/// people follow are no page's doing.
pub(super) fn fetched_by_others(headers: &HeaderMap) -> bool {
    let text = |name: &'static str| {
        headers.get(HeaderName::from_static(name)).and_then(|value| value.to_str().ok())
    };
    matches!(text("sec-fetch-site"), Some("cross-site" | "same-site"))
        && text("sec-fetch-mode") != Some("navigate")
}

/// An origin is scheme, host and port. What is not written like one (`null`, say) is nobody's.
fn is_own(origin: &str, host: &str, encrypted: bool) -> bool {
    let origin = origin.to_ascii_lowercase();
    let (rest, port) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(rest), _) => (rest, ":443"),
        (_, Some(rest)) if !encrypted => (rest, ":80"),
        _ => return false,
    };
    let plain = !rest.is_empty() && !rest.contains(['/', '@', '?', '#', ' ']);
    plain && without(rest, port) == without(&host.to_ascii_lowercase(), port)
}

fn without<'a>(host: &'a str, port: &str) -> &'a str {
    // The end of an IPv6 address is no port.
    let bare = host.strip_suffix(port).filter(|bare| !bare.contains(':') || bare.ends_with(']'));
    bare.unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn an_origin_is_ours_by_scheme_host_and_port() {
        for (origin, host) in [
            ("https://mps.example:8443", "mps.example:8443"),
            ("https://MPS.example", "mps.example:443"),
            ("https://mps.example:443", "mps.example"),
            ("https://[::1]:8443", "[::1]:8443"),
            ("https://[::443]", "[::443]"),
        ] {
            assert!(is_own(origin, host, true) && is_own(origin, host, false), "{origin}");
        }
        assert!(is_own("http://127.0.0.1:8080", "127.0.0.1:8080", false), "without TLS");
        for (origin, host) in [
            ("null", "mps.example"),
            ("", "mps.example"),
            ("", ""),
            ("https://", ""),
            ("http://mps.example", "mps.example"),
            ("http://mps.example:8443", "mps.example:8443"),
            ("http://mps.example:443", "mps.example"),
            ("https://mps.example:80", "mps.example"),
            ("https://evil.example", "mps.example"),
            ("https://mps.example.evil.example", "mps.example"),
            ("https://sub.mps.example", "mps.example"),
            ("https://mps.example@evil.example", "mps.example"),
            ("https://mps.example:1", "mps.example"),
            ("https://mps.example/", "mps.example"),
            ("wss://mps.example", "mps.example"),
            ("mps.example", "mps.example"),
            ("https://*", "mps.example"),
            ("*", "mps.example"),
        ] {
            assert!(!is_own(origin, host, true), "{origin}");
        }
    }

    #[test]
    fn two_origins_are_not_ours_and_none_is_a_program() {
        let mut headers = HeaderMap::new();
        let extensions = Extensions::new();
        assert_eq!(page(&headers, &extensions), Page::Unnamed);
        headers.insert(header::HOST, HeaderValue::from_static("mps.example"));
        headers.insert(header::ORIGIN, HeaderValue::from_static("https://mps.example"));
        assert_eq!(page(&headers, &extensions), Page::Own);
        headers.append(header::ORIGIN, HeaderValue::from_static("https://mps.example"));
        assert!(matches!(page(&headers, &extensions), Page::Other(_)));
    }

    #[test]
    fn browsers_say_when_another_site_wants_something() {
        let said = |site, mode| {
            let mut headers = HeaderMap::new();
            headers.insert("sec-fetch-site", HeaderValue::from_static(site));
            headers.insert("sec-fetch-mode", HeaderValue::from_static(mode));
            fetched_by_others(&headers)
        };
        assert!(said("cross-site", "no-cors") && said("same-site", "cors"));
        assert!(!said("same-origin", "cors") && !said("none", "navigate"));
        assert!(!said("same-site", "navigate") && !fetched_by_others(&HeaderMap::new()));
    }
}
