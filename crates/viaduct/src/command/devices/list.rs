//! `devices ls` and `devices show`.

use super::super::Desk;
use crate::{
    age::{ago, bytes, date, since},
    client::segment,
    failure::Result,
    render::{Format, STATE},
    say::note,
};
use viaduct_api::{Device, DevicePage, Notice, Unclaimed, trigger_words};

/// Rows of one request; larger inventories take several.
const PAGE: usize = 1000;

#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct Options {
    /// Only devices with this label (KEY=VALUE or KEY); several must all be there
    #[arg(short, long = "label", value_name = "LABEL")]
    labels: Vec<String>,
    /// Only devices that are connected
    #[arg(long, conflicts_with = "offline")]
    online: bool,
    /// Only devices that are away
    #[arg(long)]
    offline: bool,
    /// Only devices that were here when the server stopped last and have not come back
    #[arg(long, conflicts_with_all = ["online", "offline"])]
    not_back: bool,
    /// Devices that knocked without being known, instead
    #[arg(long, conflicts_with_all = ["labels", "online", "offline", "not_back"])]
    unclaimed: bool,
    /// Those of them that are ignored
    #[arg(long, conflicts_with_all = ["labels", "online", "offline", "not_back", "unclaimed"])]
    ignored: bool,
}

impl Options {
    /// Whether some devices may be left out.
    fn narrows(&self) -> bool {
        self.online || self.offline || !self.labels.is_empty()
    }
}

pub(crate) async fn list(desk: &Desk, options: Options) -> Result<()> {
    if options.unclaimed || options.ignored {
        return unclaimed(desk, options.ignored).await;
    }
    let mut devices = all(desk, &options).await?;
    let missing = |device: &Device| device.notices.contains(&Notice::NotBack);
    devices.retain(|device| !options.not_back || missing(device));
    devices.sort_by_key(|device| device.name.to_lowercase());
    desk.printer.list(
        &devices,
        &[
            ("NAME", &|device| device.name.clone()),
            (STATE, &state),
            ("UP", &up),
            ("AMT", &firmware),
            ("FROM", &|device| device.address.clone().unwrap_or_default()),
            ("PORTS", &|device| ports(&device.ports)),
            ("LABELS", &|device| device.tags.join(" ")),
            ("GUID", &|device| device.guid.to_string()),
        ],
    )?;
    if desk.printer.format == Format::Table {
        let connected = devices.iter().filter(|device| device.connection_status).count();
        match devices.len() {
            0 if options.not_back => note("all that were here when the server stopped are back"),
            0 if options.narrows() => {
                note("no device is like that; `viaduct devices ls` alone lists all");
            }
            0 => note("no devices; add one with `viaduct devices add NAME --guid UUID`"),
            1 => note(&format!("1 device, {connected} connected")),
            n => note(&format!("{n} devices, {connected} connected")),
        }
        match devices.iter().filter(|device| missing(device)).count() {
            0 => {}
            _ if options.not_back => {
                note("`viaduct devices why-offline DEVICE` says what was seen and what to try");
            }
            n => note(&format!(
                "{n} of them were here when the server stopped and are not back: --not-back lists them"
            )),
        }
    }
    Ok(())
}

async fn all(desk: &Desk, options: &Options) -> Result<Vec<Device>> {
    let mut filter = String::new();
    if options.online || options.offline || options.not_back {
        filter = format!("&status={}", u8::from(options.online));
    }
    if !options.labels.is_empty() {
        let tags: Vec<String> = options.labels.iter().map(|label| segment(label)).collect();
        filter.push_str(&format!("&method=AND&tags={}", tags.join(",")));
    }
    let mut devices = Vec::new();
    loop {
        let path = format!("/devices?$count=true&$top={PAGE}&$skip={}{filter}", devices.len());
        let page: DevicePage = desk.client.get(&path).await?;
        let last = page.data.len() < PAGE;
        devices.extend(page.data);
        if last || devices.len() >= page.total_count {
            return Ok(devices);
        }
    }
}

