//! Raw WS-Man: any class of AMT's schemas, as JSON, or as an envelope that the client wrote itself.
//!
//! What only reads needs another right than what may change something; which of the two a request is, is told by
//! reading it, not by believing it.

use super::{
    Api,
    amt::{
        json,
        visit::{Asked, Visit},
    },
    body,
    guard::{Asks, Guard},
    refusal::Refusal,
    routes::Routes,
};
use crate::{
    access::Action,
    command::{
        CommandError, DeviceCommands,
        exchange::{Envelope, changes},
    },
};
use amt::wsman::{
    Instance, Operation, Outcome, Properties, Reply, Request as WsmanRequest, ResourceUri, Target,
    Value as Wsman,
};
use axum::{
    extract::{FromRequest, Query, Request},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::{collections::HashMap, sync::Arc};
use viaduct_api::Code;

/// The routes. What changes something needs another right than the route's, which the handler asks for.
pub(super) fn routes(routes: Routes) -> Routes {
    let path = "/api/v1/wsman/{device}";
    routes.add(&Method::GET, path, Guard::Needs(Action::ReadWsman), read).add(
        &Method::POST,
        path,
        Guard::Depends(Asks::Wsman),
        call,
    )
}

/// The right that the request in a body needs.
pub(super) fn right(body: &[u8], headers: &HeaderMap) -> Option<Action> {
    let operation = match Raw::understood(body, headers).ok()? {
        Raw::Wish(wish) => wish.understood().ok()?.1,
        Raw::Envelope(envelope) => envelope.1.operation,
    };
    Some(if changes(&operation) { Action::WriteWsman } else { Action::ReadWsman })
}

const SOAP: &str = "application/soap+xml; charset=UTF-8";

/// A request in JSON.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(rename = "WsmanRequest")]
pub(super) struct Wish {
    /// `identify`, `get`, `enumerate`, `put`, `create`, `delete` or `invoke`.
    operation: String,
    #[serde(default)]
    class: String,
    /// Keys of the instance.
    #[serde(default)]
    selectors: Map<String, Value>,
    #[serde(default)]
    method: String,
    /// With `put`: the instance is read first, and only the given properties change.
    #[serde(default)]
    merge: bool,
    /// Arguments of a method, or properties to be put or created. A list makes an array.
    #[serde(default, alias = "properties")]
    arguments: Map<String, Value>,
}

/// The body of a request: ours in JSON, or somebody's envelope.
#[derive(Debug)]
pub(super) enum Raw {
    Wish(Wish),
    Envelope(Box<(Vec<u8>, WsmanRequest)>),
}

impl FromRequest<Arc<Api>> for Raw {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &Arc<Api>) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        Self::understood(&body::read(body).await?, &parts.headers)
    }
}

impl Raw {
    fn understood(body: &[u8], headers: &HeaderMap) -> Result<Self, Refusal> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if !kind.is_some_and(|kind| kind.to_ascii_lowercase().contains("xml")) {
            return body::parse(body).map(Self::Wish);
        }
        let understood = WsmanRequest::parse(body).map_err(|error| {
            let detail = format!("the envelope cannot be understood: {}", error.fault.reason);
            Refusal::new(Code::BadRequest, detail)
        })?;
        Ok(Self::Envelope(Box::new((body.to_vec(), understood))))
    }
}

/// `GET /wsman/{device}?class=…`: reads a class; with `enumerate` lists it.
pub(super) async fn read(
    asked: Asked,
    headers: HeaderMap,
    Query(query): Query<HashMap<String, String>>,
) -> Result<Response, Refusal> {
    let class = query.get("class").cloned().unwrap_or_default();
    let operation = query.get("operation").map_or("get", String::as_str);
    if !matches!(operation, "get" | "enumerate" | "identify") {
        let msg = "expected get, enumerate or identify";
        return Err(Refusal::invalid("operation", "query", operation.into(), msg));
    }
    let known = ["class", "operation"];
    let selectors = query
        .iter()
        .filter(|(key, _)| !known.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone().into()))
        .collect();
    let wish = Wish {
        operation: operation.to_owned(),
        class,
        selectors,
        method: String::new(),
        merge: false,
        arguments: Map::new(),
    };
    run(asked, &headers, wish).await
}

/// `POST /wsman/{device}`.
pub(super) async fn call(asked: Asked, headers: HeaderMap, raw: Raw) -> Result<Response, Refusal> {
    match raw {
        Raw::Wish(wish) => run(asked, &headers, wish).await,
        Raw::Envelope(envelope) => {
            let (bytes, request) = *envelope;
            pass(asked, bytes, request).await
        }
    }
}

/// Sends the client's own envelope and gives the device's answer as it is.
async fn pass(
    mut asked: Asked,
    bytes: Vec<u8>,
    request: WsmanRequest,
) -> Result<Response, Refusal> {
    let writes = prove(&mut asked, &request.operation)?;
    let visit = asked.connected()?;
    let own = visit.clone();
    let detail = describe(&request.target, &request.operation);
    let work = async move {
        let mut device = own.commands("raw WS-Man").await?;
        let answered = device.send(&Envelope::foreign(bytes, &request)).await?;
        let status = StatusCode::from_u16(answered.status).unwrap_or(StatusCode::BAD_GATEWAY);
        Ok((status, [(header::CONTENT_TYPE, SOAP)], answered.envelope).into_response())
    };
    if writes { visit.change(detail, work).await } else { work.await }
}

