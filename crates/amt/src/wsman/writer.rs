//! Writes envelopes with AMT's prefixes: `a` SOAP, `b` addressing, `c` WS-Management, and from `d`
//! on what the body needs.

use super::names::{ADDRESSING, ANONYMOUS, SCHEMA_INSTANCE, SOAP, WSMAN};

/// Body and header text with the prefixes used so far.
#[derive(Debug)]
pub(super) struct Writer {
    out: String,
    namespaces: Vec<String>,
    nil_used: bool,
}

/// A tag that is open: must be given back to [`Writer::end`].
#[must_use]
#[derive(Debug)]
pub(super) struct Tag(String);

impl Writer {
    pub(super) fn new() -> Self {
        let namespaces = [SOAP, ADDRESSING, WSMAN].map(str::to_owned).to_vec();
        Self { out: String::new(), namespaces, nil_used: false }
    }

    pub(super) fn prefix(&mut self, namespace: &str) -> String {
        let found = self.namespaces.iter().position(|n| n == namespace);
        let index = found.unwrap_or_else(|| {
            self.namespaces.push(namespace.to_owned());
            self.namespaces.len().saturating_sub(1)
        });
        prefix(index)
    }

    fn tag(&mut self, namespace: &str, name: &str) -> String {
        let name: String = name.chars().filter(|c| is_name_character(*c)).collect();
        if namespace.is_empty() {
            return name;
        }
        let prefix = self.prefix(namespace);
        format!("{prefix}:{name}")
    }

    pub(super) fn start(&mut self, namespace: &str, name: &str) -> Tag {
        let tag = self.tag(namespace, name);
        self.out.push('<');
        self.out.push_str(&tag);
        self.out.push('>');
        Tag(tag)
    }

    pub(super) fn start_with(
        &mut self,
        namespace: &str,
        name: &str,
        attribute: &str,
        value: &str,
    ) -> Tag {
        let tag = self.tag(namespace, name);
        self.out.push_str(&format!("<{tag} {attribute}=\""));
        escape(&mut self.out, value);
        self.out.push_str("\">");
        Tag(tag)
    }

    pub(super) fn end(&mut self, Tag(tag): Tag) {
        self.out.push_str("</");
        self.out.push_str(&tag);
        self.out.push('>');
    }

    pub(super) fn text(&mut self, text: &str) {
        escape(&mut self.out, text);
    }

    pub(super) fn element(&mut self, namespace: &str, name: &str, text: &str) {
        let tag = self.start(namespace, name);
        self.text(text);
        self.end(tag);
    }

    pub(super) fn nil(&mut self, namespace: &str, name: &str) {
        self.nil_used = true;
        let tag = self.start_with(namespace, name, "xsi:nil", "true");
        self.end(tag);
    }

    /// An element in which the receiver must understand every word.
    pub(super) fn must_understand(&mut self, namespace: &str, name: &str, text: &str) {
        let tag = self.start_with(namespace, name, "a:mustUnderstand", "true");
        self.text(text);
        self.end(tag);
    }

    pub(super) fn anonymous_reply_to(&mut self) {
        let tag = self.start(ADDRESSING, "ReplyTo");
        self.element(ADDRESSING, "Address", ANONYMOUS);
        self.end(tag);
    }

    /// What was written so far becomes the header; what follows is the body.
    pub(super) fn take_header(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    /// The whole document.
    pub(super) fn finish(self, header: &str) -> String {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><a:Envelope");
        for (index, namespace) in self.namespaces.iter().enumerate() {
            out.push_str(&format!(" xmlns:{}=\"", prefix(index)));
            escape(&mut out, namespace);
            out.push('"');
        }
        if self.nil_used {
            out.push_str(&format!(" xmlns:xsi=\"{SCHEMA_INSTANCE}\""));
        }
        out.push('>');
        if header.is_empty() {
            out.push_str("<a:Header/>");
        } else {
            out.push_str("<a:Header>");
            out.push_str(header);
            out.push_str("</a:Header>");
        }
        if self.out.is_empty() {
            out.push_str("<a:Body/>");
        } else {
            out.push_str("<a:Body>");
            out.push_str(&self.out);
            out.push_str("</a:Body>");
        }
        out.push_str("</a:Envelope>");
        out
    }
}

/// Names may come from whoever types a command: nothing in them may end the tag.
const fn is_name_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-' | '.')
}

fn prefix(index: usize) -> String {
    u8::try_from(index)
        .ok()
        .and_then(|i| b'a'.checked_add(i))
        .filter(u8::is_ascii_lowercase)
        .map_or_else(|| format!("n{index}"), |letter| char::from(letter).to_string())
}

/// Escapes what XML would misread, and drops characters that XML 1.0 cannot hold at all.
fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => out.push(character),
            '\r' => out.push_str("&#13;"),
            '\0'..' ' | '\u{fffe}' | '\u{ffff}' => {}
            other => out.push(other),
        }
    }
}
