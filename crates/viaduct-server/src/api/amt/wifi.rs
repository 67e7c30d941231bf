//! Wi-Fi profiles of the management engine.

mod wish;

use super::{
    certificates::{self, handle},
    features::class,
    hardware::list as all_of,
    json::{number, text},
    visit::{Asked, Fields, Visit},
    wireless::port,
};
use crate::{
    api::refusal::Refusal,
    command::{CommandError, DeviceCommands},
};
use amt::wsman::{Instance, Properties, Reference, ResourceUri, Value as Wsman};
use axum::{Json, http::StatusCode};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::sleep;
use viaduct_api::Code;
use wish::{AUTHENTICATION, ENCRYPTION, Security, Wish};

const ENDPOINTS: &str = "CIM_WiFiEndpointSettings";
const SECURITIES: &str = "CIM_IEEE8021xSettings";
const SERVICE: &str = "AMT_WiFiPortConfigurationService";
const PREFIX: &str = "Intel(r) AMT:WiFi Endpoint Settings ";
/// Profiles that the host's software put there.
const USER_PREFIX: &str = "Intel(r) AMT:WiFi Endpoint User Settings";
/// AMT keeps no more of ours.
const PROFILES_MAX: usize = 8;
/// Certificates that were just added are not there at once.
const SETTLE: Duration = Duration::from_secs(1);

