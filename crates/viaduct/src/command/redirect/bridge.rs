//! The viewer's end of RFB towards AMT: what comes behind the KVM login, up to the picture.

use amt::rfb::{
    AMT_RLE, DESKTOP_SIZE, Picture, PixelFormat, RAW, Rectangle, SECURITY_NONE, VERSION,
    ViewerMessage,
};

/// The pixels that are asked of AMT: its own.
const FORMAT: PixelFormat = PixelFormat::RGB565;
/// ServerInit up to its name.
const INIT: usize = 24;
/// Longest name of a screen.
const NAME: usize = 1024;

/// A screen that is being opened.
#[derive(Debug, Default)]
pub(super) struct Opening {
    buffer: Vec<u8>,
    phase: Phase,
    /// For the device.
    pub(super) out: Vec<u8>,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Phase {
    #[default]
    Opened,
    Version,
    Security,
    Result,
    Init,
}

/// An open screen.
#[derive(Debug)]
pub(super) struct Screen {
    pub(super) picture: Picture,
    pub(super) name: String,
    /// What came behind the opening.
    pub(super) rest: Vec<u8>,
}

impl Opening {
    /// A stream that begins with RFB itself, as port 5900 has it.
    pub(super) fn bare() -> Self {
        Self { phase: Phase::Version, ..Self::default() }
    }

    /// Takes bytes of the device until the screen is open.
    pub(super) fn handle_bytes(&mut self, bytes: &[u8]) -> Result<Option<Screen>, String> {
        self.buffer.extend_from_slice(bytes);
        loop {
            let taken = match self.phase {
                Phase::Opened if self.buffer.len() < 8 => 0,
                Phase::Opened if self.buffer[0] != 0x41 => {
                    return Err(format!("{:#04x} instead of a screen", self.buffer[0]));
                }
                Phase::Opened => self.go(8, Phase::Version),
                Phase::Version if self.buffer.len() < 12 => 0,
                Phase::Version => {
                    self.out.extend_from_slice(VERSION);
                    self.go(12, Phase::Security)
                }
                Phase::Security => match self.buffer.first().map(|count| usize::from(*count) + 1) {
                    Some(length) if self.buffer.len() >= length => {
                        if !self.buffer[1..length].contains(&SECURITY_NONE) {
                            return Err("the screen asks for a password of its own".into());
                        }
                        self.out.push(SECURITY_NONE);
                        self.go(length, Phase::Result)
                    }
                    _ => 0,
                },
                Phase::Result if self.buffer.len() < 4 => 0,
                Phase::Result if self.buffer[..4] != [0; 4] => {
                    return Err("the screen refuses the viewer".into());
                }
                Phase::Result => {
                    self.out.push(1);
                    self.go(4, Phase::Init)
                }
                Phase::Init => return self.init(),
            };
            if taken == 0 {
                return Ok(None);
            }
            self.buffer.drain(..taken);
        }
    }

    fn go(&mut self, taken: usize, phase: Phase) -> usize {
        self.phase = phase;
        taken
    }

    fn init(&mut self) -> Result<Option<Screen>, String> {
        let Some(head) = self.buffer.get(..INIT) else { return Ok(None) };
        let number = |at: usize| u16::from_be_bytes([head[at], head[at + 1]]);
        let length = u32::from_be_bytes([head[20], head[21], head[22], head[23]]) as usize;
        if length > NAME {
            return Err("the screen's name is too long".into());
        }
        let (width, height) = (number(0), number(2));
        let Some(name) = self.buffer.get(INIT..INIT + length) else { return Ok(None) };
        let name = String::from_utf8_lossy(name).into_owned();
        let rest = self.buffer.split_off(INIT + length);
        let picture = Picture::new(width, height, FORMAT).map_err(|error| error.to_string())?;
        ViewerMessage::SetPixelFormat(FORMAT).encode(&mut self.out);
        let encodings = vec![AMT_RLE, RAW, DESKTOP_SIZE];
        ViewerMessage::SetEncodings(encodings).encode(&mut self.out);
        ask(&picture, false, &mut self.out);
        Ok(Some(Screen { picture, name, rest }))
    }
}

/// Appends a request for the whole picture, or for what has changed.
pub(super) fn ask(picture: &Picture, incremental: bool, out: &mut Vec<u8>) {
    let (width, height) = picture.size();
    let area = Rectangle::of_size(width, height);
    ViewerMessage::UpdateRequest { incremental, area }.encode(out);
}

#[cfg(test)]
mod tests {
    use super::Opening;
    use amt::rfb::{PixelFormat, encode_server_init};

    #[test]
    fn the_opening_works_in_any_pieces_and_says_what_is_wrong() {
        let mut stream = b"\x41\0\0\0\0\0\0\0RFB 004.000\n\x02\x05\x01\0\0\0\0".to_vec();
        encode_server_init(640, 480, PixelFormat::RGB565, "pc-01", &mut stream);
        stream.extend_from_slice(b"rest");
        for piece in [1, 5, 1000] {
            let mut opening = Opening::default();
            let mut screen = None;
            for bytes in stream.chunks(piece) {
                match &mut screen {
                    None => screen = opening.handle_bytes(bytes).unwrap(),
                    Some(super::Screen { rest, .. }) => rest.extend_from_slice(bytes),
                }
            }
            let screen = screen.unwrap();
            assert_eq!((screen.name.as_str(), screen.picture.size()), ("pc-01", (640, 480)));
            assert_eq!(screen.rest, b"rest");
            assert!(opening.out.starts_with(b"RFB 003.008\n\x01\x01"));
        }
        assert!(Opening::default().handle_bytes(b"\x2A\0\0\0\0\0\0\0").is_err());
        let locked = b"\x41\0\0\0\0\0\0\0RFB 003.008\n\x01\x02";
        assert!(Opening::default().handle_bytes(locked).is_err());
    }
}
