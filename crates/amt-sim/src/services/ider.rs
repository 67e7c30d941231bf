//! One console's storage redirection: the platform's end, and the firmware of the PC that boots from
//! the virtual CD by reading it to its last block.

use std::{sync::Arc, time::Duration};

use amt::redirect::ider::{
    BLOCK, Completion, Drive, Features, IderCommand, IderConsoleMessage, IderDeviceMessage,
    IderOpen, IderOpened, Sense, Status,
};
use openssl::sha::Sha256;
use tokio::time::Instant;

use super::{
    boot::BootSource,
    host::Host,
    power,
    seats::{BootImage, Place},
};

/// Most data in one message, as firmware has it.
const BUFFER: u16 = 8192;
/// Blocks that one command asks for: 64 KiB.
const BLOCKS: u32 = 32;
/// Images up to this size are read; more would keep a machine busy for hours.
const LARGEST: u64 = 16 << 30;
/// A command is answered by then, or the drive is broken.
const ANSWER: Duration = Duration::from_secs(60);
/// Progress is told in steps of so many bytes.
const STEP: u64 = 1 << 20;

/// An open storage redirection.
#[derive(Debug)]
pub(super) struct Ider {
    host: Arc<Host>,
    _place: Place,
    settings: IderOpen,
    /// Number of the console's next message; none until it is known.
    expected: Option<u32>,
    sequence: u32,
    /// The drives are there for the PC.
    on: bool,
    boot: Option<Boot>,
    heard: Instant,
    said: Instant,
    asked: bool,
}

/// What the PC's firmware waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Ready,
    Capacity,
    Contents,
    Read,
}

/// A start of the PC from the CD.
struct Boot {
    step: Step,
    since: Instant,
    /// The drive said once that its medium is new.
    attention: bool,
    blocks: u32,
    next: u32,
    /// Bytes that the command in progress shall give, and those that came.
    wanted: u64,
    came: u64,
    told: u64,
    small: Vec<u8>,
    hash: Sha256,
}

impl std::fmt::Debug for Boot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Boot")
            .field("step", &self.step)
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// The redirection has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over;

impl Ider {
    /// Answers the opening message.
    pub(super) fn open(
        host: &Arc<Host>,
        place: Place,
        sequence: Option<u32>,
        settings: IderOpen,
        out: &mut Vec<u8>,
    ) -> Self {
        let now = Instant::now();
        let mut ider = Self {
            host: Arc::clone(host),
            _place: place,
            settings,
            expected: sequence.map(|sequence| sequence.wrapping_add(1)),
            sequence: 0,
            on: false,
            boot: None,
            heard: now,
            said: now,
            asked: false,
        };
        let sequence = ider.next_sequence();
        let opened = IderOpened {
            version: (1, 0),
            firmware: ider.host.firmware_version(),
            read_buffer: BUFFER,
            write_buffer: BUFFER,
        };
        IderDeviceMessage::Opened { sequence, opened }.encode(out);
        ider
    }

    /// A message of the console.
    pub(super) fn handle(
        &mut self,
        message: IderConsoleMessage,
        out: &mut Vec<u8>,
    ) -> Result<(), Over> {
        self.heard = Instant::now();
        self.asked = false;
        self.check_sequence(&message, out)?;
        match message {
            IderConsoleMessage::Open { .. } => return Err(Over),
            IderConsoleMessage::Close { .. } => {
                let sequence = self.next_sequence();
                IderDeviceMessage::Closed { sequence }.encode(out);
                return Err(Over);
            }
            IderConsoleMessage::Ping { .. } => {
                let sequence = self.next_sequence();
                IderDeviceMessage::Pong { sequence }.encode(out);
            }
            IderConsoleMessage::Pong { .. }
            | IderConsoleMessage::Heartbeat { .. }
            | IderConsoleMessage::ResetDone { .. } => {}
            IderConsoleMessage::Features { features, .. } => self.features(features, out),
            IderConsoleMessage::Completed { completion, .. } => self.completed(completion, out),
            IderConsoleMessage::Data { completed, data, .. } => self.data(&data, completed, out),
            // The PC writes nothing, so nobody may ask for data.
            IderConsoleMessage::WantData { .. } => return Err(Over),
        }
        Ok(())
    }

