//! Which requests are written down in the audit log, and as what.
//!
//! Numbers are those of AMT's auditable events: application, then event.

use amt::wsman::{Operation, Outcome, Properties, Request};

use super::Initiator;
use crate::services::host::Host;

const SECURITY: u16 = 16;
const REMOTE_CONTROL: u16 = 17;
const REDIRECTION: u16 = 18;
const AUDIT_LOG: u16 = 20;
const TIME: u16 = 21;
const NETWORK: u16 = 22;
const EVENTS: u16 = 24;
const WIRELESS: u16 = 27;
const KVM: u16 = 29;
const OPT_IN: u16 = 30;

/// Provisioning began and ended: what every log begins with.
pub(in crate::services) const SET_UP: [(u16, u16); 2] = [(SECURITY, 0), (SECURITY, 1)];
/// Somebody signed in with wrong credentials.
pub(in crate::services) const WRONG_CREDENTIALS: (u16, u16) = (SECURITY, 5);
/// Consent codes were wrong too often.
pub(in crate::services) const CONSENT_FAILED: (u16, u16) = (KVM, 4);
/// Serial-over-LAN, storage and screen: opened and closed.
pub(in crate::services) const SOL: [(u16, u16); 2] = [(REDIRECTION, 4), (REDIRECTION, 5)];
pub(in crate::services) const IDER: [(u16, u16); 2] = [(REDIRECTION, 0), (REDIRECTION, 1)];
pub(in crate::services) const SCREEN: [(u16, u16); 2] = [(REDIRECTION, 8), (REDIRECTION, 9)];

/// Writes down what a user did successfully, where firmware does.
pub(in crate::services) fn done(host: &Host, user: &str, request: &Request, outcome: &Outcome) {
    if !matches!(outcome.return_value(), None | Some(0)) {
        return;
    }
    let class = request.target.resource.class_name();
    let event = match (&request.operation, outcome) {
        (Operation::Invoke { method, arguments }, _) => method_event(class, method, arguments),
        (Operation::Put(_), Outcome::Put(_)) => put_event(class),
        (Operation::Create(_), _) => created_event(class),
        (Operation::Delete, _) => deleted_event(class),
        (Operation::Subscribe(_), _) => Some((EVENTS, 0)),
        (Operation::Unsubscribe { .. }, _) => Some((EVENTS, 1)),
        _ => None,
    };
    if let Some(event) = event {
        host.note(event, Initiator::User(user));
    }
}

fn method_event(class: &str, method: &str, arguments: &Properties) -> Option<(u16, u16)> {
    let argument = |wanted: &str| {
        let found = arguments.iter().find(|(name, _)| name == wanted);
        found.and_then(|(_, value)| value.as_text()).unwrap_or_default().trim()
    };
    Some(match (class, method) {
        ("CIM_PowerManagementService", _) => {
            let event = match argument("PowerState") {
                "2" => 0,
                "6" | "8" => 1,
                "5" => 2,
                "10" => 3,
                "12" => 5,
                "14" => 6,
                "4" => 7,
                "7" => 8,
                "11" => 9,
                _ => return None,
            };
            (REMOTE_CONTROL, event)
        }
        ("CIM_BootConfigSetting" | "CIM_BootService", _) => (REMOTE_CONTROL, 4),
        ("AMT_RedirectionService", "RequestStateChange") => match argument("RequestedState") {
            "32768" => (REDIRECTION, 7),
            "32769" => (REDIRECTION, 2),
            _ => (REDIRECTION, 6),
        },
        ("CIM_KVMRedirectionSAP", _) => match argument("RequestedState") {
            "2" => (REDIRECTION, 10),
            _ => (REDIRECTION, 11),
        },
        ("AMT_AuthorizationService", name) => match name.to_ascii_lowercase().as_str() {
            "adduseraclentryex" => (SECURITY, 2),
            "updateuseraclentryex" | "setadminaclentryex" => (SECURITY, 3),
            "removeuseraclentry" => (SECURITY, 4),
            "setaclenabledstate" => (SECURITY, 6),
            _ => return None,
        },
        ("AMT_PublicKeyManagementService", "AddTrustedRootCertificate") => (SECURITY, 10),
        ("AMT_SetupAndConfigurationService", "Unprovision" | "PartialUnprovision") => {
            (SECURITY, 19)
        }
        ("AMT_TimeSynchronizationService", "SetHighAccuracyTimeSynch") => (TIME, 0),
        ("AMT_MessageLog", "ClearLog") => (EVENTS, 2),
        ("AMT_MessageLog", "FreezeLog") => (EVENTS, 3),
        ("AMT_AuditLog", "ClearLog") => (AUDIT_LOG, 0),
        ("AMT_WiFiPortConfigurationService", "AddWiFiSettings") => (WIRELESS, 0),
        ("AMT_WiFiPortConfigurationService", "UpdateWiFiSettings") => (WIRELESS, 2),
        ("AMT_EthernetPortSettings", "SetLinkPreference") => (WIRELESS, 4),
        ("IPS_OptInService", "SendOptInCode") => (KVM, 3),
        ("IPS_OptInService", "StartOptIn") => (OPT_IN, 1),
        _ => return None,
    })
}

fn put_event(class: &str) -> Option<(u16, u16)> {
    Some(match class {
        "AMT_BootSettingData" => (REMOTE_CONTROL, 4),
        "AMT_TLSSettingData" => (SECURITY, 7),
        "AMT_TLSCredentialContext" => (SECURITY, 8),
        "AMT_GeneralSettings" => (NETWORK, 1),
        "AMT_EthernetPortSettings" => (NETWORK, 0),
        "IPS_IPv6PortSettings" => (NETWORK, 5),
        "AMT_WiFiPortConfigurationService" => (WIRELESS, 3),
        "CIM_WiFiEndpointSettings" => (WIRELESS, 2),
        "IPS_OptInService" => (OPT_IN, 0),
        "IPS_KVMRedirectionSettingData" => (KVM, 2),
        _ => return None,
    })
}

fn created_event(class: &str) -> Option<(u16, u16)> {
    Some(match class {
        "AMT_TLSCredentialContext" => (SECURITY, 8),
        "AMT_SNMPEventSubscriber" => (EVENTS, 0),
        _ => return None,
    })
}

fn deleted_event(class: &str) -> Option<(u16, u16)> {
    Some(match class {
        "AMT_TLSCredentialContext" => (SECURITY, 9),
        "AMT_PublicKeyCertificate" => (SECURITY, 11),
        "AMT_SNMPEventSubscriber" | "CIM_FilterCollectionSubscription" => (EVENTS, 1),
        "CIM_WiFiEndpointSettings" => (WIRELESS, 1),
        _ => return None,
    })
}
