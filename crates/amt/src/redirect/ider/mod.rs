//! IDE-R: a platform's virtual drives, whose media are on the console's side.
//!
//! The platform is the host of two drives, a floppy and a CD: it sends the SCSI commands of its BIOS or
//! operating system, and the console answers with data. [`IderConsoleMessage`] and
//! [`IderDeviceMessage`] are the messages, [`Image`] answers commands for an image file. Each side counts
//! its messages from 0 on.

mod console;
mod device;
mod drive;
mod image;

pub use console::{Completion, Features, IderConsoleMessage, IderOpen};
pub use device::{IderCommand, IderDeviceMessage, IderOpened, Status};
pub use drive::{DriveEvent, VirtualDrive};
pub use image::{Answer, BLOCK, Image, Sense};

use super::RedirectError;

/// The two drives of a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drive {
    /// Blocks of 512 bytes.
    Floppy,
    /// Blocks of 2,048 bytes.
    Cd,
}

impl Drive {
    /// From the drive register of a command: bit 4 selects the CD.
    #[must_use]
    pub const fn from_register(register: u8) -> Self {
        if register & 0x10 == 0 { Self::Floppy } else { Self::Cd }
    }

    /// As it stands in the drive register of both sides' messages.
    #[must_use]
    pub const fn register(self) -> u8 {
        match self {
            Self::Floppy => 0xA0,
            Self::Cd => 0xB0,
        }
    }
}

/// Message numbers and attributes that both sides use.
const COMPLETED: u8 = 2;
const DMA: u8 = 1;

fn header(number: u8, attributes: u8, sequence: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&[number, 0, 0, attributes]);
    out.extend_from_slice(&sequence.to_le_bytes());
}

/// The length of one piece of data on the wire; longer ones are cut.
fn length_of(data: &[u8]) -> u16 {
    u16::try_from(data.len()).unwrap_or(u16::MAX)
}

const fn unknown(number: u8) -> RedirectError {
    RedirectError::UnknownMessage(number)
}
