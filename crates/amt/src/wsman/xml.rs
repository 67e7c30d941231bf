//! XML out of an untrusted peer's hands as a bounded tree; namespaces resolved, prefixes forgotten.

use quick_xml::{
    XmlVersion,
    escape::resolve_xml_entity,
    events::{BytesRef, BytesStart, Event},
    name::ResolveResult,
    reader::NsReader,
};

/// One element with everything in it. Comments and processing instructions are dropped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// The namespace's URI; empty when there is none.
    pub namespace: String,
    /// The name without its prefix.
    pub name: String,
    /// Namespace, name and value; declarations of namespaces are not among them.
    pub attributes: Vec<(String, String, String)>,
    /// Child elements in order.
    pub children: Vec<Self>,
    /// The text directly in this element, its pieces joined.
    pub text: String,
}

/// How large a document may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XmlLimits {
    /// Bytes.
    pub size: usize,
    /// Elements within each other.
    pub depth: usize,
    /// Elements in all.
    pub elements: usize,
    /// Attributes of one element, declarations of namespaces included.
    pub attributes: usize,
}

impl Default for XmlLimits {
    /// 64 KiB (AMT's own envelopes end at around 50,000 bytes), 24 deep, 8192 elements, 32 attributes.
    fn default() -> Self {
        Self { size: 64 * 1024, depth: 24, elements: 8192, attributes: 32 }
    }
}

/// Why something is no acceptable XML.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Larger than [`XmlLimits`] allows; names which limit.
    #[error("the document has too many {0}")]
    TooLarge(&'static str),
    /// Not UTF-8.
    #[error("the document is not UTF-8")]
    Encoding,
    /// A document type declaration, or an entity that XML itself does not define.
    #[error("document type declarations and entities are not accepted")]
    Entity,
    /// Not well-formed, or a prefix without namespace.
    #[error("not well-formed XML: {0}")]
    Malformed(String),
}

impl Element {
    /// Reads a document.
    ///
    /// # Errors
    /// [`XmlError`].
    pub fn parse(bytes: &[u8], limits: XmlLimits) -> Result<Self, XmlError> {
        if bytes.len() > limits.size {
            return Err(XmlError::TooLarge("bytes"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| XmlError::Encoding)?;
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = NsReader::from_str(text);
        let mut tree = Tree { open: Vec::new(), root: None, elements: 0, limits };
        loop {
            match reader.read_event().map_err(malformed)? {
                Event::Start(start) => tree.open(element(&reader, &start, limits)?)?,
                Event::Empty(start) => {
                    tree.open(element(&reader, &start, limits)?)?;
                    tree.close()?;
                }
                Event::End(_) => tree.close()?,
                Event::Text(text) => tree.text(&text.xml10_content())?,
                Event::CData(text) => tree.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => tree.text(character(&reference)?.as_str())?,
                Event::DocType(_) => return Err(XmlError::Entity),
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
                Event::Eof => return tree.finish(),
            }
        }
    }

    /// The first child with this namespace and name.
    #[must_use]
    pub fn child(&self, namespace: &str, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.is(namespace, name))
    }

    /// Whether this is the element's namespace and name.
    #[must_use]
    pub fn is(&self, namespace: &str, name: &str) -> bool {
        self.namespace == namespace && self.name == name
    }

    /// The text without white space around it.
    #[must_use]
    pub fn trimmed(&self) -> &str {
        self.text.trim()
    }

    /// The trimmed text of a child.
    #[must_use]
    pub fn child_text(&self, namespace: &str, name: &str) -> Option<&str> {
        self.child(namespace, name).map(Self::trimmed)
    }

    /// The value of an attribute of this name, whatever its namespace.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(_, n, _)| n == name).map(|(_, _, v)| v.as_str())
    }
}

struct Tree {
    open: Vec<Element>,
    root: Option<Element>,
    elements: usize,
    limits: XmlLimits,
}

impl Tree {
    fn open(&mut self, element: Element) -> Result<(), XmlError> {
        self.elements = self.elements.saturating_add(1);
        if self.open.len() >= self.limits.depth {
            return Err(XmlError::TooLarge("levels"));
        }
        if self.elements > self.limits.elements {
            return Err(XmlError::TooLarge("elements"));
        }
        if self.root.is_some() {
            return Err(XmlError::Malformed("more than one root element".into()));
        }
        self.open.push(element);
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlError> {
        let done =
            self.open.pop().ok_or_else(|| XmlError::Malformed("an end without a start".into()))?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(done),
            None => self.root = Some(done),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlError> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(text),
            None if text.trim().is_empty() => {}
            None => return Err(XmlError::Malformed("text outside the root element".into())),
        }
        Ok(())
    }

