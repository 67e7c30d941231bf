//! TLS settings, KVM and redirection switches, what survives a restart, and the end of it all.

use amt::{
    redirect::{Kind, StartStatus},
    wsman::{Operation, Subcode},
};
use amt_sim::services::{Host, HostState};

use crate::{
    console::{ask, class, config, host},
    ops::{change, get, list, put, request_power, value},
    redirection::Console,
};

#[tokio::test]
async fn tls_settings_count_once_they_are_committed() {
    let host = host();
    let mut settings = list(&host, "AMT_TLSSettingData").await;
    assert_eq!(settings.len(), 2);
    let ids: Vec<_> = settings.iter().filter_map(|s| s.text("InstanceID")).collect();
    assert_eq!(ids, ["Intel(r) AMT 802.3 TLS Settings", "Intel(r) AMT LMS TLS Settings"]);
    settings[0].set("AcceptNonSecureConnections", [false.into()]);
    put(&host, settings.swap_remove(0)).await.unwrap();
    assert!(host.serves(16992), "not committed");
    let commit = value(&host, "AMT_SetupAndConfigurationService", "CommitChanges", &[]).await;
    assert_eq!(commit, 0);
    assert!(!host.serves(16992) && !host.serves(16994));
    assert!(host.serves(16993) && host.serves(16995));
}

#[tokio::test]
async fn a_context_needs_a_certificate_that_is_there() {
    let host = host();
    let mut context = amt::wsman::Instance::new(class("AMT_TLSCredentialContext").resource);
    let certificate = crate::ops::reference(
        "AMT_PublicKeyCertificate",
        &[("InstanceID", "Intel(r) AMT Certificate: Handle: 77")],
    );
    context.set("ElementInContext", [certificate]);
    let fault = ask(&host, class("AMT_TLSCredentialContext"), Operation::Create(context)).await;
    assert_eq!(fault.unwrap_err().subcode, Subcode::InvalidRepresentation);
}

#[tokio::test]
async fn what_is_switched_off_cannot_be_started() {
    let host = host();
    let redirection = async |state| {
        let state = [("RequestedState", state)];
        value(&host, "AMT_RedirectionService", "RequestStateChange", &state).await
    };
    assert_eq!(redirection("32769").await, 0);
    assert_eq!(Console::new(&host).start(Kind::Sol).await, StartStatus::Unsupported);
    assert_eq!(redirection("32770").await, 0);
    assert_eq!(Console::new(&host).start(Kind::Sol).await, StartStatus::Ok);
    assert_eq!(Console::new(&host).start(Kind::Ider).await, StartStatus::Unsupported);
    assert_eq!(redirection("1").await, 5);
    assert_eq!(get(&host, "CIM_KVMRedirectionSAP").await.text("EnabledState"), Some("6"));
    let off = [("RequestedState", "3")];
    assert_eq!(value(&host, "CIM_KVMRedirectionSAP", "RequestStateChange", &off).await, 0);
    assert_eq!(get(&host, "CIM_KVMRedirectionSAP").await.text("EnabledState"), Some("3"));
    assert_eq!(Console::new(&host).start(Kind::Kvm).await, StartStatus::Unsupported);
    change(&host, "AMT_RedirectionService", &[("ListenerEnabled", "false")]).await.unwrap();
    assert!(!host.serves(16994));
}

#[tokio::test]
async fn the_screens_password_is_strong_and_never_shown() {
    let host = host();
    let set = async |password| {
        change(&host, "IPS_KVMRedirectionSettingData", &[("RFBPassword", password)]).await
    };
    assert_eq!(set("short").await.unwrap_err().subcode, Subcode::InvalidRepresentation);
    set("P@ssw0rd").await.unwrap();
    let settings = get(&host, "IPS_KVMRedirectionSettingData").await;
    assert_eq!(settings.text("RFBPassword"), Some(""));
}

