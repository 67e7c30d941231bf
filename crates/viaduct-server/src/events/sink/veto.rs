//! Webhooks that are asked whether a device's new tunnel is wanted. The device has proven who it is; only its own login
//! waits.

use super::{line::Answer, notice::Notices, webhook::Receiver};
use crate::config::NoVerdict;
use hyper::StatusCode;
use serde::Deserialize;
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, time::timeout};
use viaduct_api::DeviceId;

/// Questions on their way at the same time; more wait, within their deadline.
const QUESTIONS: usize = 64;
/// Longest reason that is taken over from a receiver.
const REASON: usize = 200;

/// Who is asked.
#[derive(Clone)]
pub(crate) struct Vetoes {
    hooks: Vec<Hook>,
    notices: Arc<Notices>,
    places: Arc<Semaphore>,
}

#[derive(Debug, Clone)]
struct Hook {
    receiver: Receiver,
    deadline: Duration,
    no_verdict: NoVerdict,
}

impl fmt::Debug for Vetoes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.hooks.iter().map(|hook| &hook.receiver.name)).finish()
    }
}

/// Which device, from where, why.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question {
    pub(crate) device: DeviceId,
    pub(crate) peer: SocketAddr,
    pub(crate) trigger: u32,
}

/// The answer of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    /// Not wanted, and why.
    Close(String),
}

/// What a receiver may answer; other keys are its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Reply {
    keep_connection: Option<bool>,
    reason: Option<String>,
}

impl Vetoes {
    pub(super) fn new(notices: Arc<Notices>) -> Self {
        Self { hooks: Vec::new(), notices, places: Arc::new(Semaphore::new(QUESTIONS)) }
    }

    pub(super) fn add(&mut self, receiver: Receiver, deadline: Duration, no_verdict: NoVerdict) {
        self.hooks.push(Hook { receiver, deadline, no_verdict });
    }

    /// Whether anybody is to be asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.hooks.is_empty()
    }

    /// Asks one after the other; the first that says no decides.
    pub(crate) async fn ask(self, question: Question) -> Verdict {
        for hook in &self.hooks {
            let name = &hook.receiver.name;
            let why = match timeout(hook.deadline, self.put(hook, question)).await {
                Ok(Ok(Verdict::Keep)) => continue,
                Ok(Ok(close)) => return close,
                Ok(Err(why)) => why,
                Err(_) => format!("no answer within {} s", hook.deadline.as_secs_f32()),
            };
            let device = question.device;
            match hook.no_verdict {
                NoVerdict::Allow => {
                    let known = self.notices.inventory.get(device);
                    let known = known.as_ref().map(|device| device.name.as_str());
                    tracing::warn!(%device, name = known, peer = %question.peer, "{name} gave no verdict on a new tunnel: {why}; it was let in (no_verdict = \"allow\")");
                }
                NoVerdict::Refuse => {
                    return Verdict::Close(format!(
                        "{name} gave no verdict: {why} (no_verdict = \"refuse\")"
                    ));
                }
            }
        }
        Verdict::Keep
    }

    async fn put(&self, hook: &Hook, question: Question) -> Result<Verdict, String> {
        let _place = self.places.acquire().await.map_err(|error| error.to_string())?;
        let Question { device, peer, trigger } = question;
        let address = SocketAddr::new(peer.ip().to_canonical(), peer.port()).to_string();
        let notice = self.notices.question(device, address, trigger);
        let id = format!("ask_{}", uuid::Uuid::new_v4().simple());
        let request =
            hook.receiver.request(&id, &notice).ok_or("the question cannot be written")?;
        let answer = hook.receiver.line().send(&request).await?;
        judge(&hook.receiver.name, &answer)
    }
}

/// 2xx keeps the tunnel unless the body says otherwise, 403 does not, anything else is no verdict.
fn judge(name: &str, answer: &Answer) -> Result<Verdict, String> {
    let reply: Reply = serde_json::from_slice(&answer.body).unwrap_or_default();
    let refused = answer.status == StatusCode::FORBIDDEN;
    if !refused && !answer.status.is_success() {
        return Err(format!("it answers {}", answer.status));
    }
    if !refused && reply.keep_connection != Some(false) {
        return Ok(Verdict::Keep);
    }
    let reason: String = reply.reason.unwrap_or_default().chars().take(REASON).collect();
    let reason = crate::events::record::inert(reason.trim());
    let said = if reason.is_empty() { String::new() } else { format!(": {reason}") };
    Ok(Verdict::Close(format!("{name} does not want this tunnel{said}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_says_no_by_status_or_by_word() {
        let judged = |status: u16, body: &'static str| {
            let status = StatusCode::from_u16(status).unwrap();
            judge("w", &Answer { status, body: body.into() })
        };
        assert_eq!(judged(204, ""), Ok(Verdict::Keep));
        assert_eq!(judged(200, "thanks"), Ok(Verdict::Keep));
        assert_eq!(judged(200, r#"{"keepConnection":true}"#), Ok(Verdict::Keep));
        let no = judged(200, "{\"keepConnection\":false,\"reason\":\"stolen\\u001b\"}");
        assert_eq!(no, Ok(Verdict::Close("w does not want this tunnel: stolen\u{fffd}".into())));
        assert_eq!(judged(403, ""), Ok(Verdict::Close("w does not want this tunnel".into())));
        assert!(judged(302, "").is_err() && judged(500, r#"{"keepConnection":false}"#).is_err());
    }
}