    fn finish(self) -> Result<Element, XmlError> {
        if !self.open.is_empty() {
            return Err(XmlError::Malformed("the document ends too early".into()));
        }
        self.root.ok_or_else(|| XmlError::Malformed("no element".into()))
    }
}

fn element(
    reader: &NsReader<&[u8]>,
    start: &BytesStart<'_>,
    limits: XmlLimits,
) -> Result<Element, XmlError> {
    let (namespace, name) = reader.resolver().resolve_element(start.name());
    let mut element = Element {
        namespace: uri(&namespace)?,
        name: name.into_inner().to_owned(),
        ..Element::default()
    };
    for (index, attribute) in start.attributes().enumerate() {
        if index >= limits.attributes {
            return Err(XmlError::TooLarge("attributes"));
        }
        let attribute = attribute.map_err(malformed)?;
        if attribute.key.as_namespace_binding().is_some() {
            continue;
        }
        let (namespace, name) = reader.resolver().resolve_attribute(attribute.key);
        let value =
            attribute.normalized_value(XmlVersion::Explicit1_0).map_err(|_| XmlError::Entity)?;
        let name = name.into_inner().to_owned();
        element.attributes.push((uri(&namespace)?, name, value.into_owned()));
    }
    Ok(element)
}

fn uri(found: &ResolveResult<'_>) -> Result<String, XmlError> {
    match found {
        ResolveResult::Unbound => Ok(String::new()),
        ResolveResult::Bound(namespace) => Ok(namespace.into_inner().to_owned()),
        ResolveResult::Unknown(prefix) => {
            Err(XmlError::Malformed(format!("no namespace for prefix {prefix:?}")))
        }
    }
}

fn character(reference: &BytesRef<'_>) -> Result<String, XmlError> {
    if let Some(character) = reference.resolve_char_ref().map_err(malformed)? {
        return Ok(character.to_string());
    }
    resolve_xml_entity(reference).map(str::to_owned).ok_or(XmlError::Entity)
}

fn malformed(error: impl std::fmt::Display) -> XmlError {
    XmlError::Malformed(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::{Element, XmlError, XmlLimits};

    fn parse(text: &str) -> Result<Element, XmlError> {
        Element::parse(text.as_bytes(), XmlLimits::default())
    }

    #[test]
    fn prefixes_do_not_matter_and_namespaces_do() {
        let one = parse("<a:x xmlns:a='u'><a:y b='1'>&lt;t&#33;</a:y></a:x>").unwrap();
        let two = parse("<x xmlns='u'><!-- c --><y b=\"1\"><![CDATA[<t]]>!</y></x>").unwrap();
        assert_eq!(one, two);
        assert_eq!(one.child_text("u", "y"), Some("<t!"));
        assert_eq!(one.child("other", "y"), None);
    }

    #[test]
    fn entities_and_document_types_are_refused() {
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\">]><x>&a;</x>";
        for text in [bomb, "<x>&a;</x>", "<x y='&a;'/>", "<!DOCTYPE x SYSTEM 'file:///'><x/>"] {
            assert_eq!(parse(text), Err(XmlError::Entity), "{text}");
        }
    }

    #[test]
    fn depth_size_elements_and_attributes_are_bounded() {
        let deep = "<x>".repeat(25) + &"</x>".repeat(25);
        assert_eq!(parse(&deep), Err(XmlError::TooLarge("levels")));
        let fine = "<x>".repeat(24) + &"</x>".repeat(24);
        assert!(parse(&fine).is_ok());
        let many = format!("<x>{}</x>", "<y/>".repeat(8192));
        assert_eq!(parse(&many), Err(XmlError::TooLarge("elements")));
        let long = format!("<x>{}</x>", "y".repeat(64 * 1024));
        assert_eq!(parse(&long), Err(XmlError::TooLarge("bytes")));
        let attributes: String = (0..33).map(|n| format!(" a{n}=''")).collect();
        assert_eq!(parse(&format!("<x{attributes}/>")), Err(XmlError::TooLarge("attributes")));
    }

    #[test]
    fn what_is_not_one_whole_document_is_refused() {
        for text in ["", "x", "<x>", "</x>", "<x></y>", "<x/><y/>", "<x/>y", "<p:x/>", "<x y=1/>"] {
            assert!(matches!(parse(text), Err(XmlError::Malformed(_))), "{text:?}");
        }
        assert_eq!(Element::parse(b"<x>\xff</x>", XmlLimits::default()), Err(XmlError::Encoding));
    }
}
