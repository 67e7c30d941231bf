//! The query of a device list: paging and filters, in Open AMT's words.

use super::{labels, refusal::Refusal};
use crate::inventory::Device;
use serde_json::Value;
use std::sync::Arc;

/// Rows of a page when the client does not say.
const PAGE: usize = 25;
/// Longest text of a filter.
const TEXT: usize = 256;

/// What a client wants to see of the devices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DeviceQuery {
    pub(super) top: usize,
    pub(super) skip: usize,
    /// Whether the answer carries the number of all that fit.
    pub(super) count: bool,
    tags: Vec<String>,
    /// All of the tags instead of any.
    every_tag: bool,
    hostname: Option<String>,
    friendly_name: Option<String>,
    connected: Option<bool>,
    /// Ours: in lower case, found anywhere in a name.
    search: Option<String>,
    sort: Sort,
    descending: bool,
}

/// Ours: what a list is sorted by. Open AMT's lists are in the order of GUIDs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Sort {
    #[default]
    Guid,
    Name,
    HostName,
    FriendlyName,
    LastConnected,
    LastSeen,
    Connected,
}

const SORTS: [(&str, Sort); 7] = [
    ("guid", Sort::Guid),
    ("name", Sort::Name),
    ("hostname", Sort::HostName),
    ("friendlyName", Sort::FriendlyName),
    ("lastConnected", Sort::LastConnected),
    ("lastSeen", Sort::LastSeen),
    ("connectionStatus", Sort::Connected),
];

impl DeviceQuery {
    /// Reads the pairs of a query. Unknown keys are ignored, as Open AMT does.
    pub(super) fn parse(pairs: &[(String, String)]) -> Result<Self, Refusal> {
        let mut query = Self {
            top: PAGE,
            skip: 0,
            count: false,
            tags: Vec::new(),
            every_tag: false,
            hostname: None,
            friendly_name: None,
            connected: None,
            search: None,
            sort: Sort::Guid,
            descending: false,
        };
        for (key, value) in pairs {
            let bad = |msg: &str| Refusal::invalid(key, "query", Value::from(value.clone()), msg);
            match key.as_str() {
                "$top" => {
                    query.top = number(value).ok_or_else(|| bad("expected a number, 0 or more"))?;
                }
                "$skip" => {
                    query.skip =
                        number(value).ok_or_else(|| bad("expected a number, 0 or more"))?;
                }
                "$count" => {
                    query.count = flag(value).ok_or_else(|| bad("expected true or false"))?;
                }
                "tags" => {
                    query.tags =
                        value.split(',').filter(|t| !t.is_empty()).map(str::to_owned).collect();
                }
                "method" => {
                    query.every_tag = match value.as_str() {
                        "AND" => true,
                        "OR" => false,
                        _ => return Err(bad("expected AND or OR")),
                    };
                }
                "hostname" | "friendlyName" | "search" if value.len() > TEXT => {
                    return Err(bad("longer than 256 characters"));
                }
                "hostname" => query.hostname = Some(value.clone()),
                "friendlyName" => query.friendly_name = Some(value.clone()),
                "status" => {
                    query.connected = Some(match value.as_str() {
                        "1" => true,
                        "0" => false,
                        _ => return Err(bad("expected 0 or 1")),
                    });
                }
                "search" => query.search = Some(value.to_lowercase()).filter(|t| !t.is_empty()),
                "sort" => {
                    (query.sort, query.descending) = sort(value).ok_or_else(|| {
                        let known: Vec<_> = SORTS.iter().map(|(name, _)| *name).collect();
                        bad(&format!("expected {}, or one of them after a -", known.join(", ")))
                    })?;
                }
                _ => {}
            }
        }
        Ok(query)
    }

