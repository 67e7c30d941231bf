//! Who proves what before a screen is shown (RFC 6143, 7.1): towards a server that asks for the password of its port, and
//! towards a viewer that need not know it.
//!
//! Both are sans-IO: give them the other side's bytes, send what is in `out`, and when they are done the next byte of
//! either side belongs to ClientInit and ServerInit.

use super::{SECURITY_NONE, SECURITY_VNC, VERSION};
use des::{
    Des,
    cipher::{Array, BlockCipherEncrypt, KeyInit},
};

/// The version line of either side.
const LINE: usize = 12;
/// Longest sentence of a server that says no; the rest is not waited for.
const REASON: usize = 256;

/// Why the other side lets nobody in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecurityError {
    /// It does not begin as RFB does.
    #[error("it does not speak RFB")]
    NotRfb,
    /// It offers, or chooses, something else than the standard ways.
    #[error("it has no way to sign in that is known here")]
    NoWay,
    /// The password is not the one.
    #[error("it refuses the password{0}")]
    Denied(String),
    /// It takes nobody now.
    #[error("it takes no viewer{0}")]
    Refused(String),
}

/// RFB's proof of a password: DES of the challenge, the bits of each byte of the password the other way round. Only its
/// first eight bytes count.
#[must_use]
pub fn proof(password: &str, challenge: [u8; 16]) -> [u8; 16] {
    let mut key = [0; 8];
    for (byte, given) in key.iter_mut().zip(password.bytes()) {
        *byte = given.reverse_bits();
    }
    let cipher = Des::new(&Array(key));
    let mut out = challenge;
    let (blocks, _) = out.as_chunks_mut::<8>();
    for block in blocks {
        let mut buffer = Array(*block);
        cipher.encrypt_block(&mut buffer);
        *block = buffer.0;
    }
    out
}

/// The minor version that both speak, of a line `RFB 003.00x`: 3, 7 or 8. Newer ones are spoken to as 8.
fn minor(line: &[u8]) -> Result<u8, SecurityError> {
    match line {
        b"RFB 003.003\n" | b"RFB 003.005\n" => Ok(3),
        b"RFB 003.007\n" => Ok(7),
        [b'R', b'F', b'B', b' ', rest @ .., b'\n']
            if rest.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') =>
        {
            Ok(8)
        }
        _ => Err(SecurityError::NotRfb),
    }
}

/// The viewer's end: proves a password to a server.
pub struct ViewerSecurity {
    password: String,
    buffer: Vec<u8>,
    state: Viewer,
    minor: u8,
    /// For the server.
    pub out: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Viewer {
    Version,
    Kinds,
    Challenge,
    Result { proven: bool },
    Done,
}

impl std::fmt::Debug for ViewerSecurity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ViewerSecurity").field("state", &self.state).finish_non_exhaustive()
    }
}

impl ViewerSecurity {
    /// Waits for the server's version.
    #[must_use]
    pub const fn new(password: String) -> Self {
        Self { password, buffer: Vec::new(), state: Viewer::Version, minor: 8, out: Vec::new() }
    }

