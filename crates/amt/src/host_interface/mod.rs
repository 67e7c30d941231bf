//! The host interface (HECI): what a program on the PC itself says to AMT, and what AMT answers. Both roles.
//!
//! A message is a header of 12 bytes and a body, little-endian: version 1.1, a command word, the length of the
//! body. In a command word bit 23 marks an answer; every answer begins with a status. Facts: Intel LMS
//! (`MEIClient/AMTHIClient`), rpc-go (`pkg/pthi`). Numbers of triggers differ from those of WS-Man, of APF and of the
//! log, so each has a type of its own.

pub mod log;
mod status;
mod wire;

pub use status::Status;

use uuid::Uuid;
pub use wire::Name;
use wire::{Wire, record};

/// The client of the management engine that speaks this: AMT's host interface.
pub const CLIENT: Uuid = Uuid::from_u128(0x12f8_0028_b4b7_4b2d_aca8_46e0_ff65_814c);
/// Bytes before the body.
pub const HEADER: usize = 12;
/// No body is longer; the log, the longest of them, has 2,785 bytes.
pub const BODY_MAX: usize = 8192;

/// Major and minor version, one byte each.
const VERSION: u16 = 0x0101;
const ANSWER: u32 = 1 << 23;
/// The only version of the log there is.
const LOG_VERSION: u8 = 1;
/// Bytes of a host name (NET_FQDN_MAX_LENGTH).
const HOST_MAX: usize = 256;

record! {
    /// What stands before a body.
    pub struct Header {
        version: u16,
        reserved: u16,
        /// The command word.
        pub command: u32,
        /// Bytes of the body.
        pub length: u32,
    }
}

/// What can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Command {
    /// OPEN_USER_INITIATED_CONNECTION: dial in.
    Open,
    /// CLOSE_USER_INITIATED_CONNECTION: end what the user asked for.
    Close,
    /// GET_REMOTE_ACCESS_CONNECTION_STATUS.
    ConnectionStatus,
    /// GET_USER_INITIATED_ENABLED_INTERFACES: from where a user may ask.
    EnabledInterfaces,
    /// GET_CIRA_LOG.
    CiraLog,
}

/// What AMT answers when it does what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To `Open` and `Close`.
    Done,
    ConnectionStatus(ConnectionStatus),
    EnabledInterfaces(EnabledInterfaces),
    CiraLog(Box<log::CiraLog>),
}

/// Why an answer is of no use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// AMT says no.
    #[error("{0}")]
    Status(Status),
    /// Another command was answered, or none.
    #[error("the answer carries the command word {0:#010x}, which was not asked")]
    Unasked(u32),
    /// More than the interface allows.
    #[error("the answer announces {0} bytes, more than any has")]
    TooLong(u32),
    /// Less than the answer needs.
    #[error("the answer ends early, after {0} bytes")]
    Short(usize),
}

/// Where the PC is, and its tunnel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionStatus {
    pub network: Network,
    pub tunnel: Tunnel,
    /// Why the tunnel is there; of no meaning when there is none.
    pub trigger: Trigger,
    /// The MPS, when AMT names it.
    pub mps: String,
}

/// From where a user may ask for a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnabledInterfaces {
    pub bios: bool,
    pub os: bool,
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $number:literal, $words:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(rename_all = "kebab-case")
        )]
        #[expect(missing_docs, reason = "the words beside them say what they mean")]
        pub enum $name {
            $($variant,)*
            /// One without a name.
            Other(u32),
        }

        impl $name {
            /// Those with a name.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The number on the wire.
            #[must_use]
            pub const fn number(self) -> u32 {
                match self {
                    $(Self::$variant => $number,)*
                    Self::Other(number) => number,
                }
            }

            /// What a number means.
            #[must_use]
            pub const fn of(number: u32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    number => Self::Other(number),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$variant => f.write_str($words),)*
                    Self::Other(number) => write!(f, "unknown ({number})"),
                }
            }
        }
    };
}
pub(crate) use numbered;

numbered! {
    /// Where the PC takes itself to be.
    Network {
        Direct = 0, "inside the company network";
        Vpn = 1, "inside, through a VPN";
        Outside = 2, "outside the company network";
        Unknown = 3, "not known";
    }
}

numbered! {
    /// Whether there is a tunnel.
    Tunnel {
        Down = 0, "not connected";
        Connecting = 1, "connecting";
        Up = 2, "connected";
    }
}

numbered! {
    /// Why there is a tunnel, in the numbers of this interface (LMS).
    Trigger {
        User = 0, "the user asked for it";
        Alert = 1, "an alert";
        Provisioning = 2, "provisioning";
        Periodic = 3, "periodic";
    }
}

impl Command {
    /// Every command there is.
    pub const ALL: [Self; 5] =
        [Self::Open, Self::Close, Self::ConnectionStatus, Self::EnabledInterfaces, Self::CiraLog];

    /// The command word of the request.
    #[must_use]
    pub const fn word(self) -> u32 {
        match self {
            Self::Open => 0x0400_0044,
            Self::Close => 0x0400_0045,
            Self::ConnectionStatus => 0x0400_0046,
            Self::EnabledInterfaces => 0x0400_004d,
            Self::CiraLog => 0x0400_008e,
        }
    }

