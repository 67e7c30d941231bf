//! `--dry-run`: a request that would change something is told instead of sent. It is checked here, where every request
//! passes, so that no command can forget it.

use super::{Client, segment};
use crate::{
    failure::{Exit, Failure, Result},
    render::Format,
    say::{data, inert},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request};
use serde_json::{Value, json};
use viaduct_api::{Code, DeviceId};

/// Parts of keys whose values nobody needs to see on a screen.
const SECRET: [&str; 5] = ["password", "secret", "token", "consentcode", "passphrase"];
/// Lists in which the last part of a path must be, and what is missing when it is not there.
const LISTS: [(&str, Code); 6] = [
    ("tokens", Code::UnknownToken),
    ("users", Code::UnknownUser),
    ("media", Code::UnknownMedia),
    ("mounts", Code::UnknownRedirection),
    ("redirections", Code::UnknownRedirection),
    ("tunnels", Code::UnknownTunnel),
];

/// What would be sent.
struct Wish {
    method: Method,
    /// Below `/api/v1`.
    path: String,
    body: Value,
}

/// Lets requests through that change nothing. Of all others it is told what they would do, after a look whether what
/// they are for is there; the failure that ends the command then has nothing to say and exit code 0.
pub(super) async fn tell(
    client: &Client,
    request: Request<Full<Bytes>>,
) -> Result<Request<Full<Bytes>>> {
    let Some(format) = client.rehearsal else { return Ok(request) };
    let (head, body) = request.into_parts();
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let path = head.uri.path();
    let wish = Wish {
        method: head.method.clone(),
        path: path.strip_prefix("/api/v1").unwrap_or(path).to_owned(),
        body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    };
    if wish.is_harmless() {
        return Ok(Request::from_parts(head, Full::new(bytes)));
    }
    wish.look(client).await?;
    match format {
        Format::Table | Format::Csv | Format::Xml => data(&inert(&wish.words())),
        Format::Json | Format::Ndjson => data(&wish.as_json().to_string()),
    }
    Err(Failure::said(Exit::Done))
}

impl Wish {
    fn is_harmless(&self) -> bool {
        if self.body["dryRun"] == true || self.path.ends_with("/why-offline") {
            return true;
        }
        match self.method {
            // Open AMT's API asks for consent with a GET.
            Method::GET | Method::HEAD => !self.path.starts_with("/amt/userConsentCode/"),
            Method::POST if self.path.starts_with("/wsman/") => {
                matches!(self.body["operation"].as_str(), Some("identify" | "get" | "enumerate"))
            }
            _ => false,
        }
    }

