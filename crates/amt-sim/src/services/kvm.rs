//! One viewer at the screen of a PC: RFB as firmware speaks it.

use std::{sync::Arc, time::Duration};

use amt::rfb::{
    self, AMT_RLE, DESKTOP_SIZE, PixelFormat, RAW, Rectangle, SECURITY_NONE, SECURITY_VNC,
    ViewerMessage, tile,
};
use openssl::symm::{Cipher, Crypter, Mode as Direction};
use tokio::time::Instant;

use super::{
    host::{Host, entropy},
    keys, power,
    screen::{Mode, Picture, Scene},
    seats::{BootImage, Place},
};

/// The picture moves so often.
const TICK: Duration = Duration::from_millis(100);
/// The firmware's screen is shown so long after power came.
const FIRMWARE: Duration = Duration::from_secs(3);
/// A viewer must get through the handshake so soon.
const HANDSHAKE: Duration = Duration::from_secs(30);
/// More than a viewer's largest message can wait.
const WAITING: usize = 128 << 10;

/// Who may look.
#[derive(Debug, Clone)]
pub(super) enum Security {
    /// Whoever logged in to AMT before.
    LoggedIn,
    /// Who proves this password.
    Password(String),
}

/// A viewer.
#[derive(Debug)]
pub(super) struct Kvm {
    host: Arc<Host>,
    _place: Place,
    phase: Phase,
    buffer: Vec<u8>,
    format: PixelFormat,
    encodings: Vec<i32>,
    size: (u16, u16),
    /// No tile was sent yet: the next one begins the stream.
    first_tile: bool,
    wanted: Option<(bool, Rectangle)>,
    /// What the viewer has.
    shown: Option<Picture>,
    pointer: Option<(u16, u16, u8)>,
    keyboard: keys::Keyboard,
    began: Instant,
    /// Last input; without it firmware ends the session after a while.
    heard: Instant,
    draw_at: Instant,
}

#[derive(Debug)]
enum Phase {
    Version(Security),
    Choice(Security),
    Proof(String, [u8; 16]),
    Init,
    Running,
}

/// The viewer's stream makes no sense, or it may not look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over;

impl Kvm {
    /// Greets a viewer.
    pub(super) fn open(
        host: &Arc<Host>,
        place: Place,
        security: Security,
        out: &mut Vec<u8>,
    ) -> Self {
        out.extend_from_slice(rfb::VERSION);
        let now = Instant::now();
        Self {
            host: Arc::clone(host),
            _place: place,
            phase: Phase::Version(security),
            buffer: Vec::new(),
            format: PixelFormat::RGB565,
            encodings: Vec::new(),
            size: mode(host).size(),
            first_tile: true,
            wanted: None,
            shown: None,
            pointer: None,
            keyboard: keys::Keyboard::default(),
            began: now,
            heard: now,
            draw_at: now,
        }
    }

    /// When [`Self::handle_time`] wants to be called.
    pub(super) fn wake_at(&self) -> Instant {
        let end = match self.phase {
            Phase::Running => self.heard + self.host.screen_idle_limit(),
            _ => self.began + HANDSHAKE,
        };
        if self.wanted.is_some() { end.min(self.draw_at) } else { end }
    }

    /// Draws when it is time to; says that it is over when nobody has typed or pointed for too long.
    pub(super) fn handle_time(&mut self, now: Instant, out: &mut Vec<u8>) -> Result<(), Over> {
        match self.phase {
            Phase::Running if now >= self.heard + self.host.screen_idle_limit() => {
                return Err(Over);
            }
            Phase::Running => {}
            _ if now >= self.began + HANDSHAKE => return Err(Over),
            _ => return Ok(()),
        }
        if now >= self.draw_at {
            self.show(now, out);
        }
        Ok(())
    }

