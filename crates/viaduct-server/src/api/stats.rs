//! Curves of the last hour and week, and how the server itself is.

use super::{
    Api, certificates,
    guard::{Authorized, Guard},
    refusal::Refusal,
    routes::Routes,
};
use crate::{access::Action, history, metrics::SinkFigures};
use axum::{
    Json,
    extract::{Query, State},
    http::Method,
};
use std::{sync::Arc, time::Duration};
use time::OffsetDateTime;
use viaduct_api::{Code, HealthCheck, History, Said, Verdict};

/// A certificate that ends sooner wants attention, in days; one that ends within the second span is an emergency.
const CERTIFICATE_DAYS: (i64, i64) = (30, 7);
/// Free space below which a disk wants attention, and below which it is an emergency, in bytes.
const DISK: (u64, u64) = (1 << 30, 100 << 20);
/// So many events that wait mean that a receiver does not keep up.
const SINK_WAITING: i64 = 1000;
/// No clock that is right shows a time before this program was written.
const PROGRAM_YEAR: i32 = 2026;

/// The routes of this area.
pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(&Method::GET, "/api/v1/stats/history", Guard::Needs(Action::ReadDevices), list).add(
        &Method::GET,
        "/api/v1/stats/health",
        Guard::Needs(Action::ReadConfig),
        health,
    )
}

