//! A remote-access policy: what makes a platform dial in, and whom.

use super::{Code, Limits};
use crate::Trigger;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// One policy (AMT_RemoteAccessPolicyRule with its associations). There is one for each trigger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// What it waits for.
    pub trigger: Trigger,
    /// Seconds without traffic after which the tunnel is dropped; 0: never.
    pub life_time: u32,
    /// When the clock pulls the trigger; of a periodic policy.
    pub schedule: Option<Schedule>,
    /// The servers.
    pub applies: Vec<Applies>,
}

/// When a periodic policy dials in (`ExtendedData`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Schedule {
    /// Every so many seconds.
    Interval(u32),
    /// Once a day.
    Daily {
        /// 0 to 23, of the platform's clock.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
}

/// A server of a policy (AMT_RemoteAccessPolicyAppliesToMPS).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Applies {
    /// The server's number.
    pub server: u32,
    /// From where it is dialled.
    pub mps_type: MpsType,
    /// Lower ones are tried first (`OrderOfAccess`).
    pub order: u32,
}

/// From where a server is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MpsType {
    /// From outside the company's network.
    External,
    /// From inside (client-initiated local access).
    Internal,
    /// From both.
    Both,
}

impl MpsType {
    /// The number of WS-Man.
    #[must_use]
    pub fn number(self) -> u32 {
        match self {
            Self::External => 0,
            Self::Internal => 1,
            Self::Both => 2,
        }
    }

    /// The reverse.
    #[must_use]
    pub fn of_number(number: u32) -> Option<Self> {
        [Self::External, Self::Internal, Self::Both].into_iter().find(|t| t.number() == number)
    }
}

impl Policy {
    /// A policy that dials these servers in this order.
    #[must_use]
    pub fn new(
        trigger: Trigger,
        life_time: u32,
        schedule: Option<Schedule>,
        servers: impl IntoIterator<Item = u32>,
    ) -> Self {
        let applies = servers.into_iter().zip(0..).map(|(server, order)| Applies {
            server,
            mps_type: MpsType::External,
            order,
        });
        Self { trigger, life_time, schedule, applies: applies.collect() }
    }

    /// The name that firmware gives it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        name_of(self.trigger)
    }

    /// Whether a server belongs to it.
    #[must_use]
    pub fn names(&self, server: u32) -> bool {
        self.applies.iter().any(|applies| applies.server == server)
    }

    /// The servers that are dialled from outside, first first.
    #[must_use]
    pub fn servers_outside(&self) -> Vec<u32> {
        let mut found: Vec<&Applies> =
            self.applies.iter().filter(|a| a.mps_type != MpsType::Internal).collect();
        found.sort_by_key(|applies| applies.order);
        found.into_iter().map(|applies| applies.server).collect()
    }

    /// How long the tunnel may be without traffic; `None`: for ever.
    #[must_use]
    pub fn life(&self) -> Option<Duration> {
        (self.life_time > 0).then(|| Duration::from_secs(self.life_time.into()))
    }

    pub(crate) fn check(&self, limits: &Limits) -> Result<(), Code> {
        let of_type = |internal: bool| {
            self.applies.iter().filter(|a| (a.mps_type == MpsType::Internal) == internal).count()
        };
        let most = limits.servers_per_policy;
        let fits = !self.applies.is_empty() && of_type(false) <= most && of_type(true) <= most;
        let twice = self.applies.iter().enumerate().any(|(n, applies)| {
            self.applies.iter().skip(n + 1).any(|other| other.server == applies.server)
        });
        let timed = (self.trigger == Trigger::Periodic) == self.schedule.is_some();
        let known = limits.internal_servers
            || self.applies.iter().all(|applies| applies.mps_type == MpsType::External);
        if fits && !twice && timed && known { Ok(()) } else { Err(Code::InvalidParameter) }
    }
}

/// `PolicyRuleName` of the policy of a trigger.
#[must_use]
pub(crate) fn name_of(trigger: Trigger) -> &'static str {
    match trigger {
        Trigger::User => "User Initiated",
        Trigger::Alert => "Alert",
        Trigger::Periodic => "Periodic",
    }
}

impl Schedule {
    /// Reads `ExtendedData`: a kind and its numbers, each four bytes, the highest first.
    ///
    /// # Errors
    /// [`Code::InvalidParameter`] for another kind or length, an interval of 0, or no time of day.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Code> {
        let (words, rest) = bytes.as_chunks::<4>();
        let words: Vec<u32> = words.iter().map(|word| u32::from_be_bytes(*word)).collect();
        match words[..] {
            [0, seconds] if seconds > 0 && rest.is_empty() => Ok(Self::Interval(seconds)),
            [1, hour, minute] if hour < 24 && minute < 60 && rest.is_empty() => {
                let byte = |number| u8::try_from(number).unwrap_or_default();
                Ok(Self::Daily { hour: byte(hour), minute: byte(minute) })
            }
            _ => Err(Code::InvalidParameter),
        }
    }

    /// The reverse.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let words = match self {
            Self::Interval(seconds) => vec![0, seconds],
            Self::Daily { hour, minute } => vec![1, hour.into(), minute.into()],
        };
        words.into_iter().flat_map(u32::to_be_bytes).collect()
    }

    /// The next time that it pulls the trigger, strictly after `now`; both since the epoch. An interval counts from
    /// `since`.
    #[must_use]
    pub fn next(self, since: Duration, now: Duration) -> Duration {
        const DAY: u64 = 24 * 60 * 60;
        match self {
            Self::Interval(seconds) => {
                let interval = Duration::from_secs(seconds.max(1).into());
                let passed = now.saturating_sub(since).as_nanos() / interval.as_nanos();
                let count = u32::try_from(passed).unwrap_or(u32::MAX).saturating_add(1);
                since + interval * count
            }
            Self::Daily { hour, minute } => {
                let at = u64::from(hour) * 3600 + u64::from(minute) * 60;
                let today = Duration::from_secs(now.as_secs() / DAY * DAY + at);
                if today > now { today } else { today + Duration::from_secs(DAY) }
            }
        }
    }
}
