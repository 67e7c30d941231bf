//! What the console of a storage redirection sends.

use super::{COMPLETED, DMA, Drive, Sense, header, length_of, unknown};
use crate::redirect::{Decode, RedirectError, fields::Fields};

/// How the console wants the connection watched. Times in milliseconds; zero switches off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IderOpen {
    /// How long the platform bears hearing nothing of the console.
    pub receive_timeout: u16,
    /// How long the platform waits for an answer to a command.
    pub transmit_timeout: u16,
    /// How often the platform shows that it is alive.
    pub heartbeat: u16,
    /// Of the protocol: 1.
    pub version: u32,
}

impl Default for IderOpen {
    /// What common consoles ask for.
    fn default() -> Self {
        Self { receive_timeout: 30_000, transmit_timeout: 0, heartbeat: 20_000, version: 1 }
    }
}

/// What is asked or set with message 48.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Features {
    /// 1: which are there?
    Supported,
    /// 2: which are on?
    State,
    /// 3: switch these: the sum of the constants of this type.
    Set(u32),
    /// Another question.
    Other(u8),
}

impl Features {
    /// The drives are there for the PC.
    pub const ENABLE: u32 = 1;
    /// From its next start on.
    pub const ON_REBOOT: u32 = 8;
    /// Once the PC does not use its own drives.
    pub const GRACEFUL: u32 = 0x10;
    /// At once.
    pub const NOW: u32 = 0x18;
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completion {
    /// For which drive.
    pub drive: Drive,
    /// No sense: it went well.
    pub sense: Option<Sense>,
}

/// A message from a console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IderConsoleMessage {
    /// 40: begin.
    Open {
        /// Counts the console's messages; none in the short form that amtterm sends.
        sequence: Option<u32>,
        /// What is asked for.
        open: IderOpen,
    },
    /// 42: end.
    Close {
        /// Counts the console's messages.
        sequence: u32,
    },
    /// 44: are you there?
    Ping {
        /// Counts the console's messages.
        sequence: u32,
    },
    /// 45: I am.
    Pong {
        /// Counts the console's messages.
        sequence: u32,
    },
    /// 47: a reset of the drives was noticed.
    ResetDone {
        /// Counts the console's messages.
        sequence: u32,
    },
    /// 48: ask for or set features.
    Features {
        /// Counts the console's messages.
        sequence: u32,
        /// Which.
        features: Features,
    },
    /// 4B: alive.
    Heartbeat {
        /// Counts the console's messages.
        sequence: u32,
    },
    /// 51: a command without data has ended.
    Completed {
        /// Counts the console's messages.
        sequence: u32,
        /// How.
        completion: Completion,
    },
    /// 52: send the data that you want written.
    WantData {
        /// Counts the console's messages.
        sequence: u32,
        /// Of which drive.
        drive: Drive,
        /// So many bytes.
        length: u16,
    },
    /// 54: data that was read.
    Data {
        /// Counts the console's messages.
        sequence: u32,
        /// From which drive.
        drive: Drive,
        /// The last piece of the command's answer.
        completed: bool,
        /// The bytes.
        data: Vec<u8>,
    },
}

/// A short open has no reserved bytes and no sequence.
const SHORT_OPEN: usize = 11;

impl Decode for IderConsoleMessage {
    fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, RedirectError> {
        let fields = Fields(bytes);
        let Some(&number) = bytes.first() else { return Ok(None) };
        let length = match number {
            // Reserved bytes and the first sequence are zero; the short form has a timeout there.
            0x40 if fields.bytes(1, 7).iter().any(|byte| *byte != 0) => SHORT_OPEN,
            0x40 => 18,
            0x42 | 0x44 | 0x45 | 0x47 | 0x4B => 8,
            0x48 if fields.len() < 9 => return Ok(None),
            0x48 if fields.byte(8) == 3 => 13,
            0x48 => 9,
            0x51 | 0x52 => 31,
            0x54 if fields.len() < 34 => return Ok(None),
            0x54 => usize::from(fields.u16(9)).saturating_add(34),
            other => return Err(unknown(other)),
        };
        if fields.len() < length {
            return Ok(None);
        }
        let sequence = fields.u32(4);
        let message = match number {
            0x40 if length == SHORT_OPEN => Self::Open { sequence: None, open: open(fields, 1) },
            0x40 => Self::Open { sequence: Some(sequence), open: open(fields, 8) },
            0x42 => Self::Close { sequence },
            0x44 => Self::Ping { sequence },
            0x45 => Self::Pong { sequence },
            0x47 => Self::ResetDone { sequence },
            0x48 => Self::Features { sequence, features: features(fields) },
            0x51 => Self::Completed { sequence, completion: completion(fields) },
            0x52 => {
                let drive = Drive::from_register(fields.byte(18));
                Self::WantData { sequence, drive, length: fields.u16(9) }
            }
            0x54 => Self::Data {
                sequence,
                drive: Drive::from_register(fields.byte(18)),
                completed: fields.byte(3) & COMPLETED != 0,
                data: fields.bytes(34, length.saturating_sub(34)).to_vec(),
            },
            _ => Self::Heartbeat { sequence },
        };
        Ok(Some((message, length)))
    }
}

