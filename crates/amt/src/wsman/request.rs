//! Requests: what a console wants of a platform, read from and written to an envelope.

use super::{
    fault::{Fault, Subcode},
    instance::{
        Instance, Properties, Value, first, read_properties, read_selectors, write_properties,
        write_selectors,
    },
    names::{ADDRESSING, ENUMERATION, EVENTING, IDENTITY, ResourceUri, SOAP, TRANSFER, WSMAN},
    writer::Writer,
    xml::{Element, XmlLimits},
};

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The sender's name for it; the reply repeats it.
    pub message_id: String,
    /// The class or instance that is meant; empty for [`Operation::Identify`].
    pub target: Target,
    /// What to do with it.
    pub operation: Operation,
}

/// A class, or one of its instances when there are selectors.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Target {
    /// The class.
    pub resource: ResourceUri,
    /// Names and values of keys; none for the only instance, or the class.
    pub selectors: Properties,
}

impl Target {
    /// The only instance of a class of AMT's schemas.
    #[must_use]
    pub fn class(name: &str) -> Option<Self> {
        Some(Self { resource: ResourceUri::of_class(name)?, selectors: Vec::new() })
    }

    /// Narrows it to the instance with this key value.
    #[must_use]
    pub fn with(mut self, selector: &str, value: impl Into<Value>) -> Self {
        self.selectors.push((selector.to_owned(), value.into()));
        self
    }

    /// The text of one selector.
    #[must_use]
    pub fn selector(&self, name: &str) -> Option<&str> {
        first(&self.selectors, name).and_then(Value::as_text)
    }
}

/// The operations that AMT knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// Who are you?
    Identify,
    /// Read an instance.
    Get,
    /// Replace an instance.
    Put(Instance),
    /// Make an instance.
    Create(Instance),
    /// Remove an instance.
    Delete,
    /// Begin to list the instances of a class.
    Enumerate,
    /// The next of them.
    Pull {
        /// From the reply to Enumerate or the last Pull.
        context: String,
        /// How many at most.
        most: u32,
    },
    /// Stop listing.
    Release {
        /// From the reply to Enumerate or the last Pull.
        context: String,
    },
    /// Call a method.
    Invoke {
        /// Its name.
        method: String,
        /// Its arguments in order.
        arguments: Properties,
    },
    /// Have events sent to an address (WS-Eventing).
    Subscribe(Subscription),
    /// Have no more events sent.
    Unsubscribe {
        /// From the reply to Subscribe.
        identifier: String,
    },
}

/// Where events are to be sent, and how.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Subscription {
    /// The URL that gets them.
    pub notify_to: String,
    /// The delivery mode, a URI; empty for the default, without acknowledgement.
    pub mode: String,
    /// How long, as a duration; empty for ever.
    pub expires: String,
}

/// A request that cannot even be understood, with what a reply needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestError {
    /// The sender's name for it, if that much could be read.
    pub message_id: String,
    /// What to answer.
    pub fault: Fault,
}

const IDENTIFY: &str = "Identify";
/// Largest reply we ask for; AMT wants at least 50,000 here (SDK, "DSP0226").
const MAX_ENVELOPE: &str = "51200";

impl Request {
    /// A request for a target.
    pub fn new(message_id: impl Into<String>, target: Target, operation: Operation) -> Self {
        Self { message_id: message_id.into(), target, operation }
    }

    /// Asks who the platform is.
    pub fn identify(message_id: impl Into<String>) -> Self {
        Self::new(message_id, Target::default(), Operation::Identify)
    }

