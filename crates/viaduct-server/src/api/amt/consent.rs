//! Consent of the person at the PC: a code is shown there, read out, and passed on. It is never written down here.

mod tries;

pub use tries::Tries;

use super::{
    features::{CONSENT, class},
    hardware::get,
    json,
    visit::{Asked, Fields, Visit},
};
use crate::{api::refusal::Refusal, command::DeviceCommands};
use amt::wsman::Properties;
use axum::{
    Json,
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde_json::Value;
use std::time::Instant;
use viaduct_api::{Code, Problem};

/// `IPS_OptInService.OptInState`: a code is on the screen.
const SHOWN: i64 = 2;
/// AMT's answers: there is nothing to do it with, not for a while, and other digits than those on the screen.
const NOT_READY: u64 = 2;
const BLOCKED: u64 = 3;
const WRONG: u64 = 2066;
/// After too many wrong codes.
const PATIENCE: &str =
    "Wait a minute or more, then ask for a new code: `viaduct consent request DEVICE`.";

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Start,
    Send,
    Cancel,
}

/// `GET /amt/userConsentCode`: shows a code at the PC.
pub(super) async fn start(asked: Asked) -> Result<Response, Refusal> {
    call(asked.connected()?, Step::Start, Properties::new()).await
}

/// `GET /amt/userConsentCode/cancel`.
pub(super) async fn cancel(asked: Asked) -> Result<Response, Refusal> {
    call(asked.connected()?, Step::Cancel, Properties::new()).await
}

/// `POST /amt/userConsentCode`: passes the code on.
pub(super) async fn send(asked: Asked, fields: Fields) -> Result<Response, Refusal> {
    let msg = "expected the digits that the PC shows";
    let code = match fields.get("consentCode") {
        Some(Value::Number(number)) => number.as_u64(),
        Some(Value::String(text)) if text.len() <= 10 => text.trim().parse().ok(),
        _ => None,
    };
    let code = code.and_then(|code| u32::try_from(code).ok());
    let code = code.ok_or_else(|| Fields::bad("consentCode", Value::Null, msg))?;
    let arguments = vec![("OptInCode".to_owned(), code.into())];
    call(asked.connected()?, Step::Send, arguments).await
}

async fn call(visit: Visit, step: Step, arguments: Properties) -> Result<Response, Refusal> {
    let (method, what) = match step {
        Step::Start => ("StartOptIn", "request consent"),
        Step::Send => ("SendOptInCode", "send consent"),
        Step::Cancel => ("CancelOptIn", "cancel consent"),
    };
    let own = visit.clone();
    let work = async move {
        let mut device = own.commands(what).await?;
        let output = device.invoke(class(CONSENT)?, method, arguments).await?;
        let mut answer = json::method(device.envelope(), output.value);
        if let Some((problem, left)) = judge(&own, &mut device, step, &answer).await {
            // Beside what Open AMT's clients read: the same words as in every other refusal.
            for (key, value) in [
                ("code", problem.code),
                ("title", problem.title),
                ("detail", problem.detail),
                ("next", problem.next),
            ] {
                answer[key] = value.into();
            }
            if let Some(left) = left {
                answer["triesLeft"] = left.into();
            }
        }
        Ok(answer)
    };
    let answer = visit.command(what, work).await?;
    let Some(code) = answer["code"].as_str().and_then(|code| HeaderValue::from_str(code).ok())
    else {
        return Ok(Json(answer).into_response());
    };
    Ok((StatusCode::BAD_REQUEST, [("x-viaduct-code", code)], Json(answer)).into_response())
}

/// What AMT's no means, and after a wrong code how many more the PC takes; none when it did as it was told.
async fn judge(
    visit: &Visit,
    device: &mut DeviceCommands,
    step: Step,
    answer: &Value,
) -> Option<(Problem, Option<u32>)> {
    let (tries, id, now) = (&visit.api.consent_tries, visit.device.id, Instant::now());
    let value = answer["Body"]["ReturnValue"].as_u64();
    if value == Some(0) {
        // Who takes a code back and asks for another gets fresh tries only when the PC shows one.
        if step != Step::Cancel {
            tries.forget(id);
        }
        return None;
    }
    if (step, value) == (Step::Send, Some(WRONG)) {
        // A PC that does not say is taken to show its code still.
        let state = get(device, CONSENT).await.ok().flatten();
        let shown = state.is_none_or(|state| json::number(&state, "OptInState") == SHOWN);
        let left = tries.wrong(id, shown, now);
        return Some((wrong(&visit.device.name, left), Some(left)));
    }
    let over = tries.over(id, now).map(|ago| ago.as_secs());
    let name = answer["Body"]["ReturnValueStr"].as_str().unwrap_or_default();
    Some((refused(&visit.device.name, step, (value, name), over), None))
}

