//! The network ports of the management engine.

use super::{
    features::class,
    hardware::{get, list},
    json::{flag, number, text},
    visit::{Asked, Fields},
    wifi,
};
use crate::{
    api::refusal::Refusal,
    command::{CommandError, DeviceCommands},
};
use amt::wsman::Instance;
use axum::{Json, http::StatusCode};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use viaduct_api::Code;

const PORTS: &str = "AMT_EthernetPortSettings";
const WIRED: &str = "Settings 0";
const WIRELESS: &str = "Settings 1";

/// The wired and the wireless port.
async fn ports(
    device: &mut DeviceCommands,
) -> Result<(Option<Instance>, Option<Instance>), CommandError> {
    let ports = device.enumerate(PORTS).await?;
    let ending =
        |end: &str| ports.iter().find(|port| text(port, "InstanceID").ends_with(end)).cloned();
    Ok((ending(WIRED), ending(WIRELESS)))
}

/// `GET /amt/networkSettings`.
pub(super) async fn show(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("network").await?;
    let (wired, wireless) = ports(&mut device).await?;
    if wired.is_none() && wireless.is_none() {
        return Err(no_port("the platform has no network port"));
    }
    let wired = match wired {
        Some(port) => wired_port(&mut device, &port).await?,
        None => Value::Null,
    };
    let wireless = match wireless {
        Some(port) => wireless_port(&mut device, &port).await?,
        None => Value::Null,
    };
    Ok(Json(json!({ "wired": wired, "wireless": wireless })))
}

/// `GET /amt/networkSettings/wired`.
pub(super) async fn wired(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("wired network").await?;
    let (wired, _) = ports(&mut device).await?;
    let port = wired.ok_or_else(|| no_port("the platform has no wired port"))?;
    Ok(Json(wired_port(&mut device, &port).await?))
}

pub(super) fn no_port(detail: &str) -> Refusal {
    Refusal::new(Code::AmtRefused, detail)
        .sent_as(StatusCode::NOT_FOUND)
        .shaped([("error", detail.into()), ("errorDescription", detail.into())])
}

async fn wired_port(device: &mut DeviceCommands, port: &Instance) -> Result<Value, CommandError> {
    let security = get(device, "IPS_IEEE8021xSettings").await?;
    let mut shaped = common(port);
    if let Some(security) = security {
        shaped["ieee8021x"] = json!({
            "enabled": match number(&security, "Enabled") {
                2 => "EnabledWithCertificates",
                3 => "Disabled",
                6 => "EnabledWithoutCertificates",
                _ => "",
            },
            "availableInS0": flag(&security, "AvailableInS0"),
            "pxeTimeout": number(&security, "PxeTimeout"),
        });
    }
    Ok(shaped)
}

async fn wireless_port(
    device: &mut DeviceCommands,
    port: &Instance,
) -> Result<Value, CommandError> {
    let endpoints = list(device, "CIM_WiFiEndpointSettings").await?;
    let securities = list(device, "CIM_IEEE8021xSettings").await?;
    let service = get(device, "AMT_WiFiPortConfigurationService").await?;
    let holder = |name: &str| match number(port, name) {
        1 => "Management Engine",
        2 => "Host",
        _ => "",
    };
    let mut shaped = common(port);
    shaped["linkPreference"] = holder("LinkPreference").into();
    shaped["linkControl"] = holder("LinkControl").into();
    shaped["wlanLinkProtectionLevel"] = match number(port, "WLANLinkProtectionLevel") {
        0 => "Override",
        1 => "None",
        2 => "Passive",
        3 => "High",
        _ => "",
    }
    .into();
    shaped["wifiNetworks"] =
        endpoints.iter().filter(|e| !wifi::is_user(e)).map(wifi::network).collect();
    shaped["ieee8021xSettings"] = securities.iter().map(security).collect();
    if let Some(service) = service {
        shaped["wifiPortConfigService"] = configuration(&service);
    }
    Ok(shaped)
}

