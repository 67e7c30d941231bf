//! The way of every `/amt/*` route: values first (400), then whether the device is connected (404), then the handler.

use crate::{
    access::Action,
    api::{
        Api, body, devices,
        guard::{Authorized, Origin},
        refusal::Refusal,
        refusal_said,
    },
    command::{CommandError, DeviceCommands},
    inventory::Device,
    tunnel::Opener,
};
use axum::{
    extract::{FromRequestParts, Path},
    http::{StatusCode, request::Parts},
};
use futures_util::{FutureExt, future::BoxFuture};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::{collections::HashMap, sync::Arc};
use viaduct_api::Code;

/// Names a request that may come twice and is to be carried out once (as in the IETF's draft of that name).
const NUMBER: &str = "idempotency-key";

/// What was asked: by whom, and of which device. Nothing is looked up yet.
#[derive(Debug, Clone)]
pub(in crate::api) struct Asked {
    pub(in crate::api) api: Arc<Api>,
    pub(in crate::api) caller: Authorized,
    /// The caller's own number of this request.
    number: Option<String>,
    parameters: HashMap<String, String>,
}

impl FromRequestParts<Arc<Api>> for Asked {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Arc<Api>) -> Result<Self, Refusal> {
        let caller = Authorized::from_request_parts(parts, api).await?;
        let Path(parameters) = Path::from_request_parts(parts, api)
            .await
            .map_err(|error| Refusal::new(Code::BadRequest, format!("the path: {error}")))?;
        let number = parts.headers.get(NUMBER).map(|value| {
            // What is no text is no number either, and refused as such.
            value.to_str().unwrap_or_default().to_owned()
        });
        Ok(Self { api: Arc::clone(api), caller, number, parameters })
    }
}

impl Asked {
    /// The last variable part of the path, beside the device.
    pub(in crate::api) fn item(&self) -> &str {
        self.parameters.get("item").map_or("", String::as_str)
    }

    /// The device, connected or not.
    pub(in crate::api) fn known(&self) -> Result<Arc<Device>, Refusal> {
        let name = self.parameters.get("device").map_or("", String::as_str);
        devices::find(&self.api, name)
    }

    /// The device, when it is connected.
    pub(in crate::api) fn connected(self) -> Result<Visit, Refusal> {
        let name = self.parameters.get("device").map_or("", String::as_str);
        let device = devices::find(&self.api, name).map_err(|refusal| {
            if refusal.code() == Code::UnknownDevice
                && name.parse::<viaduct_api::DeviceId>().is_ok()
            {
                return not_connected(refusal, name);
            }
            refusal
        })?;
        if self.api.registry.lookup(device.id).is_none() || device.blocked {
            return Err(away(&device, "it has no tunnel now"));
        }
        Ok(Visit { api: self.api, caller: self.caller, number: self.number, device })
    }
}

/// A device that is connected, and who wants something of it.
#[derive(Debug, Clone)]
pub(in crate::api) struct Visit {
    pub(in crate::api) api: Arc<Api>,
    pub(in crate::api) caller: Authorized,
    /// The caller's own number of this request.
    number: Option<String>,
    pub(in crate::api) device: Arc<Device>,
}

impl Visit {
    /// A place in the device's queue.
    pub(in crate::api) async fn commands(
        &self,
        what: &'static str,
    ) -> Result<DeviceCommands, Refusal> {
        let console = match self.caller.origin {
            Origin::Network(peer) | Origin::Trusted(peer) => Some(peer),
            Origin::Local => None,
        };
        let opener = Opener { user: self.caller.principal.name.clone(), console };
        let device = self.api.commands.device(self.device.id, opener, what).boxed();
        device.await.map_err(|error| match error {
            CommandError::Away { why } => away(&self.device, &why),
            other => other.into(),
        })
    }

    /// Does something that changes something: written to the audit log before it happens, and brought to its end even
    /// when the client leaves.
    pub(in crate::api) fn change<T: Send + 'static>(
        &self,
        detail: impl Into<String>,
        work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, Refusal>> {
        self.judged(detail.into(), work.boxed(), |_| None)
    }

