//! A CD image as the PC's virtual drives show it: SCSI commands in, answers out (SPC and MMC-5).

use super::Drive;

/// Bytes of a block of a CD.
pub const BLOCK: u32 = 2048;

/// Why a command failed: sense key, additional code and its qualifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sense {
    /// The key: 2 not ready, 5 illegal request, 7 write protected.
    pub key: u8,
    /// Additional sense code.
    pub code: u8,
    /// Its qualifier.
    pub qualifier: u8,
}

impl Sense {
    /// There is nothing in the drive.
    pub const NO_MEDIUM: Self = Self { key: 2, code: 0x3A, qualifier: 0 };
    /// The command is not known.
    pub const NO_COMMAND: Self = Self { key: 5, code: 0x20, qualifier: 0 };
    /// The block is behind the end.
    pub const OUT_OF_RANGE: Self = Self { key: 5, code: 0x21, qualifier: 0 };
    /// A field of the command makes no sense here.
    pub const BAD_FIELD: Self = Self { key: 5, code: 0x24, qualifier: 0 };
    /// Nothing can be written.
    pub const PROTECTED: Self = Self { key: 7, code: 0x27, qualifier: 0 };
    /// The image cannot be read any more.
    pub const UNREADABLE: Self = Self { key: 3, code: 0x11, qualifier: 0 };
}

/// How a command is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// With nothing, or with why not.
    Completed(Option<Sense>),
    /// With these bytes.
    Data(Vec<u8>),
    /// With so many bytes of the image from an offset on; not none, and all inside it.
    Read {
        /// First byte.
        offset: u64,
        /// How many.
        length: u32,
    },
}

/// An image in the CD drive; the floppy drive is there and empty, as PCs expect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    blocks: u32,
}

impl Image {
    /// An image of so many bytes. A last piece smaller than a block is not part of it.
    ///
    /// None when it has no block, or more than a CD drive can count.
    #[must_use]
    pub fn new(bytes: u64) -> Option<Self> {
        let blocks = u32::try_from(bytes.checked_div(BLOCK.into())?).ok()?;
        (blocks > 0).then_some(Self { blocks })
    }

    /// How many blocks it has.
    #[must_use]
    pub const fn blocks(self) -> u32 {
        self.blocks
    }

    /// Answers a command.
    #[must_use]
    pub fn answer(self, drive: Drive, block: [u8; 12]) -> Answer {
        match drive {
            Drive::Floppy => floppy(block),
            Drive::Cd => self.cd(block),
        }
    }

    fn cd(self, block: [u8; 12]) -> Answer {
        let [command, b1, b2, b3, b4, b5, b6, b7, b8, b9, ..] = block;
        let first = u32::from_be_bytes([b2, b3, b4, b5]);
        match command {
            // TEST UNIT READY, START STOP UNIT, PREVENT ALLOW MEDIUM REMOVAL
            0x00 | 0x1B | 0x1E => Answer::Completed(None),
            // READ (6), (10), (12)
            0x08 => {
                let first = u32::from_be_bytes([0, b1 & 0x1F, b2, b3]);
                self.read(first, if b4 == 0 { 256 } else { b4.into() })
            }
            0x28 => self.read(first, u16::from_be_bytes([b7, b8]).into()),
            0xA8 => self.read(first, u32::from_be_bytes([b6, b7, b8, b9])),
            0x12 => data(&INQUIRY, b4.into()),
            0x1A => data(&[0, 5, 0x80, 0], b4.into()),
            0x25 => Answer::Data(self.capacity()),
            0x23 => Answer::Data([&[0, 0, 0, 8][..], &self.capacity()].concat()),
            0x43 => self.contents(b1, b2, b9, u16::from_be_bytes([b7, b8])),
            0x46 => data(&CONFIGURATION, u16::from_be_bytes([b7, b8])),
            0x4A => data(&EVENT_STATUS, u16::from_be_bytes([b7, b8])),
            0x51 => data(&DISC_INFORMATION, u16::from_be_bytes([b7, b8])),
            0x5A => data(&[0, 6, 5, 0x80, 0, 0, 0, 0], u16::from_be_bytes([b7, b8])),
            0x0A | 0x2A | 0x2E | 0xAA => Answer::Completed(Some(Sense::PROTECTED)),
            _ => Answer::Completed(Some(Sense::NO_COMMAND)),
        }
    }

    fn read(self, first: u32, count: u32) -> Answer {
        if count == 0 {
            return Answer::Completed(None);
        }
        match (first.checked_add(count), count.checked_mul(BLOCK)) {
            (Some(end), Some(length)) if end <= self.blocks => {
                Answer::Read { offset: u64::from(first).saturating_mul(BLOCK.into()), length }
            }
            _ => Answer::Completed(Some(Sense::OUT_OF_RANGE)),
        }
    }

    /// The last block, and how large one is.
    fn capacity(self) -> Vec<u8> {
        let last = self.blocks.saturating_sub(1);
        [last.to_be_bytes(), BLOCK.to_be_bytes()].concat()
    }

    /// READ TOC: one data track from the first block to the lead-out.
    fn contents(self, b1: u8, b2: u8, b9: u8, room: u16) -> Answer {
        let minutes = b1 & 2 != 0;
        let format = if b2 & 0x0F == 0 { b9 >> 6 } else { b2 & 0x0F };
        let track = |number: u8, block: u32| {
            let place = if minutes { time_of(block) } else { block.to_be_bytes() };
            [[0, 0x14, number, 0], place].concat()
        };
        match format {
            0 => {
                let tracks = [track(1, 0), track(0xAA, self.blocks)].concat();
                data(&[&[0, 18, 1, 1][..], &tracks].concat(), room)
            }
            1 => data(&[&[0, 10, 1, 1][..], &track(1, 0)].concat(), room),
            _ => Answer::Completed(Some(Sense::BAD_FIELD)),
        }
    }
}