    /// Takes bytes of the server; true when it lets us in.
    ///
    /// # Errors
    /// Why it does not.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<bool, SecurityError> {
        self.buffer.extend_from_slice(bytes);
        while self.state != Viewer::Done {
            let Some(taken) = self.step()? else { return Ok(false) };
            self.buffer.drain(..taken);
        }
        Ok(true)
    }

    /// What came behind the sign-in.
    #[must_use]
    pub fn into_rest(self) -> Vec<u8> {
        self.buffer
    }

    /// How many bytes were understood; none while more are needed.
    fn step(&mut self) -> Result<Option<usize>, SecurityError> {
        let (state, taken) = match self.state {
            Viewer::Version => {
                let Some(line) = self.buffer.get(..LINE) else { return Ok(None) };
                self.minor = minor(line)?;
                let own = [VERSION.as_slice(), b"RFB 003.007\n", b"RFB 003.003\n"];
                self.out.extend_from_slice(match self.minor {
                    8 => own[0],
                    7 => own[1],
                    _ => own[2],
                });
                (Viewer::Kinds, LINE)
            }
            Viewer::Kinds => return self.kinds(),
            Viewer::Challenge => {
                let Some(challenge) = self.buffer.first_chunk::<16>() else { return Ok(None) };
                self.out.extend_from_slice(&proof(&self.password, *challenge));
                (Viewer::Result { proven: true }, 16)
            }
            Viewer::Result { proven } => {
                let Some(result) = self.buffer.first_chunk::<4>() else { return Ok(None) };
                if *result != [0; 4] {
                    let why = if self.minor == 8 { self.reason(4) } else { String::new() };
                    return Err(match proven {
                        true => SecurityError::Denied(why),
                        false => SecurityError::Refused(why),
                    });
                }
                (Viewer::Done, 4)
            }
            Viewer::Done => return Ok(None),
        };
        self.state = state;
        Ok(Some(taken))
    }

    /// The server's list of ways, or its decision where it is older than lists.
    fn kinds(&mut self) -> Result<Option<usize>, SecurityError> {
        let (offered, taken) = if self.minor == 3 {
            let Some([_, _, _, kind]) = self.buffer.first_chunk::<4>() else { return Ok(None) };
            (vec![*kind], 4)
        } else {
            let Some((count, rest)) = self.buffer.split_first() else { return Ok(None) };
            let Some(kinds) = rest.get(..usize::from(*count)) else { return Ok(None) };
            (kinds.to_vec(), kinds.len().saturating_add(1))
        };
        if offered.is_empty() || offered == [0] {
            return Err(SecurityError::Refused(self.reason(taken)));
        }
        let kind = [SECURITY_VNC, SECURITY_NONE].into_iter().find(|kind| offered.contains(kind));
        let kind = kind.ok_or(SecurityError::NoWay)?;
        if self.minor != 3 {
            self.out.push(kind);
        }
        self.state = match (kind, self.minor) {
            (SECURITY_VNC, _) => Viewer::Challenge,
            (_, 8) => Viewer::Result { proven: false },
            _ => Viewer::Done,
        };
        Ok(Some(taken))
    }

    /// The server's sentence at this place, as far as it is here.
    fn reason(&self, at: usize) -> String {
        let text = self.buffer.get(at.saturating_add(4)..).unwrap_or_default();
        let text: String = String::from_utf8_lossy(text).chars().take(REASON).collect();
        let text: String = text.chars().filter(|c| !c.is_control()).collect();
        if text.is_empty() { text } else { format!(": {text}") }
    }
}

/// The server's end, for a viewer that has nothing to prove.
#[derive(Debug)]
pub struct OpenSecurity {
    buffer: Vec<u8>,
    state: Open,
    minor: u8,
    /// For the viewer.
    pub out: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    Version,
    Choice,
    Done,
}

impl Default for OpenSecurity {
    fn default() -> Self {
        Self { buffer: Vec::new(), state: Open::Version, minor: 8, out: VERSION.to_vec() }
    }
}

impl OpenSecurity {
    /// Takes bytes of the viewer; true when it is in.
    ///
    /// # Errors
    /// When it does not speak RFB, or wants to prove something.
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<bool, SecurityError> {
        self.buffer.extend_from_slice(bytes);
        if self.state == Open::Version {
            let Some(line) = self.buffer.get(..LINE) else { return Ok(false) };
            self.minor = minor(line)?;
            self.buffer.drain(..LINE);
            if self.minor == 3 {
                self.out.extend_from_slice(&[0, 0, 0, SECURITY_NONE]);
                self.state = Open::Done;
            } else {
                self.out.extend_from_slice(&[1, SECURITY_NONE]);
                self.state = Open::Choice;
            }
        }
        if self.state == Open::Choice {
            let Some(choice) = self.buffer.first() else { return Ok(false) };
            if *choice != SECURITY_NONE {
                return Err(SecurityError::NoWay);
            }
            self.buffer.drain(..1);
            // Only the newest version has a result where nothing was proven.
            if self.minor == 8 {
                self.out.extend_from_slice(&[0; 4]);
            }
            self.state = Open::Done;
        }
        Ok(true)
    }

