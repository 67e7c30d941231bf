//! The dashboard, embedded: what `web/` was built into when this program was.
//!
//! Without Node.js at build time there is nothing to embed; the server then says so on its front page.

use rust_embed::{Embed, EmbeddedFile};

#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// The file that a path of the dashboard means, and its media type. A path without an ending is one of the
/// dashboard's own places, which its script shows.
pub(crate) fn file(path: &str) -> Option<(EmbeddedFile, &'static str)> {
    let name = path.trim_start_matches('/');
    let last = name.rsplit('/').next().unwrap_or_default();
    let name = if last.contains('.') { name } else { "index.html" };
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
}
