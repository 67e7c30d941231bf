//! The server's end of RFB, for any VNC viewer: handshake of 3.3, 3.7 and 3.8, and pixels in whatever format it wants.

use amt::rfb::{
    self, DESKTOP_SIZE, Picture, PixelFormat, RAW, Rectangle, Rgb, SECURITY_NONE, ViewerError,
    ViewerMessage,
};

/// More changed parts than this are one.
const PARTS: usize = 512;

/// Four bytes, eight bits a colour: what viewers show best.
const WIDE: PixelFormat = PixelFormat {
    bits: 32,
    depth: 24,
    big_endian: false,
    true_colour: true,
    maximum: [255; 3],
    shift: [16, 8, 0],
};

/// A viewer.
#[derive(Debug)]
pub(super) struct Viewer {
    phase: Phase,
    buffer: Vec<u8>,
    /// For the viewer.
    pub(super) out: Vec<u8>,
    format: PixelFormat,
    resizable: bool,
    size: (u16, u16),
    wanted: Option<(bool, Rectangle)>,
    changed: Vec<Rectangle>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Version,
    /// Minor version 7 or 8.
    Choice(u8),
    Init,
    Running,
}

impl Viewer {
    /// Greets.
    pub(super) fn new() -> Self {
        Self {
            phase: Phase::Version,
            buffer: Vec::new(),
            out: rfb::VERSION.to_vec(),
            format: WIDE,
            resizable: false,
            size: (0, 0),
            wanted: None,
            changed: Vec::new(),
        }
    }

    /// Bytes of the viewer; gives its keys and pointer movements.
    pub(super) fn handle_bytes(
        &mut self,
        bytes: &[u8],
        picture: &Picture,
        name: &str,
    ) -> Result<Vec<ViewerMessage>, ViewerError> {
        self.buffer.extend_from_slice(bytes);
        let mut input = Vec::new();
        loop {
            let taken = match self.phase {
                Phase::Running => match ViewerMessage::decode(&self.buffer)? {
                    Some((message, length)) => {
                        self.message(message, picture, &mut input);
                        length
                    }
                    None => 0,
                },
                _ => self.handshake(picture, name)?,
            };
            if taken == 0 {
                return Ok(input);
            }
            self.buffer.drain(..taken);
        }
    }

    fn handshake(&mut self, picture: &Picture, name: &str) -> Result<usize, ViewerError> {
        match self.phase {
            Phase::Version if self.buffer.len() < 12 => Ok(0),
            Phase::Version => {
                let minor = match &self.buffer[..12] {
                    b"RFB 003.008\n" => 8,
                    b"RFB 003.007\n" => 7,
                    other if other.starts_with(b"RFB 003.") => 3,
                    other => return Err(ViewerError::Unknown(other[0])),
                };
                if minor == 3 {
                    self.out.extend_from_slice(&[0, 0, 0, SECURITY_NONE]);
                    self.phase = Phase::Init;
                } else {
                    self.out.extend_from_slice(&[1, SECURITY_NONE]);
                    self.phase = Phase::Choice(minor);
                }
                Ok(12)
            }
            Phase::Choice(minor) => match self.buffer.first() {
                None => Ok(0),
                Some(&SECURITY_NONE) => {
                    if minor == 8 {
                        self.out.extend_from_slice(&[0; 4]);
                    }
                    self.phase = Phase::Init;
                    Ok(1)
                }
                Some(other) => Err(ViewerError::Unknown(*other)),
            },
            Phase::Init if self.buffer.is_empty() => Ok(0),
            Phase::Init => {
                self.size = picture.size();
                let (width, height) = self.size;
                rfb::encode_server_init(width, height, self.format, name, &mut self.out);
                self.phase = Phase::Running;
                Ok(1)
            }
            Phase::Running => Ok(0),
        }
    }

    fn message(
        &mut self,
        message: ViewerMessage,
        picture: &Picture,
        input: &mut Vec<ViewerMessage>,
    ) {
        match message {
            ViewerMessage::SetPixelFormat(format) => self.set_format(format),
            ViewerMessage::SetEncodings(list) => self.resizable = list.contains(&DESKTOP_SIZE),
            ViewerMessage::UpdateRequest { incremental, area } => {
                let whole = self.wanted.filter(|(incremental, _)| !incremental);
                self.wanted = Some(whole.unwrap_or((incremental, area)));
                self.show(picture);
            }
            ViewerMessage::Key { .. } | ViewerMessage::Pointer { .. } => input.push(message),
            // AMT's clipboard is a channel for other things.
            ViewerMessage::CutText(_) => {}
        }
    }

    /// A viewer that wants a table of colours gets one in which the pixel is the colour.
    fn set_format(&mut self, format: PixelFormat) {
        if format.true_colour && format.is_usable() {
            self.format = format;
            return;
        }
        self.format = PixelFormat::RGB332;
        self.out.extend_from_slice(&[1, 0, 0, 0, 1, 0]);
        for pixel in 0..=255 {
            let Rgb(r, g, b) = self.format.colour(pixel);
            for channel in [r, g, b] {
                self.out.extend_from_slice(&[channel, channel]);
            }
        }
    }

