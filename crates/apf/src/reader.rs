//! A big-endian cursor over received bytes that can say "not all here yet".

use crate::DecodeError;
use crate::error::Field;

/// Why reading a message stopped before its end.
pub(crate) enum Stop {
    /// The bytes so far are fine, but more are needed.
    Incomplete,
    /// No further bytes can turn this into a message.
    Invalid(DecodeError),
}

impl From<DecodeError> for Stop {
    fn from(error: DecodeError) -> Self {
        Self::Invalid(error)
    }
}

/// Reads integers and strings from the front of a slice. Never copies.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Bytes not read yet.
    pub(crate) const fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn bytes(&mut self, count: usize) -> Result<&'a [u8], Stop> {
        let (head, rest) = self.rest.split_at_checked(count).ok_or(Stop::Incomplete)?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or(Stop::Incomplete)?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Stop> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Stop> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Stop> {
        self.array().map(u32::from_be_bytes)
    }

    /// A length-prefixed string. The limit is checked as soon as the length is readable, before
    /// anything waits for the bytes themselves.
    pub(crate) fn string(&mut self, field: Field) -> Result<&'a [u8], Stop> {
        let length = self.u32()?;
        let limit = field.limit();
        if length > limit {
            return Err(DecodeError::TooLong { field, length, limit }.into());
        }
        // Every limit is far below 2^16, so this is exact on every platform.
        self.bytes(usize::try_from(length).unwrap_or(usize::MAX))
    }

    /// A string that is a name: printable ASCII only.
    pub(crate) fn name(&mut self, field: Field) -> Result<&'a [u8], Stop> {
        let name = self.string(field)?;
        if name.iter().all(|byte| (0x20..0x7f).contains(byte)) {
            Ok(name)
        } else {
            Err(DecodeError::NotText(field).into())
        }
    }
}
