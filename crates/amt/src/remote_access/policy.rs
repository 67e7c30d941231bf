//! Policies: why a platform dials in, which servers it tries, and how long it stays.

use super::mps::keyed;
use crate::wsman::{Instance, Reference, Value};
use base64::{Engine, prelude::BASE64_STANDARD};
use std::fmt;

/// Longest `ExtendedData` in bytes.
const EXTENDED_MAX: usize = 32;

/// Why a platform dials in, by WS-Man's numbers (other interfaces number differently).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trigger {
    /// 0: somebody at the PC asks for it.
    User,
    /// 1: an alert.
    Alert,
    /// 2: a timer.
    Periodic,
    /// 3: home provisioning.
    HomeProvisioning,
}

impl Trigger {
    /// The number of WS-Man.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::User => 0,
            Self::Alert => 1,
            Self::Periodic => 2,
            Self::HomeProvisioning => 3,
        }
    }

    /// The trigger of that number.
    #[must_use]
    pub const fn from_number(number: u32) -> Option<Self> {
        Some(match number {
            0 => Self::User,
            1 => Self::Alert,
            2 => Self::Periodic,
            3 => Self::HomeProvisioning,
            _ => return None,
        })
    }

    /// As it is written in a wish: `user`, `alert`, `periodic`, `provisioning`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Alert => "alert",
            Self::Periodic => "periodic",
            Self::HomeProvisioning => "provisioning",
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// When a periodic policy fires.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Schedule {
    /// So many seconds after the last try.
    Every(u32),
    /// Each day at this time of the platform's clock.
    Daily {
        /// 0 to 23.
        hour: u8,
        /// 0 to 59.
        minute: u8,
    },
}

impl Schedule {
    /// The bytes of `ExtendedData`: big-endian numbers, first the kind.
    #[must_use]
    pub fn to_bytes(self) -> Vec<u8> {
        let numbers = match self {
            Self::Every(seconds) => vec![0, seconds],
            Self::Daily { hour, minute } => vec![1, u32::from(hour), u32::from(minute)],
        };
        numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
    }

    /// Reads `ExtendedData`; what follows the numbers is padding.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.len() > EXTENDED_MAX {
            return None;
        }
        let mut numbers =
            bytes.chunks_exact(4).filter_map(|c| Some(u32::from_be_bytes(c.try_into().ok()?)));
        match numbers.next()? {
            0 => Some(Self::Every(numbers.next()?)),
            1 => {
                let hour = u8::try_from(numbers.next()?).ok().filter(|h| *h < 24)?;
                let minute = u8::try_from(numbers.next()?).ok().filter(|m| *m < 60)?;
                Some(Self::Daily { hour, minute })
            }
            _ => None,
        }
    }

    /// Reads `25s`, `10m`, `2h`, `1d` or a time of day such as `03:30`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Some((hour, minute)) = text.split_once(':') {
            let number = |t: &str| t.parse::<u8>().ok().filter(|_| (1..=2).contains(&t.len()));
            let hour = number(hour).filter(|h| *h < 24)?;
            let minute = number(minute).filter(|m| *m < 60)?;
            return Some(Self::Daily { hour, minute });
        }
        seconds(text).filter(|s| *s > 0).map(Self::Every)
    }
}

fn seconds(text: &str) -> Option<u32> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.strip_prefix(digits)? {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u32>().ok()?.checked_mul(unit)
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(seconds) => write!(f, "{seconds}s"),
            Self::Daily { hour, minute } => write!(f, "{hour:02}:{minute:02}"),
        }
    }
}

/// A policy that a platform has (`AMT_RemoteAccessPolicyRule`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its key: `User Initiated`, `Alert` or `Periodic`.
    pub name: String,
    /// When it fires; none for a number we do not know.
    pub trigger: Option<Trigger>,
    /// Seconds without activity after which it drops its tunnel; 0 is never.
    pub life_time: u32,
    /// When the timer fires; none for other triggers and for bytes that cannot be read.
    pub schedule: Option<Schedule>,
    /// How to refer to it.
    pub reference: Reference,
}

