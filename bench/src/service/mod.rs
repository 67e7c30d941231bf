//! What a benchmarked device offers: streams, a screen, and the web service of AMT.

mod management;
mod screen;
mod stream;

pub(crate) use screen::{Area, HANDSHAKE, PIXEL, UPDATE};
pub(crate) use stream::command;

use bytes::Bytes;
use management::Management;
use screen::Screen;
use stream::Source;

/// Bytes that a service offers at once: one APF message of what firmware could send.
pub(crate) const PIECE: usize = 8 << 10;
/// A service stops offering above this, so that the generator's memory is bounded.
const AHEAD: usize = 256 << 10;
/// Who may use the web service and the redirection of each device.
pub(crate) const AMT_USER: &str = "admin";
pub(crate) const AMT_PASSWORD: &str = "Bench-P@ss1";

/// Ports that a device forwards.
pub(crate) const PORTS: [u16; 3] = [WEB, REDIRECTION, STREAM];
const WEB: u16 = 16992;
const REDIRECTION: u16 = 16994;
const STREAM: u16 = 5900;

/// One channel of a device.
#[derive(Debug)]
pub(crate) enum Service {
    Web(Box<Management>),
    Screen(Box<Screen>),
    Stream(Source),
}

/// What a plain relay's device offers, which has no ports.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) enum Offer {
    #[default]
    Stream,
    Screen,
}

impl Service {
    /// What answers at a port; a source offers pieces of this size, at most `PIECE`.
    pub(crate) fn at(port: u16, piece: usize) -> Self {
        match port {
            WEB => Self::Web(Box::default()),
            REDIRECTION => Self::Screen(Box::new(Screen::behind_login())),
            _ => Self::Stream(Source::new(piece)),
        }
    }

    /// The same without AMT around it.
    pub(crate) fn bare(offer: Offer, piece: usize) -> Self {
        match offer {
            Offer::Stream => Self::Stream(Source::new(piece)),
            Offer::Screen => Self::Screen(Box::new(Screen::bare())),
        }
    }

    /// Takes bytes of a console; returns what goes back at once.
    pub(crate) fn input(&mut self, data: Bytes) -> Option<Bytes> {
        match self {
            Self::Web(web) => web.input(&data),
            Self::Screen(screen) => screen.input(&data),
            Self::Stream(source) => source.input(data),
        }
    }

    /// The next piece while `queued` bytes wait already.
    pub(crate) fn output(&mut self, queued: usize) -> Option<Bytes> {
        match self {
            Self::Web(_) => None,
            Self::Screen(screen) => screen.output(queued),
            Self::Stream(source) => source.output(queued),
        }
    }
}
