//! What a console sends.

use super::{LoginMethod, MAX_LOGIN, RedirectError, fields::Fields, sol::SolSettings};

/// What is to be redirected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Serial-over-LAN.
    Sol,
    /// Storage.
    Ider,
    /// Keyboard, video, mouse.
    Kvm,
    /// Four other letters.
    Other([u8; 4]),
}

impl Kind {
    const fn from_letters(letters: [u8; 4]) -> Self {
        match &letters {
            b"SOL " => Self::Sol,
            b"IDER" => Self::Ider,
            b"KVMR" => Self::Kvm,
            _ => Self::Other(letters),
        }
    }

    const fn letters(self) -> [u8; 4] {
        match self {
            Self::Sol => *b"SOL ",
            Self::Ider => *b"IDER",
            Self::Kvm => *b"KVMR",
            Self::Other(letters) => letters,
        }
    }
}

/// A message from a console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleMessage {
    /// 10: begin.
    Start(Kind),
    /// 12: end, as the last message.
    End,
    /// 13: log in.
    Login {
        /// How.
        method: LoginMethod,
        /// What the method says.
        data: Vec<u8>,
    },
    /// 20: open the serial port.
    SolOpen {
        /// Counts the console's messages.
        sequence: u32,
        /// How characters are to be sent.
        settings: SolSettings,
    },
    /// 22: close the serial port.
    SolClose {
        /// Counts the console's messages.
        sequence: u32,
    },
    /// 24: are you there?
    Ping {
        /// Counts the console's messages.
        sequence: u32,
    },
    /// 25: I am.
    Pong {
        /// Counts the console's messages.
        sequence: u32,
    },
    /// 27: sent by MeshCommander after opening; its four bytes mean nothing to a platform here.
    SolControls {
        /// Counts the console's messages.
        sequence: u32,
        /// As sent.
        data: [u8; 6],
    },
    /// 28: characters typed.
    SolData {
        /// Counts the console's messages.
        sequence: u32,
        /// The characters; 65,535 at most.
        data: Vec<u8>,
    },
    /// 2B: alive.
    Heartbeat {
        /// Counts the console's messages.
        sequence: u32,
    },
}

impl ConsoleMessage {
    /// The message at the start of `bytes` and its length; none while it is not whole.
    ///
    /// # Errors
    /// [`RedirectError`].
    pub fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>, RedirectError> {
        let fields = Fields(bytes);
        let Some(&first) = bytes.first() else { return Ok(None) };
        let length = match first {
            0x10 | 0x22 | 0x24 | 0x25 | 0x2B => 8,
            0x12 => 4,
            0x13 if fields.len() < 9 => return Ok(None),
            0x13 => match fields.u32(5) {
                n if n > MAX_LOGIN => return Err(RedirectError::LoginTooLong(n)),
                n => usize::try_from(n).unwrap_or(usize::MAX).saturating_add(9),
            },
            0x20 => 24,
            0x27 => 14,
            0x28 if fields.len() < 10 => return Ok(None),
            0x28 => usize::from(fields.u16(8)).saturating_add(10),
            other => return Err(RedirectError::UnknownMessage(other)),
        };
        if fields.len() < length {
            return Ok(None);
        }
        let sequence = fields.u32(4);
        let message = match first {
            0x10 => Self::Start(Kind::from_letters(fields.u32(4).to_le_bytes())),
            0x12 => Self::End,
            0x13 => Self::Login {
                method: LoginMethod::from_number(fields.byte(4)),
                data: fields.bytes(9, length.saturating_sub(9)).to_vec(),
            },
            0x20 => Self::SolOpen { sequence, settings: SolSettings::read(fields, 8) },
            0x22 => Self::SolClose { sequence },
            0x24 => Self::Ping { sequence },
            0x25 => Self::Pong { sequence },
            0x27 => {
                let data = [8, 9, 10, 11, 12, 13].map(|at| fields.byte(at));
                Self::SolControls { sequence, data }
            }
            0x28 => {
                let data = fields.bytes(10, length.saturating_sub(10)).to_vec();
                Self::SolData { sequence, data }
            }
            _ => Self::Heartbeat { sequence },
        };
        Ok(Some((message, length)))
    }

    /// Appends the message as it goes on the wire. Characters and logins beyond what a message can
    /// hold are cut off.
    pub fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Start(kind) => {
                let flag = u8::from(*kind == Kind::Kvm);
                out.extend_from_slice(&[0x10, flag, 0, 0]);
                out.extend_from_slice(&kind.letters());
            }
            Self::End => out.extend_from_slice(&[0x12, 0, 0, 0]),
            Self::Login { method, data } => {
                out.extend_from_slice(&[0x13, 0, 0, 0]);
                super::login_data::encode_login(*method, data, out);
            }
            Self::SolOpen { sequence, settings } => {
                super::device::header(0x20, 0, *sequence, out);
                settings.write(out);
                out.extend_from_slice(&[0; 4]);
            }
            Self::SolClose { sequence } => super::device::header(0x22, 0, *sequence, out),
            Self::Ping { sequence } => super::device::header(0x24, 0, *sequence, out),
            Self::Pong { sequence } => super::device::header(0x25, 0, *sequence, out),
            Self::SolControls { sequence, data } => {
                super::device::header(0x27, 0, *sequence, out);
                out.extend_from_slice(data);
            }
            Self::SolData { sequence, data } => {
                super::device::header(0x28, 0, *sequence, out);
                super::device::characters(data, out);
            }
            Self::Heartbeat { sequence } => super::device::header(0x2B, 0, *sequence, out),
        }
    }
}
