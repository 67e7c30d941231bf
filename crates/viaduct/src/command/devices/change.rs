//! Devices approved, blocked, renamed, labelled, removed, told to dial in again.

use super::{
    super::{
        Desk,
        many::{Outcome, Pace, each, sum_up},
        secret,
        select::{Select, confirm, names},
    },
    add::{one_from_standard_input, path, tell_credential},
    label,
};
use crate::{
    client::{Client, segment},
    failure::{Failure, Result},
    render::Format,
    say::{inert, note},
};
use hyper::Method;
use std::{collections::BTreeMap, path::PathBuf, time::Duration};
use tokio::time::{Instant, sleep};
use viaduct_api::{Claim, Code, Device, DevicePatch, WrittenDevice};

#[derive(Debug, clap::Args)]
pub(crate) struct Approve {
    /// GUIDs of devices that knocked, or names of blocked ones; label:KEY=VALUE and @FILE too
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

/// Devices that something is done to.
#[derive(Debug, clap::Args)]
pub(crate) struct Chosen {
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    pace: Pace,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Ignore {
    /// GUIDs of devices that knocked
    #[arg(required = true, value_name = "GUID")]
    devices: Vec<String>,
    /// Show them again
    #[arg(long)]
    undo: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Reconnect {
    #[command(flatten)]
    chosen: Chosen,
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
    let devices = names(desk, &options.devices, &[]).await?;
    let work = |client: Client, device: String| {
        let claim = claim.clone();
        async move {
            let path = format!("{}/approve", path(&device));
            client.post::<_, WrittenDevice>(&path, &claim).await
        }
    };
    let outcomes = all(desk, devices, &Pace::default(), work, |_| {}).await;
    let done = outcomes.iter().filter_map(|(_, outcome)| match outcome {
        Outcome::Done(written) => Some(written),
        _ => None,
    });
    let done: Vec<&WrittenDevice> = done.collect();
    if desk.printer.format == Format::Table {
        for written in done {
            note(&format!("{} is let in", inert(&written.device.name)));
            tell_credential(written);
        }
    } else if !done.is_empty() {
        desk.printer.list(
            &done,
            &[("GUID", &|it| it.device.guid.to_string()), ("NAME", &|it| it.device.name.clone())],
        )?;
    }
    sum_up(Clone::clone, outcomes)
}

/// The same request for each of the devices.
async fn all<T, F, W>(
    desk: &Desk,
    devices: Vec<String>,
    pace: &Pace,
    work: F,
    done: impl Fn(&T),
) -> Vec<(String, Outcome<T>)>
where
    T: Send + 'static,
    F: Fn(Client, String) -> W,
    W: Future<Output = Result<T>> + Send + 'static,
{
    let items = devices.into_iter().map(|name| (name.clone(), name)).collect();
    let work = |device| work(desk.client.clone(), device);
    each(desk, items, pace, work, |_, outcome| {
        if let Outcome::Done(value) = outcome {
            done(value);
        }
    })
    .await
}

pub(super) async fn block(desk: &Desk, chosen: &Chosen) -> Result<()> {
    let devices = chosen.select.names(desk).await?;
    confirm(desk, &devices, "block", Some(&chosen.pace))?;
    let work = |client: Client, device: String| async move {
        client.post::<_, Device>(&format!("{}/block", path(&device)), &()).await
    };
    let told = |device: &Device| {
        note(&format!("{} is turned away from now on", inert(&device.name)));
    };
    sum_up(Clone::clone, all(desk, devices, &chosen.pace, work, told).await)
}

pub(super) async fn ignore(desk: &Desk, options: &Ignore) -> Result<()> {
    let devices = options.devices.clone();
    let undo = options.undo;
    let work = |client: Client, device: String| async move {
        let path = format!("/unclaimed/{}/ignore", segment(&device));
        match undo {
            true => client.delete(&path).await?,
            false => drop(client.call(Method::POST, &path, None::<&()>, &[]).await?),
        }
        Ok(device)
    };
    let told = |device: &String| {
        let device = inert(device);
        note(&match undo {
            true => format!("{device} is shown again among those that knocked"),
            false => format!("{device} may knock on; `viaduct devices ls --ignored` shows it"),
        });
    };
    sum_up(Clone::clone, all(desk, devices, &Pace::default(), work, told).await)
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
    let devices = names(desk, &[device.to_owned()], &[]).await?;
    confirm(desk, &devices, "label", None)?;
    let work = |client: Client, device: String| {
        let patch = patch.clone();
        async move { client.patch::<_, Device>(&path(&device), &patch).await }
    };
    let say = |device: &Device| {
        let labels = match device.tags.is_empty() {
            true => "no labels".to_owned(),
            false => device.tags.join(" "),
        };
        // It was made of the device a moment ago; what cannot be written cannot be helped.
        drop(told(desk, device, &format!("{}: {labels}", device.name)));
    };
    sum_up(Clone::clone, all(desk, devices, &Pace::default(), work, say).await)
}

/// A line for people, the device as it is now for programs.
fn told(desk: &Desk, device: &Device, line: &str) -> Result<()> {
    if desk.printer.format == Format::Table {
        note(&inert(line));
        return Ok(());
    }
    desk.printer.text_or(device, |_| String::new())
}

pub(super) async fn remove(desk: &Desk, chosen: &Chosen) -> Result<()> {
    let devices = chosen.select.names(desk).await?;
    confirm(desk, &devices, "remove", Some(&chosen.pace))?;
    let work = |client: Client, device: String| async move {
        client.delete(&path(&device)).await.map(|()| device)
    };
    let told = |device: &String| note(&format!("{} removed", inert(device)));
    sum_up(Clone::clone, all(desk, devices, &chosen.pace, work, told).await)
}

pub(super) async fn reconnect(desk: &Desk, options: Reconnect) -> Result<()> {
    let devices = options.chosen.select.names(desk).await?;
    confirm(desk, &devices, "end the tunnels of", Some(&options.chosen.pace))?;
    let patience = options.wait.then(|| Duration::from_secs(options.timeout));
    let work = |client: Client, device: String| async move {
        reconnect_one(&client, &device, patience).await
    };
    sum_up(Clone::clone, all(desk, devices, &options.chosen.pace, work, |()| {}).await)
}

async fn reconnect_one(client: &Client, name: &str, patience: Option<Duration>) -> Result<()> {
    let before: Device = client.get(&path(name)).await?;
    let Some(tunnel) = before.tunnel else {
        return Err(Failure::new(Code::DeviceAway, format!("{} has no tunnel now", before.name)));
    };
    client.delete(&format!("/devices/disconnect/{}", segment(name))).await?;
    let ended = Instant::now();
    note(&format!(
        "{}: tunnel #{} ended, it dials in again by itself",
        inert(&before.name),
        tunnel.id
    ));
    let Some(patience) = patience else { return Ok(()) };
    let deadline = ended + patience;
    loop {
        let now: Device = client.get(&path(name)).await?;
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
            let detail = format!("{} is not back after {} s", before.name, patience.as_secs());
            return Err(Failure::new(Code::DeviceAway, detail));
        }
        sleep(Duration::from_millis(500)).await;
    }
}
