//! Arguments of methods, and what methods answer.

use crate::remote_access::Code;
use amt::wsman::{Fault, Properties, Reference, ResourceUri, Value};

/// A method's arguments, read by name.
#[derive(Debug, Clone, Copy)]
pub(in crate::services) struct Arguments<'a>(pub(in crate::services) &'a Properties);

impl<'a> Arguments<'a> {
    /// A text; none when it is missing or empty.
    pub(in crate::services) fn text(self, name: &str) -> Option<&'a str> {
        self.all(name).find_map(Value::as_text).filter(|text| !text.is_empty())
    }

    /// A number.
    pub(in crate::services) fn number<T: std::str::FromStr>(self, name: &str) -> Result<T, Code> {
        let text = self.text(name).ok_or(Code::InvalidParameter)?;
        text.trim().parse().map_err(|_| Code::InvalidParameter)
    }

    /// Bytes in base64; an absent or empty argument has none.
    pub(in crate::services) fn bytes(self, name: &str) -> Result<Vec<u8>, Code> {
        let text: String = self.text(name).unwrap_or_default().split_ascii_whitespace().collect();
        openssl::base64::decode_block(&text).map_err(|_| Code::InvalidParameter)
    }

    /// Instances that are named.
    pub(in crate::services) fn references(
        self,
        name: &'a str,
    ) -> impl Iterator<Item = &'a Reference> {
        self.all(name).filter_map(Value::as_reference)
    }

    fn all<'n>(self, name: &'n str) -> impl Iterator<Item = &'a Value> + use<'a, 'n> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value)
    }
}

/// The number in the key of a reference, whose name ends in it; `None` when it names another class or thing.
pub(in crate::services) fn numbered(
    reference: &Reference,
    class: &str,
    key: &str,
    begins: &str,
) -> Option<u32> {
    if ResourceUri::of_class(class).as_ref() != Some(&reference.resource) {
        return None;
    }
    let (_, value) = reference.selectors.iter().find(|(name, _)| name == key)?;
    value.as_text()?.trim().strip_prefix(begins)?.trim().parse().ok()
}

/// What a method returns: a result under its name when there is one, then the code.
pub(in crate::services) fn answer(
    name: &str,
    result: Result<Option<Value>, Code>,
) -> Result<Properties, Fault> {
    let (value, code) = match result {
        Ok(value) => (value, Code::Ok),
        Err(code) => (None, code),
    };
    let mut output: Properties = value.map(|value| (name.to_owned(), value)).into_iter().collect();
    output.push(("ReturnValue".into(), code.number().into()));
    Ok(output)
}
