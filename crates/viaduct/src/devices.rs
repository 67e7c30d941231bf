//! `viaduct devices`: who is known, who is here, and why somebody is not.

use crate::{
    client::{Client, Failure, segment},
    output::{Format, list, one},
    say::note,
};
use hyper::Method;
use serde_json::{Map, Value, json};
use std::{fs, io::Read, path::Path};
use viaduct_api::{Code, Device, Unclaimed, WhyOffline, WrittenDevice};

/// Verbs of `viaduct devices`.
#[derive(Debug, Clone, clap::Subcommand)]
pub(crate) enum Verb {
    /// List the devices
    Ls {
        /// Only those with this label
        #[arg(short, long, value_name = "K=V")]
        label: Option<String>,
        /// Those that knocked without being known, instead
        #[arg(long)]
        unclaimed: bool,
    },
    /// Show one device
    Show { device: String },
    /// Add a device; prints its credential once when one had to be made
    Add(Add),
    /// Let a device in that knocked or was blocked
    Approve {
        device: String,
        /// Its name from now on
        #[arg(long)]
        name: Option<String>,
    },
    /// Keep a device out
    Block { device: String },
    /// Give a device another name
    Rename { device: String, name: String },
    /// Set labels (k=v) or remove them (k-)
    Label { device: String, labels: Vec<String> },
    /// Forget a device
    Rm {
        device: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// End the tunnel, so that the device dials in anew
    Reconnect { device: String },
    /// Say what is known about an absent device
    WhyOffline { device: String },
}

/// Options of `viaduct devices add`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Add {
    name: String,
    /// AMT UUID
    #[arg(long)]
    guid: String,
    /// Fully qualified domain name
    #[arg(long)]
    fqdn: Option<String>,
    /// User that it signs in with
    #[arg(long, value_name = "U")]
    cira_user: Option<String>,
    /// File with the password that it signs in with; - reads standard input
    #[arg(long, value_name = "FILE")]
    cira_password_file: Option<String>,
    /// SHA-256 (hex) of a client certificate that it may sign in with
    #[arg(long, value_name = "SHA256")]
    certificate: Option<String>,
    /// User of its AMT services
    #[arg(long, value_name = "USER")]
    amt_user: Option<String>,
    /// File with the password of its AMT services; - reads standard input
    #[arg(long, value_name = "FILE")]
    amt_password_file: Option<String>,
    /// A label (repeatable)
    #[arg(long, value_name = "K=V")]
    label: Vec<String>,
}

fn path(device: &str, rest: &str) -> String {
    format!("/api/v1/devices/{}{rest}", segment(device))
}

/// Runs one verb.
pub(crate) async fn run(client: &Client, format: Format, verb: Verb) -> Result<(), Failure> {
    match verb {
        Verb::Ls { unclaimed: true, .. } => unclaimed(client, format).await,
        Verb::Ls { label, .. } => ls(client, format, label).await,
        Verb::Show { device } => {
            let device: Device = client.get(&path(&device, "")).await?;
            one(format, &device, lines);
            Ok(())
        }
        Verb::Add(options) => add(client, format, options).await,
        Verb::Approve { device, name } => {
            let body = name.map_or(json!({}), |name| json!({ "name": name }));
            let written: WrittenDevice =
                client.json(Method::POST, &path(&device, "/approve"), Some(body)).await?;
            written_lines(format, &written);
            Ok(())
        }
        Verb::Block { device } => {
            client.text(Method::POST, &path(&device, "/block"), Some(json!({}))).await?;
            note(&format!("{device} is blocked"));
            Ok(())
        }
        Verb::Rename { device, name } => {
            let body = json!({ "name": name });
            client.text(Method::PATCH, &path(&device, ""), Some(body)).await?;
            note(&format!("{device} is called {name} now"));
            Ok(())
        }
        Verb::Label { device, labels } => label(client, &device, &labels).await,
        Verb::Rm { device, yes } => rm(client, &device, yes).await,
        Verb::Reconnect { device } => {
            let known: Device = client.get(&path(&device, "")).await?;
            let disconnect = format!("/api/v1/devices/disconnect/{}", known.guid);
            client.text(Method::DELETE, &disconnect, None).await?;
            note(&format!("the tunnel of {device} was ended; it dials in again by itself"));
            Ok(())
        }
        Verb::WhyOffline { device } => {
            let why: WhyOffline = client.get(&path(&device, "/why-offline")).await?;
            one(format, &why, why_lines);
            Ok(())
        }
    }
}

fn pair(text: &str) -> Result<(String, Value), Failure> {
    let (key, value) = text.split_once('=').ok_or_else(|| {
        Failure::new(Code::BadRequest, format!("`{text}` is no label; write key=value"))
    })?;
    Ok((key.to_owned(), Value::from(value)))
}

async fn ls(client: &Client, format: Format, label: Option<String>) -> Result<(), Failure> {
    let wanted = label.as_deref().map(pair).transpose()?;
    let mut devices: Vec<Device> = Vec::new();
    loop {
        let page: Vec<Device> =
            client.get(&format!("/api/v1/devices?$top=500&$skip={}", devices.len())).await?;
        let last = page.len() < 500;
        devices.extend(page);
        if last {
            break;
        }
    }
    if let Some((key, value)) = wanted {
        devices.retain(|d| d.labels.get(&key).map(String::as_str) == value.as_str());
    }
    list(format, &devices, &["name", "state", "guid", "from", "ports", "labels"], |d| {
        let labels: Vec<String> = d.labels.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let ports: Vec<String> = d.ports.iter().map(u16::to_string).collect();
        vec![
            d.name.clone(),
            state(d).to_owned(),
            d.guid.to_string(),
            d.address.clone().unwrap_or_default(),
            ports.join(" "),
            labels.join(","),
        ]
    });
    Ok(())
}