    /// Bytes of the viewer.
    pub(super) fn handle_bytes(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), Over> {
        if self.buffer.len() + input.len() > WAITING {
            return Err(Over);
        }
        self.buffer.extend_from_slice(input);
        loop {
            let taken = match self.phase {
                Phase::Running => self.message(out)?,
                _ => self.handshake(out)?,
            };
            if taken == 0 {
                return Ok(());
            }
            self.buffer.drain(..taken);
        }
    }

    fn handshake(&mut self, out: &mut Vec<u8>) -> Result<usize, Over> {
        let (phase, taken) = match &self.phase {
            Phase::Version(_) if self.buffer.len() < 12 => return Ok(0),
            Phase::Version(_) if !self.buffer.starts_with(b"RFB 003.008\n") => return Err(Over),
            Phase::Version(security) => {
                let kind = match security {
                    Security::LoggedIn => SECURITY_NONE,
                    Security::Password(_) => SECURITY_VNC,
                };
                out.extend_from_slice(&[1, kind]);
                (Phase::Choice(security.clone()), 12)
            }
            Phase::Choice(security) => match (security, self.buffer.first()) {
                (_, None) => return Ok(0),
                (Security::LoggedIn, Some(&SECURITY_NONE)) => {
                    out.extend_from_slice(&[0; 4]);
                    (Phase::Init, 1)
                }
                (Security::Password(password), Some(&SECURITY_VNC)) => {
                    let challenge = entropy();
                    out.extend_from_slice(&challenge);
                    (Phase::Proof(password.clone(), challenge), 1)
                }
                (_, Some(_)) => return Err(Over),
            },
            Phase::Proof(..) if self.buffer.len() < 16 => return Ok(0),
            Phase::Proof(password, challenge) => {
                let right = proof(password, challenge).ok_or(Over)?;
                if !self.buffer.get(..16).is_some_and(|given| openssl::memcmp::eq(given, &right)) {
                    out.extend_from_slice(b"\0\0\0\x01\0\0\0\x0ewrong password");
                    return Err(Over);
                }
                out.extend_from_slice(&[0; 4]);
                (Phase::Init, 16)
            }
            Phase::Init if self.buffer.is_empty() => return Ok(0),
            Phase::Init => {
                let (width, height) = self.size;
                let name = &self.host.config().hostname;
                rfb::encode_server_init(width, height, self.format, name, out);
                self.heard = Instant::now();
                (Phase::Running, 1)
            }
            Phase::Running => return Ok(0),
        };
        self.phase = phase;
        Ok(taken)
    }

    fn message(&mut self, out: &mut Vec<u8>) -> Result<usize, Over> {
        let decoded = ViewerMessage::decode(&self.buffer).map_err(|error| {
            tracing::debug!(%error, "a viewer is left");
            Over
        })?;
        let Some((message, length)) = decoded else { return Ok(0) };
        match message {
            ViewerMessage::SetPixelFormat(format) => {
                if !format.is_usable() || !format.true_colour {
                    return Err(Over);
                }
                self.format = format;
                self.shown = None;
            }
            ViewerMessage::SetEncodings(encodings) => self.encodings = encodings,
            ViewerMessage::UpdateRequest { .. } if self.host.quirks().no_picture => {}
            ViewerMessage::UpdateRequest { incremental, area } => {
                // A whole picture that was asked for before is still owed.
                let whole = self.wanted.filter(|(incremental, _)| !incremental);
                self.wanted = Some(whole.unwrap_or((incremental, area)));
                let now = Instant::now();
                if !incremental || now >= self.draw_at {
                    self.show(now, out);
                }
            }
            ViewerMessage::Key { down, key } => {
                self.heard = Instant::now();
                let Self { host, keyboard, .. } = self;
                host.seats().type_in(|typed| keyboard.press(typed, key, down));
            }
            ViewerMessage::Pointer { buttons, x, y } => {
                self.heard = Instant::now();
                self.pointer = Some((x, y, buttons));
            }
            // Consoles keep a session alive with messages in AMT's data channel.
            ViewerMessage::CutText(_) => self.heard = Instant::now(),
        }
        Ok(length)
    }

