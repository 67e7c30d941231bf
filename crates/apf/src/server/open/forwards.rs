//! Global requests: which ports the device forwards, when they have settled, and its datagrams.

use super::Open;
use crate::message::{Datagram, Forward, GlobalRequest, KeepAliveOptions, Message, Reply};
use crate::server::event::Event;
use crate::server::outbox::Context;
use crate::{EndReason, Fault, Time};
use alloc::vec::Vec;
use bytes::Bytes;
use core::time::Duration;

/// Ports that a device may forward at the same time; real ones forward up to seven.
const PORTS_MAX: usize = 16;

/// Forwards have settled this long after the last one (devices send them one by one, each after
/// the answer to the one before).
const QUIET: Duration = Duration::from_millis(750);

/// They count as settled this long after pfwd@ was accepted, come what may.
const SETTLED_AT_LATEST: Duration = Duration::from_secs(5);

/// Waiting for the forwards to settle.
#[derive(Debug)]
pub(super) struct Settling {
    at: Time,
    latest: Time,
}

impl Settling {
    pub(super) const fn at(&self) -> Time {
        self.at
    }
}

/// The ports of the device, in the order it named them.
#[derive(Debug)]
pub(super) struct Forwards {
    ports: Vec<u16>,
    settling: Option<Settling>,
}

impl Forwards {
    pub(super) fn new(now: Time) -> Self {
        let latest = now + SETTLED_AT_LATEST;
        Self { ports: Vec::new(), settling: Some(Settling { at: latest, latest }) }
    }

    pub(super) fn ports(&self) -> impl Iterator<Item = u16> + '_ {
        self.ports.iter().copied()
    }

    pub(super) fn contains(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    pub(super) const fn settling(&self) -> Option<&Settling> {
        self.settling.as_ref()
    }

    /// Asks for keep-alives, once. It is tied to no port: devices without KVM never forward the
    /// port that other servers take for the last one.
    pub(super) fn settled(&mut self, context: &mut Context<'_>) {
        self.settling = None;
        context.outbox.say(&Message::KeepAliveOptionsRequest(KeepAliveOptions {
            interval: context.config.interval_seconds(),
            timeout: context.config.timeout_seconds(),
        }));
        context.outbox.report(Event::Settled);
    }

    fn forward(
        &mut self,
        forward: &Forward<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        if let Some(settling) = &mut self.settling {
            settling.at = (context.now + QUIET).min(settling.latest);
        }
        let port = u16::try_from(forward.port).ok().filter(|port| *port != 0);
        let known = port.is_some_and(|port| self.contains(port));
        let Some(port) = port.filter(|_| known || self.ports.len() < PORTS_MAX) else {
            return refused(forward, context);
        };
        context.outbox.say(&Message::RequestSuccess(Reply::Port(port.into())));
        if !known {
            self.ports.push(port);
            let address = Bytes::copy_from_slice(forward.address);
            context.outbox.report(Event::PortForwarded { port, address });
        }
        Ok(())
    }

    fn cancel(
        &mut self,
        forward: &Forward<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        let bound = u16::try_from(forward.port)
            .ok()
            .and_then(|port| self.ports.iter().position(|bound| *bound == port));
        let Some(position) = bound else { return refused(forward, context) };
        let port = self.ports.remove(position);
        context.outbox.say(&Message::RequestSuccess(Reply::Bare));
        context.outbox.report(Event::PortCancelled { port });
        Ok(())
    }
}

fn refused(forward: &Forward<'_>, context: &mut Context<'_>) -> Result<(), EndReason> {
    context.outbox.say(&Message::RequestFailure);
    context.outbox.fault(Fault::ForwardRefused { port: forward.port }, context.now)
}

impl Open {
    /// Answers in the order of the requests, because the device can tell the answers apart only by
    /// their order. Forwards are answered whether or not the device asks for it, as every server
    /// does.
    pub(super) fn requested(
        &mut self,
        request: &GlobalRequest<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        match request {
            GlobalRequest::Forward(forward) => self.forwards.forward(forward, context),
            GlobalRequest::Cancel(forward) => self.forwards.cancel(forward, context),
            GlobalRequest::SendDatagram(datagram) => self.alerted(datagram, context),
        }
    }

    /// The datagram is reported, never relayed: any address of our network could be its target.
    fn alerted(
        &mut self,
        datagram: &Datagram<'_>,
        context: &mut Context<'_>,
    ) -> Result<(), EndReason> {
        let ports = (u16::try_from(datagram.destination_port), u16::try_from(datagram.source_port));
        let taken = matches!(ports, (Ok(_), Ok(_))) && self.alerts.allow(context.now);
        if datagram.want_reply {
            context.outbox.say(&if taken {
                Message::RequestSuccess(Reply::Bare)
            } else {
                Message::RequestFailure
            });
        }
        match ports {
            (Ok(destination_port), Ok(source_port)) => {
                if taken {
                    context.outbox.report(Event::Alert {
                        destination: Bytes::copy_from_slice(datagram.destination),
                        destination_port,
                        source: Bytes::copy_from_slice(datagram.source),
                        source_port,
                        data: Bytes::copy_from_slice(datagram.data),
                    });
                }
                Ok(())
            }
            (Err(_), _) => {
                let port = datagram.destination_port;
                context.outbox.fault(Fault::DatagramPort { port }, context.now)
            }
            (Ok(_), Err(_)) => {
                let port = datagram.source_port;
                context.outbox.fault(Fault::DatagramPort { port }, context.now)
            }
        }
    }
}