    /// Reads an envelope. `To` is not looked at: consoles write what they like there.
    ///
    /// # Errors
    /// [`RequestError`] with the fault to answer.
    pub fn parse(envelope: &[u8]) -> Result<Self, RequestError> {
        let refuse = |message_id: &str, subcode, reason: String| RequestError {
            message_id: message_id.to_owned(),
            fault: Fault::sender(subcode, reason),
        };
        let root = Element::parse(envelope, XmlLimits::default())
            .map_err(|e| refuse("", Subcode::EncodingLimit, e.to_string()))?;
        let invalid =
            |id: &str, reason: &str| refuse(id, Subcode::SchemaValidationError, reason.to_owned());
        if !root.is(SOAP, "Envelope") {
            return Err(invalid("", "not an envelope of SOAP 1.2"));
        }
        let header = root.child(SOAP, "Header").cloned().unwrap_or_default();
        let id = header.child_text(ADDRESSING, "MessageID").unwrap_or_default();
        let body = root.child(SOAP, "Body").ok_or_else(|| invalid(id, "no body"))?;
        if body.child(IDENTITY, IDENTIFY).is_some() {
            return Ok(Self::identify(id));
        }
        let required = |name: &str, text: Option<&str>| {
            text.filter(|t| !t.is_empty()).map(str::to_owned).ok_or_else(|| {
                let reason = format!("the header has no {name}");
                refuse(id, Subcode::MessageInformationHeaderRequired, reason)
            })
        };
        let action = required("Action", header.child_text(ADDRESSING, "Action"))?;
        let resource = required("ResourceURI", header.child_text(WSMAN, "ResourceURI"))?;
        let target = Target {
            resource: ResourceUri::new(resource),
            selectors: header.child(WSMAN, "SelectorSet").map(read_selectors).unwrap_or_default(),
        };
        let operation = Operation::read(&action, &target.resource, &header, body)
            .map_err(|fault| RequestError { message_id: id.to_owned(), fault })?;
        Ok(Self { message_id: id.to_owned(), target, operation })
    }

    /// The envelope.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut writer = Writer::new();
        if self.operation == Operation::Identify {
            writer.element(IDENTITY, IDENTIFY, "");
            return writer.finish("");
        }
        let resource = self.target.resource.as_str();
        writer.must_understand(ADDRESSING, "To", "/wsman");
        writer.must_understand(WSMAN, "ResourceURI", resource);
        let action = self.operation.action(&self.target.resource);
        writer.must_understand(ADDRESSING, "Action", &action);
        writer.element(ADDRESSING, "MessageID", &self.message_id);
        writer.anonymous_reply_to();
        writer.element(WSMAN, "MaxEnvelopeSize", MAX_ENVELOPE);
        writer.element(WSMAN, "OperationTimeout", "PT60S");
        if !self.target.selectors.is_empty() {
            write_selectors(&mut writer, &self.target.selectors);
        }
        let header = writer.take_header();
        self.operation.write(&mut writer, resource);
        writer.finish(&header)
    }
}

impl Operation {
    /// The URI of the action; Identify has none.
    fn action(&self, resource: &ResourceUri) -> String {
        match self {
            Self::Identify => String::new(),
            Self::Get => format!("{TRANSFER}/Get"),
            Self::Put(_) => format!("{TRANSFER}/Put"),
            Self::Create(_) => format!("{TRANSFER}/Create"),
            Self::Delete => format!("{TRANSFER}/Delete"),
            Self::Enumerate => format!("{ENUMERATION}/Enumerate"),
            Self::Pull { .. } => format!("{ENUMERATION}/Pull"),
            Self::Release { .. } => format!("{ENUMERATION}/Release"),
            Self::Invoke { method, .. } => format!("{resource}/{method}"),
            Self::Subscribe(_) => format!("{EVENTING}/Subscribe"),
            Self::Unsubscribe { .. } => format!("{EVENTING}/Unsubscribe"),
        }
    }

