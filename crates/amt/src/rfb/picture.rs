//! The screen as a viewer of AMT keeps it: updates in pieces in, pixels out.

use super::{AMT_RLE, DESKTOP_SIZE, PixelFormat, RAW, Rectangle, Rgb, TILE, tile, u16_at, u32_at};
use miniz_oxide::{
    DataFormat, MZFlush,
    inflate::stream::{InflateState, inflate},
};

/// Most pixels of a screen: what consoles of AMT bear, for two bytes each.
const PIXELS: usize = 4_608_000;
/// Longest data of a tile in the stream; compression that makes it longer would be none.
const TILE_DATA: u32 = 32 << 10;
/// Largest tile once it is inflated: all pixels raw, four bytes each, and a little.
const TILE_BYTES: usize = 4 * 64 * 64 + 64;
/// Longest text of a clipboard.
const TEXT: u32 = 1 << 20;

/// Why a platform's stream makes no sense from here on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PictureError {
    /// A first byte that begins no message known here.
    #[error("unknown message {0} of a screen")]
    Message(u8),
    /// An encoding that was not asked for.
    #[error("unknown encoding {0}")]
    Encoding(i32),
    /// A rectangle outside the screen, or a tile that is none.
    #[error("an update that does not fit the screen")]
    Tile,
    /// A screen that is too large.
    #[error("a screen of {0}x{1}")]
    Size(u16, u16),
    /// A text or tile that is too long.
    #[error("{0} bytes at once")]
    TooLong(u32),
}

/// What [`Picture::handle_bytes`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Update {
    /// This part has new pixels.
    Changed(Rectangle),
    /// The screen has another size, and all of it is black until it is sent.
    Resized(u16, u16),
    /// An update is complete: the next one can be asked for.
    Complete,
    /// The PC rang.
    Bell,
}

/// The screen. Give it what arrives after the ServerInit message.
pub struct Picture {
    format: PixelFormat,
    width: u16,
    height: u16,
    pixels: Vec<u32>,
    buffer: Vec<u8>,
    /// Rectangles of the update that has begun.
    left: Option<u16>,
    inflater: Box<InflateState>,
    inflating: bool,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture")
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

impl Picture {
    /// A black screen of this size, whose pixels come in this format.
    ///
    /// # Errors
    /// [`PictureError::Size`].
    pub fn new(width: u16, height: u16, format: PixelFormat) -> Result<Self, PictureError> {
        Ok(Self {
            format,
            width,
            height,
            pixels: vec![0; count(width, height)?],
            buffer: Vec::new(),
            left: None,
            inflater: InflateState::new_boxed(DataFormat::Zlib),
            inflating: false,
        })
    }

    /// Width and height.
    #[must_use]
    pub const fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// The colour of a pixel; black outside.
    #[must_use]
    pub fn colour(&self, x: u16, y: u16) -> Rgb {
        let pixel = if x < self.width { self.index(x, y) } else { None };
        pixel.map_or(Rgb::default(), |at| {
            self.format.colour(self.pixels.get(at).copied().unwrap_or_default())
        })
    }

    fn index(&self, x: u16, y: u16) -> Option<usize> {
        usize::from(y).checked_mul(self.width.into())?.checked_add(x.into())
    }

    /// Takes bytes and adds to `updates` what they change. What is not whole is kept for the next time.
    ///
    /// # Errors
    /// [`PictureError`]; the stream is of no use any more.
    pub fn handle_bytes(
        &mut self,
        input: &[u8],
        updates: &mut Vec<Update>,
    ) -> Result<(), PictureError> {
        let mut buffer = std::mem::take(&mut self.buffer);
        buffer.extend_from_slice(input);
        let mut taken = 0usize;
        loop {
            let rest = buffer.get(taken..).unwrap_or_default();
            let Some(length) = self.step(rest, updates)? else { break };
            taken = taken.saturating_add(length);
        }
        buffer.drain(..taken.min(buffer.len()));
        self.buffer = buffer;
        Ok(())
    }

    /// One message, or one rectangle of an update; how long it was.
    fn step(
        &mut self,
        bytes: &[u8],
        updates: &mut Vec<Update>,
    ) -> Result<Option<usize>, PictureError> {
        if let Some(left) = self.left {
            let length = self.rectangle(bytes, updates)?;
            if length.is_some() {
                self.one_less(left, updates);
            }
            return Ok(length);
        }
        let Some(number) = bytes.first() else { return Ok(None) };
        let length = match number {
            0 if bytes.len() < 4 => return Ok(None),
            0 => {
                match u16_at(bytes, 2) {
                    0 => updates.push(Update::Complete),
                    count => self.left = Some(count),
                }
                4
            }
            // A table of colours means nothing to true colours, but must be read over.
            1 if bytes.len() < 6 => return Ok(None),
            1 => usize::from(u16_at(bytes, 4)).saturating_mul(6).saturating_add(6),
            2 => {
                updates.push(Update::Bell);
                1
            }
            3 if bytes.len() < 8 => return Ok(None),
            3 => match u32_at(bytes, 4) {
                long if long > TEXT => return Err(PictureError::TooLong(long)),
                length => usize::try_from(length).unwrap_or(usize::MAX).saturating_add(8),
            },
            other => return Err(PictureError::Message(*other)),
        };
        Ok((bytes.len() >= length).then_some(length))
    }

