//! The server itself: health, version, status, configuration, and who the caller is.

use super::{Api, certificates, guard::Authorized, show, tunnels};
use crate::{
    config,
    events::Stage,
    inventory::{Attempt, Unclaimed},
    vault::Health,
};
use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::json;
use std::{collections::BTreeSet, sync::Arc};
use time::{Duration, OffsetDateTime};
use viaduct_api::{
    Attention, Bytes, CertificateInfo, Code, Counts, EffectiveConfig, Status, Version, WhoAmI,
};

/// A certificate that ends sooner wants attention.
const EXPIRES_SOON: Duration = Duration::days(30);
/// Failed attempts older than this are history.
const RECENT: Duration = Duration::days(1);

/// `GET /health`, in the shape that Open AMT's container checks read. Open to all and says nothing else.
pub(super) async fn health(State(api): State<Arc<Api>>) -> Response {
    let (status, text) = match (api.inventory.health().error, api.audit.trouble()) {
        (None, None) => (StatusCode::OK, "OK"),
        (Some(_), _) => {
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not take what happens")
        }
        (None, Some(_)) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the audit log cannot be written; changes are refused",
        ),
    };
    let (name, secrets) = match api.inventory.vault() {
        Some(vault) => ("VAULT", vault.health().await),
        // Part of the database: open as long as the server runs.
        None => ("VIADUCT", Some(Health { initialized: true, sealed: false })),
    };
    let open = secrets.is_some_and(|health| health.initialized && !health.sealed);
    let status = if open { status } else { StatusCode::SERVICE_UNAVAILABLE };
    let secrets = match secrets {
        Some(Health { initialized, sealed }) => {
            json!({ "initialized": initialized, "sealed": sealed })
        }
        // Nobody knows; what containers' checks compare with must not look fine.
        None => json!({ "initialized": false, "sealed": true, "error": "it does not answer" }),
    };
    let body = json!({
        "db": { "name": "SQLITE", "status": text },
        "secretStore": { "name": name, "status": secrets },
    });
    (status, Json(body)).into_response()
}

/// `GET /version`.
pub(super) async fn version() -> Json<Version> {
    Json(Version { service_version: config::VERSION.to_owned() })
}

/// `GET /whoami`.
pub(super) async fn whoami(State(api): State<Arc<Api>>, caller: Authorized) -> Json<WhoAmI> {
    Json(WhoAmI {
        name: caller.principal.name,
        scope: show::scope(caller.principal.rights.scope()),
        role: caller.principal.rights.name().to_owned(),
        tenant_id: caller.principal.tenant.clone(),
        labels: caller.principal.labels.clone(),
        addresses: show::addresses(&api.addresses),
    })
}

/// `GET /config`.
pub(super) async fn config(State(api): State<Arc<Api>>) -> Json<EffectiveConfig> {
    Json(EffectiveConfig { toml: api.config_text.to_string() })
}

/// `GET /status`.
pub(super) async fn status(State(api): State<Arc<Api>>) -> Json<Status> {
    let now = OffsetDateTime::now_utc();
    let mut certificates: Vec<CertificateInfo> =
        api.certificates.show().into_iter().map(certificates::info).collect();
    for certificate in &mut certificates {
        certificate.pem.clear();
    }
    Json(Status {
        version: config::VERSION.to_owned(),
        pid: std::process::id(),
        started: api.started,
        now,
        counts: counts(&api),
        addresses: show::addresses(&api.addresses),
        attention: attention(&api, &certificates, now),
        certificates,
    })
}

/// The fleet in numbers.
pub(super) fn counts(api: &Api) -> Counts {
    let devices = api.inventory.list();
    let mut counts = Counts {
        devices: devices.len(),
        blocked: devices.iter().filter(|device| device.blocked).count(),
        unclaimed: waiting(api).len(),
        ..Counts::default()
    };
    for tunnel in tunnels::seen(api) {
        let facts = tunnel.facts();
        counts.connected += 1;
        counts.channels += facts.channels;
        counts.bytes = Bytes {
            from_device: counts.bytes.from_device + facts.from_device,
            to_device: counts.bytes.to_device + facts.to_device,
        };
    }
    counts
}

/// Those that knocked and that nobody has decided about.
fn waiting(api: &Api) -> Vec<Unclaimed> {
    let mut list = api.inventory.unclaimed();
    list.retain(|unclaimed| !unclaimed.ignored);
    list
}