/// A block as minute, second and frame; two seconds lie before the first.
fn time_of(block: u32) -> [u8; 4] {
    let frames = block.saturating_add(150);
    let part = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    [0, part(frames / (75 * 60)), part(frames / 75 % 60), part(frames % 75)]
}

fn floppy(block: [u8; 12]) -> Answer {
    let [command, _, _, _, b4, ..] = block;
    match command {
        0x12 => data(&FLOPPY_INQUIRY, b4.into()),
        0x1B => Answer::Completed(None),
        0x00 | 0x08 | 0x0A | 0x1A | 0x1E | 0x23 | 0x25 | 0x28 | 0x2A | 0x2E | 0x5A | 0xA8 => {
            Answer::Completed(Some(Sense::NO_MEDIUM))
        }
        _ => Answer::Completed(Some(Sense::NO_COMMAND)),
    }
}

/// No more than there is room for; a command that asks for nothing has ended.
fn data(bytes: &[u8], room: u16) -> Answer {
    match bytes.get(..usize::from(room)).unwrap_or(bytes) {
        [] => Answer::Completed(None),
        some => Answer::Data(some.to_vec()),
    }
}

/// CD drive, removable, MMC; maker and model in 8, 16 and 4 characters.
const INQUIRY: [u8; 36] = *b"\x05\x80\x02\x32\x1f\0\0\0Viaduct Virtual CD      1.0 ";
const FLOPPY_INQUIRY: [u8; 36] = *b"\0\x80\x02\x32\x1f\0\0\0Viaduct Virtual Floppy  1.0 ";
/// GET CONFIGURATION: current profile CD-ROM, and the list with it.
const CONFIGURATION: [u8; 16] = [0, 0, 0, 12, 0, 0, 0, 8, 0, 0, 3, 4, 0, 8, 1, 0];
/// GET EVENT STATUS NOTIFICATION: media class, nothing new, medium present.
const EVENT_STATUS: [u8; 8] = [0, 6, 4, 0x10, 0, 2, 0, 0];
/// READ DISC INFORMATION: one complete session, not erasable.
const DISC_INFORMATION: [u8; 34] = {
    let mut bytes = [0; 34];
    [bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], bytes[6]] = [32, 0x0E, 1, 1, 1, 1];
    bytes
};

#[cfg(test)]
mod tests {
    use super::{Answer, BLOCK, DISC_INFORMATION, Drive, Image, Sense};

    fn command(bytes: &[u8]) -> [u8; 12] {
        let mut block = [0; 12];
        block[..bytes.len()].copy_from_slice(bytes);
        block
    }

    fn image() -> Image {
        Image::new(10 * u64::from(BLOCK) + 5).unwrap()
    }

    #[test]
    fn capacity_names_the_last_block_and_reads_end_there() {
        assert_eq!(
            image().answer(Drive::Cd, command(&[0x25])),
            Answer::Data(vec![0, 0, 0, 9, 0, 0, 8, 0])
        );
        let read = |first: u8, count: u8| {
            image().answer(Drive::Cd, command(&[0x28, 0, 0, 0, 0, first, 0, 0, count]))
        };
        assert_eq!(read(8, 2), Answer::Read { offset: 8 * 2048, length: 4096 });
        assert_eq!(read(9, 2), Answer::Completed(Some(Sense::OUT_OF_RANGE)));
        assert_eq!(read(0, 0), Answer::Completed(None));
        let all_ones = command(&[0xA8, 0, 255, 255, 255, 255, 255, 255, 255, 255]);
        assert_eq!(
            image().answer(Drive::Cd, all_ones),
            Answer::Completed(Some(Sense::OUT_OF_RANGE))
        );
    }

    #[test]
    fn the_table_of_contents_has_a_track_and_the_lead_out() {
        let Answer::Data(table) =
            image().answer(Drive::Cd, command(&[0x43, 0, 0, 0, 0, 0, 0, 0, 255]))
        else {
            panic!("no table");
        };
        assert_eq!(table.len(), 20);
        assert_eq!(table[14..], [0xAA, 0, 0, 0, 0, 10]);
        let short = image().answer(Drive::Cd, command(&[0x43, 0, 0, 0, 0, 0, 0, 0, 4]));
        assert_eq!(short, Answer::Data(vec![0, 18, 1, 1]));
    }

    #[test]
    fn the_floppy_drive_is_empty_and_nothing_can_be_written() {
        let ready = image().answer(Drive::Floppy, command(&[0]));
        assert_eq!(ready, Answer::Completed(Some(Sense::NO_MEDIUM)));
        let write = image().answer(Drive::Cd, command(&[0x2A]));
        assert_eq!(write, Answer::Completed(Some(Sense::PROTECTED)));
        assert_eq!(DISC_INFORMATION[..3], [0, 32, 0x0E]);
    }

    #[test]
    fn an_image_needs_a_block_and_must_be_countable() {
        assert_eq!(Image::new(2047), None);
        assert_eq!(Image::new(u64::MAX), None);
        assert_eq!(Image::new(2048).map(Image::blocks), Some(1));
    }
}
