//! One route, described.

use super::schemas::Schemas;
use crate::api::guard::{Asks, Guard};
use axum::http::Method;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// How a value looks.
pub(super) enum Shape {
    /// As a type describes itself.
    Made(fn(&mut Schemas) -> Value),
    /// One of `shapes.json`.
    Named(&'static str),
    /// A list of those.
    List(&'static str),
    /// One of several.
    Either(Vec<Self>),
    /// Not JSON: this media type.
    Bytes(&'static str),
}

impl Shape {
    fn media_type(&self) -> &'static str {
        match self {
            Self::Bytes(kind) => kind,
            _ => "application/json",
        }
    }

    fn schema(&self, schemas: &mut Schemas) -> Value {
        match self {
            Self::Made(make) => make(schemas),
            Self::Named(name) => reference(name),
            Self::List(name) => json!({ "type": "array", "items": reference(name) }),
            Self::Either(shapes) => {
                let all: Vec<Value> = shapes.iter().map(|shape| shape.schema(schemas)).collect();
                json!({ "anyOf": all })
            }
            Self::Bytes(_) => json!({ "type": "string" }),
        }
    }

    fn content(&self, schemas: &mut Schemas) -> Value {
        let schema = self.schema(schemas);
        json!({ self.media_type(): { "schema": schema } })
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// What a parameter of a query may be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    Time,
    OneOf(&'static [&'static str]),
}

impl Kind {
    fn schema(self) -> Value {
        match self {
            Self::Text => json!({ "type": "string" }),
            Self::Number => json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Time => json!({ "type": "string", "format": "date-time" }),
            Self::OneOf(words) => json!({ "type": "string", "enum": words }),
        }
    }
}

/// A parameter of a query: its name, what it may be, what it is for.
pub(super) type Parameter = (&'static str, Kind, &'static str);

/// A description without the right that the route needs, which the table knows.
pub(super) struct Operation {
    method: Method,
    path: &'static str,
    summary: &'static str,
    query: Vec<Parameter>,
    headers: Vec<Parameter>,
    body: Option<(Shape, bool)>,
    answers: Vec<(u16, Option<Shape>)>,
    refusals: BTreeSet<u16>,
}

pub(super) fn get(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::GET, path, summary)
}

pub(super) fn post(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::POST, path, summary)
}

pub(super) fn put(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::PUT, path, summary)
}

pub(super) fn patch(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::PATCH, path, summary)
}

pub(super) fn delete(path: &'static str, summary: &'static str) -> Operation {
    Operation::new(Method::DELETE, path, summary)
}

impl Operation {
    fn new(method: Method, path: &'static str, summary: &'static str) -> Self {
        let variable = path.contains('{');
        let refusals = if variable { BTreeSet::from([400, 404, 409]) } else { BTreeSet::new() };
        let (query, headers, answers) = (Vec::new(), Vec::new(), Vec::new());
        Self { method, path, summary, query, headers, body: None, answers, refusals }
    }

    pub(super) fn method(&self) -> &Method {
        &self.method
    }

    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    pub(super) fn query(mut self, parameters: &[Parameter]) -> Self {
        self.query.extend_from_slice(parameters);
        self.refused(&[400])
    }

    /// A header that must be there.
    pub(super) fn header(mut self, header: Parameter) -> Self {
        self.headers.push(header);
        self
    }

    /// A body that must be there.
    pub(super) fn takes(mut self, shape: Shape) -> Self {
        self.body = Some((shape, true));
        self.refused(&[400, 408, 413])
    }

    /// A body that may be left out.
    pub(super) fn may_take(mut self, shape: Shape) -> Self {
        self.body = Some((shape, false));
        self.refused(&[400, 408, 413])
    }

    pub(super) fn gives(mut self, status: u16, shape: Shape) -> Self {
        self.answers.push((status, Some(shape)));
        self
    }

    pub(super) fn gives_nothing(mut self, status: u16) -> Self {
        self.answers.push((status, None));
        self
    }

    /// Statuses of refusals beyond those that follow from the right, the path and the body.
    pub(super) fn refused(mut self, statuses: &[u16]) -> Self {
        self.refusals.extend(statuses);
        self
    }

    /// It asks the device: 424 without its password, 422 when AMT says no, 403 without consent.
    pub(super) fn of_device(self) -> Self {
        self.refused(&[400, 403, 404, 409, 422, 424])
    }