/// Whether it may change something; then the right to do so is asked for.
fn prove(asked: &mut Asked, operation: &Operation) -> Result<bool, Refusal> {
    let writes = changes(operation);
    if writes {
        asked.caller.may(&asked.api, Action::WriteWsman)?;
        asked.caller.action = Some(Action::WriteWsman);
    }
    Ok(writes)
}

/// What is done to what, without values: they may be secret.
fn describe(target: &Target, operation: &Operation) -> String {
    let class = target.resource.class_name();
    match operation {
        Operation::Identify => "identify".to_owned(),
        Operation::Get => format!("get {class}"),
        Operation::Put(_) => format!("put {class}"),
        Operation::Create(_) => format!("create {class}"),
        Operation::Delete => format!("delete {class}"),
        Operation::Enumerate => format!("enumerate {class}"),
        Operation::Pull { .. } => format!("pull {class}"),
        Operation::Release { .. } => format!("release {class}"),
        Operation::Subscribe(_) => format!("subscribe to {class}"),
        Operation::Unsubscribe { .. } => format!("unsubscribe from {class}"),
        Operation::Invoke { method, .. } => format!("{class}.{method}"),
    }
}

async fn run(mut asked: Asked, headers: &HeaderMap, wish: Wish) -> Result<Response, Refusal> {
    let (target, operation) = wish.understood()?;
    let xml = headers
        .get(header::ACCEPT)
        .and_then(|accept: &HeaderValue| accept.to_str().ok())
        .is_some_and(|accept| accept.contains("xml") && !accept.contains("json"));
    let writes = prove(&mut asked, &operation)?;
    let visit = asked.connected()?;
    let detail = describe(&target, &operation);
    let work = answer(visit.clone(), target, operation, wish.merge, xml);
    if writes { visit.change(detail, work).await } else { work.await }
}

async fn answer(
    visit: Visit,
    target: Target,
    mut operation: Operation,
    merge: bool,
    xml: bool,
) -> Result<Response, Refusal> {
    let mut device = visit.commands("raw WS-Man").await?;
    if let (true, Operation::Put(wanted)) = (merge, &mut operation) {
        let mut whole = device.get_at(target.clone()).await?;
        for (name, _) in &wanted.properties {
            let values: Vec<Wsman> = wanted.all(name).cloned().collect();
            whole.set(name, values);
        }
        *wanted = whole;
    }
    let (shaped, envelope) = perform(&mut device, target, operation).await?;
    if xml {
        return Ok(([(header::CONTENT_TYPE, SOAP)], envelope).into_response());
    }
    Ok(axum::Json(shaped).into_response())
}

/// The result in JSON, and the envelope that it came in.
async fn perform(
    device: &mut DeviceCommands,
    target: Target,
    operation: Operation,
) -> Result<(Value, Vec<u8>), CommandError> {
    let shaped = match operation {
        Operation::Identify => {
            let identity = device.identify().await?;
            json!({
                "ProtocolVersion": identity.protocol,
                "ProductVendor": identity.vendor,
                "ProductVersion": identity.version,
            })
        }
        Operation::Get => json::object(&device.get_at(target).await?),
        Operation::Enumerate => {
            let resource = target.resource.clone();
            let items = device.enumerate_at(target).await?;
            let shaped = json::objects(&items);
            // It may have come in several envelopes: one that holds all of it.
            let result = Ok(Outcome::Pulled { items, next: None });
            let reply = Reply { relates_to: "1".into(), resource: Some(resource), result };
            return Ok((shaped, reply.to_xml(1).into_bytes()));
        }
        Operation::Put(instance) => {
            let put = device.put(target, instance).await?;
            put.as_ref().map_or_else(|| json!({}), json::object)
        }
        Operation::Create(instance) => {
            let created = device.create(target, instance).await?;
            let created = created.map(|made| vec![("Created".to_owned(), made.into())]);
            json::properties(&created.unwrap_or_default())
        }
        Operation::Delete => {
            device.delete(target).await?;
            json!({})
        }
        Operation::Invoke { method, arguments } => {
            let is_amt = !target.resource.class_name().starts_with("CIM_");
            let output = device.invoke(target, &method, arguments).await?;
            let mut shaped = json::properties(&output.properties);
            if is_amt {
                shaped["ReturnValueStr"] = amt::status::name(output.value).into();
            }
            shaped
        }
        // Only an envelope of the client's own can ask for these, and that is passed on as it is.
        Operation::Pull { .. }
        | Operation::Release { .. }
        | Operation::Subscribe(_)
        | Operation::Unsubscribe { .. } => json!({}),
    };
    Ok((shaped, device.envelope().to_vec()))
}

