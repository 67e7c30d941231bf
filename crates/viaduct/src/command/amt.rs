//! `viaduct amt`: what a PC's management engine says of itself.

mod features;

use super::Desk;
use crate::{
    client::segment,
    failure::Result,
    render::{Column, Format},
    say::inert,
};
use serde_json::{Value, json};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    /// Version and mode of AMT
    Info(Of),
    /// What the PC is made of
    Hardware(Of),
    /// What is switched on; with options, switch it on or off
    Features(features::Options),
    /// The PC's event log
    EventLog(Of),
    /// The PC's own audit log, the newest records
    AuditLog(Of),
    /// The management engine's network
    Network(Of),
    /// Certificates in the management engine
    Certificates(Of),
    /// The management engine's clock
    Time(Of),
    /// Accounts of AMT
    Users(Of),
}

/// The device that is asked.
#[derive(Debug, clap::Args)]
pub(crate) struct Of {
    /// Name, domain name or GUID
    device: String,
}

pub(crate) async fn run(desk: &Desk, command: Command) -> Result<()> {
    match command {
        Command::Info(of) => info(desk, &of.device).await,
        Command::Hardware(of) => object(desk, "hardwareInfo", &of.device).await,
        Command::Features(options) => features::run(desk, &options).await,
        Command::Network(of) => object(desk, "networkSettings", &of.device).await,
        Command::Time(of) => object(desk, "time", &of.device).await,
        Command::EventLog(of) => {
            let rows = get(desk, "log/event", &of.device).await?;
            let columns = ["Time", "EventSeverity", "EntityStr", "Desc"];
            list(desk, rows, ["TIME", "SEVERITY", "ENTITY", "EVENT"], columns)
        }
        Command::AuditLog(of) => {
            let answer = get(desk, "log/audit", &of.device).await?;
            let columns = ["Time", "AuditApp", "Event", "Initiator"];
            list(desk, answer["records"].clone(), ["TIME", "PART", "EVENT", "BY"], columns)
        }
        Command::Certificates(of) => {
            let answer = get(desk, "certificates", &of.device).await?;
            if desk.printer.format != Format::Table && desk.printer.format != Format::Csv {
                return desk.printer.text_or(&answer, |_| String::new());
            }
            let rows = answer["certificates"]["publicKeyCertificateItems"].clone();
            let columns = ["displayName", "issuer", "trustedRootCertificate", "instanceID"];
            list(desk, rows, ["NAME", "ISSUER", "ROOT", "HANDLE"], columns)
        }
        Command::Users(of) => {
            let rows = get(desk, "users", &of.device).await?;
            list(
                desk,
                rows,
                ["NAME", "ADMIN", "ACCESS", "REALMS"],
                ["name", "admin", "access", "realms"],
            )
        }
    }
}

async fn get(desk: &Desk, what: &str, device: &str) -> Result<Value> {
    desk.client.get(&format!("/amt/{what}/{}", segment(device))).await
}

async fn object(desk: &Desk, what: &str, device: &str) -> Result<()> {
    let answer = get(desk, what, device).await?;
    desk.printer.text_or(&answer, flat)
}

async fn info(desk: &Desk, device: &str) -> Result<()> {
    let version = get(desk, "version", device).await?;
    let general = get(desk, "generalSettings", device).await?;
    let software = |id: &str| {
        let all = version["CIM_SoftwareIdentity"]["responses"].as_array();
        let found = all.and_then(|all| all.iter().find(|entry| entry["InstanceID"] == id));
        found.map_or(Value::Null, |entry| entry["VersionString"].clone())
    };
    let setup = &version["AMT_SetupAndConfigurationService"]["response"];
    let mode = match setup["ProvisioningMode"].as_u64() {
        Some(1) => "admin control",
        Some(4) => "client control",
        _ => "unknown",
    };
    let info = json!({
        "amtVersion": software("AMT"),
        "build": software("Build Number"),
        "sku": software("Sku"),
        "mode": mode,
        "hostName": general["Body"]["HostName"],
        "domainName": general["Body"]["DomainName"],
        "digestRealm": general["Body"]["DigestRealm"],
    });
    desk.printer.text_or(&info, flat)
}

fn list(desk: &Desk, rows: Value, heads: [&'static str; 4], keys: [&'static str; 4]) -> Result<()> {
    let Value::Array(rows) = rows else { return desk.printer.text_or(&rows, flat) };
    let [a, b, c, d] = keys.map(|key| move |row: &Value| cell(&row[key]));
    let columns: [Column<'_, Value>; 4] =
        [(heads[0], &a), (heads[1], &b), (heads[2], &c), (heads[3], &d)];
    desk.printer.list(&rows, &columns)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => inert(text),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(" "),
        other => inert(&other.to_string()),
    }
}

/// An object as lines of `path: value`.
fn flat(value: &Value) -> String {
    fn walk(path: &str, value: &Value, lines: &mut Vec<String>) {
        let join =
            |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match value {
            Value::Object(object) => {
                for (key, value) in object {
                    walk(&join(key), value, lines);
                }
            }
            Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
                for (index, item) in items.iter().enumerate() {
                    walk(&format!("{path}[{index}]"), item, lines);
                }
            }
            other => lines.push(format!("{}: {}", inert(path), cell(other))),
        }
    }
    let mut lines = Vec::new();
    walk("", value, &mut lines);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_becomes_lines_and_escapes_stay_harmless() {
        let value = json!({ "a": { "b": [1, 2], "c": [{ "d": true }] }, "e": "x\u{1b}[2J" });
        assert_eq!(flat(&value), "a.b: 1 2\na.c[0].d: true\ne: x\u{fffd}[2J");
    }
}
