//! The classes of a platform: what they say, what changes, what is refused.

use amt::wsman::{Instance, Operation, Outcome, Output, Request, Subcode, Target, Value};
use tokio::time::timeout;

use crate::console::{DEADLINE, ask, class, connect, host, login, run};
use crate::ops::{Host, call, get, list, request_power};

async fn power_state(host: &Host) -> String {
    let services = list(host, "CIM_ServiceAvailableToElement").await;
    assert_eq!(services.len(), 1);
    assert_eq!(services[0].resource.class_name(), "CIM_AssociatedPowerManagementService");
    services[0].text("PowerState").unwrap().to_owned()
}

fn values<'a>(instance: &'a Instance, name: &'a str) -> Vec<&'a str> {
    instance.all(name).filter_map(Value::as_text).collect()
}

#[tokio::test]
async fn identify_tells_vendor_and_version() {
    let host = host();
    let mut open = async || connect(&host, 16992);
    let Output::Done(answered) = run(&Request::identify("1"), login(), &mut open).await else {
        panic!("no answer")
    };
    let Ok(Outcome::Identity(identity)) = answered.reply.result else { panic!("no identity") };
    assert_eq!(identity.vendor, "Intel(r)");
    assert_eq!(identity.version, "AMT 15.0.45");
    assert_eq!(identity.protocol, "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd");
}

#[tokio::test]
async fn software_identities_are_pulled_in_pieces_and_found_by_key() {
    let host = host();
    let all = list(&host, "CIM_SoftwareIdentity").await;
    let ids: Vec<_> = all.iter().filter_map(|i| i.text("InstanceID")).collect();
    assert_eq!(
        ids,
        [
            "Flash",
            "Netstack",
            "AMTApps",
            "AMT",
            "Sku",
            "VendorID",
            "Build Number",
            "Recovery Version",
            "Recovery Build Num",
            "Legacy Mode",
            "AMT FW Core Version",
        ]
    );
    let target = class("CIM_SoftwareIdentity").with("InstanceID", "AMT");
    let amt = ask(&host, target, Operation::Get).await.unwrap().into_instance().unwrap();
    assert_eq!(amt.text("VersionString"), Some("15.0.45"));
    let fault = ask(&host, class("CIM_SoftwareIdentity"), Operation::Get).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidSelectors);
    let target = class("CIM_SoftwareIdentity").with("InstanceID", "nothing");
    let fault = ask(&host, target, Operation::Get).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidSelectors);
}

#[tokio::test]
async fn the_uuid_is_told_in_smbios_order() {
    let host = host();
    let Outcome::Invoked { output, .. } =
        call(&host, "AMT_SetupAndConfigurationService", "GetUuid", &[]).await
    else {
        panic!("no output")
    };
    assert_eq!(output[0], ("UUID".into(), "REVMTEsAEEKAM7bAT1BGMw==".into()));
    let package = get(&host, "CIM_ComputerSystemPackage").await;
    assert_eq!(package.text("PlatformGUID"), Some("44454C4C4B0010428033B6C04F504633"));
    let chassis = package.get("Antecedent").and_then(Value::as_reference).unwrap();
    assert_eq!(chassis.resource.class_name(), "CIM_Chassis");
    assert_eq!(chassis.selector("Tag"), Some("CIM_Chassis"));
    let setup = get(&host, "AMT_SetupAndConfigurationService").await;
    assert_eq!(setup.text("ProvisioningState"), Some("2"));
}

#[tokio::test]
async fn settings_stay_as_they_were_put() {
    let host = host();
    let mut settings = get(&host, "AMT_GeneralSettings").await;
    assert_eq!(settings.text("HostName"), Some("pc-01"));
    assert_eq!(settings.text("DomainName"), Some("demo.example"));
    assert!(settings.text("DigestRealm").unwrap().starts_with("Digest:"));
    settings.set("HostName", ["new <name> & \"more\"".into()]);
    settings.set("PingResponseEnabled", [false.into()]);
    let put = Operation::Put(settings.clone());
    let outcome = ask(&host, class("AMT_GeneralSettings"), put).await.unwrap();
    assert_eq!(outcome.into_instance(), Some(settings.clone()));
    assert_eq!(get(&host, "AMT_GeneralSettings").await, settings);
}

