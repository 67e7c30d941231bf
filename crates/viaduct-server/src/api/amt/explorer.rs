//! The explorer: a class by its name, with the envelopes that went to and fro.

use super::{features::class, visit::Asked};
use crate::{
    api::refusal::Refusal,
    command::{CommandError, DeviceCommands, exchange::Envelope},
};
use amt::wsman::{Operation, Outcome, Reply, Request, Target};
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
/// Instances asked for at once; the platform gives fewer when they do not fit its envelope.
const MOST: u32 = 999;
/// More instances of one class no platform has.
const ITEMS_MAX: usize = 4096;
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
            Ok(Outcome::Enumerating(context)) => pull_all(&mut device, target, context).await?,
            _ => (begin.to_xml(), begun.envelope),
        }
    };
    let text = String::from_utf8(answer)
        .map_err(|_| Refusal::new(Code::AmtUnusable, "the answer is not UTF-8"))?;
    Ok(Json(json!({ "xmlInput": sent, "xmlOutput": text })))
}

/// The first Pull, and the answer as it came; where the platform gave its instances in several, one answer with all of
/// them.
async fn pull_all(
    device: &mut DeviceCommands,
    target: Target,
    mut context: String,
) -> Result<(String, Vec<u8>), CommandError> {
    let (mut sent, mut all) = (None, Vec::new());
    for number in 2.. {
        let pull = Operation::Pull { context, most: MOST };
        let request = Request::new(number.to_string(), target.clone(), pull);
        let answered = device.send(&Envelope::new(&request)).await?;
        let sent = sent.get_or_insert_with(|| request.to_xml()).clone();
        // A fault in the middle is what there is to see.
        let Ok(Outcome::Pulled { items, next }) = answered.reply.result.clone() else {
            return Ok((sent, answered.envelope));
        };
        let goes_on = !items.is_empty() && all.len() < ITEMS_MAX;
        all.extend(items);
        match next.filter(|_| goes_on) {
            Some(next) => context = next,
            None if number == 2 => return Ok((sent, answered.envelope)),
            None => {
                let result = Ok(Outcome::Pulled { items: all, next: None });
                let whole = Reply { result, ..answered.reply };
                return Ok((sent, whole.to_xml(number).into_bytes()));
            }
        }
    }
    Err(CommandError::Unusable("the list has no end".into()))
}
