//! The settings, of the file that has every key with its default.

/// A key of the file, with the comment before it.
struct Key<'a> {
    name: &'a str,
    value: &'a str,
    /// Absent by default; the value is an example then.
    example: bool,
    words: String,
}

/// A section of the file.
struct Section<'a> {
    /// With its brackets.
    name: &'a str,
    words: String,
    keys: Vec<Key<'a>>,
}

pub(super) fn page(file: &str) -> String {
    let mut page = String::from(
        "# Settings\n\nEvery key with its default, of [viaduct.toml](../viaduct.toml), which says how the file is found and \
         what goes before it. *Example* stands at keys that are absent by default. The environment variable of \
         `listen` in `[cira]` is `VIADUCT_CIRA_LISTEN`, its option `--set cira.listen=…`; others likewise.\n",
    );
    for section in sections(file) {
        page.push_str(&format!("\n## {}\n", section.name));
        if !section.words.is_empty() {
            page.push_str(&format!("\n{}\n", escaped(&section.words)));
        }
        page.push_str("\n| key | default | means |\n|---|---|---|\n");
        for key in section.keys {
            page.push_str(&row(&key));
        }
    }
    page
}

pub(super) fn limits(file: &str) -> String {
    let mut page = String::from(
        "# Limits\n\nHow much of everything there can be at the same time, and how long it may take. Whoever comes beyond is \
         refused or waits; who is in stays in.\n\n| key of `[limits]` | default | means |\n|---|---|---|\n",
    );
    for key in sections(file).into_iter().filter(|it| it.name == "[limits]").flat_map(|it| it.keys)
    {
        page.push_str(&row(&key));
    }
    page
}

pub(super) fn ports(file: &str) -> String {
    let mut page = String::from(
        "# Ports\n\nWhere the server listens. Only the first needs to be reachable by PCs.\n\n\
         | section | key | default | for |\n|---|---|---|---|\n",
    );
    for section in sections(file) {
        for key in section.keys.iter().filter(|key| key.name.ends_with("listen")) {
            let default = if key.example { "off" } else { key.value.trim_matches('"') };
            let words = if key.name == "listen" { &section.words } else { &key.words };
            let (name, words) = (section.name, escaped(words));
            page.push_str(&format!("| `{name}` | `{}` | `{default}` | {words} |\n", key.name));
        }
    }
    page
}

fn row(key: &Key<'_>) -> String {
    let example = if key.example { "example " } else { "" };
    let (name, value, words) = (key.name, key.value.replace('|', "\\|"), escaped(&key.words));
    format!("| `{name}` | {example}`{value}` | {words} |\n")
}

fn escaped(words: &str) -> String {
    // `[[cira.extra]]` would be read as the beginning of a link.
    super::tables::cell(words).replace("[[", "\\[\\[")
}

/// The file, with the comments before each section and key.
fn sections(file: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut words: Vec<&str> = Vec::new();
    for line in file.lines() {
        let example = line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
        let setting = if example { &line[1..] } else { line };
        if let Some(text) = line.strip_prefix("# ") {
            words.push(text);
        } else if setting.starts_with('[') {
            let words = std::mem::take(&mut words).join(" ");
            sections.push(Section { name: setting, words, keys: Vec::new() });
        } else if let Some((name, value)) = setting.split_once(" = ")
            && let Some(section) = sections.last_mut()
        {
            // A key right behind another one shares its comment.
            let shared = section.keys.last().map(|key| key.words.clone()).unwrap_or_default();
            let words = std::mem::take(&mut words);
            let words = if words.is_empty() { shared } else { words.join(" ") };
            section.keys.push(Key { name, value, example, words });
        } else {
            words.clear();
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# Whole.\n\n# Here.\n[web]\n# An address,\n# with a port.\nlisten = \":1\"\n# Off.\n#plain_listen = \":2\"\n";

    #[test]
    fn a_key_has_the_comment_before_it() {
        let page = page(FILE);
        assert!(page.contains("## [web]\n\nHere.\n"), "{page}");
        assert!(page.contains("| `listen` | `\":1\"` | An address, with a port. |"), "{page}");
        assert!(page.contains("| `plain_listen` | example `\":2\"` | Off. |"), "{page}");
        assert!(!page.contains("Whole"), "{page}");
    }

    #[test]
    fn ports_are_off_where_they_are_absent() {
        let page = ports(FILE);
        assert!(page.contains("| `[web]` | `listen` | `:1` | Here. |"), "{page}");
        assert!(page.contains("| `[web]` | `plain_listen` | `off` | Off. |"), "{page}");
    }
}
