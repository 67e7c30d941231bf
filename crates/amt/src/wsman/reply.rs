//! Replies: what a platform answers, read from and written to an envelope.

use super::{
    fault::Fault,
    instance::{Instance, Properties, Reference, Value, first, read_properties, write_properties},
    names::{
        ADDRESSING, ANONYMOUS, ENUMERATION, EVENTING, FAULT_ACTION, IDENTITY, ResourceUri, SOAP,
        TRANSFER, WSMAN,
    },
    writer::Writer,
    xml::{Element, XmlError, XmlLimits},
};

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The `MessageID` of the request; empty in the reply to Identify.
    pub relates_to: String,
    /// The class that the request was for.
    pub resource: Option<ResourceUri>,
    /// The result.
    pub result: Result<Outcome, Fault>,
}

/// What an operation gives when it succeeds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Of Identify.
    Identity(Identity),
    /// Of Get.
    Got(Instance),
    /// Of Put: the instance as it is now, where the platform says so.
    Put(Option<Instance>),
    /// Of Create: the new instance.
    Created(Option<Reference>),
    /// Of Delete.
    Deleted,
    /// Of Enumerate: the context to pull with.
    Enumerating(String),
    /// Of Pull.
    Pulled {
        /// The next instances.
        items: Vec<Instance>,
        /// The context for more of them; none at the end.
        next: Option<String>,
    },
    /// Of Release.
    Released,
    /// Of a method.
    Invoked {
        /// The method's name.
        method: String,
        /// Its results, `ReturnValue` among them.
        output: Properties,
    },
    /// Of Subscribe.
    Subscribed {
        /// What to name when events are no longer wanted.
        identifier: String,
        /// How long they will be sent, as a duration; empty for ever.
        expires: String,
    },
    /// Of Unsubscribe.
    Unsubscribed,
}

/// Who a platform says it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The namespace of the protocol it speaks.
    pub protocol: String,
    /// For instance `Intel(r)`.
    pub vendor: String,
    /// For instance `AMT 15.0.45`.
    pub version: String,
}

/// Why something is no reply that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// No acceptable XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// No envelope, or one that is not a reply.
    #[error("not a WS-Man reply: {0}")]
    Shape(&'static str),
}

impl Outcome {
    /// The `ReturnValue` of a method.
    #[must_use]
    pub fn return_value(&self) -> Option<u32> {
        let Self::Invoked { output, .. } = self else { return None };
        first(output, "ReturnValue").and_then(Value::as_text)?.trim().parse().ok()
    }

    /// The instance that was read or put.
    #[must_use]
    pub fn into_instance(self) -> Option<Instance> {
        match self {
            Self::Got(instance) => Some(instance),
            Self::Put(instance) => instance,
            Self::Identity(_)
            | Self::Created(_)
            | Self::Deleted
            | Self::Enumerating(_)
            | Self::Pulled { .. }
            | Self::Released
            | Self::Subscribed { .. }
            | Self::Unsubscribed
            | Self::Invoked { .. } => None,
        }
    }

    fn action(&self, resource: &str) -> String {
        match self {
            Self::Identity(_) => String::new(),
            Self::Got(_) => format!("{TRANSFER}/GetResponse"),
            Self::Put(_) => format!("{TRANSFER}/PutResponse"),
            Self::Created(_) => format!("{TRANSFER}/CreateResponse"),
            Self::Deleted => format!("{TRANSFER}/DeleteResponse"),
            Self::Enumerating(_) => format!("{ENUMERATION}/EnumerateResponse"),
            Self::Pulled { .. } => format!("{ENUMERATION}/PullResponse"),
            Self::Released => format!("{ENUMERATION}/ReleaseResponse"),
            Self::Invoked { method, .. } => format!("{resource}/{method}Response"),
            Self::Subscribed { .. } => format!("{EVENTING}/SubscribeResponse"),
            Self::Unsubscribed => format!("{EVENTING}/UnsubscribeResponse"),
        }
    }

