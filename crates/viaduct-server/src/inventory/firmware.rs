//! Which firmware a device has, as its own answers say: for devices that nobody provisioned here.

use super::{Inventory, StoreError};
use amt::remote_access::Version;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use viaduct_api::DeviceId;

/// The key under which provisioning tools report it too.
const VERSION: &str = "fwVersion";
/// Longest version that is kept.
const LONGEST: usize = 32;

impl Inventory {
    /// Keeps the version that the `Server` header of a device names, such as `Intel(R) Active Management Technology
    /// 16.1.27`, unless a provisioning tool reports on the device: then what that says stays.
    ///
    /// # Errors
    /// When the device is not known any more, or the database does not take it.
    pub(crate) async fn note_firmware(&self, id: DeviceId, server: &str) -> Result<(), StoreError> {
        let Some(version) = version(server) else { return Ok(()) };
        let known = self.get(id).is_none_or(|device| told(&device.profile, &version).is_none());
        if known {
            return Ok(());
        }
        self.modify(id, move |record| {
            if let Some(profile) = told(&record.device.profile, &version) {
                Arc::make_mut(&mut record.device).profile = Arc::new(profile);
            }
            Ok(())
        })
        .await
    }
}

fn version(server: &str) -> Option<String> {
    let text = Version::parse(server)?.text;
    let plain = text.len() <= LONGEST && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then_some(text)
}

/// The profile with that version in it; none when there is nothing to change.
fn told(profile: &Map<String, Value>, version: &str) -> Option<Map<String, Value>> {
    let info = profile.get("deviceInfo").and_then(Value::as_object);
    match info {
        Some(info) if info.get(VERSION).and_then(Value::as_str) == Some(version) => return None,
        // More than a version: somebody else keeps it.
        Some(info) if info.contains_key(VERSION) && info.len() > 1 => return None,
        _ => {}
    }
    let mut info = info.cloned().unwrap_or_default();
    info.insert(VERSION.to_owned(), json!(version));
    let mut profile = profile.clone();
    profile.insert("deviceInfo".to_owned(), Value::Object(info));
    Some(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_a_version_is_believed() {
        let amt = "Intel(R) Active Management Technology 16.1.27";
        assert_eq!(version(amt).as_deref(), Some("16.1.27"));
        for other in
            ["Apache/2.4", "AMT 16.1.<script>", "", "x 1", &format!("AMT 1.{}", "1.".repeat(40))]
        {
            assert_eq!(version(other), None, "{other}");
        }
    }

    #[test]
    fn what_a_provisioning_tool_reports_stays() {
        let profile = |text: &str| serde_json::from_str::<Map<String, Value>>(text).unwrap();
        let after =
            |text: &str| told(&profile(text), "16.1.27").map(|profile| json!(profile).to_string());
        let ours = r#"{"deviceInfo":{"fwVersion":"16.1.27"}}"#;
        assert_eq!(after("{}").as_deref(), Some(ours));
        assert_eq!(after(ours), None, "known");
        assert_eq!(
            after(r#"{"deviceInfo":{"fwVersion":"16.1.20"}}"#).as_deref(),
            Some(ours),
            "updated"
        );
        assert_eq!(after(r#"{"deviceInfo":{"fwVersion":"1.1","fwBuild":"2307"}}"#), None);
    }
}
