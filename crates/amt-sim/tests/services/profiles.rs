//! Every class that consoles ask for is answered by every generation that has it.

use amt::wsman::{Operation, Subcode};
use amt_sim::services::Host;

use crate::{
    console::{ask, class, config},
    ops::{get, list, list_and_count},
};

/// A platform of this firmware version, reachable without TLS all the same.
async fn platform(version: &str) -> std::sync::Arc<Host> {
    let mut config = config();
    config.amt_version = version.into();
    Host::new(config)
}

/// What consoles read with Get: one instance, no selectors.
const READ: [&str; 24] = [
    "AMT_SetupAndConfigurationService",
    "AMT_GeneralSettings",
    "AMT_RedirectionService",
    "CIM_KVMRedirectionSAP",
    "CIM_RedirectionService",
    "IPS_KVMRedirectionSettingData",
    "IPS_OptInService",
    "AMT_BootCapabilities",
    "AMT_BootSettingData",
    "CIM_BootConfigSetting",
    "CIM_BootService",
    "CIM_PowerManagementService",
    "CIM_ComputerSystemPackage",
    "CIM_Chassis",
    "CIM_Card",
    "CIM_BIOSElement",
    "AMT_MessageLog",
    "AMT_AuditLog",
    "AMT_AuthorizationService",
    "AMT_TimeSynchronizationService",
    "IPS_HostBasedSetupService",
    "IPS_ScreenConfigurationService",
    "AMT_AlarmClockService",
    "IPS_IEEE8021xSettings",
];
/// What they enumerate.
const LISTED: [&str; 31] = [
    "CIM_SoftwareIdentity",
    "CIM_ServiceAvailableToElement",
    "CIM_AssociatedPowerManagementService",
    "AMT_EthernetPortSettings",
    "CIM_EthernetPort",
    "CIM_BootSourceSetting",
    "CIM_PowerManagementCapabilities",
    "CIM_SystemPackaging",
    "CIM_PhysicalPackage",
    "CIM_Chip",
    "CIM_Processor",
    "CIM_PhysicalMemory",
    "CIM_MediaAccessDevice",
    "CIM_ComputerSystem",
    "CIM_BIOSFeature",
    "CIM_Fan",
    "CIM_Sensor",
    "AMT_TLSSettingData",
    "AMT_TLSProtocolEndpointCollection",
    "CIM_FilterCollection",
    "CIM_ElementSettingData",
    "CIM_ConcreteDependency",
    "IPS_IPv6PortSettings",
    "IPS_LANEndpoint",
    "IPS_HostIPSettings",
    "IPS_ScreenSettingData",
    "AMT_8021XProfile",
    "AMT_KerberosSettingData",
    "AMT_CryptographicCapabilities",
    "AMT_SystemPowerScheme",
    "AMT_WiFiPortConfigurationService",
];
/// What they enumerate, and what is empty until somebody fills it.
const EMPTY: [&str; 8] = [
    "IPS_AlarmClockOccurrence",
    "CIM_WiFiEndpointSettings",
    "CIM_IEEE8021xSettings",
    "AMT_TLSCredentialContext",
    "CIM_CredentialContext",
    "CIM_FilterCollectionSubscription",
    "CIM_ListenerDestinationWSManagement",
    "AMT_SNMPEventSubscriber",
];

#[tokio::test]
async fn every_class_of_a_consoles_first_round_is_answered_by_every_generation() {
    for version in ["9.1.45.3000", "11.8.94.4494", "12.0.92.2145", "15.0.45.2411"] {
        let host = platform(version).await;
        for name in READ {
            let instance = get(&host, name).await;
            assert!(instance.properties.len() > 1, "{version}: {name} says nothing");
            for (property, value) in &instance.properties {
                let text = value.as_text().unwrap_or_default();
                assert!(!text.contains("${"), "{version}: {name}.{property} is {text}");
            }
        }
        for name in LISTED {
            let all = list(&host, name).await;
            assert!(!all.is_empty(), "{version}: no {name}");
        }
        for name in EMPTY {
            assert!(list(&host, name).await.is_empty(), "{version}: {name}");
        }
    }
}

#[tokio::test]
async fn newer_generations_are_reached_over_tls_only() {
    for version in ["16.1.27.2176", "18.0.5.2141", "22.0.0.1000"] {
        let host = platform(version).await;
        assert!(!host.serves(16992) && !host.serves(16994), "{version}");
        assert!(host.serves(16993) && host.serves(16995), "{version}");
    }
    let host = platform("15.0.45.2411").await;
    assert!([16992, 16993, 16994, 16995].into_iter().all(|port| host.serves(port)));
}

#[tokio::test]
async fn an_old_generation_lacks_what_came_later() {
    let host = platform("9.1.45.3000").await;
    for missing in ["IPS_PowerManagementService", "CIM_WiFiPort", "IPS_HostBootReason"] {
        let fault = ask(&host, class(missing), Operation::Get).await.unwrap_err();
        assert_eq!(fault.subcode, Subcode::DestinationUnreachable, "{missing}");
    }
    let boot = get(&host, "AMT_BootSettingData").await;
    assert_eq!(boot.text("UefiBootNumberOfParams"), None);
    assert_eq!(get(&host, "AMT_AuthorizationService").await.text("AllowHttpQopAuthOnly"), None);
    let capabilities = &list(&host, "CIM_PowerManagementCapabilities").await[0];
    let states: Vec<_> =
        capabilities.all("PowerStatesSupported").filter_map(|v| v.as_text()).collect();
    assert_eq!(states, ["5", "8", "2", "10"]);
    let service = &list(&host, "CIM_AssociatedPowerManagementService").await[0];
    let choices: Vec<_> =
        service.all("AvailableRequestedPowerStates").filter_map(|v| v.as_text()).collect();
    assert_eq!(choices, ["10", "8", "5"]);
}

#[tokio::test]
async fn some_classes_are_given_one_by_one_with_the_end_in_a_pull_of_its_own() {
    let host = platform("15.0.45.2411").await;
    for (name, instances) in
        [("CIM_Chip", 1), ("CIM_PowerManagementCapabilities", 1), ("CIM_PhysicalPackage", 2)]
    {
        let (all, pulls) = list_and_count(&host, name, 999).await;
        assert_eq!((all.len(), pulls), (instances, instances + 1), "{name}");
    }
    let (all, pulls) = list_and_count(&host, "CIM_PhysicalMemory", 999).await;
    assert_eq!((all.len(), pulls), (2, 1));
}

#[tokio::test]
async fn the_hardware_of_two_platforms_differs_where_it_must() {
    let one = platform("15.0.45.2411").await;
    let mut other = config();
    other.guid = uuid::uuid!("11111111-2222-3333-4444-555555555555");
    let other = Host::new(other);
    for (name, property) in
        [("CIM_Chassis", "SerialNumber"), ("CIM_ComputerSystemPackage", "PlatformGUID")]
    {
        let serial = async |host| get(host, name).await.text(property).map(str::to_owned);
        assert_ne!(serial(&one).await, serial(&other).await, "{name}.{property}");
    }
    let mac = async |host| {
        list(host, "AMT_EthernetPortSettings").await[0].text("MACAddress").map(str::to_owned)
    };
    assert_ne!(mac(&one).await, mac(&other).await);
}
