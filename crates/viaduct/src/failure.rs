//! Why a command failed: what people read on standard error, and the exit code that scripts read.

use crate::say::note;
use std::{collections::BTreeMap, fmt, io, process::ExitCode};
use viaduct_api::{Code, Problem};

/// The exit codes; a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Nothing failed: it was a rehearsal.
    Done = 0,
    Failed = 1,
    Usage = 2,
    Unreachable = 3,
    NotSignedIn = 4,
    NotFound = 5,
    Forbidden = 6,
    Conflict = 7,
    Away = 8,
    Refused = 9,
    ConsentNeeded = 10,
    Unknown = 11,
    Partly = 12,
    Limit = 13,
    Broken = 14,
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    problem: Box<Problem>,
    /// The name that no device has.
    unknown: Option<Box<str>>,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

/// What a code means for a script.
#[expect(clippy::too_many_lines, reason = "a table of all codes")]
pub(crate) fn exit_of(code: Code) -> Exit {
    match code {
        Code::PortInUse
        | Code::SecondInstance
        | Code::DataDirectory
        | Code::NotDemoData
        | Code::BadConfig
        | Code::BadRequest => Exit::Usage,
        Code::HostDriver
        | Code::Unreachable
        | Code::Untrusted
        | Code::NotViaduct
        | Code::ShuttingDown => Exit::Unreachable,
        Code::NotSignedIn
        | Code::Expired
        | Code::SecondFactor
        | Code::TicketUsed
        | Code::TicketElsewhere => Exit::NotSignedIn,
        Code::Throttled | Code::TooMany => Exit::Limit,
        Code::NotAllowed
        | Code::SetupLink
        | Code::CrossSite
        | Code::HostRights
        | Code::HostNotPermitted => Exit::Forbidden,
        Code::UnknownDevice
        | Code::AmbiguousDevice
        | Code::UnknownTunnel
        | Code::UnclaimedDevice
        | Code::HostNotConfigured
        | Code::UnknownEnrollment
        | Code::UnknownRedirection
        | Code::UnknownMedia
        | Code::UnknownToken
        | Code::UnknownView
        | Code::UnknownUser => Exit::NotFound,
        Code::DeviceExists
        | Code::TokenExists
        | Code::DeviceBlocked
        | Code::IdentityConflict
        | Code::RedirectionInUse
        | Code::RedirectionTakenOver
        | Code::RedirectionClosed
        | Code::UploadOffset
        | Code::MediaInUse
        | Code::MediaIncomplete
        | Code::MediaExists
        | Code::WouldStrand
        | Code::NameChanged
        | Code::HostNotGranted
        | Code::NotCovered => Exit::Conflict,
        Code::DeviceAway | Code::HostNotReady => Exit::Away,
        Code::ConsentNeeded | Code::ConsentWrong => Exit::ConsentNeeded,
        Code::PortNotForwarded
        | Code::ChannelRefused
        | Code::DeviceBusy
        | Code::RedirectionOff
        | Code::RedirectionEnded
        | Code::RedirectionIdle
        | Code::NoPicture
        | Code::NotActivated
        | Code::HostDisabled
        | Code::MpsTableFull
        | Code::MpsNotPermitted
        | Code::EnrollStep
        | Code::AmtPasswordRefused
        | Code::AmtPasswordMissing
        | Code::AmtRefused
        | Code::AmtUnusable
        | Code::AmtCertificateChanged
        | Code::TlsInside
        | Code::WrongCredential => Exit::Refused,
        Code::HostSilent | Code::DeviceSilent | Code::OutcomeUnknown | Code::EnrollStuck => {
            Exit::Unknown
        }
        Code::AuditBroken | Code::MediaHash => Exit::Broken,
        Code::NoSuchRoute
        | Code::MethodNotAllowed
        | Code::DataUnusable
        | Code::SlowRequest
        | Code::TooLarge
        | Code::HostRefused
        | Code::UpgradeNeeded
        | Code::SlowConsole
        | Code::RedirectionNonsense
        | Code::EnrollUnreachable
        | Code::EnrollTls
        | Code::EnrollCertificate
        | Code::RootUnknown
        | Code::TlsMismatch
        | Code::Internal
        | Code::Store
        | Code::MediaRoom
        | Code::AuditUnavailable
        | Code::VaultUnavailable
        | Code::CertificatesRefused => Exit::Failed,
    }
}

