//! Boot: what consoles may ask for, and that the PC does it once.

use amt::wsman::{Subcode, Value};
use amt_sim::services::{BootSource, Host};

use crate::{
    console::{config, host},
    ops::{call, change, get, invoke, reference, request_power, restart, value},
};

type Shared = std::sync::Arc<Host>;

async fn set_role(host: &Shared) {
    let configuration =
        reference("CIM_BootConfigSetting", &[("InstanceID", "Intel(r) AMT: Boot Configuration 0")]);
    let arguments =
        vec![("BootConfigSetting".to_owned(), configuration), ("Role".to_owned(), 1_u32.into())];
    let target = crate::console::class("CIM_BootService");
    let returned = invoke(host, target, "SetBootConfigRole", arguments).await.unwrap();
    assert_eq!(returned.return_value(), Some(0));
}

async fn order(host: &Shared, source: Option<&str>) -> Result<u32, Subcode> {
    let arguments = source.map(|source| {
        let id = format!("Intel(r) AMT: {source}");
        ("Source".to_owned(), reference("CIM_BootSourceSetting", &[("InstanceID", &id)]))
    });
    let target = crate::console::class("CIM_BootConfigSetting");
    let outcome = invoke(host, target, "ChangeBootOrder", arguments.into_iter().collect()).await;
    outcome.map(|o| o.return_value().unwrap()).map_err(|fault| fault.subcode)
}

#[tokio::test]
async fn a_pc_boots_from_the_network_once() {
    let host = host();
    assert_eq!(host.last_boot().source, BootSource::HardDrive);
    assert_eq!(order(&host, None).await, Ok(0));
    change(&host, "AMT_BootSettingData", &[("BIOSSetup", "false")]).await.unwrap();
    set_role(&host).await;
    assert_eq!(order(&host, Some("Force PXE Boot")).await, Ok(0));
    assert_eq!(get(&host, "AMT_BootSettingData").await.text("OptionsCleared"), Some("false"));
    restart(&host).await;
    assert_eq!(host.last_boot().source, BootSource::Network);
    assert!(host.last_boot().by_amt);
    assert_eq!(get(&host, "AMT_BootSettingData").await.text("OptionsCleared"), Some("true"));
    assert_eq!(get(&host, "IPS_HostBootReason").await.text("Reason"), Some("1"));
    restart(&host).await;
    assert_eq!(host.last_boot().source, BootSource::HardDrive);
    assert!(!host.last_boot().by_amt);
}

#[tokio::test]
async fn setup_is_entered_from_off_and_options_are_gone_afterwards() {
    let host = host();
    assert_eq!(request_power(&host, 8).await, 0);
    change(&host, "AMT_BootSettingData", &[("BIOSSetup", "1"), ("UseSOL", "true")]).await.unwrap();
    set_role(&host).await;
    assert_eq!(request_power(&host, 2).await, 0);
    assert_eq!(host.last_boot().source, BootSource::Setup);
    let settings = get(&host, "AMT_BootSettingData").await;
    assert_eq!(settings.text("BIOSSetup"), Some("false"));
    assert!(host.front().contains(&"booted from: BIOS setup".to_owned()));
}

#[tokio::test]
async fn without_the_role_options_do_not_count() {
    let host = host();
    assert_eq!(order(&host, Some("Force PXE Boot")).await, Ok(0));
    restart(&host).await;
    assert_eq!(host.last_boot().source, BootSource::HardDrive);
}

#[tokio::test]
async fn a_source_does_not_go_with_setup_but_a_redirected_cd_goes_with_its_source() {
    let host = host();
    change(&host, "AMT_BootSettingData", &[("BIOSSetup", "true")]).await.unwrap();
    assert_eq!(order(&host, Some("Force PXE Boot")).await, Ok(5));
    let cd = [("BIOSSetup", "false"), ("UseIDER", "true"), ("IDERBootDevice", "1")];
    change(&host, "AMT_BootSettingData", &cd).await.unwrap();
    assert_eq!(order(&host, Some("Force CD/DVD Boot")).await, Ok(0));
    let fault = change(&host, "AMT_BootSettingData", &[("BIOSSetup", "true")]).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidRepresentation);
    assert_eq!(order(&host, Some("Force Tea Boot")).await, Ok(5));
    set_role(&host).await;
    restart(&host).await;
    assert_eq!(host.last_boot().source, BootSource::HardDrive, "nobody redirects a CD");
}

#[tokio::test]
async fn what_the_pc_cannot_do_is_refused() {
    let host = host();
    for option in ["BIOSPause", "SecureErase", "LockPowerButton"] {
        let fault = change(&host, "AMT_BootSettingData", &[(option, "true")]).await.unwrap_err();
        assert_eq!(fault.subcode, Subcode::InvalidRepresentation, "{option}");
    }
    let fault = change(&host, "AMT_BootSettingData", &[("IDERBootDevice", "2")]).await;
    assert!(fault.is_err());
}

#[tokio::test]
async fn when_the_mains_fail_boot_options_are_forgotten() {
    let host = host();
    change(&host, "AMT_BootSettingData", &[("BIOSSetup", "true")]).await.unwrap();
    set_role(&host).await;
    host.lose_power();
    assert_eq!(get(&host, "AMT_BootSettingData").await.text("BIOSSetup"), Some("false"));
    assert_eq!(request_power(&host, 2).await, 0);
    assert_eq!(host.last_boot().source, BootSource::HardDrive);
}

