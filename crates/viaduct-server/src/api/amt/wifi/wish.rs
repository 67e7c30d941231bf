//! What a Wi-Fi profile shall be: read, checked, and as AMT takes it.

use super::{super::visit::Fields, ENDPOINTS, PREFIX};
use crate::api::refusal::Refusal;
use amt::wsman::{Instance, ResourceUri};
use serde::Deserialize;
use serde_json::Value;

pub(super) const AUTHENTICATION: [(u32, &str); 9] = [
    (1, "Other"),
    (2, "OpenSystem"),
    (3, "SharedKey"),
    (4, "WPAPSK"),
    (5, "WPAIEEE8021x"),
    (6, "WPA2PSK"),
    (7, "WPA2IEEE8021x"),
    (32768, "WPA3SAE"),
    (32769, "WPA3OWE"),
];
pub(super) const ENCRYPTION: [(u32, &str); 5] =
    [(1, "Other"), (2, "WEP"), (3, "TKIP"), (4, "CCMP"), (5, "None")];

/// 802.1X of a wish.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Security {
    pub(super) username: String,
    pub(super) password: Option<String>,
    pub(super) authentication_protocol: u32,
    pub(super) client_cert: Option<String>,
    pub(super) private_key: Option<String>,
    pub(super) ca_cert: Option<String>,
}

/// What a profile shall be.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) ssid: String,
    pub(super) priority: u32,
    pub(super) authentication: u32,
    pub(super) encryption: u32,
    pub(super) password: Option<String>,
    pub(super) security: Option<Security>,
}

impl Wish {
    pub(super) fn read(fields: &Fields) -> Result<Self, Refusal> {
        let name = fields.required::<String>("profileName", "expected letters and digits")?;
        if name.is_empty() || name.len() > 32 || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Fields::bad("profileName", name.into(), "expected letters and digits"));
        }
        let ssid = fields.required::<String>("ssid", "expected 1 to 32 bytes")?;
        if ssid.is_empty() || ssid.len() > 32 {
            return Err(Fields::bad("ssid", ssid.into(), "expected 1 to 32 bytes"));
        }
        let priority = fields.required::<u32>("priority", "expected 1 to 255")?;
        if !(1..=255).contains(&priority) {
            return Err(Fields::bad("priority", priority.into(), "expected 1 to 255"));
        }
        let authentication = method(fields, "authenticationMethod", &AUTHENTICATION)?;
        let encryption = method(fields, "encryptionMethod", &ENCRYPTION)?;
        let password = fields.optional::<String>("password", "expected a text")?;
        let password = password.filter(|password| !password.is_empty());
        let security = fields.optional::<Security>(
            "ieee8021x",
            "expected username and authenticationProtocol, for TLS also its certificates",
        )?;
        Self { name, ssid, priority, authentication, encryption, password, security }.checked()
    }

    fn checked(self) -> Result<Self, Refusal> {
        let bad = |name: &str, msg: &str| Err(Fields::bad(name, Value::Null, msg));
        match self.authentication {
            4 | 6 | 32768 => {
                if self.security.is_some() {
                    return bad("ieee8021x", "not together with a passphrase");
                }
                let length = self.password.as_ref().map_or(0, String::len);
                if !(8..=63).contains(&length) {
                    return bad("password", "expected a passphrase of 8 to 63 characters");
                }
            }
            5 | 7 => {
                if self.password.is_some() {
                    return bad("password", "not together with 802.1X");
                }
                let Some(security) = &self.security else {
                    return bad("ieee8021x", "needed for this authentication");
                };
                if !matches!(security.authentication_protocol, 0 | 2) {
                    return bad("ieee8021x.authenticationProtocol", "expected 0 or 2");
                }
            }
            _ => return bad("authenticationMethod", "only PSK, SAE and 802.1X can be used"),
        }
        if !matches!(self.encryption, 3 | 4) {
            return bad("encryptionMethod", "expected TKIP or CCMP");
        }
        Ok(self)
    }

    pub(super) fn endpoint(&self) -> Instance {
        let mut endpoint = Instance::new(ResourceUri::of_class(ENDPOINTS).unwrap_or_default());
        endpoint.set("ElementName", [self.name.as_str().into()]);
        endpoint.set("InstanceID", [format!("{PREFIX}{}", self.name).into()]);
        endpoint.set("AuthenticationMethod", [self.authentication.into()]);
        endpoint.set("EncryptionMethod", [self.encryption.into()]);
        endpoint.set("SSID", [self.ssid.as_str().into()]);
        endpoint.set("Priority", [self.priority.into()]);
        if let Some(password) = &self.password {
            endpoint.set("PSKPassPhrase", [password.as_str().into()]);
        }
        endpoint
    }
}

fn method(fields: &Fields, key: &str, table: &[(u32, &'static str)]) -> Result<u32, Refusal> {
    let names: Vec<&str> = table.iter().map(|(_, name)| *name).collect();
    let msg = format!("expected one of {}", names.join(", "));
    let word = fields.required::<String>(key, &msg)?;
    let found = table.iter().find(|(_, name)| name.eq_ignore_ascii_case(&word));
    found.map(|(value, _)| *value).ok_or_else(|| Fields::bad(key, word.into(), &msg))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wish(change: impl FnOnce(&mut Value)) -> Result<Wish, Refusal> {
        let mut json = json!({
            "profileName": "office", "ssid": "Office", "priority": 1, "password": "12345678",
            "authenticationMethod": "wpa2psk", "encryptionMethod": "ccmp",
        });
        change(&mut json);
        Wish::read(&Fields::parse(json.to_string().as_bytes())?)
    }

    #[test]
    fn names_of_methods_are_taken_in_any_case() {
        let wish = wish(|_| {}).unwrap();
        assert_eq!((wish.authentication, wish.encryption), (6, 4));
        let endpoint = wish.endpoint();
        assert_eq!(endpoint.text("PSKPassPhrase"), Some("12345678"));
        assert_eq!(endpoint.text("InstanceID"), Some("Intel(r) AMT:WiFi Endpoint Settings office"));
    }

    #[test]
    fn passphrase_and_8021x_exclude_each_other_and_one_is_needed() {
        let security = json!({ "username": "u", "authenticationProtocol": 2, "password": "p" });
        assert!(wish(|j| j["password"] = Value::Null).is_err());
        assert!(wish(|j| j["ieee8021x"] = security.clone()).is_err());
        assert!(wish(|j| j["authenticationMethod"] = "WPA2IEEE8021x".into()).is_err());
        let secured = wish(|j| {
            j["authenticationMethod"] = "WPA2IEEE8021x".into();
            j["password"] = Value::Null;
            j["ieee8021x"] = security;
        });
        assert!(secured.is_ok());
        assert!(wish(|j| j["authenticationMethod"] = "OpenSystem".into()).is_err());
        assert!(wish(|j| j["profileName"] = "a b".into()).is_err());
        assert!(wish(|j| j["priority"] = 0.into()).is_err());
    }
}
