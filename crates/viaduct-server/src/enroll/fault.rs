//! What goes wrong between us and a PC on the local network, each with words of its own.

use crate::command::CommandError;
use amt::remote_access::{PlanError, ReturnCode};
use viaduct_api::{Code, Problem};

/// The request makes no sense.
pub(super) fn bad(detail: impl Into<String>) -> Problem {
    Problem::new(Code::BadRequest, detail)
}

/// A request to the PC got no answer that helps.
pub(super) fn of_command(error: &CommandError, address: &str) -> Problem {
    match error {
        CommandError::CredentialRefused => Problem::new(
            Code::AmtPasswordRefused,
            format!("{address} refuses this AMT user and password; it was not tried again, so that the PC does not raise an alarm"),
        )
        .with_next("Give the right password (--amt-password-file) and user (--amt-user). In Client Control Mode it is the one that was set at activation."),
        CommandError::Silent | CommandError::Away { .. } => Problem::new(
            Code::EnrollUnreachable,
            format!("{address} stopped answering: {error}"),
        )
        .with_next("Run it again: what was done stays done."),
        CommandError::Unknown { why } => Problem::new(
            Code::OutcomeUnknown,
            format!("{address} took the request and gave no answer ({why}), so whether it did it is not known"),
        )
        .with_next("Run it again: the PC is asked first what it has, and what was done stays done."),
        CommandError::Tls(why) => Problem::new(Code::EnrollTls, format!("{address}: {why}")),
        CommandError::CertificateChanged { known, seen } => Problem::new(
            Code::EnrollCertificate,
            format!("{address} showed another certificate in between: {seen} instead of {known}"),
        )
        .with_next("Find out who answers at this address before anything else is sent there."),
        other => Problem::new(other.code(), format!("{address}: {other}")),
    }
}

/// There is no plan for the PC.
pub(super) fn of_plan(error: &PlanError, address: &str) -> Problem {
    let code = match error {
        PlanError::NotActivated => Code::NotActivated,
        PlanError::TableFull { .. } => Code::MpsTableFull,
        PlanError::TooOld(_) => Code::MpsNotPermitted,
        PlanError::Servers { .. }
        | PlanError::NoTrigger
        | PlanError::Mps(_)
        | PlanError::Environment(_) => Code::BadRequest,
    };
    let problem = Problem::new(code, format!("{address}: {error}"));
    match error {
        PlanError::TooOld(_) => problem
            .with_next("AMT 6.0 or newer is needed; see whether its maker has newer firmware."),
        _ => problem,
    }
}

/// A method of the PC did not return success.
pub(super) fn of_return(step: &str, method: &str, code: ReturnCode, address: &str) -> Problem {
    let detail = format!("{address} refused to {step}: {code}");
    match (method, code) {
        ("AddMpServer", ReturnCode::NOT_PERMITTED) => Problem::new(Code::MpsNotPermitted, detail),
        (_, ReturnCode::NOT_PERMITTED) => Problem::new(
            Code::NotActivated,
            format!(
                "{detail}; so answers a PC whose activation is not complete, and one whose account may not configure it"
            ),
        ),
        ("AddMpServer", ReturnCode::FULL) => Problem::new(Code::MpsTableFull, detail),
        _ => {
            let problem = Problem::new(Code::EnrollStep, detail);
            match code.advice() {
                Some(advice) => problem.with_next(format!("{}.", capital(advice))),
                None => problem,
            }
        }
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}
