//! Pixels: what the bits of one mean.

use super::u16_at;

/// A colour, eight bits each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rgb(pub u8, pub u8, pub u8);

/// How a pixel is written. With a maximum of zero for green and blue, red is the brightness: that is
/// how consoles ask AMT for gray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelFormat {
    /// 8, 16 or 32.
    pub bits: u8,
    /// How many of them are used.
    pub depth: u8,
    /// The most significant byte first.
    pub big_endian: bool,
    /// Colours are in the pixel, not in a table.
    pub true_colour: bool,
    /// Largest red, green and blue.
    pub maximum: [u16; 3],
    /// How far left they stand.
    pub shift: [u8; 3],
}

impl PixelFormat {
    /// 16 bits: what AMT uses unless told otherwise.
    pub const RGB565: Self = Self {
        bits: 16,
        depth: 16,
        big_endian: false,
        true_colour: true,
        maximum: [31, 63, 31],
        shift: [11, 5, 0],
    };
    /// 8 bits in colour.
    pub const RGB332: Self = Self {
        bits: 8,
        depth: 8,
        big_endian: false,
        true_colour: true,
        maximum: [7, 7, 3],
        shift: [5, 2, 0],
    };
    /// 8 bits of brightness.
    pub const GRAY8: Self = Self {
        bits: 8,
        depth: 8,
        big_endian: false,
        true_colour: true,
        maximum: [255, 0, 0],
        shift: [0, 0, 0],
    };

    /// Length on the wire.
    pub const LENGTH: usize = 16;

    /// Reads one; what is missing reads as zero.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Self {
        let byte = |at: usize| bytes.get(at).copied().unwrap_or_default();
        Self {
            bits: byte(0),
            depth: byte(1),
            big_endian: byte(2) != 0,
            true_colour: byte(3) != 0,
            maximum: [u16_at(bytes, 4), u16_at(bytes, 6), u16_at(bytes, 8)],
            shift: [byte(10), byte(11), byte(12)],
        }
    }

    /// Appends it.
    pub fn encode(self, out: &mut Vec<u8>) {
        let flags = [self.big_endian, self.true_colour].map(u8::from);
        out.extend_from_slice(&[self.bits, self.depth, flags[0], flags[1]]);
        for maximum in self.maximum {
            out.extend_from_slice(&maximum.to_be_bytes());
        }
        out.extend_from_slice(&self.shift);
        out.extend_from_slice(&[0; 3]);
    }

    /// Whether pixels can be written so.
    #[must_use]
    pub fn is_usable(self) -> bool {
        matches!(self.bits, 8 | 16 | 32) && self.shift.iter().all(|shift| *shift < self.bits)
    }

    /// Bytes of a pixel.
    #[must_use]
    pub const fn bytes(self) -> usize {
        (self.bits / 8) as usize
    }

    /// The pixel of a colour.
    #[must_use]
    pub fn pixel(self, colour: Rgb) -> u32 {
        let Rgb(r, g, b) = colour;
        let place = |channel: u8, maximum: u16, shift: u8| {
            let scaled =
                u32::from(channel).saturating_mul(maximum.into()).saturating_add(127) / 255;
            scaled.checked_shl(shift.into()).unwrap_or_default()
        };
        let ([r_max, g_max, b_max], [r_shift, g_shift, b_shift]) = (self.maximum, self.shift);
        if g_max == 0 && b_max == 0 {
            return place(brightness(colour), r_max, r_shift);
        }
        place(r, r_max, r_shift) | place(g, g_max, g_shift) | place(b, b_max, b_shift)
    }

    /// The colour of a pixel.
    #[must_use]
    pub fn colour(self, pixel: u32) -> Rgb {
        let channel = |maximum: u16, shift: u8| {
            let value = pixel.checked_shr(shift.into()).unwrap_or_default() & u32::from(maximum);
            let scaled = value.saturating_mul(255).checked_div(maximum.into());
            u8::try_from(scaled.unwrap_or_default()).unwrap_or(u8::MAX)
        };
        let ([r_max, g_max, b_max], [r_shift, g_shift, b_shift]) = (self.maximum, self.shift);
        let red = channel(r_max, r_shift);
        if g_max == 0 && b_max == 0 {
            return Rgb(red, red, red);
        }
        Rgb(red, channel(g_max, g_shift), channel(b_max, b_shift))
    }

    /// Appends a pixel.
    pub fn write(self, pixel: u32, out: &mut Vec<u8>) {
        let little = pixel.to_le_bytes();
        let used = little.get(..self.bytes()).unwrap_or(&little);
        if self.big_endian {
            out.extend(used.iter().rev());
        } else {
            out.extend_from_slice(used);
        }
    }

    /// The pixel at the start of these bytes.
    #[must_use]
    pub fn read(self, bytes: &[u8]) -> u32 {
        let used = bytes.get(..self.bytes()).unwrap_or(bytes);
        let join = |pixel: u32, byte: &u8| (pixel << 8) | u32::from(*byte);
        if self.big_endian { used.iter().fold(0, join) } else { used.iter().rev().fold(0, join) }
    }
}

/// How bright a colour looks (ITU-R BT.601).
fn brightness(Rgb(r, g, b): Rgb) -> u8 {
    let weighted = |channel: u8, weight: u32| u32::from(channel).saturating_mul(weight);
    let sum = weighted(r, 299).saturating_add(weighted(g, 587)).saturating_add(weighted(b, 114));
    u8::try_from(sum / 1000).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::{PixelFormat, Rgb};

    #[test]
    fn colours_survive_the_formats_as_far_as_their_bits_go() {
        let white = Rgb(255, 255, 255);
        for format in [PixelFormat::RGB565, PixelFormat::RGB332, PixelFormat::GRAY8] {
            assert_eq!(format.colour(format.pixel(white)), white);
            assert_eq!(format.pixel(Rgb(0, 0, 0)), 0);
        }
        assert_eq!(PixelFormat::RGB565.pixel(Rgb(255, 0, 0)), 0xF800);
        assert_eq!(PixelFormat::RGB332.pixel(Rgb(0, 255, 0)), 0x1C);
        assert_eq!(PixelFormat::GRAY8.pixel(Rgb(255, 0, 0)), 76);
    }

    #[test]
    fn a_format_and_its_pixels_are_read_as_they_were_written() {
        let format = PixelFormat {
            bits: 32,
            depth: 24,
            big_endian: true,
            true_colour: true,
            maximum: [255; 3],
            shift: [16, 8, 0],
        };
        let mut bytes = Vec::new();
        format.encode(&mut bytes);
        assert_eq!(bytes.len(), PixelFormat::LENGTH);
        assert_eq!(PixelFormat::decode(&bytes), format);
        let mut pixel = Vec::new();
        format.write(0x0012_3456, &mut pixel);
        assert_eq!(pixel, [0, 0x12, 0x34, 0x56]);
        assert_eq!(format.read(&pixel), 0x0012_3456);
        assert!(!PixelFormat { shift: [32, 0, 0], ..format }.is_usable());
    }
}
