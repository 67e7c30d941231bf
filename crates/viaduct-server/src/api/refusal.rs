//! Why a request is turned down, as `problem+json` or in the shape that Open AMT's clients know.

use super::refusal_said as said;
use crate::{
    access::Action,
    audit::AuditUnavailable,
    command::CommandError,
    gateway,
    inventory::{FindError, StoreError},
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Map, Value, json};
use viaduct_api::{Code, Problem, Said};

/// Seconds after which a device that is away may be worth another try; the proxies say the same.
const AWAY_RETRY: u64 = 10;
/// The same of a device with too many callers.
const BUSY_RETRY: u64 = 2;

/// A refusal on its way to the client. Boxed, because it is the rare end of every handler.
#[derive(Debug, Clone)]
pub(super) struct Refusal(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    code: Code,
    problem: Problem,
    /// Keys of Open AMT's shape beside ours; their presence also changes the content type.
    shape: Map<String, Value>,
    /// Further keys of a problem document.
    extra: Map<String, Value>,
    challenge: &'static str,
    retry_after: Option<u64>,
}

/// The one place where codes become statuses.
#[expect(clippy::too_many_lines, reason = "a table of all codes")]
fn status(code: Code) -> StatusCode {
    match code {
        Code::BadRequest | Code::BadConfig | Code::RedirectionNonsense => StatusCode::BAD_REQUEST,
        Code::NotSignedIn
        | Code::Expired
        | Code::SecondFactor
        | Code::TicketUsed
        | Code::TicketElsewhere => StatusCode::UNAUTHORIZED,
        Code::NotAllowed | Code::PortNotForwarded | Code::SetupLink | Code::CrossSite => {
            StatusCode::FORBIDDEN
        }
        Code::NoSuchRoute
        | Code::UnknownDevice
        | Code::UnknownTunnel
        | Code::UnknownToken
        | Code::UnknownView
        | Code::UnknownUser
        | Code::UnknownEnrollment
        | Code::UnknownRedirection
        | Code::UnknownMedia
        | Code::UnclaimedDevice => StatusCode::NOT_FOUND,
        Code::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
        Code::SlowRequest | Code::SlowConsole => StatusCode::REQUEST_TIMEOUT,
        Code::AmbiguousDevice
        | Code::DeviceExists
        | Code::TokenExists
        | Code::DeviceBlocked
        | Code::IdentityConflict
        | Code::SecondInstance
        | Code::PortInUse
        | Code::NotActivated
        | Code::MpsTableFull
        | Code::WouldStrand
        | Code::NotCovered
        | Code::RedirectionInUse
        | Code::RedirectionOff
        | Code::RedirectionTakenOver
        | Code::RedirectionClosed
        | Code::UploadOffset
        | Code::MediaInUse
        | Code::MediaIncomplete
        | Code::MediaExists
        | Code::ConsentNeeded
        | Code::ConsentWrong
        | Code::NameChanged
        | Code::HostDriver
        | Code::HostRights
        | Code::HostNotReady
        | Code::HostNotPermitted
        | Code::HostNotGranted
        | Code::HostDisabled
        | Code::HostNotConfigured
        | Code::HostRefused
        | Code::HostSilent
        | Code::CertificatesRefused
        | Code::AuditBroken => StatusCode::CONFLICT,
        // 409 would tell Open AMT's web page that somebody else changed the object.
        Code::AmtPasswordMissing => StatusCode::FAILED_DEPENDENCY,
        Code::MediaHash => StatusCode::UNPROCESSABLE_ENTITY,
        Code::MediaRoom => StatusCode::INSUFFICIENT_STORAGE,
        // The device and the way to it are fine; it does not want what was asked for.
        Code::AmtRefused => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::UpgradeNeeded => StatusCode::UPGRADE_REQUIRED,
        Code::Throttled | Code::TooMany => StatusCode::TOO_MANY_REQUESTS,
        Code::ChannelRefused
        | Code::RedirectionEnded
        | Code::RedirectionIdle
        | Code::NoPicture
        | Code::WrongCredential
        | Code::AmtPasswordRefused
        | Code::AmtUnusable
        | Code::TlsInside
        | Code::AmtCertificateChanged
        | Code::RootUnknown
        | Code::TlsMismatch
        | Code::EnrollUnreachable
        | Code::EnrollTls
        | Code::EnrollCertificate
        | Code::EnrollStep
        | Code::MpsNotPermitted
        | Code::NotViaduct
        | Code::Untrusted
        | Code::Unreachable => StatusCode::BAD_GATEWAY,
        Code::DeviceAway
        | Code::DeviceBusy
        | Code::Store
        | Code::ShuttingDown
        | Code::VaultUnavailable
        | Code::AuditUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::DeviceSilent | Code::OutcomeUnknown | Code::EnrollStuck => {
            StatusCode::GATEWAY_TIMEOUT
        }
        Code::Internal | Code::DataDirectory | Code::DataUnusable | Code::NotDemoData => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl Refusal {
    /// A refusal with the code's own title and next step.
    pub(super) fn new(code: Code, detail: impl Into<String>) -> Self {
        let mut problem = Problem::new(code, detail);
        problem.status = status(code).as_u16();
        let retry_after = match code {
            Code::DeviceAway => Some(AWAY_RETRY),
            Code::DeviceBusy => Some(BUSY_RETRY),
            _ => None,
        };
        let (shape, extra) = (Map::new(), Map::new());
        Self(Box::new(Parts { code, problem, shape, extra, challenge: "Bearer", retry_after }))
    }

    /// A next step that fits the case better.
    pub(super) fn next(mut self, next: impl Into<String>) -> Self {
        self.0.problem.next = next.into();
        self
    }

    /// Keys that Open AMT's clients expect, beside ours.
    pub(super) fn shaped<const N: usize>(mut self, keys: [(&str, Value); N]) -> Self {
        self.0.shape.extend(keys.map(|(key, value)| (key.to_owned(), value)));
        self
    }

    /// Keys beside ours that do not make it a reply in Open AMT's shape: it stays a problem document.
    pub(super) fn extended<const N: usize>(mut self, keys: [(&str, Value); N]) -> Self {
        self.0.extra.extend(keys.map(|(key, value)| (key.to_owned(), value)));
        self
    }

    /// The facts by name, for pages in other languages than the detail.
    pub(super) fn said(mut self, said: impl Into<Option<Said>>) -> Self {
        if let Some(said) = said.into().and_then(|said| serde_json::to_value(said).ok()) {
            self.0.extra.insert("said".to_owned(), said);
        }
        self
    }

    /// The right that was missing, by its name.
    pub(super) fn right(self, action: Action) -> Self {
        self.extended([("right", action.name().into())])
    }

    pub(super) fn challenge(mut self, scheme: &'static str) -> Self {
        self.0.challenge = scheme;
        self
    }

    pub(super) fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        match self.0.extra.contains_key("said") {
            true => self,
            false => self.said(said::wait(seconds)),
        }
    }

    /// Another status than the code's own, where Open AMT prescribes it.
    pub(super) fn sent_as(mut self, status: StatusCode) -> Self {
        self.0.problem.status = status.as_u16();
        if self.0.extra.contains_key("error") {
            match generic(status.as_u16()) {
                Some(words) => drop(self.0.extra.insert("error".to_owned(), words.into())),
                None => drop(self.0.extra.remove("error")),
            }
        }
        self
    }

    /// A value that does not pass, in the shape of Open AMT's validators.
    pub(super) fn invalid(
        path: &str,
        location: &str,
        value: Value,
        msg: impl Into<String>,
    ) -> Self {
        let msg = msg.into();
        let error = json!({
            "type": "field", "value": value, "msg": msg, "path": path, "location": location,
        });
        Self::new(Code::BadRequest, format!("{path}: {msg}"))
            .shaped([("errors", Value::Array(vec![error]))])
            .said(said::value(path))
    }

    /// As it is told beside others of its kind.
    pub(super) fn problem(self) -> Problem {
        self.0.problem
    }

    /// The facts of this case.
    pub(super) fn detail(&self) -> &str {
        &self.0.problem.detail
    }

    /// The stable code.
    pub(super) fn code(&self) -> Code {
        self.0.code
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Parts { code, problem, shape, extra, challenge, retry_after } = *self.0;
        let plain = shape.is_empty();
        let status =
            StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = extra;
        body.extend(shape);
        for (key, value) in [
            ("type", "about:blank"),
            ("code", &problem.code),
            ("title", &problem.title),
            ("detail", &problem.detail),
            ("next", &problem.next),
        ] {
            body.entry(key).or_insert_with(|| value.into());
        }
        body.insert("status".into(), problem.status.into());
        let kind = if plain { "application/problem+json" } else { "application/json" };
        let mut response = (status, Value::Object(body).to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        headers.insert("x-viaduct-code", HeaderValue::from_static(code.as_str()));
        if status == StatusCode::UNAUTHORIZED {
            let challenge = match challenge {
                "Basic" => "Basic realm=\"viaduct\", charset=\"UTF-8\"",
                _ => "Bearer realm=\"viaduct\"",
            };
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        let code = problem.known().unwrap_or(Code::Internal);
        Self::new(code, problem.detail).next(problem.next)
    }
}

impl From<FindError> for Refusal {
    fn from(error: FindError) -> Self {
        let code = match error {
            FindError::Unknown(_) => Code::UnknownDevice,
            FindError::Ambiguous(..) => Code::AmbiguousDevice,
        };
        Self::new(code, error.to_string()).said(said::found(&error))
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Exists(_) => Code::DeviceExists,
            StoreError::NotFound(_) => Code::UnknownDevice,
            StoreError::Invalid { .. } => Code::BadRequest,
            StoreError::Database(_) | StoreError::Keys(_) => Code::Store,
            StoreError::Vault(_) => Code::VaultUnavailable,
        };
        Self::new(code, error.to_string()).said(said::store(&error))
    }
}

impl From<AuditUnavailable> for Refusal {
    fn from(error: AuditUnavailable) -> Self {
        Self::new(Code::AuditUnavailable, error.to_string())
    }
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        let text = error.to_string();
        let refusal = Self::new(error.code(), text.clone()).said(said::command(&error));
        let words = generic(refusal.0.problem.status).unwrap_or("Internal Server Error");
        refusal.extended([("error", words.into()), ("errorDescription", text.into())])
    }
}

/// Open AMT's words for a status; conflicts have none there.
fn generic(status: u16) -> Option<&'static str> {
    match status {
        400 | 422 => Some("Incorrect URI or Bad Request"),
        401 | 403 => Some("Unauthorized"),
        404 | 409 => None,
        408 | 504 => Some("Timeout Error"),
        501 => Some("Not Implemented"),
        _ => Some("Internal Server Error"),
    }
}

