//! The REST vocabulary: requests, replies, errors, events. Shared by server and command line.
//!
//! Objects that Open AMT's MPS knows keep its key names (`guid`, `connectionStatus`, `mpsusername`, …); what
//! is ours stands beside them in the same style. Reading is tolerant: unknown keys are ignored, and a
//! missing key that is not needed to name the object takes its default, so that a newer server can be used
//! with an older command line and the other way round.

mod access;
mod attempt;
mod audit;
mod availability;
mod certificate;
mod code;
mod device;
mod device_id;
mod enroll;
mod enroll_script;
mod event;
mod history;
mod media;
mod new_device;
mod portable;
mod problem;
mod redirection;
mod remote_access;
mod rotation;
mod said;
pub mod schema;
mod status;
mod support;
mod tunnel;
mod view;
mod why_offline;

pub use access::{
    NewToken, NewUser, Permission, Permissions, PermissionsOf, ProxyToken, RoleInfo, Scope, SetUp,
    Token, TokenIssued, User, UserPatch, WhoAmI,
};
pub use attempt::FailedAttempt;
pub use audit::{AuditEntry, AuditFault, AuditPage, AuditReport};
pub use availability::{Availability, DeviceAvailability, Presence, Span};
pub use certificate::{CertificateInfo, Reloaded};
pub use code::Code;
pub use device::{Device, DevicePage, DeviceStats, DeviceTunnel, LastEnd, Notice};
pub use device_id::{DeviceId, DeviceIdError};
pub use enroll::{
    CertificateTrust, EnrollState, EnrollStep, EnrollTarget, Enrolling, Enrollment, Milestone,
    NewEnrollment, ResumeEnrollment, StepState,
};
pub use enroll_script::{EnrollScripts, NewEnrollScripts};
pub use event::{Alert, EVENT_TYPES, Event, MpsNotice, WebhookNotice, is_event_type};
pub use history::{HealthCheck, History, HistoryPoint, SignInWays, Verdict};
pub use media::{MediaImage, MediaLimits, Mount, MountState, NewImage, NewMount};
pub use new_device::{
    Claim, DevicePatch, ImportOutcome, IssuedCredential, NewDevice, WrittenDevice,
};
pub use portable::{PortableDevice, SealedCredentials};
pub use problem::Problem;
pub use redirection::{NewTicket, Redirection, RedirectionMode, Ticket, UnknownMode, Watchers};
pub use remote_access::{
    MpsEntry, RemoteAccess, RemoteAccessChange, RemoteAccessChanged, RemotePolicy, RemoteRoot,
};
pub use rotation::{
    DeviceRotation, RotationActivate, RotationActivated, RotationPush, RotationState,
    RotationStatus,
};
pub use said::{Fact, Said};
pub use status::{Addresses, Attention, Counts, EffectiveConfig, Status, Version};
pub use support::SupportBundle;
pub use tunnel::{Bytes, KeepAlive, Tunnel, Unclaimed, trigger_words};
pub use view::{NewView, SavedView};
pub use why_offline::{Check, Seen, WhyOffline};