    /// Each side counts, and firmware gives up when a message is missing.
    fn check_sequence(
        &mut self,
        message: &IderConsoleMessage,
        out: &mut Vec<u8>,
    ) -> Result<(), Over> {
        let found = match message {
            IderConsoleMessage::Open { sequence, .. } => sequence.unwrap_or_default(),
            IderConsoleMessage::Close { sequence }
            | IderConsoleMessage::Ping { sequence }
            | IderConsoleMessage::Pong { sequence }
            | IderConsoleMessage::ResetDone { sequence }
            | IderConsoleMessage::Features { sequence, .. }
            | IderConsoleMessage::Heartbeat { sequence }
            | IderConsoleMessage::Completed { sequence, .. }
            | IderConsoleMessage::WantData { sequence, .. }
            | IderConsoleMessage::Data { sequence, .. } => *sequence,
        };
        if self.expected.is_some_and(|expected| expected != found) {
            tracing::debug!(found, expected = self.expected, "a console of IDE-R lost count");
            let sequence = self.next_sequence();
            IderDeviceMessage::Error { sequence, code: [1, 0, 0] }.encode(out);
            return Err(Over);
        }
        self.expected = Some(found.wrapping_add(1));
        Ok(())
    }

    fn features(&mut self, features: Features, out: &mut Vec<u8>) {
        let (kind, value) = match features {
            Features::Supported => (1, 1),
            Features::State => (2, if self.on { Status::ON } else { 0 }),
            Features::Set(set) => {
                self.on = set & Features::ENABLE != 0;
                self.host.seats().switch_drives(self.on);
                (3, 1)
            }
            Features::Other(other) => (other, 0),
        };
        let sequence = self.next_sequence();
        let status = Status { kind, value };
        IderDeviceMessage::Status { sequence, status }.encode(out);
    }

    /// The PC's power changed: when it comes on, its firmware looks into the drive.
    pub(super) fn handle_power(&mut self, state: u8, out: &mut Vec<u8>) {
        if state != power::ON {
            if self.boot.take().is_some() {
                self.tell(BootImage::Failed("the PC lost its power".into()));
            }
            return;
        }
        if !self.on || self.host.last_boot().source != BootSource::RedirectedDisc {
            return;
        }
        self.tell(BootImage::Reading { done: 0, total: 0 });
        self.boot = Some(Boot {
            step: Step::Ready,
            since: Instant::now(),
            attention: false,
            blocks: 0,
            next: 0,
            wanted: 0,
            came: 0,
            told: 0,
            small: Vec::new(),
            hash: Sha256::new(),
        });
        let sequence = self.next_sequence();
        IderDeviceMessage::Reset { sequence, mask: 3 }.encode(out);
        self.command([0; 12], 0, out);
    }

    fn command(&mut self, block: [u8; 12], byte_count: u16, out: &mut Vec<u8>) {
        let sequence = self.next_sequence();
        let command = IderCommand { drive: Drive::Cd, dma: false, byte_count, block };
        IderDeviceMessage::Command { sequence, command }.encode(out);
        if let Some(boot) = &mut self.boot {
            boot.since = Instant::now();
        }
    }

    /// A command ended without data: well, or with a sense.
    fn completed(&mut self, completion: Completion, out: &mut Vec<u8>) {
        let Some(boot) = &mut self.boot else { return };
        match (boot.step, completion.sense) {
            (Step::Ready, Some(Sense { key: 6, .. })) if !boot.attention => {
                boot.attention = true;
                self.command([0; 12], 0, out);
            }
            (Step::Ready, None) => {
                boot.step = Step::Capacity;
                self.command(block(0x25, 0, 0), 8, out);
            }
            // A console that has no table of contents still has blocks.
            (Step::Contents, _) => self.read(out),
            (step, Some(Sense { key, code, .. })) => {
                self.fail(format!("{step:?}: the console reports sense {key:x}/{code:02x}"));
            }
            (step, None) => self.fail(format!("{step:?}: the console sent no data")),
        }
    }

    fn data(&mut self, data: &[u8], completed: bool, out: &mut Vec<u8>) {
        let Some(boot) = &mut self.boot else { return };
        boot.since = Instant::now();
        boot.came += data.len() as u64;
        match boot.step {
            Step::Ready => return self.fail("the console sent data that nobody asked for".into()),
            Step::Capacity | Step::Contents => {
                boot.small.extend_from_slice(data);
                if boot.small.len() > usize::from(BUFFER) {
                    return self.fail("the console sent too much data".into());
                }
            }
            Step::Read if boot.came > boot.wanted => {
                return self.fail("the console sent more than was asked for".into());
            }
            Step::Read => boot.hash.update(data),
        }
        if completed {
            self.step(out);
        }
    }

