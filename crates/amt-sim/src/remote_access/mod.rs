//! Remote access as a platform is configured for it: values and rules, without clock and without I/O.
//!
//! Names, limits and numbers are those of the firmware's classes (Intel AMT SDK, "Remote Access"; LMS header
//! `AMT_RemoteAccessService.h`).

mod code;
mod environment;
mod limits;
mod policy;
mod proxy;
mod server;

pub use code::Code;
pub use environment::{Environment, EnvironmentError};
pub use limits::Limits;
pub(crate) use policy::name_of;
pub use policy::{Applies, MpsType, Policy, Schedule};
pub use proxy::Proxy;
pub use server::{Access, InfoFormat, Login, Server};

use crate::Trigger;
use serde::{Deserialize, Serialize};

/// What a platform is configured with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RemoteAccess {
    /// How it tells the company's network from others.
    pub environment: Environment,
    /// Management Presence Servers, by number.
    pub servers: Vec<Server>,
    /// Policies, in the order in which they were added.
    pub policies: Vec<Policy>,
    /// Who may pull the user trigger.
    pub user_initiated: UserInitiated,
    /// HTTP proxies, in the order of their priority.
    pub proxies: Vec<Proxy>,
}

/// Who may pull the user trigger (AMT_UserInitiatedConnectionService.EnabledState).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserInitiated {
    /// The BIOS.
    pub bios: bool,
    /// Software of the operating system.
    pub os: bool,
}

impl UserInitiated {
    /// 32768 none, 32769 BIOS, 32770 operating system, 32771 both.
    #[must_use]
    pub fn state(self) -> u32 {
        32_768 + u32::from(self.bios) + 2 * u32::from(self.os)
    }

    /// The reverse; `None` for another number.
    #[must_use]
    pub fn of_state(state: u32) -> Option<Self> {
        let bits = state.checked_sub(32_768).filter(|bits| *bits < 4)?;
        Some(Self { bios: bits & 1 != 0, os: bits & 2 != 0 })
    }
}

impl RemoteAccess {
    /// The server of this number.
    #[must_use]
    pub fn server(&self, number: u32) -> Option<&Server> {
        self.servers.iter().find(|server| server.number == number)
    }

    /// The policy of this trigger.
    #[must_use]
    pub fn policy(&self, trigger: Trigger) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.trigger == trigger)
    }

    /// The policy of this trigger, to be changed.
    pub fn policy_mut(&mut self, trigger: Trigger) -> Option<&mut Policy> {
        self.policies.iter_mut().find(|policy| policy.trigger == trigger)
    }

    /// Adds a server under the lowest number that is free, and answers with it (AddMpServer). Whether a client
    /// certificate that it names is there is the caller's to check.
    ///
    /// # Errors
    /// [`Code::NotPermitted`] on firmware that may not encrypt, [`Code::InvalidParameter`] for values out of their
    /// limits, [`Code::Duplicate`] for an address that is there, [`Code::MaximumReached`] when the table is full.
    pub fn add_server(
        &mut self,
        access: Access,
        login: Login,
        limits: &Limits,
    ) -> Result<u32, Code> {
        if limits.null_ciphers {
            return Err(Code::NotPermitted);
        }
        access.check()?;
        login.check(limits)?;
        if self.servers.iter().any(|server| server.access.is_same_place(&access)) {
            return Err(Code::Duplicate);
        }
        if self.servers.len() >= limits.servers {
            return Err(Code::MaximumReached);
        }
        let number = (0..).find(|number| self.server(*number).is_none()).unwrap_or_default();
        self.servers.push(Server { number, access, login, root: None });
        self.servers.sort_by_key(|server| server.number);
        Ok(number)
    }

    /// Removes a server.
    ///
    /// # Errors
    /// [`Code::NotPermitted`] while a policy names it; [`Code::InvalidParameter`] when it is not there.
    pub fn remove_server(&mut self, number: u32) -> Result<(), Code> {
        self.server(number).ok_or(Code::InvalidParameter)?;
        if self.policies.iter().any(|policy| policy.names(number)) {
            return Err(Code::NotPermitted);
        }
        self.servers.retain(|server| server.number != number);
        Ok(())
    }

    /// Adds a policy (AddRemoteAccessPolicyRule).
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] without servers, with more than fit, or with unknown ones;
    /// [`Code::Duplicate`] when there is one of this trigger.
    pub fn add_policy(&mut self, policy: Policy, limits: &Limits) -> Result<(), Code> {
        policy.check(limits)?;
        if policy.applies.iter().any(|applies| self.server(applies.server).is_none()) {
            return Err(Code::InvalidParameter);
        }
        if self.policy(policy.trigger).is_some() {
            return Err(Code::Duplicate);
        }
        self.policies.push(policy);
        Ok(())
    }

    /// Adds a proxy (AddProxyAccessPoint) and answers with its number.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`], [`Code::Duplicate`], [`Code::MaximumReached`].
    pub fn add_proxy(
        &mut self,
        access: Access,
        suffix: String,
        limits: &Limits,
    ) -> Result<u32, Code> {
        let number = (0..)
            .find(|number| self.proxies.iter().all(|proxy| proxy.number != *number))
            .unwrap_or_default();
        let proxy = Proxy { number, access, suffix };
        proxy.check()?;
        let twin = |other: &Proxy| {
            other.access.is_same_place(&proxy.access)
                && other.suffix.eq_ignore_ascii_case(&proxy.suffix)
        };
        if self.proxies.iter().any(twin) {
            return Err(Code::Duplicate);
        }
        if self.proxies.len() >= limits.proxies {
            return Err(Code::MaximumReached);
        }
        self.proxies.push(proxy);
        Ok(number)
    }
}

#[cfg(test)]
mod tests;