    /// Whether a device is among those asked for.
    pub(super) fn fits(&self, device: &Device, connected: bool) -> bool {
        let text = |wanted: &Option<String>, key: &str| {
            wanted.as_ref().is_none_or(|wanted| {
                device.profile.get(key).and_then(Value::as_str) == Some(wanted.as_str())
            })
        };
        self.connected.is_none_or(|wanted| wanted == connected)
            && text(&self.hostname, "hostname")
            && text(&self.friendly_name, "friendlyName")
            && self.tags_fit(device)
            && self.search.as_ref().is_none_or(|wanted| is_found(device, wanted))
    }

    /// Puts devices into the order that the client wants; equal ones stay in the order of their GUIDs.
    pub(super) fn order(&self, devices: &mut [Arc<Device>], connected: impl Fn(&Device) -> bool) {
        devices.sort_unstable_by_key(|device| device.id);
        let folded = |text: &str| text.to_lowercase();
        let profile = |device: &Device, key| device.profile.get(key)?.as_str().map(folded);
        match self.sort {
            Sort::Guid => {}
            Sort::Name => devices.sort_by_cached_key(|device| folded(&device.name)),
            Sort::HostName => devices.sort_by_cached_key(|device| profile(device, "hostname")),
            Sort::FriendlyName => {
                devices.sort_by_cached_key(|device| profile(device, "friendlyName"));
            }
            Sort::LastConnected => devices.sort_by_key(|device| device.last_connected),
            Sort::LastSeen => devices.sort_by_key(|device| device.last_seen),
            Sort::Connected => devices.sort_by_key(|device| !connected(device)),
        }
        if self.descending {
            devices.reverse();
        }
    }

    fn tags_fit(&self, device: &Device) -> bool {
        let has = |tag: &String| labels::has_tag(&device.labels, tag);
        match (self.tags.is_empty(), self.every_tag) {
            (true, _) => true,
            (false, true) => self.tags.iter().all(has),
            (false, false) => self.tags.iter().any(has),
        }
    }
}

fn sort(text: &str) -> Option<(Sort, bool)> {
    let (name, descending) = match text.strip_prefix('-') {
        Some(name) => (name, true),
        None => (text, false),
    };
    let found = SORTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    Some((found.1, descending))
}

/// Whether the text is part of anything that the device is called.
fn is_found(device: &Device, wanted: &str) -> bool {
    let has = |text: &str| text.to_lowercase().contains(wanted);
    let profile = |key| device.profile.get(key).and_then(Value::as_str).is_some_and(has);
    has(&device.name)
        || device.fqdn.as_deref().is_some_and(has)
        || profile("hostname")
        || profile("friendlyName")
        || has(&device.id.to_string())
        || labels::tags(&device.labels).iter().any(|tag| has(tag))
}

fn number(text: &str) -> Option<usize> {
    text.parse().ok()
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &[(&str, &str)]) -> Result<DeviceQuery, Refusal> {
        let pairs: Vec<_> = text.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        DeviceQuery::parse(&pairs)
    }

    #[test]
    fn a_page_has_25_rows_unless_told_otherwise() {
        let query = parse(&[]).unwrap();
        assert_eq!((query.top, query.skip, query.count), (25, 0, false));
        let query = parse(&[("$top", "100"), ("$skip", "50"), ("$count", "true")]).unwrap();
        assert_eq!((query.top, query.skip, query.count), (100, 50, true));
    }

    #[test]
    fn bad_values_are_refused_by_name() {
        for (key, value) in [
            ("$top", "-1"),
            ("$skip", "x"),
            ("$count", "maybe"),
            ("method", "XOR"),
            ("status", "2"),
        ] {
            let refusal = parse(&[(key, value)]).unwrap_err();
            assert_eq!(refusal.code(), viaduct_api::Code::BadRequest, "{key}={value}");
        }
        assert!(parse(&[("hostname", &"x".repeat(257))]).is_err());
        assert!(parse(&[("method", "AND"), ("unknown", "x")]).is_ok());
    }
}
