//! Keep-alives of the device: when to send one, and what the server may change about it.

use crate::device::event::Event;
use crate::device::outbox::{Context, Outbox};
use crate::message::{KeepAlive, KeepAliveOptions, Message};
use crate::{EndReason, Time};
use core::time::Duration;

#[derive(Debug)]
pub(super) struct KeepAlives {
    interval: Duration,
    timeout: Duration,
    next: Option<Time>,
    cookie: u32,
    unanswered: bool,
}

impl KeepAlives {
    pub(super) fn new(context: &Context<'_>) -> Self {
        let mut keepalives = Self {
            interval: context.config.keepalive_interval,
            timeout: context.config.keepalive_timeout,
            next: None,
            cookie: 0,
            unanswered: false,
        };
        keepalives.schedule(context.now);
        keepalives
    }

    fn schedule(&mut self, now: Time) {
        self.next = (!self.interval.is_zero()).then(|| now + self.interval);
    }

    pub(super) fn asked(&mut self, asked: KeepAliveOptions, context: &mut Context<'_>) {
        let interval = Duration::from_secs(asked.interval.into());
        let timeout = Duration::from_secs(asked.timeout.into());
        if context.config.keepalive_negotiable {
            self.interval = interval;
            if !timeout.is_zero() {
                self.timeout = timeout;
            }
            self.schedule(context.now);
        }
        context.outbox.say(&Message::KeepAliveOptionsReply(KeepAliveOptions {
            interval: whole_seconds(self.interval),
            timeout: whole_seconds(self.timeout),
        }));
        context.outbox.report(Event::KeepAliveAsked { interval, timeout });
    }

    pub(super) fn answered(&mut self, keepalive: KeepAlive, outbox: &mut Outbox) {
        if self.unanswered && keepalive.cookie == self.cookie {
            self.unanswered = false;
            outbox.report(Event::KeepAliveAnswered);
        }
    }

    fn patience_ends(&self, heard: Time) -> Option<Time> {
        (!self.timeout.is_zero()).then(|| heard + self.timeout)
    }

    pub(super) fn next_deadline(&self, heard: Time) -> Option<Time> {
        Time::earliest(self.next, self.patience_ends(heard))
    }

    pub(super) fn handle_timeout(
        &mut self,
        heard: Time,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        if self.patience_ends(heard).is_some_and(|at| at <= context.now) {
            return Err(EndReason::KeepAliveExpired);
        }
        if self.next.is_some_and(|at| at <= context.now) {
            self.cookie = self.cookie.wrapping_add(1);
            self.unanswered = true;
            context.outbox.say(&Message::KeepAliveRequest(KeepAlive { cookie: self.cookie }));
            self.schedule(context.now);
        }
        Ok(())
    }
}

fn whole_seconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_secs()).unwrap_or(u32::MAX)
}
