//! Why a request was turned down: `application/problem+json` (RFC 9457) with a stable code.

use crate::Code;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What happened, why, and what to do next. `code` is stable; the words may get better.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Problem {
    /// Stable code, for example `E2001`. Text, because a newer server may know more codes than the reader.
    pub code: String,
    /// What happened, in general.
    pub title: String,
    /// The facts of this case.
    #[serde(default)]
    pub detail: String,
    /// What to do next.
    #[serde(default)]
    pub next: String,
    /// The HTTP status it was sent with; 0 when it did not travel over HTTP.
    #[serde(default)]
    pub status: u16,
}

impl Problem {
    /// A problem with the code's own title and next step.
    #[must_use]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code: code.as_str().to_owned(),
            title: code.title().to_owned(),
            detail: detail.into(),
            next: code.next().to_owned(),
            status: 0,
        }
    }

    /// The same with a next step that fits this case better than the general one.
    #[must_use]
    pub fn with_next(mut self, next: impl Into<String>) -> Self {
        self.next = next.into();
        self
    }

    /// The code, when this program knows it.
    #[must_use]
    pub fn known(&self) -> Option<Code> {
        self.code.parse().ok()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.title, self.detail, self.code)
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_says_what_why_and_what_next() {
        let problem = Problem::new(Code::UnknownDevice, "no device is called `pc-99`");
        let json = serde_json::to_value(&problem).unwrap();
        for key in ["code", "title", "detail", "next", "status"] {
            assert!(json.get(key).is_some(), "{key} is missing");
        }
        assert_eq!(json["code"], "E2001");
        assert_eq!(problem.known(), Some(Code::UnknownDevice));
    }

    #[test]
    fn a_code_of_a_newer_server_can_be_read() {
        let problem: Problem =
            serde_json::from_str(r#"{"code":"E2999","title":"new","status":418}"#).unwrap();
        assert_eq!(problem.known(), None);
        assert_eq!(problem.code, "E2999");
    }
}
