//! What an image of a disc says of itself: how large its volume is, and what a PC reads when it starts from it.

use amt::redirect::ider::BLOCK;
use std::{fs::File, os::unix::fs::FileExt};

/// Where volume descriptors begin (ECMA-119, 6.2.1), and how many are looked at.
const DESCRIPTORS: std::ops::Range<u64> = 16..32;
/// Bytes of an entry of the boot catalogue (El Torito 1.0, 2.0).
const ENTRY: usize = 32;

/// An image of a disc.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Disc {
    /// First blocks of the programs that firmware may start.
    programs: Vec<u32>,
    /// Blocks of its volume.
    volume: Option<u32>,
}

impl Disc {
    /// Looks into an image. What is no disc, or cannot be read, has nothing to say.
    #[must_use]
    pub fn look(file: &File) -> Self {
        let mut disc = Self::default();
        for at in DESCRIPTORS {
            let Some(sector) = block(file, at) else { break };
            match sector.split_at_checked(7) {
                Some(([1, b'C', b'D', b'0', b'0', b'1', _], _)) => {
                    disc.volume = number(&sector, 80);
                }
                Some(([0, b'C', b'D', b'0', b'0', b'1', _], rest))
                    if rest.starts_with(b"EL TORITO SPECIFICATION") =>
                {
                    let catalogue = number(&sector, 71).and_then(|at| block(file, at.into()));
                    disc.programs = catalogue.map(|it| programs(&it)).unwrap_or_default();
                }
                Some(([2..=254, b'C', b'D', b'0', b'0', b'1', _], _)) => {}
                // The last descriptor, or none at all.
                _ => break,
            }
        }
        disc
    }

    /// Whether it has anything that firmware could start.
    #[must_use]
    pub fn is_bootable(&self) -> bool {
        !self.programs.is_empty()
    }

    /// Whether a read of these bytes brings the beginning of such a program.
    #[must_use]
    pub fn starts(&self, offset: u64, length: u32) -> bool {
        let begins = |program: &u32| {
            let at = u64::from(*program) * u64::from(BLOCK);
            at >= offset && at < offset + u64::from(length)
        };
        self.programs.iter().any(begins)
    }

    /// The bytes that its volume has, when the image is shorter: then it was cut off.
    #[must_use]
    pub fn cut_off_from(&self, size: u64) -> Option<u64> {
        let whole = u64::from(self.volume?) * u64::from(BLOCK);
        (whole > size).then_some(whole)
    }
}

fn block(file: &File, at: u64) -> Option<Vec<u8>> {
    let mut block = vec![0; BLOCK as usize];
    file.read_exact_at(&mut block, at.checked_mul(BLOCK.into())?).ok()?;
    Some(block)
}

fn number(sector: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(sector.get(at..at + 4)?.try_into().ok()?))
}

/// The programs of a boot catalogue: those of its initial entry and of its sections.
fn programs(catalogue: &[u8]) -> Vec<u32> {
    let mut entries = catalogue.chunks_exact(ENTRY);
    if entries.next().is_none_or(|validation| validation[0] != 1) {
        return Vec::new();
    }
    let bootable = entries.filter(|entry| entry[0] == 0x88);
    bootable.filter_map(|entry| number(entry, 8)).filter(|program| *program > 0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    /// A disc of `blocks`, whose boot program is at block 20.
    fn disc(blocks: u32) -> Vec<u8> {
        let mut image = vec![0; (blocks * BLOCK) as usize];
        let mut put = |block: usize, at: usize, bytes: &[u8]| {
            image[block * BLOCK as usize + at..][..bytes.len()].copy_from_slice(bytes);
        };
        put(16, 0, b"\x01CD001\x01");
        put(16, 80, &blocks.to_le_bytes());
        put(17, 0, b"\0CD001\x01EL TORITO SPECIFICATION");
        put(17, 71, &19_u32.to_le_bytes());
        put(18, 0, b"\xffCD001\x01");
        put(19, 0, &[1]);
        put(19, ENTRY, &[0x88]);
        put(19, ENTRY + 8, &20_u32.to_le_bytes());
        image
    }

    fn look(image: &[u8]) -> Disc {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(image).unwrap();
        Disc::look(&file)
    }

    #[test]
    fn the_boot_program_is_found_and_known_when_it_is_read() {
        let disc = look(&disc(24));
        assert!(disc.is_bootable());
        assert!(disc.starts(20 * 2048, 2048) && disc.starts(19 * 2048, 65_536));
        assert!(!disc.starts(16 * 2048, 4 * 2048) && !disc.starts(21 * 2048, 2048));
        assert_eq!(
            (disc.cut_off_from(24 * 2048), disc.cut_off_from(23 * 2048)),
            (None, Some(49_152))
        );
    }

    #[test]
    fn what_is_no_disc_has_nothing_to_say() {
        for image in [&[][..], &[0; 4096], &[7; 50 * 2048], &disc(24)[..17 * 2048]] {
            let disc = look(image);
            assert!(!disc.is_bootable() && !disc.starts(0, u32::MAX), "{}", image.len());
        }
    }
}