    fn read(
        action: &str,
        resource: &ResourceUri,
        header: &Element,
        body: &Element,
    ) -> Result<Self, Fault> {
        let invalid = |reason: &str| Fault::sender(Subcode::SchemaValidationError, reason);
        if let Some(verb) = action.strip_prefix(TRANSFER).and_then(|r| r.strip_prefix('/')) {
            let instance = || body.children.first().map(Instance::read);
            return match verb {
                "Get" => Ok(Self::Get),
                "Delete" => Ok(Self::Delete),
                "Put" => instance().map(Self::Put).ok_or_else(|| invalid("no instance to put")),
                "Create" => {
                    instance().map(Self::Create).ok_or_else(|| invalid("no instance to create"))
                }
                _ => Err(unsupported(action)),
            };
        }
        if let Some(verb) = action.strip_prefix(ENUMERATION).and_then(|r| r.strip_prefix('/')) {
            let request = body.child(ENUMERATION, verb);
            let context = || {
                request
                    .and_then(|r| r.child_text(ENUMERATION, "EnumerationContext"))
                    .map(str::to_owned)
                    .ok_or_else(|| invalid("no enumeration context"))
            };
            let most = || match request.and_then(|r| r.child_text(ENUMERATION, "MaxElements")) {
                None => Ok(1),
                Some(text) => text.parse().map_err(|_| invalid("MaxElements is not a number")),
            };
            return match verb {
                "Enumerate" => Ok(Self::Enumerate),
                "Pull" => Ok(Self::Pull { context: context()?, most: most()? }),
                "Release" => Ok(Self::Release { context: context()? }),
                _ => Err(unsupported(action)),
            };
        }
        if let Some(verb) = action.strip_prefix(EVENTING).and_then(|r| r.strip_prefix('/')) {
            return Self::read_eventing(verb, header, body).ok_or_else(|| unsupported(action))?;
        }
        let method = action
            .strip_prefix(resource.as_str())
            .and_then(|r| r.strip_prefix('/'))
            .filter(|m| !m.is_empty() && m.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'))
            .ok_or_else(|| unsupported(action))?;
        let input = format!("{method}_INPUT");
        let arguments = body.children.iter().find(|c| c.name == input).map(read_properties);
        Ok(Self::Invoke { method: method.to_owned(), arguments: arguments.unwrap_or_default() })
    }

    /// None for what is no verb of WS-Eventing that AMT knows.
    fn read_eventing(verb: &str, header: &Element, body: &Element) -> Option<Result<Self, Fault>> {
        let invalid = |reason: &str| Err(Fault::sender(Subcode::SchemaValidationError, reason));
        let identifier = || {
            let manager = header.child_text(EVENTING, "Identifier");
            let within = body.child(EVENTING, verb)?.child_text(EVENTING, "Identifier");
            manager.or(within).filter(|text| !text.is_empty()).map(str::to_owned)
        };
        match verb {
            "Unsubscribe" => Some(match identifier() {
                Some(identifier) => Ok(Self::Unsubscribe { identifier }),
                None => invalid("no identifier of a subscription"),
            }),
            "Subscribe" => {
                let subscribe = body.child(EVENTING, verb);
                let delivery = subscribe.and_then(|s| s.child(EVENTING, "Delivery"));
                let notify_to = delivery
                    .and_then(|d| d.child(EVENTING, "NotifyTo"))
                    .and_then(|to| to.child_text(ADDRESSING, "Address"));
                let Some(notify_to) = notify_to.filter(|to| !to.is_empty()) else {
                    return Some(invalid("no address to send events to"));
                };
                let expires = subscribe.and_then(|s| s.child_text(EVENTING, "Expires"));
                Some(Ok(Self::Subscribe(Subscription {
                    notify_to: notify_to.to_owned(),
                    mode: delivery.and_then(|d| d.attribute("Mode")).unwrap_or_default().to_owned(),
                    expires: expires.unwrap_or_default().to_owned(),
                })))
            }
            _ => None,
        }
    }

    fn write(&self, writer: &mut Writer, resource: &str) {
        match self {
            Self::Identify | Self::Get | Self::Delete => {}
            Self::Subscribe(subscription) => subscription.write(writer),
            Self::Unsubscribe { identifier } => {
                let tag = writer.start(EVENTING, "Unsubscribe");
                writer.element(EVENTING, "Identifier", identifier);
                writer.end(tag);
            }
            Self::Put(instance) | Self::Create(instance) => instance.write(writer),
            Self::Enumerate => writer.element(ENUMERATION, "Enumerate", ""),
            Self::Pull { context, most } => {
                let tag = writer.start(ENUMERATION, "Pull");
                writer.element(ENUMERATION, "EnumerationContext", context);
                writer.element(ENUMERATION, "MaxElements", &most.to_string());
                writer.end(tag);
            }
            Self::Release { context } => {
                let tag = writer.start(ENUMERATION, "Release");
                writer.element(ENUMERATION, "EnumerationContext", context);
                writer.end(tag);
            }
            Self::Invoke { method, arguments } => {
                let tag = writer.start(resource, &format!("{method}_INPUT"));
                write_properties(writer, resource, arguments);
                writer.end(tag);
            }
        }
    }
}

impl Subscription {
    fn write(&self, writer: &mut Writer) {
        let subscribe = writer.start(EVENTING, "Subscribe");
        let delivery = match self.mode.as_str() {
            "" => writer.start(EVENTING, "Delivery"),
            mode => writer.start_with(EVENTING, "Delivery", "Mode", mode),
        };
        let notify_to = writer.start(EVENTING, "NotifyTo");
        writer.element(ADDRESSING, "Address", &self.notify_to);
        writer.end(notify_to);
        writer.end(delivery);
        if !self.expires.is_empty() {
            writer.element(EVENTING, "Expires", &self.expires);
        }
        writer.end(subscribe);
    }
}

fn unsupported(action: &str) -> Fault {
    Fault::sender(Subcode::ActionNotSupported, format!("the action {action} is not supported"))
}
