//! The parts of a PC that one console at a time may use, and what came of using them: serial port,
//! screen, drives. Nothing is allocated for a PC before a console comes.

use std::{
    fmt,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use amt::redirect::{Kind, StartStatus};
use tokio::sync::watch;

use super::{
    host::Host,
    logs::{Initiator, note},
};

/// Most characters that the screen remembers of what was typed.
const TYPED: usize = 1024;
/// How long KVM bears no input unless the setting says otherwise.
const IDLE: Duration = Duration::from_secs(180);
/// Stands for no limit; a longer one could not be added to a point in time.
const NEVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// What a console can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seat {
    Serial,
    Screen,
    Drives,
}

/// What the PC did with the image that a console offers on its virtual CD drive.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum BootImage {
    /// Nothing since the platform was started.
    #[default]
    None,
    /// It is being read.
    Reading {
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// It was read to its last block.
    Read {
        /// Bytes.
        bytes: u64,
        /// SHA-256 of them, lower-case hexadecimal.
        sha256: String,
    },
    /// It could not be read.
    Failed(String),
}

impl fmt::Display for BootImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("no image was offered"),
            Self::Reading { done, total } => {
                write!(f, "booting from IDE-R: {done} of {total} bytes")
            }
            Self::Read { bytes, sha256 } => {
                write!(f, "booted from IDE-R: {bytes} bytes, sha256 {sha256}")
            }
            Self::Failed(why) => write!(f, "booting from IDE-R failed: {why}"),
        }
    }
}

/// Who has what.
#[derive(Debug, Default)]
pub(super) struct Seats {
    serial: AtomicBool,
    screen: AtomicBool,
    drives: AtomicBool,
    drives_are_on: AtomicBool,
    typed: Mutex<String>,
    image: OnceLock<watch::Sender<BootImage>>,
}

impl Seats {
    const fn flag(&self, seat: Seat) -> &AtomicBool {
        match seat {
            Seat::Serial => &self.serial,
            Seat::Screen => &self.screen,
            Seat::Drives => &self.drives,
        }
    }

    pub(super) fn is_taken(&self, seat: Seat) -> bool {
        self.flag(seat).load(Ordering::Acquire)
    }

    /// Whether the PC sees redirected drives.
    pub(super) fn drives_are_on(&self) -> bool {
        self.drives_are_on.load(Ordering::Acquire)
    }

    pub(super) fn switch_drives(&self, on: bool) {
        self.drives_are_on.store(on, Ordering::Release);
    }

    /// Whether any redirection is open.
    pub(super) fn in_use(&self) -> bool {
        [Seat::Serial, Seat::Screen, Seat::Drives].into_iter().any(|seat| self.is_taken(seat))
    }

    /// What was typed at the screen.
    pub(super) fn typed(&self) -> String {
        self.typed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes what was typed; the oldest characters leave first.
    pub(super) fn type_in(&self, change: impl FnOnce(&mut String)) {
        let mut typed = self.typed.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut typed);
        while typed.len() > TYPED {
            typed.remove(0);
        }
    }

    /// What became of the image, without making room for news of it.
    pub(super) fn image_now(&self) -> BootImage {
        self.image.get().map(|image| image.borrow().clone()).unwrap_or_default()
    }

    /// What became of the image.
    pub(super) fn image(&self) -> &watch::Sender<BootImage> {
        self.image.get_or_init(|| watch::Sender::new(BootImage::None))
    }
}

/// The right to use a part of the PC; ends when dropped.
#[derive(Debug)]
pub(super) struct Place {
    host: Arc<Host>,
    seat: Seat,
    user: String,
}

impl Place {
    /// Consent depends on what is open, and the audit log records it: 0 opened, 1 closed.
    fn tell(&self, which: usize) {
        let events = match self.seat {
            Seat::Serial => note::SOL,
            Seat::Drives => note::IDER,
            Seat::Screen => note::SCREEN,
        };
        self.host.redirections_changed();
        if let Some(event) = events.get(which) {
            self.host.note(*event, Initiator::User(&self.user));
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.seat == Seat::Drives {
            self.host.seats().switch_drives(false);
        }
        self.host.seats().flag(self.seat).store(false, Ordering::Release);
        self.tell(1);
    }
}

impl Host {
    /// What the PC did with the image that a console offers on its virtual CD drive.
    pub fn boot_image(&self) -> watch::Receiver<BootImage> {
        self.seats().image().subscribe()
    }

    /// Takes a part for a user; none while somebody else has it.
    pub(super) fn take(self: &Arc<Self>, seat: Seat, user: &str) -> Option<Place> {
        if self.seats().flag(seat).swap(true, Ordering::AcqRel) {
            return None;
        }
        let place = Place { host: Arc::clone(self), seat, user: user.to_owned() };
        place.tell(0);
        Some(place)
    }

    /// Whether a redirection of this kind may begin now.
    pub(super) fn may_start(&self, kind: Kind) -> StartStatus {
        let (enabled, seat) = match kind {
            Kind::Sol => (self.redirection_is_on(&["32770", "32771"]), Seat::Serial),
            Kind::Ider => (self.redirection_is_on(&["32769", "32771"]), Seat::Drives),
            Kind::Kvm => (self.kvm_is_on(), Seat::Screen),
            Kind::Other(_) => return StartStatus::UnknownKind,
        };
        if !enabled {
            return StartStatus::Unsupported;
        }
        if self.consent_is_missing(kind == Kind::Kvm) {
            return StartStatus::ConsentNeeded;
        }
        if self.seats().is_taken(seat) { StartStatus::Busy } else { StartStatus::Ok }
    }

    fn setting(&self, class: &str, name: &str) -> Option<String> {
        self.store().text(class, name)
    }

    /// AMT_RedirectionService: 32769 IDE-R alone, 32770 serial-over-LAN alone, 32771 both.
    fn redirection_is_on(&self, states: &[&str]) -> bool {
        let state = self.setting("AMT_RedirectionService", "EnabledState");
        state.is_some_and(|state| states.contains(&state.as_str()))
    }

    /// Whether port 5900 is open for viewers that know nothing of AMT.
    pub(super) fn vnc_is_on(&self) -> bool {
        let open = self.setting("IPS_KVMRedirectionSettingData", "Is5900PortEnabled");
        open.as_deref() == Some("true") && self.kvm_is_on()
    }

    /// The password of port 5900; without one nobody gets in there.
    pub(super) fn vnc_password(&self) -> Option<String> {
        let password = self.setting("IPS_KVMRedirectionSettingData", "RFBPassword");
        password.filter(|password| !password.is_empty())
    }

    /// How long a KVM session may go without input. Zero minutes mean that it may for ever (Intel AMT implementation
    /// guide, Managing the KVM Feature).
    pub(super) fn screen_idle_limit(&self) -> Duration {
        let minutes = self.setting("IPS_KVMRedirectionSettingData", "SessionTimeout");
        let minutes = minutes.and_then(|minutes| minutes.parse::<u64>().ok());
        match minutes {
            None => IDLE,
            Some(0) => NEVER,
            Some(minutes) => Duration::from_secs(minutes.saturating_mul(60)),
        }
    }
}
