//! RFB 3.8 (RFC 6143) as far as a KVM redirection uses it, for both ends: handshake, pixels, what a
//! viewer says, and the encodings raw, AMT's RLE (16, a ZRLE of tiles), and desktop size.
//!
//! All integers are big-endian here. [`ViewerMessage`] is what a viewer sends; [`Picture`] takes what a
//! server sends after its greeting and keeps the screen; [`tile`] encodes one tile as AMT does.

mod picture;
mod pixel;
mod security;
pub mod tile;
mod viewer;

pub use picture::{Picture, PictureError, Update};
pub use pixel::{PixelFormat, Rgb};
pub use security::{OpenSecurity, SecurityError, ViewerSecurity, proof};
pub use viewer::{ViewerError, ViewerMessage};

/// What both ends say first.
pub const VERSION: &[u8; 12] = b"RFB 003.008\n";

/// Security type: nothing to prove.
pub const SECURITY_NONE: u8 = 1;
/// Security type: a password, proven with DES.
pub const SECURITY_VNC: u8 = 2;

/// Pixels as they are.
pub const RAW: i32 = 0;
/// AMT's tiles.
pub const AMT_RLE: i32 = 16;
/// A rectangle with this encoding says how large the screen is.
pub const DESKTOP_SIZE: i32 = -223;

/// Width and height of a tile at most.
pub const TILE: u16 = 64;

/// Part of a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rectangle {
    /// From the left.
    pub x: u16,
    /// From the top.
    pub y: u16,
    /// Pixels.
    pub width: u16,
    /// Pixels.
    pub height: u16,
}

impl Rectangle {
    /// All of a screen.
    #[must_use]
    pub const fn of_size(width: u16, height: u16) -> Self {
        Self { x: 0, y: 0, width, height }
    }

    /// Whether the two have a pixel in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let meet = |a: u16, a_length: u16, b: u16, b_length: u16| {
            u32::from(a) < u32::from(b).saturating_add(b_length.into())
                && u32::from(b) < u32::from(a).saturating_add(a_length.into())
        };
        meet(self.x, self.width, other.x, other.width)
            && meet(self.y, self.height, other.y, other.height)
    }

    /// Appends the head of a rectangle of an update.
    pub fn encode(self, encoding: i32, out: &mut Vec<u8>) {
        for number in [self.x, self.y, self.width, self.height] {
            out.extend_from_slice(&number.to_be_bytes());
        }
        out.extend_from_slice(&encoding.to_be_bytes());
    }
}

/// Appends the answer to a viewer's ClientInit: size, pixels and name of the screen.
pub fn encode_server_init(
    width: u16,
    height: u16,
    format: PixelFormat,
    name: &str,
    out: &mut Vec<u8>,
) {
    out.extend_from_slice(&width.to_be_bytes());
    out.extend_from_slice(&height.to_be_bytes());
    format.encode(out);
    let length = u32::try_from(name.len()).unwrap_or_default();
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(name.as_bytes());
}

/// Appends the head of an update of so many rectangles.
pub fn encode_update(rectangles: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&rectangles.to_be_bytes());
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
    u16::from_be_bytes([byte(at), byte(at.saturating_add(1))])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    (u32::from(u16_at(bytes, at)) << 16) | u32::from(u16_at(bytes, at.saturating_add(2)))
}
