//! What Open AMT's validators check of a device, with their answer: all that is wrong, each by its name.

use super::{body, refusal::Refusal};
use crate::config::is_dns_name;
use axum::extract::{FromRequest, Request};
use serde_json::{Value, json};
use viaduct_api::{Code, NewDevice};

/// Longest host name and DNS suffix (RFC 1035 §2.3.4).
const NAME: usize = 255;
/// Longest of the other texts.
const TEXT: usize = 255;

/// A device that passed.
#[derive(Debug)]
pub(super) struct ValidDevice(pub(super) NewDevice);

impl<S: Send + Sync> FromRequest<S> for ValidDevice {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let value: Value = body::parse(&body::read(request.into_body()).await?)?;
        let wrong = wrongs(&value);
        if let Some(first) = wrong.first() {
            let detail = format!(
                "{}: {}",
                first["path"].as_str().unwrap_or_default(),
                first["msg"].as_str().unwrap_or_default()
            );
            return Err(
                Refusal::new(Code::BadRequest, detail).shaped([("errors", Value::Array(wrong))])
            );
        }
        body::parse(value.to_string().as_bytes()).map(Self)
    }
}

/// One entry for each value that does not pass.
fn wrongs(device: &Value) -> Vec<Value> {
    let mut wrong = Vec::new();
    let mut fault = |path: &str, value: &Value, msg: &str| {
        wrong.push(json!({
            "type": "field", "value": value, "msg": msg, "path": path, "location": "body",
        }));
    };
    let guid = &device["guid"];
    if guid.as_str().is_none_or(|text| text.parse::<viaduct_api::DeviceId>().is_err()) {
        fault("guid", guid, "expected a GUID");
    }
    // Null is allowed everywhere else, and an absent key reads as null.
    let texts = [
        ("hostname", NAME),
        ("dnsSuffix", NAME),
        ("friendlyName", TEXT),
        ("mpsusername", TEXT),
        ("tenantId", TEXT),
        ("name", TEXT),
        ("fqdn", NAME),
    ];
    for (path, longest) in texts {
        match &device[path] {
            Value::Null => {}
            Value::String(text) if text.chars().count() <= longest => {}
            value @ Value::String(_) => {
                fault(path, value, &format!("longer than {longest} characters"));
            }
            value => fault(path, value, "expected a text"),
        }
    }
    let suffix = &device["dnsSuffix"];
    let is_domain =
        |text: &str| text.is_empty() || is_dns_name(text.strip_suffix('.').unwrap_or(text));
    if suffix.as_str().is_some_and(|text| text.len() <= NAME && !is_domain(text)) {
        fault("dnsSuffix", suffix, "expected a domain name");
    }
    let tags = &device["tags"];
    if !(tags.is_null() || tags.as_array().is_some_and(|tags| tags.iter().all(Value::is_string))) {
        fault("tags", tags, "expected a list of texts");
    }
    let info = &device["deviceInfo"];
    if !(info.is_null() || info.is_object()) {
        fault("deviceInfo", info, "expected an object");
    }
    let secrets = ["mpspassword", "ciraPassword", "password", "amtPassword", "mebxpassword"];
    for path in secrets.into_iter().chain(["mebxPassword", "rfbPassword", "username", "amtUser"]) {
        let value = &device[path];
        if !(value.is_null() || value.is_string()) {
            // A secret is not repeated, whatever it looks like.
            fault(path, &Value::Null, "expected a text");
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUID: &str = "4c4c4544-004b-4210-8033-b6c04f504633";

    fn paths(device: &Value) -> Vec<String> {
        wrongs(device).iter().map(|wrong| wrong["path"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn what_provisioning_sends_passes_and_everything_wrong_is_named_at_once() {
        for fine in [
            json!({"guid": GUID}),
            json!({"guid": GUID.to_uppercase(), "hostname": null, "tags": null, "deviceInfo": null}),
            json!({"guid": GUID, "dnsSuffix": "", "icon": [1], "useTLS": true}),
            json!({"guid": GUID, "dnsSuffix": "localdomain"}),
            json!({"guid": GUID, "dnsSuffix": "shops.example.com.", "tags": ["a", "b"]}),
        ] {
            assert_eq!(wrongs(&fine), Vec::<Value>::new(), "{fine}");
        }
        let bad = json!({
            "guid": "x", "hostname": 7, "dnsSuffix": "a b", "friendlyName": [], "mpsusername": {},
            "tags": ["a", 1], "deviceInfo": "x", "password": 5,
        });
        let expected = [
            "guid",
            "hostname",
            "friendlyName",
            "mpsusername",
            "dnsSuffix",
            "tags",
            "deviceInfo",
            "password",
        ];
        assert_eq!(paths(&bad), expected);
        assert_eq!(paths(&json!([])), ["guid"]);
        assert!(!json!(wrongs(&bad)).to_string().contains('5'), "no secret is repeated");
    }
}