    /// As [`change`](Self::change), for answers that carry AMT's own status: one that is not 0 is recorded as a failure.
    /// One that interrupts a PC counts as such. A request with a number that came before is not carried out again: it has
    /// the outcome of the first, also when that is still under way.
    pub(in crate::api) fn command(
        &self,
        detail: impl Into<String>,
        work: impl Future<Output = Result<Value, Refusal>> + Send + 'static,
    ) -> BoxFuture<'_, Result<Value, Refusal>> {
        self.once(detail.into(), work.boxed()).boxed()
    }

    async fn once(
        &self,
        detail: String,
        work: BoxFuture<'static, Result<Value, Refusal>>,
    ) -> Result<Value, Refusal> {
        let visit = self.clone();
        let Some(number) = &self.number else {
            return visit.braked(detail, work).await;
        };
        let who = &self.caller.principal.name;
        let outcome = self.api.brake.numbered(who, self.device.id, number, &detail)?;
        // It ends also when the client leaves: whoever comes again must find what became of it.
        let task = tokio::spawn(async move {
            let once = || async move {
                match visit.braked(detail, work).await {
                    // Whoever was refused may come again under the same number.
                    Err(refusal) if refusal.code() != Code::OutcomeUnknown => Err(refusal),
                    done => Ok(done),
                }
            };
            outcome.get_or_try_init(once).await?.clone()
        });
        task.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Counts the interruption, where it is one, and runs the work.
    async fn braked(
        &self,
        detail: String,
        work: BoxFuture<'static, Result<Value, Refusal>>,
    ) -> Result<Value, Refusal> {
        let refused = |answer: &Value| -> Option<String> {
            let body = answer.get("Body").unwrap_or(answer);
            let value = body.get("ReturnValue").and_then(Value::as_u64).filter(|v| *v != 0)?;
            // Some answers say themselves what the number means.
            if let Some(detail) = answer.get("detail").and_then(Value::as_str) {
                return Some(detail.to_owned());
            }
            Some(format!("AMT answered {value} ({})", body["ReturnValueStr"].as_str()?))
        };
        self.interrupt()?;
        self.judged(detail, work, refused).await
    }

    /// Counts an interruption of a PC, where the right that was asked for is one to interrupt it, and refuses those that
    /// may hit another PC.
    pub(in crate::api) fn interrupt(&self) -> Result<(), Refusal> {
        use Action::{Boot, Erase, PowerOff, PowerReset, PowerSleep};
        match self.caller.action {
            Some(Boot | Erase | PowerOff | PowerReset | PowerSleep) => {
                self.is_one_machine()?;
                self.api.brake.interrupt(&self.caller.principal.name)
            }
            _ => Ok(()),
        }
    }

    /// Refuses where two machines use the identity: nobody knows which of them is here when the command arrives.
    fn is_one_machine(&self) -> Result<(), Refusal> {
        let Some([one, other]) = self.api.registry.conflict(self.device.id) else { return Ok(()) };
        let detail = format!(
            "{} is used by two machines, {one} and {other}; nothing was sent, because it could interrupt the wrong one",
            self.device.name
        );
        Err(Refusal::new(Code::IdentityConflict, detail).next(
            "Give one of them another UUID (BIOS setup of its maker), or switch one off; ten minutes later this is possible again.",
        ))
    }

    fn judged<T: Send + 'static>(
        &self,
        detail: String,
        work: BoxFuture<'static, Result<T, Refusal>>,
        why: fn(&T) -> Option<String>,
    ) -> BoxFuture<'static, Result<T, Refusal>> {
        let visit = self.clone();
        let judged = async move {
            let device = Some(visit.device.id);
            visit.caller.judged(&visit.api, device, detail, work, why).await
        };
        async { tokio::spawn(judged.boxed()).await.unwrap_or_else(|_| Err(lost())) }.boxed()
    }
}

fn lost() -> Refusal {
    Refusal::new(Code::Internal, "the command's task failed; its outcome is unknown")
}

fn away(device: &Device, why: &str) -> Refusal {
    let refusal = Refusal::new(Code::DeviceAway, format!("{}: {why}", device.name))
        .said(refusal_said::away(&device.name));
    not_connected(refusal.sent_as(StatusCode::NOT_FOUND), &device.id.to_string())
}

/// Open AMT's shape of a device that is not connected.
fn not_connected(refusal: Refusal, name: &str) -> Refusal {
    refusal.shaped([
        ("error", "Device not found/connected. Please connect again using CIRA.".into()),
        ("errorDescription", format!("guid : {name}").into()),
    ])
}

/// A JSON object of a request, read field by field; what is wrong is told in the shape of Open AMT's validators.
#[derive(Debug)]
pub(in crate::api) struct Fields(Map<String, Value>);

impl Fields {
    /// Reads the text of a body; an empty one is an empty object.
    pub(in crate::api) fn parse(text: &[u8]) -> Result<Self, Refusal> {
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(Map::new()));
        }
        body::parse(text).map(Self)
    }

    /// The value of a field; null counts as missing.
    pub(in crate::api) fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// A field that may be missing.
    pub(in crate::api) fn optional<T: DeserializeOwned>(
        &self,
        name: &str,
        msg: &str,
    ) -> Result<Option<T>, Refusal> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match T::deserialize(value) {
            Ok(value) => Ok(Some(value)),
            Err(_) => Err(Self::bad(name, value.clone(), msg)),
        }
    }

    /// A field that must be there.
    pub(in crate::api) fn required<T: DeserializeOwned>(
        &self,
        name: &str,
        msg: &str,
    ) -> Result<T, Refusal> {
        self.optional(name, msg)?.ok_or_else(|| Self::bad(name, Value::Null, msg))
    }

    /// A value that does not pass.
    pub(in crate::api) fn bad(name: &str, value: Value, msg: &str) -> Refusal {
        Refusal::invalid(name, "body", value, msg)
    }
}

impl<S: Send + Sync> axum::extract::FromRequest<S> for Fields {
    type Rejection = Refusal;

    async fn from_request(request: axum::extract::Request, _: &S) -> Result<Self, Refusal> {
        Self::parse(&body::read(request.into_body()).await?)
    }
}
