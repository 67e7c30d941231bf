//! The pages of docs/reference, made of what the programs say of themselves.
//!
//! Nothing in them is written by hand. Tests write down what the programs have (help, codes, rights, events, routes,
//! figures) beside the sources and fail when that is stale; here it becomes pages, and tidy fails when these are.

mod api;
mod config;
mod tables;

use crate::no_std::cargo;
use anyhow::{Context, Result, bail};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

/// Where the pages are.
const DIRECTORY: &str = "docs/reference";
/// Tests that write down what a crate has: package, target, name.
const TESTS: [[&str; 3]; 4] = [
    ["viaduct", "--bins", "help_is_as_it_was"],
    ["viaduct", "--bins", "the_reference_is_made_of_what_is_in_the_program"],
    ["viaduct-server", "--lib", "the_names_of_the_figures_are_those_that_are_written_down"],
    ["viaduct-server", "--lib", "api::openapi"],
];
const NOTE: &str = "<!-- Made by `cargo xtask reference`; do not edit. -->\n\n";

/// A page: its name in the directory, and its text.
pub(crate) type Page = (&'static str, String);

/// Asks the programs anew and writes the pages.
///
/// # Errors
/// When the programs do not build, or files cannot be read or written.
pub(crate) fn write(root: &Path) -> Result<()> {
    for [package, target, test] in TESTS {
        let mut command = Command::new(cargo());
        command.args(["test", "--quiet", "--package", package, target, "--", test]);
        command.env("UPDATE", "1").env("BLESS", "1").current_dir(root).stdout(Stdio::null());
        if !command.status().context("cargo does not start")?.success() {
            bail!("the test {test} of {package} does not write down what there is");
        }
    }
    let directory = root.join(DIRECTORY);
    fs::create_dir_all(&directory)?;
    for (name, text) in pages(root)? {
        fs::write(directory.join(name), text).with_context(|| name.to_owned())?;
    }
    Ok(())
}

/// Pages that are not what they would be if they were made now.
///
/// # Errors
/// When what they are made of cannot be read.
pub(crate) fn stale(root: &Path) -> Result<Vec<String>> {
    let mut stale = Vec::new();
    for (name, text) in pages(root)? {
        let path = format!("{DIRECTORY}/{name}");
        if fs::read_to_string(root.join(&path)).ok().as_ref() != Some(&text) {
            stale.push(path);
        }
    }
    Ok(stale)
}

fn pages(root: &Path) -> Result<Vec<Page>> {
    let read = |path: &str| fs::read_to_string(root.join(path)).with_context(|| path.to_owned());
    let json = |path: &str| -> Result<serde_json::Value> {
        serde_json::from_str(&read(path)?).with_context(|| path.to_owned())
    };
    let data = json("crates/viaduct/tests/golden/reference.json")?;
    let settings = read("docs/viaduct.toml")?;
    let figures = read("crates/viaduct-server/tests/golden/metrics.txt")?;
    let mut pages = vec![
        ("api.md", api::page(&json("crates/viaduct-server/tests/golden/openapi.json")?)),
        ("cli.md", cli(&root.join("crates/viaduct/tests/golden/help"))?),
        ("config.md", config::page(&settings)),
        ("errors.md", tables::errors(&data)),
        ("events.md", tables::events(&data)),
        ("limits.md", config::limits(&settings)),
        ("metrics.md", tables::metrics(&figures)),
        ("ports.md", config::ports(&settings)),
        ("rights.md", tables::rights(&data)),
    ];
    for (_, text) in &mut pages {
        *text = format!("{NOTE}{}\n", text.trim_end());
    }
    Ok(pages)
}

/// The help of every command, as `--help` shows it.
fn cli(directory: &Path) -> Result<String> {
    let mut names: Vec<_> = fs::read_dir(directory)?
        .map(|entry| {
            let name = entry?.file_name().to_string_lossy().into_owned();
            Ok(name.trim_end_matches(".txt").to_owned())
        })
        .collect::<Result<_>>()?;
    names.sort_unstable();
    let mut text = String::from(
        "# Command line\n\nEvery command, as `viaduct COMMAND --help` shows it. The global options stand once, at the first.\n",
    );
    for name in &names {
        let help = fs::read_to_string(directory.join(format!("{name}.txt")))?;
        let title = title(name, &names);
        let help = if title.contains(' ') {
            help.split("\nGlobal options:").next().unwrap_or_default()
        } else {
            &help
        };
        text.push_str(&format!("\n## {title}\n\n```text\n{}\n```\n", trimmed(help)));
    }
    Ok(text)
}

/// Lines without blanks at their end.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// `viaduct-devices-why-offline` is `viaduct devices why-offline`: a hyphen parts words where the part before it is a command.
fn title(name: &str, names: &[String]) -> String {
    let mut title = name.to_owned();
    for parent in names {
        if name.strip_prefix(parent.as_str()).is_some_and(|rest| rest.starts_with('-')) {
            title.replace_range(parent.len()..=parent.len(), " ");
        }
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hyphen_parts_commands_only() {
        let names = ["viaduct", "viaduct-remote-access", "viaduct-remote-access-add-mps"];
        let names = names.map(str::to_owned);
        assert_eq!(title("viaduct-remote-access-add-mps", &names), "viaduct remote-access add-mps");
        assert_eq!(title("viaduct", &names), "viaduct");
    }

    #[test]
    fn the_pages_are_found_stale_when_something_changes() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let pages = pages(root).unwrap();
        assert!(pages.iter().all(|(_, text)| text.starts_with(NOTE) && text.contains("\n# ")));
        assert_eq!(stale(root).unwrap(), [""; 0]);
        assert_eq!(stale(&root.join("docs")).map_err(|_| ()), Err(()), "nothing to make them of");
    }
}
