//! Forwards of the device: one request at a time, each after the answer to the one before.

use super::Open;
use crate::device::event::Event;
use crate::device::outbox::Context;
use crate::message::{Datagram, Forward, GlobalRequest, Message, ReplyForm};
use alloc::collections::VecDeque;

#[derive(Debug, Clone, Copy)]
enum Request {
    /// A forward; the flag says that it belongs to the configuration.
    Forward {
        port: u16,
        initial: bool,
    },
    Cancel {
        port: u16,
    },
}

/// Requests, the first of which has been sent and waits for its answer.
#[derive(Debug, Default)]
pub(super) struct Requests {
    queue: VecDeque<Request>,
    /// Forwards of the configuration that were not answered yet.
    initial: usize,
}

impl Requests {
    /// What the answer to the oldest open request looks like.
    pub(super) fn awaited(&self) -> Option<ReplyForm> {
        self.queue.front().map(|request| match request {
            Request::Forward { .. } => ReplyForm::Port,
            Request::Cancel { .. } => ReplyForm::Bare,
        })
    }

    fn say_first(&self, context: &mut Context<'_>) {
        let Some(&first) = self.queue.front() else { return };
        let address = context.config.address.as_ref();
        let forward = |port: u16| Forward { want_reply: true, address, port: port.into() };
        context.outbox.say(&Message::GlobalRequest(match first {
            Request::Forward { port, .. } => GlobalRequest::Forward(forward(port)),
            Request::Cancel { port } => GlobalRequest::Cancel(forward(port)),
        }));
    }

    fn push(&mut self, request: Request, context: &mut Context<'_>) {
        self.queue.push_back(request);
        if self.queue.len() == 1 {
            self.say_first(context);
        }
    }
}

impl Open {
    /// Forwards the ports of the configuration.
    pub(super) fn forward_all(&mut self, context: &mut Context<'_>) {
        let config = context.config;
        self.requests.initial = config.ports.len();
        for &port in &config.ports {
            self.requests.push(Request::Forward { port, initial: true }, context);
        }
        if config.ports.is_empty() {
            context.outbox.report(Event::Settled);
        }
    }

    pub(in crate::device) fn forward(&mut self, port: u16, context: &mut Context<'_>) {
        self.requests.push(Request::Forward { port, initial: false }, context);
    }

    pub(in crate::device) fn cancel_forward(&mut self, port: u16, context: &mut Context<'_>) {
        self.requests.push(Request::Cancel { port }, context);
    }

    /// The server granted or refused the oldest request.
    pub(super) fn answered(&mut self, granted: bool, context: &mut Context<'_>) {
        let Some(request) = self.requests.queue.pop_front() else { return };
        self.requests.say_first(context);
        match request {
            Request::Forward { port, initial } => {
                if !granted {
                    context.outbox.report(Event::PortRefused { port });
                } else if !self.ports.contains(&port) {
                    self.ports.push(port);
                }
                if initial {
                    self.requests.initial = self.requests.initial.saturating_sub(1);
                    if self.requests.initial == 0 {
                        context.outbox.report(Event::Settled);
                    }
                }
            }
            Request::Cancel { port } => self.ports.retain(|bound| *bound != port),
        }
    }

    /// No answer is asked for, as Intel AMT does it.
    pub(in crate::device) fn send_datagram(
        destination: (&str, u16),
        source: (&str, u16),
        data: &[u8],
        context: &mut Context<'_>,
    ) {
        context.outbox.say(&Message::GlobalRequest(GlobalRequest::SendDatagram(Datagram {
            want_reply: false,
            destination: destination.0.as_bytes(),
            destination_port: destination.1.into(),
            source: source.0.as_bytes(),
            source_port: source.1.into(),
            data,
        })));
    }
}
