//! One console's serial-over-LAN: the shell behind the messages.

use std::{sync::Arc, time::Duration};

use amt::redirect::{Controls, DeviceMessage, SolSettings};
use tokio::time::Instant;

use super::{
    host::Host,
    power,
    seats::{BootImage, Place},
    shell::{Shell, Surroundings},
};

/// amtterm drops whatever comes in the same read behind the answer to its opening, and behind the
/// state of the lines. So the shell waits a moment before it first speaks, and lines come last.
const GREETING_DELAY: Duration = Duration::from_millis(150);
/// A console may miss this many of its own receive timeouts. Consoles that only echo heartbeats
/// would otherwise be at the mercy of one late packet.
const PATIENCE: u32 = 3;
/// Largest piece of output when the console names no limit.
const PIECE: u16 = 1000;

/// An open serial port.
#[derive(Debug)]
pub(super) struct Sol {
    host: Arc<Host>,
    settings: SolSettings,
    shell: Shell,
    sequence: u32,
    greet_at: Option<Instant>,
    beat_at: Option<Instant>,
    heard: Instant,
    _place: Place,
}

impl Sol {
    /// Opens the port and says so.
    pub(super) fn open(
        host: &Arc<Host>,
        place: Place,
        settings: SolSettings,
        out: &mut Vec<u8>,
    ) -> Self {
        let now = Instant::now();
        let mut sol = Self {
            host: Arc::clone(host),
            settings,
            shell: Shell::new(&host.config().hostname),
            sequence: 0,
            greet_at: Some(now + GREETING_DELAY),
            beat_at: None,
            heard: now,
            _place: place,
        };
        sol.beat_at = sol.next_beat();
        let sequence = sol.next_sequence();
        DeviceMessage::SolOpened { status: 0, sequence, settings }.encode(out);
        sol.show_controls(out);
        sol
    }

    /// When [`Self::handle_time`] wants to be called.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        [self.greet_at, self.beat_at, self.deaf_at()].into_iter().flatten().min()
    }

    /// Greets, shows that it is alive, and says false when the console has been silent too long.
    pub(super) fn handle_time(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        if self.greet_at.is_some_and(|at| at <= now) {
            self.greet_at = None;
            let mut text = Vec::new();
            if self.host.power().now() == power::ON {
                text = self.shell.greeting(&self.surroundings(power::ON));
            }
            self.show(&text, out);
        }
        if self.beat_at.is_some_and(|at| at <= now) {
            self.beat_at = self.next_beat();
            let sequence = self.next_sequence();
            DeviceMessage::Heartbeat { sequence }.encode(out);
        }
        self.deaf_at().is_none_or(|at| at > now)
    }

    /// Any message is a sign of life.
    pub(super) fn handle_sign_of_life(&mut self) {
        self.heard = Instant::now();
    }

    /// Characters from the console. False when the shell has ended.
    pub(super) fn handle_characters(&mut self, data: &[u8], out: &mut Vec<u8>) -> bool {
        let power = self.host.power().now();
        if power != power::ON {
            return true;
        }
        let around = self.surroundings(power);
        let said = self.shell.type_in(data, &around);
        self.show(&said.text, out);
        !said.ended
    }

    /// The PC's power changed.
    pub(super) fn handle_power(&mut self, state: u8, out: &mut Vec<u8>) {
        if self.greet_at.is_some() {
            return;
        }
        let around = self.surroundings(state);
        let text = self.shell.power_changed(&around);
        self.show(&text, out);
        self.show_controls(out);
    }

    /// News of the image that the PC boots from; its progress is not told here.
    pub(super) fn handle_image(&mut self, image: &BootImage, out: &mut Vec<u8>) {
        let quiet = match image {
            BootImage::None => true,
            BootImage::Reading { done, .. } => *done > 0,
            BootImage::Read { .. } | BootImage::Failed(_) => false,
        };
        if quiet || self.greet_at.is_some() {
            return;
        }
        self.show(format!("\r\n*** {image} ***\r\n").as_bytes(), out);
    }

    fn surroundings(&self, power: u8) -> Surroundings {
        let uptime = self.host.power().uptime();
        Surroundings { power, uptime, booted: self.host.last_boot().source }
    }

    /// The answer to a ping.
    pub(super) fn pong(&mut self, out: &mut Vec<u8>) {
        let sequence = self.next_sequence();
        DeviceMessage::Pong { sequence }.encode(out);
    }

    /// Says that the port is closed.
    pub(super) fn close(mut self, out: &mut Vec<u8>) {
        let sequence = self.next_sequence();
        DeviceMessage::SolClosed { sequence }.encode(out);
    }

    fn show(&mut self, text: &[u8], out: &mut Vec<u8>) {
        let most = match self.settings.max_transmit {
            0 => PIECE,
            most => most,
        };
        for piece in text.chunks(usize::from(most)) {
            let sequence = self.next_sequence();
            DeviceMessage::SolData { sequence, data: piece.to_vec() }.encode(out);
        }
    }

    fn show_controls(&mut self, out: &mut Vec<u8>) {
        let powered = self.host.power().now() == power::ON;
        let controls = Controls { lines: 0, status: if powered { Controls::POWERED } else { 0 } };
        let sequence = self.next_sequence();
        DeviceMessage::SolControls { sequence, controls }.encode(out);
    }

    fn next_sequence(&mut self) -> u32 {
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        sequence
    }

    fn next_beat(&self) -> Option<Instant> {
        let every = Duration::from_millis(self.settings.heartbeat.into());
        (!every.is_zero()).then(|| Instant::now() + every)
    }

    fn deaf_at(&self) -> Option<Instant> {
        let limit = Duration::from_millis(self.settings.receive_timeout.into());
        (!limit.is_zero()).then(|| self.heard + limit * PATIENCE)
    }
}