impl Failure {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { exit: exit_of(code), problem: Box::new(Problem::new(code, detail)), unknown: None }
    }

    /// Wrong use of a command.
    pub(crate) fn usage(detail: impl Into<String>) -> Self {
        let problem = Problem {
            code: String::new(),
            title: "The command cannot be run like this".into(),
            detail: detail.into(),
            next: "See --help of the command.".into(),
            status: 0,
        };
        Self { exit: Exit::Usage, problem: Box::new(problem), unknown: None }
    }

    /// Somebody was asked, and did not say yes.
    pub(crate) fn declined() -> Self {
        let problem = Problem {
            code: String::new(),
            title: "Nothing was changed".into(),
            detail: "not confirmed".into(),
            next: "--dry-run shows what would be done, --yes asks nothing.".into(),
            status: 0,
        };
        Self { exit: Exit::Usage, problem: Box::new(problem), unknown: None }
    }

    /// Somebody ended the job before this PC was in.
    pub(crate) fn cancelled(address: &str) -> Self {
        let problem = Problem {
            code: String::new(),
            title: "The enrollment was cancelled".into(),
            detail: format!("{address}: what was changed on the PC by then is kept"),
            next: "Run it again to go on, or with --remove to take it back.".into(),
            status: 0,
        };
        Self { exit: Exit::Failed, problem: Box::new(problem), unknown: None }
    }

    /// A signal ended the command.
    pub(crate) fn interrupted(by: &str) -> Self {
        let problem = Problem {
            code: String::new(),
            title: "The command was ended".into(),
            detail: by.into(),
            next: String::new(),
            status: 0,
        };
        Self { exit: Exit::Interrupted, problem: Box::new(problem), unknown: None }
    }

    /// Something on this machine did not work.
    pub(crate) fn local(what: impl fmt::Display, error: impl fmt::Display) -> Self {
        let problem = Problem {
            code: String::new(),
            title: "Something on this machine did not work".into(),
            detail: format!("{what}: {error}"),
            next: String::new(),
            status: 0,
        };
        Self { exit: Exit::Failed, problem: Box::new(problem), unknown: None }
    }

    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.problem.next = next.into();
        self
    }

    /// No device has this name.
    pub(crate) fn of_unknown(mut self, name: &str) -> Self {
        self.unknown = Some(name.into());
        self
    }

    /// The name that no device has, if that is the failure.
    pub(crate) fn unknown(&self) -> Option<&str> {
        self.unknown.as_deref()
    }

    /// Says of which device it is, where the words do not.
    pub(crate) fn about(mut self, device: &str) -> Self {
        let Problem { title, detail, next, .. } = &mut *self.problem;
        if !detail.contains(device) && !title.is_empty() {
            *detail = format!("{device}: {detail}");
        }
        // A command that can be copied is better than one that must be filled in.
        *next = next.replace(" DEVICE", &format!(" {device}"));
        self
    }

    /// One word for a table.
    pub(crate) fn word(&self) -> &'static str {
        match self.exit {
            Exit::Away => "away",
            Exit::Refused => "refused",
            Exit::ConsentNeeded => "needs consent",
            Exit::Unknown => "unknown",
            Exit::Forbidden => "forbidden",
            Exit::Done => "only rehearsed",
            _ => "failed",
        }
    }

    pub(crate) fn code(&self) -> Option<Code> {
        self.problem.known()
    }

    /// The facts of this case.
    pub(crate) fn detail(&self) -> &str {
        &self.problem.detail
    }

    /// What happened, in general.
    pub(crate) fn title(&self) -> &str {
        &self.problem.title
    }

    /// What to do.
    pub(crate) fn next_step(&self) -> &str {
        &self.problem.next
    }

    /// What, why, next; at most a few lines.
    pub(crate) fn print(&self) {
        let Problem { code, title, detail, next, .. } = &*self.problem;
        let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
        note(&format!("viaduct: {title}{code}"));
        if !detail.is_empty() {
            note(&format!("  why:  {detail}"));
        }
        if !next.is_empty() {
            note(&format!("  next: {next}"));
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let by_status = match problem.status {
            401 => Exit::NotSignedIn,
            403 => Exit::Forbidden,
            404 => Exit::NotFound,
            409 => Exit::Conflict,
            429 => Exit::Limit,
            _ => Exit::Failed,
        };
        Self {
            exit: problem.known().map_or(by_status, exit_of),
            problem: Box::new(problem),
            unknown: None,
        }
    }
}