#[tokio::test]
async fn port_5900_opens_only_with_a_password_and_an_idle_limit_of_zero_is_none() {
    let host = host();
    let set = async |values: &[(&str, &str)]| {
        change(&host, "IPS_KVMRedirectionSettingData", values).await
    };
    let open = ("Is5900PortEnabled", "true");
    assert_eq!(set(&[open]).await.unwrap_err().subcode, Subcode::InvalidRepresentation);
    assert!(!host.serves(5900));
    set(&[open, ("RFBPassword", "P@ssw0rd"), ("SessionTimeout", "0")]).await.unwrap();
    assert!(host.serves(5900));
    assert!(set(&[("SessionTimeout", "256")]).await.is_err());
}

#[tokio::test]
async fn the_operating_system_saves_power_only_while_it_runs() {
    let host = host();
    let request = async |state| {
        let class = "IPS_PowerManagementService";
        let state = [("OSPowerSavingState", state)];
        value(&host, class, "RequestOSPowerSavingStateChange", &state).await
    };
    assert_eq!(request("3").await, 0);
    let service = get(&host, "IPS_PowerManagementService").await;
    assert_eq!(service.text("OSPowerSavingState"), Some("3"));
    assert_eq!(request("7").await, 5);
    assert_eq!(request_power(&host, 8).await, 0);
    assert_eq!(request("2").await, 4);
}

#[tokio::test]
async fn a_restart_of_the_simulator_changes_nothing() {
    let host = host();
    let mut changes = host.changes();
    changes.borrow_and_update();
    change(&host, "AMT_GeneralSettings", &[("HostName", "kept")]).await.unwrap();
    assert!(changes.has_changed().unwrap());
    change(&host, "IPS_KVMRedirectionSettingData", &[("RFBPassword", "P@ssw0rd")]).await.unwrap();
    assert_eq!(request_power(&host, 8).await, 0);
    let saved = serde_json::to_string(&host.state()).unwrap();

    let next = Host::new(config());
    next.restore(serde_json::from_str::<HostState>(&saved).unwrap());
    assert_eq!(get(&next, "AMT_GeneralSettings").await.text("HostName"), Some("kept"));
    assert_eq!(*next.power_state().borrow(), 8);
    assert_eq!(next.state(), host.state());
}

#[tokio::test]
async fn an_unprovisioned_platform_has_forgotten_everything_and_serves_nobody() {
    let host = host();
    change(&host, "AMT_GeneralSettings", &[("HostName", "gone")]).await.unwrap();
    assert!(*host.provisioning().borrow());
    let class = "AMT_SetupAndConfigurationService";
    assert_eq!(value(&host, class, "Unprovision", &[("ProvisioningMode", "1")]).await, 0);
    let mut provisioning = host.provisioning();
    let gone = provisioning.wait_for(|provisioned| !provisioned);
    tokio::time::timeout(crate::console::DEADLINE, gone).await.expect("in time").unwrap();
    assert!([16992, 16993, 16994, 16995].into_iter().all(|port| !host.serves(port)));
    assert!(host.front().contains(&"Intel AMT is not set up".to_owned()));
    assert!(!serde_json::to_string(&host.state()).unwrap().contains("gone"));
}

#[tokio::test]
async fn a_platform_goes_on_from_what_an_earlier_run_kept() {
    let before = crate::quirks::platform(amt_sim::Provisioning::Acm);
    let keep = before.host_state_reader();
    assert_eq!(keep(), None, "nobody has used it");
    let changes = before.configuration_changes();
    change(&before.host(), "AMT_GeneralSettings", &[("HostName", "kept")]).await.unwrap();
    assert!(changes.has_changed().unwrap());
    let kept = keep().unwrap();

    let after = crate::quirks::platform(amt_sim::Provisioning::Acm);
    after.restore(kept.clone());
    assert_eq!(after.host_state_reader()(), Some(kept), "kept on, though nobody has used it yet");
    assert_eq!(get(&after.host(), "AMT_GeneralSettings").await.text("HostName"), Some("kept"));
}
