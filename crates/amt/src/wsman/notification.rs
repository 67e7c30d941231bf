//! Events that a platform pushes (WS-Eventing): a SOAP envelope whose body is the indication itself.

use super::{
    names::{ADDRESSING, ANONYMOUS, ResourceUri, SOAP, WSMAN},
    reply::ReplyError,
    writer::Writer,
    xml::{Element, XmlLimits},
};

/// The action of an event, by the CIM binding of WS-Management (DSP0227).
const ACTION: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Event";

/// The action of what says that an event has come (DSP0226, 10.8).
const ACKNOWLEDGED: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/Ack";

/// An event with what its envelope asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// What happened.
    pub event: Notification,
    /// The platform's name for the message, when it waits for an acknowledgement (`PushWithAck`).
    pub acknowledge: Option<String>,
}

impl Delivery {
    /// Reads an envelope.
    ///
    /// # Errors
    /// When it is no event.
    pub fn parse(envelope: &[u8]) -> Result<Self, ReplyError> {
        let root = Element::parse(envelope, XmlLimits::default())?;
        let event = Notification::of(&root)?;
        let header = root.child(SOAP, "Header");
        let wanted = header.filter(|header| header.child(WSMAN, "AckRequested").is_some());
        let id = wanted.and_then(|header| header.child(ADDRESSING, "MessageID"));
        Ok(Self { event, acknowledge: id.map(|id| id.trimmed().to_owned()) })
    }

    /// The envelope that answers a message of this name. `number` counts the answers.
    #[must_use]
    pub fn acknowledgement(message_id: &str, number: u64) -> String {
        let mut writer = Writer::new();
        writer.element(ADDRESSING, "To", ANONYMOUS);
        writer.element(ADDRESSING, "Action", ACKNOWLEDGED);
        writer.element(ADDRESSING, "RelatesTo", message_id);
        writer.element(ADDRESSING, "MessageID", &name_of(number));
        let header = writer.take_header();
        writer.finish(&header)
    }

    /// Whether an envelope is the acknowledgement of the message with this number.
    #[must_use]
    pub fn is_acknowledged(envelope: &[u8], number: u64) -> bool {
        let Ok(root) = Element::parse(envelope, XmlLimits::default()) else { return false };
        let Some(header) = root.child(SOAP, "Header") else { return false };
        let is = |name, text: &str| {
            header.child(ADDRESSING, name).is_some_and(|found| found.trimmed() == text)
        };
        is("Action", ACKNOWLEDGED) && is("RelatesTo", &name_of(number))
    }
}

/// A platform's name for its message of this number.
fn name_of(number: u64) -> String {
    let tail = number & 0xFFFF_FFFF_FFFF;
    format!("uuid:00000000-8086-8086-8086-{tail:012X}")
}

/// One indication: its class and its properties in their order, a list as several of one name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Notification {
    /// Usually `CIM_AlertIndication`, or a class derived from it.
    pub class: String,
    /// Name and text.
    pub properties: Vec<(String, String)>,
}

impl Notification {
    /// Reads an envelope.
    ///
    /// # Errors
    /// When it is no event.
    pub fn parse(envelope: &[u8]) -> Result<Self, ReplyError> {
        Self::of(&Element::parse(envelope, XmlLimits::default())?)
    }

    fn of(root: &Element) -> Result<Self, ReplyError> {
        if !root.is(SOAP, "Envelope") {
            return Err(ReplyError::Shape("not an envelope of SOAP 1.2"));
        }
        let body = root.child(SOAP, "Body").ok_or(ReplyError::Shape("no body"))?;
        let event = body.children.first().ok_or(ReplyError::Shape("an empty body"))?;
        if event.is(SOAP, "Fault") {
            return Err(ReplyError::Shape("a fault instead of an event"));
        }
        let property = |element: &Element| {
            // A time stands in an element of its own.
            let text = match element.children.first() {
                Some(inner) if element.trimmed().is_empty() => inner.trimmed(),
                _ => element.trimmed(),
            };
            (element.name.clone(), text.to_owned())
        };
        let properties = event.children.iter().map(property).collect();
        Ok(Self { class: event.name.clone(), properties })
    }

