//! The description and the table say the same, and nothing in it leads nowhere.

use super::*;
use crate::api::{table, tests::Bench};
use std::collections::BTreeSet;

const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/openapi.json");

async fn entries() -> Vec<Entry> {
    let bench = Bench::new().await;
    let own = Entry { method: Method::GET, path: PATH, guard: Guard::Open };
    table(Arc::new(bench.api.clone())).entries().iter().cloned().chain([own]).collect()
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else_is() {
    let key = |method: &Method, path: &str| format!("{method} {path}");
    let entries = entries().await;
    let routes: BTreeSet<String> =
        entries.iter().map(|entry| key(&entry.method, entry.path)).collect();
    let operations = operations();
    let described: BTreeSet<String> =
        operations.iter().map(|it| key(it.method(), it.path())).collect();
    assert_eq!(operations.len(), described.len(), "a route is described twice");
    let missing: Vec<_> = routes.difference(&described).collect();
    let surplus: Vec<_> = described.difference(&routes).collect();
    assert!(missing.is_empty(), "not described: {missing:?}");
    assert!(surplus.is_empty(), "described, and no route: {surplus:?}");
}

#[tokio::test]
async fn the_description_is_the_golden_one() {
    let document = document(&entries().await);
    let found = format!("{document:#}\n");
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(GOLDEN, &found).unwrap();
    }
    let golden = std::fs::read_to_string(GOLDEN).unwrap_or_default();
    assert!(found == golden, "it differs from {GOLDEN}; BLESS=1 writes it anew");
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            let name = object.get("$ref").and_then(Value::as_str);
            let name = name.and_then(|it| it.strip_prefix("#/components/schemas/"));
            found.extend(name.map(str::to_owned));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[tokio::test]
async fn every_shape_that_is_referred_to_is_there_and_each_is_used() {
    let document = document(&entries().await);
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let known: BTreeSet<String> = schemas.keys().cloned().collect();
    assert_eq!(used, known);
}

#[tokio::test]
async fn each_operation_has_an_id_of_its_own_and_says_what_right_it_needs() {
    let entries = entries().await;
    let document = document(&entries);
    let mut ids = BTreeSet::new();
    for entry in &entries {
        let operation = &document["paths"][entry.path][entry.method.as_str().to_lowercase()];
        let id = operation["operationId"].as_str().unwrap();
        assert!(ids.insert(id.to_owned()), "{id} is there twice");
        let right = operation["x-viaduct-right"].as_str();
        assert_eq!(right, entry.guard.least().map(|action| action.name()), "{id}");
        let open = operation["security"].as_array().is_some_and(Vec::is_empty);
        assert_eq!(open, entry.guard == Guard::Open, "{id}");
    }
}
