//! What the doctor found, and how it is shown.

use crate::{
    failure::Result,
    render::{Format, Printer},
    say::{data, inert},
};
use serde::Serialize;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// To be known, not to be mended.
    Note,
    /// Works, but will not for long, or not for everybody.
    Warning,
    /// Does not work, or is not safe.
    Problem,
}

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Finding {
    /// What it is about: `names`, `certificates`, `ports`, …
    pub(super) area: &'static str,
    pub(super) level: Level,
    /// What is so.
    pub(super) what: String,
    /// Why it matters; empty when all is well.
    pub(super) why: String,
    /// What to do; empty when there is nothing to do.
    pub(super) next: String,
}

/// Everything that was found.
#[derive(Debug, Default)]
pub(super) struct Findings(pub(super) Vec<Finding>);

impl Findings {
    pub(super) fn ok(&mut self, area: &'static str, what: impl Into<String>) {
        self.add(area, Level::Ok, what, "", "");
    }

    pub(super) fn note(&mut self, area: &'static str, what: impl Into<String>, next: &str) {
        self.add(area, Level::Note, what, "", next);
    }

    pub(super) fn warning(
        &mut self,
        area: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        next: impl Into<String>,
    ) {
        self.add(area, Level::Warning, what, why, next);
    }

    pub(super) fn problem(
        &mut self,
        area: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        next: impl Into<String>,
    ) {
        self.add(area, Level::Problem, what, why, next);
    }

    fn add(
        &mut self,
        area: &'static str,
        level: Level,
        what: impl Into<String>,
        why: impl Into<String>,
        next: impl Into<String>,
    ) {
        let (what, why, next) = (what.into(), why.into(), next.into());
        self.0.push(Finding { area, level, what, why, next });
    }

    pub(super) fn count(&self, level: Level) -> usize {
        self.0.iter().filter(|finding| finding.level == level).count()
    }

    /// The worst last, because that is where people look in a terminal.
    pub(super) fn print(&mut self, printer: Printer) -> Result<()> {
        self.0.sort_by_key(|finding| finding.level);
        if printer.format != Format::Table {
            return printer.list(
                &self.0,
                &[
                    ("AREA", &|one| one.area.to_owned()),
                    ("LEVEL", &|one| one.level.word().to_owned()),
                    ("WHAT", &|one| inert(&one.what)),
                    ("WHY", &|one| inert(&one.why)),
                    ("NEXT", &|one| inert(&one.next)),
                ],
            );
        }
        for Finding { area, level, what, why, next } in &self.0 {
            data(&format!("{} {area:<13}{}", level.sign(), inert(what)));
            for (head, text) in [("why:  ", why), ("next: ", next)] {
                if !text.is_empty() {
                    data(&format!("{:15}{head}{}", "", inert(text)));
                }
            }
        }
        Ok(())
    }
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Problem => "problem",
        }
    }

    const fn sign(self) -> &'static str {
        match self {
            Self::Ok => "✓",
            Self::Note => "·",
            Self::Warning => "!",
            Self::Problem => "✗",
        }
    }
}
