//! Redirection, consent and recovery: what is switched on.

use super::{
    hardware::get,
    json::{flag, number, text},
    visit::{Asked, Fields, Visit},
};
use crate::{
    api::refusal::Refusal,
    command::{CommandError, DeviceCommands},
};
use amt::{
    boot::{SOURCE_HTTPS, SOURCE_OPTION},
    wsman::{Instance, Target},
};
use axum::Json;
use serde_json::{Value, json};

const REDIRECTION: &str = "AMT_RedirectionService";
pub(super) const CONSENT: &str = "IPS_OptInService";
const KVM: &str = "CIM_KVMRedirectionSAP";
const BOOT: &str = "CIM_BootService";

/// `IPS_OptInService.OptInRequired`.
const NONE: i64 = 0;
const FOR_KVM: i64 = 1;
const FOR_ALL: i64 = 4_294_967_295;

/// What is switched on, as the three objects say it.
struct State {
    redirection: Instance,
    consent: Instance,
    kvm: Option<Instance>,
}

impl State {
    async fn read(device: &mut DeviceCommands) -> Result<Self, CommandError> {
        let state = Self {
            redirection: device.get(REDIRECTION).await?,
            consent: get(device, CONSENT).await?.unwrap_or_default(),
            kvm: get(device, KVM).await?,
        };
        device.note_consent(number(&state.consent, "OptInRequired") != NONE);
        Ok(state)
    }

    fn ider(&self) -> bool {
        number(&self.redirection, "EnabledState") & 1 == 1
    }

    fn sol(&self) -> bool {
        number(&self.redirection, "EnabledState") & 2 == 2
    }

    fn kvm(&self) -> bool {
        self.kvm.as_ref().is_some_and(|kvm| matches!(number(kvm, "EnabledState"), 2 | 6))
    }
}

fn consent_name(required: i64) -> &'static str {
    match required {
        NONE => "none",
        FOR_KVM => "kvm",
        _ => "all",
    }
}

/// `GET /amt/features`.
pub(super) async fn show(asked: Asked) -> Result<Json<Value>, Refusal> {
    let mut device = asked.connected()?.commands("features").await?;
    let state = State::read(&mut device).await?;
    let boot = get(&mut device, BOOT).await?;
    let sources = super::hardware::list(&mut device, "CIM_BootSourceSetting").await?;
    let capabilities = get(&mut device, "AMT_BootCapabilities").await?;
    let settings = get(&mut device, "AMT_BootSettingData").await?;
    let boot = boot.as_ref().map_or(0, |boot| number(boot, "EnabledState"));
    // A capability that this generation does not list is judged by the rest.
    let capable =
        |name| capabilities.as_ref().is_none_or(|c| c.get(name).is_none() || flag(c, name));
    let set = |name| settings.as_ref().is_some_and(|s| flag(s, name));
    let has = |wanted: &dyn Fn(&Instance) -> bool| sources.iter().any(wanted);
    let option = |source: &Instance| text(source, "InstanceID").starts_with(SOURCE_OPTION);
    let is_winre =
        |source: &Instance| text(source, "BIOSBootString").to_ascii_lowercase().contains("winre");
    let erase = capabilities.as_ref().is_some_and(|c| number(c, "PlatformErase") != 0);
    // In seconds; a platform that does not tell has no countdown rather than a guessed one.
    let seconds = |name| Some(number(&state.consent, name)).filter(|seconds| *seconds > 0);
    let rpe = matches!(boot, 32770 | 32771);
    Ok(Json(json!({
        "userConsent": consent_name(number(&state.consent, "OptInRequired")),
        "redirection": flag(&state.redirection, "ListenerEnabled"),
        "KVM": state.kvm(),
        "SOL": state.sol(),
        "IDER": state.ider(),
        "optInState": number(&state.consent, "OptInState"),
        "optInDisplayTimeout": seconds("OptInDisplayTimeout"),
        "optInCodeTimeout": seconds("OptInCodeTimeout"),
        "kvmAvailable": state.kvm.is_some(),
        "ocr": matches!(boot, 32769 | 32771),
        "httpsBootSupported": has(&|s| text(s, "InstanceID") == SOURCE_HTTPS)
            && capable("ForceUEFIHTTPSBoot") && set("UEFIHTTPSBootEnabled"),
        "winREBootSupported": has(&|s| option(s) && is_winre(s))
            && capable("ForceWinREBoot") && set("WinREBootEnabled"),
        "localPBABootSupported": has(&|s| option(s) && !is_winre(s))
            && capable("ForceUEFILocalPBABoot") && set("UEFILocalPBABootEnabled"),
        "remoteErase": rpe,
        "rpe": rpe,
        "rpeSupported": erase,
    })))
}

/// What the features shall be.
#[expect(clippy::struct_excessive_bools, reason = "they are those of the request")]
#[derive(Debug, Clone, Copy)]
struct Wish {
    consent: i64,
    sol: bool,
    ider: bool,
    kvm: bool,
    ocr: Option<bool>,
    rpe: Option<bool>,
    /// It says in so many words that consent may become less.
    lower: bool,
}

impl Wish {
    fn read(fields: &Fields) -> Result<Self, Refusal> {
        let word = fields.required::<String>("userConsent", "expected none, kvm or all")?;
        let consent = match word.to_ascii_lowercase().as_str() {
            "none" => NONE,
            "kvm" => FOR_KVM,
            "all" => FOR_ALL,
            _ => return Err(Fields::bad("userConsent", word.into(), "expected none, kvm or all")),
        };
        let truth = |name| fields.required::<bool>(name, "expected true or false");
        Ok(Self {
            consent,
            sol: truth("enableSOL")?,
            ider: truth("enableIDER")?,
            kvm: truth("enableKVM")?,
            ocr: fields.optional("ocr", "expected true or false")?,
            rpe: fields.optional("rpe", "expected true or false")?,
            lower: fields.optional("lowerConsent", "expected true or false")?.unwrap_or(false),
        })
    }

