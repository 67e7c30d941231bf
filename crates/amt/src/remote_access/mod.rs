//! Remote access as a platform keeps it: MPS entries, credentials, policies, environment detection and
//! trusted roots, read from WS-Man instances, and changed by plans.
//!
//! [`READS`] says what to ask a platform for, [`RemoteAccess::from_answers`] makes one value of the
//! answers. [`Wish`] is what somebody wants, [`plan()`] compares the two and gives ordered steps that
//! leave alone what is right already, so that running it again is safe and half-done work is resumed.
//! [`Step::calls`] turns a step into requests. Nothing here sends anything.
//!
//! Limits, numbers and orders: Intel AMT SDK ("Remote Access"), the headers of Intel's LMS, and replies
//! captured from platforms.

mod codes;
mod edit;
mod environment;
mod mps;
mod plan;
mod platform;
mod policy;
mod put_back;
mod removal;
mod root;
mod rotation;
mod state;
mod step;

pub use codes::ReturnCode;
pub use edit::{Edit, plan_edit};
pub use environment::{Environment, EnvironmentError, MAX_SUFFIXES, never_matching};
pub use mps::{InfoFormat, MpsEntry, MpsError, MpsLogin, NewMps};
pub use plan::{Inside, Plan, PlanError, Wish, plan};
pub use platform::{ControlMode, Platform, Provisioning, Version};
pub use policy::{
    AppliesTo, MpsType, Policy, PolicyError, Schedule, Trigger, WantedPolicy, trigger_list,
};
pub use put_back::plan_put_back;
pub use removal::{Own, plan_removal};
pub use root::TrustedRoot;
pub use rotation::{Coverage, Rotation, coverage, plan_rotation};
pub use state::{Answers, How, Proxy, READS, Read, RemoteAccess, StateError, UserInitiated};
pub use step::{Added, Call, MpsRef, Step, StepError};
