//! Tests that pages name are there: `FILE.rs::name` in a page is a test of that name in that file.

use super::{Finding, source::File};

pub(super) fn check(files: &[File], findings: &mut Vec<Finding>) {
    for page in files.iter().filter(|file| file.has_extension("md")) {
        for (line, text) in page.lines() {
            for (path, name) in text.split('`').skip(1).step_by(2).filter_map(proof) {
                let file = files.iter().find(|file| file.path == path);
                if file.is_some_and(|file| file.text.contains(&format!("fn {name}("))) {
                    continue;
                }
                let message = format!(
                    "names the test `{name}` in {path}, which is not there; readers would look in vain; correct it"
                );
                findings.push(Finding::error("proofs", &page.path, line, message));
            }
        }
    }
}

/// File and name.
fn proof(quoted: &str) -> Option<(&str, &str)> {
    quoted.split_once("::").filter(|(path, _)| path.ends_with(".rs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn a_test_that_is_not_there_is_found() {
        let page =
            "It holds: `a/b.rs::it_holds`, `a/b.rs::it_went`, `a/c.rs::it_holds`; `no::test`.";
        let files = [file("docs/page.md", page), file("a/b.rs", "#[test]\nfn it_holds() {}")];
        let mut findings = Vec::new();
        check(&files, &mut findings);
        let found: Vec<&str> = findings.iter().map(|f| f.message.as_str()).collect();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("it_went") && found[1].contains("a/c.rs"), "{found:?}");
    }
}
