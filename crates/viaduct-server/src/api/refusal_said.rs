//! The facts of the most frequent refusals by name, for pages in another language than that of the details.

use crate::{
    access::Denied,
    command::CommandError,
    gateway,
    inventory::{FindError, StoreError},
};
use viaduct_api::Said;

/// A value that does not pass.
pub(super) fn value(field: &str) -> Said {
    Said::new("problem.value").text("field", field)
}

/// A right that somebody has not.
pub(super) fn denied(denied: &Denied) -> Said {
    Said::new("problem.denied").text("who", &denied.principal).text("right", denied.action.name())
}

/// A device that is known and not here.
pub(super) fn away(name: &str) -> Said {
    Said::new("problem.away").text("name", name)
}

/// What the person at the PC must agree to first.
pub(super) fn consent() -> Said {
    Said::new("problem.consent")
}

/// Something of which there is one already.
pub(super) fn taken(name: &str) -> Said {
    Said::new("problem.taken").text("name", name)
}

/// Something that is not there.
pub(super) fn missing(name: &str) -> Said {
    Said::new("problem.missing").text("name", name)
}

/// So long until it may be tried again.
pub(super) fn wait(seconds: u64) -> Said {
    Said::new("problem.wait").number("seconds", seconds)
}

pub(super) fn found(error: &FindError) -> Said {
    match error {
        FindError::Unknown(name) => Said::new("problem.unknown").text("name", name),
        FindError::Ambiguous(name, all) => {
            Said::new("problem.ambiguous").text("name", name).text("all", all.join(", "))
        }
    }
}

pub(super) fn store(error: &StoreError) -> Option<Said> {
    match error {
        StoreError::Exists(name) => Some(taken(name)),
        StoreError::NotFound(id) => Some(Said::new("problem.unknown").text("name", id.to_string())),
        StoreError::Invalid { field, .. } => Some(value(field)),
        StoreError::Database(_) | StoreError::Keys(_) | StoreError::Vault(_) => None,
    }
}

pub(super) fn command(error: &CommandError) -> Option<Said> {
    Some(match error {
        CommandError::Away { .. } => Said::new("problem.left"),
        CommandError::CredentialRefused => Said::new("problem.password"),
        CommandError::NotForwarded { .. } => Said::new("problem.noPort"),
        CommandError::Refused { reason } => {
            Said::new("problem.refused").number("reason", i64::from(*reason))
        }
        CommandError::Busy => Said::new("problem.busy"),
        CommandError::Silent => Said::new("problem.silent"),
        CommandError::Unknown { .. } => Said::new("problem.unsure"),
        CommandError::CertificateChanged { seen, .. } => {
            Said::new("problem.certificate").text("seen", seen)
        }
        CommandError::Returned { class, method, value } => Said::new("problem.returned")
            .text("what", format!("{class}.{method}"))
            .number("value", i64::from(*value)),
        _ => return None,
    })
}

pub(super) fn gateway(refusal: &gateway::Refusal) -> Option<Said> {
    Some(match refusal {
        gateway::Refusal::Unknown { name } => Said::new("problem.unknown").text("name", name),
        gateway::Refusal::Away { name, .. } => away(name),
        gateway::Refusal::NotForwarded { name, port, .. } => {
            Said::new("problem.portOf").text("name", name).number("port", i64::from(*port))
        }
        gateway::Refusal::Busy { name } => Said::new("problem.busyOf").text("name", name),
        gateway::Refusal::NoAnswer { name, .. } => Said::new("problem.silentOf").text("name", name),
        _ => return None,
    })
}