/// Other digits than those on the screen.
fn wrong(name: &str, left: u32) -> Problem {
    let detail = match left {
        0 => format!(
            "{name}: that was the last try; the PC took its code off the screen and shows no new one for a while"
        ),
        1 => format!(
            "{name}: these are not the digits on its screen; 1 try is left, after it the PC shows no code for a while"
        ),
        left => format!(
            "{name}: these are not the digits on its screen; {left} tries are left, after them the PC shows no code for a while"
        ),
    };
    let next = match left {
        0 => PATIENCE,
        _ => "Ask the person at the PC to read it again; it is on their screen.",
    };
    Problem::new(Code::ConsentWrong, detail).with_next(next)
}

/// Any other no. `over`: so many seconds ago there were too many wrong codes.
fn refused(
    name: &str,
    step: Step,
    (value, words): (Option<u64>, &str),
    over: Option<u64>,
) -> Problem {
    let problem = |detail: &str, next: &str| {
        let problem = Problem::new(Code::ConsentNeeded, format!("{name}: {detail}"));
        if next.is_empty() { problem } else { problem.with_next(next) }
    };
    let since = over.map(|seconds| {
        format!(
            "too many wrong codes were given {seconds} s ago, and it shows no new one for a while"
        )
    });
    match (step, value, since) {
        (Step::Start | Step::Send, Some(NOT_READY | BLOCKED), Some(since)) => {
            problem(&since, PATIENCE)
        }
        (_, Some(BLOCKED), _) => problem(
            "too many wrong codes were given, and it shows no new one for a while",
            PATIENCE,
        ),
        (Step::Send, Some(NOT_READY), _) => {
            problem("it shows no code: it lapsed, was cancelled, or was not asked for", "")
        }
        (Step::Start, Some(NOT_READY), _) => problem(
            "consent is not needed now, or a code is shown already",
            "`viaduct consent status DEVICE` says which; a code that is shown can be passed on: `viaduct consent submit DEVICE CODE`.",
        ),
        (Step::Cancel, Some(NOT_READY), _) => problem(
            "it shows no code that could be taken back",
            "`viaduct consent status DEVICE` says how it is.",
        ),
        (_, Some(value), _) => problem(&format!("AMT answered {value} ({words})"), ""),
        (_, None, _) => problem("AMT answered nothing that can be read", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_code_says_how_many_are_left_and_when_to_wait() {
        let two = wrong("pc-1", 2);
        assert!(two.detail.contains("2 tries are left") && two.next.contains("read it again"));
        assert!(wrong("pc-1", 1).detail.contains("1 try is left"));
        let none = wrong("pc-1", 0);
        assert!(none.detail.contains("last try") && none.next.starts_with("Wait a minute"));
        assert_eq!(none.code, "E2040");
    }

    #[test]
    fn after_too_many_wrong_codes_nobody_is_told_to_ask_at_once() {
        for (step, value) in [(Step::Send, 2), (Step::Start, 3), (Step::Start, 2)] {
            let said = refused("pc-1", step, (Some(value), ""), Some(9));
            assert!(said.detail.contains("9 s ago"), "{said:?}");
            assert!(said.next.starts_with("Wait a minute"), "{said:?}");
        }
        let lapsed = refused("pc-1", Step::Send, (Some(2), ""), None);
        assert!(lapsed.detail.contains("lapsed") && lapsed.next.contains("consent request"));
        let odd = refused("pc-1", Step::Start, (Some(1), "INTERNAL_ERROR"), None);
        assert!(odd.detail.ends_with("AMT answered 1 (INTERNAL_ERROR)"), "{odd:?}");
    }
}