#[tokio::test]
async fn a_put_may_leave_properties_out_and_may_not_change_fixed_ones() {
    let host = host();
    let before = get(&host, "AMT_GeneralSettings").await;
    let target = || class("AMT_GeneralSettings");
    let partial = |name: &str, value: Value| {
        let mut instance = Instance::new(target().resource);
        instance.set(name, [value]);
        Operation::Put(instance)
    };
    ask(&host, target(), partial("IdleWakeTimeout", 5_u32.into())).await.unwrap();
    let after = get(&host, "AMT_GeneralSettings").await;
    assert_eq!(after.text("IdleWakeTimeout"), Some("5"));
    assert_eq!(after.text("HostName"), before.text("HostName"));
    for (name, value) in [
        ("DigestRealm", "other"),
        ("IdleWakeTimeout", "many"),
        ("SharedFQDN", "perhaps"),
        ("NoSuchProperty", "1"),
    ] {
        let fault = ask(&host, target(), partial(name, value.into())).await.unwrap_err();
        assert_eq!(fault.subcode, Subcode::InvalidRepresentation, "{name}");
    }
    assert_eq!(get(&host, "AMT_GeneralSettings").await, after);
}

#[tokio::test]
async fn the_wired_and_the_wireless_port_are_told_apart_by_key() {
    let host = host();
    let ports = list(&host, "AMT_EthernetPortSettings").await;
    assert_eq!(ports.len(), 2);
    assert_eq!(values(&ports[0], "LinkPolicy"), ["1", "14", "16"]);
    assert_eq!(ports[0].text("MACAddress"), Some("02-c0-4f-50-46-33"));
    let key = "Intel(r) AMT Ethernet Port Settings 0";
    let target = class("AMT_EthernetPortSettings").with("InstanceID", key);
    let mut wired = ports[0].clone();
    wired.set("LinkPolicy", [1_u32.into()]);
    ask(&host, target.clone(), Operation::Put(wired)).await.unwrap();
    let wired = ask(&host, target, Operation::Get).await.unwrap().into_instance().unwrap();
    assert_eq!(values(&wired, "LinkPolicy"), ["1"]);
}

#[tokio::test]
async fn power_really_changes_and_is_seen_by_everybody() {
    let host = host();
    let mut watch = host.power_state();
    assert_eq!(power_state(&host).await, "2");
    assert_eq!(request_power(&host, 8).await, 0);
    assert_eq!(power_state(&host).await, "8");
    assert_eq!(*watch.borrow_and_update(), 8);
    let service = get(&host, "CIM_AssociatedPowerManagementService").await;
    assert_eq!(values(&service, "AvailableRequestedPowerStates"), ["2"]);
    assert_eq!(request_power(&host, 10).await, 4097, "no reset without power");
    assert_eq!(request_power(&host, 2).await, 0);
    assert_eq!(power_state(&host).await, "2");
    let service = get(&host, "CIM_AssociatedPowerManagementService").await;
    assert_eq!(
        values(&service, "AvailableRequestedPowerStates"),
        ["10", "8", "5", "11", "4", "7", "14", "12"]
    );
}

#[tokio::test]
async fn a_reset_goes_through_off_to_on_and_meanwhile_the_platform_is_busy() {
    let host = host();
    let mut watch = host.power_state();
    assert_eq!(request_power(&host, 10).await, 0);
    assert_eq!(*watch.borrow_and_update(), 8);
    assert_eq!(request_power(&host, 2).await, 4099);
    timeout(DEADLINE, watch.changed()).await.expect("on again").unwrap();
    assert_eq!(*watch.borrow_and_update(), 2);
    assert_eq!(power_state(&host).await, "2");
}

