//! The consent of the person at the PC.

use amt::{
    redirect::{Kind, StartStatus},
    wsman::Subcode,
};
use amt_sim::Provisioning;

use crate::{
    console::host,
    ops::{change, get, value},
    redirection::Console,
};

const ALL: &str = "4294967295";

async fn state(host: &crate::ops::Host) -> String {
    get(host, "IPS_OptInService").await.text("OptInState").unwrap().to_owned()
}

#[tokio::test]
async fn without_a_policy_nobody_is_asked() {
    let host = host();
    for method in ["StartOptIn", "CancelOptIn"] {
        assert_eq!(value(&host, "IPS_OptInService", method, &[]).await, 2, "{method}");
    }
    assert_eq!(Console::new(&host).start(Kind::Sol).await, StartStatus::Ok);
}

#[tokio::test]
async fn a_code_from_the_screen_opens_redirection_and_closing_it_keeps_consent_for_a_while() {
    let host = host();
    change(&host, "IPS_OptInService", &[("OptInRequired", ALL)]).await.unwrap();
    assert_eq!(Console::new(&host).start(Kind::Sol).await, StartStatus::ConsentNeeded);
    assert_eq!(value(&host, "IPS_OptInService", "StartOptIn", &[]).await, 0);
    assert_eq!(state(&host).await, "2");
    let code = host.consent_code().expect("on the screen");
    assert_eq!(code.len(), 6);
    assert!(host.front().iter().any(|line| line.contains(&code)));
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let send = async |code| {
        value(&host, "IPS_OptInService", "SendOptInCode", &[("OptInCode", code)]).await
    };
    assert_eq!(send(wrong).await, 2066);
    assert_eq!(send(&code).await, 0);
    assert_eq!((state(&host).await.as_str(), host.consent_code()), ("3", None));
    let console = Console::at_prompt(&host).await;
    assert_eq!(state(&host).await, "4");
    drop(console);
    let received = async {
        while state(&host).await != "3" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(crate::console::DEADLINE, received).await.expect("received again");
    assert_eq!(value(&host, "IPS_OptInService", "CancelOptIn", &[]).await, 0);
    assert_eq!(state(&host).await, "0");
}

#[tokio::test]
async fn three_wrong_codes_block_new_ones() {
    let host = host();
    change(&host, "IPS_OptInService", &[("OptInRequired", ALL)]).await.unwrap();
    assert_eq!(value(&host, "IPS_OptInService", "StartOptIn", &[]).await, 0);
    for _ in 0..3 {
        let sent = value(&host, "IPS_OptInService", "SendOptInCode", &[("OptInCode", "x")]).await;
        assert_eq!(sent, 2066);
    }
    assert_eq!(state(&host).await, "0");
    assert_eq!(value(&host, "IPS_OptInService", "StartOptIn", &[]).await, 3);
}

#[tokio::test]
async fn a_policy_for_the_screen_asks_for_nothing_else() {
    let host = host();
    change(&host, "IPS_OptInService", &[("OptInRequired", "1")]).await.unwrap();
    assert_eq!(Console::new(&host).start(Kind::Sol).await, StartStatus::Ok);
    assert_eq!(Console::new(&host).start(Kind::Kvm).await, StartStatus::ConsentNeeded);
    let settings = get(&host, "IPS_KVMRedirectionSettingData").await;
    assert_eq!(settings.text("OptInPolicy"), Some("true"));
}

#[tokio::test]
async fn boot_options_need_consent_and_an_empty_order_does_not() {
    let host = host();
    change(&host, "IPS_OptInService", &[("OptInRequired", ALL)]).await.unwrap();
    let fault = change(&host, "AMT_BootSettingData", &[("BIOSSetup", "true")]).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::AccessDenied);
    let empty = value(&host, "CIM_BootConfigSetting", "ChangeBootOrder", &[("Source", "")]).await;
    assert_eq!(empty, 0);
    let source = crate::ops::reference(
        "CIM_BootSourceSetting",
        &[("InstanceID", "Intel(r) AMT: Force PXE Boot")],
    );
    let target = crate::console::class("CIM_BootConfigSetting");
    let arguments = vec![("Source".to_owned(), source)];
    let fault = crate::ops::invoke(&host, target, "ChangeBootOrder", arguments).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::AccessDenied);
}

#[tokio::test]
async fn in_client_control_consent_is_always_required_and_cannot_be_switched_off() {
    let platform = crate::quirks::platform(Provisioning::Ccm);
    let host = platform.host();
    let service = get(&host, "IPS_OptInService").await;
    assert_eq!(service.text("OptInRequired"), Some(ALL));
    assert_eq!(service.text("CanModifyOptInPolicy"), Some("0"));
    assert_eq!(get(&host, "IPS_HostBasedSetupService").await.text("CurrentControlMode"), Some("1"));
    let setup = get(&host, "AMT_SetupAndConfigurationService").await;
    assert_eq!(setup.text("ProvisioningMode"), Some("4"));
    let fault = change(&host, "IPS_OptInService", &[("OptInRequired", "0")]).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::AccessDenied);
    assert_eq!(Console::new(&host).start(Kind::Sol).await, StartStatus::ConsentNeeded);
}
