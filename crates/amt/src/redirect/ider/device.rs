//! What the platform of a storage redirection sends.

use super::{DMA, Drive, header, length_of, unknown};
use crate::redirect::{Decode, RedirectError, fields::Fields};

/// What a platform tells of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IderOpened {
    /// Protocol version, major and minor.
    pub version: (u8, u8),
    /// Firmware version, major and minor.
    pub firmware: (u8, u8),
    /// Most bytes of data in one message to the platform; 8,192 at most.
    pub read_buffer: u16,
    /// Most bytes of data in one message from the platform; 8,192 at most.
    pub write_buffer: u16,
}

/// An answer about features.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The question: 1 supported, 2 state, 3 set.
    pub kind: u8,
    /// Its answer: to 3, 1 is yes; to 2, bit 1 says that the drives are on.
    pub value: u32,
}

impl Status {
    /// In the answer to a question for the state: the drives are on.
    pub const ON: u32 = 2;
}

/// A command of the PC for one of its drives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IderCommand {
    /// For which drive.
    pub drive: Drive,
    /// Whether the answer is transferred by DMA.
    pub dma: bool,
    /// Bytes that the PC has room for in one piece.
    pub byte_count: u16,
    /// The SCSI command block.
    pub block: [u8; 12],
}

/// A message from a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IderDeviceMessage {
    /// 41: answers the opening.
    Opened {
        /// Counts the platform's messages.
        sequence: u32,
        /// What it is.
        opened: IderOpened,
    },
    /// 43: the end.
    Closed {
        /// Counts the platform's messages.
        sequence: u32,
    },
    /// 44: are you there?
    Ping {
        /// Counts the platform's messages.
        sequence: u32,
    },
    /// 45: I am.
    Pong {
        /// Counts the platform's messages.
        sequence: u32,
    },
    /// 46: the PC reset these drives (a mask); answer with 47.
    Reset {
        /// Counts the platform's messages.
        sequence: u32,
        /// Which drives.
        mask: u8,
    },
    /// 49: answers a question for features.
    Status {
        /// Counts the platform's messages.
        sequence: u32,
        /// The answer.
        status: Status,
    },
    /// 4A: something is wrong.
    Error {
        /// Counts the platform's messages.
        sequence: u32,
        /// What, in firmware's numbers.
        code: [u8; 3],
    },
    /// 4B: alive.
    Heartbeat {
        /// Counts the platform's messages.
        sequence: u32,
    },
    /// 50: a command.
    Command {
        /// Counts the platform's messages.
        sequence: u32,
        /// The command.
        command: IderCommand,
    },
    /// 53: data to be written.
    Data {
        /// Counts the platform's messages.
        sequence: u32,
        /// The bytes.
        data: Vec<u8>,
    },
}

impl Decode for IderDeviceMessage {
    fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, RedirectError> {
        let fields = Fields(bytes);
        let Some(&number) = bytes.first() else { return Ok(None) };
        let length = match number {
            0x41 if fields.len() < 30 => return Ok(None),
            0x41 => usize::from(fields.byte(29)).saturating_add(30),
            0x43 | 0x44 | 0x45 | 0x4B => 8,
            0x46 => 9,
            0x49 => 13,
            0x4A => 11,
            0x50 => 28,
            0x53 if fields.len() < 14 => return Ok(None),
            0x53 => usize::from(fields.u16(9)).saturating_add(14),
            other => return Err(unknown(other)),
        };
        if fields.len() < length {
            return Ok(None);
        }
        let sequence = fields.u32(4);
        let message = match number {
            0x41 => Self::Opened { sequence, opened: opened(fields) },
            0x43 => Self::Closed { sequence },
            0x44 => Self::Ping { sequence },
            0x45 => Self::Pong { sequence },
            0x46 => Self::Reset { sequence, mask: fields.byte(8) },
            0x49 => {
                let status = Status { kind: fields.byte(8), value: fields.u32(9) };
                Self::Status { sequence, status }
            }
            0x4A => Self::Error { sequence, code: [8, 9, 10].map(|at| fields.byte(at)) },
            0x50 => Self::Command { sequence, command: command(fields) },
            0x53 => {
                let data = fields.bytes(14, length.saturating_sub(14)).to_vec();
                Self::Data { sequence, data }
            }
            _ => Self::Heartbeat { sequence },
        };
        Ok(Some((message, length)))
    }
}

fn opened(fields: Fields<'_>) -> IderOpened {
    IderOpened {
        version: (fields.byte(8), fields.byte(9)),
        firmware: (fields.byte(10), fields.byte(11)),
        read_buffer: fields.u16(16),
        write_buffer: fields.u16(18),
    }
}

fn command(fields: Fields<'_>) -> IderCommand {
    let mut block = [0; 12];
    for (at, byte) in block.iter_mut().enumerate() {
        *byte = fields.byte(at.saturating_add(16));
    }
    IderCommand {
        drive: Drive::from_register(fields.byte(14)),
        dma: fields.byte(9) & DMA != 0,
        byte_count: fields.u16(12),
        block,
    }
}

impl IderDeviceMessage {
    /// Appends the message as it goes on the wire. Data beyond what a message can hold is cut off.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Opened { sequence, opened } => {
                header(0x41, 0, *sequence, out);
                let (version, firmware) = (opened.version, opened.firmware);
                out.extend_from_slice(&[version.0, version.1, firmware.0, firmware.1]);
                out.extend_from_slice(&[0; 4]);
                out.extend_from_slice(&opened.read_buffer.to_le_bytes());
                out.extend_from_slice(&opened.write_buffer.to_le_bytes());
                // Protocol 0, Intel's number among manufacturers, no bytes of theirs.
                out.extend_from_slice(&[0, 0, 0, 0, 0, 0x57, 1, 0, 0, 0]);
            }
            Self::Closed { sequence } => header(0x43, 0, *sequence, out),
            Self::Ping { sequence } => header(0x44, 0, *sequence, out),
            Self::Pong { sequence } => header(0x45, 0, *sequence, out),
            Self::Reset { sequence, mask } => {
                header(0x46, 0, *sequence, out);
                out.push(*mask);
            }
            Self::Status { sequence, status } => {
                header(0x49, 0, *sequence, out);
                out.push(status.kind);
                out.extend_from_slice(&status.value.to_le_bytes());
            }
            Self::Error { sequence, code } => {
                header(0x4A, 0, *sequence, out);
                out.extend_from_slice(code);
            }
            Self::Heartbeat { sequence } => header(0x4B, 0, *sequence, out),
            Self::Command { sequence, command } => {
                header(0x50, 0, *sequence, out);
                let [low, high] = command.byte_count.to_le_bytes();
                let drive = command.drive.register();
                out.extend_from_slice(&[0, u8::from(command.dma), 0, 0, low, high, drive, 0xA0]);
                out.extend_from_slice(&command.block);
            }
            Self::Data { sequence, data } => {
                let length = length_of(data);
                header(0x53, 0, *sequence, out);
                out.push(0);
                out.extend_from_slice(&length.to_le_bytes());
                out.extend_from_slice(&[0; 3]);
                out.extend_from_slice(data.get(..usize::from(length)).unwrap_or(data));
            }
        }
    }
}
