//! Changes that come to nothing, or whose answer does: each way in which setting a platform up breaks off half-way.

use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A change that goes wrong, and how: `AddMpServer:cut-done`, or `AddRemoteAccessPolicyRule#2:fault` for the second such
/// change from now on and all later ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Spoiled {
    /// A method, or a class whose Put and Delete are meant.
    pub action: String,
    /// The first one that is meant; 1 for all.
    pub from: u32,
    /// How it goes wrong.
    pub how: Spoil,
}

/// How a change goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    /// It is refused with a WS-Man fault.
    Fault,
    /// A method refuses with this return value; Put and Delete do so with a fault.
    Returns(u32),
    /// It is refused with this HTTP status and no envelope; 401 asks for a password again.
    Status(u16),
    /// The connection ends instead of it.
    Cut,
    /// It is done and the connection ends instead of the answer.
    CutDone,
    /// It is not done, and nothing is said.
    Silent,
    /// It is done, and nothing is said.
    SilentDone,
}

impl FromStr for Spoil {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || {
            format!(
                "`{text}` is no way to go wrong: fault, returns-N, status-N, cut, cut-done, silent or silent-done"
            )
        };
        if let Some(number) = text.strip_prefix("returns-") {
            return number.parse().map(Self::Returns).map_err(|_| unknown());
        }
        if let Some(number) = text.strip_prefix("status-") {
            let status = number.parse().ok().filter(|status| (400..600).contains(status));
            return status.map(Self::Status).ok_or_else(unknown);
        }
        match text {
            "fault" => Ok(Self::Fault),
            "cut" => Ok(Self::Cut),
            "cut-done" => Ok(Self::CutDone),
            "silent" => Ok(Self::Silent),
            "silent-done" => Ok(Self::SilentDone),
            _ => Err(unknown()),
        }
    }
}

impl TryFrom<String> for Spoiled {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let (what, how) =
            text.split_once(':').ok_or_else(|| format!("`{text}` is not ACTION:HOW"))?;
        let (action, from) = match what.split_once('#') {
            Some((action, number)) => {
                let number = number.parse().ok().filter(|number| *number > 0);
                (action, number.ok_or_else(|| format!("`{what}`: the number counts from 1"))?)
            }
            None => (what, 1),
        };
        Ok(Self { action: action.to_owned(), from, how: how.parse()? })
    }
}

impl From<Spoiled> for String {
    fn from(spoiled: Spoiled) -> Self {
        let Spoiled { action, from, how } = spoiled;
        let how = match how {
            Spoil::Fault => "fault".to_owned(),
            Spoil::Returns(value) => format!("returns-{value}"),
            Spoil::Status(status) => format!("status-{status}"),
            Spoil::Cut => "cut".to_owned(),
            Spoil::CutDone => "cut-done".to_owned(),
            Spoil::Silent => "silent".to_owned(),
            Spoil::SilentDone => "silent-done".to_owned(),
        };
        match from {
            1 => format!("{action}:{how}"),
            _ => format!("{action}#{from}:{how}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "AddMpServer:fault",
            "AddRemoteAccessPolicyRule#2:returns-1",
            "AMT_EnvironmentDetectionSettingData:status-500",
            "AddMpServer:cut",
            "AddMpServer:cut-done",
            "AddMpServer:silent",
            "AddMpServer:silent-done",
        ] {
            let read = Spoiled::try_from(text.to_owned()).unwrap();
            assert_eq!(String::from(read), text);
        }
        for bad in ["AddMpServer", "AddMpServer#0:cut", "AddMpServer:off", "X:status-200"] {
            assert!(Spoiled::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
