//! Entering a PC into the inventory before it can dial in.

use super::{Offer, Parts, fault};
use crate::{
    config::Secret,
    inventory::{DeviceChange, Issued, NewDevice, StoreError},
};
use amt::remote_access::Platform;
use std::collections::BTreeMap;
use viaduct_api::{Code, DeviceId, EnrollTarget, Problem};

const NAME_MAX: usize = 48;

/// What the inventory is told of a PC.
pub(super) struct Entry<'a> {
    pub(super) id: DeviceId,
    pub(super) target: &'a EnrollTarget,
    pub(super) platform: &'a Platform,
    /// CIRA user and password, and whether they count already.
    pub(super) cira: &'a (Issued, bool),
    /// User and password of AMT.
    pub(super) amt: (String, String),
}

/// A PC in the inventory.
pub(super) struct Registered {
    pub(super) name: String,
    /// It was not there before.
    pub(super) is_new: bool,
    /// A credential that it does not have yet.
    pub(super) offer: Option<Offer>,
}

/// Makes the PC known, or brings what is known up to date.
pub(super) async fn register(parts: &Parts, entry: Entry<'_>) -> Result<Registered, Problem> {
    let known = parts.inventory.get(entry.id).is_some();
    let (name, offer) = enter(parts, entry).await?;
    Ok(Registered { name, is_new: !known, offer })
}

/// Takes a PC out again that was entered for nothing: it was not changed, so it will not come.
pub(super) async fn forget(parts: &Parts, id: DeviceId) {
    if let Err(error) = parts.inventory.remove(id).await {
        tracing::warn!(device = %id, %error, "a device that could not be enrolled stays in the inventory");
    }
}

async fn enter(parts: &Parts, entry: Entry<'_>) -> Result<(String, Option<Offer>), Problem> {
    let amt = (entry.amt.0.clone(), Secret::new(entry.amt.1.clone()));
    if let Some(device) = parts.inventory.get(entry.id) {
        if device.blocked {
            let detail = format!("{} is blocked here and would be turned away", device.name);
            return Err(Problem::new(Code::DeviceBlocked, detail));
        }
        let change = DeviceChange { amt: Some(amt), ..DeviceChange::default() };
        parts.inventory.change(entry.id, change).await.map_err(|error| stored(&error))?;
        let wanted = entry.target.name.clone().filter(|name| *name != device.name);
        if let Some(name) = wanted.clone() {
            parts.inventory.rename(entry.id, name).await.map_err(|error| stored(&error))?;
        }
        let (issued, counts) = entry.cira;
        let offer = match counts {
            true => None,
            false => Some(Offer::make(parts, entry.id, issued).await.map_err(|e| stored(&e))?),
        };
        return Ok((wanted.unwrap_or_else(|| device.name.clone()), offer));
    }
    let name = entry.target.name.clone().unwrap_or_else(|| name_of(&entry));
    let fqdn = entry.target.fqdn.clone().or_else(|| fqdn_of(entry.platform));
    let device = |name: String, fqdn| NewDevice {
        id: entry.id,
        name,
        fqdn,
        labels: BTreeMap::new(),
        cira: Some((entry.cira.0.user.clone(), Some(entry.cira.0.password.clone()))),
        certificate: None,
        amt: Some(amt.clone()),
    };
    match parts.inventory.add(device(name.clone(), fqdn)).await {
        Ok((device, _)) => Ok((device.name.clone(), None)),
        // What AMT says of itself may be taken or impossible; what somebody typed is theirs to correct.
        Err(StoreError::Exists(_) | StoreError::Invalid { .. }) if entry.target.name.is_none() => {
            let unique = format!("{name}-{}", &entry.id.to_string()[..8]);
            let added = parts.inventory.add(device(unique, None)).await;
            added.map(|(device, _)| (device.name.clone(), None)).map_err(|error| stored(&error))
        }
        Err(error) => Err(stored(&error)),
    }
}

fn stored(error: &StoreError) -> Problem {
    let code = match error {
        StoreError::Exists(_) => Code::DeviceExists,
        StoreError::NotFound(_) => Code::UnknownDevice,
        StoreError::Invalid { .. } => return fault::bad(error.to_string()),
        StoreError::Database(_) | StoreError::Keys(_) => Code::Store,
        StoreError::Vault(_) => Code::VaultUnavailable,
    };
    Problem::new(code, format!("the PC could not be entered here, so it was not changed: {error}"))
}

/// A name made of its host name, or of its UUID.
fn name_of(entry: &Entry<'_>) -> String {
    let host = entry.platform.host_name.as_deref().unwrap_or_default();
    let label = host.split('.').next().unwrap_or_default();
    let fits = |c: char| if c.is_ascii_alphanumeric() || c == '-' || c == '_' { c } else { '-' };
    let name: String = label.chars().map(fits).take(NAME_MAX).collect();
    let name = name.trim_matches('-').to_owned();
    if name.is_empty() { format!("pc-{}", &entry.id.to_string()[..8]) } else { name }
}

fn fqdn_of(platform: &Platform) -> Option<String> {
    let (host, domain) = (platform.host_name.as_deref()?, platform.domain.as_deref());
    let name = match domain {
        _ if host.contains('.') => host.to_owned(),
        Some(domain) => format!("{host}.{domain}"),
        None => return None,
    };
    crate::config::is_dns_name(&name).then_some(name)
}
