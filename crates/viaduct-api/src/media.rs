//! The library of images, and images that are mounted at PCs.

use crate::{DeviceId, schema::Time};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// An image that shall be uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewImage {
    /// What people call it, such as a file name; unique.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// In hexadecimal; when given, the upload is refused unless it has this hash.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// An image of the library.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MediaImage {
    /// Names it in requests; its name does too.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// Bytes that are here; an upload goes on from this one.
    #[serde(default)]
    pub offset: u64,
    /// Whether all of it is here and its hash is known.
    #[serde(default)]
    pub complete: bool,
    /// In hexadecimal, once it is complete.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Who brought it.
    #[serde(default)]
    pub user: String,
    /// When the upload began.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub created: OffsetDateTime,
    /// PCs that have it mounted.
    #[serde(default)]
    pub mounts: u64,
}

/// What the library still takes (`GET /media/limits`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MediaLimits {
    /// Bytes of the largest image (`[limits] image_size`).
    pub image_bytes: u64,
    /// Most images of all tenants together (`[limits] images`).
    pub images_max: usize,
    /// How many there are.
    pub images: usize,
    /// Bytes that an image can have now: the free disk without what stays free and what uploads under way still want.
    pub room: u64,
    /// Bytes of the longest name.
    pub name_max: usize,
}

/// Which image goes where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewMount {
    /// Name or UUID of the device.
    pub device: String,
    /// Number or name of the image.
    pub media: String,
    /// The PC sees it at once, not from its next start on.
    #[serde(default)]
    pub now: bool,
    /// Whoever uses the drives now has to leave.
    #[serde(default)]
    pub take_over: bool,
}

/// How far a mount is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MountState {
    /// The PC has it and has read nothing.
    Offered,
    /// The PC has read some of it.
    Reading,
    /// It is over; `code` and `reason` say why.
    Ended,
}

/// An image as the CD of a PC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Mount {
    /// The number of its redirection.
    pub id: u64,
    /// The device.
    pub guid: DeviceId,
    /// Its name.
    #[serde(default)]
    pub name: Option<String>,
    /// The image.
    pub media: String,
    /// Its name.
    pub media_name: String,
    /// Who mounted it.
    pub user: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    #[schemars(with = "Time")]
    pub since: OffsetDateTime,
    /// How far it is.
    pub state: MountState,
    /// Bytes of the image.
    pub size: u64,
    /// Bytes the PC has read, some perhaps twice.
    pub bytes_read: u64,
    /// Blocks of the image, 2,048 bytes each.
    pub blocks: u64,
    /// The last block of the latest read.
    #[serde(default)]
    pub last_block: Option<u64>,
    /// How long a message to the PC takes there and back, the shortest time that was seen; none before the first.
    #[serde(default)]
    pub round_trip_microseconds: Option<u64>,
    /// Blocks in each second of late.
    pub blocks_per_second: u64,
    /// Until the PC has read as much as the image has, at this speed; none while nothing is read.
    #[serde(default)]
    pub seconds_left: Option<u64>,
    /// Whether the image has a boot record: a PC starts from no other.
    #[serde(default)]
    pub bootable: bool,
    /// When the PC first read the image's boot program, as it does when it starts from it.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub started: Option<OffsetDateTime>,
    /// When it ended.
    #[serde(default, with = "time::serde::rfc3339::option")]
    #[schemars(with = "Option<Time>")]
    pub ended: Option<OffsetDateTime>,
    /// The code of what went wrong; none when somebody took it out.
    #[serde(default)]
    pub code: Option<String>,
    /// Why it ended.
    #[serde(default)]
    pub reason: Option<String>,
}
