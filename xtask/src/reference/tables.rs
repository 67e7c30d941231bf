//! Codes, events, rights and figures as tables.

use serde_json::Value;

/// A text of the data; nothing when it is not there.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The members of an array; none when it is none.
pub(super) fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Text as it may stand in a cell of a table; links of rustdoc are names in it.
pub(super) fn cell(text: &str) -> String {
    text.replace("[`", "`")
        .replace("`]", "`")
        .replace('\n', " ")
        .replace('|', "\\|")
        .replace('<', "\\<")
}

pub(super) fn errors(data: &Value) -> String {
    let mut page = String::from(
        "# Codes of errors\n\nEvery refusal has a code, which keeps its meaning for good: `code` of a problem document, the \
         header `X-Viaduct-Code`, `[E2002]` on the command line, a column of the audit log. *Exit* is the exit code of a \
         command that fails with it. What to do when you see one: [troubleshooting](../troubleshooting.md).\n",
    );
    let families = [
        ('1', "Requests, settings and starting"),
        ('2', "Devices"),
        ('3', "Signing in and rights"),
        ('4', "The server itself"),
    ];
    for (digit, title) in families {
        page.push_str(&format!("\n## E{digit}xxx: {title}\n\n"));
        page.push_str(
            "| code | what happened | why | what to do next | exit |\n|---|---|---|---|---|\n",
        );
        for code in list(&data["codes"]).filter(|code| text(code, "code")[1..].starts_with(digit)) {
            let (name, exit) = (text(code, "code"), &code["exit"]);
            let [title, cause, next] = ["title", "cause", "next"].map(|key| cell(text(code, key)));
            page.push_str(&format!("| `{name}` | {title} | {cause} | {next} | {exit} |\n"));
        }
    }
    page
}

pub(super) fn events(data: &Value) -> String {
    let mut page = String::from(
        "# Events\n\nThe types of events and the keys of their records. How to get them: [events](../events.md).\n\n\
         ## Types\n\n| type | means |\n|---|---|\n",
    );
    for event in list(&data["events"]) {
        let (name, words) = (text(event, "name"), cell(text(event, "words")));
        page.push_str(&format!("| `{name}` | {words} |\n"));
    }
    let schema = &data["eventSchema"];
    page.push_str("\n## Keys of a record\n\n");
    page.push_str(&super::api::properties(schema));
    let parts = schema["$defs"].as_object().into_iter().flatten();
    for (name, part) in parts {
        page.push_str(&format!("\n### {name}\n\n{}\n", cell(text(part, "description"))));
        if part["properties"].is_object() {
            page.push_str(&format!("\n{}", super::api::properties(part)));
        }
    }
    page
}

pub(super) fn rights(data: &Value) -> String {
    let mut page = String::from(
        "# Rights\n\nWhich role and which scope of a token may do what. Whether the person at the PC must consent is AMT's \
         decision beside this. How to use them: [access](../access.md).\n\n## Roles\n\n| role | for whom |\n|---|---|\n",
    );
    for role in list(&data["roles"]) {
        let (name, words) = (text(role, "name"), cell(text(role, "words")));
        page.push_str(&format!("| `{name}` | {words} |\n"));
    }
    let roles: Vec<&str> = list(&data["roles"]).map(|role| text(role, "name")).collect();
    let scopes: Vec<&str> = list(&data["scopes"]).filter_map(Value::as_str).collect();
    for (title, key, columns) in [("People", "roles", roles), ("Tokens", "scopes", scopes)] {
        page.push_str(&format!("\n## {title}\n\n| right | what |"));
        page.push_str(&columns.iter().map(|name| format!(" {name} |")).collect::<String>());
        page.push_str(&format!("\n|---|---|{}\n", "---|".repeat(columns.len())));
        for action in list(&data["actions"]) {
            let (name, words) = (text(action, "name"), cell(text(action, "words")));
            page.push_str(&format!("| `{name}` | {words} |"));
            for column in &columns {
                let may = list(&action[key]).any(|name| name == column);
                page.push_str(if may { " ● |" } else { " |" });
            }
            page.push('\n');
        }
    }
    page
}

/// Of the text that Prometheus reads.
pub(super) fn metrics(figures: &str) -> String {
    let mut page = String::from(
        "# Metrics\n\nWhat `/metrics` of the `[metrics]` listener has, for Prometheus. Counters end in `_total` there; \
         labels hold words of the server, never of a device. How to use them: [Prometheus](../how-to/prometheus.md).\n\n| name | type | labels | means |\n|---|---|---|---|\n",
    );
    for family in figures.split("# HELP ").skip(1) {
        let mut lines = family.lines();
        let (name, help) = lines.next().and_then(|line| line.split_once(' ')).unwrap_or_default();
        let kind = lines.next().and_then(|line| line.rsplit(' ').next()).unwrap_or_default();
        let end = match kind {
            "counter" => "_total",
            "info" => "_info",
            _ => "",
        };
        let labels = lines.next().unwrap_or_default().split(['{', '}']).nth(1).unwrap_or_default();
        let labels: Vec<String> = labels
            .split(',')
            .filter_map(|label| label.split_once('=').map(|(name, _)| name))
            .filter(|name| *name != "le")
            .map(|name| format!("`{name}`"))
            .collect();
        let help = cell(help.trim_end_matches('.'));
        page.push_str(&format!("| `{name}{end}` | {kind} | {} | {help} |\n", labels.join(", ")));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_a_line_with_its_labels() {
        let page = metrics(
            "# HELP v_ends Ends, by reason.\n# TYPE v_ends counter\nv_ends_total{reason=\"x\"} 0\n",
        );
        assert!(
            page.ends_with("| `v_ends_total` | counter | `reason` | Ends, by reason |\n"),
            "{page}"
        );
    }

    #[test]
    fn what_would_end_a_cell_does_not() {
        assert_eq!(cell("a|b\nc<d"), "a\\|b c\\<d");
    }
}
