//! A platform's own task: dial, live in the tunnel, come back.
//!
//! What to do next is a value (`Next`) that attempts and pauses return; who decides it, today a retry profile, can
//! be replaced without touching tunnel or dialling.

use super::{Command, Machine, State};
use crate::{
    Faults, Mps, Trigger,
    cira_log::{Attempt, Closure, ConnectionResult, Failure, TcpDetail},
    dial::dial,
    driver::{Driver, Ended},
    pet::Pet,
    retry::Retry,
    tls::ClientTls,
};
use std::{collections::VecDeque, future::pending, sync::Arc, time::Duration};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_openssl::SslStream;

/// Events kept for the next tunnel; the oldest goes first.
const ALERTS: usize = 4;

/// What a platform does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Dial now.
    Dial(Trigger),
    /// Dial again when the profile says so.
    Retry { trigger: Trigger, why: String },
    /// Stay away until fired.
    Stay,
    /// End.
    Quit,
}

pub(crate) struct Life {
    pub(crate) machine: Arc<Machine>,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) faults: Faults,
    tls: Option<ClientTls>,
    retry: Retry,
    alerts: VecDeque<Arc<Pet>>,
    cookie: u16,
}

impl Life {
    pub(super) fn new(
        machine: Arc<Machine>,
        tls: Option<ClientTls>,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        let faults = machine.setup.faults.clone();
        Self {
            machine,
            commands,
            faults,
            tls,
            retry: Retry::default(),
            alerts: VecDeque::new(),
            cookie: 0,
        }
    }

    pub(super) async fn run(mut self, delay: Duration) {
        let trigger = self.machine.setup.trigger;
        let mut next = match delay {
            _ if self.tls.is_none() => Next::Stay,
            Duration::ZERO => Next::Dial(trigger),
            delay => self.pause(Some(delay), trigger).await,
        };
        loop {
            next = match next {
                Next::Dial(trigger) => self.attempt(trigger).await,
                Next::Retry { trigger, why } => self.wait_for_retry(trigger, why).await,
                Next::Stay => {
                    self.machine.set_state(State::Stopped);
                    self.pause(None, trigger).await
                }
                Next::Quit => break,
            };
        }
        self.machine.set_state(State::Stopped);
    }

    pub(crate) fn next_cookie(&mut self) -> u16 {
        self.cookie = self.cookie.wrapping_add(1);
        self.cookie
    }

    pub(crate) fn keep_alert(&mut self, pet: Arc<Pet>) {
        if self.alerts.len() == ALERTS {
            self.alerts.pop_front();
        }
        self.alerts.push_back(pet);
    }

    pub(crate) fn take_alerts(&mut self) -> VecDeque<Arc<Pet>> {
        std::mem::take(&mut self.alerts)
    }

    async fn wait_for_retry(&mut self, trigger: Trigger, why: String) -> Next {
        let (chance, ..) = uuid::Uuid::new_v4().as_fields();
        match self.retry.failed(&self.machine.setup.retry, chance) {
            Some(pause) => {
                self.machine.set_state(State::Retrying { why });
                self.pause(Some(pause), trigger).await
            }
            None => Next::Stay,
        }
    }

    /// Waits, for ever without `delay`, and dials for `trigger` then; commands may decide otherwise.
    async fn pause(&mut self, delay: Option<Duration>, trigger: Trigger) -> Next {
        let until = delay.map(|delay| Instant::now() + delay);
        let over = async {
            match until {
                Some(until) => sleep_until(until).await,
                None => pending().await,
            }
        };
        tokio::pin!(over);
        loop {
            tokio::select! {
                () = &mut over => return Next::Dial(trigger),
                command = self.commands.recv() => {
                    if let Some(next) = self.obey_without_tunnel(command) {
                        return next;
                    }
                }
            }
        }
    }

