//! What a viewer sends after the handshake.

use super::{PixelFormat, Rectangle, u16_at, u32_at};

/// More encodings than this no viewer knows.
const ENCODINGS: u16 = 256;
/// Longest text of a clipboard, or of a message in AMT's data channel.
const TEXT: u32 = 64 << 10;

/// Why a viewer's stream makes no sense from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ViewerError {
    /// A first byte that begins no message known here.
    #[error("unknown message {0} of a viewer")]
    Unknown(u8),
    /// A list or text that is too long.
    #[error("a viewer's message of {0} bytes or entries")]
    TooLong(u32),
}

/// A message of a viewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ViewerMessage {
    /// 0: write pixels so.
    SetPixelFormat(PixelFormat),
    /// 2: these encodings are understood, the best first.
    SetEncodings(Vec<i32>),
    /// 3: send what is in there; incremental: once it has changed.
    UpdateRequest {
        /// What was sent before is known.
        incremental: bool,
        /// The part.
        area: Rectangle,
    },
    /// 4: a key (X keysym) went down or up.
    Key {
        /// Down.
        down: bool,
        /// The keysym.
        key: u32,
    },
    /// 5: where the pointer is and which of its buttons are down.
    Pointer {
        /// Bit 0 is the left button.
        buttons: u8,
        /// From the left.
        x: u16,
        /// From the top.
        y: u16,
    },
    /// 6: text in the clipboard, or a message in AMT's data channel.
    CutText(Vec<u8>),
}

impl ViewerMessage {
    /// The message at the start of `bytes` and its length; none while it is not whole.
    ///
    /// # Errors
    /// [`ViewerError`].
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, ViewerError> {
        let Some(length) = length(bytes)? else { return Ok(None) };
        let Some(whole) = bytes.get(..length) else { return Ok(None) };
        let byte = |at: usize| whole.get(at).copied().unwrap_or_default();
        let message = match byte(0) {
            0 => Self::SetPixelFormat(PixelFormat::decode(whole.get(4..).unwrap_or_default())),
            2 => {
                let list = whole.get(4..).unwrap_or_default().chunks_exact(4);
                Self::SetEncodings(list.map(|one| u32_at(one, 0).cast_signed()).collect())
            }
            3 => Self::UpdateRequest {
                incremental: byte(1) != 0,
                area: Rectangle {
                    x: u16_at(whole, 2),
                    y: u16_at(whole, 4),
                    width: u16_at(whole, 6),
                    height: u16_at(whole, 8),
                },
            },
            4 => Self::Key { down: byte(1) != 0, key: u32_at(whole, 4) },
            5 => Self::Pointer { buttons: byte(1), x: u16_at(whole, 2), y: u16_at(whole, 4) },
            _ => Self::CutText(whole.get(8..).unwrap_or_default().to_vec()),
        };
        Ok(Some((message, length)))
    }

    /// Appends the message as it goes on the wire; lists and texts beyond their limits are cut off.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::SetPixelFormat(format) => {
                out.extend_from_slice(&[0; 4]);
                format.encode(out);
            }
            Self::SetEncodings(list) => {
                let list = list.get(..usize::from(ENCODINGS)).unwrap_or(list);
                out.extend_from_slice(&[2, 0]);
                out.extend_from_slice(&u16::try_from(list.len()).unwrap_or_default().to_be_bytes());
                list.iter().for_each(|one| out.extend_from_slice(&one.to_be_bytes()));
            }
            Self::UpdateRequest { incremental, area } => {
                out.extend_from_slice(&[3, u8::from(*incremental)]);
                for number in [area.x, area.y, area.width, area.height] {
                    out.extend_from_slice(&number.to_be_bytes());
                }
            }
            Self::Key { down, key } => {
                out.extend_from_slice(&[4, u8::from(*down), 0, 0]);
                out.extend_from_slice(&key.to_be_bytes());
            }
            Self::Pointer { buttons, x, y } => {
                out.extend_from_slice(&[5, *buttons]);
                out.extend_from_slice(&x.to_be_bytes());
                out.extend_from_slice(&y.to_be_bytes());
            }
            Self::CutText(text) => {
                let most = usize::try_from(TEXT).unwrap_or(usize::MAX);
                let text = text.get(..most).unwrap_or(text);
                out.extend_from_slice(&[6, 0, 0, 0]);
                out.extend_from_slice(&u32::try_from(text.len()).unwrap_or_default().to_be_bytes());
                out.extend_from_slice(text);
            }
        }
    }
}

/// How long the message is, once its head is there.
fn length(bytes: &[u8]) -> Result<Option<usize>, ViewerError> {
    let Some(number) = bytes.first() else { return Ok(None) };
    let length = match number {
        0 => 20,
        2 if bytes.len() < 4 => return Ok(None),
        2 => match u16_at(bytes, 2) {
            count if count > ENCODINGS => return Err(ViewerError::TooLong(count.into())),
            count => usize::from(count).saturating_mul(4).saturating_add(4),
        },
        3 => 10,
        4 => 8,
        5 => 6,
        6 if bytes.len() < 8 => return Ok(None),
        6 => match u32_at(bytes, 4) {
            length if length > TEXT => return Err(ViewerError::TooLong(length)),
            length => usize::try_from(length).unwrap_or(usize::MAX).saturating_add(8),
        },
        other => return Err(ViewerError::Unknown(*other)),
    };
    Ok(Some(length))
}
