//! What the demonstration prints: one JSON line for programs, or a screen for people.

use super::{Demo, USER};
use crate::say::data;
use serde::Serialize;
use std::net::SocketAddr;

/// The line of `--json`; the names and their order are a contract.
#[derive(Debug, Serialize)]
pub(super) struct Ready {
    ready: bool,
    pid: u32,
    dashboard: String,
    api: String,
    cira: String,
    socks5: String,
    http_proxy: String,
    metrics: String,
    ca_file: String,
    user: &'static str,
    password: String,
    token: String,
    devices: Vec<Device>,
}

#[derive(Debug, Serialize)]
struct Device {
    guid: String,
    name: String,
    fqdn: String,
    amt_user: String,
    amt_password: String,
}

fn text(address: Option<SocketAddr>) -> String {
    address.map(|address| address.to_string()).unwrap_or_default()
}

fn ready(demo: &Demo<'_>) -> Ready {
    let addresses = demo.running.addresses();
    let web = text(addresses.web);
    Ready {
        ready: true,
        pid: std::process::id(),
        dashboard: format!("https://{web}/"),
        api: format!("https://{web}/api/v1"),
        cira: text(addresses.cira.first().copied()),
        socks5: text(addresses.socks),
        http_proxy: text(addresses.http_proxy),
        metrics: format!("http://{}/metrics", text(addresses.metrics)),
        ca_file: demo.running.ca_file().display().to_string(),
        user: USER,
        password: demo.password.to_owned(),
        token: demo.token.to_owned(),
        devices: demo
            .devices
            .iter()
            .map(|identity| Device {
                guid: identity.guid.to_string(),
                name: identity.name.clone(),
                fqdn: identity.fqdn.clone(),
                amt_user: identity.amt_user.clone(),
                amt_password: identity.amt_password.clone(),
            })
            .collect(),
    }
}

/// The JSON line.
pub(super) fn json(demo: &Demo<'_>) -> String {
    // A struct of texts is always JSON.
    serde_json::to_string(&ready(demo)).unwrap_or_default()
}

/// A text in single quotes for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The screen.
pub(super) fn print(demo: &Demo<'_>) {
    let ready = ready(demo);
    let Some(pc) = ready.devices.first() else { return };
    let program = std::env::current_exe();
    let program = program.map_or("viaduct".to_owned(), |path| path.display().to_string());
    let amt = quoted(&format!("{}:{}", pc.amt_user, pc.amt_password));
    let proxy_user = quoted(&format!("{USER}:{}", ready.password));
    data(&format!(
        "Viaduct demonstration: {} simulated PCs are connected. Ctrl-C ends it.",
        ready.devices.len()
    ));
    data("");
    data(&format!("  Open         {}", ready.dashboard));
    data(
        "               (the browser warns, because the certificate is the demonstration's own: go on)",
    );
    data(&format!("  sign in      user {USER}   password {}", ready.password));
    data(&format!("  A screen     {}devices/{}/screen", ready.dashboard, pc.guid));
    data("");
    data(&format!("  API          {}   (CA: {})", ready.api, ready.ca_file));
    data(&format!("  SOCKS5       {}", ready.socks5));
    data(&format!("  HTTP proxy   {}", ready.http_proxy));
    data(&format!("  metrics      {}", ready.metrics));
    data(&format!(
        "  a PC         {} = {}   AMT user {} password {}",
        pc.name, pc.guid, pc.amt_user, pc.amt_password
    ));
    data("");
    data("Paste one by one in another terminal:");
    data("");
    data("# the web page of a PC's management engine, through SOCKS5");
    data(&format!(
        "curl -s --digest -u {amt} --proxy-user {proxy_user} --socks5-hostname {} http://{}:16992/index.htm",
        ready.socks5, pc.name
    ));
    data("# the same through the HTTP proxy");
    data(&format!(
        "curl -s --digest -u {amt} --proxy-user {proxy_user} -x http://{} http://{}:16992/index.htm",
        ready.http_proxy, pc.fqdn
    ));
    data("# and with CONNECT to the port under TLS");
    data(&format!(
        "curl -s -k --digest -u {amt} --proxy-user {proxy_user} -x http://{} https://{}:16993/index.htm",
        ready.http_proxy, pc.name
    ));
    data(
        "# a serial console (amtterm and proxychains4 from your distribution; leave it with Ctrl-])",
    );
    let (host, port) = ready.socks5.rsplit_once(':').unwrap_or((&ready.socks5, ""));
    data(&format!(
        "printf 'strict_chain\\nproxy_dns\\n[ProxyList]\\nsocks5 {host} {port} {USER} {}\\n' > {}/proxychains.conf",
        ready.password,
        demo.data.display()
    ));
    data(&format!(
        "AMT_PASSWORD={} proxychains4 -q -f {}/proxychains.conf amtterm -u {} {}",
        quoted(&pc.amt_password),
        demo.data.display(),
        pc.amt_user,
        pc.name
    ));
    data("# who is here, by the REST API");
    data(&format!(
        "curl -s --cacert {} -H 'Authorization: Bearer {}' {}/devices",
        ready.ca_file, ready.token, ready.api
    ));
    data(&format!("# the same as a table\n{program} --data {} devices ls", demo.data.display()));
}
