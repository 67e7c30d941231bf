//! The arithmetic of digest authentication: MD5 over joined strings (RFC 2617 §3.2.2).

use md5::{Digest, Md5};

/// An MD5 as 32 lower-case hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Md5Hex([u8; 32]);

impl Md5Hex {
    /// Reads exactly 32 hexadecimal digits of any case; anything else is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 32] = text.as_bytes().try_into().ok()?;
        bytes.iter().all(u8::is_ascii_hexdigit).then(|| Self(bytes.map(|b| b.to_ascii_lowercase())))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Compares all 32 digits, in a time that does not depend on where they differ.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        let difference = self.0.iter().zip(&other.0).fold(0, |sum, (a, b)| sum | (a ^ b));
        std::hint::black_box(difference) == 0
    }
}

/// The MD5 of these parts joined by colons.
#[must_use]
pub fn md5_hex(parts: &[&[u8]]) -> Md5Hex {
    let mut hash = Md5::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hash.update(b":");
        }
        hash.update(part);
    }
    let mut digits = [b'0'; 32];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.finalize()) {
        if let [high, low] = pair {
            *high = hex_digit(byte >> 4);
            *low = hex_digit(byte & 15);
        }
    }
    Md5Hex(digits)
}

const fn hex_digit(nibble: u8) -> u8 {
    match nibble {
        0..=9 => b'0'.wrapping_add(nibble),
        _ => b'a'.wrapping_sub(10).wrapping_add(nibble),
    }
}

/// `H(user:realm:password)`: all that a verifier needs to keep of a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ha1(Md5Hex);

impl Ha1 {
    /// From the clear-text password.
    #[must_use]
    pub fn new(user: &str, realm: &str, password: &str) -> Self {
        Self(md5_hex(&[user.as_bytes(), realm.as_bytes(), password.as_bytes()]))
    }

    /// From the hash itself, as AMT is given it for its users.
    #[must_use]
    pub const fn from_hash(hash: Md5Hex) -> Self {
        Self(hash)
    }

    /// The hash, to be kept. As good as the password within its realm.
    #[must_use]
    pub const fn hash(&self) -> &Md5Hex {
        &self.0
    }
}

impl std::fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ha1(..)")
    }
}

/// What the answer protects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qop {
    /// The request line.
    Auth,
    /// The request line and the body (AMT 14 and later).
    AuthInt,
}

impl Qop {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }

    /// Reads one value.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            t if t.eq_ignore_ascii_case("auth") => Some(Self::Auth),
            t if t.eq_ignore_ascii_case("auth-int") => Some(Self::AuthInt),
            _ => None,
        }
    }
}

/// Everything that goes into a response besides the password.
#[derive(Debug, Clone, Copy)]
pub struct ResponseInput<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The `uri` parameter.
    pub uri: &'a str,
    /// The nonce.
    pub nonce: &'a str,
    /// Quality of protection with count and client nonce, as written; none for RFC 2069.
    pub protection: Option<(Qop, &'a str, &'a str)>,
    /// The request's body (it counts with `auth-int` only).
    pub body: &'a [u8],
}

impl ResponseInput<'_> {
    /// The response that proves knowledge of the password behind `ha1`.
    #[must_use]
    pub fn response(&self, ha1: Ha1) -> Md5Hex {
        let (method, uri) = (self.method.as_bytes(), self.uri.as_bytes());
        let nonce = self.nonce.as_bytes();
        let Ha1(ha1) = ha1;
        let ha1 = ha1.as_str().as_bytes();
        let Some((qop, nc, cnonce)) = self.protection else {
            let ha2 = md5_hex(&[method, uri]);
            return md5_hex(&[ha1, nonce, ha2.as_str().as_bytes()]);
        };
        let ha2 = match qop {
            Qop::Auth => md5_hex(&[method, uri]),
            Qop::AuthInt => md5_hex(&[method, uri, md5_hex(&[self.body]).as_str().as_bytes()]),
        };
        let (nc, cnonce) = (nc.as_bytes(), cnonce.as_bytes());
        md5_hex(&[ha1, nonce, nc, cnonce, qop.as_str().as_bytes(), ha2.as_str().as_bytes()])
    }
}

#[cfg(test)]
mod tests {
    use super::{Ha1, Md5Hex, Qop, ResponseInput};

    #[test]
    fn the_example_of_rfc_2617_gives_its_response() {
        let ha1 = Ha1::new("Mufasa", "testrealm@host.com", "Circle Of Life");
        let input = ResponseInput {
            method: "GET",
            uri: "/dir/index.html",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            protection: Some((Qop::Auth, "00000001", "0a4f113b")),
            body: b"",
        };
        assert_eq!(input.response(ha1).as_str(), "6629fae49393a05397450978507c4ef1");
    }

    #[test]
    fn the_example_of_rfc_7616_gives_its_md5_response() {
        let ha1 = Ha1::new("Mufasa", "http-auth@example.org", "Circle of Life");
        let input = ResponseInput {
            method: "GET",
            uri: "/dir/index.html",
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
            protection: Some((
                Qop::Auth,
                "00000001",
                "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
            )),
            body: b"",
        };
        assert_eq!(input.response(ha1).as_str(), "8ca523f5e9506fed4657c9700eebdbec");
    }

    #[test]
    fn the_example_of_rfc_2069_as_corrected_gives_its_response() {
        // The RFC prints e966c932a9242554e42c8ee200cec7f6; erratum 749 gives the value that its own
        // formula yields.
        let ha1 = Ha1::new("Mufasa", "testrealm@host.com", "CircleOfLife");
        let input = ResponseInput {
            method: "GET",
            uri: "/dir/index.html",
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093",
            protection: None,
            body: b"",
        };
        assert_eq!(input.response(ha1).as_str(), "1949323746fe6a43ef61f9606e7febea");
    }

    #[test]
    fn with_auth_int_the_body_counts_and_with_auth_it_does_not() {
        let ha1 = Ha1::new("u", "r", "p");
        let response = |qop, body| {
            let protection = Some((qop, "00000001", "c"));
            ResponseInput { method: "POST", uri: "/", nonce: "n", protection, body }.response(ha1)
        };
        assert_ne!(response(Qop::AuthInt, b"a"), response(Qop::AuthInt, b"b"));
        assert_eq!(response(Qop::Auth, b"a"), response(Qop::Auth, b"b"));
    }

    #[test]
    fn only_32_hexadecimal_digits_are_a_response() {
        let digits = "6629fae49393a05397450978507c4ef1";
        assert!(Md5Hex::parse(&digits.to_ascii_uppercase()).is_some_and(|d| d.as_str() == digits));
        for wrong in ["", "6", &digits[1..], &format!("{digits}0"), &digits.replace('6', "g")] {
            assert_eq!(Md5Hex::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_difference_in_any_digit_is_seen() {
        let digits = "0123456789abcdef0123456789abcdef";
        let right = Md5Hex::parse(digits).unwrap();
        assert!(right.matches(&right));
        for at in 0..32 {
            let mut other = digits.as_bytes().to_vec();
            other[at] = if other[at] == b'0' { b'1' } else { b'0' };
            let other = Md5Hex::parse(std::str::from_utf8(&other).unwrap()).unwrap();
            assert!(!right.matches(&other), "digit {at}");
        }
    }
}