fn state(device: &Device) -> &'static str {
    match (device.connection_status, device.blocked) {
        (_, true) => "blocked",
        (true, false) => "online",
        (false, false) => "offline",
    }
}

async fn unclaimed(client: &Client, format: Format) -> Result<(), Failure> {
    let all: Vec<Unclaimed> = client.get("/api/v1/unclaimed").await?;
    list(format, &all, &["guid", "from", "times", "last", "user"], |u| {
        vec![
            u.guid.to_string(),
            u.address.clone(),
            u.count.to_string(),
            u.last.to_string(),
            u.mpsusername.clone().unwrap_or_default(),
        ]
    });
    Ok(())
}

fn lines(device: &Device) -> Vec<String> {
    let mut lines =
        vec![format!("{}  {}", device.name, state(device)), format!("guid       {}", device.guid)];
    if let Some(fqdn) = &device.fqdn {
        lines.push(format!("fqdn       {fqdn}"));
    }
    if let Some(tunnel) = &device.tunnel {
        let tls = tunnel.tls.as_deref().unwrap_or("none");
        lines.push(format!("tunnel     {} since {}, {tls}", tunnel.id, tunnel.since));
        lines.push(format!("channels   {}", tunnel.channels));
    }
    lines.push(format!("ports      {:?}", device.ports));
    if let Some(seen) = device.last_seen {
        let from = device.address.as_deref().unwrap_or("an unknown address");
        lines.push(format!("last seen  {seen} from {from}"));
    }
    if let Some(end) = &device.last_end {
        lines.push(format!("last end   {} ({})", end.reason, end.detail));
    }
    for (key, value) in &device.labels {
        lines.push(format!("label      {key}={value}"));
    }
    lines
}

/// A secret from a file or standard input, without the line end.
fn secret(file: Option<&str>) -> Result<Option<String>, Failure> {
    let Some(file) = file else { return Ok(None) };
    let mut text = String::new();
    let read = match file {
        "-" => std::io::stdin().read_to_string(&mut text).map(drop),
        path => fs::read_to_string(Path::new(path)).map(|read| text = read),
    };
    read.map_err(|e| Failure::new(Code::BadRequest, format!("{file}: {e}")))?;
    Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
}

async fn add(client: &Client, format: Format, options: Add) -> Result<(), Failure> {
    if client.get::<Value>(&path(&options.guid, "")).await.is_ok() {
        let detail = format!("a device with the GUID {} exists already", options.guid);
        return Err(Failure::new(Code::DeviceExists, detail));
    }
    let labels: Map<String, Value> =
        options.label.iter().map(|l| pair(l)).collect::<Result<_, _>>()?;
    let mut body = json!({ "guid": options.guid, "name": options.name, "labels": labels });
    let optional = [
        ("fqdn", options.fqdn),
        ("mpsusername", options.cira_user),
        ("ciraPassword", secret(options.cira_password_file.as_deref())?),
        ("certificate", options.certificate),
        ("amtUser", options.amt_user),
        ("amtPassword", secret(options.amt_password_file.as_deref())?),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            body[key] = Value::from(value);
        }
    }
    let written: WrittenDevice = client.json(Method::POST, "/api/v1/devices", Some(body)).await?;
    written_lines(format, &written);
    Ok(())
}

fn written_lines(format: Format, written: &WrittenDevice) {
    one(format, written, |written| {
        let mut all = vec![format!("{}  {}", written.device.name, written.device.guid)];
        if let Some(issued) = &written.issued {
            all.push(format!("CIRA user      {}", issued.user));
            all.push(format!("CIRA password  {}   (shown once)", issued.password));
        }
        all
    });
}

async fn label(client: &Client, device: &str, labels: &[String]) -> Result<(), Failure> {
    let mut change = Map::new();
    for text in labels {
        match text.strip_suffix('-') {
            Some(key) if !text.contains('=') => drop(change.insert(key.to_owned(), Value::Null)),
            _ => {
                let (key, value) = pair(text)?;
                change.insert(key, value);
            }
        }
    }
    client.text(Method::PATCH, &path(device, ""), Some(json!({ "labels": change }))).await?;
    note(&format!("labels of {device} changed"));
    Ok(())
}

async fn rm(client: &Client, device: &str, yes: bool) -> Result<(), Failure> {
    let known: Device = client.get(&path(device, "")).await?;
    if !yes {
        let detail = format!("{} ({}) would be forgotten; say --yes", known.name, known.guid);
        return Err(Failure::new(Code::BadRequest, detail));
    }
    client.text(Method::DELETE, &path(&known.guid.to_string(), ""), None).await?;
    note(&format!("{} is forgotten", known.name));
    Ok(())
}

fn why_lines(why: &WhyOffline) -> Vec<String> {
    let mut lines = vec![why.summary.clone()];
    for check in &why.checks {
        let seen = serde_json::to_value(check.seen).unwrap_or_default();
        let mark = match seen.as_str() {
            Some("good" | "ok") => "✓",
            Some("bad") => "✗",
            _ => "·",
        };
        lines.push(format!(" {mark} {:<13} {}", check.about, check.text));
    }
    lines.push(format!("Most likely     {}", why.likely));
    for (n, step) in why.next.iter().enumerate() {
        lines.push(format!("{:<15} {} {step}", if n == 0 { "Try" } else { "" }, n + 1));
    }
    lines
}
