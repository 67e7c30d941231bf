//! Namespaces, actions and resource URIs of WS-Management (DSP0226) and of AMT's schemas.

use std::fmt;

/// SOAP 1.2.
pub const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Addressing, the draft that WS-Management uses.
pub const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// WS-Management.
pub const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
/// WS-Transfer.
pub const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";
/// WS-Enumeration.
pub const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
/// WS-Eventing.
pub const EVENTING: &str = "http://schemas.xmlsoap.org/ws/2004/08/eventing";
/// WS-Management's Identify.
pub const IDENTITY: &str = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd";
/// Data types of the CIM binding; here stands `Datetime`.
pub const CIM_COMMON: &str = "http://schemas.dmtf.org/wbem/wscim/1/common";
/// XML Schema instances; here stands `nil`.
pub const SCHEMA_INSTANCE: &str = "http://www.w3.org/2001/XMLSchema-instance";
/// The address of whoever asks over the same connection.
pub const ANONYMOUS: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous";
/// The action of every fault.
pub const FAULT_ACTION: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing/fault";

/// What the URIs of classes begin with, and their names.
const SCHEMAS: [(&str, &str); 3] = [
    ("AMT_", "http://intel.com/wbem/wscim/1/amt-schema/1/"),
    ("IPS_", "http://intel.com/wbem/wscim/1/ips-schema/1/"),
    ("CIM_", "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/"),
];

/// The URI of a class; also the namespace of its instances' elements.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ResourceUri(String);

impl ResourceUri {
    /// A URI as a peer wrote it, of whatever schema.
    pub fn new(uri: impl Into<String>) -> Self {
        Self(uri.into())
    }

    /// The URI of a class of AMT's three schemas, told by the start of its name (`AMT_`, `IPS_`,
    /// `CIM_`). None for names that could not be an element's.
    #[must_use]
    pub fn of_class(name: &str) -> Option<Self> {
        if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        let (_, schema) = SCHEMAS.iter().find(|(start, _)| name.starts_with(start))?;
        Some(Self(format!("{schema}{name}")))
    }

    /// The whole URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands after the last slash: the name of the class.
    #[must_use]
    pub fn class_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::ResourceUri;

    #[test]
    fn a_class_is_found_in_the_schema_that_its_name_begins_with() {
        let uri = ResourceUri::of_class("IPS_OptInService").unwrap();
        assert_eq!(uri.as_str(), "http://intel.com/wbem/wscim/1/ips-schema/1/IPS_OptInService");
        assert_eq!(uri.class_name(), "IPS_OptInService");
        assert_eq!(ResourceUri::of_class("Win32_Process"), None);
        assert_eq!(ResourceUri::of_class("AMT_<x/>"), None);
    }
}
