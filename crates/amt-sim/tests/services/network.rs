//! Wired and wireless network settings.

use amt::wsman::{Instance, Operation, Outcome, Properties, ResourceUri, Subcode, Value};
use amt_sim::services::Host;

use crate::{
    console::{ask, class, host},
    ops::{call, get_at, invoke, list, put, reference},
};

type Shared = std::sync::Arc<Host>;

#[tokio::test]
async fn a_fixed_address_needs_a_mask_and_every_address_must_be_one() {
    let host = host();
    let port = || {
        class("AMT_EthernetPortSettings")
            .with("InstanceID", "Intel(r) AMT Ethernet Port Settings 0")
    };
    let delivered = get_at(&host, port()).await.unwrap();
    let with = |changes: &[(&str, &str)]| {
        let mut new = delivered.clone();
        for (name, value) in changes {
            new.set(name, [(*value).into()]);
        }
        new
    };
    let fixed = [("DHCPEnabled", "false"), ("IpSyncEnabled", "false")];
    let good = [fixed[0], fixed[1], ("IPAddress", "10.0.0.7"), ("SubnetMask", "255.0.0.0")];
    let changed = put(&host, with(&good)).await.unwrap();
    assert_eq!(changed.text("IPAddress"), Some("10.0.0.7"));
    let no_mask = [fixed[0], fixed[1], ("SubnetMask", "")];
    assert_eq!(
        put(&host, with(&no_mask)).await.unwrap_err().subcode,
        Subcode::InvalidRepresentation
    );
    let odd = [("PrimaryDNS", "ns.example")];
    assert_eq!(put(&host, with(&odd)).await.unwrap_err().subcode, Subcode::InvalidRepresentation);
    let mac = [("MACAddress", "00-00-00-00-00-01")];
    assert_eq!(put(&host, with(&mac)).await.unwrap_err().subcode, Subcode::InvalidRepresentation);
}

fn profile(name: &str, priority: u32, method: u32) -> Value {
    let mut input = Instance::new(ResourceUri::of_class("CIM_WiFiEndpointSettings").unwrap());
    for (property, value) in [
        ("ElementName", name.to_owned()),
        ("InstanceID", format!("Intel(r) AMT:WiFi Endpoint Settings {name}")),
        ("AuthenticationMethod", method.to_string()),
        ("EncryptionMethod", "4".to_owned()),
        ("SSID", format!("{name}-net")),
        ("Priority", priority.to_string()),
        ("PSKPassPhrase", "a long secret".to_owned()),
    ] {
        input.set(property, [value.into()]);
    }
    Value::Object(input)
}

async fn add(host: &Shared, arguments: Properties) -> Result<u32, Subcode> {
    let service = class("AMT_WiFiPortConfigurationService");
    let outcome = invoke(host, service, "AddWiFiSettings", arguments).await;
    outcome.map(|o| o.return_value().unwrap()).map_err(|fault| fault.subcode)
}

fn input(profile: Value) -> Properties {
    let endpoint = reference("CIM_WiFiEndpoint", &[("Name", "WiFi Endpoint 0")]);
    vec![("WiFiEndpoint".into(), endpoint), ("WiFiEndpointSettingsInput".into(), profile)]
}

#[tokio::test]
async fn wireless_profiles_are_added_changed_and_deleted_and_keep_their_secret() {
    let host = host();
    assert_eq!(add(&host, input(profile("home", 1, 6))).await, Ok(0));
    assert_eq!(add(&host, input(profile("home", 2, 6))).await, Ok(2058), "the name is taken");
    assert_eq!(add(&host, input(profile("other", 1, 6))).await, Ok(2058), "the priority is taken");
    assert_eq!(add(&host, input(profile("odd", 3, 2))).await, Ok(5), "no shared keys any more");
    let all = list(&host, "CIM_WiFiEndpointSettings").await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].text("SSID"), Some("home-net"));
    assert_eq!(all[0].text("PSKPassPhrase"), None);

    let id = "Intel(r) AMT:WiFi Endpoint Settings home";
    let mut arguments = input(profile("home", 7, 6));
    arguments[0] = (
        "WiFiEndpointSettings".into(),
        reference("CIM_WiFiEndpointSettings", &[("InstanceID", id)]),
    );
    let service = class("AMT_WiFiPortConfigurationService");
    let updated = invoke(&host, service, "UpdateWiFiSettings", arguments).await.unwrap();
    assert_eq!(updated.return_value(), Some(0));
    assert_eq!(list(&host, "CIM_WiFiEndpointSettings").await[0].text("Priority"), Some("7"));

    let target = class("CIM_WiFiEndpointSettings").with("InstanceID", id);
    assert_eq!(ask(&host, target, Operation::Delete).await, Ok(Outcome::Deleted));
    assert!(list(&host, "CIM_WiFiEndpointSettings").await.is_empty());
    for n in 1..=8 {
        assert_eq!(add(&host, input(profile(&format!("p{n}"), n, 6))).await, Ok(0));
    }
    assert_eq!(add(&host, input(profile("p9", 9, 6))).await, Ok(23));
}

#[tokio::test]
async fn a_company_profile_brings_its_802_1x_settings_without_the_password() {
    let host = host();
    assert_eq!(add(&host, input(profile("work", 1, 7))).await, Err(Subcode::InvalidParameter));
    let mut settings = Instance::new(ResourceUri::of_class("CIM_IEEE8021xSettings").unwrap());
    settings.set("AuthenticationProtocol", [2_u32.into()]);
    settings.set("Username", ["somebody".into()]);
    settings.set("Password", ["secret".into()]);
    let mut arguments = input(profile("work", 1, 7));
    arguments.push(("IEEE8021xSettingsInput".into(), Value::Object(settings)));
    assert_eq!(add(&host, arguments).await, Ok(0));
    let settings = list(&host, "CIM_IEEE8021xSettings").await;
    assert_eq!(settings.len(), 1);
    assert_eq!(settings[0].text("Username"), Some("somebody"));
    assert_eq!(settings[0].text("Password"), None);
    let target = class("CIM_WiFiEndpointSettings")
        .with("InstanceID", "Intel(r) AMT:WiFi Endpoint Settings work");
    ask(&host, target, Operation::Delete).await.unwrap();
    assert!(list(&host, "CIM_IEEE8021xSettings").await.is_empty());
}

#[tokio::test]
async fn the_wireless_port_and_its_link_change_hands() {
    let host = host();
    let state = [("RequestedState", "32769")];
    let returned = call(&host, "CIM_WiFiPort", "RequestStateChange", &state).await;
    assert_eq!(returned.return_value(), Some(0));
    assert_eq!(list(&host, "CIM_WiFiPort").await[0].text("EnabledState"), Some("32769"));
    let odd = call(&host, "CIM_WiFiPort", "RequestStateChange", &[("RequestedState", "1")]).await;
    assert_eq!(odd.return_value(), Some(5));
    for (port, expected) in [("0", 1), ("1", 0)] {
        let id = format!("Intel(r) AMT Ethernet Port Settings {port}");
        let target = class("AMT_EthernetPortSettings").with("InstanceID", id.clone());
        let arguments =
            vec![("LinkPreference".into(), 1_u32.into()), ("Timeout".into(), 300_u32.into())];
        let returned = invoke(&host, target, "SetLinkPreference", arguments).await.unwrap();
        assert_eq!(returned.return_value(), Some(expected), "port {port}");
    }
    let ports = list(&host, "AMT_EthernetPortSettings").await;
    assert_eq!(ports[1].text("LinkPreference"), Some("1"));
}