fn name_of(table: &[(u32, &'static str)], value: i64) -> &'static str {
    table.iter().find(|(known, _)| i64::from(*known) == value).map_or("Other", |(_, name)| name)
}

/// Whether the host's software put it there.
pub(super) fn is_user(endpoint: &Instance) -> bool {
    text(endpoint, "InstanceID").starts_with(USER_PREFIX)
}

/// A network as `networkSettings` shows it.
pub(super) fn network(endpoint: &Instance) -> Value {
    json!({
        "elementName": text(endpoint, "ElementName"),
        "ssid": text(endpoint, "SSID"),
        "authenticationMethod":
            name_of(&AUTHENTICATION, number(endpoint, "AuthenticationMethod")),
        "encryptionMethod": name_of(&ENCRYPTION, number(endpoint, "EncryptionMethod")),
        "priority": number(endpoint, "Priority"),
        "bsstype": match number(endpoint, "BSSType") {
            2 => "Independent",
            3 => "Infrastructure",
            _ => "Unknown",
        },
    })
}

/// `GET …/wireless/profile`.
pub(super) async fn list(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("Wi-Fi profiles").await?;
    let endpoints = own_profiles(&mut device).await?;
    let securities = all_of(&mut device, SECURITIES).await?;
    let links = all_of(&mut device, "CIM_ConcreteDependency").await?;
    let profiles = endpoints.iter().map(|endpoint| {
        let mut profile = json!({
            "profileName": text(endpoint, "ElementName"),
            "ssid": text(endpoint, "SSID"),
            "authenticationMethod":
                name_of(&AUTHENTICATION, number(endpoint, "AuthenticationMethod")),
            "encryptionMethod": name_of(&ENCRYPTION, number(endpoint, "EncryptionMethod")),
            "priority": number(endpoint, "Priority"),
        });
        if let Some(security) = security_of(endpoint, &securities, &links) {
            profile["ieee8021x"] = json!({
                "username": text(security, "Username"),
                "authenticationProtocol": number(security, "AuthenticationProtocol"),
            });
        }
        profile
    });
    Ok(Json(profiles.collect()))
}

async fn own_profiles(device: &mut DeviceCommands) -> Result<Vec<Instance>, CommandError> {
    let mut endpoints = all_of(device, ENDPOINTS).await?;
    endpoints.retain(|endpoint| !is_user(endpoint));
    Ok(endpoints)
}

/// The 802.1X settings that depend on a profile.
fn security_of<'a>(
    endpoint: &Instance,
    securities: &'a [Instance],
    links: &[Instance],
) -> Option<&'a Instance> {
    let id = text(endpoint, "InstanceID");
    let linked = links.iter().find_map(|link| {
        let end = |name| link.get(name).and_then(Wsman::as_reference);
        let (one, other) = (end("Antecedent")?, end("Dependent")?);
        match (one.selector("InstanceID"), other.selector("InstanceID")) {
            (Some(known), Some(linked)) if known == id => Some(linked),
            (Some(linked), Some(known)) if known == id => Some(linked),
            _ => None,
        }
    });
    securities.iter().find(|security| {
        Some(text(security, "InstanceID")) == linked
            || text(security, "ElementName") == text(endpoint, "ElementName")
    })
}

/// `POST …/wireless/profile`.
pub(super) async fn add(asked: Asked, fields: Fields) -> Result<StatusCode, Refusal> {
    let wish = Wish::read(&fields)?;
    let visit = asked.connected()?;
    let detail = format!("add the Wi-Fi profile {}", wish.name);
    visit.change(detail, write(visit.clone(), wish, false)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PATCH …/wireless/profile`.
pub(super) async fn update(asked: Asked, fields: Fields) -> Result<StatusCode, Refusal> {
    let wish = Wish::read(&fields)?;
    let visit = asked.connected()?;
    let detail = format!("change the Wi-Fi profile {}", wish.name);
    visit.change(detail, write(visit.clone(), wish, true)).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn write(visit: Visit, wish: Wish, update: bool) -> Result<(), Refusal> {
    let mut device = visit.commands("Wi-Fi profile").await?;
    port(&mut device).await?;
    let profiles = own_profiles(&mut device).await?;
    let same_name = profiles.iter().find(|p| text(p, "ElementName") == wish.name);
    let conflict =
        |detail: String| Err(Refusal::new(Code::AmtRefused, detail).sent_as(StatusCode::CONFLICT));
    if update && same_name.is_none() {
        return Err(missing(&wish.name));
    }
    if !update && same_name.is_some() {
        return conflict(format!("a profile {} exists already", wish.name));
    }
    if !update && profiles.len() >= PROFILES_MAX {
        return conflict(format!("there are {PROFILES_MAX} profiles already"));
    }
    let taken = profiles.iter().find(|profile| {
        text(profile, "ElementName") != wish.name
            && number(profile, "Priority") == i64::from(wish.priority)
    });
    if let Some(other) = taken {
        let other = text(other, "ElementName");
        return conflict(format!("the priority {} is that of the profile {other}", wish.priority));
    }
    let mut arguments: Properties = if update {
        let id = same_name.map(|profile| text(profile, "InstanceID")).unwrap_or_default();
        let keys = [("InstanceID", id)];
        let profile = Reference::of_class(ENDPOINTS, &keys).unwrap_or_default();
        vec![("WiFiEndpointSettings".to_owned(), profile.into())]
    } else {
        let keys = [("Name", "WiFi Endpoint 0")];
        let endpoint = Reference::of_class("CIM_WiFiEndpoint", &keys).unwrap_or_default();
        vec![("WiFiEndpoint".to_owned(), endpoint.into())]
    };
    arguments.push(("WiFiEndpointSettingsInput".to_owned(), Wsman::Object(wish.endpoint())));
    if let Some(security) = &wish.security {
        arguments.extend(secured(&mut device, &wish.name, security).await?);
    }
    let method = if update { "UpdateWiFiSettings" } else { "AddWiFiSettings" };
    match device.call(SERVICE, method, arguments).await {
        Err(error @ (CommandError::Fault { .. } | CommandError::Returned { .. })) => {
            Err(Refusal::from(error).sent_as(StatusCode::BAD_REQUEST))
        }
        other => Ok(other.map(drop)?),
    }
}

/// The arguments of 802.1X; keys and certificates that the platform does not have yet are added.
async fn secured(
    device: &mut DeviceCommands,
    name: &str,
    wish: &Security,
) -> Result<Properties, Refusal> {
    let mut settings = Instance::new(ResourceUri::of_class(SECURITIES).unwrap_or_default());
    settings.set("ElementName", [name.into()]);
    settings.set("InstanceID", [format!("Intel(r) AMT:IEEE 802.1x Settings {name}").into()]);
    settings.set("AuthenticationProtocol", [wish.authentication_protocol.into()]);
    settings.set("Username", [wish.username.as_str().into()]);
    if let Some(password) = wish.password.as_deref().filter(|password| !password.is_empty()) {
        settings.set("Password", [password.into()]);
    }
    let mut arguments = vec![("IEEE8021xSettingsInput".to_owned(), Wsman::Object(settings))];
    let known = device.enumerate("AMT_PublicKeyCertificate").await?;
    let mut added = false;
    if let Some(key) = wish.private_key.as_deref().filter(|key| !key.is_empty()) {
        match certificates::add_blob(device, "AddKey", "KeyBlob", key).await {
            Ok(_) => added = true,
            // 2058: it is there already.
            Err(CommandError::Returned { value: 2058, .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let blobs = [
        ("ClientCredential", "AddCertificate", wish.client_cert.as_deref()),
        ("CACredential", "AddTrustedRootCertificate", wish.ca_cert.as_deref()),
    ];
    for (argument, method, blob) in blobs {
        let Some(blob) = blob.filter(|blob| !blob.is_empty()) else { continue };
        let there = known.iter().find(|known| text(known, "X509Certificate") == blob);
        let id = match there {
            Some(known) => text(known, "InstanceID").to_owned(),
            None => {
                added = true;
                let created =
                    certificates::add_blob(device, method, "CertificateBlob", blob).await?;
                handle(&created, "CreatedCertificate")
            }
        };
        let keys = [("InstanceID", id.as_str())];
        let reference = Reference::of_class("AMT_PublicKeyCertificate", &keys).unwrap_or_default();
        arguments.push((argument.to_owned(), reference.into()));
    }
    if added {
        sleep(SETTLE).await;
    }
    Ok(arguments)
}

fn missing(name: &str) -> Refusal {
    Refusal::new(Code::AmtRefused, format!("there is no Wi-Fi profile {name}"))
        .sent_as(StatusCode::NOT_FOUND)
        .shaped([("error", "Wi-Fi profile not found".into())])
}

/// `DELETE …/wireless/profile/{device}/{profileName}`.
pub(super) async fn remove(asked: Asked) -> Result<StatusCode, Refusal> {
    let name = asked.item().to_owned();
    let visit = asked.connected()?;
    let own = visit.clone();
    let detail = format!("remove the Wi-Fi profile {name}");
    let work = async move {
        let mut device = own.commands("remove Wi-Fi profile").await?;
        let profiles = own_profiles(&mut device).await?;
        let profile = profiles.iter().find(|profile| text(profile, "ElementName") == name);
        let profile = profile.ok_or_else(|| missing(&name))?;
        let target = class(ENDPOINTS)?.with("InstanceID", text(profile, "InstanceID"));
        match device.delete(target).await {
            Err(error @ CommandError::Fault { .. }) => {
                Err(Refusal::from(error).sent_as(StatusCode::BAD_REQUEST))
            }
            other => Ok(other?),
        }
    };
    visit.change(detail, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_captured_network_is_shaped() {
        let mut endpoint = Instance::new(ResourceUri::of_class(ENDPOINTS).unwrap());
        for (name, value) in [
            ("AuthenticationMethod", "6"),
            ("BSSType", "3"),
            ("ElementName", "Test"),
            ("EncryptionMethod", "4"),
            ("Priority", "1"),
            ("SSID", "testSSID"),
        ] {
            endpoint.set(name, [value.into()]);
        }
        assert_eq!(
            network(&endpoint),
            json!({
                "elementName": "Test", "ssid": "testSSID", "authenticationMethod": "WPA2PSK",
                "encryptionMethod": "CCMP", "priority": 1, "bsstype": "Infrastructure",
            })
        );
    }
}