fn open(fields: Fields<'_>, at: usize) -> IderOpen {
    let number = |index: usize| fields.u16(at.saturating_add(index.saturating_mul(2)));
    IderOpen {
        receive_timeout: number(0),
        transmit_timeout: number(1),
        heartbeat: number(2),
        version: fields.u32(at.saturating_add(6)),
    }
}

fn features(fields: Fields<'_>) -> Features {
    match fields.byte(8) {
        1 => Features::Supported,
        2 => Features::State,
        3 => Features::Set(fields.u32(9)),
        other => Features::Other(other),
    }
}

/// The status register has bit 0 set when there is a sense to look at.
fn completion(fields: Fields<'_>) -> Completion {
    let [key, code, qualifier] = [28, 29, 30].map(|at| fields.byte(at));
    let failed = fields.byte(27) & 1 != 0;
    Completion {
        drive: Drive::from_register(fields.byte(26)),
        sense: failed.then_some(Sense { key, code, qualifier }),
    }
}

impl IderConsoleMessage {
    /// Appends the message as it goes on the wire. Data beyond what a message can hold is cut off.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Open { sequence, open } => {
                match sequence {
                    Some(sequence) => header(0x40, 0, *sequence, out),
                    None => out.push(0x40),
                }
                for number in [open.receive_timeout, open.transmit_timeout, open.heartbeat] {
                    out.extend_from_slice(&number.to_le_bytes());
                }
                out.extend_from_slice(&open.version.to_le_bytes());
            }
            Self::Close { sequence } => header(0x42, 0, *sequence, out),
            Self::Ping { sequence } => header(0x44, 0, *sequence, out),
            Self::Pong { sequence } => header(0x45, 0, *sequence, out),
            Self::ResetDone { sequence } => header(0x47, 0, *sequence, out),
            Self::Heartbeat { sequence } => header(0x4B, 0, *sequence, out),
            Self::Features { sequence, features } => {
                header(0x48, 0, *sequence, out);
                match features {
                    Features::Supported => out.push(1),
                    Features::State => out.push(2),
                    Features::Other(other) => out.push(*other),
                    Features::Set(set) => {
                        out.push(3);
                        out.extend_from_slice(&set.to_le_bytes());
                    }
                }
            }
            Self::Completed { sequence, completion } => {
                header(0x51, COMPLETED, *sequence, out);
                encode_completion(*completion, out);
            }
            Self::WantData { sequence, drive, length } => {
                header(0x52, 0, *sequence, out);
                data_registers(0xB5, 0, *length, *drive, out);
                out.extend_from_slice(&[0; 11]);
            }
            Self::Data { sequence, drive, completed, data } => {
                let attributes = if *completed { COMPLETED | DMA } else { DMA };
                header(0x54, attributes, *sequence, out);
                encode_data(*drive, *completed, data, out);
            }
        }
    }
}

fn encode_completion(completion: Completion, out: &mut Vec<u8>) {
    let drive = completion.drive.register();
    out.extend_from_slice(&[0; 12]);
    match completion.sense {
        None => out.extend_from_slice(&[0xC5, 0, 3, 0, 0, 0, drive, 0x50, 0, 0, 0]),
        Some(Sense { key, code, qualifier }) => {
            let error = key.wrapping_shl(4);
            let registers = [0x87, error, 3, 0, 0, 0, drive, 0x51, key, code, qualifier];
            out.extend_from_slice(&registers);
        }
    }
}

/// The input registers in front of data; the byte count is the platform's to know with DMA.
fn data_registers(mask: u8, sectors: u8, length: u16, drive: Drive, out: &mut Vec<u8>) {
    let [low, high] = length.to_le_bytes();
    out.extend_from_slice(&[0, low, high, 0]);
    out.extend_from_slice(&[mask, 0, sectors, 0, low, high, drive.register(), 0x58]);
}

fn encode_data(drive: Drive, completed: bool, data: &[u8], out: &mut Vec<u8>) {
    let length = length_of(data);
    data_registers(0xB5, 2, length, drive, out);
    if completed {
        out.extend_from_slice(&[0x85, 0, 3, 0, 0, 0, drive.register(), 0x50]);
    } else {
        out.extend_from_slice(&[0; 8]);
    }
    out.extend_from_slice(&[0; 6]);
    out.extend_from_slice(data.get(..usize::from(length)).unwrap_or(data));
}
