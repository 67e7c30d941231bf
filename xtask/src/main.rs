//! The project's chores as one small program: `cargo xtask tidy`, `no-std`, `reference`.

mod no_std;
mod reference;
mod tidy;

use anyhow::{Context, Result, bail};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

const USAGE: &str = "usage: cargo xtask CHORE
  tidy        what neither compiler nor clippy can see: arrows, laws, names, words, links
  no-std      prove that apf and everything below it does without the standard library
  reference   write the pages of docs/reference anew";

#[expect(clippy::print_stderr, reason = "a program for people")]
fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Whether the chore found everything in order.
fn run() -> Result<bool> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["tidy"] => report(&tidy::check(&root()?)?),
        ["no-std"] => no_std::check(&root()?).map(|()| true),
        ["reference"] => reference::write(&root()?).map(|()| true),
        _ => bail!("{USAGE}"),
    }
}

/// Prints findings, most serious last, and says whether none of them is an error.
#[expect(clippy::print_stderr, reason = "a program for people")]
fn report(findings: &[tidy::Finding]) -> Result<bool> {
    let (warnings, errors): (Vec<_>, Vec<_>) =
        findings.iter().partition(|finding| finding.severity == tidy::Severity::Warning);
    for finding in warnings.iter().chain(&errors) {
        eprintln!("{finding}");
    }
    if !errors.is_empty() {
        eprintln!("tidy: {} to mend", errors.len());
    }
    Ok(errors.is_empty())
}

/// The repository this program was built from.
fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    root.map(Path::to_path_buf).context("xtask lives in no workspace")
}
