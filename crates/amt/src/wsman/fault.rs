//! Faults: what a platform answers instead of a result (SOAP 1.2 §5.4, DSP0226 §14).

use std::fmt;

use super::{
    names::{ADDRESSING, ENUMERATION, SOAP, TRANSFER, WSMAN},
    writer::Writer,
    xml::Element,
};

/// Whose fault it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultCode {
    /// The request's.
    Sender,
    /// The platform's.
    Receiver,
    /// A header that the platform must understand and does not.
    MustUnderstand,
    /// Any other.
    Other,
}

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subcode {
    /// No such class or instance.
    DestinationUnreachable,
    /// The class does not do that.
    ActionNotSupported,
    /// A header is not there.
    MessageInformationHeaderRequired,
    /// A header cannot be used.
    InvalidMessageInformationHeader,
    /// The selectors name no instance, or more than one.
    InvalidSelectors,
    /// The account may not do that, or consent is needed first.
    AccessDenied,
    /// The body does not follow the class's schema.
    SchemaValidationError,
    /// Arguments of a method are missing or wrong.
    InvalidParameter,
    /// Something outside what AMT implements was asked for.
    UnsupportedFeature,
    /// The envelope is too large or not acceptable XML.
    EncodingLimit,
    /// The platform has no room for another enumeration.
    QuotaLimit,
    /// The properties of an instance to be put or created are not acceptable.
    InvalidRepresentation,
    /// No such enumeration is going on.
    InvalidEnumerationContext,
    /// The platform failed.
    InternalError,
    /// Any other, by its local name; empty when there was none.
    Other(String),
}

impl Subcode {
    const ALL: [(Self, &'static str, &'static str); 14] = [
        (Self::DestinationUnreachable, ADDRESSING, "DestinationUnreachable"),
        (Self::ActionNotSupported, ADDRESSING, "ActionNotSupported"),
        (Self::MessageInformationHeaderRequired, ADDRESSING, "MessageInformationHeaderRequired"),
        (Self::InvalidMessageInformationHeader, ADDRESSING, "InvalidMessageInformationHeader"),
        (Self::InvalidSelectors, WSMAN, "InvalidSelectors"),
        (Self::AccessDenied, WSMAN, "AccessDenied"),
        (Self::SchemaValidationError, WSMAN, "SchemaValidationError"),
        (Self::InvalidParameter, WSMAN, "InvalidParameter"),
        (Self::UnsupportedFeature, WSMAN, "UnsupportedFeature"),
        (Self::EncodingLimit, WSMAN, "EncodingLimit"),
        (Self::QuotaLimit, WSMAN, "QuotaLimit"),
        (Self::InvalidRepresentation, TRANSFER, "InvalidRepresentation"),
        (Self::InvalidEnumerationContext, ENUMERATION, "InvalidEnumerationContext"),
        (Self::InternalError, WSMAN, "InternalError"),
    ];

    /// The name without its prefix.
    #[must_use]
    pub fn name(&self) -> &str {
        if let Self::Other(name) = self {
            return name;
        }
        Self::ALL.iter().find(|(s, _, _)| s == self).map_or("", |(_, _, name)| name)
    }

    fn namespace(&self) -> &'static str {
        Self::ALL.iter().find(|(s, _, _)| s == self).map_or(WSMAN, |(_, ns, _)| ns)
    }

    fn from_name(name: &str) -> Self {
        Self::ALL
            .into_iter()
            .find(|(_, _, n)| *n == name)
            .map_or_else(|| Self::Other(name.to_owned()), |(s, _, _)| s)
    }
}

/// A fault with its reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whose.
    pub code: FaultCode,
    /// What about.
    pub subcode: Subcode,
    /// For people.
    pub reason: String,
}

impl Fault {
    /// A fault of the request.
    pub fn sender(subcode: Subcode, reason: impl Into<String>) -> Self {
        Self { code: FaultCode::Sender, subcode, reason: reason.into() }
    }

    /// A fault of the platform.
    pub fn receiver(subcode: Subcode, reason: impl Into<String>) -> Self {
        Self { code: FaultCode::Receiver, subcode, reason: reason.into() }
    }

    /// The status with which it goes over HTTP: AMT answers 400 to what the sender got wrong.
    #[must_use]
    pub const fn http_status(&self) -> u16 {
        match self.code {
            FaultCode::Sender | FaultCode::MustUnderstand => 400,
            FaultCode::Receiver | FaultCode::Other => 500,
        }
    }

    pub(super) fn read(fault: &Element) -> Self {
        let code = fault.child(SOAP, "Code");
        let value = |e: &Element| local(e.child_text(SOAP, "Value").unwrap_or_default()).to_owned();
        let subcode = code.and_then(|c| c.child(SOAP, "Subcode")).map(value).unwrap_or_default();
        let reason = fault.child(SOAP, "Reason").and_then(|r| r.child_text(SOAP, "Text"));
        Self {
            code: match code.map(value).unwrap_or_default().as_str() {
                "Sender" => FaultCode::Sender,
                "Receiver" => FaultCode::Receiver,
                "MustUnderstand" => FaultCode::MustUnderstand,
                _ => FaultCode::Other,
            },
            subcode: Subcode::from_name(&subcode),
            reason: reason.unwrap_or_default().to_owned(),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let fault = writer.start(SOAP, "Fault");
        let code = writer.start(SOAP, "Code");
        let value = match self.code {
            FaultCode::Sender => "a:Sender",
            FaultCode::Receiver | FaultCode::Other => "a:Receiver",
            FaultCode::MustUnderstand => "a:MustUnderstand",
        };
        writer.element(SOAP, "Value", value);
        if !self.subcode.name().is_empty() {
            let prefix = writer.prefix(self.subcode.namespace());
            let subcode = writer.start(SOAP, "Subcode");
            writer.element(SOAP, "Value", &format!("{prefix}:{}", self.subcode.name()));
            writer.end(subcode);
        }
        writer.end(code);
        let reason = writer.start(SOAP, "Reason");
        let text = writer.start_with(SOAP, "Text", "xml:lang", "en-US");
        writer.text(&self.reason);
        writer.end(text);
        writer.end(reason);
        writer.element(SOAP, "Detail", "");
        writer.end(fault);
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.subcode.name(), self.reason)
    }
}

impl std::error::Error for Fault {}

/// A qualified name in text without its prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or_default()
}
