//! The likely cause and what to try: the surest evidence first, and words that say how sure it is.

use super::{
    Attempts, Case,
    words::{ago, without_code},
};
use crate::{
    events::Stage,
    inventory::{Attempt, Configured, Device},
    tls::alert_words,
};
use viaduct_api::{Code, DeviceId, Said};

/// TLS alerts (RFC 8446 §6.2) with which firmware says that it does not accept our certificate.
const CERTIFICATE_ALERTS: [u8; 6] = [42, 43, 44, 45, 46, 48];
/// TLS alerts that mean that versions or suites do not meet.
const MISMATCH_ALERTS: [u8; 4] = [40, 70, 71, 86];
/// The last firmware that does not always begin to call, or call again, by itself.
const LAST_THAT_GIVES_UP: u64 = 11;

/// What probably is the matter.
pub(crate) struct Cause {
    pub(crate) likely: String,
    pub(crate) next: Vec<String>,
    pub(crate) code: Option<Code>,
    /// The cause by its name, for other languages; what to try follows from it.
    pub(crate) said: Said,
}

fn cause<const N: usize>(
    said: Said,
    code: Option<Code>,
    likely: impl Into<String>,
    next: [&str; N],
) -> Cause {
    Cause { likely: likely.into(), next: next.map(str::to_owned).to_vec(), code, said }
}

/// Finds the cause of an absence.
pub(super) fn find(case: &Case<'_>, attempts: &Attempts<'_>) -> Cause {
    let name = &case.device.name;
    if case.device.blocked {
        return cause(
            Said::new("cause.blocked").text("name", name),
            Some(Code::DeviceBlocked),
            "it is blocked here; whether it would come otherwise is not known",
            [&format!("viaduct devices approve {name}") as &str],
        );
    }
    if case.conflict.is_some() {
        return cause(
            Said::new("cause.conflict").text("name", name),
            Some(Code::IdentityConflict),
            "two machines use this identity and take the place from each other",
            [Code::IdentityConflict.next()],
        );
    }
    if let Some(attempt) = attempts.named.first() {
        return named(&case.device.name, case.device.id, attempt);
    }
    if let Some(attempt) = attempts.same_address.first() {
        return unnamed(
            attempt,
            "; probably this PC, because it is the address it used last; another PC behind the same address would look the same",
            "probably",
        );
    }
    silent(case, attempts)
}

/// What was probably the matter with an attempt, whoever it was. `device` is the one that it named, when that is known.
pub(crate) fn of_attempt(attempt: &Attempt, device: Option<&Device>) -> Cause {
    match (device, attempt.device) {
        (Some(device), _) if device.blocked => cause(
            Said::new("cause.blocked").text("name", &device.name),
            Some(Code::DeviceBlocked),
            format!("{} is blocked here", device.name),
            [&format!("viaduct devices approve {}", device.name) as &str],
        ),
        (Some(device), _) => named(&device.name, device.id, attempt),
        (None, Some(id)) => cause(
            Said::new("cause.stranger").text("guid", id.to_string()),
            Some(Code::UnclaimedDevice),
            format!("it says that it is {id}, and nobody has added a device of this UUID"),
            [
                &format!("if it is yours: viaduct devices approve {id}") as &str,
                &format!("if you do not want to hear of it: viaduct devices ignore {id}"),
            ],
        ),
        (None, None) => unnamed(attempt, "", ""),
    }
}

/// The device said who it is and was turned away.
fn named(name: &str, id: DeviceId, attempt: &Attempt) -> Cause {
    match attempt.stage {
        Stage::Login => cause(
            Said::new("cause.login")
                .text("name", name)
                .text("guid", id.to_string())
                .text("reason", &attempt.reason),
            Some(Code::WrongCredential),
            format!(
                "it dials in and says that it is {name}, but {}. It was configured for another server or entry, or another machine uses its UUID",
                without_code(&attempt.reason)
            ),
            [
                "put this server's CIRA user and password into the PC again (its MPS entry)",
                &format!(
                    "if the password is lost: viaduct devices rm {name}, then viaduct devices add {name} --guid {} makes a new one",
                    id
                ),
            ],
        ),
        Stage::Verdict => cause(
            Said::new("cause.verdict")
                .text("name", name)
                .text("guid", id.to_string())
                .text("reason", &attempt.reason),
            None,
            format!("it dials in and has proven that it is {name}, but {}", attempt.reason),
            [
                "ask whoever runs that receiver why; it is an [[events.webhooks]] with veto = true in the configuration",
                "it is asked again each time the PC dials in",
            ],
        ),
        Stage::Tcp | Stage::Tls | Stage::Version | Stage::Forwarding => cause(
            Said::new("cause.stage")
                .text("name", name)
                .text("guid", id.to_string())
                .text("reason", &attempt.reason),
            None,
            format!("it dials in and says that it is {name}, but {}", attempt.reason),
            ["wait for its next attempt and look at this page again", "update its firmware"],
        ),
    }
}