async fn unclaimed(desk: &Desk, ignored: bool) -> Result<()> {
    let mut list: Vec<Unclaimed> = desk.client.get("/unclaimed").await?;
    let all = list.len();
    list.retain(|it| it.ignored == ignored);
    desk.printer.list(
        &list,
        &[
            ("GUID", &|it| it.guid.to_string()),
            ("FROM", &|it| it.address.clone()),
            ("CIRA USER", &|it| it.mpsusername.clone().unwrap_or_default()),
            ("TIMES", &|it| it.count.to_string()),
            ("FIRST", &|it| format!("{} ago", since(it.first))),
            ("LAST", &|it| format!("{} ago", since(it.last))),
        ],
    )?;
    if desk.printer.format == Format::Table {
        match list.len() {
            0 if ignored => note("no device that knocked is ignored"),
            0 => note("no device knocked that is not known"),
            _ if ignored => note("`viaduct devices ignore --undo GUID` shows one again"),
            _ => note(
                "`viaduct devices approve GUID` lets one in, `ignore` hides it, `block` turns it away",
            ),
        }
        if !ignored && all > list.len() {
            note(&format!("{} more are ignored: --ignored shows them", all - list.len()));
        }
    }
    Ok(())
}

pub(crate) async fn show(desk: &Desk, name: &str) -> Result<()> {
    let device: Device = desk.client.get(&format!("/devices/{}", segment(name))).await?;
    desk.printer.object(
        &device,
        &[
            ("Name", &|it| it.name.clone()),
            ("State", &state),
            ("GUID", &|it| it.guid.to_string()),
            ("Domain name", &|it| it.fqdn.clone().unwrap_or_default()),
            ("Labels", &|it| it.tags.join(" ")),
            ("Ports", &|it| ports(&it.ports)),
            ("From", &|it| it.address.clone().unwrap_or_default()),
            ("Identity", &twins),
            ("Tunnel", &tunnel),
            ("Traffic", &traffic),
            ("Last seen", &|it| ago(it.last_seen)),
            ("Last end", &last_end),
            ("CIRA user", &|it| it.mpsusername.clone().unwrap_or_default()),
            ("Certificate", &|it| it.certificate.clone().unwrap_or_default()),
            ("AMT user", &amt),
            ("Firmware", &firmware),
            ("Added", &|it| it.added.map(date).unwrap_or_default()),
        ],
    )
}

/// That two machines use its identity, and from where.
fn twins(device: &Device) -> String {
    match &device.conflict[..] {
        [] => String::new(),
        all => format!(
            "two machines use it, at {}; commands could reach the wrong one (E2023)",
            all.join(" and ")
        ),
    }
}

fn state(device: &Device) -> String {
    match (device.blocked, device.connection_status) {
        (true, _) => "blocked",
        // It is here, and nothing can be done with it.
        (false, true) if device.notices.contains(&Notice::Credentials) => "password refused",
        // Its tunnel is not given up yet.
        (false, true) if device.notices.contains(&Notice::Silent) => "silent",
        (false, true) => "connected",
        (false, false) => "away",
    }
    .to_owned()
}

/// How long the tunnel has been up, or how long ago the device was seen.
fn up(device: &Device) -> String {
    match &device.tunnel {
        Some(tunnel) => since(tunnel.since),
        None => match device.last_seen {
            Some(_) => ago(device.last_seen),
            None => "never seen".to_owned(),
        },
    }
}

fn ports(ports: &[u16]) -> String {
    let mut ports = ports.to_vec();
    ports.sort_unstable();
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(",")
}

fn tunnel(device: &Device) -> String {
    device.tunnel.as_ref().map_or_else(String::new, |tunnel| {
        format!(
            "#{} for {}, dialled in for: {}, {}",
            tunnel.id,
            since(tunnel.since),
            trigger_words(tunnel.trigger),
            tunnel.tls.as_deref().unwrap_or("TLS ended elsewhere"),
        )
    })
}

fn traffic(device: &Device) -> String {
    device.tunnel.as_ref().map_or_else(String::new, |tunnel| {
        format!(
            "{} channels open, {} from the device, {} to it",
            tunnel.channels,
            bytes(tunnel.bytes.from_device),
            bytes(tunnel.bytes.to_device),
        )
    })
}

fn last_end(device: &Device) -> String {
    device.last_end.as_ref().map_or_else(String::new, |end| {
        let when = ago(device.last_disconnected);
        format!("{}: {} {when}", end.reason, end.detail).trim_end().to_owned()
    })
}

fn amt(device: &Device) -> String {
    let refused = device.notices.contains(&Notice::Credentials);
    let password = match (device.has_amt_password, refused) {
        (true, true) => "the PC refuses the password kept here: viaduct devices password",
        (true, false) => "password kept here",
        (false, _) => "no password kept",
    };
    device.amt_user.as_ref().map_or_else(String::new, |user| format!("{user} ({password})"))
}

fn firmware(device: &Device) -> String {
    let version = device.device_info.as_ref().and_then(|info| info.get("fwVersion"));
    version.and_then(|version| version.as_str()).unwrap_or_default().to_owned()
}