/// Never the secrets among them.
fn security(security: &Instance) -> Value {
    json!({
        "authenticationProtocol": number(security, "AuthenticationProtocol"),
        "roamingIdentity": text(security, "RoamingIdentity"),
        "serverCertificateName": text(security, "ServerCertificateName"),
        "serverCertificateNameComparison": number(security, "ServerCertificateNameComparison"),
        "username": text(security, "Username"),
        "domain": text(security, "Domain"),
    })
}

fn configuration(service: &Instance) -> Value {
    json!({
        "requestedState": number(service, "RequestedState"),
        "enabledState": number(service, "EnabledState"),
        "healthState": number(service, "HealthState"),
        "elementName": text(service, "ElementName"),
        "systemCreationClassName": text(service, "SystemCreationClassName"),
        "systemName": text(service, "SystemName"),
        "creationClassName": text(service, "CreationClassName"),
        "name": text(service, "Name"),
        "localProfileSynchronizationEnabled":
            number(service, "localProfileSynchronizationEnabled"),
        "lastConnectedSsidUnderMeControl": text(service, "LastConnectedSsidUnderMeControl"),
        "noHostCsmeSoftwarePolicy": number(service, "NoHostCsmeSoftwarePolicy"),
        "uefiWiFiProfileShareEnabled": flag(service, "UEFIWiFiProfileShareEnabled"),
    })
}

fn common(port: &Instance) -> Value {
    let policies: Vec<&str> = port
        .all("LinkPolicy")
        .map(|policy| match policy.as_text().map(str::trim) {
            Some("1") => "S0 AC",
            Some("14") => "Sx AC",
            Some("16") => "S0 DC",
            Some("224") => "Sx DC",
            _ => "Unknown",
        })
        .collect();
    let connection = port.text("PhysicalConnectionType").map(str::trim);
    let medium = port.text("PhysicalNicMedium").or_else(|| port.text("PhysicalNICMedium"));
    let mut shaped = json!({
        "elementName": text(port, "ElementName"),
        "instanceID": text(port, "InstanceID"),
        "vlanTag": number(port, "VLANTag"),
        "sharedMAC": flag(port, "SharedMAC"),
        "macAddress": text(port, "MACAddress"),
        "linkIsUp": flag(port, "LinkIsUp"),
        "linkPolicy": policies,
        "sharedStaticIP": flag(port, "SharedStaticIp"),
        "sharedDynamicIP": flag(port, "SharedDynamicIP"),
        "ipSyncEnabled": flag(port, "IpSyncEnabled"),
        "dhcpEnabled": flag(port, "DHCPEnabled"),
        "ipAddress": text(port, "IPAddress"),
        "subnetMask": text(port, "SubnetMask"),
        "defaultGateway": text(port, "DefaultGateway"),
        "primaryDNS": text(port, "PrimaryDNS"),
        "secondaryDNS": text(port, "SecondaryDNS"),
        "physicalConnectionType": match connection {
            Some("0") => "Integrated LAN NIC",
            Some("1") => "Discrete LAN NIC",
            Some("2") => "LAN via Thunderbolt Dock",
            Some("3") => "Wireless LAN",
            _ => "",
        },
        "physicalNICMedium": match medium.map(str::trim) {
            Some("0") => "SMBUS",
            Some("1") => "PCIe",
            _ => "",
        },
    });
    let retransmissions = number(port, "ConsoleTcpMaxRetransmissions");
    if retransmissions != 0 {
        shaped["consoleTCPMaxRetransmissions"] = retransmissions.into();
    }
    shaped
}