    /// Sends what is wanted, if there is something new; looks again a moment later otherwise.
    fn show(&mut self, now: Instant, out: &mut Vec<u8>) {
        self.draw_at = now + TICK;
        let Some((incremental, area)) = self.wanted else { return };
        let scene = self.scene();
        if scene.mode.size() != self.size && self.encodings.contains(&DESKTOP_SIZE) {
            self.size = scene.mode.size();
            self.shown = None;
            self.wanted = None;
            rfb::encode_update(1, out);
            Rectangle::of_size(self.size.0, self.size.1).encode(DESKTOP_SIZE, out);
            return;
        }
        let picture = Picture::draw(&scene, self.size);
        let shown = self.shown.take();
        let before = shown.as_ref().filter(|_| incremental);
        let tiles = picture.tiles(area, before);
        let Ok(count @ 1..) = u16::try_from(tiles.len()) else {
            self.shown = shown;
            return;
        };
        rfb::encode_update(count, out);
        for tile in &tiles {
            self.send(&picture, *tile, out);
        }
        // What lies outside the area was not sent, so it is not known to the viewer.
        let whole = Rectangle::of_size(self.size.0, self.size.1);
        let all = tiles.len() == picture.tiles(whole, before).len();
        self.shown = all.then_some(picture);
        self.wanted = None;
    }

    fn send(&mut self, picture: &Picture, area: Rectangle, out: &mut Vec<u8>) {
        let format = self.format;
        let colours = picture.colours(area).map(|colour| format.pixel(colour));
        // Firmware has no tiles of more than two bytes a pixel.
        if format.bits <= 16 && self.encodings.contains(&AMT_RLE) {
            area.encode(AMT_RLE, out);
            let pixels: Vec<u32> = colours.collect();
            let first = std::mem::take(&mut self.first_tile);
            tile::encode(&pixels, area.width, format, first, out);
        } else {
            area.encode(RAW, out);
            colours.for_each(|pixel| format.write(pixel, out));
        }
    }

    fn scene(&self) -> Scene {
        let host = &self.host;
        let clock = time::OffsetDateTime::now_utc().time();
        let (hour, minute, second) = clock.as_hms();
        let mut state = vec![
            format!("{hour:02}:{minute:02}:{second:02} UTC"),
            format!("power: {}", power::word(host.power().now())),
        ];
        let image = host.seats().image().borrow().clone();
        if image != BootImage::None {
            state.push(image.to_string());
        }
        let mode = mode(host);
        if mode == Mode::Firmware {
            state.push("starting".into());
        } else {
            state.push(format!("up {} s", host.power().uptime().as_secs()));
        }
        let tick = self.began.elapsed().as_millis() / TICK.as_millis();
        Scene {
            mode,
            name: host.config().fqdn(),
            state,
            typed: host.seats().typed(),
            pointer: self.pointer,
            tick: u64::try_from(tick).unwrap_or_default(),
        }
    }
}

fn mode(host: &Host) -> Mode {
    if host.power().now() != power::ON {
        return Mode::Dark;
    }
    let reading = matches!(*host.seats().image().borrow(), BootImage::Reading { .. });
    if reading || host.power().is_starting(FIRMWARE) { Mode::Firmware } else { Mode::Desktop }
}

/// RFB's password check: DES of the challenge, the bits of each byte of the password the other way
/// round (RFC 6143, 7.2.2). Three equal keys make triple DES, which libraries still have, into DES.
fn proof(password: &str, challenge: &[u8; 16]) -> Option<[u8; 16]> {
    let mut key = [0; 8];
    for (byte, given) in key.iter_mut().zip(password.bytes()) {
        *byte = given.reverse_bits();
    }
    let keys = [key, key, key].concat();
    let mut crypter = Crypter::new(Cipher::des_ede3_ecb(), Direction::Encrypt, &keys, None).ok()?;
    crypter.pad(false);
    let mut out = [0; 32];
    let count = crypter.update(challenge, &mut out).ok()?;
    out.get(..count)?.try_into().ok()
}
