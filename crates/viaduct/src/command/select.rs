//! Which devices a command is for, and the question before many of them are touched.

mod directory;

use super::{
    Desk,
    many::{MANY, NAMED, Pace},
};
use crate::{
    client::segment,
    failure::{Failure, Result},
    say::{ask, inert, note},
};
use std::{collections::BTreeSet, fs, io};
use viaduct_api::{Code, Device, DevicePage};

/// Rows of one request.
const PAGE: usize = 1000;

/// Devices by name and by label.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Select {
    /// Names, domain names or GUIDs; label:KEY=VALUE,KEY for all that have these labels; @FILE or - for a list of names
    #[arg(value_name = "DEVICE", required_unless_present = "labels")]
    devices: Vec<String>,
    /// All devices with this label (KEY=VALUE or KEY); several must all be there
    #[arg(short, long = "label", value_name = "LABEL")]
    labels: Vec<String>,
}

impl Select {
    /// The devices, each once, in the order of their names.
    pub(crate) async fn find(&self, desk: &Desk) -> Result<Vec<Device>> {
        let all = meant(&self.devices, &self.labels)?;
        let named = all.iter().filter(|one| matches!(one, Meant::Name(_))).count();
        let known = directory::read(desk, named).await?;
        let mut found = Vec::new();
        for one in all {
            match one {
                Meant::Name(name) => found.push(match known.find(&name) {
                    Some(device) => device.clone(),
                    // What is not found, or more than one, the server has words for.
                    None => desk.client.get(&format!("/devices/{}", segment(&name))).await?,
                }),
                Meant::Labels(labels) => found.extend(labelled(desk, &labels).await?),
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|device: &Device| seen.insert(device.guid));
        found.sort_by_key(|device| device.name.to_lowercase());
        Ok(found)
    }

    /// Their names, as they were given; those with labels are looked up. Nobody is asked whether the others are there.
    pub(crate) async fn names(&self, desk: &Desk) -> Result<Vec<String>> {
        names(desk, &self.devices, &self.labels).await
    }
}

/// The names that such words stand for, each once.
pub(crate) async fn names(desk: &Desk, words: &[String], labels: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for one in meant(words, labels)? {
        match one {
            Meant::Name(name) => found.push(name),
            Meant::Labels(labels) => {
                let mut devices = labelled(desk, &labels).await?;
                devices.sort_by_key(|device| device.name.to_lowercase());
                found.extend(devices.into_iter().map(|device| device.name));
            }
        }
    }
    let mut seen = BTreeSet::new();
    found.retain(|name| seen.insert(name.to_lowercase()));
    Ok(found)
}

/// What a word on the command line stands for.
#[derive(Debug, PartialEq, Eq)]
enum Meant {
    Name(String),
    Labels(Vec<String>),
}

fn meant(words: &[String], labels: &[String]) -> Result<Vec<Meant>> {
    let mut all = Vec::new();
    for word in words {
        if let Some(labels) = word.strip_prefix("label:") {
            let labels: Vec<String> = labels.split(',').map(|one| one.trim().to_owned()).collect();
            if labels.iter().any(String::is_empty) {
                return Err(Failure::usage(format!("`{word}` is not label:KEY=VALUE,KEY")));
            }
            all.push(Meant::Labels(labels));
        } else if let Some(file) = word.strip_prefix('@') {
            let text = fs::read_to_string(file).map_err(|error| Failure::local(file, error))?;
            all.extend(lines(&text));
        } else if word == "-" {
            all.extend(lines(&io::read_to_string(io::stdin())?));
        } else {
            all.push(Meant::Name(word.clone()));
        }
    }
    if !labels.is_empty() {
        all.push(Meant::Labels(labels.to_vec()));
    }
    if all.is_empty() {
        return Err(Failure::usage("the list names no device"));
    }
    Ok(all)
}

/// One name a line; what follows a `#` is for people.
fn lines(text: &str) -> impl Iterator<Item = Meant> {
    let names = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    names.filter(|name| !name.is_empty()).map(|name| Meant::Name(name.to_owned()))
}

async fn labelled(desk: &Desk, labels: &[String]) -> Result<Vec<Device>> {
    let tags: Vec<String> = labels.iter().map(|label| segment(label)).collect();
    let query = format!("tags={}&method=AND&", tags.join(","));
    let all = listed(desk, &query, |_| true).await?.unwrap_or_default();
    if all.is_empty() {
        let detail = format!("no device has the label {}", labels.join(" and "));
        return Err(Failure::new(Code::UnknownDevice, detail)
            .next("`viaduct devices ls` shows the labels that there are."));
    }
    Ok(all)
}

/// All devices of a query, a page at a time; none when there are so many that they are not `wanted`.
async fn listed(
    desk: &Desk,
    query: &str,
    wanted: impl Fn(usize) -> bool,
) -> Result<Option<Vec<Device>>> {
    let mut all = Vec::new();
    loop {
        let path = format!("/devices?{query}$top={PAGE}&$skip={}&$count=true", all.len());
        let page: DevicePage = desk.client.get(&path).await?;
        if !wanted(page.total_count) {
            return Ok(None);
        }
        let over = page.data.is_empty();
        all.extend(page.data);
        if over || all.len() >= page.total_count {
            return Ok(Some(all));
        }
    }
}

/// Before several devices are interrupted, the list is shown and the number asked for; more than the pace allows are not
/// touched, whatever the answer. Without an interruption more than [`MANY`] need `--yes`.
pub(crate) fn confirm<T: AsRef<str>>(
    desk: &Desk,
    devices: &[T],
    verb: &str,
    interrupted: Option<&Pace>,
) -> Result<()> {
    let count = devices.len();
    if desk.dry_run {
        return Ok(());
    }
    if let Some(pace) = interrupted.filter(|pace| count > pace.max_devices) {
        let detail =
            format!("{verb} {count} devices: more than the {} that are allowed", pace.max_devices);
        return Err(Failure::new(Code::TooMany, detail).next(format!(
            "Look at them with --dry-run; if all of them are meant: --max-devices {count}."
        )));
    }
    if desk.yes || (interrupted.is_none() && count <= MANY) || count < 2 {
        return Ok(());
    }
    for device in devices.iter().take(NAMED) {
        note(&format!("  {}", inert(device.as_ref())));
    }
    if count > NAMED {
        note(&format!("  … and {} more; --dry-run lists all", count - NAMED));
    }
    match ask(&format!("Type {count} to {verb} these devices: ")) {
        Some(answer) if answer == count.to_string() => Ok(()),
        Some(_) => Err(Failure::declined()),
        None => Err(Failure::usage(format!(
            "{verb} {count} devices: --yes is needed where nobody can be asked"
        ))
        .next("Look at them with --dry-run, then give --yes.")),
    }
}

#[cfg(test)]
impl Select {
    /// One device.
    pub(crate) fn of(device: &str) -> Self {
        Self { devices: vec![device.to_owned()], labels: Vec::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_for_names_labels_and_lists() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "pc-2\n\n# none of these\npc-3  # the loud one\n").unwrap();
        let list = format!("@{}", file.path().display());
        let words = ["pc-1", "label:site=berlin,role=till", &list].map(str::to_owned);
        let name = |name: &str| Meant::Name(name.to_owned());
        let labels =
            |labels: &[&str]| Meant::Labels(labels.iter().map(|l| (*l).to_owned()).collect());
        assert_eq!(
            meant(&words, &["lab".to_owned()]).unwrap(),
            [
                name("pc-1"),
                labels(&["site=berlin", "role=till"]),
                name("pc-2"),
                name("pc-3"),
                labels(&["lab"])
            ]
        );
        assert!(meant(&["label:".to_owned()], &[]).is_err());
        assert!(meant(&["@/nonexistent".to_owned()], &[]).is_err());
    }
}
