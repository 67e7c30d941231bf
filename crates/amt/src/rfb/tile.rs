//! AMT's RLE (encoding 16): one ZRLE tile in a rectangle of at most 64×64, in a zlib stream whose
//! blocks are stored, not compressed.

use super::PixelFormat;

/// What begins a zlib stream; only the first tile of a connection has it.
const ZLIB_HEADER: [u8; 2] = [0x78, 0x01];
/// Longest run that is worth counting at once.
const RUN: usize = 255;

/// Appends the data of a rectangle: its length, then the tile. `pixels` are all of the tile, row by row.
pub fn encode(pixels: &[u32], width: u16, format: PixelFormat, is_first: bool, out: &mut Vec<u8>) {
    let tile = best(pixels, width, format);
    let header: &[u8] = if is_first { &ZLIB_HEADER } else { &[] };
    let length = u16::try_from(tile.len()).unwrap_or(u16::MAX);
    let total = tile.len().saturating_add(5).saturating_add(header.len());
    out.extend_from_slice(&u32::try_from(total).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(header);
    out.push(0);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&(!length).to_le_bytes());
    out.extend_from_slice(&tile);
}

/// The shortest of the ways to write a tile.
fn best(pixels: &[u32], width: u16, format: PixelFormat) -> Vec<u8> {
    let palette = palette(pixels);
    let mut ways = vec![raw(pixels, format), runs(pixels, format)];
    match palette.as_deref() {
        Some([only]) => {
            let mut solid = vec![1];
            format.write(*only, &mut solid);
            return solid;
        }
        Some(palette) => {
            ways.push(palette_runs(pixels, palette, format));
            ways.extend(packed(pixels, width, palette, format));
        }
        None => {}
    }
    ways.into_iter().min_by_key(Vec::len).unwrap_or_default()
}

/// The colours, when they are 127 at most.
fn palette(pixels: &[u32]) -> Option<Vec<u32>> {
    let mut palette = Vec::new();
    let mut last = None;
    for pixel in pixels {
        if last == Some(*pixel) {
            continue;
        }
        last = Some(*pixel);
        if !palette.contains(pixel) {
            if palette.len() == 127 {
                return None;
            }
            palette.push(*pixel);
        }
    }
    Some(palette)
}

fn raw(pixels: &[u32], format: PixelFormat) -> Vec<u8> {
    let mut out = vec![0];
    pixels.iter().for_each(|pixel| format.write(*pixel, &mut out));
    out
}

/// Equal pixels in a row, and how many.
fn grouped(pixels: &[u32]) -> impl Iterator<Item = (u32, usize)> + '_ {
    pixels.chunk_by(|a, b| a == b).filter_map(|run| run.first().map(|pixel| (*pixel, run.len())))
}

/// A length is the sum of its bytes, plus one; 255 says that more follows.
fn run_length(length: usize, out: &mut Vec<u8>) {
    let mut left = length.saturating_sub(1);
    while left >= RUN {
        out.push(u8::MAX);
        left = left.saturating_sub(RUN);
    }
    out.push(u8::try_from(left).unwrap_or(u8::MAX));
}

fn runs(pixels: &[u32], format: PixelFormat) -> Vec<u8> {
    let mut out = vec![128];
    for (pixel, length) in grouped(pixels) {
        format.write(pixel, &mut out);
        run_length(length, &mut out);
    }
    out
}

fn palette_head(first: u8, palette: &[u32], format: PixelFormat) -> Vec<u8> {
    let count = u8::try_from(palette.len()).unwrap_or_default();
    let mut out = vec![first.saturating_add(count)];
    palette.iter().for_each(|pixel| format.write(*pixel, &mut out));
    out
}

fn index_of(palette: &[u32], pixel: u32) -> u8 {
    let at = palette.iter().position(|one| *one == pixel).unwrap_or_default();
    u8::try_from(at).unwrap_or_default()
}

fn palette_runs(pixels: &[u32], palette: &[u32], format: PixelFormat) -> Vec<u8> {
    let mut out = palette_head(128, palette, format);
    for (pixel, length) in grouped(pixels) {
        let index = index_of(palette, pixel);
        if length == 1 {
            out.push(index);
        } else {
            out.push(index | 0x80);
            run_length(length, &mut out);
        }
    }
    out
}

/// Indices of some bits each, when the colours are few enough. Each row would begin with a new byte,
/// which consoles of AMT do not expect: rows that do not fill their bytes are not written so.
fn packed(pixels: &[u32], width: u16, palette: &[u32], format: PixelFormat) -> Option<Vec<u8>> {
    let bits: u16 = match palette.len() {
        2 => 1,
        3..=4 => 2,
        5..=16 => 4,
        _ => return None,
    };
    if !width.saturating_mul(bits).is_multiple_of(8) {
        return None;
    }
    let mut out = palette_head(0, palette, format);
    let in_a_byte = usize::from(8u16.checked_div(bits)?);
    for group in pixels.chunks(in_a_byte) {
        let join = |byte: u8, pixel: &u32| (byte << bits) | index_of(palette, *pixel);
        out.push(group.iter().fold(0, join));
    }
    Some(out)
}

