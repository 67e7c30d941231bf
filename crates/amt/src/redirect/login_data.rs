//! What stands inside the login messages 13 and 14, method by method.

use super::{LOGIN_URI, LoginMethod, MAX_LOGIN};
use crate::http::digest::{Ha1, Md5Hex, Qop, ResponseInput};

/// Why the data of a login cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// Strings are missing or run past the end.
    #[error("malformed login")]
    Malformed,
    /// The response is not exactly 32 hexadecimal digits (CVE-2017-5689).
    #[error("the digest response is empty, too short or too long")]
    ResponseLength,
    /// A string longer than 255 bytes, which its length cannot say.
    #[error("a name or password longer than 255 bytes")]
    TooLong,
}

/// Writes method, length and data of a login.
pub(super) fn encode_login(method: LoginMethod, data: &[u8], out: &mut Vec<u8>) {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX).min(MAX_LOGIN);
    out.push(method.number());
    out.extend_from_slice(&length.to_le_bytes());
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    out.extend_from_slice(data.get(..length).unwrap_or(data));
}

/// Strings, each behind a byte with its length.
fn read_strings<const N: usize>(data: &[u8]) -> Result<[String; N], LoginError> {
    let mut rest = data;
    let mut strings = [const { String::new() }; N];
    for string in &mut strings {
        let (length, after) = rest.split_first().ok_or(LoginError::Malformed)?;
        let (bytes, after) =
            after.split_at_checked(usize::from(*length)).ok_or(LoginError::Malformed)?;
        *string = str::from_utf8(bytes).map_err(|_| LoginError::Malformed)?.to_owned();
        rest = after;
    }
    Ok(strings)
}

fn write_strings(strings: &[&str]) -> Result<Vec<u8>, LoginError> {
    let mut out = Vec::new();
    for string in strings {
        out.push(u8::try_from(string.len()).map_err(|_| LoginError::TooLong)?);
        out.extend_from_slice(string.as_bytes());
    }
    Ok(out)
}

/// User and password in clear text (method 1).
#[derive(Clone, PartialEq, Eq)]
pub struct PlainLogin {
    /// The account.
    pub user: String,
    /// Its password.
    pub password: String,
}

impl PlainLogin {
    /// Reads it.
    ///
    /// # Errors
    /// [`LoginError::Malformed`].
    pub fn parse(data: &[u8]) -> Result<Self, LoginError> {
        let [user, password] = read_strings(data)?;
        Ok(Self { user, password })
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`LoginError::TooLong`].
    pub fn to_data(&self) -> Result<Vec<u8>, LoginError> {
        write_strings(&[&self.user, &self.password])
    }
}

impl std::fmt::Debug for PlainLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PlainLogin").field("user", &self.user).finish_non_exhaustive()
    }
}

/// What a platform asks in the first round of a digest login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestLoginChallenge {
    /// The same realm as over HTTP.
    pub realm: String,
    /// To be answered once.
    pub nonce: String,
}

impl DigestLoginChallenge {
    /// Reads it.
    ///
    /// # Errors
    /// [`LoginError::Malformed`].
    pub fn parse(data: &[u8]) -> Result<Self, LoginError> {
        let [realm, nonce] = read_strings(data)?;
        Ok(Self { realm, nonce })
    }

    /// Writes it; with `qop` for [`LoginMethod::DigestQop`].
    ///
    /// # Errors
    /// [`LoginError::TooLong`].
    pub fn to_data(&self, method: LoginMethod) -> Result<Vec<u8>, LoginError> {
        if method == LoginMethod::DigestQop {
            return write_strings(&[&self.realm, &self.nonce, Qop::Auth.as_str()]);
        }
        write_strings(&[&self.realm, &self.nonce])
    }
}

/// What a console says in either round; in the first only user and target are filled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DigestLoginAnswer {
    /// The account.
    pub user: String,
    /// From the challenge.
    pub realm: String,
    /// From the challenge.
    pub nonce: String,
    /// [`LOGIN_URI`].
    pub uri: String,
    /// The console's own nonce.
    pub cnonce: String,
    /// Eight digits. amtterm says `00000002` the first time, so it is not judged.
    pub count: String,
    /// The proof; empty in the first round.
    pub response: String,
    /// `auth`; not written with [`LoginMethod::Digest`].
    pub qop: String,
}

impl DigestLoginAnswer {
    /// The first round: who wants to log in.
    pub fn first(user: impl Into<String>) -> Self {
        Self { user: user.into(), uri: LOGIN_URI.to_owned(), ..Self::default() }
    }

    /// Reads it.
    ///
    /// # Errors
    /// [`LoginError::Malformed`].
    pub fn parse(method: LoginMethod, data: &[u8]) -> Result<Self, LoginError> {
        let [user, realm, nonce, uri, cnonce, count, response] = read_strings(data)?;
        let mut answer =
            Self { user, realm, nonce, uri, cnonce, count, response, qop: String::new() };
        if method == LoginMethod::DigestQop {
            let [_, _, _, _, _, _, _, qop] = read_strings(data)?;
            answer.qop = qop;
        }
        Ok(answer)
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`LoginError::TooLong`].
    pub fn to_data(&self, method: LoginMethod) -> Result<Vec<u8>, LoginError> {
        let strings = [
            &self.user,
            &self.realm,
            &self.nonce,
            &self.uri,
            &self.cnonce,
            &self.count,
            &self.response,
            &self.qop,
        ]
        .map(String::as_str);
        let [without_qop @ .., _] = &strings;
        write_strings(if method == LoginMethod::DigestQop { &strings } else { without_qop })
    }

    /// Whether this is the first round: no nonce and no response yet.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.nonce.is_empty() && self.response.is_empty()
    }

    /// The proof, if it has its full length.
    ///
    /// # Errors
    /// [`LoginError::ResponseLength`].
    pub fn proof(&self) -> Result<Md5Hex, LoginError> {
        Md5Hex::parse(&self.response).ok_or(LoginError::ResponseLength)
    }

    /// The proof that the right password gives for the other parts.
    #[must_use]
    pub fn expected(&self, method: LoginMethod, ha1: Ha1) -> Md5Hex {
        let protection = (method == LoginMethod::DigestQop).then_some((
            Qop::Auth,
            self.count.as_str(),
            self.cnonce.as_str(),
        ));
        let (uri, nonce) = (self.uri.as_str(), self.nonce.as_str());
        ResponseInput { method: "POST", uri, nonce, protection, body: b"" }.response(ha1)
    }
}