#[tokio::test]
async fn power_requests_that_make_no_sense_get_the_codes_of_cim() {
    let host = host();
    assert_eq!(request_power(&host, 2).await, 4097, "already on");
    assert_eq!(request_power(&host, 3).await, 1, "unsupported");
    assert_eq!(request_power(&host, 99).await, 5, "no such state");
    assert_eq!(request_power(&host, 11).await, 0, "an NMI changes nothing");
    assert_eq!(power_state(&host).await, "2");
    let invoke = Operation::Invoke { method: "RequestPowerStateChange".into(), arguments: vec![] };
    let fault = ask(&host, class("CIM_PowerManagementService"), invoke).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidParameter);
}

#[tokio::test]
async fn redirection_is_switched_by_method_and_by_put() {
    let host = host();
    let name = "AMT_RedirectionService";
    let outcome = call(&host, name, "RequestStateChange", &[("RequestedState", "32768")]).await;
    assert_eq!(outcome.return_value(), Some(0));
    assert_eq!(get(&host, name).await.text("EnabledState"), Some("32768"));
    let outcome = call(&host, name, "RequestStateChange", &[("RequestedState", "7")]).await;
    assert_eq!(outcome.return_value(), Some(5));
    assert!(host.serves(16994) && host.serves(16995));
    let mut service = get(&host, name).await;
    service.set("ListenerEnabled", [false.into()]);
    ask(&host, class(name), Operation::Put(service)).await.unwrap();
    assert!(!host.serves(16994) && !host.serves(16995));
    assert!(host.serves(16992) && host.serves(16993));
}

#[tokio::test]
async fn only_four_ports_answer() {
    let host = host();
    for port in [623, 664, 5900, 22, 0] {
        assert!(!host.serves(port), "{port}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_fault_and_not_an_empty_answer() {
    let host = host();
    let unknown = || class("AMT_NoSuchClass");
    for operation in [Operation::Get, Operation::Enumerate, Operation::Delete] {
        let fault = ask(&host, unknown(), operation).await.unwrap_err();
        assert_eq!(
            (fault.subcode.clone(), fault.http_status()),
            (Subcode::DestinationUnreachable, 400)
        );
    }
    let foreign = Target {
        resource: amt::wsman::ResourceUri::new("urn:x/AMT_GeneralSettings"),
        ..Target::default()
    };
    let fault = ask(&host, foreign, Operation::Get).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::DestinationUnreachable);
    let invoke = Operation::Invoke { method: "Explode".into(), arguments: vec![] };
    let fault = ask(&host, class("AMT_GeneralSettings"), invoke).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::ActionNotSupported);
    let pull = Operation::Pull { context: "FF000000-0000-0000-0000-000000000000".into(), most: 1 };
    let fault = ask(&host, class("CIM_SoftwareIdentity"), pull).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidEnumerationContext);
}

#[tokio::test]
async fn a_released_enumeration_is_gone_and_the_table_of_them_is_bounded() {
    let host = host();
    let name = "CIM_SoftwareIdentity";
    let mut contexts = Vec::new();
    let fault = loop {
        match ask(&host, class(name), Operation::Enumerate).await {
            Ok(Outcome::Enumerating(context)) => contexts.push(context),
            Ok(other) => panic!("{other:?}"),
            Err(fault) => break fault,
        }
        assert!(contexts.len() < 100, "no bound");
    };
    assert_eq!(fault.subcode, Subcode::QuotaLimit);
    let release = || Operation::Release { context: contexts[0].clone() };
    assert_eq!(ask(&host, class(name), release()).await, Ok(Outcome::Released));
    let fault = ask(&host, class(name), release()).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidEnumerationContext);
    assert!(ask(&host, class(name), Operation::Enumerate).await.is_ok());
}