impl From<gateway::Refusal> for Refusal {
    fn from(refusal: gateway::Refusal) -> Self {
        // The gateway's codes are all in the table; one that is not would be a fault of ours.
        let code = refusal.code().parse().unwrap_or(Code::Internal);
        Self::new(code, refusal.detail()).next(refusal.next()).said(said::gateway(&refusal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_german_words_in_the_dashboard() {
        let words = include_str!("../../../../web/src/i18n/de/problems.ts");
        for code in Code::ALL {
            assert!(words.contains(&format!("\n  {code}: [")), "{code} has no German words");
        }
    }

    #[test]
    fn what_a_refusal_says_by_name_travels_beside_its_detail() {
        let refusal = Refusal::invalid("name", "body", Value::Null, "must not be empty");
        assert_eq!(refusal.0.extra["said"]["values"]["field"], "name");
        let refusal = Refusal::new(Code::Throttled, "later").retry_after(7);
        assert_eq!(refusal.0.extra["said"]["values"]["seconds"], 7);
    }

    #[test]
    fn every_code_is_sent_as_an_error() {
        for code in Code::ALL {
            let status = status(*code);
            assert!(status.is_client_error() || status.is_server_error(), "{code}");
        }
    }

    #[test]
    fn a_console_is_told_the_same_code_and_status_by_proxy_and_api() {
        use crate::gateway::{Refusal as Gateway, SignInFault, TargetError};
        let name = || "pc-01".to_owned();
        for refusal in [
            Gateway::Target(TargetError::Address),
            Gateway::NotAllowed { who: name() },
            Gateway::Unknown { name: name() },
            Gateway::Away { name: name(), seen: None, blocked: false },
            Gateway::NotForwarded { name: name(), port: 16992, forwarded: vec![16993] },
            Gateway::Refused { name: name(), port: 16992, reason: 2 },
            Gateway::Busy { name: name() },
            Gateway::NoAnswer { name: name(), sent: false },
        ] {
            let (code, sent) = (refusal.code(), refusal.status());
            let ours = Refusal::from(refusal);
            assert_eq!((ours.code().as_str(), ours.0.problem.status), (code, sent));
        }
        // Signing in is the exception: a proxy says 407.
        let ours = Refusal::from(Gateway::NotSignedIn(SignInFault::Wrong));
        assert_eq!(ours.0.problem.status, 401);
    }
}
