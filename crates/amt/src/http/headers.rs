//! The header fields of a message, in the order in which they came.

use super::HttpError;

/// Header fields; names are compared without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Headers(Vec<(String, String)>);

impl Headers {
    /// No fields.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a field. Control characters in the value, which could end the line, become blanks.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        let value: String = value.into();
        let value = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        self.0.push((name.to_owned(), value));
    }

    /// Adds a field and returns all, for writing heads in one expression.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.push(name, value);
        self
    }

    /// The value of the first field of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The values of all fields of this name.
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// Whether a comma-separated field names this token, in any case (`Connection: close`).
    #[must_use]
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.get_all(name).any(|v| v.split(',').any(|t| t.trim().eq_ignore_ascii_case(token)))
    }

    /// Removes all fields of this name.
    pub fn remove(&mut self, name: &str) {
        self.0.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
    }

    /// Names and values in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(n, v)| (n.as_str(), v.as_str()))
    }

    /// How many fields there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads one line of a head (RFC 9112 §5): a token, a colon with no blank before it, a value.
    pub(super) fn push_line(&mut self, line: &[u8], limit: usize) -> Result<(), HttpError> {
        if self.0.len() >= limit {
            return Err(HttpError::TooManyHeaders { limit });
        }
        let colon = line.iter().position(|b| *b == b':').ok_or(HttpError::Header)?;
        let (name, rest) = line.split_at_checked(colon).ok_or(HttpError::Header)?;
        let value = rest.get(1..).unwrap_or_default();
        if name.is_empty() || !name.iter().copied().all(is_token) {
            return Err(HttpError::Header);
        }
        if value.iter().any(|b| (*b < b' ' && *b != b'\t') || *b == 0x7F) {
            return Err(HttpError::Header);
        }
        let name: String = name.iter().copied().map(char::from).collect();
        self.0.push((name, text(value).trim_matches([' ', '\t']).to_owned()));
        Ok(())
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        for (name, value) in self.iter() {
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// UTF-8 when it is that, else Latin-1, which HTTP/1 once promised.
pub(super) fn text(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes)
        .map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

/// RFC 9110 §5.6.2.
pub(super) const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