#[tokio::test]
async fn waking_from_sleep_is_no_boot() {
    let host = host();
    assert_eq!(request_power(&host, 4).await, 0);
    change(&host, "AMT_BootSettingData", &[("BIOSSetup", "true")]).await.unwrap();
    set_role(&host).await;
    assert_eq!(request_power(&host, 2).await, 0);
    assert_eq!(host.last_boot().source, BootSource::HardDrive);
    assert_eq!(get(&host, "AMT_BootSettingData").await.text("BIOSSetup"), Some("true"));
}

fn parameter(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).unwrap().to_le_bytes();
    [&0x8086_u16.to_le_bytes()[..], &kind.to_le_bytes(), &length, value].concat()
}

#[tokio::test]
async fn one_click_recovery_boots_the_url_that_it_was_given() {
    let host = host();
    let url = "https://boot.example/recovery.efi";
    let bytes = [parameter(1, url.as_bytes()), parameter(20, &[1])].concat();
    let array = openssl::base64::encode_block(&bytes);
    let settings = [("UefiBootParametersArray", array.as_str()), ("UefiBootNumberOfParams", "2")];
    change(&host, "AMT_BootSettingData", &settings).await.unwrap();
    set_role(&host).await;
    assert_eq!(order(&host, Some("Force OCR UEFI HTTPS Boot")).await, Ok(0));
    restart(&host).await;
    assert_eq!(host.last_boot().source, BootSource::Https { url: url.into() });
    assert_eq!(get(&host, "AMT_BootSettingData").await.text("UefiBootParametersArray"), None);

    let wrong = [("UefiBootParametersArray", "AAAA"), ("UefiBootNumberOfParams", "1")];
    let fault = change(&host, "AMT_BootSettingData", &wrong).await.unwrap_err();
    assert_eq!(fault.subcode, Subcode::InvalidRepresentation);

    let off = value(&host, "CIM_BootService", "RequestStateChange", &[("RequestedState", "32768")]);
    assert_eq!(off.await, 0);
    assert_eq!(order(&host, Some("Force OCR UEFI HTTPS Boot")).await, Ok(1));
}

#[tokio::test]
async fn windows_recovery_boots_the_file_that_the_option_names() {
    let host = host();
    set_role(&host).await;
    assert_eq!(order(&host, Some("Force OCR UEFI Boot Option 1")).await, Ok(0));
    restart(&host).await;
    let path = "\\Recovery\\WindowsRE\\winre.wim".to_owned();
    assert_eq!(host.last_boot().source, BootSource::File { path });
}

/// Newer firmware is reached over TLS only, which is in nobody's way here: the class answers.
#[tokio::test]
async fn erasing_the_platform_empties_the_drive_and_can_take_the_management_engine_along() {
    let mut config = config();
    config.amt_version = "16.1.27.2176".into();
    let host = Host::new(config);
    let mask = 0x4_u32 | 0x1_0000;
    let array = openssl::base64::encode_block(&parameter(1, &mask.to_le_bytes()));
    let mut open = async || crate::tls::connect_tls(&host, 16993).await;
    let mut ask = async |target, operation| {
        let request = amt::wsman::Request::new("1", target, operation);
        let login = crate::console::login();
        let amt::wsman::Output::Done(answered) =
            crate::console::run(&request, login, &mut open).await
        else {
            panic!("no answer")
        };
        answered.reply.result.unwrap()
    };
    use amt::wsman::Operation;
    let class = crate::console::class;
    let mut settings =
        ask(class("AMT_BootSettingData"), Operation::Get).await.into_instance().unwrap();
    assert_eq!(settings.text("RPEEnabled"), Some("true"));
    settings.set("PlatformErase", [true.into()]);
    settings.set("UefiBootParametersArray", [Value::from(array)]);
    settings.set("UefiBootNumberOfParams", [1_u32.into()]);
    ask(class("AMT_BootSettingData"), Operation::Put(settings)).await;
    let arguments = vec![("Role".to_owned(), 1_u32.into())];
    let role = Operation::Invoke { method: "SetBootConfigRole".into(), arguments };
    ask(class("CIM_BootService"), role).await;
    let arguments = vec![("PowerState".to_owned(), 10_u32.into())];
    let reset = Operation::Invoke { method: "RequestPowerStateChange".into(), arguments };
    let mut provisioning = host.provisioning();
    ask(class("CIM_PowerManagementService"), reset).await;
    let gone = provisioning.wait_for(|provisioned| !provisioned);
    tokio::time::timeout(crate::console::DEADLINE, gone).await.expect("in time").unwrap();
    assert_eq!(host.last_boot().source, BootSource::Nothing);
    assert!(!host.serves(16993), "it serves nobody any more");
}

#[tokio::test]
async fn erasing_is_refused_where_it_is_switched_off() {
    let host = host();
    let status =
        call(&host, "CIM_BootService", "RequestStateChange", &[("RequestedState", "32770")]).await;
    assert_eq!(status.return_value(), Some(1), "this generation cannot erase");
}