    fn write(&self, writer: &mut Writer, resource: &str) {
        match self {
            Self::Deleted
            | Self::Released
            | Self::Unsubscribed
            | Self::Put(None)
            | Self::Created(None) => {}
            Self::Subscribed { identifier, expires } => {
                write_subscribed(writer, resource, identifier, expires);
            }
            Self::Identity(identity) => {
                let tag = writer.start(IDENTITY, "IdentifyResponse");
                writer.element(IDENTITY, "ProtocolVersion", &identity.protocol);
                writer.element(IDENTITY, "ProductVendor", &identity.vendor);
                writer.element(IDENTITY, "ProductVersion", &identity.version);
                writer.end(tag);
            }
            Self::Got(instance) | Self::Put(Some(instance)) => instance.write(writer),
            Self::Created(Some(reference)) => {
                let tag = writer.start(TRANSFER, "ResourceCreated");
                reference.write(writer);
                writer.end(tag);
            }
            Self::Enumerating(context) => {
                let tag = writer.start(ENUMERATION, "EnumerateResponse");
                writer.element(ENUMERATION, "EnumerationContext", context);
                writer.end(tag);
            }
            Self::Pulled { items, next } => write_pulled(writer, items, next.as_deref()),
            Self::Invoked { method, output } => {
                let tag = writer.start(resource, &format!("{method}_OUTPUT"));
                write_properties(writer, resource, output);
                writer.end(tag);
            }
        }
    }

    fn read(action: &str, body: &Element) -> Result<Self, ReplyError> {
        if let Some(verb) = action.strip_prefix(TRANSFER) {
            let instance = body.children.first().map(Instance::read);
            return match verb {
                "/GetResponse" => {
                    instance.map(Self::Got).ok_or(ReplyError::Shape("no instance in it"))
                }
                "/PutResponse" => Ok(Self::Put(instance)),
                "/CreateResponse" => {
                    Ok(Self::Created(body.children.first().and_then(Reference::read)))
                }
                "/DeleteResponse" => Ok(Self::Deleted),
                _ => Err(ReplyError::Shape("unknown action")),
            };
        }
        if let Some(verb) = action.strip_prefix(ENUMERATION) {
            return match verb {
                "/EnumerateResponse" => read_context(body, "EnumerateResponse")
                    .map(Self::Enumerating)
                    .ok_or(ReplyError::Shape("no enumeration context")),
                "/PullResponse" => read_pulled(body),
                "/ReleaseResponse" => Ok(Self::Released),
                _ => Err(ReplyError::Shape("unknown action")),
            };
        }
        if let Some(verb) = action.strip_prefix(EVENTING) {
            return match verb {
                "/SubscribeResponse" => {
                    read_subscribed(body).ok_or(ReplyError::Shape("no identifier"))
                }
                "/UnsubscribeResponse" => Ok(Self::Unsubscribed),
                _ => Err(ReplyError::Shape("unknown action")),
            };
        }
        let output = body.children.first().ok_or(ReplyError::Shape("an empty body"))?;
        let method =
            output.name.strip_suffix("_OUTPUT").ok_or(ReplyError::Shape("unknown action"))?;
        Ok(Self::Invoked { method: method.to_owned(), output: read_properties(output) })
    }
}

fn write_pulled(writer: &mut Writer, items: &[Instance], next: Option<&str>) {
    let tag = writer.start(ENUMERATION, "PullResponse");
    if let Some(context) = next {
        writer.element(ENUMERATION, "EnumerationContext", context);
    }
    let list = writer.start(ENUMERATION, "Items");
    for item in items {
        item.write(writer);
    }
    writer.end(list);
    if next.is_none() {
        writer.element(ENUMERATION, "EndOfSequence", "");
    }
    writer.end(tag);
}

fn write_subscribed(writer: &mut Writer, resource: &str, identifier: &str, expires: &str) {
    let response = writer.start(EVENTING, "SubscribeResponse");
    let manager = writer.start(EVENTING, "SubscriptionManager");
    writer.element(ADDRESSING, "Address", ANONYMOUS);
    let parameters = writer.start(ADDRESSING, "ReferenceParameters");
    writer.element(WSMAN, "ResourceURI", resource);
    writer.element(EVENTING, "Identifier", identifier);
    writer.end(parameters);
    writer.end(manager);
    if !expires.is_empty() {
        writer.element(EVENTING, "Expires", expires);
    }
    writer.end(response);
}

