//! The REST interface, of its own description.

use super::tables::{cell, list, text};
use serde_json::Value;
use std::collections::BTreeMap;

const METHODS: [&str; 6] = ["get", "head", "post", "put", "patch", "delete"];

/// A route: method, path and what the description says of it.
type Route<'a> = (String, &'a str, &'a Value);

pub(super) fn page(document: &Value) -> String {
    let mut page = String::from("# REST\n\n");
    page.push_str(text(&document["info"], "description"));
    page.push_str(
        "\n\nEvery server has this as `GET /api/v1/openapi.json` for programs. *Right* is what the caller needs: \
         see [rights](rights.md). Codes of refusals: [errors](errors.md).\n",
    );
    let mut families: BTreeMap<&str, Vec<Route<'_>>> = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for method in METHODS.into_iter().filter(|method| methods[*method].is_object()) {
            let route = &methods[method];
            let family = route["tags"][0].as_str().unwrap_or("other");
            families.entry(family).or_default().push((method.to_uppercase(), path, route));
        }
    }
    for (family, routes) in families {
        page.push_str(&format!(
            "\n## {family}\n\n| route | does | right | takes | gives |\n|---|---|---|---|---|\n"
        ));
        for route in &routes {
            page.push_str(&row(route));
        }
        page.push_str(&parameters(&routes));
    }
    page.push_str("\n## Shapes\n");
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        page.push_str(&format!("\n### {name}\n\n"));
        let words = cell(text(schema, "description"));
        if !words.is_empty() {
            page.push_str(&format!("{words}\n\n"));
        }
        if schema["properties"].is_object() {
            page.push_str(&properties(schema));
        } else {
            page.push_str(&format!("{}\n", kind(schema)));
        }
    }
    page
}

fn row((method, path, route): &Route<'_>) -> String {
    let right = route["x-viaduct-right"].as_str().map_or(String::new(), |it| format!("`{it}`"));
    let takes = contents(&route["requestBody"]);
    let mut gives: Vec<String> = Vec::new();
    for (status, answer) in route["responses"].as_object().into_iter().flatten() {
        if answer["$ref"].is_null() {
            gives.push(format!("{status} {}", contents(answer)).trim_end().to_owned());
        }
    }
    let summary = cell(text(route, "summary"));
    format!("| `{method} {path}` | {summary} | {right} | {takes} | {} |\n", gives.join(", "))
}

/// Parameters of the query and headers; those of the path say what they are.
fn parameters(routes: &[Route<'_>]) -> String {
    let mut rows = String::new();
    for (method, path, route) in routes {
        for parameter in list(&route["parameters"]).filter(|it| it["in"] != "path") {
            let (name, place) = (text(parameter, "name"), text(parameter, "in"));
            let (kind, words) = (kind(&parameter["schema"]), cell(text(parameter, "description")));
            rows.push_str(&format!(
                "| `{method} {path}` | `{name}` ({place}) | {kind} | {words} |\n"
            ));
        }
    }
    if rows.is_empty() {
        return rows;
    }
    format!("\n| route | parameter | type | means |\n|---|---|---|---|\n{rows}")
}

/// What a body holds.
fn contents(body: &Value) -> String {
    let mut kinds = Vec::new();
    for (media, content) in body["content"].as_object().into_iter().flatten() {
        let kind = kind(&content["schema"]);
        kinds.push(if media == "application/json" { kind } else { format!("{media} {kind}") });
    }
    kinds.join(" or ").trim_end().to_owned()
}

/// The keys of an object as a table.
pub(super) fn properties(schema: &Value) -> String {
    let mut table = String::from("| key | type | means |\n|---|---|---|\n");
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let (kind, words) = (kind(property), cell(text(property, "description")));
        table.push_str(&format!("| `{name}` | {kind} | {words} |\n"));
    }
    table
}

/// A type in a few words.
fn kind(schema: &Value) -> String {
    if let Some(name) = schema["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
        return format!("[{name}](#{})", name.to_lowercase());
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        let kinds: Vec<String> =
            list(&schema[choice]).map(kind).filter(|it| it != "null").collect();
        if !kinds.is_empty() {
            return kinds.join(" or ");
        }
    }
    let words: Vec<String> = list(&schema["enum"]).map(|value| format!("`{value}`")).collect();
    if !words.is_empty() {
        return words.join(", ");
    }
    if !schema["const"].is_null() {
        return format!("`{}`", schema["const"]);
    }
    let names: Vec<&str> = match &schema["type"] {
        Value::String(name) => vec![name.as_str()],
        several => list(several).filter_map(Value::as_str).filter(|it| *it != "null").collect(),
    };
    match names[..] {
        ["array"] => format!("array of {}", kind(&schema["items"])),
        _ => match text(schema, "format") {
            "date-time" => "time".to_owned(),
            _ => names.join(" or "),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn types_are_told_in_a_few_words() {
        let schema =
            json!({ "type": ["array", "null"], "items": { "$ref": "#/components/schemas/Bytes" } });
        assert_eq!(kind(&schema), "array of [Bytes](#bytes)");
        assert_eq!(kind(&json!({ "enum": ["a", 1] })), "`\"a\"`, `1`");
        assert_eq!(kind(&json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] })), "string");
        assert_eq!(kind(&json!({ "type": ["string", "null"], "format": "date-time" })), "time");
    }

    #[test]
    fn a_route_is_a_line() {
        let route = json!({ "summary": "Lists.", "x-viaduct-right": "devices.read", "tags": ["t"],
            "responses": { "200": { "description": "x" }, "403": { "$ref": "y" } } });
        let page = page(&json!({ "paths": { "/a/{b}": { "get": route } } }));
        assert!(page.contains("## t\n"), "{page}");
        assert!(page.contains("| `GET /a/{b}` | Lists. | `devices.read` |  | 200 |\n"), "{page}");
    }
}
