//! USERAUTH_REQUEST (50) and USERAUTH_FAILURE (51).
//!
//! `50 | str user | str service | str method | method data`, where `password` has a zero byte
//! and the password, and `none` has nothing at all. `51 | str method list | u8 0`: 14 bytes.

use crate::DecodeError;
use crate::error::Field;
use crate::reader::{Reader, Stop};
use bytes::{BufMut as _, BytesMut};
use core::fmt;

/// The longest USERAUTH_REQUEST that is read, in bytes.
pub(crate) const LONGEST_REQUEST: u32 = 1
    + (4 + Field::User.limit())
    + (4 + Field::ServiceName.limit())
    + (4 + Field::Method.limit())
    + 1
    + (4 + Field::Password.limit());

const PASSWORD: &[u8] = b"password";
const NONE: &[u8] = b"none";

/// A device's credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserAuthRequest<'a> {
    /// The user.
    pub user: &'a [u8],
    /// The service wanted afterwards; `pfwd@amt.intel.com` in practice, not checked.
    pub service: &'a [u8],
    /// How the user proves to be that user.
    pub method: Method<'a>,
}

/// How a user proves to be that user.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Method<'a> {
    /// By the TLS client certificate.
    None,
    /// By a password. Not printed by `Debug`.
    Password(&'a [u8]),
}

impl fmt::Debug for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Password(_) => "Password(..)",
        })
    }
}

impl<'a> UserAuthRequest<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Stop> {
        let user = reader.string(Field::User)?;
        let service = reader.name(Field::ServiceName)?;
        let method = match reader.string(Field::Method)? {
            PASSWORD => {
                let change = reader.u8()?;
                if change != 0 {
                    return Err(DecodeError::PasswordChange(change).into());
                }
                Method::Password(reader.string(Field::Password)?)
            }
            NONE => Method::None,
            _ => return Err(DecodeError::UnknownMethod.into()),
        };
        Ok(Self { user, service, method })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        super::put_string(out, Field::User, self.user);
        super::put_string(out, Field::ServiceName, self.service);
        match self.method {
            Method::None => super::put_string(out, Field::Method, NONE),
            Method::Password(password) => {
                super::put_string(out, Field::Method, PASSWORD);
                out.put_u8(0);
                super::put_string(out, Field::Password, password);
            }
        }
    }
}

/// The server's refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserAuthFailure<'a> {
    /// Methods that could go on, separated by commas.
    pub methods: &'a [u8],
}

impl UserAuthFailure<'static> {
    /// What we answer: `password` could go on. 14 bytes on the wire.
    pub const PASSWORD: Self = Self { methods: PASSWORD };
}

impl<'a> UserAuthFailure<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Stop> {
        let methods = reader.name(Field::MethodList)?;
        let _partial_success = reader.u8()?;
        Ok(Self { methods })
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        super::put_string(out, Field::MethodList, self.methods);
        out.put_u8(0);
    }
}
