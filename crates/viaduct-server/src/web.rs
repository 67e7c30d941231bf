//! The dashboard, embedded: what `web/` was built into when this program was.
//!
//! Without Node.js at build time there is nothing to embed; the server then says so on its front page.

use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// Where the dashboard has pages, also below; `/` is a route. Its page on the server's health is missing,
/// because probes ask at its path: it is only for who asks for a page.
const PAGES: [&str; 11] = [
    "/devices",
    "/add",
    "/unclaimed",
    "/media",
    "/redirections",
    "/audit",
    "/people",
    "/settings",
    "/permissions",
    "/account",
    "/setup",
];

/// Whether a path is a page of the dashboard, whoever asks for it.
pub(crate) fn is_page(path: &str) -> bool {
    let below = |page: &&str| {
        path.strip_prefix(*page).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    PAGES.iter().any(below)
}

/// Whether a path would be a file of the dashboard, there or not.
pub(crate) fn is_file(path: &str) -> bool {
    path.rsplit('/').next().unwrap_or_default().contains('.')
}

/// The file that a path of the dashboard means, and its media type. A path without an ending is one of the
/// dashboard's own places, which its script shows.
pub(crate) fn file(path: &str) -> Option<(EmbeddedFile, &'static str)> {
    let name = path.trim_start_matches('/');
    let name = if is_file(name) { name } else { "index.html" };
    Dist::get(name).map(|file| (file, media_type(name)))
}

/// The same file, packed by the build.
pub(crate) fn gzipped(path: &str) -> Option<EmbeddedFile> {
    Dist::get(&format!("{}.gz", path.trim_start_matches('/')))
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_the_dashboard_are_its_page_and_files_are_themselves() {
        // Holds with and without a dashboard built in.
        assert_eq!(file("/devices/x/screen").is_some(), Dist::get("index.html").is_some());
        assert_eq!(file("/").map(|(_, kind)| kind), file("/devices").map(|(_, kind)| kind));
        assert!(file("/assets/../../Cargo.toml").is_none());
        assert!(file("/no-such.js").is_none());
    }

    #[test]
    fn every_page_of_the_dashboard_is_known_and_no_probe_takes_one_for_health() {
        let routes = include_str!("../../../web/src/routes.tsx");
        let paths = routes.split("path: '").skip(1).filter_map(|rest| rest.split('\'').next());
        let pages: Vec<&str> = paths.map(|path| path.split("/:").next().unwrap()).collect();
        assert!(pages.len() > 10, "{pages:?}");
        for page in pages {
            assert_eq!(is_page(page), !["/", "/health"].contains(&page), "{page}");
        }
        for page in ["/devices/x/screen", "/setup"] {
            assert!(is_page(page), "{page}");
        }
        for other in ["/healthz", "/livez", "/readyz", "/version", "/devicesx", "/metrics", "/"] {
            assert!(!is_page(other), "{other}");
        }
    }
}
