//! What a file is called, how it begins, how long it is.

use super::{Finding, Severity, source::File};

/// Names that say nothing about what is inside.
const EMPTY_NAMES: [&str; 10] = [
    "utils", "util", "helpers", "helper", "common", "misc", "types", "manager", "managers", "core",
];
/// Lines of code, tests and comments not counted.
const LONG: usize = 400;
const TOO_LONG: usize = 500;

pub(super) fn check(file: &File, findings: &mut Vec<Finding>) {
    if !file.is_rust() {
        return;
    }
    check_names(file, findings);
    // A crate may keep its first words in a file of their own.
    let included = file.text.starts_with("#![doc = include_str!(");
    if !included && !file.text.starts_with("//!") {
        findings.push(Finding::error(
            "header",
            &file.path,
            1,
            "begins without `//!`; a reader must learn in one sentence what the file is for; write \
             it as the first line"
                .into(),
        ));
    }
    let length = file.code().count();
    if length > LONG {
        let severity = if length > TOO_LONG { Severity::Error } else { Severity::Warning };
        findings.push(Finding {
            severity,
            rule: "length",
            file: file.path.clone(),
            line: 0,
            message: format!(
                "{length} lines of code, {TOO_LONG} is the limit and {LONG} the aim; long files \
                 hold more than one idea; split by meaning"
            ),
        });
    }
}

fn check_names(file: &File, findings: &mut Vec<Finding>) {
    for part in file.path.split('/') {
        let stem = part.strip_suffix(".rs").unwrap_or(part);
        let last = stem.rsplit(['_', '-']).next().unwrap_or(stem);
        if EMPTY_NAMES.contains(&stem) || (last != "core" && EMPTY_NAMES.contains(&last)) {
            findings.push(Finding::error(
                "names",
                &file.path,
                0,
                format!(
                    "`{part}` says nothing; such a file collects what has no home; name it after \
                     what it is and put it beside its user"
                ),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: String) -> Vec<(Severity, &'static str)> {
        let mut findings = Vec::new();
        check(&File { path: path.into(), text }, &mut findings);
        findings.iter().map(|finding| (finding.severity, finding.rule)).collect()
    }

    #[test]
    fn a_rust_file_begins_with_its_purpose() {
        assert_eq!(found("src/a.rs", "//! A.\nuse b;\n".into()), []);
        assert_eq!(found("src/a.rs", "use b;\n".into()), [(Severity::Error, "header")]);
        assert_eq!(found("src/lib.rs", "#![doc = include_str!(\"a.md\")]\n".into()), []);
        assert_eq!(found("a.md", "text".into()), []);
    }

    #[test]
    fn empty_names_are_refused_as_file_and_as_directory() {
        for path in ["src/utils.rs", "src/common/mod.rs", "src/http_helpers.rs"] {
            assert_eq!(found(path, "//! A.\n".into()), [(Severity::Error, "names")], "{path}");
        }
        assert_eq!(found("src/typesetting.rs", "//! A.\n".into()), []);
    }

    #[test]
    fn length_counts_code_alone() {
        let lines = |n: usize| "a;\n".repeat(n);
        let text =
            |n| format!("//! A.\n{}\n// c\n#[cfg(test)]\nmod tests {{\n{}", lines(n), lines(900));
        assert_eq!(found("src/a.rs", text(400)), []);
        assert_eq!(found("src/a.rs", text(401)), [(Severity::Warning, "length")]);
        assert_eq!(found("src/a.rs", text(501)), [(Severity::Error, "length")]);
    }
}