impl Wish {
    fn understood(&self) -> Result<(Target, Operation), Refusal> {
        let operation = self.operation.to_ascii_lowercase();
        if operation == "identify" {
            return Ok((Target::default(), Operation::Identify));
        }
        let mut target = Target::class(&self.class).ok_or_else(|| {
            let msg = "expected a class whose name begins with AMT_, CIM_ or IPS_";
            Refusal::invalid("class", "body", self.class.clone().into(), msg)
        })?;
        target.selectors = values(&self.selectors, "selectors")?;
        let instance = || {
            let resource = ResourceUri::of_class(&self.class).unwrap_or_default();
            let properties = values(&self.arguments, "properties")?;
            Ok::<_, Refusal>(Instance { resource, properties })
        };
        let operation = match operation.as_str() {
            "get" => Operation::Get,
            "enumerate" | "enum" => Operation::Enumerate,
            "put" => Operation::Put(instance()?),
            "create" => Operation::Create(instance()?),
            "delete" => Operation::Delete,
            "invoke" => {
                let letters = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
                if self.method.is_empty() || !self.method.bytes().all(letters) {
                    let msg = "expected the name of a method";
                    return Err(Refusal::invalid(
                        "method",
                        "body",
                        self.method.clone().into(),
                        msg,
                    ));
                }
                let arguments = values(&self.arguments, "arguments")?;
                Operation::Invoke { method: self.method.clone(), arguments }
            }
            other => {
                let msg = "expected identify, get, enumerate, put, create, delete or invoke";
                return Err(Refusal::invalid("operation", "body", other.into(), msg));
            }
        };
        Ok((target, operation))
    }
}

/// JSON as WS-Man: a list is an array, an object with `class` and `selectors` names an instance, null is no value.
fn values(object: &Map<String, Value>, place: &str) -> Result<Properties, Refusal> {
    let mut all = Properties::new();
    for (name, value) in object {
        match value {
            Value::Array(items) => {
                for item in items {
                    all.push((name.clone(), one(item, place, name)?));
                }
            }
            value => all.push((name.clone(), one(value, place, name)?)),
        }
    }
    Ok(all)
}

fn one(value: &Value, place: &str, name: &str) -> Result<Wsman, Refusal> {
    let bad = || {
        let msg = "expected a text, a number, true or false, null, {\"datetime\": …}, or {\"class\": …, \
                   \"selectors\": {…}}";
        Refusal::invalid(&format!("{place}.{name}"), "body", value.clone(), msg)
    };
    match value {
        Value::Null => Ok(Wsman::Null),
        Value::Bool(truth) => Ok((*truth).into()),
        Value::Number(number) => Ok(number.to_string().into()),
        Value::String(text) => Ok(text.as_str().into()),
        Value::Array(_) => Err(bad()),
        Value::Object(object) => {
            if let Some(time) = object.get("datetime").and_then(Value::as_str) {
                return Ok(Wsman::DateTime(time.to_owned()));
            }
            let class = object.get("class").and_then(Value::as_str).ok_or_else(bad)?;
            let resource = ResourceUri::of_class(class).ok_or_else(bad)?;
            if let Some(properties) = object.get("properties").and_then(Value::as_object) {
                let properties = values(properties, name)?;
                return Ok(Wsman::Object(Instance { resource, properties }));
            }
            let empty = Map::new();
            let keys = object.get("selectors").and_then(Value::as_object).unwrap_or(&empty);
            let selectors = values(keys, name)?;
            Ok(amt::wsman::Reference { resource, selectors }.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn understood(json: Value) -> Result<(Target, Operation), Refusal> {
        body::parse::<Wish>(json.to_string().as_bytes())?.understood()
    }

    #[test]
    fn a_method_with_a_reference_and_an_array_is_understood() {
        let (target, operation) = understood(json!({
            "operation": "invoke", "class": "CIM_BootConfigSetting", "method": "ChangeBootOrder",
            "selectors": { "InstanceID": "x" },
            "arguments": {
                "Source": { "class": "CIM_BootSourceSetting", "selectors": { "InstanceID": "y" } },
                "Numbers": [1, 2],
            },
        }))
        .unwrap();
        assert_eq!(target.selector("InstanceID"), Some("x"));
        assert!(changes(&operation));
        let Operation::Invoke { arguments, .. } = operation else { unreachable!() };
        assert_eq!(arguments.iter().filter(|(name, _)| name == "Numbers").count(), 2);
        let source = arguments.iter().find(|(name, _)| name == "Source").unwrap();
        assert_eq!(source.1.as_reference().unwrap().selector("InstanceID"), Some("y"));
    }

    #[test]
    fn what_is_no_request_is_refused_by_name() {
        for json in [
            json!({ "operation": "get", "class": "Win32_Process" }),
            json!({ "operation": "get", "class": "AMT_<x/>" }),
            json!({ "operation": "fire", "class": "AMT_GeneralSettings" }),
            json!({ "operation": "invoke", "class": "AMT_AuditLog", "method": "A/B" }),
            json!({ "operation": "put", "class": "AMT_AuditLog", "properties": { "a": [[1]] } }),
        ] {
            assert!(understood(json.clone()).is_err(), "{json}");
        }
    }
}