    /// The whole request.
    #[must_use]
    pub fn request(self) -> Vec<u8> {
        let body: &[u8] = match self {
            Self::CiraLog => &[LOG_VERSION],
            Self::Open | Self::Close | Self::ConnectionStatus | Self::EnabledInterfaces => &[],
        };
        message(self.word(), body)
    }

    /// Reads the answer to this command from header and body.
    ///
    /// # Errors
    /// When AMT says no, or what came is no answer to this.
    pub fn read_answer(self, message: &[u8]) -> Result<Answer, AnswerError> {
        let mut rest = message;
        let short = || AnswerError::Short(message.len());
        let header = Header::read(&mut rest).ok_or_else(short)?;
        if header.command != self.word() | ANSWER {
            return Err(AnswerError::Unasked(header.command));
        }
        let length = header.body()?;
        rest = rest.get(..length).ok_or_else(short)?;
        let status = Status(u32::read(&mut rest).ok_or_else(short)?);
        if status != Status::SUCCESS {
            return Err(AnswerError::Status(status));
        }
        self.read_body(&mut rest).ok_or_else(short)
    }

    fn read_body(self, rest: &mut &[u8]) -> Option<Answer> {
        Some(match self {
            Self::Open | Self::Close => Answer::Done,
            Self::ConnectionStatus => Answer::ConnectionStatus(ConnectionStatus {
                network: Network::of(u32::read(rest)?),
                tunnel: Tunnel::of(u32::read(rest)?),
                trigger: Trigger::of(u32::read(rest)?),
                mps: read_text(rest)?,
            }),
            Self::EnabledInterfaces => {
                let bits = u32::read(rest)?;
                Answer::EnabledInterfaces(EnabledInterfaces {
                    bios: bits & 1 != 0,
                    os: bits & 2 != 0,
                })
            }
            Self::CiraLog => Answer::CiraLog(Box::new(log::CiraLog::read(rest)?)),
        })
    }

    /// AMT's side: what a request asks.
    ///
    /// # Errors
    /// The status that the requester is to be told, with the command word of the request.
    pub fn read_request(message: &[u8]) -> Result<Self, (u32, Status)> {
        let mut rest = message;
        let header = Header::read(&mut rest).ok_or((0, Status::BAD_LENGTH))?;
        let refuse = |status| (header.command, status);
        let command = Self::ALL.into_iter().find(|command| command.word() == header.command);
        let command = command.ok_or(refuse(Status::INVALID_COMMAND))?;
        let expected = command.request();
        if message.len() != expected.len() || header.length as usize != rest.len() {
            return Err(refuse(Status::BAD_LENGTH));
        }
        let body = expected.get(HEADER..).unwrap_or_default();
        if header.version != VERSION || body != rest {
            return Err(refuse(Status::INVALID_PARAMETER));
        }
        Ok(command)
    }
}

impl Header {
    /// Bytes of the body, when an answer can have so many.
    ///
    /// # Errors
    /// When none can.
    pub fn body(&self) -> Result<usize, AnswerError> {
        let length = usize::try_from(self.length).unwrap_or(usize::MAX);
        if length > BODY_MAX { Err(AnswerError::TooLong(self.length)) } else { Ok(length) }
    }

    /// Reads the 12 bytes.
    #[must_use]
    pub fn decode(bytes: &[u8; HEADER]) -> Option<Self> {
        Self::read(&mut bytes.as_slice())
    }
}

/// AMT's side: the whole answer to a request with that command word.
#[must_use]
pub fn answer(word: u32, answer: Result<&Answer, Status>) -> Vec<u8> {
    let mut body = Vec::new();
    let status = answer.err().unwrap_or(Status::SUCCESS);
    status.0.write(&mut body);
    match answer {
        Err(_) | Ok(Answer::Done) => {}
        Ok(Answer::ConnectionStatus(ConnectionStatus { network, tunnel, trigger, mps })) => {
            network.number().write(&mut body);
            tunnel.number().write(&mut body);
            trigger.number().write(&mut body);
            let mps = mps.as_bytes().get(..HOST_MAX).unwrap_or(mps.as_bytes());
            u16::try_from(mps.len()).unwrap_or_default().write(&mut body);
            body.extend_from_slice(mps);
        }
        Ok(Answer::EnabledInterfaces(EnabledInterfaces { bios, os })) => {
            (u32::from(*bios) | u32::from(*os) << 1).write(&mut body);
        }
        Ok(Answer::CiraLog(log)) => log.write(&mut body),
    }
    message(word | ANSWER, &body)
}

fn message(command: u32, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap_or(u32::MAX);
    let mut message = Vec::with_capacity(HEADER.saturating_add(body.len()));
    Header { version: VERSION, reserved: 0, command, length }.write(&mut message);
    message.extend_from_slice(body);
    message
}

/// A length in two bytes, and as many bytes of text.
fn read_text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::from(u16::read(rest)?);
    let (text, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(wire::plain(text))
}

#[cfg(test)]
mod tests;
