//! The rules of the house that neither the compiler nor clippy can see.
//!
//! A finding is one line, `file:line: what, why, what to do`. Where a rule must give way, the line
//! itself or the one above it says so and why: `tidy:allow RULE: reason` in a comment.

mod arrows;
mod laws;
mod links;
mod proofs;
mod shape;
mod source;
mod words;

use crate::no_std::cargo;
use anyhow::{Context, Result, bail};
use std::{fmt, path::Path, process::Command};

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Severity {
    /// Worth a look; does not fail the check.
    Warning,
    Error,
}

/// One departure from a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    /// The name by which `tidy:allow` lifts the rule.
    pub(crate) rule: &'static str,
    pub(crate) file: String,
    /// Counted from 1; 0 when the file as a whole is meant.
    pub(crate) line: usize,
    /// What, why, what to do.
    pub(crate) message: String,
}

impl Finding {
    fn error(rule: &'static str, file: &str, line: usize, message: String) -> Self {
        Self { severity: Severity::Error, rule, file: file.into(), line, message }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.severity {
            Severity::Warning => "warning: ",
            Severity::Error => "",
        };
        write!(f, "{}:{}: {kind}{} [{}]", self.file, self.line.max(1), self.message, self.rule)
    }
}

/// Everything that is not in order in the repository at `root`.
///
/// # Errors
/// When files cannot be read or cargo does not tell what the workspace is made of.
pub(crate) fn check(root: &Path) -> Result<Vec<Finding>> {
    let files = source::read(root)?;
    let mut findings = arrows::check(&metadata(root)?)?;
    for file in &files {
        let mut of_file = Vec::new();
        shape::check(file, &mut of_file);
        words::check(file, &mut of_file);
        laws::check(file, &mut of_file);
        of_file.retain(|finding| !file.allows(finding));
        findings.append(&mut of_file);
    }
    links::check(root, &files, &mut findings);
    proofs::check(&files, &mut findings);
    for page in crate::reference::stale(root)? {
        let message = "is not what the programs say now; readers would be misled; run `cargo xtask reference`";
        findings.push(Finding::error("reference", &page, 0, message.into()));
    }
    findings.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Ok(findings)
}

/// What cargo knows about the workspace's own packages.
pub(crate) fn metadata(root: &Path) -> Result<serde_json::Value> {
    let output = Command::new(cargo())
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(root)
        .output()
        .context("cargo does not start")?;
    if !output.status.success() {
        bail!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata is not JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_is_tidy() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let errors: Vec<String> = check(root)
            .unwrap()
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(ToString::to_string)
            .collect();
        assert!(errors.is_empty(), "\n{}", errors.join("\n"));
    }

    #[test]
    fn a_finding_is_one_line_with_its_place() {
        let finding = Finding::error("words", "a.rs", 3, "what, why, what to do".into());
        assert_eq!(finding.to_string(), "a.rs:3: what, why, what to do [words]");
    }
}
