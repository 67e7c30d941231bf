//! `Authorization: Digest ...`, read and written.

use super::{DigestError, Md5Hex, Qop, ResponseInput, parameters};

/// What a console answers to a [`super::Challenge`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The account.
    pub user: String,
    /// The realm, from the challenge.
    pub realm: String,
    /// The nonce, from the challenge.
    pub nonce: String,
    /// The target that the answer is for.
    pub uri: String,
    /// The proof: always 32 digits.
    pub response: Md5Hex,
    /// Quality of protection with its count and nonce; none for RFC 2069.
    pub protection: Option<Protection>,
    /// From the challenge, if it had one.
    pub opaque: Option<String>,
}

/// The part of an answer that RFC 2617 added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Protection {
    /// What is protected.
    pub qop: Qop,
    /// How often the nonce has been used, as eight hexadecimal digits.
    pub count: u32,
    /// The console's own nonce.
    pub cnonce: String,
}

impl Answer {
    /// Reads the header value. An answer without a full response is refused here, so nobody can
    /// forget to.
    ///
    /// # Errors
    /// [`DigestError`].
    pub fn parse(value: &str) -> Result<Self, DigestError> {
        let found = parameters::Parameters::parse(value)?;
        found.check_algorithm()?;
        let protection = match found.get("qop") {
            None => None,
            Some(qop) => Some(Protection {
                qop: Qop::parse(qop).ok_or(DigestError::Unsupported)?,
                count: count(found.get("nc").ok_or(DigestError::Missing("nc"))?)?,
                cnonce: found.require("cnonce")?,
            }),
        };
        let response = found.get("response").ok_or(DigestError::Missing("response"))?;
        Ok(Self {
            user: found.require("username")?,
            realm: found.require("realm")?,
            nonce: found.require("nonce")?,
            uri: found.require("uri")?,
            response: Md5Hex::parse(response).ok_or(DigestError::ResponseLength)?,
            protection,
            opaque: found.get("opaque").map(str::to_owned),
        })
    }

    /// The header value.
    #[must_use]
    pub fn to_header(&self) -> String {
        let mut out = String::from("Digest ");
        let quoted = parameters::push_quoted;
        quoted(&mut out, ", ", "username", &self.user);
        quoted(&mut out, ", ", "realm", &self.realm);
        quoted(&mut out, ", ", "nonce", &self.nonce);
        quoted(&mut out, ", ", "uri", &self.uri);
        if let Some(protection) = &self.protection {
            let count = format!("{:08x}", protection.count);
            parameters::push_plain(&mut out, ", ", "qop", protection.qop.as_str());
            parameters::push_plain(&mut out, ", ", "nc", &count);
            quoted(&mut out, ", ", "cnonce", &protection.cnonce);
        }
        quoted(&mut out, ", ", "response", self.response.as_str());
        if let Some(opaque) = &self.opaque {
            quoted(&mut out, ", ", "opaque", opaque);
        }
        out
    }

    /// The response that the right password would have given for this answer's other parts.
    #[must_use]
    pub fn expected(&self, ha1: super::Ha1, method: &str, body: &[u8]) -> Md5Hex {
        let count = self.protection.as_ref().map(|p| format!("{:08x}", p.count));
        let protection = self
            .protection
            .as_ref()
            .zip(count.as_deref())
            .map(|(p, count)| (p.qop, count, p.cnonce.as_str()));
        ResponseInput { method, uri: &self.uri, nonce: &self.nonce, protection, body }.response(ha1)
    }
}

/// Whether a value of `Authorization` must not reach a platform: a digest answer that cannot be read, or whose response
/// is missing or no whole digest (of MD5 or SHA-256). AMT 6 to 11.6 took an empty or short one for the right one
/// (CVE-2017-5689). Other schemes are not judged.
#[must_use]
pub fn is_partial_answer(value: &str) -> bool {
    let value = value.trim_start();
    let scheme_end =
        value.find(|c: char| c.is_ascii_whitespace() || c == ',').unwrap_or(value.len());
    if !value.get(..scheme_end).is_some_and(|scheme| scheme.eq_ignore_ascii_case("Digest")) {
        return false;
    }
    let Ok(found) = parameters::Parameters::parse(value) else { return true };
    let whole = |response: &str| {
        matches!(response.len(), 32 | 64) && response.bytes().all(|b| b.is_ascii_hexdigit())
    };
    !found.get("response").is_some_and(whole)
}

/// `nc` is exactly eight hexadecimal digits; upper-case ones would hash differently, so they are
/// refused rather than rewritten.
fn count(text: &str) -> Result<u32, DigestError> {
    let lower = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() != 8 || !text.bytes().all(lower) {
        return Err(DigestError::Malformed);
    }
    u32::from_str_radix(text, 16).map_err(|_| DigestError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::is_partial_answer;

    #[test]
    fn what_old_firmware_took_for_the_right_answer_is_recognised() {
        let digest = "0123456789abcdef0123456789abcdef";
        let with = |response: &str| {
            format!("Digest username=\"admin\", realm=\"r\", nonce=\"n\", uri=\"/\", {response}")
        };
        let whole = [
            with(&format!("response=\"{digest}\"")),
            with(&format!("response={digest}, qop=auth, nc=00000001, cnonce=\"c\"")),
            with(&format!("response=\"{digest}{digest}\", algorithm=SHA-256")),
            "Basic YTpi".to_owned(),
            "Negotiate x".to_owned(),
            "Digests".to_owned(),
        ];
        for value in &whole {
            assert!(!is_partial_answer(value), "{value}");
        }
        let partial = [
            with("response=\"\""),
            with("response="),
            with("opaque=\"\""),
            with(&format!("response=\"{}\"", &digest[1..])),
            with(&format!("response=\"{digest}0\"")),
            with(&format!("response=\"{}g\"", &digest[1..])),
            with(&format!("response=\"\", response=\"{digest}\"")),
            with(&format!("response=\"\", response=\"{digest}\"")).replace(' ', "\t"),
            "Digest".to_owned(),
            "DIGEST x".to_owned(),
            " digest\tresponse=\"\"".to_owned(),
            "Digest,response=\"\"".to_owned(),
        ];
        for value in &partial {
            assert!(is_partial_answer(value), "{value}");
        }
    }
}