/// What a tile says, as pixels; none when it does not fill the tile exactly enough to be one.
pub(super) fn decode(
    tile: &[u8],
    width: u16,
    height: u16,
    format: PixelFormat,
) -> Option<Vec<u32>> {
    let count = usize::from(width).checked_mul(height.into())?;
    let mut reader = Reader { rest: tile, format };
    let mut pixels = Vec::with_capacity(count);
    match reader.byte()? {
        0 => (0..count).try_for_each(|_| reader.pixel().map(|pixel| pixels.push(pixel)))?,
        1 => pixels.resize(count, reader.pixel()?),
        kind @ 2..=16 => unpack(&mut reader, kind, width, height, &mut pixels)?,
        128 => {
            while pixels.len() < count {
                let pixel = reader.pixel()?;
                let length = reader.run()?;
                extend(&mut pixels, pixel, length, count)?;
            }
        }
        kind @ 130.. => {
            let palette = reader.palette(kind.saturating_sub(128))?;
            while pixels.len() < count {
                let index = reader.byte()?;
                let pixel = *palette.get(usize::from(index & 0x7F))?;
                let length = if index & 0x80 == 0 { 1 } else { reader.run()? };
                extend(&mut pixels, pixel, length, count)?;
            }
        }
        17..=127 | 129 => return None,
    }
    Some(pixels)
}

fn extend(pixels: &mut Vec<u32>, pixel: u32, length: usize, count: usize) -> Option<()> {
    let end = pixels.len().checked_add(length).filter(|end| *end <= count)?;
    pixels.resize(end, pixel);
    Some(())
}

/// Rows begin with a new byte unless there are too few bytes for that.
fn unpack(
    reader: &mut Reader<'_>,
    kind: u8,
    width: u16,
    height: u16,
    pixels: &mut Vec<u32>,
) -> Option<()> {
    let palette = reader.palette(kind)?;
    let bits: usize = match kind {
        2 => 1,
        3..=4 => 2,
        _ => 4,
    };
    let (width, height) = (usize::from(width), usize::from(height));
    let row = width.checked_mul(bits)?.div_ceil(8);
    let padded = row.checked_mul(height)? <= reader.rest.len();
    let count = width.checked_mul(height)?;
    let mask = if bits == 4 { 15 } else { (1u8 << bits).wrapping_sub(1) };
    let in_a_byte = 8usize.checked_div(bits)?;
    while pixels.len() < count {
        let byte = reader.byte()?;
        let column = pixels.len().checked_rem(width)?;
        let left = count.saturating_sub(pixels.len());
        let here = if padded { width.saturating_sub(column) } else { left };
        for at in 0..in_a_byte.min(here).min(left) {
            let shift = 8usize.saturating_sub(bits.saturating_mul(at.saturating_add(1)));
            let index = byte.checked_shr(u32::try_from(shift).ok()?)? & mask;
            pixels.push(*palette.get(usize::from(index))?);
        }
    }
    Some(())
}

struct Reader<'a> {
    rest: &'a [u8],
    format: PixelFormat,
}

impl Reader<'_> {
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn pixel(&mut self) -> Option<u32> {
        let (pixel, rest) = self.rest.split_at_checked(self.format.bytes())?;
        self.rest = rest;
        Some(self.format.read(pixel))
    }

    fn palette(&mut self, count: u8) -> Option<Vec<u32>> {
        (0..count).map(|_| self.pixel()).collect()
    }

    fn run(&mut self) -> Option<usize> {
        let mut length = 1usize;
        loop {
            let byte = self.byte()?;
            length = length.checked_add(byte.into())?;
            if byte != u8::MAX {
                return Some(length);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn round_trip(pixels: &[u32], width: u16, format: PixelFormat) -> Vec<u32> {
        let height = u16::try_from(pixels.len()).unwrap() / width;
        let mut out = Vec::new();
        encode(pixels, width, format, false, &mut out);
        assert_eq!(out.len() - 4, u32::from_be_bytes(out[..4].try_into().unwrap()) as usize);
        decode(&out[9..], width, height, format).unwrap()
    }

    #[test]
    fn a_solid_tile_is_three_bytes_and_the_first_one_begins_the_stream() {
        let mut out = Vec::new();
        encode(&[0xF800; 4096], 64, PixelFormat::RGB565, true, &mut out);
        assert_eq!(out, [0, 0, 0, 10, 0x78, 1, 0, 3, 0, 0xFC, 0xFF, 1, 0x00, 0xF8]);
    }

    #[test]
    fn a_tile_that_says_too_much_or_too_little_is_none() {
        let format = PixelFormat::RGB332;
        assert_eq!(decode(&[128, 1, 255, 255, 0], 2, 2, format), None);
        assert_eq!(decode(&[0, 1, 1, 1], 2, 2, format), None);
        assert_eq!(decode(&[129], 2, 2, format), None);
        assert_eq!(decode(&[130, 1, 2, 3], 2, 2, format), None);
        assert_eq!(decode(&[], 2, 2, format), None);
    }

    proptest! {
        #[test]
        fn every_tile_is_read_as_it_was_written(
            colours in 1u32..200,
            seed in any::<u64>(),
            width in 1u16..=64,
            height in 1u16..=64,
            run in 1u64..40,
        ) {
            let format = PixelFormat::RGB565;
            let count = u64::from(width) * u64::from(height);
            let pixels: Vec<u32> = (0..count)
                .map(|at| {
                    let mixed = (at / run).wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed);
                    u32::try_from((mixed >> 33) % u64::from(colours)).unwrap() * 331 % 65_536
                })
                .collect();
            prop_assert_eq!(round_trip(&pixels, width, format), pixels);
        }

        #[test]
        fn no_bytes_make_the_reader_panic(
            bytes in proptest::collection::vec(any::<u8>(), 0..200),
            width in 1u16..=64,
            height in 1u16..=64,
        ) {
            decode(&bytes, width, height, PixelFormat::RGB565);
        }
    }
}
