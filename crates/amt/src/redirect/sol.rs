//! What the two ends of serial-over-LAN tell each other besides the characters.

use super::fields::Fields;

/// How a console wants its characters sent (message 20). Times in milliseconds; zero switches off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SolSettings {
    /// Most characters that the platform sends at once.
    pub max_transmit: u16,
    /// How long the platform collects characters before it sends them.
    pub transmit_timeout: u16,
    /// How long the platform waits when its buffer is full before it drops characters.
    pub transmit_overflow: u16,
    /// How long the platform bears hearing nothing of the console.
    pub receive_timeout: u16,
    /// How long the platform keeps characters that its serial port does not take.
    pub receive_flush: u16,
    /// How often the platform shows that it is alive.
    pub heartbeat: u16,
}

impl Default for SolSettings {
    /// What common consoles ask for.
    fn default() -> Self {
        Self {
            max_transmit: 1000,
            transmit_timeout: 100,
            transmit_overflow: 0,
            receive_timeout: 10000,
            receive_flush: 100,
            heartbeat: 5000,
        }
    }
}

impl SolSettings {
    pub(super) fn read(fields: Fields<'_>, at: usize) -> Self {
        let number = |index: usize| fields.u16(at.saturating_add(index.saturating_mul(2)));
        Self {
            max_transmit: number(0),
            transmit_timeout: number(1),
            transmit_overflow: number(2),
            receive_timeout: number(3),
            receive_flush: number(4),
            heartbeat: number(5),
        }
    }

    pub(super) fn write(self, out: &mut Vec<u8>) {
        for number in [
            self.max_transmit,
            self.transmit_timeout,
            self.transmit_overflow,
            self.receive_timeout,
            self.receive_flush,
            self.heartbeat,
        ] {
            out.extend_from_slice(&number.to_le_bytes());
        }
    }
}

/// State of the lines of the serial port (message 29).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Controls {
    /// Bits: 1 request to send, 2 data terminal ready, 4 break.
    pub lines: u8,
    /// Bits: 1 characters were dropped, 2 loop-back, 4 the PC has power, 8 received characters were
    /// flushed, 16 test mode.
    pub status: u8,
}

impl Controls {
    /// The PC has power.
    pub const POWERED: u8 = 4;
}
