//! Relative links of the pages lead somewhere, down to the heading.

use super::{Finding, source::File};
use std::path::Path;

pub(super) fn check(root: &Path, files: &[File], findings: &mut Vec<Finding>) {
    for page in files.iter().filter(|file| file.has_extension("md")) {
        for (line, target) in links(&page.text) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            let place = if path.is_empty() { page.path.clone() } else { resolve(&page.path, path) };
            let problem = if !root.join(&place).exists() {
                "leads nowhere"
            } else if let Some(found) = files.iter().find(|file| file.path == place)
                && found.has_extension("md")
                && !anchor.is_empty()
                && !headings(&found.text).any(|heading| heading == anchor)
            {
                "names a heading that is not there"
            } else {
                continue;
            };
            findings.push(Finding::error(
                "links",
                &page.path,
                line,
                format!("link `{target}` {problem}; readers would be lost; correct or remove it"),
            ));
        }
    }
}

/// Lines of the text that are not inside a fenced block.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fence && !fenced).then_some((index + 1, line))
    })
}

/// Targets of relative links, with their lines.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    prose(text).flat_map(|(number, line)| {
        line.split("](").skip(1).filter_map(move |rest| {
            let target = rest.split([')', ' ']).next()?;
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            (!elsewhere && !target.is_empty()).then_some((number, target))
        })
    })
}

/// The target's path from the root of the repository.
fn resolve(page: &str, target: &str) -> String {
    let directory = page.rsplit_once('/').map_or("", |(directory, _)| directory);
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                // Above the root there is nothing of ours; the path then fails to exist.
                if parts.pop().is_none() {
                    return target.into();
                }
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// Headings as anchors: lower case, spaces to hyphens, the rest of the punctuation gone.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter_map(|(_, line)| {
        let title = line.trim_start_matches('#');
        let heading = title.len() < line.len() && title.starts_with(' ');
        heading.then(|| {
            let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
            kept.collect::<String>().to_lowercase().replace(' ', "-")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(pages: &[(&str, &str)]) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let file =
            |(path, text): &(&str, &str)| File { path: (*path).into(), text: (*text).into() };
        let files: Vec<File> = pages.iter().map(file).collect();
        let mut findings = Vec::new();
        check(root, &files, &mut findings);
        findings.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_link_that_leads_nowhere_is_named_with_its_line() {
        let found =
            findings(&[("xtask/a.md", "x\n[y](gone.rs) [z](src/main.rs) [w](../Cargo.toml)")]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("xtask/a.md:2: link `gone.rs` leads nowhere"));
    }

    #[test]
    fn other_sites_and_examples_are_left_alone() {
        let text = "[a](https://example.org/b)\n```\n[c](gone.rs)\n```\n";
        assert_eq!(findings(&[("xtask/a.md", text)]), [""; 0]);
    }

    #[test]
    fn headings_are_checked() {
        let page = "## How it's done: *now*\n[ok](#how-its-done-now)\n[bad](LICENSE.md#nowhere)";
        let other = "[b](README.md#how-its-done-now) [c](README.md#elsewhere)";
        let found = findings(&[("README.md", page), ("SECURITY.md", other)]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("README.md:3: link `LICENSE.md#nowhere` leads nowhere"));
        assert!(found[1].contains("`README.md#elsewhere` names a heading that is not there"));
    }

    #[test]
    fn a_path_is_resolved_from_its_page() {
        assert_eq!(resolve("docs/a.md", "../README.md"), "README.md");
        assert_eq!(resolve("docs/a.md", "./b/c.md"), "docs/b/c.md");
        assert_eq!(resolve("a.md", "../outside"), "../outside");
    }
}
