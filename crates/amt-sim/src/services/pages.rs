//! The few web pages: what a browser sees before and after it has signed in.

use super::{host::Host, power};

/// The body of a 401, in the manner of firmware.
pub(super) const SIGN_IN: &str = "<!DOCTYPE html>\r\n\
<html><head><meta charset=\"utf-8\"><title>Intel&reg; Active Management Technology</title></head>\r\n\
<body><h1>Log on failed</h1>\r\n\
<p>Incorrect user name or password, or access is temporarily prevented. Sign in to manage this \
computer.</p>\r\n\
</body></html>\r\n";

/// The body of a 404.
pub(super) const NOT_FOUND: &str = "<!DOCTYPE html>\r\n\
<html><head><meta charset=\"utf-8\"><title>Not found</title></head>\r\n\
<body><h1>Not found</h1><p>This computer's management engine has no such page.</p></body></html>\r\n";

/// What firmware says when it fails, whatever the status.
pub(super) const FAILED: &str = "<!DOCTYPE html>\r\n\
<html><head><meta charset=\"utf-8\"><title>Error</title></head>\r\n\
<body><h1>Error</h1><p>This computer's management engine could not do it.</p></body></html>\r\n";

/// The page at `/`.
pub(super) fn overview(host: &Host) -> String {
    let config = host.config();
    let store = host.store();
    let setting = |name| store.text("AMT_GeneralSettings", name).unwrap_or_default();
    let rows = [
        ("Computer", setting("HostName")),
        ("Domain", setting("DomainName")),
        ("System ID", config.guid.to_string()),
        ("Power", power::word(host.power().now()).to_owned()),
        ("Version", config.amt_version.clone()),
    ];
    let rows: String = rows
        .iter()
        .map(|(name, value)| format!("<tr><th>{name}</th><td>{}</td></tr>\r\n", escaped(value)))
        .collect();
    format!(
        "<!DOCTYPE html>\r\n<html><head><meta charset=\"utf-8\">\
         <title>Intel&reg; Active Management Technology</title></head>\r\n\
         <body><h1>System status</h1>\r\n<table>\r\n{rows}</table>\r\n</body></html>\r\n"
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
