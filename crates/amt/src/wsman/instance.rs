//! Instances of classes, their properties, and references to instances (endpoint references).

use super::{
    names::{ADDRESSING, ANONYMOUS, CIM_COMMON, ResourceUri, SCHEMA_INSTANCE, WSMAN},
    writer::Writer,
    xml::Element,
};

/// Names and values in order; a name that occurs again is the next element of an array.
pub type Properties = Vec<(String, Value)>;

/// The value of a property, of a method's argument, or of a selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// No value (`xsi:nil`).
    Null,
    /// Text, numbers and truth values, as written.
    Text(String),
    /// A point in time or a duration in the notation of ISO 8601, or seconds.
    DateTime(String),
    /// Another instance.
    Reference(Reference),
    /// An instance within this one.
    Object(Instance),
}

impl Value {
    /// The value's text, or what stands in a `Datetime`.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::DateTime(text) => Some(text),
            Self::Null | Self::Reference(_) | Self::Object(_) => None,
        }
    }

    /// The instance referred to.
    #[must_use]
    pub const fn as_reference(&self) -> Option<&Reference> {
        match self {
            Self::Reference(reference) => Some(reference),
            Self::Null | Self::Text(_) | Self::DateTime(_) | Self::Object(_) => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Text(number.to_string())
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Text(truth.to_string())
    }
}

impl From<Reference> for Value {
    fn from(reference: Reference) -> Self {
        Self::Reference(reference)
    }
}

/// An instance named by its class and key values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reference {
    /// The class.
    pub resource: ResourceUri,
    /// Names and values of the keys, in order.
    pub selectors: Properties,
}

/// An instance of a class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Instance {
    /// The class.
    pub resource: ResourceUri,
    /// Its properties in order.
    pub properties: Properties,
}

impl Instance {
    /// An instance without properties.
    #[must_use]
    pub const fn new(resource: ResourceUri) -> Self {
        Self { resource, properties: Vec::new() }
    }

    /// The first value of a property.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        first(&self.properties, name)
    }

    /// The first value of a property as text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_text)
    }

    /// All values of a property: more than one for arrays.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Value> {
        self.properties.iter().filter(move |(n, _)| n == name).map(|(_, v)| v)
    }

    /// Replaces all values of a property, at the place of the first, else at the end.
    pub fn set(&mut self, name: &str, values: impl IntoIterator<Item = Value>) {
        let at = self.properties.iter().position(|(n, _)| n == name);
        self.properties.retain(|(n, _)| n != name);
        let at = at.unwrap_or(self.properties.len()).min(self.properties.len());
        let values: Properties = values.into_iter().map(|v| (name.to_owned(), v)).collect();
        self.properties.splice(at..at, values);
    }

    pub(super) fn read(element: &Element) -> Self {
        Self {
            resource: ResourceUri::new(element.namespace.clone()),
            properties: read_properties(element),
        }
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let namespace = self.resource.as_str();
        let tag = writer.start(namespace, self.resource.class_name());
        write_properties(writer, namespace, &self.properties);
        writer.end(tag);
    }
}

pub(super) fn first<'a>(properties: &'a Properties, name: &str) -> Option<&'a Value> {
    properties.iter().find(|(n, _)| n == name).map(|(_, v)| v)
}

pub(super) fn read_properties(element: &Element) -> Properties {
    element.children.iter().map(|c| (c.name.clone(), read_value(c))).collect()
}

fn read_value(element: &Element) -> Value {
    let nil = element
        .attributes
        .iter()
        .any(|(ns, name, v)| ns == SCHEMA_INSTANCE && name == "nil" && (v == "true" || v == "1"));
    if nil {
        return Value::Null;
    }
    let Some(child) = element.children.first() else { return Value::Text(element.text.clone()) };
    if let Some(reference) = Reference::read(element) {
        return Value::Reference(reference);
    }
    if child.namespace == CIM_COMMON {
        return Value::DateTime(child.trimmed().to_owned());
    }
    Value::Object(Instance {
        resource: ResourceUri::new(child.namespace.clone()),
        properties: read_properties(element),
    })
}

pub(super) fn write_properties(writer: &mut Writer, namespace: &str, properties: &Properties) {
    for (name, value) in properties {
        write_value(writer, namespace, name, value);
    }
}

fn write_value(writer: &mut Writer, namespace: &str, name: &str, value: &Value) {
    match value {
        Value::Text(text) => writer.element(namespace, name, text),
        Value::Null => writer.nil(namespace, name),
        Value::DateTime(text) => {
            let tag = writer.start(namespace, name);
            // Durations stand in an element of their own (DSP0230, `cimDateTime`).
            let form = if text.starts_with('P') { "Interval" } else { "Datetime" };
            writer.element(CIM_COMMON, form, text);
            writer.end(tag);
        }
        Value::Reference(reference) => {
            let tag = writer.start(namespace, name);
            reference.write(writer);
            writer.end(tag);
        }
        Value::Object(object) => {
            let tag = writer.start(namespace, name);
            write_properties(writer, object.resource.as_str(), &object.properties);
            writer.end(tag);
        }
    }
}

impl Reference {
    /// A reference to an instance of a class of AMT's schemas.
    #[must_use]
    pub fn of_class(name: &str, selectors: &[(&str, &str)]) -> Option<Self> {
        let selectors = selectors.iter().map(|(n, v)| ((*n).to_owned(), (*v).into())).collect();
        Some(Self { resource: ResourceUri::of_class(name)?, selectors })
    }

    /// The text of one key.
    #[must_use]
    pub fn selector(&self, name: &str) -> Option<&str> {
        first(&self.selectors, name).and_then(Value::as_text)
    }

    /// Reads what stands within an element that holds an endpoint reference.
    pub(super) fn read(holder: &Element) -> Option<Self> {
        let holder = holder.child(ADDRESSING, "EndpointReference").unwrap_or(holder);
        let parameters = holder.child(ADDRESSING, "ReferenceParameters")?;
        Some(Self {
            resource: ResourceUri::new(parameters.child_text(WSMAN, "ResourceURI")?),
            selectors: parameters
                .child(WSMAN, "SelectorSet")
                .map(read_selectors)
                .unwrap_or_default(),
        })
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.element(ADDRESSING, "Address", ANONYMOUS);
        let tag = writer.start(ADDRESSING, "ReferenceParameters");
        writer.element(WSMAN, "ResourceURI", self.resource.as_str());
        write_selectors(writer, &self.selectors);
        writer.end(tag);
    }
}

pub(super) fn read_selectors(set: &Element) -> Properties {
    set.children
        .iter()
        .filter(|c| c.is(WSMAN, "Selector"))
        .filter_map(|c| {
            let value = Reference::read(c)
                .map_or_else(|| Value::Text(c.trimmed().to_owned()), Value::Reference);
            Some((c.attribute("Name")?.to_owned(), value))
        })
        .collect()
}

pub(super) fn write_selectors(writer: &mut Writer, selectors: &Properties) {
    let set = writer.start(WSMAN, "SelectorSet");
    for (name, value) in selectors {
        let tag = writer.start_with(WSMAN, "Selector", "Name", name);
        match value {
            Value::Reference(reference) => {
                let epr = writer.start(ADDRESSING, "EndpointReference");
                reference.write(writer);
                writer.end(epr);
            }
            Value::Text(text) | Value::DateTime(text) => writer.text(text),
            Value::Null | Value::Object(_) => {}
        }
        writer.end(tag);
    }
    writer.end(set);
}