    fn obey_without_tunnel(&mut self, command: Option<Command>) -> Option<Next> {
        match command {
            None | Some(Command::Shutdown) => Some(Next::Quit),
            Some(Command::Disconnect) => Some(Next::Stay),
            Some(Command::Fire(Trigger::Alert)) => {
                let pet = Pet::chassis_intrusion(self.next_cookie());
                self.keep_alert(Arc::new(pet));
                Some(Next::Dial(Trigger::Alert))
            }
            Some(Command::Fire(trigger)) => Some(Next::Dial(trigger)),
            Some(Command::Alert(pet)) => {
                self.keep_alert(pet);
                Some(Next::Dial(Trigger::Alert))
            }
            Some(Command::Fault(setting)) => {
                self.faults.apply(&setting);
                None
            }
            // There is no tunnel to end.
            Some(Command::Cut | Command::CloseTunnel | Command::Configured) => None,
        }
    }

    async fn attempt(&mut self, trigger: Trigger) -> Next {
        let machine = self.machine.clone();
        let setup = &machine.setup;
        let (Some(mps), Some(tls)) = (setup.mps.clone(), self.tls.clone()) else {
            return Next::Stay;
        };
        machine.set_state(State::Connecting);
        machine.write_log(|log, now| {
            let mps_host = mps.host.clone();
            log.began(Attempt { trigger, mps_host, auth: setup.auth_method() }, now);
        });
        match self.reach(&mps, &tls).await {
            Ok(stream) => self.inhabit(trigger, stream).await,
            Err(Unreached::Failed(failure)) => {
                let why = failure.note.clone();
                machine.write_log(|log, _| log.failed(failure));
                Next::Retry { trigger, why }
            }
            Err(Unreached::Told(next)) => {
                machine.write_log(|log, _| log.failed(interrupted()));
                next
            }
        }
    }

    /// Dials, unless told otherwise meanwhile. Another trigger changes nothing: dialling is what it asks for.
    async fn reach(
        &mut self,
        mps: &Mps,
        tls: &ClientTls,
    ) -> Result<SslStream<TcpStream>, Unreached> {
        let machine = self.machine.clone();
        let setup = &machine.setup;
        // Boxed, so that the memory of a handshake does not stay with an idle platform.
        let mut dialling = Box::pin(dial(mps, machine.source, tls, setup.expected_name()));
        loop {
            tokio::select! {
                dialled = &mut dialling => return dialled.map_err(Unreached::Failed),
                command = self.commands.recv() => match self.obey_without_tunnel(command) {
                    Some(next @ (Next::Stay | Next::Quit)) => return Err(Unreached::Told(next)),
                    Some(Next::Dial(_) | Next::Retry { .. }) | None => {}
                },
            }
        }
    }

    async fn inhabit(&mut self, trigger: Trigger, stream: SslStream<TcpStream>) -> Next {
        let machine = self.machine.clone();
        machine.write_log(|log, _| {
            log.connected();
            log.keepalive_interval = u32::try_from(machine.setup.keepalive.as_secs()).unwrap_or(0);
        });
        let seconds = u32::try_from(machine.setup.keepalive.as_secs()).unwrap_or(u32::MAX);
        machine.shared.tunnel(Some(seconds));
        let config = machine.setup.connection(&machine.identity, &self.faults, trigger);
        let ended = Driver::new(self, stream, config).run().await;
        machine.shared.tunnel(None);
        let Ended { by, apf_reason, amt_reason, tls_alert, why, was_settled, next } = ended;
        machine.write_log(|log, at| {
            log.closed(Closure { at, by, apf_reason, amt_reason }, tls_alert, why.clone());
        });
        if was_settled {
            self.retry.succeeded();
        }
        next.unwrap_or(Next::Retry { trigger, why })
    }
}

/// Why there is no stream.
enum Unreached {
    Failed(Failure),
    Told(Next),
}

fn interrupted() -> Failure {
    Failure {
        result: ConnectionResult::NotApplicable,
        tcp: TcpDetail::Ok,
        tls_alert: None,
        note: "given up on request".into(),
    }
}
