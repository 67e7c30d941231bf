//! The files of the repository as the rules see them: code, comments and tests told apart.

use super::Finding;
use anyhow::{Context, Result};
use std::{fs, path::Path};

/// Directories that hold no sources of ours.
const SKIPPED: [&str; 5] = ["target", "node_modules", "dist", "corpus", "artifacts"];
/// Hidden directories that do.
const HIDDEN: [&str; 3] = [".ci", ".cargo", ".github"];

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct File {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// Whether this is Rust.
    pub(crate) fn is_rust(&self) -> bool {
        self.has_extension("rs")
    }

    pub(crate) fn has_extension(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|found| found == extension)
    }

    /// Whether the whole file is test code.
    pub(crate) fn is_test(&self) -> bool {
        let mut parts = self.path.split('/').rev();
        let name = parts.next().unwrap_or_default();
        name == "tests.rs" || parts.any(|part| part == "tests" || part == "benches")
    }

    /// Lines from 1 on.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// Lines of Rust that end up in the program: no comments, no blank lines, no tests. Tests are a
    /// module at the end of the file, as the house style has it.
    pub(crate) fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if self.is_test() { 0 } else { self.start_of_tests() };
        self.lines()
            .take_while(move |(number, _)| *number < end)
            .map(|(number, line)| (number, without_comment(line)))
            .filter(|(_, line)| !line.trim().is_empty())
    }

    fn start_of_tests(&self) -> usize {
        let mut lines = self.lines().peekable();
        while let Some((number, line)) = lines.next() {
            let inline_module = |next: &str| next.starts_with("mod ") && next.ends_with('{');
            if line.starts_with("#[cfg(test)]")
                && lines.peek().is_some_and(|(_, next)| inline_module(next))
            {
                return number;
            }
        }
        usize::MAX
    }

    /// Whether a comment in the file lifts the rule for this finding. For a finding about the file
    /// as a whole the comment may stand anywhere.
    pub(crate) fn allows(&self, finding: &Finding) -> bool {
        self.lines().any(|(number, line)| {
            let near = finding.line == 0 || number == finding.line || number + 1 == finding.line;
            near && reason_to_allow(line, finding.rule).is_some()
        })
    }
}

/// The reason that a line gives for lifting a rule; none given, nothing lifted.
fn reason_to_allow<'a>(line: &'a str, rule: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once("tidy:allow ")?;
    let (named, reason) = rest.split_once(':')?;
    let reason = reason.trim().trim_end_matches("-->").trim();
    (named.trim() == rule && !reason.is_empty()).then_some(reason)
}

/// The line up to `//`. A `//` inside a string counts as well unless it follows a colon, as in a URL.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices("//").find(|(at, _)| !line[..*at].ends_with(':'));
    comment.map_or(line, |(at, _)| &line[..at])
}

/// All text files below `root` that belong to the project.
pub(crate) fn read(root: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    descend(root, "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn descend(directory: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    let entries = fs::read_dir(directory).with_context(|| directory.display().to_string())?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name == ".git" {
            continue;
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            let hidden = name.starts_with('.') && !HIDDEN.contains(&name.as_str());
            if !hidden && !SKIPPED.contains(&name.as_str()) {
                descend(&entry.path(), &format!("{prefix}{name}/"), files)?;
            }
        } else if kind.is_file() {
            let bytes = fs::read(entry.path())?;
            // What is not text has no lines to look at.
            if let Ok(text) = String::from_utf8(bytes) {
                files.push(File { path: format!("{prefix}{name}"), text });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.into(), text: text.into() }
    }

    #[test]
    fn code_ends_where_the_tests_begin() {
        let file = file(
            "a.rs",
            "//! Header.\n\nuse x; // why\n#[cfg(test)]\nuse y;\n#[cfg(test)]\nmod tests {\n z\n}\n",
        );
        let code: Vec<_> = file.code().collect();
        assert_eq!(code, [(3, "use x; "), (4, "#[cfg(test)]"), (5, "use y;")]);
    }

    #[test]
    fn a_file_of_tests_has_no_code() {
        assert_eq!(file("crates/a/tests/b.rs", "fn a() {}").code().count(), 0);
        assert_eq!(file("crates/a/src/tests.rs", "fn a() {}").code().count(), 0);
        assert_eq!(file("crates/a/src/b.rs", "fn a() {}").code().count(), 1);
    }

    #[test]
    fn a_url_is_no_comment() {
        assert_eq!(without_comment("let a = \"http://b\"; // c"), "let a = \"http://b\"; ");
    }

    #[test]
    fn a_rule_is_lifted_only_near_by_name_and_with_a_reason() {
        let text = "a // tidy:allow words: an example\nb\nc // tidy:allow words:\n";
        let file = file("a.rs", text);
        let finding = |rule, line| Finding::error(rule, "a.rs", line, String::new());
        assert!(file.allows(&finding("words", 1)));
        assert!(file.allows(&finding("words", 2)));
        assert!(!file.allows(&finding("laws", 1)));
        assert!(!file.allows(&finding("words", 3)), "no reason given");
        assert!(file.allows(&finding("words", 0)), "the file as a whole");
    }
}
