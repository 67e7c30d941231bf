//! The PC's power: what may be asked, and what then really happens.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use amt::wsman::{Fault, Properties};

use super::{
    boot,
    host::Host,
    logs::Event,
    methods::{INVALID_PARAMETER, SUCCESS, number},
};

/// CIM's number for a PC that is on.
pub(super) const ON: u8 = 2;
/// Asleep (ACPI S3).
const DEEP_SLEEP: u8 = 4;
/// Hibernating (ACPI S4).
pub(super) const HIBERNATE: u8 = 7;
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
    /// 2 full power, 3 the operating system saves it (IPS_PowerManagementService).
    os_saving: u32,
}

/// The operating system uses the PC's full power; it saves power.
const FULL: u32 = 2;
const SAVING: u32 = 3;

impl Power {
    pub(super) fn new() -> Self {
        let inner = Inner { changing: false, on_since: Instant::now(), os_saving: FULL };
        Self { state: watch::Sender::new(ON), inner: Mutex::new(inner) }
    }

    pub(super) fn watch(&self) -> watch::Receiver<u8> {
        self.state.subscribe()
    }

    pub(super) fn now(&self) -> u8 {
        *self.state.borrow()
    }

    /// Whether the operating system saves power: 2 no, 3 yes.
    pub(super) fn os_saving(&self) -> u32 {
        self.with(|inner| inner.os_saving)
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
            inner.os_saving = FULL;
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
    let choices = host.power_choices();
    let verdict = power.with(|inner| {
        if inner.changing {
            return Verdict::Busy;
        }
        if !choices.contains(&listed) {
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
        Change::To(ON) => come_on(host),
        Change::To(state) => go_off(host, state),
        Change::Through(state) => {
            go_off(host, state);
            let host = Arc::clone(host);
            tokio::spawn(async move {
                tokio::time::sleep(DARK).await;
                come_on(&host);
                host.power().with(|inner| inner.changing = false);
            });
        }
    }
    host.changed();
}

fn go_off(host: &Arc<Host>, state: u8) {
    host.power().set(state);
    if host.quirks().poweroff_drop {
        let host = Arc::clone(host);
        tokio::spawn(async move {
            // Whoever asked for it still hears that it was done.
            tokio::time::sleep(DARK).await;
            host.shared().cut_tunnel();
        });
    }
}

/// Switches the PC on: from anything but sleep, it boots.
fn come_on(host: &Arc<Host>) {
    let from = host.power().now();
    if from != DEEP_SLEEP {
        boot::boot(host, from);
    }
    host.power().set(ON);
    host.screen_came_on();
    host.changed();
}

/// Switches the PC on unless it is on or about to be: an alarm rings.
pub(super) fn wake(host: &Arc<Host>) {
    let changing = host.power().with(|inner| inner.changing);
    if !changing && host.power().now() != ON {
        come_on(host);
    }
}

/// The mains fail: the tunnel is gone without a goodbye, whatever was asked of the next boot is
/// forgotten, and the PC stays off.
pub(super) fn lose(host: &Host) {
    host.record(Event::power_interrupted());
    host.power().set(OFF);
    boot::clear(host);
    host.cancel_consent();
    host.shared().cut_tunnel();
    host.changed();
}

/// The button at the PC: off when it is on, else on.
pub(super) fn press(host: &Arc<Host>) {
    if host.power().now() == ON {
        go_off(host, OFF);
        host.changed();
    } else {
        wake(host);
    }
}

/// Where the PC's power was when the simulator ended.
pub(super) fn restore(host: &Host, state: u8) {
    if matches!(state, ON | DEEP_SLEEP | HIBERNATE | OFF | 6) {
        host.power().set(state);
    }
}

/// `RequestOSPowerSavingStateChange`: 2 full power, 3 saving. Only a running system can do either.
pub(super) fn request_os_saving(host: &Host, arguments: &Properties) -> Result<u32, Fault> {
    /// The PC is not on.
    const FAILED: u32 = 4;
    let wanted = number(arguments, "OSPowerSavingState")?;
    if !matches!(wanted, FULL | SAVING) {
        return Ok(INVALID_PARAMETER);
    }
    if host.power().now() != ON {
        return Ok(FAILED);
    }
    host.power().with(|inner| inner.os_saving = wanted);
    Ok(SUCCESS)
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