    /// The command in progress has all its data.
    fn step(&mut self, out: &mut Vec<u8>) {
        let Some(boot) = &mut self.boot else { return };
        let small = std::mem::take(&mut boot.small);
        match boot.step {
            Step::Ready => {}
            Step::Capacity => {
                let number = |at: usize| {
                    let bytes = small.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
                    bytes.map(u32::from_be_bytes)
                };
                let (Some(last), Some(BLOCK)) = (number(0), number(4)) else {
                    return self
                        .fail("the console's answer about its capacity makes no sense".into());
                };
                boot.blocks = last.saturating_add(1);
                if u64::from(boot.blocks) * u64::from(BLOCK) > LARGEST {
                    return self.fail("the image is too large for this PC".into());
                }
                boot.step = Step::Contents;
                self.command(block(0x43, 0, 20), 20, out);
            }
            Step::Contents => self.read(out),
            Step::Read if boot.came != boot.wanted => {
                self.fail("the console sent less than was asked for".into());
            }
            Step::Read => self.read(out),
        }
    }

    /// Asks for the next blocks, or is done.
    fn read(&mut self, out: &mut Vec<u8>) {
        let Some(boot) = &mut self.boot else { return };
        boot.step = Step::Read;
        let (done, total) =
            [boot.next, boot.blocks].map(|n| u64::from(n) * u64::from(BLOCK)).into();
        let count = BLOCKS.min(boot.blocks - boot.next.min(boot.blocks));
        if count == 0 {
            return self.finish(total);
        }
        let tell = done == 0 || done - boot.told >= STEP;
        if tell {
            boot.told = done;
        }
        let first = boot.next;
        boot.next += count;
        (boot.wanted, boot.came) = (u64::from(count) * u64::from(BLOCK), 0);
        if tell {
            self.tell(BootImage::Reading { done, total });
        }
        let count = u16::try_from(count).unwrap_or_default();
        self.command(block(0x28, first, count), BUFFER, out);
    }

    fn finish(&mut self, bytes: u64) {
        let Some(boot) = self.boot.take() else { return };
        let sha256 = boot.hash.finish().iter().map(|byte| format!("{byte:02x}")).collect();
        self.tell(BootImage::Read { bytes, sha256 });
    }

    fn fail(&mut self, why: String) {
        self.boot = None;
        self.tell(BootImage::Failed(why));
    }

    fn tell(&self, image: BootImage) {
        tracing::debug!(%image, "storage redirection");
        self.host.seats().image().send_replace(image);
    }

    /// When [`Self::handle_time`] wants to be called.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let answer = self.boot.as_ref().map(|boot| boot.since + ANSWER);
        [self.beat_at(), self.ask_at(), self.deaf_at(), answer].into_iter().flatten().min()
    }

    /// Shows that it is alive, asks whether the console is, and ends when it is not.
    pub(super) fn handle_time(&mut self, now: Instant, out: &mut Vec<u8>) -> Result<(), Over> {
        if self.boot.as_ref().is_some_and(|boot| now >= boot.since + ANSWER) {
            self.fail("the console did not answer in time".into());
        }
        if self.deaf_at().is_some_and(|at| now >= at) {
            return Err(Over);
        }
        if self.ask_at().is_some_and(|at| now >= at) {
            self.asked = true;
            let sequence = self.next_sequence();
            IderDeviceMessage::Ping { sequence }.encode(out);
        }
        if self.beat_at().is_some_and(|at| now >= at) {
            let sequence = self.next_sequence();
            IderDeviceMessage::Heartbeat { sequence }.encode(out);
        }
        Ok(())
    }

    fn beat_at(&self) -> Option<Instant> {
        let every = Duration::from_millis(self.settings.heartbeat.into());
        (!every.is_zero()).then(|| self.said + every)
    }

    fn deaf_at(&self) -> Option<Instant> {
        let limit = Duration::from_millis(self.settings.receive_timeout.into());
        (!limit.is_zero()).then(|| self.heard + limit)
    }

    fn ask_at(&self) -> Option<Instant> {
        let limit = Duration::from_millis(self.settings.receive_timeout.into());
        (!limit.is_zero() && !self.asked).then(|| self.heard + limit / 2)
    }

    fn next_sequence(&mut self) -> u32 {
        self.said = Instant::now();
        let sequence = self.sequence;
        self.sequence = self.sequence.wrapping_add(1);
        sequence
    }
}

impl Drop for Ider {
    fn drop(&mut self) {
        if self.boot.is_some() {
            self.fail("the console went away".into());
        }
    }
}

/// A command block with a first block and a count, where READ (10) and READ TOC have them.
fn block(command: u8, first: u32, count: u16) -> [u8; 12] {
    let [a, b, c, d] = first.to_be_bytes();
    let [high, low] = count.to_be_bytes();
    [command, 0, a, b, c, d, 0, high, low, 0, 0, 0]
}
