//! `WWW-Authenticate: Digest ...`, read and written.

use super::{DigestError, Qop, parameters};
use crate::http::Headers;

/// What a platform asks for. AMT's realm is `Digest:` and 32 hexadecimal digits, the same as
/// `AMT_GeneralSettings.DigestRealm`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// The realm, fixed for a platform.
    pub realm: String,
    /// The nonce to answer.
    pub nonce: String,
    /// A string to be sent back unchanged.
    pub opaque: Option<String>,
    /// The last answer was right but for its nonce: try again without asking for a password.
    pub stale: bool,
    /// Offered qualities of protection in order; empty means RFC 2069.
    pub qop: Vec<Qop>,
}

impl Challenge {
    /// Reads one header value.
    ///
    /// # Errors
    /// [`DigestError`] when it is another scheme, malformed, or asks for what AMT never does.
    pub fn parse(value: &str) -> Result<Self, DigestError> {
        let found = parameters::Parameters::parse(value)?;
        found.check_algorithm()?;
        let qop: Vec<Qop> = match found.get("qop") {
            None => Vec::new(),
            Some(list) => list.split(',').filter_map(|q| Qop::parse(q.trim())).collect(),
        };
        if qop.is_empty() && found.get("qop").is_some() {
            return Err(DigestError::Unsupported);
        }
        Ok(Self {
            realm: found.require("realm")?,
            nonce: found.require("nonce")?,
            opaque: found.get("opaque").map(str::to_owned),
            stale: found.get("stale").is_some_and(|s| s.eq_ignore_ascii_case("true")),
            qop,
        })
    }

    /// The first digest challenge among the header fields of a 401.
    ///
    /// # Errors
    /// [`DigestError::OtherScheme`] when there is none, else what is wrong with the digest one.
    pub fn from_headers(headers: &Headers) -> Result<Self, DigestError> {
        let mut problem = DigestError::OtherScheme;
        for value in headers.get_all("WWW-Authenticate") {
            match Self::parse(value) {
                Ok(challenge) => return Ok(challenge),
                Err(DigestError::OtherScheme) => {}
                Err(other) => problem = other,
            }
        }
        Err(problem)
    }

    /// The header value as firmware writes it: no blanks after commas, `stale` in quotes.
    #[must_use]
    pub fn to_header(&self) -> String {
        let mut out = String::from("Digest ");
        parameters::push_quoted(&mut out, ",", "realm", &self.realm);
        parameters::push_quoted(&mut out, ",", "nonce", &self.nonce);
        if let Some(opaque) = &self.opaque {
            parameters::push_quoted(&mut out, ",", "opaque", opaque);
        }
        parameters::push_quoted(&mut out, ",", "stale", if self.stale { "true" } else { "false" });
        if !self.qop.is_empty() {
            let list: Vec<&str> = self.qop.iter().map(|q| q.as_str()).collect();
            parameters::push_quoted(&mut out, ",", "qop", &list.join(","));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::{Challenge, DigestError, Headers, Qop};

    #[test]
    fn a_challenge_is_written_as_firmware_writes_it_and_read_back() {
        let challenge = Challenge {
            realm: "Digest:A4070000000000000000000000000000".into(),
            nonce: "2K5/AAsOAAAA".into(),
            opaque: None,
            stale: false,
            qop: vec![Qop::Auth, Qop::AuthInt],
        };
        let header = challenge.to_header();
        assert_eq!(
            header,
            "Digest realm=\"Digest:A4070000000000000000000000000000\",nonce=\"2K5/AAsOAAAA\",\
             stale=\"false\",qop=\"auth,auth-int\""
        );
        assert_eq!(Challenge::parse(&header), Ok(challenge));
    }

    #[test]
    fn the_digest_challenge_is_found_beside_negotiate() {
        let headers = Headers::new()
            .with("WWW-Authenticate", "Negotiate")
            .with("www-authenticate", "digest realm=\"r\", nonce=n , qop = \"auth\"");
        assert_eq!(Challenge::from_headers(&headers).map(|c| c.nonce), Ok("n".into()));
    }

    #[test]
    fn what_cannot_be_answered_is_an_error() {
        for (value, error) in [
            ("Basic realm=\"x\"", DigestError::OtherScheme),
            ("Digest realm=\"r\"", DigestError::Missing("nonce")),
            ("Digest realm=\"r\",nonce=\"n\",algorithm=SHA-256", DigestError::Unsupported),
            ("Digest realm=\"r\",nonce=\"n\",qop=\"other\"", DigestError::Unsupported),
            ("Digest realm=\"r\",realm=\"s\",nonce=\"n\"", DigestError::Malformed),
            ("Digest realm=\"r,nonce=n", DigestError::Malformed),
        ] {
            assert_eq!(Challenge::parse(value), Err(error), "{value}");
        }
    }
}
