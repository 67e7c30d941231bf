//! `GET /openapi.json`: every route of the table, described.
//!
//! What a route asks of the caller comes from the table itself, and the shapes come from the types that are sent and
//! read where there is one. Shapes of Open AMT's that are put together piece by piece stand in `shapes.json`. A test
//! compares this description with the table in both directions, and a golden file shows what a change changes.

mod access;
mod media;
mod operation;
mod own;
mod platform;
mod schemas;

use super::{
    guard::Guard,
    routes::{Entry, Routes},
};
use crate::config;
use axum::http::{Method, header};
use operation::Operation;
use schemas::Schemas;
use serde_json::{Map, Value, json};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

/// Where the description is.
const PATH: &str = "/api/v1/openapi.json";

/// Adds the route to a table that is complete. The description is written when it is first asked for.
pub(super) fn route(routes: Routes) -> Routes {
    let own = Entry { method: Method::GET, path: PATH, guard: Guard::Open };
    let entries: Vec<Entry> = routes.entries().iter().cloned().chain([own]).collect();
    let written: Arc<OnceLock<String>> = Arc::default();
    let answer = async move || {
        let text = written.get_or_init(|| document(&entries).to_string());
        ([(header::CONTENT_TYPE, "application/json")], text.clone())
    };
    routes.add(&Method::GET, PATH, Guard::Open, answer)
}

/// All descriptions there are.
fn operations() -> Vec<Operation> {
    let mut all = own::operations();
    all.extend(access::operations());
    all.extend(media::operations());
    all.extend(platform::operations());
    all
}

/// The whole document, for the routes of a table.
fn document(entries: &[Entry]) -> Value {
    let mut schemas = Schemas::new();
    let operations = operations();
    let described: HashMap<(&Method, &str), &Operation> =
        operations.iter().map(|it| ((it.method(), it.path()), it)).collect();
    let mut paths = Map::new();
    for entry in entries {
        let Some(operation) = described.get(&(&entry.method, entry.path)) else { continue };
        let item = paths.entry(entry.path).or_insert_with(|| json!({}));
        item[entry.method.as_str().to_lowercase()] = operation.json(entry.guard, &mut schemas);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Viaduct",
            "version": config::VERSION,
            "description": "Management presence server for Intel AMT. Paths are matched in any case, with one \
                trailing slash tolerated and under the prefix /mps as well. A refusal is a problem document \
                (RFC 9457) with a stable code; where Open AMT's clients expect keys of their own, those stand \
                beside it and the content type is application/json. Any request may say why it is made in the \
                header X-Viaduct-Reason (UTF-8, at most 200 characters); the audit log keeps it with what is done. \
                Power, boot, consent and link orders take an Idempotency-Key: one that comes again is not carried \
                out again, and has the outcome of the first.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas.finish(),
            "responses": { "Problem": {
                "description": "What happened, why, and what to do next.",
                "content": {
                    "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } },
                    "application/json": { "schema": { "$ref": "#/components/schemas/Problem" } },
                },
            } },
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer",
                    "description": "A token of POST /api/v1/tokens or POST /api/v1/authorize." },
                "basic": { "type": "http", "scheme": "basic",
                    "description": "User and password; or the user `token` with a token." },
                "cookie": { "type": "apiKey", "in": "cookie", "name": super::guard::COOKIE,
                    "description": "The cookie of POST /api/v1/session, on this server's own pages only." },
                "vaultToken": { "type": "apiKey", "in": "header", "name": "X-Vault-Token",
                    "description": "A token, as clients of Vault send it." },
            },
        },
    })
}

#[cfg(test)]
mod tests;