    /// The device that it is about.
    fn device(&self) -> Option<&str> {
        let parts: Vec<&str> = self.path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["devices", "disconnect" | "cert" | "refresh", device]
            | ["devices" | "wsman" | "remote-access", device, ..] => Some(device),
            ["amt", .., device] => Some(device),
            _ => None,
        }
    }

    async fn look(&self, client: &Client) -> Result<()> {
        if let Some(device) = self.device() {
            let seen = client.look(&format!("/devices/{device}")).await;
            let knocks = matches!(self.path.rsplit('/').next(), Some("block" | "approve"))
                && device.parse::<DeviceId>().is_ok();
            return match seen {
                Err(failure) if failure.code() == Some(Code::UnknownDevice) && knocks => Ok(()),
                other => other.map(drop),
            };
        }
        let (list, name) = self.path.trim_start_matches('/').split_once('/').unwrap_or_default();
        let listed = LISTS.iter().find(|(known, _)| *known == list);
        if let Some((_, missing)) = listed.filter(|_| self.method != Method::POST) {
            let all = client.look(&format!("/{list}")).await?;
            let is_it = |one: &Value| {
                ["id", "name", "username"].iter().any(|key| match &one[key] {
                    Value::String(text) => segment(text) == name,
                    Value::Number(number) => {
                        name.parse().is_ok_and(|n: u64| number.as_u64() == Some(n))
                    }
                    _ => false,
                })
            };
            if !all.as_array().is_some_and(|all| all.iter().any(is_it)) {
                return Err(Failure::new(*missing, format!("`{name}` is not among the {list}")));
            }
        }
        if self.path == "/devices" && self.method == Method::POST {
            for key in ["guid", "name"] {
                let Some(value) = self.body[key].as_str() else { continue };
                let there = client.look(&format!("/devices/{}", segment(value))).await;
                if there.is_ok() {
                    let detail = format!("a device of {key} `{value}` is there");
                    return Err(Failure::new(Code::DeviceExists, detail));
                }
            }
        }
        Ok(())
    }

    /// For people: what it would do, then the request for those who want it exactly.
    fn words(&self) -> String {
        let device = self.device().unwrap_or_default();
        let parts: Vec<&str> = self.path.split('/').skip(1).collect();
        let name = self.body["name"].as_str().unwrap_or_default();
        let what = match (self.method.as_str(), parts.as_slice()) {
            ("POST", ["devices"]) => format!("add the device {name}"),
            ("POST", ["devices", _, verb]) => format!("{verb} {device}"),
            ("PATCH", ["devices"]) => {
                format!("change {}", self.body["guid"].as_str().unwrap_or("a device"))
            }
            ("PATCH", ["devices", _]) => format!("change {device}"),
            ("DELETE", ["devices", "disconnect", _]) => format!("end the tunnel of {device}"),
            ("POST", ["imports"]) => {
                format!("add {} devices", self.body.as_array().map_or(0, Vec::len))
            }
            (_, ["amt", "userConsentCode", "cancel", _]) => format!("cancel consent at {device}"),
            ("GET", ["amt", "userConsentCode", _]) => format!("show a consent code at {device}"),
            ("POST", ["amt", "userConsentCode", _]) => {
                format!("pass a consent code to {device}")
            }
            ("POST", ["wsman", _]) => {
                let text = |key: &str| self.body[key].as_str().unwrap_or("an envelope").to_owned();
                format!("{} {} at {device}", text("operation"), text("class"))
            }
            ("POST", ["redirections", "tickets"]) => {
                let text = |key: &str| self.body[key].as_str().unwrap_or_default().to_owned();
                format!("open {} of {}", text("mode"), text("device"))
            }
            ("POST", ["mounts"]) => {
                let text = |key: &str| self.body[key].as_str().unwrap_or_default().to_owned();
                format!("mount {} at {}", text("media"), text("device"))
            }
            ("POST", ["certificates", "reload"]) => "load the certificates again".to_owned(),
            ("POST", ["media"]) => format!("upload {name}"),
            ("POST", ["tokens" | "users"]) => {
                format!("make the {} {name}", parts[0].trim_end_matches('s'))
            }
            ("PUT", ["me", "views", view]) => format!("save the view {view}"),
            ("PATCH", [list, one]) => format!("change {one} of the {list}"),
            ("DELETE", [.., one]) => format!("remove {one}"),
            _ => format!("change something of {}", parts.first().unwrap_or(&"the server")),
        };
        let body = match self.body {
            Value::Null => String::new(),
            _ => format!(" {}", redacted(self.body.clone())),
        };
        format!("would {what}  ({} /api/v1{}{body})", self.method, self.path)
    }

    fn as_json(&self) -> Value {
        json!({
            "dryRun": true,
            "method": self.method.as_str(),
            "path": format!("/api/v1{}", self.path),
            "body": redacted(self.body.clone()),
        })
    }
}

/// The same without secrets.
fn redacted(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                let key = key.to_lowercase();
                let secret = SECRET.iter().any(|part| key.contains(part));
                *value = match value.take() {
                    Value::String(_) if secret => "***".into(),
                    other => redacted(other),
                };
            }
            map.retain(|_, value| !value.is_null());
        }
        Value::Array(items) => {
            for item in items {
                *item = redacted(item.take());
            }
        }
        _ => {}
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(method: Method, path: &str, body: Value) -> Wish {
        Wish { method, path: path.to_owned(), body }
    }

    #[test]
    fn what_changes_nothing_passes_and_all_else_does_not() {
        for (method, path, body, passes) in [
            (Method::GET, "/devices/pc-1", Value::Null, true),
            (Method::GET, "/amt/userConsentCode/pc-1", Value::Null, false),
            (Method::POST, "/wsman/pc-1", json!({ "operation": "get" }), true),
            (Method::POST, "/wsman/pc-1", json!({ "operation": "put" }), false),
            (Method::POST, "/wsman/pc-1", Value::Null, false),
            (Method::PATCH, "/remote-access/pc-1", json!({ "dryRun": true }), true),
            (Method::PATCH, "/remote-access/pc-1", json!({ "dryRun": false }), false),
            (Method::POST, "/devices/pc-1/why-offline", Value::Null, true),
            (Method::DELETE, "/devices/pc-1", Value::Null, false),
            (Method::POST, "/amt/power/action/pc-1", json!({ "action": 8 }), false),
        ] {
            assert_eq!(wish(method.clone(), path, body).is_harmless(), passes, "{method} {path}");
        }
    }

    #[test]
    fn secrets_are_not_told() {
        let body =
            json!({ "name": "pc-1", "amtPassword": "S3cret", "list": [{ "token": "T0ken" }] });
        let told = wish(Method::POST, "/devices", body).words();
        assert!(told.starts_with("would add the device pc-1 "), "{told}");
        assert!(!told.contains("S3cret") && !told.contains("T0ken"), "{told}");
    }

    #[test]
    fn the_device_is_found_in_the_path() {
        for path in [
            "/devices/pc-1",
            "/devices/pc-1/block",
            "/devices/disconnect/pc-1",
            "/amt/power/action/pc-1",
            "/wsman/pc-1",
            "/remote-access/pc-1",
        ] {
            assert_eq!(wish(Method::POST, path, Value::Null).device(), Some("pc-1"), "{path}");
        }
        assert_eq!(wish(Method::POST, "/devices", Value::Null).device(), None);
    }
}
