//! What a platform tells host software and subscribed consoles about remote access.

use serde::{Deserialize, Serialize};
use std::{collections::VecDeque, fmt};
use time::OffsetDateTime;

/// Events kept; the oldest goes first.
const KEPT: usize = 64;

/// One event, by the name that host software knows (LMS, `CimToEventTranslator.cpp`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// iAMT0058: a tunnel came up or went down.
    Tunnel {
        /// Up.
        up: bool,
    },
    /// iAMT0036: a user asked for help.
    UserCall,
}

impl Event {
    /// The message's name.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Tunnel { .. } => "iAMT0058",
            Self::UserCall => "iAMT0036",
        }
    }

    /// Its argument: 1 up, 0 down.
    #[must_use]
    pub fn argument(self) -> Option<u32> {
        match self {
            Self::Tunnel { up } => Some(up.into()),
            Self::UserCall => None,
        }
    }
}

/// An event and when it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// When.
    #[serde(with = "time::serde::rfc3339")]
    pub at: OffsetDateTime,
    /// What.
    pub event: Event,
}

impl fmt::Display for Noted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.replace_nanosecond(0).unwrap_or(self.at);
        let at = at.format(&time::format_description::well_known::Rfc3339).unwrap_or_default();
        write!(f, "{at}  {} ", self.event.id())?;
        f.write_str(match self.event {
            Event::Tunnel { up: true } => "(1): remote access is connected",
            Event::Tunnel { up: false } => "(0): remote access is disconnected",
            Event::UserCall => "a user asked for remote help",
        })
    }
}

/// The latest events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Events(VecDeque<Noted>);

impl Events {
    pub(crate) fn note(&mut self, event: Event, at: OffsetDateTime) {
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(Noted { at, event });
    }

    pub(crate) fn all(&self) -> Vec<Noted> {
        self.0.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_have_the_names_of_host_software_and_the_oldest_goes_first() {
        let mut events = Events::default();
        for second in 0..70 {
            let at = OffsetDateTime::from_unix_timestamp(second).unwrap();
            events.note(Event::Tunnel { up: second % 2 == 0 }, at);
        }
        events.note(Event::UserCall, OffsetDateTime::UNIX_EPOCH);
        let all = events.all();
        assert_eq!(all.len(), KEPT);
        assert_eq!((all[0].event.id(), all[0].event.argument()), ("iAMT0058", Some(0)));
        assert_eq!(
            all[63].to_string(),
            "1970-01-01T00:00:00Z  iAMT0036 a user asked for remote help"
        );
    }
}
