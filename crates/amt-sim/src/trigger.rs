//! What makes a platform dial in. Each interface numbers triggers its own way.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why a platform dials in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trigger {
    /// Somebody asked for help: host software, BIOS, a key at boot.
    User,
    /// The platform noticed something.
    Alert,
    /// The clock said so.
    Periodic,
}

impl Trigger {
    /// As in PROTOCOLVERSION (APF, LMS header `LMS_if.h`): 1, 2, 4.
    #[must_use]
    pub fn on_the_wire(self) -> apf::Trigger {
        apf::Trigger(match self {
            Self::User => 1,
            Self::Alert => 2,
            Self::Periodic => 4,
        })
    }

    /// As in WS-Man (AMT_RemoteAccessPolicyRule.Trigger): 0, 1, 2. The firmware's fourth, home provisioning, is not
    /// offered.
    #[must_use]
    pub fn in_wsman(self) -> u8 {
        match self {
            Self::User => 0,
            Self::Alert => 1,
            Self::Periodic => 2,
        }
    }

    /// The reverse.
    #[must_use]
    pub fn of_wsman(number: u32) -> Option<Self> {
        [Self::User, Self::Alert, Self::Periodic]
            .into_iter()
            .find(|trigger| u32::from(trigger.in_wsman()) == number)
    }

    /// As in the firmware's CIRA log (rpc-go, `pkg/pthi/types.go`): 0, 1, 2.
    #[must_use]
    pub fn in_the_cira_log(self) -> u8 {
        match self {
            Self::User => 0,
            Self::Alert => 1,
            Self::Periodic => 2,
        }
    }
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Alert => "alert",
            Self::Periodic => "periodic",
        })
    }
}

/// A word that names no trigger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no trigger; a platform dials in for user, alert or periodic")]
pub struct UnknownTrigger(pub String);

impl FromStr for Trigger {
    type Err = UnknownTrigger;
    fn from_str(word: &str) -> Result<Self, UnknownTrigger> {
        match word {
            "user" => Ok(Self::User),
            "alert" => Ok(Self::Alert),
            "periodic" => Ok(Self::Periodic),
            _ => Err(UnknownTrigger(word.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_interface_has_its_own_numbers() {
        let all = [Trigger::User, Trigger::Alert, Trigger::Periodic];
        assert_eq!(all.map(|t| t.on_the_wire().0), [1, 2, 4]);
        assert_eq!(all.map(Trigger::in_the_cira_log), [0, 1, 2]);
        for trigger in all {
            assert_eq!(trigger.to_string().parse(), Ok(trigger));
        }
        assert!("4".parse::<Trigger>().is_err());
    }
}
