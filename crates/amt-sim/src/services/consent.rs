//! The consent of the person at the PC: a code on their screen, which the console must be told.
//!
//! States and time-outs are those of IPS_OptInService. One code opens everything; it lapses when
//! nothing is open for a while.

use std::time::Duration;

use super::methods::{NOT_READY, SUCCESS};

/// A code was not the one on the screen.
pub(super) const WRONG_CODE: u32 = 2066;
/// Too many wrong codes: not for a while.
pub(super) const BLOCKED: u32 = 3;

/// Wrong codes before the code is taken off the screen.
const TRIES: u8 = 3;
/// How long no new code is shown then.
const BLOCK: Duration = Duration::from_secs(60);

/// Where a consent is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    NotStarted,
    /// Asked for while nothing can be shown.
    Requested {
        code: String,
        since: Duration,
    },
    Displayed {
        code: String,
        since: Duration,
        wrong: u8,
    },
    Received {
        since: Duration,
    },
    InSession,
}

/// How long things last, as IPS_OptInService says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Without an open redirection, consent lapses after this.
    pub(super) code: Duration,
    /// A code that nobody enters leaves the screen after this.
    pub(super) display: Duration,
}

/// The consent of one PC. `now` is the time since an origin of the caller's choice.
#[derive(Debug, Default)]
pub(super) struct Consent {
    phase: Phase,
    blocked_until: Duration,
    open: usize,
}

impl Consent {
    /// 0 not started, 1 requested, 2 displayed, 3 received, 4 in session.
    pub(super) const fn state(&self) -> u32 {
        match self.phase {
            Phase::NotStarted => 0,
            Phase::Requested { .. } => 1,
            Phase::Displayed { .. } => 2,
            Phase::Received { .. } => 3,
            Phase::InSession => 4,
        }
    }

    pub(super) const fn is_given(&self) -> bool {
        matches!(self.phase, Phase::Received { .. } | Phase::InSession)
    }

    /// What stands on the screen.
    pub(super) fn displayed(&self) -> Option<&str> {
        match &self.phase {
            Phase::Displayed { code, .. } => Some(code),
            _ => None,
        }
    }

    /// Lets time pass. Whether a consent that was given has lapsed.
    pub(super) fn handle_time(&mut self, now: Duration, limits: Limits) -> bool {
        let over = match &self.phase {
            Phase::Requested { since, .. } | Phase::Displayed { since, .. } => {
                now.saturating_sub(*since) >= limits.display
            }
            Phase::Received { since } => now.saturating_sub(*since) >= limits.code,
            Phase::NotStarted | Phase::InSession => false,
        };
        let lapsed = over && self.is_given();
        if over {
            self.phase = Phase::NotStarted;
        }
        lapsed
    }

    /// Asks for consent with a fresh code; it is shown when the screen can show something.
    pub(super) fn start(&mut self, code: String, can_show: bool, now: Duration) -> u32 {
        if now < self.blocked_until {
            return BLOCKED;
        }
        if self.phase != Phase::NotStarted {
            return NOT_READY;
        }
        self.phase = if can_show {
            Phase::Displayed { code, since: now, wrong: 0 }
        } else {
            Phase::Requested { code, since: now }
        };
        SUCCESS
    }

    /// The PC can show things from now on.
    pub(super) fn can_show(&mut self, now: Duration) {
        if let Phase::Requested { code, .. } = &mut self.phase {
            let code = std::mem::take(code);
            self.phase = Phase::Displayed { code, since: now, wrong: 0 };
        }
    }

    /// A console says what the person read to it.
    pub(super) fn send(&mut self, given: &str, now: Duration) -> u32 {
        let Phase::Displayed { code, wrong, .. } = &mut self.phase else { return NOT_READY };
        if given == code {
            self.phase =
                if self.open > 0 { Phase::InSession } else { Phase::Received { since: now } };
            return SUCCESS;
        }
        *wrong = wrong.saturating_add(1);
        if *wrong >= TRIES {
            self.phase = Phase::NotStarted;
            self.blocked_until = now.saturating_add(BLOCK);
        }
        WRONG_CODE
    }

    /// Takes consent or its request back.
    pub(super) fn cancel(&mut self) -> u32 {
        if self.phase == Phase::NotStarted {
            return NOT_READY;
        }
        self.phase = Phase::NotStarted;
        SUCCESS
    }

    /// A redirection was opened or has ended.
    pub(super) fn redirections(&mut self, open: usize, now: Duration) {
        self.open = open;
        self.phase = match (std::mem::take(&mut self.phase), open) {
            (Phase::Received { .. }, 1..) => Phase::InSession,
            (Phase::InSession, 0) => Phase::Received { since: now },
            (phase, _) => phase,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const LIMITS: Limits =
        Limits { code: Duration::from_secs(120), display: Duration::from_secs(300) };

    fn displayed() -> Consent {
        let mut consent = Consent::default();
        assert_eq!(consent.start("123456".into(), true, Duration::ZERO), 0);
        assert_eq!((consent.state(), consent.displayed()), (2, Some("123456")));
        consent
    }

    #[test]
    fn the_right_code_opens_and_consent_lapses_when_nothing_is_open() {
        let mut consent = displayed();
        assert_eq!(consent.start("654321".into(), true, SECOND), NOT_READY);
        assert_eq!(consent.send("123456", SECOND), 0);
        assert_eq!(consent.state(), 3);
        consent.redirections(1, SECOND);
        assert_eq!(consent.state(), 4);
        assert!(!consent.handle_time(SECOND * 10_000, LIMITS));
        consent.redirections(0, SECOND * 10_000);
        assert_eq!(consent.state(), 3);
        assert!(!consent.handle_time(SECOND * 10_119, LIMITS));
        assert!(consent.handle_time(SECOND * 10_120, LIMITS));
        assert_eq!(consent.state(), 0);
    }

    #[test]
    fn three_wrong_codes_end_it_and_block_it_for_a_minute() {
        let mut consent = displayed();
        for _ in 0..3 {
            assert_eq!(consent.send("000000", SECOND), WRONG_CODE);
        }
        assert_eq!((consent.state(), consent.displayed()), (0, None));
        assert_eq!(consent.send("123456", SECOND), NOT_READY);
        assert_eq!(consent.start("1".into(), true, SECOND * 60), BLOCKED);
        assert_eq!(consent.start("1".into(), true, SECOND * 61), 0);
    }

    #[test]
    fn a_code_waits_for_the_screen_and_leaves_it_in_time() {
        let mut consent = Consent::default();
        assert_eq!(consent.start("123456".into(), false, Duration::ZERO), 0);
        assert_eq!((consent.state(), consent.displayed()), (1, None));
        consent.can_show(SECOND * 10);
        assert_eq!(consent.state(), 2);
        assert!(!consent.handle_time(SECOND * 309, LIMITS));
        assert_eq!(consent.state(), 2);
        assert!(!consent.handle_time(SECOND * 310, LIMITS), "nothing was given that could lapse");
        assert_eq!(consent.state(), 0);
    }

    #[test]
    fn what_has_not_begun_can_be_neither_entered_nor_cancelled() {
        let mut consent = Consent::default();
        assert_eq!(consent.send("123456", SECOND), NOT_READY);
        assert_eq!(consent.cancel(), NOT_READY);
        assert_eq!(displayed().cancel(), 0);
    }
}
