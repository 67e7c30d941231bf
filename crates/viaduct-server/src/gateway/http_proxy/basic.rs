//! `Proxy-Authorization: Basic` (RFC 7617).

use crate::config::Secret;
use base64::{Engine, engine::general_purpose::STANDARD};

/// User and password out of the field's value; `None` for any other scheme or for what is not text.
pub(super) fn credentials(value: &[u8]) -> Option<(String, Secret<String>)> {
    let space = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = value.split_at(space);
    if !scheme.eq_ignore_ascii_case(b"basic") {
        return None;
    }
    let decoded = Secret::new(STANDARD.decode(rest.trim_ascii()).ok()?);
    let text = std::str::from_utf8(decoded.expose()).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), Secret::new(password.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_password_are_read_and_a_colon_belongs_to_the_password() {
        let value = format!("bAsIc  {}", STANDARD.encode("demo:a:b\u{fc}"));
        let (user, password) = credentials(value.as_bytes()).unwrap();
        assert_eq!((user.as_str(), password.expose().as_str()), ("demo", "a:b\u{fc}"));
    }

    #[test]
    fn what_is_not_basic_is_nobody() {
        for value in ["", "Basic", "Basic !", "Bearer eDp5", "Digest username=x", "Basic eA=="] {
            assert!(credentials(value.as_bytes()).is_none(), "{value}");
        }
    }
}
