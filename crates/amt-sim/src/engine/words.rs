//! What the state machine says to its owner, and to those who ask.

use crate::Trigger;

/// What the owner is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Dial this server and log in.
    Dial {
        /// Why.
        trigger: Trigger,
        /// Its number.
        server: u32,
    },
    /// End what the last `Dial` began: the attempt, or the tunnel that came of it.
    HangUp(HangUp),
}

/// Why a platform hangs up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HangUp {
    /// Nothing happened for the policy's life time.
    LifeTime,
    /// Somebody asked for it.
    Asked,
    /// A trigger of higher priority needs another server.
    Superseded,
    /// It finds itself inside the company's network, or off any.
    NotOutside,
}

/// Why a trigger does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// No policy has this trigger.
    #[error("no remote-access policy has this trigger")]
    NoPolicy,
    /// User initiation is switched off.
    #[error("user initiation is switched off (AMT_UserInitiatedConnectionService)")]
    UserOff,
    /// Environment detection says so.
    #[error("the platform takes itself to be inside the company's network, where it dials nobody")]
    Inside,
    /// The firmware gave up; only a user or another network wakes it.
    #[error(
        "the firmware has given up after a failed round; a user trigger or another network wakes it"
    )]
    GaveUp,
    /// The firmware has not noticed what it is configured with.
    #[error(
        "the firmware has not noticed its configuration yet; it does when the link goes down and up"
    )]
    Unaware,
}

/// How a platform stands to its servers, for host software.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No tunnel, and none under way.
    Away,
    /// Dialling.
    Dialling {
        /// Why.
        trigger: Trigger,
        /// Whom.
        server: u32,
    },
    /// A tunnel is up.
    Connected {
        /// Why.
        trigger: Trigger,
        /// With whom.
        server: u32,
    },
}