impl Policy {
    pub(super) fn read(instance: &Instance) -> Option<Self> {
        let name = instance.text("PolicyRuleName")?.trim().to_owned();
        let number = |name| instance.text(name).and_then(|t| t.trim().parse::<u32>().ok());
        let trigger = number("Trigger").and_then(Trigger::from_number);
        let extended = instance.text("ExtendedData").unwrap_or_default();
        let bytes = BASE64_STANDARD.decode(extended.trim()).unwrap_or_default();
        Some(Self {
            reference: keyed(instance, "PolicyRuleName", &name),
            trigger,
            life_time: number("TunnelLifeTime").unwrap_or(0),
            schedule: Schedule::from_bytes(&bytes).filter(|_| trigger == Some(Trigger::Periodic)),
            name,
        })
    }
}

/// For whom an entry of a policy is meant (`MpsType`, AMT 11.6 and newer).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MpsType {
    /// 0: when the platform is outside.
    External,
    /// 1: when it is inside (client-initiated local access).
    Internal,
    /// 2: both.
    Both,
}

impl MpsType {
    /// The number of WS-Man.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::External => 0,
            Self::Internal => 1,
            Self::Both => 2,
        }
    }
}

/// That a policy tries a server (`AMT_RemoteAccessPolicyAppliesToMPS`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliesTo {
    /// The policy's name.
    pub policy: String,
    /// The server's name.
    pub mps: String,
    /// Lower ones are tried first.
    pub order: u32,
    /// Inside, outside, or both.
    pub mps_type: MpsType,
    /// All of it, to be put back with a change.
    pub instance: Instance,
}

impl AppliesTo {
    pub(super) fn read(instance: &Instance) -> Option<Self> {
        let key = |property, selector| {
            let reference = instance.get(property).and_then(Value::as_reference)?;
            Some(reference.selector(selector)?.trim().to_owned())
        };
        let number = |name| instance.text(name).and_then(|t| t.trim().parse::<u32>().ok());
        Some(Self {
            policy: key("PolicySet", "PolicyRuleName")?,
            mps: key("ManagedElement", "Name")?,
            order: number("OrderOfAccess").unwrap_or(0),
            mps_type: match number("MpsType") {
                Some(1) => MpsType::Internal,
                Some(2) => MpsType::Both,
                _ => MpsType::External,
            },
            instance: instance.clone(),
        })
    }
}

/// A policy that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedPolicy {
    /// When it fires.
    pub trigger: Trigger,
    /// For [`Trigger::Periodic`], and for it alone.
    pub schedule: Option<Schedule>,
    /// Seconds without activity after which the tunnel is dropped; 0 is never.
    pub life_time: u32,
}

/// Why a policy cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not a trigger.
    #[error(
        "`{0}` is no trigger; known are user, alert, periodic=25s (or 10m, 2h) and periodic=03:30, each with an optional life time such as user/300s"
    )]
    Unknown(String),
    /// Two of the same.
    #[error("the trigger {0} is given twice; a platform keeps one policy for each")]
    Twice(Trigger),
    /// A timer without a time, or a time without a timer.
    #[error("a schedule belongs to the periodic trigger and to no other")]
    Schedule,
}

impl WantedPolicy {
    /// What provisioning tools commonly set: the timer keeps its tunnel, a call of the user or an alert
    /// ends after five idle minutes.
    #[must_use]
    pub const fn usual_life_time(trigger: Trigger) -> u32 {
        match trigger {
            Trigger::Periodic => 0,
            Trigger::User | Trigger::Alert | Trigger::HomeProvisioning => 300,
        }
    }