/// Somebody failed before saying who it is.
fn unnamed(attempt: &Attempt, how_sure: &str, sure: &str) -> Cause {
    let ip = attempt.address.to_canonical();
    let said = |key: &str| {
        let said = Said::new(key).text("address", ip.to_string()).text("reason", &attempt.reason);
        let said = if sure.is_empty() { said } else { said.text("sure", sure) };
        attempt.tls_alert.into_iter().fold(said, |said, alert| said.number("alert", alert))
    };
    match (attempt.stage, attempt.tls_alert) {
        (Stage::Tls, Some(alert)) if CERTIFICATE_ALERTS.contains(&alert) => {
            let (meaning, advice) = alert_words(alert);
            cause(
                said("cause.certificate"),
                Some(Code::RootUnknown),
                format!("{ip} does not accept this server's certificate: {meaning}{how_sure}"),
                [
                    advice,
                    "viaduct cert export prints the root to install",
                    "compare the name the PC dials with viaduct cert show",
                ],
            )
        }
        (Stage::Tls, Some(alert)) if MISMATCH_ALERTS.contains(&alert) => {
            let (meaning, advice) = alert_words(alert);
            cause(
                said("cause.mismatch"),
                Some(Code::TlsMismatch),
                format!("{ip} and this server find no common TLS: {meaning}{how_sure}"),
                [advice, "update the PC's firmware"],
            )
        }
        (Stage::Tls, _) => cause(
            said("cause.tls"),
            Some(Code::TlsMismatch),
            format!(
                "{ip} reaches the port, but the TLS handshake fails: {}{how_sure}",
                without_code(&attempt.reason)
            ),
            [
                "check that the PC holds this server's root (viaduct cert export)",
                "firmware before AMT 12 needs a listener with profile = \"legacy\"",
                "a firewall that inspects TLS in between breaks it too",
            ],
        ),
        (Stage::Tcp, _) => cause(
            said("cause.tcp"),
            None,
            format!("{ip} reaches the port and says nothing that is TLS{how_sure}"),
            [
                "a port scanner or health check looks like this; if it is the PC, a middlebox cuts the connection",
            ],
        ),
        (Stage::Version | Stage::Login | Stage::Verdict | Stage::Forwarding, _) => cause(
            said("cause.nameless"),
            None,
            format!(
                "{ip} comes through TLS but does not say who it is: {}{how_sure}",
                attempt.reason
            ),
            ["check what runs at that address; AMT firmware introduces itself at once"],
        ),
    }
}

/// It was here when the server stopped, and not since.
fn not_back(case: &Case<'_>) -> Cause {
    let since = case.now - case.started;
    cause(
        Said::new("cause.not-back").number("span", since.whole_seconds()),
        None,
        format!(
            "it was here when this server stopped, and has not dialled in since the server was started again {}; firmware that found no server waits for its next trigger, and some gives up until its network link was down; it may also have lost power or network meanwhile",
            ago(since)
        ),
        [
            "wait for the period of its policy: it calls again by itself",
            "sooner: have its user ask for help in the AMT menu, or run viaduct host connect on the PC",
            "have someone re-plug its network cable, or restart the switch port: then it calls at once",
            "viaduct devices ls --not-back lists all that are missing since then; if it is all of one site, look at that site's network",
        ],
    )
}

/// A device that never came, while somebody without a name fails: it may be that one, or it does not call at all.
fn perhaps(case: &Case<'_>, attempt: &Attempt) -> Cause {
    let mut found = unnamed(attempt, "; it may be this PC, but nothing proves it", "maybe");
    found.next.push(format!(
        "if it is another one, then this PC does not call: check its MPS entry (address, port {}), its remote-access policy, and its environment detection; its own log tells which: viaduct host cira-log",
        case.ports()
    ));
    found
}

/// Firmware up to AMT 11 stops calling after some failures, until its link was down or the PC was restarted.
fn gives_up(case: &Case<'_>) -> bool {
    let info = case.device.profile.get("deviceInfo");
    let version = info.and_then(|info| info.get("fwVersion")).and_then(|version| version.as_str());
    let major = version.and_then(|version| version.split('.').next()).and_then(|n| n.parse().ok());
    major.is_some_and(|major: u64| major <= LAST_THAT_GIVES_UP)
}