/// Devices that came and are not known.
fn knocked(api: &Api) -> Option<String> {
    let unclaimed = waiting(api);
    match (unclaimed.first(), unclaimed.len()) {
        (None, _) => None,
        (Some(one), 1) => Some(format!(
            "{} knocked from {} ({} times so far), and nobody has added it",
            one.id,
            one.address.ip(),
            one.count
        )),
        (Some(_), n) => Some(format!("{n} devices knocked that nobody has added")),
    }
}

/// What a person should look at, the most pressing first.
fn attention(api: &Api, certificates: &[CertificateInfo], now: OffsetDateTime) -> Vec<Attention> {
    let mut list = Vec::new();
    for device in api.inventory.list() {
        if let Some([one, other]) = api.registry.conflict(device.id) {
            let detail = format!("{} is used by two machines, {one} and {other}", device.name);
            let one = about(Code::IdentityConflict, detail);
            list.push(Attention { next: one.next.replace("DEVICE", &device.name), ..one });
        }
    }
    if let Some(error) = api.inventory.health().error {
        list.push(about(Code::Store, format!("the database does not take what happens: {error}")));
    }
    if let Some(error) = api.audit.trouble() {
        list.push(about(Code::AuditUnavailable, error));
    }
    for certificate in certificates {
        if let Some(end) = certificate.not_after.filter(|end| *end - now < EXPIRES_SOON) {
            let detail =
                format!("the certificate of {} ends on {}", certificate.listener, end.date());
            list.push(Attention {
                code: Code::CertificatesRefused.as_str().to_owned(),
                detail,
                next: "Put a new one in place, then run `viaduct cert reload`.".to_owned(),
            });
        }
    }
    let attempts = api.inventory.attempts();
    let recent = |attempt: &&Attempt| now - attempt.last < RECENT;
    for attempt in attempts.iter().filter(recent) {
        let known = attempt.device.and_then(|id| api.inventory.get(id));
        if let (Stage::Login, Some(device)) = (attempt.stage, known)
            && !device.blocked
            && api.registry.lookup(device.id).is_none()
        {
            // The reason ends in the code, which has a place of its own here.
            let code = format!(" ({})", Code::WrongCredential);
            let reason = attempt.reason.trim_end_matches(&code);
            let detail = format!("{} is turned away: {reason}", device.name);
            list.push(about(Code::WrongCredential, detail));
        }
    }
    let untrusting: BTreeSet<_> = attempts
        .iter()
        .filter(recent)
        .filter(|attempt| attempt.tls_alert == Some(48))
        .map(|attempt| attempt.address.to_canonical())
        .collect();
    if let Some(first) = untrusting.first() {
        let detail = match untrusting.len() {
            1 => format!("a PC at {first} does not trust this server's root"),
            n => {
                format!("PCs at {n} addresses, {first} among them, do not trust this server's root")
            }
        };
        list.push(about(Code::RootUnknown, detail));
    }
    list.extend(refusing(api));
    list.extend(knocked(api).map(|detail| about(Code::UnclaimedDevice, detail)));
    if !api.access.has_users() {
        list.push(Attention {
            code: Code::SetupLink.as_str().to_owned(),
            detail: "no user exists yet".to_owned(),
            next: "Open the setup link that `viaduct serve` printed; a restart prints a new one."
                .to_owned(),
        });
    }
    list
}

/// PCs that refuse the AMT password that is kept for them: nothing can be done with them until somebody mends that.
fn refusing(api: &Api) -> Option<Attention> {
    let all = api.inventory.list();
    let mut names = all
        .iter()
        .filter(|device| !device.blocked && api.inventory.noted(device.id).refused)
        .map(|device| &device.name);
    let (first, others) = (names.next()?, names.count());
    if others > 0 {
        let detail = format!("{} devices, {first} among them, refuse their passwords", others + 1);
        return Some(about(Code::AmtPasswordRefused, detail));
    }
    let one = about(Code::AmtPasswordRefused, format!("{first} refuses the password kept for it"));
    Some(Attention { next: one.next.replace("DEVICE", first), ..one })
}

fn about(code: Code, detail: String) -> Attention {
    Attention { code: code.as_str().to_owned(), detail, next: code.next().to_owned() }
}
