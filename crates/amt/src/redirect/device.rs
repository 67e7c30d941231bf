//! What a platform sends.

use super::{
    LoginMethod, MAX_LOGIN, RedirectError,
    fields::Fields,
    sol::{Controls, SolSettings},
};

/// How a platform answers a start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartStatus {
    /// 0: log in now.
    Ok,
    /// 1: no such kind of redirection.
    UnknownKind,
    /// 2: somebody else uses it.
    Busy,
    /// 3: not on this platform, or switched off.
    Unsupported,
    /// 5: the person at the PC must consent first.
    ConsentNeeded,
    /// FF and the rest: failed.
    Failed(u8),
}

impl StartStatus {
    const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Ok,
            1 => Self::UnknownKind,
            2 => Self::Busy,
            3 => Self::Unsupported,
            5 => Self::ConsentNeeded,
            other => Self::Failed(other),
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::UnknownKind => 1,
            Self::Busy => 2,
            Self::Unsupported => 3,
            Self::ConsentNeeded => 5,
            Self::Failed(number) => number,
        }
    }
}

/// A message from a platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceMessage {
    /// 11: answers a start. After any but [`StartStatus::Ok`] the platform closes.
    Started {
        /// The verdict.
        status: StartStatus,
        /// Manufacturer's bytes behind it.
        oem: Vec<u8>,
    },
    /// 14: answers a login.
    Login {
        /// 0 accepted, 1 go on or try again.
        status: u8,
        /// The method it is about.
        method: LoginMethod,
        /// What the method says.
        data: Vec<u8>,
    },
    /// 21: answers the opening of the serial port.
    SolOpened {
        /// 0 open, else refused.
        status: u8,
        /// Counts the platform's messages.
        sequence: u32,
        /// The settings in force.
        settings: SolSettings,
    },
    /// 23: the serial port is closed.
    SolClosed {
        /// Counts the platform's messages.
        sequence: u32,
    },
    /// 24: are you there?
    Ping {
        /// Counts the platform's messages.
        sequence: u32,
    },
    /// 25: I am.
    Pong {
        /// Counts the platform's messages.
        sequence: u32,
    },
    /// 29: the serial port's lines changed.
    SolControls {
        /// Counts the platform's messages.
        sequence: u32,
        /// The lines.
        controls: Controls,
    },
    /// 2A: characters to show.
    SolData {
        /// Counts the platform's messages.
        sequence: u32,
        /// The characters; 65,535 at most.
        data: Vec<u8>,
    },
    /// 2B: alive.
    Heartbeat {
        /// Counts the platform's messages.
        sequence: u32,
    },
}

impl DeviceMessage {
    /// The message at the start of `bytes` and its length; none while it is not whole.
    ///
    /// # Errors
    /// [`RedirectError`].
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, RedirectError> {
        let fields = Fields(bytes);
        let Some(&first) = bytes.first() else { return Ok(None) };
        let length = match first {
            // A refused start may end after four bytes.
            0x11 if fields.len() < 4 => return Ok(None),
            0x11 if fields.byte(1) != 0 => 4,
            0x11 if fields.len() < 13 => return Ok(None),
            0x11 => usize::from(fields.byte(12)).saturating_add(13),
            0x14 if fields.len() < 9 => return Ok(None),
            0x14 => match fields.u32(5) {
                n if n > MAX_LOGIN => return Err(RedirectError::LoginTooLong(n)),
                n => usize::try_from(n).unwrap_or(usize::MAX).saturating_add(9),
            },
            0x21 => 23,
            0x23 | 0x24 | 0x25 | 0x2B => 8,
            0x29 => 10,
            0x2A if fields.len() < 10 => return Ok(None),
            0x2A => usize::from(fields.u16(8)).saturating_add(10),
            other => return Err(RedirectError::UnknownMessage(other)),
        };
        if fields.len() < length {
            return Ok(None);
        }
        let sequence = fields.u32(4);
        let message = match first {
            0x11 => Self::Started {
                status: StartStatus::from_number(fields.byte(1)),
                oem: fields.bytes(13, length.saturating_sub(13)).to_vec(),
            },
            0x14 => Self::Login {
                status: fields.byte(1),
                method: LoginMethod::from_number(fields.byte(4)),
                data: fields.bytes(9, length.saturating_sub(9)).to_vec(),
            },
            0x21 => Self::SolOpened {
                status: fields.byte(1),
                sequence,
                settings: SolSettings::read(fields, 8),
            },
            0x23 => Self::SolClosed { sequence },
            0x24 => Self::Ping { sequence },
            0x25 => Self::Pong { sequence },
            0x29 => {
                let controls = Controls { lines: fields.byte(8), status: fields.byte(9) };
                Self::SolControls { sequence, controls }
            }
            0x2A => {
                let data = fields.bytes(10, length.saturating_sub(10)).to_vec();
                Self::SolData { sequence, data }
            }
            _ => Self::Heartbeat { sequence },
        };
        Ok(Some((message, length)))
    }

    /// Appends the message as it goes on the wire. What is longer than a message can hold is cut
    /// off. A refused start is written with 13 bytes: amtterm waits for so many, others for four.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Started { status, oem } => {
                let oem = oem.get(..255).unwrap_or(oem);
                out.extend_from_slice(&[0x11, status.number(), 0, 0]);
                // Protocol version 1.0 and the manufacturer's number, which consoles skip.
                out.extend_from_slice(&[1, 0, 0, 0, 0x57, 1, 0, 0]);
                out.push(u8::try_from(oem.len()).unwrap_or_default());
                out.extend_from_slice(oem);
            }
            Self::Login { status, method, data } => {
                out.extend_from_slice(&[0x14, *status, 0, 0]);
                super::login_data::encode_login(*method, data, out);
            }
            Self::SolOpened { status, sequence, settings } => {
                header(0x21, *status, *sequence, out);
                settings.write(out);
                out.extend_from_slice(&[0; 3]);
            }
            Self::SolClosed { sequence } => header(0x23, 0, *sequence, out),
            Self::Ping { sequence } => header(0x24, 0, *sequence, out),
            Self::Pong { sequence } => header(0x25, 0, *sequence, out),
            Self::SolControls { sequence, controls } => {
                header(0x29, 0, *sequence, out);
                out.extend_from_slice(&[controls.lines, controls.status]);
            }
            Self::SolData { sequence, data } => {
                header(0x2A, 0, *sequence, out);
                characters(data, out);
            }
            Self::Heartbeat { sequence } => header(0x2B, 0, *sequence, out),
        }
    }
}

pub(super) fn header(message: u8, status: u8, sequence: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&[message, status, 0, 0]);
    out.extend_from_slice(&sequence.to_le_bytes());
}

pub(super) fn characters(data: &[u8], out: &mut Vec<u8>) {
    let length = u16::try_from(data.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(data.get(..usize::from(length)).unwrap_or_default());
}
