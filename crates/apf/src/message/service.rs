//! SERVICE_REQUEST (5) and SERVICE_ACCEPT (6): `str name`.

use crate::DecodeError;
use crate::error::Field;
use crate::reader::{Reader, Stop};
use bytes::BytesMut;

/// The longest SERVICE_REQUEST that is read, in bytes.
pub(crate) const LONGEST_REQUEST: u32 = 1 + 4 + Field::ServiceName.limit();

/// The two services of APF.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Login.
    Auth,
    /// Port forwarding.
    Forwarding,
}

impl Service {
    /// The name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth@amt.intel.com",
            Self::Forwarding => "pfwd@amt.intel.com",
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Stop> {
        let name = reader.string(Field::ServiceName)?;
        [Self::Auth, Self::Forwarding]
            .into_iter()
            .find(|service| service.name().as_bytes() == name)
            .ok_or(Stop::Invalid(DecodeError::UnknownService))
    }

    pub(super) fn write(self, out: &mut BytesMut) {
        super::put_string(out, Field::ServiceName, self.name().as_bytes());
    }
}
