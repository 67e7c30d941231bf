//! What is sent to add and change devices.

use crate::{Device, DeviceId, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt};

/// Tells an absent key (None) from an explicit null (Some(None)).
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}

/// A device to add, or to change when the GUID is known (Open AMT's `POST` and `PATCH /devices`).
///
/// A key that is absent changes nothing. Keys that only the server can know (`connectionStatus`,
/// `mpsInstance`, `last…`) are ignored, as are unknown ones.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewDevice {
    /// AMT UUID; the one key that is needed. Text here, so that a bad one can be answered with the shape
    /// that clients know.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DeviceId")]
    pub guid: Option<Value>,
    /// Unique name. Absent: made from `friendlyName`, `hostname` or the GUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Fully qualified domain name. Absent: made from `hostname` and `dnsSuffix` when both are there.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub fqdn: Option<Option<String>>,
    /// Labels; on a known device these are set beside the ones it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Labels as tags, in place of all that it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Vec<String>>,
    /// Host name as provisioning reports it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub hostname: Option<Option<String>>,
    /// Name for people as provisioning reports it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<Option<String>>,
    /// DNS suffix as provisioning reports it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub dns_suffix: Option<Option<String>>,
    /// Opaque facts as provisioning reports them.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub device_info: Option<Option<Map<String, Value>>>,
    /// CIRA user.
    #[serde(default, alias = "ciraUser", skip_serializing_if = "Option::is_none")]
    pub mpsusername: Option<String>,
    /// CIRA password; written, never read back. Absent: one is made and shown once.
    #[serde(default, alias = "mpspassword", skip_serializing_if = "Option::is_none")]
    pub cira_password: Option<String>,
    /// SHA-256 of a client certificate (DER) it may sign in with instead, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// User of its AMT services.
    #[serde(default, alias = "username", skip_serializing_if = "Option::is_none")]
    pub amt_user: Option<String>,
    /// Password of its AMT services; kept sealed, never read back.
    #[serde(default, alias = "password", skip_serializing_if = "Option::is_none")]
    pub amt_password: Option<String>,
    /// Password of its MEBx menu; kept sealed among the secrets, and of no use to this server itself.
    #[serde(default, alias = "mebxpassword", skip_serializing_if = "Option::is_none")]
    pub mebx_password: Option<String>,
    /// RFB password of its port 5900, eight characters; kept sealed among the secrets, never read back. Empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rfb_password: Option<String>,
}

impl fmt::Debug for NewDevice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewDevice")
            .field("guid", &self.guid)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// The answer to a write: the device as it is now and, once, the credential that was made for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WrittenDevice {
    /// The device.
    #[serde(flatten)]
    pub device: Device,
    /// The CIRA credential, when the server made one. It is not shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<IssuedCredential>,
}

/// What became of one of many devices (ours: `POST /imports`, the answers in the order of the wishes).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImportOutcome {
    /// It is there, with the credential that was made for it.
    Added(Box<WrittenDevice>),
    /// It is not, and why.
    Refused(Problem),
}

/// A CIRA credential in the clear.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct IssuedCredential {
    /// CIRA user.
    pub user: String,
    /// CIRA password.
    pub password: String,
}

impl fmt::Debug for IssuedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IssuedCredential {{ user: {:?}, password: [redacted] }}", self.user)
    }
}

/// A change of one device (ours: `PATCH /devices/{device}`). A key that is absent changes nothing.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DevicePatch {
    /// New name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// New domain name; null removes it.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub fqdn: Option<Option<String>>,
    /// Labels to set; null removes one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Option<String>>,
    /// User of its AMT services, with `amtPassword`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amt_user: Option<String>,
    /// Password of its AMT services; kept sealed, never read back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amt_password: Option<String>,
    /// RFB password of its port 5900, eight characters; kept sealed, never read back. Empty: none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rfb_password: Option<String>,
}

impl fmt::Debug for DevicePatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DevicePatch")
            .field("name", &self.name)
            .field("fqdn", &self.fqdn)
            .field("labels", &self.labels)
            .finish_non_exhaustive()
    }
}

/// How to take a device in that knocked (`POST …/approve`); every key has a default.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Claim {
    /// Name; absent: the GUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Domain name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fqdn: Option<String>,
    /// Labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The CIRA user that the PC has; absent: the one it knocked with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cira_user: Option<String>,
    /// The CIRA password that the PC has. Absent: the one it has always presented counts; when it presented
    /// several, a new one is made and shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cira_password: Option<String>,
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("name", &self.name).finish_non_exhaustive()
    }
}

impl NewDevice {
    /// The GUID, when it is one.
    #[must_use]
    pub fn device_id(&self) -> Option<DeviceId> {
        self.guid.as_ref()?.as_str()?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absent_key_is_not_a_null() {
        let absent: NewDevice = serde_json::from_str(r#"{"guid":"x"}"#).unwrap();
        let null: NewDevice = serde_json::from_str(r#"{"guid":"x","hostname":null}"#).unwrap();
        assert_eq!(absent.hostname, None);
        assert_eq!(null.hostname, Some(None));
    }

    #[test]
    fn passwords_come_in_under_both_names_and_never_into_debug_output() {
        let device: NewDevice = serde_json::from_str(
            r#"{"guid":"x","mpspassword":"hush","password":"secret","icon":1}"#,
        )
        .unwrap();
        assert_eq!(device.cira_password.as_deref(), Some("hush"));
        assert_eq!(device.amt_password.as_deref(), Some("secret"));
        let debug = format!("{device:?}");
        assert!(!debug.contains("hush") && !debug.contains("secret"));
    }
}
