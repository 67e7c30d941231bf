//! Devices approved, blocked, renamed, labelled, removed, told to dial in again.

use super::{
    super::{Desk, secret},
    add::{one_from_standard_input, path, tell_credential},
    label,
};
use crate::{
    client::segment,
    failure::{Failure, Result, sum_up},
    render::Format,
    say::{ask, inert, note},
};
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep};
use viaduct_api::{Claim, Code, Device, DevicePatch, WrittenDevice};

#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    /// GUIDs of devices that knocked, or names of blocked ones
    #[arg(required = true, value_name = "DEVICE")]
    devices: Vec<String>,
    /// Name to give it; without it the GUID
    #[arg(long)]
    name: Option<String>,
    /// Fully qualified domain name
    #[arg(long)]
    fqdn: Option<String>,
    /// CIRA user that the PC has
    #[arg(long, value_name = "USER", requires = "cira_password_file")]
    cira_user: Option<String>,
    /// File with the CIRA password that the PC has, - for standard input; without it the one that it presented counts
    #[arg(long, value_name = "FILE")]
    cira_password_file: Option<PathBuf>,
    /// Label, KEY=VALUE or KEY (repeatable)
    #[arg(long = "label", value_name = "LABEL", value_parser = label)]
    labels: Vec<(String, String)>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Reconnect {
    /// Names, domain names or GUIDs
    #[arg(required = true, value_name = "DEVICE")]
    devices: Vec<String>,
    /// Wait until it is back
    #[arg(long)]
    wait: bool,
    /// Wait at most so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 120, requires = "wait")]
    timeout: u64,
}

pub(super) async fn approve(desk: &Desk, options: Approve) -> Result<()> {
    if options.devices.len() > 1 && (options.name.is_some() || options.fqdn.is_some()) {
        return Err(Failure::usage("--name and --fqdn are for one device"));
    }
    let claim = Claim {
        name: options.name,
        fqdn: options.fqdn,
        labels: BTreeMap::from_iter(options.labels),
        cira_user: options.cira_user,
        cira_password: options.cira_password_file.as_deref().map(secret::from_file).transpose()?,
    };
    let (mut done, mut failures) = (Vec::<WrittenDevice>::new(), Vec::new());
    for device in &options.devices {
        match desk.client.post(&format!("{}/approve", path(device)), &claim).await {
            Ok(written) => done.push(written),
            Err(failure) => failures.push(failure),
        }
    }
    if desk.printer.format == Format::Table {
        for written in &done {
            note(&format!("{} is let in", inert(&written.device.name)));
            tell_credential(written);
        }
    } else {
        desk.printer.list(
            &done,
            &[("GUID", &|it| it.device.guid.to_string()), ("NAME", &|it| it.device.name.clone())],
        )?;
    }
    sum_up(done.len(), failures)
}

pub(super) async fn block(desk: &Desk, devices: &[String]) -> Result<()> {
    confirm(desk, devices, "block")?;
    let mut failures = Vec::new();
    for device in devices {
        match desk.client.post::<_, Device>(&format!("{}/block", path(device)), &()).await {
            Ok(device) => note(&format!("{} is turned away from now on", inert(&device.name))),
            Err(failure) => failures.push(failure),
        }
    }
    sum_up(devices.len() - failures.len(), failures)
}

pub(super) async fn rename(desk: &Desk, device: &str, name: String) -> Result<()> {
    let patch = DevicePatch { name: Some(name), ..DevicePatch::default() };
    let changed: Device = desk.client.patch(&path(device), &patch).await?;
    told(desk, &changed, &format!("{device} is called {} now", changed.name))
}

/// The passwords that the server signs in to a device with.
#[derive(Debug, clap::Args)]
pub(crate) struct Password {
    /// Name, domain name or GUID
    device: String,
    /// User of the PC's AMT services; without it the one that is known, or admin
    #[arg(long, value_name = "USER", requires = "amt_password_file")]
    amt_user: Option<String>,
    /// File with the password of its AMT services, - for standard input
    #[arg(long, value_name = "FILE", required_unless_present = "rfb_password_file")]
    amt_password_file: Option<PathBuf>,
    /// File with the RFB password of its port 5900 (eight characters), - for standard input
    #[arg(long, value_name = "FILE")]
    rfb_password_file: Option<PathBuf>,
}