    fn one_less(&mut self, left: u16, updates: &mut Vec<Update>) {
        self.left = left.checked_sub(1).filter(|left| *left > 0);
        if self.left.is_none() {
            updates.push(Update::Complete);
        }
    }

    fn rectangle(
        &mut self,
        bytes: &[u8],
        updates: &mut Vec<Update>,
    ) -> Result<Option<usize>, PictureError> {
        if bytes.len() < 12 {
            return Ok(None);
        }
        let [x, y, width, height] = [0, 2, 4, 6].map(|at| u16_at(bytes, at));
        let area = Rectangle { x, y, width, height };
        let data = bytes.get(12..).unwrap_or_default();
        let length = match u32_at(bytes, 8).cast_signed() {
            DESKTOP_SIZE => {
                self.pixels = vec![0; count(width, height)?];
                (self.width, self.height) = (width, height);
                updates.push(Update::Resized(width, height));
                return Ok(Some(12));
            }
            RAW => self.raw(area, data)?,
            AMT_RLE => self.tile(area, data)?,
            other => return Err(PictureError::Encoding(other)),
        };
        let Some(length) = length else { return Ok(None) };
        updates.push(Update::Changed(area));
        Ok(Some(length.saturating_add(12)))
    }

    fn raw(&mut self, area: Rectangle, data: &[u8]) -> Result<Option<usize>, PictureError> {
        let size = self.format.bytes();
        let pixels = count(area.width, area.height)?;
        let length = pixels.saturating_mul(size);
        let Some(data) = data.get(..length) else { return Ok(None) };
        let format = self.format;
        self.put(area, data.chunks_exact(size).map(|pixel| format.read(pixel)))?;
        Ok(Some(length))
    }

    fn tile(&mut self, area: Rectangle, data: &[u8]) -> Result<Option<usize>, PictureError> {
        if area.width > TILE || area.height > TILE {
            return Err(PictureError::Tile);
        }
        if data.len() < 4 {
            return Ok(None);
        }
        let length = match u32_at(data, 0) {
            long if long > TILE_DATA => return Err(PictureError::TooLong(long)),
            length => usize::try_from(length).unwrap_or(usize::MAX),
        };
        let end = length.saturating_add(4);
        let Some(data) = data.get(4..end) else { return Ok(None) };
        let bytes = self.inflated(data).ok_or(PictureError::Tile)?;
        let pixels =
            tile::decode(&bytes, area.width, area.height, self.format).ok_or(PictureError::Tile)?;
        self.put(area, pixels.into_iter())?;
        Ok(Some(end))
    }

    /// Stored blocks come also without the stream's header; then each stands for itself.
    fn inflated(&mut self, data: &[u8]) -> Option<Vec<u8>> {
        if !self.inflating
            && let [0, low, high, _, _, stored @ ..] = data
            && usize::from(u16::from_le_bytes([*low, *high])) == stored.len()
        {
            return Some(stored.to_vec());
        }
        self.inflating = true;
        let mut out = vec![0; TILE_BYTES];
        let (mut taken, mut written) = (0usize, 0usize);
        while taken < data.len() {
            let (input, room) = (data.get(taken..)?, out.get_mut(written..)?);
            let step = inflate(&mut self.inflater, input, room, MZFlush::Sync);
            step.status.ok()?;
            if step.bytes_consumed == 0 && step.bytes_written == 0 {
                return None;
            }
            taken = taken.checked_add(step.bytes_consumed)?;
            written = written.checked_add(step.bytes_written)?;
        }
        out.truncate(written);
        Some(out)
    }

    fn put(
        &mut self,
        area: Rectangle,
        mut pixels: impl Iterator<Item = u32>,
    ) -> Result<(), PictureError> {
        let fits =
            |at: u16, length: u16, most: u16| at.checked_add(length).is_some_and(|end| end <= most);
        if !fits(area.x, area.width, self.width) || !fits(area.y, area.height, self.height) {
            return Err(PictureError::Tile);
        }
        for row in 0..area.height {
            let start = self.index(area.x, area.y.saturating_add(row)).ok_or(PictureError::Tile)?;
            let end = start.saturating_add(area.width.into());
            let line = self.pixels.get_mut(start..end).ok_or(PictureError::Tile)?;
            line.iter_mut().zip(&mut pixels).for_each(|(old, new)| *old = new);
        }
        Ok(())
    }
}

fn count(width: u16, height: u16) -> Result<usize, PictureError> {
    let pixels = usize::from(width).saturating_mul(height.into());
    if pixels > PIXELS { Err(PictureError::Size(width, height)) } else { Ok(pixels) }
}