    /// The first value of a property; an empty one is none.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.all(name).find(|text| !text.is_empty())
    }

    /// All values of a property.
    pub fn all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.properties
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, text)| text.as_str())
    }

    /// What happened, in words, by the number of the message (Intel's list of AMT alerts).
    #[must_use]
    pub fn words(&self) -> Option<&'static str> {
        Some(match (self.text("MessageID")?, self.text("MessageArguments")) {
            ("iAMT0036", _) => "the user asked for help",
            ("iAMT0058", Some("1")) => "the tunnel to the MPS is up",
            ("iAMT0058", Some("0")) => "the tunnel to the MPS is down",
            ("iAMT0058", _) => "the tunnel to the MPS came or went",
            ("iAMT0052", _) => "a KVM session changed",
            ("iAMT0055", _) => "the state of provisioning changed",
            ("iAMT0063", _) => "proxy settings were taken over",
            ("PLAT0004", _) => "the chassis was opened",
            ("PLAT0005", _) => "the chassis was closed",
            ("iAMT0064", _) => "the state of user consent changed",
            ("iAMT0019" | "iAMT0020" | "iAMT0021" | "iAMT0022" | "iAMT0023", _) => {
                "the firmware does not accept the server's certificate"
            }
            _ => return None,
        })
    }

    /// The severity as a word (CIM's PerceivedSeverity).
    #[must_use]
    pub fn severity(&self) -> Option<&'static str> {
        Some(match self.text("PerceivedSeverity")?.parse().ok()? {
            2_u8 => "information",
            3 => "non-critical",
            4 => "minor",
            5 => "major",
            6 => "critical",
            7 => "non-recoverable",
            _ => "unspecified",
        })
    }

    /// The envelope, addressed to `to`. `number` counts a platform's messages.
    #[must_use]
    pub fn to_xml(&self, to: &str, number: u64) -> String {
        self.envelope(to, number, false)
    }

    /// The same, for a receiver who must say that it has come.
    #[must_use]
    pub fn to_xml_for_acknowledgement(&self, to: &str, number: u64) -> String {
        self.envelope(to, number, true)
    }

    fn envelope(&self, to: &str, number: u64, acknowledge: bool) -> String {
        let mut writer = Writer::new();
        writer.must_understand(ADDRESSING, "To", to);
        writer.must_understand(ADDRESSING, "Action", ACTION);
        writer.element(ADDRESSING, "MessageID", &name_of(number));
        if acknowledge {
            writer.anonymous_reply_to();
            writer.element(WSMAN, "AckRequested", "");
        }
        let header = writer.take_header();
        let class = ResourceUri::of_class(&self.class).unwrap_or_default();
        let event = writer.start(class.as_str(), &self.class);
        for (name, text) in &self.properties {
            writer.element(class.as_str(), name, text);
        }
        writer.end(event);
        writer.finish(&header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tunnel_up() -> Notification {
        let property = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        Notification {
            class: "CIM_AlertIndication".into(),
            properties: [
                ("AlertType", "8"),
                ("MessageArguments", "1"),
                ("MessageID", "iAMT0058"),
                ("PerceivedSeverity", "2"),
            ]
            .map(property)
            .to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let xml = tunnel_up().to_xml("http://192.0.2.1:9971/events?a=1&b=2", 7);
        let read = Notification::parse(xml.as_bytes()).unwrap();
        assert_eq!(read, tunnel_up());
        assert_eq!(read.words(), Some("the tunnel to the MPS is up"));
        assert_eq!(read.severity(), Some("information"));
    }

    #[test]
    fn who_wants_an_acknowledgement_gets_one_for_that_message() {
        let xml = tunnel_up().to_xml_for_acknowledgement("http://192.0.2.1:9971/", 0xAB);
        let delivery = Delivery::parse(xml.as_bytes()).unwrap();
        assert_eq!(delivery.event, tunnel_up());
        let id = delivery.acknowledge.unwrap();
        let answer = Delivery::acknowledgement(&id, 1);
        assert!(Delivery::is_acknowledged(answer.as_bytes(), 0xAB), "{answer}");
        assert!(!Delivery::is_acknowledged(answer.as_bytes(), 0xAC));
        assert!(!Delivery::is_acknowledged(xml.as_bytes(), 0xAB));
        let xml = tunnel_up().to_xml("http://192.0.2.1:9971/", 7);
        assert_eq!(Delivery::parse(xml.as_bytes()).unwrap().acknowledge, None);
    }

    #[test]
    fn a_time_in_an_element_of_its_own_is_found_and_nonsense_is_refused() {
        let xml = format!(
            r#"<e:Envelope xmlns:e="{SOAP}"><e:Header/><e:Body><x:CIM_AlertIndication xmlns:x="u:x" xmlns:c="u:c">
            <x:IndicationTime><c:Datetime>2026-01-31T12:00:00Z</c:Datetime></x:IndicationTime>
            <x:MessageArguments>a</x:MessageArguments><x:MessageArguments>b</x:MessageArguments>
            </x:CIM_AlertIndication></e:Body></e:Envelope>"#
        );
        let read = Notification::parse(xml.as_bytes()).unwrap();
        assert_eq!(read.text("IndicationTime"), Some("2026-01-31T12:00:00Z"));
        assert_eq!(read.all("MessageArguments").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!((read.words(), read.severity()), (None, None));
        let empty = format!(r#"<e:Envelope xmlns:e="{SOAP}"><e:Body/></e:Envelope>"#);
        for bad in ["", "<a/>", &empty] {
            assert!(Notification::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