/// What a wired port shall have.
#[derive(Debug, Clone, Default)]
struct Wish {
    dhcp: bool,
    sync: bool,
    addresses: Vec<(&'static str, String)>,
}

/// Keys of the API and of AMT; the first four are needed for a static address.
const ADDRESSES: [(&str, &str); 5] = [
    ("ipAddress", "IPAddress"),
    ("subnetMask", "SubnetMask"),
    ("defaultGateway", "DefaultGateway"),
    ("primaryDNS", "PrimaryDNS"),
    ("secondaryDNS", "SecondaryDNS"),
];

impl Wish {
    fn read(fields: &Fields) -> Result<Self, Refusal> {
        if fields.get("ieee8021x").is_some() {
            let detail = "802.1X of the wired port cannot be changed here";
            return Err(Refusal::new(Code::BadRequest, detail)
                .sent_as(StatusCode::NOT_IMPLEMENTED)
                .shaped([("error", "Not Implemented".into())]));
        }
        let truth = "expected true or false";
        let dhcp = fields.required::<bool>("dhcpEnabled", truth)?;
        let sync = fields.optional::<bool>("ipSyncEnabled", truth)?.unwrap_or_default();
        let mut addresses = Vec::new();
        for (key, name) in ADDRESSES {
            let msg = "expected an IPv4 address";
            let Some(address) = fields.optional::<String>(key, msg)? else { continue };
            if address.parse::<Ipv4Addr>().is_err() {
                return Err(Fields::bad(key, address.into(), msg));
            }
            if dhcp || sync {
                let msg = "not together with DHCP or with the host's address";
                return Err(Fields::bad(key, address.into(), msg));
            }
            addresses.push((name, address));
        }
        let given = |name: &str| addresses.iter().any(|(known, _)| *known == name);
        let missing = ADDRESSES.iter().take(4).find(|(_, name)| !given(name));
        match missing {
            Some((key, _)) if !dhcp && !sync => {
                Err(Fields::bad(key, Value::Null, "needed without DHCP and the host's address"))
            }
            _ => Ok(Self { dhcp, sync, addresses }),
        }
    }

    fn apply(&self, port: &mut Instance) {
        for (_, name) in ADDRESSES {
            port.properties.retain(|(known, _)| known != name);
        }
        port.set("DHCPEnabled", [self.dhcp.into()]);
        port.set("IpSyncEnabled", [(self.sync || self.dhcp).into()]);
        port.set("SharedStaticIp", [(self.sync && !self.dhcp).into()]);
        for (name, address) in &self.addresses {
            port.set(name, [address.as_str().into()]);
        }
    }
}

/// `PATCH /amt/networkSettings/wired`.
pub(super) async fn change_wired(asked: Asked, fields: Fields) -> Result<StatusCode, Refusal> {
    let wish = Wish::read(&fields)?;
    let visit = asked.connected()?;
    let own = visit.clone();
    let detail = match wish.addresses.first() {
        Some((_, address)) => format!("wired network: {address}"),
        None => "wired network: address from DHCP or the host".to_owned(),
    };
    let work = async move {
        let mut device = own.commands("change wired network").await?;
        let (wired, _) = ports(&mut device).await?;
        let mut port = wired.ok_or_else(|| no_port("the platform has no wired port"))?;
        wish.apply(&mut port);
        let target = class(PORTS)?.with("InstanceID", text(&port, "InstanceID"));
        match device.put(target, port).await {
            Err(error @ CommandError::Fault { .. }) => {
                Err(Refusal::from(error).sent_as(StatusCode::BAD_REQUEST))
            }
            other => Ok(other.map(drop)?),
        }
    };
    visit.change(detail, work).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(json: Value) -> Result<Wish, Refusal> {
        Wish::read(&Fields::parse(json.to_string().as_bytes())?)
    }

    #[test]
    fn a_static_address_needs_all_of_its_parts_and_no_dhcp() {
        let whole = json!({
            "dhcpEnabled": false, "ipAddress": "192.0.2.7", "subnetMask": "255.255.255.0",
            "defaultGateway": "192.0.2.1", "primaryDNS": "192.0.2.2",
        });
        assert_eq!(wish(whole.clone()).unwrap().addresses.len(), 4);
        for key in ["ipAddress", "subnetMask", "defaultGateway", "primaryDNS"] {
            let mut part = whole.clone();
            part.as_object_mut().unwrap().remove(key);
            assert!(wish(part).is_err(), "{key}");
        }
        let mut both = whole.clone();
        both["dhcpEnabled"] = true.into();
        assert!(wish(both).is_err());
        let mut wrong = whole;
        wrong["ipAddress"] = "192.0.2".into();
        assert!(wish(wrong).is_err());
        assert!(wish(json!({})).is_err(), "dhcpEnabled is needed");
        assert!(wish(json!({ "dhcpEnabled": true })).is_ok());
        assert!(wish(json!({ "dhcpEnabled": true, "ieee8021x": {} })).is_err());
    }
}
