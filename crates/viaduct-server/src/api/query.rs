//! The query of a device list: paging and filters, in Open AMT's words.

use super::{labels, refusal::Refusal};
use crate::inventory::Device;
use serde_json::Value;

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
}

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
                "hostname" | "friendlyName" if value.len() > TEXT => {
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
