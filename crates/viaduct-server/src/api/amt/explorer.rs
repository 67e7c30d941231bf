//! The explorer: a class by its name, with the envelopes that went to and fro.

use super::{features::class, visit::Asked};
use crate::{api::refusal::Refusal, command::exchange::Envelope};
use amt::wsman::{Operation, Outcome, Request, Target};
use axum::Json;
use serde_json::{Value, json};
use viaduct_api::Code;

/// Classes with one instance, which are read; the others are listed.
const SINGLE: [&str; 24] = [
    "AMT_AlarmClockService",
    "AMT_AuditLog",
    "AMT_AuthorizationService",
    "AMT_BootCapabilities",
    "AMT_BootSettingData",
    "AMT_EnvironmentDetectionSettingData",
    "AMT_GeneralSettings",
    "AMT_KerberosSettingData",
    "AMT_MessageLog",
    "AMT_PublicKeyManagementService",
    "AMT_RedirectionService",
    "AMT_RemoteAccessCapabilities",
    "AMT_RemoteAccessService",
    "AMT_SetupAndConfigurationService",
    "AMT_TimeSynchronizationService",
    "AMT_UserInitiatedConnectionService",
    "AMT_WiFiPortConfigurationService",
    "CIM_BIOSElement",
    "CIM_BootService",
    "CIM_ComputerSystemPackage",
    "CIM_KVMRedirectionSAP",
    "IPS_HostBasedSetupService",
    "IPS_KVMRedirectionSettingData",
    "IPS_OptInService",
];
const SEVERAL: [&str; 34] = [
    "AMT_EthernetPortSettings",
    "AMT_ManagementPresenceRemoteSAP",
    "AMT_MPSUsernamePassword",
    "AMT_PublicKeyCertificate",
    "AMT_PublicPrivateKeyPair",
    "AMT_RemoteAccessPolicyAppliesToMPS",
    "AMT_RemoteAccessPolicyRule",
    "AMT_TLSCredentialContext",
    "AMT_TLSProtocolEndpointCollection",
    "AMT_TLSSettingData",
    "CIM_BootConfigSetting",
    "CIM_BootSourceSetting",
    "CIM_Card",
    "CIM_Chassis",
    "CIM_Chip",
    "CIM_ConcreteDependency",
    "CIM_CredentialContext",
    "CIM_IEEE8021xSettings",
    "CIM_MediaAccessDevice",
    "CIM_PhysicalMemory",
    "CIM_PhysicalPackage",
    "CIM_PowerManagementService",
    "CIM_Processor",
    "CIM_ServiceAvailableToElement",
    "CIM_SoftwareIdentity",
    "CIM_SystemPackaging",
    "CIM_WiFiEndpointSettings",
    "CIM_WiFiPort",
    "IPS_8021xCredentialContext",
    "IPS_AlarmClockOccurrence",
    "IPS_HTTPProxyAccessPoint",
    "IPS_IEEE8021xSettings",
    "IPS_PowerManagementService",
    "IPS_ScreenSettingData",
];

/// `GET /amt/explorer`.
pub(super) async fn list() -> Json<Value> {
    let mut all: Vec<&str> = SINGLE.into_iter().chain(SEVERAL).collect();
    all.sort_unstable();
    Json(json!(all))
}

/// `GET /amt/explorer/{device}/{call}`.
pub(super) async fn run(asked: Asked) -> Result<Json<Value>, Refusal> {
    let call = asked.item().to_owned();
    let known = SINGLE.into_iter().chain(SEVERAL).find(|class| class.eq_ignore_ascii_case(&call));
    let Some(name) = known else {
        let msg = "no call of this name; GET /api/v1/amt/explorer lists them";
        return Err(Refusal::invalid("call", "params", call.into(), msg));
    };
    let mut device = asked.connected()?.commands("explorer").await?;
    let target = class(name)?;
    let (sent, answer) = if SINGLE.contains(&name) {
        let request = Request::new("1", target, Operation::Get);
        (request.to_xml(), device.send(&Envelope::new(&request)).await?.envelope)
    } else {
        let begin = Request::new("1", target.clone(), Operation::Enumerate);
        let begun = device.send(&Envelope::new(&begin)).await?;
        match begun.reply.result {
            Ok(Outcome::Enumerating(context)) => {
                let request = pull(target, context);
                (request.to_xml(), device.send(&Envelope::new(&request)).await?.envelope)
            }
            _ => (begin.to_xml(), begun.envelope),
        }
    };
    let text = String::from_utf8(answer)
        .map_err(|_| Refusal::new(Code::AmtUnusable, "the answer is not UTF-8"))?;
    Ok(Json(json!({ "xmlInput": sent, "xmlOutput": text })))
}

fn pull(target: Target, context: String) -> Request {
    Request::new("2", target, Operation::Pull { context, most: 999 })
}