/// Nothing was seen that can be laid to this device.
fn silent(case: &Case<'_>, attempts: &Attempts<'_>) -> Cause {
    if let Some((at, why)) = case.device.silenced() {
        let when = ago(case.now - at);
        let likely = format!("what makes it call was taken away here, {when}: {why}");
        return cause(
            Said::new("cause.told").text("why", why),
            None,
            likely,
            [
                "if it shall call again: in its own network, viaduct enroll lan ADDRESS",
                &format!("if not: viaduct devices rm {} takes it off the list", case.device.name),
            ],
        );
    }
    if let Some(device) = case.device.last_end.as_ref().filter(|end| end.reason == "user request") {
        let likely = format!(
            "its tunnel was ended here ({}), and it has not dialled in again",
            device.detail
        );
        return cause(
            Said::new("cause.ended").text("detail", &device.detail),
            None,
            likely,
            [
                "wait: firmware dials in again by itself, after longer and longer pauses",
                "on the PC: ask for help in its AMT menu or with viaduct host connect",
            ],
        );
    }
    // What such an attempt says is surer than what is usual.
    let elsewhere = attempts.elsewhere.iter().find(|attempt| attempt.stage == Stage::Tls);
    if let (true, Some(attempt)) = (case.device.last_connected.is_none(), elsewhere) {
        return perhaps(case, attempt);
    }
    if let Some(configured) = case.device.configured() {
        return told_to_call(case, &configured);
    }
    if case.device.last_connected.is_some() && gives_up(case) {
        return gave_up();
    }
    if case.device.is_not_back(case.started) {
        return not_back(case);
    }
    if case.device.last_connected.is_some() {
        return cause(
            Said::new("cause.was"),
            None,
            "the PC has no standby power or no network, or it believes that it is inside the company network and so does not call; nothing was seen that says which",
            [
                "have someone plug in power and network cable; a laptop on battery keeps AMT off",
                "re-plug the cable: firmware then tests its network again",
                "on the PC, its own CIRA log tells more: viaduct host cira-log",
            ],
        );
    }
    let port = case.ports();
    cause(
        Said::new("cause.never").text("port", &port),
        None,
        "it was never told to dial in here, or its network does not let it; nothing of it was seen",
        [
            &format!(
                "check its MPS entry: address, port {port}, CIRA user and password, and a remote-access policy"
            ) as &str,
            "check its environment detection: a PC that believes it is inside the company network does not call",
            "install this server's root in it (viaduct cert export)",
            "from the PC's network, try whether the port can be reached at all",
        ],
    )
}

/// It was here, and its firmware is of those that stop calling.
fn gave_up() -> Cause {
    cause(
        Said::new("cause.gave-up"),
        None,
        "its firmware is of AMT 11 or older, which gives up calling after some failures until its network link was down or the PC was restarted; it may also have no power or network",
        [
            "have someone re-plug its network cable (a restart of the switch port does it too): it calls again at once",
            "or restart the PC; a laptop on battery keeps AMT off",
            "update its firmware: later ones try again by themselves",
        ],
    )
}

/// It was made to dial in from here and has not come since.
fn told_to_call(case: &Case<'_>, told: &Configured) -> Cause {
    let ago = ago(case.now - told.at);
    let port = case.ports();
    let said = |key: &str| Said::new(key).text("port", &port);
    let is_old = told.amt.is_some_and(|major| major <= LAST_THAT_GIVES_UP);
    if told.fixed_address {
        let firmware = match is_old {
            true => "firmware of AMT 11 or older, as this one is, knows only from DHCP",
            false => "firmware knows from DHCP, and without it only some does",
        };
        return cause(
            said(if is_old { "cause.fixed-old" } else { "cause.fixed" }),
            None,
            format!(
                "it was made to dial in from here, {ago}, but its AMT has a fixed address; that it is outside the company network, {firmware}"
            ),
            [
                "let its AMT have its address from DHCP (a reservation there keeps it the same), then re-plug the cable",
                &format!("try from the PC's network whether port {port} can be reached at all"),
                "on the PC, its own CIRA log tells more: viaduct host cira-log",
            ],
        );
    }
    if is_old {
        return cause(
            said("cause.link"),
            None,
            format!(
                "it was made to dial in from here, {ago}; its firmware is of AMT 11 or older, which often begins to call only after its network link was down or the PC was restarted"
            ),
            [
                "have someone re-plug its network cable (a restart of the switch port does it too)",
                "or restart the PC",
                &format!("try from the PC's network whether port {port} can be reached at all"),
            ],
        );
    }
    cause(
        said("cause.configured"),
        None,
        format!(
            "it was made to dial in from here, {ago}, and nothing of it was seen since: its network does not let it, none of its triggers has fired, or it has no power"
        ),
        [
            &format!("try from the PC's network whether port {port} can be reached at all") as &str,
            "re-plug the cable: firmware then tests its network again",
            "on the PC: ask for help with viaduct host connect; viaduct host cira-log tells how far it comes",
        ],
    )
}