    /// This part of the picture has changed.
    pub(super) fn change(&mut self, area: Rectangle) {
        self.changed.push(area);
        if self.changed.len() > PARTS {
            self.changed = vec![Rectangle::of_size(u16::MAX, u16::MAX)];
        }
    }

    /// Sends what is wanted, if there is something new.
    pub(super) fn show(&mut self, picture: &Picture) {
        let Some((incremental, area)) = self.wanted else { return };
        if picture.size() != self.size && self.resizable {
            self.size = picture.size();
            let (width, height) = self.size;
            self.changed = vec![Rectangle::of_size(width, height)];
            self.wanted = None;
            rfb::encode_update(1, &mut self.out);
            Rectangle::of_size(width, height).encode(DESKTOP_SIZE, &mut self.out);
            return;
        }
        let parts = match incremental {
            true => std::mem::take(&mut self.changed),
            false => vec![area],
        };
        // A viewer that cannot be resized sees black beyond the edges, and never more than it has room for.
        let parts: Vec<_> = parts.into_iter().filter_map(|part| clip(part, self.size)).collect();
        let Ok(count @ 1..) = u16::try_from(parts.len()) else { return };
        self.wanted = None;
        rfb::encode_update(count, &mut self.out);
        for part in parts {
            part.encode(RAW, &mut self.out);
            for y in part.y..part.y + part.height {
                for x in part.x..part.x + part.width {
                    self.format.write(self.format.pixel(picture.colour(x, y)), &mut self.out);
                }
            }
        }
    }
}

fn clip(part: Rectangle, (width, height): (u16, u16)) -> Option<Rectangle> {
    let Rectangle { x, y, width: w, height: h } = part;
    let (right, bottom) = (x.saturating_add(w).min(width), y.saturating_add(h).min(height));
    (right > x && bottom > y).then(|| Rectangle { x, y, width: right - x, height: bottom - y })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> Picture {
        let mut picture = Picture::new(4, 2, PixelFormat::RGB565).unwrap();
        let mut bytes = Vec::new();
        rfb::encode_update(1, &mut bytes);
        Rectangle { x: 0, y: 0, width: 1, height: 1 }.encode(RAW, &mut bytes);
        bytes.extend_from_slice(&[0x00, 0xF8]);
        picture.handle_bytes(&bytes, &mut Vec::new()).unwrap();
        picture
    }

    fn ask(incremental: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let area = Rectangle::of_size(4, 2);
        ViewerMessage::UpdateRequest { incremental, area }.encode(&mut out);
        out
    }

    #[test]
    fn viewers_of_each_version_get_in_and_see_the_picture() {
        for (hello, greeting) in [
            (&b"RFB 003.008\n\x01\x01"[..], 2 + 4),
            (b"RFB 003.007\n\x01\x01", 2),
            (b"RFB 003.003\n\x01", 4),
        ] {
            let picture = picture();
            let mut viewer = Viewer::new();
            for byte in [hello, &ask(false)].concat() {
                viewer.handle_bytes(&[byte], &picture, "pc").unwrap();
            }
            let init = 12 + greeting;
            assert_eq!(viewer.out[init..init + 4], [0, 4, 0, 2]);
            let update = &viewer.out[init + 24 + 2..];
            assert_eq!(update.len(), 4 + 12 + 4 * 2 * 4);
            assert_eq!(update[16..24], [0, 0, 255, 0, 0, 0, 0, 0], "red, then black");
        }
    }

    #[test]
    fn nothing_is_sent_until_something_has_changed() {
        let picture = picture();
        let mut viewer = Viewer::new();
        viewer.handle_bytes(b"RFB 003.003\n\x01", &picture, "pc").unwrap();
        viewer.out.clear();
        viewer.handle_bytes(&ask(true), &picture, "pc").unwrap();
        assert!(viewer.out.is_empty());
        viewer.change(Rectangle { x: 3, y: 1, width: 9, height: 9 });
        viewer.show(&picture);
        assert_eq!(viewer.out.len(), 4 + 12 + 4, "one pixel: the rest is outside");
    }

    #[test]
    fn a_viewer_with_a_table_of_colours_gets_one() {
        let picture = picture();
        let mut viewer = Viewer::new();
        viewer.handle_bytes(b"RFB 003.003\n\x01", &picture, "pc").unwrap();
        viewer.out.clear();
        let mut set = Vec::new();
        let format = PixelFormat { true_colour: false, ..PixelFormat::RGB332 };
        ViewerMessage::SetPixelFormat(format).encode(&mut set);
        viewer.handle_bytes(&set, &picture, "pc").unwrap();
        assert_eq!(viewer.out.len(), 6 + 256 * 6);
    }
}
