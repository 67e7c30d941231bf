//! Which devices a command is for, and the question before many of them are touched.

use super::Desk;
use crate::{
    client::segment,
    failure::{Failure, Result},
    say::{ask, inert, note},
};
use std::collections::BTreeSet;
use viaduct_api::{Code, Device, DevicePage};

/// Rows of one request.
const PAGE: usize = 1000;
/// More devices than this are never touched without `--yes`.
pub(crate) const MANY: usize = 25;

/// Devices by name and by label.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Select {
    /// Names, domain names or GUIDs
    #[arg(value_name = "DEVICE", required_unless_present = "labels")]
    devices: Vec<String>,
    /// All devices with this label (KEY=VALUE or KEY); several must all be there
    #[arg(short, long = "label", value_name = "LABEL")]
    labels: Vec<String>,
}

impl Select {
    /// The devices, each once, in the order of their names.
    pub(crate) async fn find(&self, desk: &Desk) -> Result<Vec<Device>> {
        let mut found = Vec::new();
        for name in &self.devices {
            found.push(desk.client.get(&format!("/devices/{}", segment(name))).await?);
        }
        if !self.labels.is_empty() {
            found.extend(labelled(desk, &self.labels).await?);
        }
        if found.is_empty() {
            let detail = format!("no device has the label {}", self.labels.join(" and "));
            return Err(Failure::new(Code::UnknownDevice, detail));
        }
        let mut seen = BTreeSet::new();
        found.retain(|device: &Device| seen.insert(device.guid));
        found.sort_by_key(|device| device.name.to_lowercase());
        Ok(found)
    }
}

async fn labelled(desk: &Desk, labels: &[String]) -> Result<Vec<Device>> {
    let tags: Vec<String> = labels.iter().map(|label| segment(label)).collect();
    let tags = tags.join(",");
    let mut all = Vec::new();
    loop {
        let path =
            format!("/devices?tags={tags}&method=AND&$top={PAGE}&$skip={}&$count=true", all.len());
        let page: DevicePage = desk.client.get(&path).await?;
        let over = page.data.is_empty();
        all.extend(page.data);
        if over || all.len() >= page.total_count {
            return Ok(all);
        }
    }
}

/// Before several devices are interrupted, the list is shown and the number asked for. More than [`MANY`] need `--yes`,
/// whatever is done to them.
pub(crate) fn confirm(desk: &Desk, devices: &[Device], verb: &str, interrupts: bool) -> Result<()> {
    if desk.yes {
        return Ok(());
    }
    if devices.len() > MANY {
        return Err(Failure::usage(format!(
            "{verb} {} devices: more than {MANY} need --yes; look at them first with --dry-run",
            devices.len()
        )));
    }
    if !interrupts || devices.len() < 2 {
        return Ok(());
    }
    for device in devices {
        note(&format!("  {}", inert(&device.name)));
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

#[cfg(test)]
impl Select {
    /// One device.
    pub(crate) fn of(device: &str) -> Self {
        Self { devices: vec![device.to_owned()], labels: Vec::new() }
    }
}
