//! The list `name=value, name="quoted value"` behind an authentication scheme.

use super::DigestError;
use crate::http::headers::is_token;

/// More than any scheme has; bounds the work for one header field.
const MAX: usize = 32;

/// The parameters of one challenge or answer; names in lower case.
#[derive(Debug)]
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a header value whose scheme must be `Digest`.
    pub(super) fn parse(value: &str) -> Result<Self, DigestError> {
        let (scheme, list) = value.trim_start().split_once(' ').ok_or(DigestError::OtherScheme)?;
        if !scheme.eq_ignore_ascii_case("Digest") {
            return Err(DigestError::OtherScheme);
        }
        let mut found: Vec<(String, String)> = Vec::new();
        let mut rest = list.trim_start_matches([' ', '\t', ',']);
        while !rest.is_empty() {
            let (name, after) = rest.split_once('=').ok_or(DigestError::Malformed)?;
            let name = name.trim().to_ascii_lowercase();
            if name.is_empty() || !name.bytes().all(is_token) || found.len() >= MAX {
                return Err(DigestError::Malformed);
            }
            if found.iter().any(|(n, _)| *n == name) {
                return Err(DigestError::Malformed);
            }
            let (value, after) = value_of(after.trim_start_matches([' ', '\t']))?;
            found.push((name, value));
            let after = after.trim_start_matches([' ', '\t']);
            if !after.is_empty() && !after.starts_with(',') {
                return Err(DigestError::Malformed);
            }
            rest = after.trim_start_matches([' ', '\t', ',']);
        }
        Ok(Self(found))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub(super) fn require(&self, name: &'static str) -> Result<String, DigestError> {
        self.get(name).map(str::to_owned).ok_or(DigestError::Missing(name))
    }

    /// MD5 is the only algorithm that AMT knows; no algorithm means MD5.
    pub(super) fn check_algorithm(&self) -> Result<(), DigestError> {
        match self.get("algorithm") {
            None => Ok(()),
            Some(name) if name.eq_ignore_ascii_case("MD5") => Ok(()),
            Some(_) => Err(DigestError::Unsupported),
        }
    }
}

/// A quoted string or a token at the start of `text`, and what follows it.
fn value_of(text: &str) -> Result<(String, &str), DigestError> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        let (token, rest) = text.split_at_checked(end).ok_or(DigestError::Malformed)?;
        let plain = |b: u8| b.is_ascii_graphic() && b != b'"';
        if token.is_empty() || !token.bytes().all(plain) {
            return Err(DigestError::Malformed);
        }
        return Ok((token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => return Ok((value, characters.as_str())),
            '\\' => value.push(characters.next().ok_or(DigestError::Malformed)?),
            other => value.push(other),
        }
    }
    Err(DigestError::Malformed)
}

/// Writes `name="value"` with quotes and backslashes escaped, after a comma unless first.
pub(super) fn push_quoted(out: &mut String, separator: &str, name: &str, value: &str) {
    push_name(out, separator, name);
    out.push('"');
    for character in value.chars() {
        if matches!(character, '"' | '\\') {
            out.push('\\');
        }
        out.push(character);
    }
    out.push('"');
}

/// Writes `name=value` with nothing around the value.
pub(super) fn push_plain(out: &mut String, separator: &str, name: &str, value: &str) {
    push_name(out, separator, name);
    out.push_str(value);
}

fn push_name(out: &mut String, separator: &str, name: &str) {
    if out.ends_with(' ') {
        out.push_str(name);
    } else {
        out.push_str(separator);
        out.push_str(name);
    }
    out.push('=');
}