    pub(super) fn json(&self, guard: Guard, schemas: &mut Schemas) -> Value {
        let mut operation = json!({
            "operationId": self.id(),
            "tags": [self.tag()],
            "summary": self.summary,
            "security": self.security(guard),
            "responses": self.responses(guard, schemas),
        });
        match guard {
            Guard::Open => {}
            Guard::SignedIn => operation["description"] = "Needs only to be signed in.".into(),
            Guard::Needs(action) => {
                operation["description"] =
                    format!("Needs the right `{}`: {}.", action.name(), action.words()).into();
                operation["x-viaduct-right"] = action.name().into();
            }
            Guard::Depends(asks) => {
                let action = asks.least();
                operation["description"] = format!(
                    "Needs the right `{}`: {}; and, by what the body says, {}.",
                    action.name(),
                    action.words(),
                    beside(asks)
                )
                .into();
                operation["x-viaduct-right"] = action.name().into();
            }
        }
        let parameters = self.parameters();
        if !parameters.is_empty() {
            operation["parameters"] = parameters.into();
        }
        if let Some((shape, required)) = &self.body {
            let content = shape.content(schemas);
            operation["requestBody"] = json!({ "required": required, "content": content });
        }
        operation
    }

    fn responses(&self, guard: Guard, schemas: &mut Schemas) -> Value {
        let mut responses = Map::new();
        for (status, shape) in &self.answers {
            let mut response = json!({ "description": words(*status) });
            if let Some(shape) = shape {
                response["content"] = shape.content(schemas);
            }
            responses.insert(status.to_string(), response);
        }
        let mut refusals: BTreeSet<String> =
            self.refusals.iter().map(ToString::to_string).collect();
        if guard != Guard::Open {
            refusals.extend(["403", "429"].map(str::to_owned));
            // Vault's clients know no 401.
            if !self.path.starts_with("/v1/") {
                refusals.insert("401".to_owned());
            }
        }
        refusals.insert("5XX".to_owned());
        for status in refusals {
            let problem = || json!({ "$ref": "#/components/responses/Problem" });
            responses.entry(status).or_insert_with(problem);
        }
        Value::Object(responses)
    }

    fn security(&self, guard: Guard) -> Value {
        match guard {
            Guard::Open => json!([]),
            _ if self.path.starts_with("/v1/") => json!([{ "vaultToken": [] }, { "bearer": [] }]),
            _ => json!([{ "bearer": [] }, { "basic": [] }, { "cookie": [] }]),
        }
    }

    fn parameters(&self) -> Vec<Value> {
        let variables = self.path.split('/').filter_map(|part| part.strip_prefix('{'));
        let in_path = variables.map(|name| {
            let name = name.trim_end_matches('}');
            let (schema, about) = variable(name);
            json!({ "name": name, "in": "path", "required": true, "schema": schema, "description": about })
        });
        let in_query = self.query.iter().map(|(name, kind, about)| {
            json!({ "name": name, "in": "query", "schema": kind.schema(), "description": about })
        });
        let in_header = self.headers.iter().map(|(name, kind, about)| {
            json!({ "name": name, "in": "header", "required": true, "schema": kind.schema(), "description": about })
        });
        in_path.chain(in_query).chain(in_header).collect()
    }

    /// The area: the first part of the path behind the version.
    fn tag(&self) -> &'static str {
        let path = self.path.trim_start_matches("/api/v1").trim_start_matches('/');
        match path.split('/').next().unwrap_or_default() {
            "" | "setup" => "setup",
            "v1" => "secrets",
            "relay" | "ws" => "redirections",
            "login" | "session" | "oidc" => "authorize",
            "exports" | "imports" => "devices",
            "ciracert" => "certificates",
            "health" | "version" | "status" | "config" | "openapi.json" => "server",
            area => area,
        }
    }

    fn id(&self) -> String {
        let mut id = self.method.as_str().to_lowercase();
        let path = self.path.strip_prefix("/api/v1").unwrap_or_else(|| {
            id.push_str("_root");
            self.path
        });
        for part in path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty())
        {
            id.push('_');
            id.push_str(part);
        }
        id
    }
}

fn variable(name: &str) -> (Value, &'static str) {
    let text = || json!({ "type": "string", "minLength": 1 });
    match name {
        "device" => (text(), "GUID, name, FQDN, or its first label when that is unique."),
        "guid" => (json!({ "type": "string", "format": "uuid" }), "GUID."),
        "id" => (json!({ "type": "integer", "minimum": 0 }), "Number."),
        "media" => (text(), "Id or name of an image."),
        "port" => (json!({ "type": "integer", "minimum": 1, "maximum": 65535 }), "Service port."),
        "kind" => (text(), "First part of the secret's path, for example `devices`."),
        _ => (text(), "Name."),
    }
}

fn words(status: u16) -> &'static str {
    match status {
        101 => "The connection is switched.",
        201 => "Made.",
        202 => "Begun.",
        204 => "Done.",
        302 | 303 => "Go on there.",
        _ => "The answer.",
    }
}

/// What the body of a request may make needed too.
fn beside(asks: Asks) -> &'static str {
    match asks {
        Asks::Power => "`power.off`, `power.reset` or `power.sleep`",
        Asks::Boot => "`power.on` or `power.reset`",
        Asks::Ticket => "`redirect.kvm`, `redirect.sol`, `redirect.ider` or `proxy`",
        Asks::Wsman => "`wsman.write`",
    }
}
