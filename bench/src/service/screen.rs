//! A screen: AMT's login to the redirection port, then RFB whose pixels are made up, raw and as many as were asked for.

use super::{AHEAD, AMT_PASSWORD, AMT_USER, PIECE};
use amt::{
    http::digest::Ha1,
    redirect::{
        ConsoleMessage, Decoder, DeviceLogin, DeviceMessage, KvmOpen, KvmOpened, StartStatus,
        Verdict,
    },
    rfb::{Rectangle, ViewerMessage},
};
use bytes::Bytes;
use std::sync::LazyLock;

const REALM: &str = "Digest:B0000000000000000000000000000000";
/// A viewer's part of RFB's handshake: version, security type, ClientInit.
pub(crate) const HANDSHAKE: [u8; 14] = *b"RFB 003.008\n\x01\x01";
/// Bytes in front of the pixels of an update: of the message, and of its one rectangle.
pub(crate) const UPDATE: usize = 4 + 12;
/// Bytes of a pixel.
pub(crate) const PIXEL: usize = 2;

/// A part of the screen.
pub(crate) type Area = Rectangle;

/// Bytes of all values, as pixels have them: in text messages half of them take two bytes.
static PIXELS: LazyLock<Bytes> = LazyLock::new(|| {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[1]
    };
    (0..PIECE).map(|_| next()).collect()
});

/// One connection.
#[derive(Debug)]
pub(crate) struct Screen {
    state: State,
    /// What the viewer said and is not understood yet.
    input: Vec<u8>,
    /// Updates that were asked for.
    asked: std::collections::VecDeque<Area>,
    /// Bytes of the current one's pixels that are still to be sent.
    left: usize,
}

#[derive(Debug)]
enum State {
    Login(Decoder, Box<DeviceLogin>),
    Open(Decoder),
    /// So many bytes of the handshake are to come.
    Viewer(usize),
}

impl Screen {
    pub(super) fn behind_login() -> Self {
        let account = (AMT_USER.to_owned(), Ha1::new(AMT_USER, REALM, AMT_PASSWORD));
        let login = DeviceLogin::new(REALM.into(), vec![account], false);
        Self::new(State::Login(Decoder::new(), Box::new(login)))
    }

    pub(super) fn bare() -> Self {
        Self::new(State::Viewer(HANDSHAKE.len()))
    }

    fn new(state: State) -> Self {
        Self { state, input: Vec::new(), asked: std::collections::VecDeque::new(), left: 0 }
    }

    pub(super) fn input(&mut self, data: &[u8]) -> Option<Bytes> {
        let mut out = Vec::new();
        if let State::Login(decoder, login) = &mut self.state {
            decoder.handle_bytes(data);
            if log_in(decoder, login, &mut out) {
                self.state = State::Open(std::mem::take(decoder));
            }
        } else if let State::Open(decoder) = &mut self.state {
            decoder.handle_bytes(data);
            if let Ok(Some(KvmOpen)) = decoder.poll_message() {
                KvmOpened.encode(&mut out);
                self.input = decoder.take_rest();
                self.state = State::Viewer(HANDSHAKE.len());
            }
        } else {
            self.input.extend_from_slice(data);
        }
        self.viewer();
        (!out.is_empty()).then(|| out.into())
    }

    fn viewer(&mut self) {
        let State::Viewer(handshake) = &mut self.state else { return };
        let taken = self.input.len().min(*handshake);
        *handshake -= taken;
        self.input.drain(..taken);
        while let Ok(Some((message, length))) = ViewerMessage::decode(&self.input) {
            self.input.drain(..length);
            if let ViewerMessage::UpdateRequest { area, .. } = message {
                self.asked.push_back(area);
            }
        }
    }

    pub(super) fn output(&mut self, queued: usize) -> Option<Bytes> {
        if queued >= AHEAD {
            return None;
        }
        if self.left == 0 {
            let area = self.asked.pop_front()?;
            self.left = bytes(area);
            return Some(head(area));
        }
        let n = self.left.min(PIECE);
        self.left -= n;
        Some(PIXELS.slice(..n))
    }
}

/// Bytes of an area's pixels.
fn bytes(area: Area) -> usize {
    usize::from(area.width) * usize::from(area.height) * PIXEL
}

/// FramebufferUpdate with one raw rectangle.
fn head(area: Area) -> Bytes {
    let mut head = vec![0, 0, 0, 1];
    for field in [area.x, area.y, area.width, area.height] {
        head.extend_from_slice(&field.to_be_bytes());
    }
    head.extend_from_slice(&[0; 4]);
    head.into()
}

/// Answers what is there; whether the console is in.
fn log_in(decoder: &mut Decoder, login: &mut DeviceLogin, out: &mut Vec<u8>) -> bool {
    while let Ok(Some(message)) = decoder.poll_message::<ConsoleMessage>() {
        match message {
            ConsoleMessage::Start(_) => {
                let (status, oem) = (StartStatus::Ok, Vec::new());
                DeviceMessage::Started { status, oem }.encode(out);
            }
            ConsoleMessage::Login { method, data } => {
                let (answer, verdict) = login.handle(method, &data, [9; 16]);
                answer.encode(out);
                if verdict == Verdict::Accepted {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}