fn read_subscribed(body: &Element) -> Option<Outcome> {
    let response = body.child(EVENTING, "SubscribeResponse")?;
    let parameters = response
        .child(EVENTING, "SubscriptionManager")?
        .child(ADDRESSING, "ReferenceParameters")?;
    Some(Outcome::Subscribed {
        identifier: parameters.child_text(EVENTING, "Identifier")?.to_owned(),
        expires: response.child_text(EVENTING, "Expires").unwrap_or_default().to_owned(),
    })
}

fn read_context(body: &Element, name: &str) -> Option<String> {
    let context = body.child(ENUMERATION, name)?.child_text(ENUMERATION, "EnumerationContext")?;
    (!context.is_empty()).then(|| context.to_owned())
}

fn read_pulled(body: &Element) -> Result<Outcome, ReplyError> {
    let response =
        body.child(ENUMERATION, "PullResponse").ok_or(ReplyError::Shape("nothing pulled"))?;
    let items = response
        .child(ENUMERATION, "Items")
        .map(|list| list.children.iter().map(Instance::read).collect())
        .unwrap_or_default();
    let ended = response.child(ENUMERATION, "EndOfSequence").is_some();
    let next = if ended { None } else { read_context(body, "PullResponse") };
    Ok(Outcome::Pulled { items, next })
}

impl Reply {
    /// Reads an envelope.
    ///
    /// # Errors
    /// [`ReplyError`] when it is no reply. A fault is a reply.
    pub fn parse(envelope: &[u8]) -> Result<Self, ReplyError> {
        let root = Element::parse(envelope, XmlLimits::default())?;
        if !root.is(SOAP, "Envelope") {
            return Err(ReplyError::Shape("not an envelope of SOAP 1.2"));
        }
        let header = root.child(SOAP, "Header").cloned().unwrap_or_default();
        let body = root.child(SOAP, "Body").ok_or(ReplyError::Shape("no body"))?;
        let text = |ns, name| header.child_text(ns, name).unwrap_or_default().to_owned();
        let result = if let Some(fault) = body.child(SOAP, "Fault") {
            Err(Fault::read(fault))
        } else if let Some(response) = body.child(IDENTITY, "IdentifyResponse") {
            let text = |name| response.child_text(IDENTITY, name).unwrap_or_default().to_owned();
            Ok(Outcome::Identity(Identity {
                protocol: text("ProtocolVersion"),
                vendor: text("ProductVendor"),
                version: text("ProductVersion"),
            }))
        } else {
            Ok(Outcome::read(&text(ADDRESSING, "Action"), body)?)
        };
        Ok(Self {
            relates_to: text(ADDRESSING, "RelatesTo"),
            resource: header.child_text(WSMAN, "ResourceURI").map(ResourceUri::new),
            result,
        })
    }

    /// The envelope. `number` counts a platform's messages and becomes the tail of its `MessageID`.
    #[must_use]
    pub fn to_xml(&self, number: u64) -> String {
        let mut writer = Writer::new();
        let resource = self.resource.as_ref().map_or("", ResourceUri::as_str);
        if let Ok(Outcome::Identity(_)) = &self.result {
            if let Ok(outcome) = &self.result {
                outcome.write(&mut writer, resource);
            }
            return writer.finish("");
        }
        writer.element(ADDRESSING, "To", ANONYMOUS);
        writer.element(ADDRESSING, "RelatesTo", &self.relates_to);
        let action = match &self.result {
            Ok(outcome) => outcome.action(resource),
            Err(_) => FAULT_ACTION.to_owned(),
        };
        writer.must_understand(ADDRESSING, "Action", &action);
        let tail = number & 0xFFFF_FFFF_FFFF;
        let id = format!("uuid:00000000-8086-8086-8086-{tail:012X}");
        writer.element(ADDRESSING, "MessageID", &id);
        if !resource.is_empty() {
            writer.element(WSMAN, "ResourceURI", resource);
        }
        let header = writer.take_header();
        match &self.result {
            Ok(outcome) => outcome.write(&mut writer, resource),
            Err(fault) => fault.write(&mut writer),
        }
        writer.finish(&header)
    }
}