    /// Whether consent stays although less is wanted: it is not lowered by the way, neither by a request that switches
    /// something on or off, nor by the same one again. Who means it asks for that alone, or says so.
    async fn keeps_consent(
        self,
        state: &State,
        recovery: Option<u32>,
        visit: &Visit,
    ) -> Result<bool, Refusal> {
        let strength = |required| match required {
            NONE => 0,
            FOR_KVM => 1,
            _ => 2,
        };
        let (inventory, id) = (&visit.api.inventory, visit.device.id);
        let lower = strength(self.consent) < strength(number(&state.consent, "OptInRequired"));
        if !lower || self.lower {
            inventory.keep_consent(id, None).await?;
            return Ok(false);
        }
        let switches = self.kvm != state.kvm()
            || self.sol != state.sol()
            || self.ider != state.ider()
            || recovery.is_some();
        let wanted = Some([self.sol, self.ider, self.kvm]);
        if switches {
            inventory.keep_consent(id, wanted).await?;
            return Ok(true);
        }
        Ok(inventory.get(id).is_some_and(|device| device.kept_consent() == wanted))
    }
}

/// `POST /amt/features`.
pub(super) async fn change(asked: Asked, fields: Fields) -> Result<Json<Value>, Refusal> {
    let wish = Wish::read(&fields)?;
    let visit = asked.connected()?;
    let detail = format!(
        "features: consent {}, SOL {}, IDE-R {}, KVM {}",
        consent_name(wish.consent),
        wish.sol,
        wish.ider,
        wish.kvm
    );
    let work = apply(visit.clone(), wish);
    visit.change(detail, work).await.map(Json)
}

async fn apply(visit: Visit, wish: Wish) -> Result<Value, Refusal> {
    let mut device = visit.commands("change features").await?;
    let mut state = State::read(&mut device).await?;
    // By what the platform says before anything is changed.
    let recovery = wanted_recovery(&mut device, wish).await?;
    let keeps = wish.keeps_consent(&state, recovery, &visit).await?;
    let kvm_changes = state.kvm.is_some() && wish.kvm != state.kvm();
    if wish.sol != state.sol() || wish.ider != state.ider() || kvm_changes {
        let wanted = 32768 + u32::from(wish.ider) + 2 * u32::from(wish.sol);
        set_state(&mut device, REDIRECTION, wanted).await?;
        if state.kvm.is_some() {
            set_state(&mut device, KVM, if wish.kvm { 2 } else { 3 }).await?;
        }
        let listen = wish.sol || wish.ider || wish.kvm;
        state.redirection.set("ListenerEnabled", [listen.into()]);
        state.redirection.set("EnabledState", [wanted.into()]);
        device.put(class(REDIRECTION)?, state.redirection.clone()).await?;
    }
    let mut answer = json!({ "status": "AMT Features updated" });
    let may_change = number(&state.consent, "CanModifyOptInPolicy") != 0;
    if number(&state.consent, "OptInRequired") != wish.consent {
        if keeps || !may_change {
            let now = consent_name(number(&state.consent, "OptInRequired"));
            answer["userConsent"] = now.into();
            answer["note"] = match may_change {
                true => {
                    "consent was not lowered together with switching something; ask for it alone, or with \"lowerConsent\": true"
                }
                false => "this platform's control mode does not let its consent policy be changed",
            }
            .into();
        } else {
            let required = u32::try_from(wish.consent).unwrap_or(u32::MAX);
            let mut consent = state.consent.clone();
            consent.set("OptInRequired", [required.into()]);
            device.put(class(CONSENT)?, consent).await?;
        }
    }
    if let Some(wanted) = recovery {
        set_state(&mut device, BOOT, wanted).await?;
    }
    Ok(answer)
}

/// The state that one-click recovery and platform erase share, where it shall be another: 32768 neither, 32769, 32770,
/// 32771 both.
async fn wanted_recovery(device: &mut DeviceCommands, wish: Wish) -> Result<Option<u32>, Refusal> {
    if wish.ocr.is_none() && wish.rpe.is_none() {
        return Ok(None);
    }
    let Some(boot) = get(device, BOOT).await? else { return Ok(None) };
    let now = number(&boot, "EnabledState");
    let ocr = wish.ocr.unwrap_or(matches!(now, 32769 | 32771));
    let rpe = wish.rpe.unwrap_or(matches!(now, 32770 | 32771));
    let (was_on, wanted) = (now >= 32768, 32768 + u32::from(ocr) + 2 * u32::from(rpe));
    // Firmware that knows neither says 2 (enabled) and is left alone when neither is wanted.
    let stays = now == i64::from(wanted) || !was_on && wanted == 32768;
    Ok((!stays).then_some(wanted))
}

pub(super) async fn set_state(
    device: &mut DeviceCommands,
    class: &str,
    state: u32,
) -> Result<(), CommandError> {
    let arguments = vec![("RequestedState".to_owned(), state.into())];
    device.call(class, "RequestStateChange", arguments).await.map(drop)
}

pub(super) fn class(name: &str) -> Result<Target, CommandError> {
    Target::class(name).ok_or_else(|| CommandError::Unusable(format!("{name} is no class of AMT")))
}
