//! The PC's power: what may be asked, and what then really happens.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use super::host::Host;

/// CIM's number for a PC that is on.
pub(super) const ON: u8 = 2;
/// Asleep (ACPI S3).
const DEEP_SLEEP: u8 = 4;
/// Hibernating (ACPI S4).
const HIBERNATE: u8 = 7;
/// Off, but for the management engine.
pub(super) const OFF: u8 = 8;

/// How long a PC is without power during a cycle or reset.
const DARK: Duration = Duration::from_millis(500);

/// What `RequestPowerStateChange` returns (CIM_PowerManagementService).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Done = 0,
    Unsupported = 1,
    InvalidParameter = 5,
    InUse = 6,
    InvalidTransition = 4097,
    Busy = 4099,
}

#[derive(Debug, Clone, Copy)]
enum Change {
    /// To a state, and stay there.
    To(u8),
    /// Off, and on again a moment later.
    Through(u8),
    /// The PC notices, but its power stays.
    Nothing,
}

/// The power of one PC.
pub(super) struct Power {
    state: watch::Sender<u8>,
    inner: Mutex<Inner>,
}

struct Inner {
    changing: bool,
    on_since: Instant,
}

impl Power {
    pub(super) fn new() -> Self {
        let inner = Inner { changing: false, on_since: Instant::now() };
        Self { state: watch::Sender::new(ON), inner: Mutex::new(inner) }
    }

    pub(super) fn watch(&self) -> watch::Receiver<u8> {
        self.state.subscribe()
    }

    pub(super) fn now(&self) -> u8 {
        *self.state.borrow()
    }

    /// How long the PC has been on.
    pub(super) fn uptime(&self) -> Duration {
        self.with(|inner| inner.on_since.elapsed())
    }

    /// Whether power came less than so long ago.
    pub(super) fn is_starting(&self, time: Duration) -> bool {
        self.now() == ON && self.uptime() < time
    }

    /// What can be asked for in the present state, in the order in which firmware lists it.
    pub(super) fn choices(&self) -> &'static [u8] {
        match self.now() {
            ON => &[10, 8, 5, 11, 4, 7, 14, 12],
            DEEP_SLEEP => &[2, 10, 8, 5],
            _ => &[2],
        }
    }

    fn with<T>(&self, change: impl FnOnce(&mut Inner) -> T) -> T {
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, state: u8) {
        self.with(|inner| {
            if state == ON {
                inner.on_since = Instant::now();
            }
            self.state.send_replace(state);
        });
    }
}

/// Does what `RequestPowerStateChange` asks for. Must run within a tokio runtime.
pub(super) fn request(host: &Arc<Host>, requested: u32) -> Verdict {
    let Ok(requested @ 2..=16) = u8::try_from(requested) else { return Verdict::InvalidParameter };
    let change = match requested {
        2 => Change::To(ON),
        4 => Change::To(DEEP_SLEEP),
        7 => Change::To(HIBERNATE),
        6 | 8 => Change::To(requested),
        12 => Change::To(OFF),
        5 | 10 | 14 => Change::Through(OFF),
        11 => Change::Nothing,
        _ => return Verdict::Unsupported,
    };
    let power = host.power();
    // Off-soft is not listed by firmware, but leads to the same place as off-hard.
    let listed = if requested == 6 { OFF } else { requested };
    // While a redirection is open, firmware refuses to cut the power under it (SDK, "Functionality
    // overview").
    if matches!(requested, 5 | 6 | 8) && host.seats().in_use() {
        return Verdict::InUse;
    }
    let verdict = power.with(|inner| {
        if inner.changing {
            return Verdict::Busy;
        }
        if !power.choices().contains(&listed) {
            return Verdict::InvalidTransition;
        }
        inner.changing = matches!(change, Change::Through(_));
        Verdict::Done
    });
    if verdict == Verdict::Done {
        apply(host, change);
    }
    verdict
}

fn apply(host: &Arc<Host>, change: Change) {
    match change {
        Change::Nothing => {}
        Change::To(state) => host.power().set(state),
        Change::Through(state) => {
            host.power().set(state);
            let host = Arc::clone(host);
            tokio::spawn(async move {
                tokio::time::sleep(DARK).await;
                host.power().set(ON);
                host.power().with(|inner| inner.changing = false);
            });
        }
    }
}

/// A word for a state, for people.
pub(super) const fn word(state: u8) -> &'static str {
    match state {
        ON => "on",
        DEEP_SLEEP => "asleep",
        HIBERNATE => "hibernating",
        _ => "off",
    }
}