    /// Reads `user`, `alert`, `periodic=25s`, `periodic=03:30`, each with `/LIFETIME` if wanted.
    ///
    /// # Errors
    /// [`PolicyError`] when it is none of them.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let unknown = || PolicyError::Unknown(text.to_owned());
        let (head, life_time) = match text.split_once('/') {
            Some((head, life)) => (head, Some(seconds(life).ok_or_else(unknown)?)),
            None => (text, None),
        };
        let (name, schedule) = match head.split_once('=') {
            Some((name, when)) => (name, Some(Schedule::parse(when).ok_or_else(unknown)?)),
            None => (head, None),
        };
        let trigger = match name.trim() {
            "user" => Trigger::User,
            "alert" => Trigger::Alert,
            "periodic" => Trigger::Periodic,
            _ => return Err(unknown()),
        };
        if (trigger == Trigger::Periodic) != schedule.is_some() {
            return Err(PolicyError::Schedule);
        }
        let life_time = life_time.unwrap_or(Self::usual_life_time(trigger));
        Ok(Self { trigger, schedule, life_time })
    }

    /// The call's `ExtendedData`; none unless periodic.
    pub(super) fn extended_data(&self) -> Option<String> {
        self.schedule.map(|schedule| BASE64_STANDARD.encode(schedule.to_bytes()))
    }

    /// Whether an existing policy is this one already, its servers aside.
    #[must_use]
    pub fn is(&self, policy: &Policy) -> bool {
        policy.trigger == Some(self.trigger)
            && policy.life_time == self.life_time
            && policy.schedule == self.schedule
    }
}

impl fmt::Display for WantedPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.trigger)?;
        if let Some(schedule) = self.schedule {
            write!(f, "={schedule}")?;
        }
        if self.life_time != Self::usual_life_time(self.trigger) {
            write!(f, "/{}s", self.life_time)?;
        }
        Ok(())
    }
}

/// Reads a list such as `user,periodic=25s,alert`.
///
/// # Errors
/// [`PolicyError`] when one cannot be read or comes twice.
pub fn trigger_list(text: &str) -> Result<Vec<WantedPolicy>, PolicyError> {
    let mut list: Vec<WantedPolicy> = Vec::new();
    for part in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
        let policy = WantedPolicy::parse(part)?;
        if list.iter().any(|known| known.trigger == policy.trigger) {
            return Err(PolicyError::Twice(policy.trigger));
        }
        list.push(policy);
    }
    Ok(list)
}

#[cfg(test)]
mod tests {
    use super::{PolicyError, Schedule, Trigger, WantedPolicy, trigger_list};

    #[test]
    fn extended_data_is_that_of_captured_platforms() {
        let policy = WantedPolicy::parse("periodic=25s").unwrap();
        assert_eq!(policy.extended_data().as_deref(), Some("AAAAAAAAABk="));
        assert_eq!(policy.life_time, 0);
        let daily = Schedule::parse("03:30").unwrap();
        assert_eq!(daily.to_bytes(), [0, 0, 0, 1, 0, 0, 0, 3, 0, 0, 0, 30]);
        for schedule in [daily, Schedule::Every(1), Schedule::Every(u32::MAX)] {
            assert_eq!(Schedule::from_bytes(&schedule.to_bytes()), Some(schedule));
        }
        for bad in [&b""[..], &[0, 0, 0, 0], &[0, 0, 0, 2, 0, 0, 0, 0], &[0; 33]] {
            assert_eq!(Schedule::from_bytes(bad), None, "{bad:?}");
        }
        assert_eq!(Schedule::from_bytes(&[0, 0, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0]), None);
    }

    #[test]
    fn lists_of_triggers_are_read_and_written_alike() {
        let text = "user,periodic=90s,alert/60s";
        let list = trigger_list(text).unwrap();
        let written: Vec<String> = list.iter().map(ToString::to_string).collect();
        assert_eq!(written.join(","), text);
        assert_eq!(list.first().unwrap().life_time, 300);
        assert_eq!(
            trigger_list("periodic=2h").unwrap().first().unwrap().schedule,
            Some(Schedule::Every(7200))
        );
    }

    #[test]
    fn what_is_no_trigger_is_said_so() {
        for bad in ["x", "periodic=", "periodic=0s", "periodic=24:00", "periodic=5y", "user/x"] {
            assert_eq!(WantedPolicy::parse(bad), Err(PolicyError::Unknown(bad.into())), "{bad}");
        }
        for bad in ["periodic", "user=25s"] {
            assert_eq!(WantedPolicy::parse(bad), Err(PolicyError::Schedule), "{bad}");
        }
        assert_eq!(trigger_list("user,user"), Err(PolicyError::Twice(Trigger::User)));
    }
}
