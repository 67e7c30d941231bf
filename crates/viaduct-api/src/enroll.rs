//! Making activated PCs on the local network dial in: what is asked for, and how far it is.

use crate::{DeviceId, Problem, Said, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use time::OffsetDateTime;

/// What is wanted of a number of PCs (`POST /enroll`).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewEnrollment {
    /// The PCs.
    pub devices: Vec<EnrollTarget>,
    /// User of their AMT; absent: `admin`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amt_user: Option<String>,
    /// Password of their AMT, unless a PC has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amt_password: Option<String>,
    /// `HOST[:PORT][=COMMON-NAME]`, at most two, the preferred one first. Empty: this server.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mps: Vec<String>,
    /// Roots to trust besides this server's, PEM.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roots: Vec<String>,
    /// `user,periodic=25s,alert`; absent: just that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub triggers: Option<String>,
    /// DNS suffixes under which the PCs are at home and do not dial in. Empty: nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inside: Vec<String>,
    /// The certificate of a PC's own TLS port: which one is believed.
    #[serde(default)]
    pub certificate: CertificateTrust,
    /// Read and plan, and change nothing.
    #[serde(default)]
    pub dry_run: bool,
    /// Take remote access to this server (or to `mps`) away.
    #[serde(default)]
    pub remove: bool,
    /// Make a new CIRA credential, even if the PC seems to have one that counts.
    #[serde(default)]
    pub new_credential: bool,
}

impl fmt::Debug for NewEnrollment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewEnrollment")
            .field("devices", &self.devices.len())
            .field("mps", &self.mps)
            .field("triggers", &self.triggers)
            .field("dry_run", &self.dry_run)
            .field("remove", &self.remove)
            .finish_non_exhaustive()
    }
}

/// Going on with a job (`POST /enroll/{id}/resume`).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResumeEnrollment {
    /// Password of the PCs' AMT; absent: the one that the server still knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amt_password: Option<String>,
}

impl fmt::Debug for ResumeEnrollment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResumeEnrollment").finish_non_exhaustive()
    }
}

/// Which certificate of a PC is believed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CertificateTrust {
    /// One that was believed before, or that the target names by its fingerprint.
    #[default]
    Known,
    /// Whatever it shows; it is remembered from then on.
    First,
}

/// One PC.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrollTarget {
    /// IP address or name on the local network.
    pub address: String,
    /// Name it gets here; absent: the name it has, or its host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its domain name; absent: what AMT says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fqdn: Option<String>,
    /// User of its AMT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amt_user: Option<String>,
    /// Password of its AMT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amt_password: Option<String>,
    /// SHA-256 of the certificate its TLS port shows, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

impl fmt::Debug for EnrollTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrollTarget")
            .field("address", &self.address)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// How far a PC is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EnrollState {
    /// Its turn has not come.
    Waiting,
    /// It is asked what it is and has.
    Reading,
    /// Its plan is being carried out.
    Changing,
    /// It is configured; we wait for its tunnel.
    Following,
    /// Planned and nothing changed, because that was wanted.
    Planned,
    /// It has answered through its tunnel, or nothing of us is left on it.
    Done,
    /// It did not work; `problem` says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl EnrollState {
    /// Whether nothing more will happen.
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Planned | Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// Not taken yet.
    Planned,
    /// Done.
    Done,
    /// Refused.
    Failed,
    /// Sent, and the connection ended before the answer.
    Unknown,
}

/// One step of a PC's plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrollStep {
    /// What it does.
    pub text: String,
    /// The same for other languages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// What became of it.
    pub state: StepState,
    /// When that was known.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub at: Option<OffsetDateTime>,
}

/// Something that was seen of a PC's way into its tunnel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Milestone {
    /// `tcp`, `tls`, `identity`, `credential`, `ports`, `wsman`.
    pub name: String,
    /// The same in words, with what is known.
    pub text: String,
    /// When; null while it has not been seen.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub at: Option<OffsetDateTime>,
}

/// One PC of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Enrolling {
    /// Where it was looked for.
    pub address: String,
    /// How far it is.
    pub state: EnrollState,
    /// Its name here.
    #[serde(default)]
    pub name: Option<String>,
    /// Its UUID, once known.
    #[serde(default)]
    pub guid: Option<DeviceId>,
    /// Firmware.
    #[serde(default)]
    pub version: Option<String>,
    /// `admin` or `client`, once known.
    #[serde(default)]
    pub control_mode: Option<String>,
    /// SHA-256 of the certificate that its TLS port showed; null without TLS.
    #[serde(default)]
    pub fingerprint: Option<String>,
    /// What is done, in order. Empty when all was as wanted.
    #[serde(default)]
    pub steps: Vec<EnrollStep>,
    /// What to know.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Its way into its tunnel, in order.
    #[serde(default)]
    pub milestones: Vec<Milestone>,
    /// The likely reason why it is not here yet, when that takes long.
    #[serde(default)]
    pub hint: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub problem: Option<Problem>,
}

/// A job (`GET /enroll/{id}`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Enrollment {
    /// Its number in this data directory; it outlives the server.
    pub id: u64,
    /// Who asked for it.
    #[serde(default)]
    pub by: String,
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub began: OffsetDateTime,
    /// When the last PC was done; null while it goes on.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub ended: Option<OffsetDateTime>,
    /// Nothing is changed.
    #[serde(default)]
    pub dry_run: bool,
    /// Remote access is taken away.
    #[serde(default)]
    pub remove: bool,
    /// Each PC, in the order of asking.
    pub devices: Vec<Enrolling>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_do_not_show_up_in_debug_output() {
        let wish: NewEnrollment = serde_json::from_str(
            r#"{"amtPassword":"hush","devices":[{"address":"pc","amtPassword":"secret"}]}"#,
        )
        .unwrap();
        assert_eq!(wish.certificate, CertificateTrust::Known);
        let shown = format!("{wish:?}{:?}", wish.devices);
        assert!(!shown.contains("hush") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn a_misspelt_key_is_not_overlooked() {
        let wish = r#"{"devices":[{"address":"pc"}],"dryrun":true}"#;
        assert!(serde_json::from_str::<NewEnrollment>(wish).is_err());
    }
}
