//! The REST vocabulary: requests, replies, errors, events. Shared by server and command line.

mod device_id;

pub use device_id::{DeviceId, DeviceIdError};
