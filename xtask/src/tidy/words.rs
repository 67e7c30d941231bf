//! Words that must not be committed: left-over markers, and places of one machine.
// tidy:allow words: this file spells what it forbids

use super::{Finding, source::File};

/// Markers, and the macros that stand for code not written.
const MARKERS: [(&str, &str); 7] = [
    ("FIXME", "mend it, or open an issue"),
    ("TODO", "do it, or open an issue"),
    ("XXX", "say what is odd in a sentence"),
    ("HACK", "say what is odd in a sentence"),
    ("todo!", "write the code"),
    ("unimplemented!", "write the code, or return an error"),
    ("dbg!", "remove it"),
];
/// Directories that exist on one machine only.
const PLACES: [&str; 6] = ["/work/", "/tmp/", "/root/", "/home/", "/Users/", "C:\\"];
/// Ways to fetch packages from elsewhere than the public registries.
const REGISTRIES: [&str; 7] =
    ["[source.", "replace-with", "registry-index", "index-url", "GOPROXY", ".npmrc", "sparse+http"];
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
const NPM: &str = "https://registry.npmjs.org/";

pub(super) fn check(file: &File, findings: &mut Vec<Finding>) {
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    match name {
        "Cargo.lock" => check_lock(file, "source = \"", CRATES_IO, findings),
        "package-lock.json" => check_lock(file, "\"resolved\": \"", NPM, findings),
        "LICENSE" => {}
        _ if file.lines().take(3).any(|(_, line)| line.starts_with("// tidy:allow words: ")) => {}
        _ => check_text(file, findings),
    }
}

fn check_text(file: &File, findings: &mut Vec<Finding>) {
    for (number, line) in file.lines() {
        let mut say = |message| {
            findings.push(Finding::error("words", &file.path, number, message));
        };
        for (word, advice) in MARKERS {
            if has_word(line, word) {
                say(format!("`{word}`, a promise that nobody keeps; {advice}"));
            }
        }
        for place in PLACES {
            if has_place(line, place) {
                say(format!("`{place}`, a place on one machine; use a relative path or a setting"));
            }
        }
        for word in REGISTRIES {
            if line.contains(word) {
                say(format!("`{word}`, packages come from the public registries; remove it"));
            }
        }
    }
}

fn check_lock(file: &File, key: &str, expected: &str, findings: &mut Vec<Finding>) {
    for (number, line) in file.lines() {
        let foreign = line.split_once(key).is_some_and(|(_, source)| !source.starts_with(expected));
        if foreign {
            findings.push(Finding::error(
                "words",
                &file.path,
                number,
                format!("locked to another source than {expected}, which others may not reach; lock it again"),
            ));
        }
    }
}

/// Whether the word stands alone, not as a part of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(part_of_word) && !(after.is_some_and(part_of_word))
    })
}

/// Whether a path begins there, and does not merely contain it (`/var/tmp/`, `https://x/home/`).
fn has_place(line: &str, place: &str) -> bool {
    line.match_indices(place).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_-.~}*/".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        let mut findings = Vec::new();
        check(&File { path: path.into(), text: text.into() }, &mut findings);
        findings.len()
    }

    #[test]
    fn each_marker_is_found_as_a_word() {
        for (word, _) in MARKERS {
            assert_eq!(count("a.rs", &format!("// {word} later")), 1, "{word}");
        }
        assert_eq!(count("a.sh", "mktemp -d name.XXXXXX; HACKING=1; todos!"), 0);
    }

    #[test]
    fn places_of_one_machine_are_found_only_where_a_path_begins() {
        assert_eq!(count("a.md", "see /work/notes and `/tmp/x`"), 2);
        assert_eq!(count("a.md", "https://example.org/home/ and /var/tmp/x and src/work/y"), 0);
    }

    #[test]
    fn locks_name_public_registries_alone() {
        let good = format!("source = \"{CRATES_IO}\"\n");
        assert_eq!(count("Cargo.lock", &good), 0);
        assert_eq!(count("Cargo.lock", "source = \"sparse+https://mirror.example/\"\n"), 1);
        let npm = |host| format!("\"resolved\": \"https://{host}/a.tgz\"");
        assert_eq!(count("web/package-lock.json", &npm("registry.npmjs.org")), 0);
        assert_eq!(count("web/package-lock.json", &npm("mirror.example")), 1);
        assert_eq!(count(".cargo/config.toml", "[source.crates-io]"), 1);
    }
}