/// Stores them; what the PC has is not changed.
pub(super) async fn password(desk: &Desk, options: Password) -> Result<()> {
    one_from_standard_input(&[&options.amt_password_file, &options.rfb_password_file])?;
    let read = |file: Option<PathBuf>| file.as_deref().map(secret::from_file).transpose();
    let patch = DevicePatch {
        amt_user: options.amt_user,
        amt_password: read(options.amt_password_file)?,
        rfb_password: read(options.rfb_password_file)?,
        ..DevicePatch::default()
    };
    let changed: Device = desk.client.patch(&path(&options.device), &patch).await?;
    told(desk, &changed, &format!("{}: stored, sealed; the PC itself is not changed", changed.name))
}

pub(super) async fn set_labels(desk: &Desk, device: &str, labels: &[String]) -> Result<()> {
    let mut patch = DevicePatch::default();
    for text in labels {
        let (key, value) = match text.strip_suffix('-') {
            Some(key) if !key.contains('=') => (key.to_owned(), None),
            _ => {
                let (key, value) = label(text).map_err(Failure::usage)?;
                (key, Some(value))
            }
        };
        patch.labels.insert(key, value);
    }
    let device: Device = desk.client.patch(&path(device), &patch).await?;
    let labels = match device.tags.is_empty() {
        true => "no labels".to_owned(),
        false => device.tags.join(" "),
    };
    told(desk, &device, &format!("{}: {labels}", device.name))
}

/// A line for people, the device as it is now for programs.
fn told(desk: &Desk, device: &Device, line: &str) -> Result<()> {
    if desk.printer.format == Format::Table {
        note(&inert(line));
        return Ok(());
    }
    desk.printer.text_or(device, |_| String::new())
}

pub(super) async fn remove(desk: &Desk, devices: &[String]) -> Result<()> {
    confirm(desk, devices, "remove")?;
    let mut failures = Vec::new();
    for device in devices {
        match desk.client.delete(&path(device)).await {
            Ok(()) => note(&format!("{device} removed")),
            Err(failure) => failures.push(failure),
        }
    }
    sum_up(devices.len() - failures.len(), failures)
}

pub(super) async fn reconnect(desk: &Desk, options: Reconnect) -> Result<()> {
    let mut failures = Vec::new();
    for device in &options.devices {
        if let Err(failure) = reconnect_one(desk, device, &options).await {
            failures.push(failure);
        }
    }
    sum_up(options.devices.len() - failures.len(), failures)
}

async fn reconnect_one(desk: &Desk, name: &str, options: &Reconnect) -> Result<()> {
    let before: Device = desk.client.get(&path(name)).await?;
    let Some(tunnel) = before.tunnel else {
        return Err(Failure::new(Code::DeviceAway, format!("{} has no tunnel now", before.name)));
    };
    desk.client.delete(&format!("/devices/disconnect/{}", segment(name))).await?;
    let ended = Instant::now();
    note(&format!(
        "{}: tunnel #{} ended, it dials in again by itself",
        inert(&before.name),
        tunnel.id
    ));
    if !options.wait {
        return Ok(());
    }
    let deadline = ended + Duration::from_secs(options.timeout);
    loop {
        let now: Device = desk.client.get(&path(name)).await?;
        if let Some(new) = now.tunnel.filter(|new| new.id != tunnel.id) {
            note(&format!(
                "{}: back with tunnel #{} after {} s",
                inert(&before.name),
                new.id,
                ended.elapsed().as_secs()
            ));
            return Ok(());
        }
        if Instant::now() >= deadline {
            let detail = format!("{} is not back after {} s", before.name, options.timeout);
            return Err(Failure::new(Code::DeviceAway, detail));
        }
        sleep(Duration::from_millis(500)).await;
    }
}

/// More than one device: the list is shown and the number asked for. Without a terminal, `--yes` is needed.
fn confirm(desk: &Desk, devices: &[String], verb: &str) -> Result<()> {
    if desk.yes || devices.len() < 2 {
        return Ok(());
    }
    for device in devices {
        note(&format!("  {device}"));
    }
    match ask(&format!("Type {} to {verb} these devices: ", devices.len())) {
        Some(answer) if answer == devices.len().to_string() => Ok(()),
        Some(_) => Err(Failure::declined()),
        None => Err(Failure::usage(format!(
            "{verb} {} devices: --yes is needed where nobody can be asked",
            devices.len()
        ))),
    }
}