/// So many failures are told one by one.
const TOLD: usize = 10;

/// What the rest of many failures is, by code.
fn more(failures: &[Failure]) {
    let Some(rest) = failures.get(TOLD..).filter(|rest| !rest.is_empty()) else { return };
    let mut kinds: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for failure in rest {
        *kinds.entry((&failure.problem.code, &failure.problem.title)).or_default() += 1;
    }
    note(&format!("viaduct: {} more failed:", rest.len()));
    for ((code, title), count) in kinds {
        let code = if code.is_empty() { String::new() } else { format!(" ({code})") };
        note(&format!("  {count} × {title}{code}"));
    }
}

/// Several things were to be done: all failed alike, or some did.
pub(crate) fn sum_up(done: usize, failures: Vec<Failure>) -> Result<()> {
    let (rehearsed, mut failures): (Vec<_>, Vec<_>) =
        failures.into_iter().partition(|failure| failure.exit == Exit::Done);
    let done = done + rehearsed.len();
    if done == 0
        && failures.len() == 1
        && let Some(only) = failures.pop()
    {
        return Err(only);
    }
    for failure in failures.iter().take(TOLD) {
        failure.print();
    }
    more(&failures);
    let exits: Vec<Exit> = failures.iter().map(|failure| failure.exit).collect();
    match exits.first() {
        None => Ok(()),
        Some(first) if done == 0 && exits.iter().all(|exit| exit == first) => {
            Err(Failure::said(*first))
        }
        Some(_) => Err(Failure::said(Exit::Partly)),
    }
}

impl Failure {
    /// Everything was said already.
    pub(crate) fn said(exit: Exit) -> Self {
        let problem = Problem {
            code: String::new(),
            title: String::new(),
            detail: String::new(),
            next: String::new(),
            status: 0,
        };
        Self { exit, problem: Box::new(problem), unknown: None }
    }

    /// Prints what is left to say and gives the exit code.
    pub(crate) fn end(&self) -> ExitCode {
        if !self.problem.title.is_empty() {
            self.print();
        }
        self.exit.into()
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::local("reading or writing", error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_to_the_exit_codes_of_the_contract() {
        for (code, exit) in [
            (Code::BadConfig, 2),
            (Code::SecondInstance, 2),
            (Code::Unreachable, 3),
            (Code::NotSignedIn, 4),
            (Code::UnknownDevice, 5),
            (Code::AmbiguousDevice, 5),
            (Code::NotAllowed, 6),
            (Code::DeviceExists, 7),
            (Code::DeviceAway, 8),
            (Code::ChannelRefused, 9),
            (Code::ConsentNeeded, 10),
            (Code::DeviceSilent, 11),
            (Code::TooMany, 13),
            (Code::Throttled, 13),
            (Code::AuditBroken, 14),
            (Code::Internal, 1),
        ] {
            assert_eq!(Failure::new(code, "").exit as u8, exit, "{code}");
        }
    }

    #[test]
    fn a_code_that_is_not_known_is_judged_by_its_status() {
        let problem = |status| Problem {
            code: "E9999".into(),
            title: "new".into(),
            detail: String::new(),
            next: String::new(),
            status,
        };
        for (status, exit) in [(401, 4), (403, 6), (404, 5), (409, 7), (429, 13), (418, 1)] {
            assert_eq!(Failure::from(problem(status)).exit as u8, exit);
        }
    }

    #[test]
    fn mixed_outcomes_are_partly_done() {
        let away = || Failure::new(Code::DeviceAway, "");
        let unknown = || Failure::new(Code::UnknownDevice, "");
        assert!(sum_up(3, Vec::new()).is_ok());
        assert_eq!(sum_up(0, vec![away(), away()]).unwrap_err().exit, Exit::Away);
        assert_eq!(sum_up(1, vec![away()]).unwrap_err().exit, Exit::Partly);
        assert_eq!(sum_up(0, vec![away(), unknown()]).unwrap_err().exit, Exit::Partly);
    }
}