    /// What came behind the handshake.
    #[must_use]
    pub fn into_rest(self) -> Vec<u8> {
        self.buffer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A challenge and what RFB's DES makes of it with `P@ssw0rd`, by another library.
    const CHALLENGE: [u8; 16] = *b"0123456789abcdef";
    const PROOF: [u8; 16] = [
        0x06, 0x9d, 0xaf, 0x05, 0x80, 0x72, 0x89, 0x0b, 0xa7, 0xbf, 0xae, 0xca, 0x5a, 0xc5, 0x47,
        0x5f,
    ];

    fn viewer(pieces: usize, bytes: &[u8]) -> (Result<bool, SecurityError>, ViewerSecurity) {
        let mut viewer = ViewerSecurity::new("P@ssw0rd".into());
        let mut result = Ok(false);
        for piece in bytes.chunks(pieces) {
            result = viewer.handle_bytes(piece);
            if result.is_err() {
                break;
            }
        }
        (result, viewer)
    }

    #[test]
    fn the_password_is_proven_in_each_version_and_split() {
        for (line, kinds, said) in [
            ("RFB 003.008\n", vec![2, 1, 2], vec![2]),
            ("RFB 004.001\n", vec![1, 2], vec![2]),
            ("RFB 003.007\n", vec![1, 2], vec![2]),
            ("RFB 003.003\n", vec![0, 0, 0, 2], vec![]),
        ] {
            let server = [line.as_bytes(), &kinds, &CHALLENGE, &[0; 4], b"rest"].concat();
            for pieces in [1, 5, 100] {
                let (result, viewer) = viewer(pieces, &server);
                assert_eq!(result, Ok(true), "{line}");
                let own = if line == "RFB 004.001\n" { "RFB 003.008\n" } else { line };
                assert_eq!(viewer.out, [own.as_bytes(), &said, &PROOF].concat());
                assert_eq!(viewer.into_rest(), b"rest");
            }
        }
    }

    #[test]
    fn a_server_without_password_lets_in_and_each_no_says_why() {
        assert_eq!(viewer(100, b"RFB 003.008\n\x01\x01\0\0\0\0").0, Ok(true));
        assert_eq!(viewer(100, b"RFB 003.007\n\x01\x01").0, Ok(true));
        let denied = [b"RFB 003.008\n\x01\x02", &CHALLENGE[..], b"\0\0\0\x01\0\0\0\x02no"].concat();
        assert_eq!(viewer(100, &denied).0, Err(SecurityError::Denied(": no".into())));
        let full = viewer(100, b"RFB 003.008\n\0\0\0\0\x04full").0;
        assert_eq!(full, Err(SecurityError::Refused(": full".into())));
        assert_eq!(viewer(100, b"RFB 003.008\n\x01\x13").0, Err(SecurityError::NoWay));
        assert_eq!(viewer(100, b"SSH-2.0-OpenSSH_9").0, Err(SecurityError::NotRfb));
    }

    #[test]
    fn a_viewer_proves_nothing_in_each_version() {
        for (said, answer) in [
            (&b"RFB 003.008\n\x01\x01"[..], &b"RFB 003.008\n\x01\x01\0\0\0\0"[..]),
            (b"RFB 003.007\n\x01\x01", b"RFB 003.008\n\x01\x01"),
            (b"RFB 003.003\n\x01", b"RFB 003.008\n\0\0\0\x01"),
        ] {
            let mut open = OpenSecurity::default();
            let mut done = false;
            let mut pieces = said.iter();
            while !done {
                done = open.handle_bytes(&[*pieces.next().unwrap()]).unwrap();
            }
            assert_eq!(open.out, answer);
            assert!(open.into_rest().is_empty());
        }
        assert!(OpenSecurity::default().handle_bytes(b"RFB 003.008\n\x02").is_err());
        assert!(OpenSecurity::default().handle_bytes(b"GET / HTTP/1").is_err());
    }
}
