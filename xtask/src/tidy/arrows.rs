//! Which crate may depend on which: the picture in ARCHITECTURE.md, word for word.

use super::Finding;
use anyhow::{Context, Result};
use serde_json::Value;

/// A crate and what it may depend on.
struct Rule {
    name: &'static str,
    normal: &'static [&'static str],
    /// Allowed, but only as an optional dependency.
    optional: &'static [&'static str],
    /// Allowed for its tests besides.
    dev: &'static [&'static str],
}

const RULES: [Rule; 7] = [
    Rule { name: "apf", normal: &[], optional: &[], dev: &[] },
    Rule { name: "amt", normal: &[], optional: &[], dev: &[] },
    Rule { name: "viaduct-api", normal: &[], optional: &[], dev: &[] },
    Rule { name: "amt-sim", normal: &["apf", "amt"], optional: &[], dev: &[] },
    Rule {
        name: "viaduct-server",
        normal: &["apf", "amt", "viaduct-api"],
        optional: &[],
        dev: &["amt-sim"],
    },
    Rule {
        name: "viaduct",
        normal: &["viaduct-server", "viaduct-api", "amt"],
        optional: &["amt-sim"],
        dev: &[],
    },
    Rule { name: "xtask", normal: &[], optional: &[], dev: &[] },
];

/// Directories whose packages only use the others and may use all of them.
const USERS: [&str; 3] = ["tests/", "bench/", "fuzz/"];

/// Every arrow of the workspace that the picture does not have.
pub(super) fn check(metadata: &Value) -> Result<Vec<Finding>> {
    let root = metadata["workspace_root"].as_str().context("no workspace_root")?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    let own: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut findings = Vec::new();
    for package in packages {
        let name = package["name"].as_str().context("a package without name")?;
        let manifest = package["manifest_path"].as_str().context("a package without manifest")?;
        let manifest = manifest.strip_prefix(root).unwrap_or(manifest).trim_start_matches('/');
        if USERS.iter().any(|directory| manifest.starts_with(directory)) {
            continue;
        }
        let Some(rule) = RULES.iter().find(|rule| rule.name == name) else {
            findings.push(Finding::error(
                "arrows",
                manifest,
                0,
                format!(
                    "crate `{name}` is not in the picture; a crate is a purity boundary, a shared \
                     language or a program; make it a module, or add it to ARCHITECTURE.md and to \
                     xtask/src/tidy/arrows.rs"
                ),
            ));
            continue;
        };
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            check_arrow(rule, dependency, &own, manifest, &mut findings);
        }
    }
    Ok(findings)
}

fn check_arrow(
    rule: &Rule,
    dependency: &Value,
    own: &[&str],
    manifest: &str,
    findings: &mut Vec<Finding>,
) {
    let to = dependency["name"].as_str().unwrap_or_default();
    if !own.contains(&to) || rule.normal.contains(&to) {
        return;
    }
    let dev = dependency["kind"].as_str() == Some("dev");
    let optional = dependency["optional"].as_bool() == Some(true);
    if (dev && rule.dev.contains(&to)) || (rule.optional.contains(&to) && (optional || dev)) {
        return;
    }
    let (what, advice) = if rule.optional.contains(&to) {
        ("must be optional", "put it behind a feature")
    } else if rule.dev.contains(&to) {
        ("is allowed for tests only", "make it a dev-dependency")
    } else {
        ("is an arrow that ARCHITECTURE.md does not have", "move the code to where it may stand")
    };
    findings.push(Finding::error(
        "arrows",
        manifest,
        0,
        format!("`{}` -> `{to}` {what}; it would tie parts that change apart; {advice}", rule.name),
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// What is said about a workspace in which `from` depends on `to`.
    fn said(from: &str, directory: &str, to: &str, kind: Value, optional: bool) -> Vec<String> {
        let dependencies = json!([
            { "name": to, "kind": kind, "optional": optional },
            { "name": "serde", "kind": null, "optional": false },
        ]);
        let mut packages = vec![json!({
            "name": from,
            "manifest_path": format!("/r/{directory}/{from}/Cargo.toml"),
            "dependencies": dependencies,
        })];
        for rule in RULES.iter().filter(|rule| rule.name != from) {
            let name = rule.name;
            packages.push(json!({
                "name": name,
                "manifest_path": format!("/r/crates/{name}/Cargo.toml"),
                "dependencies": [],
            }));
        }
        let metadata = json!({ "workspace_root": "/r", "packages": packages });
        check(&metadata).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrows_of_the_picture_pass() {
        assert!(said("viaduct-server", "crates", "apf", Value::Null, false).is_empty());
        assert!(said("viaduct", "crates", "viaduct-server", Value::Null, false).is_empty());
        assert!(said("viaduct", "crates", "amt-sim", Value::Null, true).is_empty());
        assert!(said("viaduct-server", "crates", "amt-sim", json!("dev"), false).is_empty());
        assert!(said("system-tests", "tests", "viaduct", Value::Null, false).is_empty());
    }

    #[test]
    fn other_arrows_are_named_with_their_manifest() {
        let said = said("apf", "crates", "amt", Value::Null, false);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with("crates/apf/Cargo.toml:1: `apf` -> `amt` is an arrow"));
    }

    #[test]
    fn tests_and_features_do_not_open_the_door_for_the_program() {
        assert_eq!(said("viaduct-server", "crates", "amt-sim", Value::Null, false).len(), 1);
        assert_eq!(said("viaduct", "crates", "amt-sim", Value::Null, false).len(), 1);
        assert_eq!(said("amt", "crates", "apf", json!("dev"), false).len(), 1);
    }

    #[test]
    fn a_crate_outside_the_picture_is_refused() {
        let said = said("viaduct-common", "crates", "apf", Value::Null, false);
        assert!(said[0].contains("`viaduct-common` is not in the picture"), "{said:?}");
    }
}