/// `GET /stats/history?range=hour|week`. The figures are the whole server's, so who sees a part of it does not see them.
async fn list(
    State(api): State<Arc<Api>>,
    caller: Authorized,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<History>, Refusal> {
    if caller.principal.view().is_some_and(|view| !view.is_whole()) {
        let detail = "these figures are of the whole server, and you see a part of its devices";
        return Err(Refusal::new(Code::NotAllowed, detail));
    }
    let range = pairs.iter().find(|(key, _)| key == "range").map_or("hour", |(_, value)| value);
    let (interval, points): (Duration, _) = match range {
        "hour" => (history::FINE, api.history.hour()),
        "week" => (history::COARSE, api.history.week()),
        other => {
            return Err(Refusal::invalid("range", "query", other.into(), "expected hour or week"));
        }
    };
    Ok(Json(History { interval_seconds: interval.as_secs(), points }))
}

/// `GET /stats/health`: facts about the server, each with a verdict.
async fn health(State(api): State<Arc<Api>>) -> Json<Vec<HealthCheck>> {
    Json(checks(&api))
}

/// All that is looked at.
pub(super) fn checks(api: &Api) -> Vec<HealthCheck> {
    let mut checks = vec![listeners(api), store(api), audit(api), clock()];
    checks.extend(disk(api));
    checks.extend(files());
    checks.extend(ends(api));
    checks.push(users(api));
    checks.extend(api.sinks.iter().map(receiver));
    checks
}

fn check(
    name: &str,
    verdict: Verdict,
    detail: impl Into<String>,
    next: &str,
    said: Said,
) -> HealthCheck {
    let next = if verdict == Verdict::Ok { String::new() } else { next.to_owned() };
    HealthCheck { name: name.to_owned(), verdict, detail: detail.into(), next, said: Some(said) }
}

fn listeners(api: &Api) -> HealthCheck {
    let all = &api.addresses;
    let mut parts: Vec<String> =
        all.cira.iter().map(|address| format!("devices {address}")).collect();
    let cira: Vec<_> = all.cira.iter().map(ToString::to_string).collect();
    let mut said = Said::new("listeners").text("cira", cira.join(", "));
    for (name, key, address) in [
        ("dashboard", "web", all.web),
        ("dashboard without TLS", "plain", all.web_plain),
        ("SOCKS5", "socks", all.socks),
        ("HTTP proxy", "proxy", all.http_proxy),
        ("metrics", "metrics", all.metrics),
    ] {
        parts.extend(address.map(|address| format!("{name} {address}")));
        said =
            said.text(key, address.map_or_else(|| "–".to_owned(), |address| address.to_string()));
    }
    let verdict = if all.cira.is_empty() { Verdict::Bad } else { Verdict::Ok };
    check(
        "listeners",
        verdict,
        parts.join(", "),
        "Name a listener in the section [cira] of viaduct.toml.",
        said,
    )
}

fn store(api: &Api) -> HealthCheck {
    let health = api.inventory.health();
    match health.error {
        None => check(
            "store",
            Verdict::Ok,
            format!("it takes what happens; {} facts wait", health.pending),
            "",
            Said::new("store.well").number("pending", health.pending),
        ),
        Some(error) => check(
            "store",
            Verdict::Bad,
            format!("the database does not take what happens: {error}"),
            "Free the disk or bring the database back; it recovers by itself.",
            Said::new("store.bad").text("error", error),
        ),
    }
}

fn audit(api: &Api) -> HealthCheck {
    match api.audit.trouble() {
        None => {
            check("audit", Verdict::Ok, "the audit log can be written", "", Said::new("audit.well"))
        }
        Some(why) => {
            let said = Said::new("audit.bad").text("error", &why);
            let next = "Until then changes are refused. It recovers by itself.";
            check("audit", Verdict::Bad, why, next, said)
        }
    }
}

fn clock() -> HealthCheck {
    let now = OffsetDateTime::now_utc();
    // Nobody reads fractions of a second.
    let now = now.replace_nanosecond(0).unwrap_or(now);
    let verdict = if now.year() < PROGRAM_YEAR { Verdict::Bad } else { Verdict::Ok };
    let text = now.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
    check(
        "clock",
        verdict,
        format!("this server's clock shows {text}"),
        "Set the clock; certificates and sign-ins depend on it.",
        Said::new("clock").text("time", text),
    )
}

fn disk(api: &Api) -> Option<HealthCheck> {
    let space = rustix::fs::statvfs(&*api.data).ok()?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let verdict = if free < DISK.1 {
        Verdict::Bad
    } else if free < DISK.0 {
        Verdict::Warn
    } else {
        Verdict::Ok
    };
    // Read by people: whole gigabytes as soon as there are some.
    let said = match free / 1_000_000 {
        megabytes @ ..10_000 => format!("{megabytes} MB"),
        megabytes => format!("{} GB", megabytes / 1000),
    };
    let detail = format!("{said} are free where {} is", api.data.display());
    Some(check(
        "disk",
        verdict,
        detail,
        "Free some space: without it neither database nor audit log can be written.",
        Said::new("disk").number("free", free).text("place", api.data.display().to_string()),
    ))
}

fn files() -> Option<HealthCheck> {
    let used = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64;
    let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current?;
    let verdict =
        if used.saturating_mul(10) > most.saturating_mul(8) { Verdict::Warn } else { Verdict::Ok };
    let detail = format!("{used} of {most} file descriptors are in use");
    Some(check(
        "files",
        verdict,
        detail,
        "Raise LimitNOFILE of the service; each tunnel and console needs one.",
        Said::new("files").number("used", used).number("most", most),
    ))
}

/// One for each certificate.
fn ends(api: &Api) -> Vec<HealthCheck> {
    let now = OffsetDateTime::now_utc();
    let all = api.certificates.show().into_iter().map(certificates::info);
    all.filter_map(|certificate| {
        let days = (certificate.not_after? - now).whole_days();
        let verdict = if days < CERTIFICATE_DAYS.1 {
            Verdict::Bad
        } else if days < CERTIFICATE_DAYS.0 {
            Verdict::Warn
        } else {
            Verdict::Ok
        };
        let detail =
            format!("{}: {} ends in {}", certificate.listener, certificate.subject, in_words(days));
        Some(check(
            "certificates",
            verdict,
            detail,
            "Put a new one in place, then reload the certificates.",
            Said::new("certificates")
                .text("listener", &certificate.listener)
                .text("subject", certificate.subject.to_string())
                .number("days", days),
        ))
    })
    .collect()
}

/// So many days as people count them: those that are far off in months or years.
fn in_words(days: i64) -> String {
    if days >= 730 {
        format!("{} years", (days * 100 + 18_262) / 36_525)
    } else if days >= 90 {
        format!("{} months", (days * 100 + 1_522) / 3_044)
    } else {
        format!("{days} days")
    }
}

/// A webhook or broker that is told what happens.
fn receiver((name, figures): &(String, SinkFigures)) -> HealthCheck {
    let (sent, failed) = (figures.sent.get(), figures.failed.get());
    let (waiting, lost) = (figures.waiting.get(), figures.lost.get());
    let verdict = if lost > 0 || waiting > SINK_WAITING { Verdict::Warn } else { Verdict::Ok };
    let detail = format!(
        "{name}: {sent} events sent, {waiting} wait, {failed} attempts failed, {lost} events lost"
    );
    check(
        "events",
        verdict,
        detail,
        "See whether the receiver is reachable; what is lost stays in the event list for a while.",
        Said::new("events")
            .text("name", name)
            .number("sent", sent)
            .number("waiting", waiting)
            .number("failed", failed)
            .number("lost", lost),
    )
}

fn users(api: &Api) -> HealthCheck {
    let all = api.access.users();
    let active = all.iter().filter(|user| !user.disabled).count();
    let second =
        all.iter().filter(|user| !user.disabled && (user.second_factor || user.provider)).count();
    let verdict = if active == 0 { Verdict::Warn } else { Verdict::Ok };
    let detail = format!(
        "{active} can sign in, {second} of them with a second factor or an identity provider"
    );
    check(
        "users",
        verdict,
        detail,
        "Open the setup link that `viaduct serve` printed; a restart prints a new one.",
        Said::new("users").number("active", active).number("second", second),
    )
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn what_is_far_off_is_said_in_months_or_years() {
        let said = [-3, 1, 29, 89, 90, 365, 729, 730, 3_649].map(in_words);
        let meant = [
            "-3 days",
            "1 days",
            "29 days",
            "89 days",
            "3 months",
            "12 months",
            "24 months",
            "2 years",
            "10 years",
        ];
        assert_eq!(said, meant);
    }
}
