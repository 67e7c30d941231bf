//! PROTOCOLVERSION (192): `u32 major | u32 minor | u32 trigger | u8 uuid[16] | u8 reserved[64]`.

use crate::reader::{Reader, Stop};
use bytes::{BufMut as _, BytesMut};
use uuid::Uuid;

/// Length of the message in bytes.
pub(crate) const LENGTH: u32 = 93;

/// Why the device dials in, as on the wire (LMS header: 1 user, 2 alert, 3 provisioning,
/// 4 periodic, 254 local). Programs send other numbers too, so nothing depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trigger(pub u32);

impl Trigger {
    /// Somebody at the device asked for it.
    pub const USER: Self = Self(1);
    /// An alert.
    pub const ALERT: Self = Self(2);
    /// Provisioning.
    pub const PROVISIONING: Self = Self(3);
    /// The timer of a remote-access policy.
    pub const PERIODIC: Self = Self(4);
}

/// Version and identity of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProtocolVersion {
    /// Major version; 1 everywhere.
    pub major: u32,
    /// Minor version; 0 everywhere.
    pub minor: u32,
    /// Why the device dials in.
    pub trigger: Trigger,
    /// The platform's UUID (SMBIOS byte order on the wire).
    pub uuid: Uuid,
}

impl ProtocolVersion {
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Stop> {
        let version = Self {
            major: reader.u32()?,
            minor: reader.u32()?,
            trigger: Trigger(reader.u32()?),
            uuid: Uuid::from_bytes_le(reader.array()?),
        };
        let _reserved = reader.array::<64>()?;
        Ok(version)
    }

    pub(super) fn write(&self, out: &mut BytesMut) {
        out.put_u32(self.major);
        out.put_u32(self.minor);
        out.put_u32(self.trigger.0);
        out.put_slice(&self.uuid.to_bytes_le());
        out.put_bytes(0, 64);
    }
}
