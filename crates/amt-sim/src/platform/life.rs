//! A platform's own task: it does what the [`Engine`] decides, and tells it what happens.

use super::{Command, Machine, Outlook, State};
use crate::{
    Faults, Pet, Trigger,
    cira_log::{Attempt, Closure, ConnectionResult, Failure, TcpDetail},
    dial::{Route, dial},
    driver::{Driver, Ended},
    engine::{Action, Engine, HangUp, Ignored, Standing},
    events::Event,
    remote_access::Server,
    tls::{self, TlsPool},
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

/// An event that waits for a tunnel.
#[derive(Debug, Clone)]
pub(crate) struct Alert {
    pub(crate) event: Arc<Pet>,
    /// It goes out as a trap, too; those who have it pushed get it in any case.
    pub(crate) trap: bool,
}

pub(crate) struct Life {
    pub(crate) machine: Arc<Machine>,
    pub(crate) commands: mpsc::UnboundedReceiver<Command>,
    pub(crate) faults: Faults,
    pub(crate) engine: Engine,
    /// The program wants its end.
    pub(crate) quit: bool,
    tls: Arc<TlsPool>,
    alerts: VecDeque<Alert>,
    cookie: u16,
    /// The epoch's time at `origin`, so that the clock never jumps.
    epoch: Duration,
    origin: Instant,
    /// What ended last, for people.
    why: String,
}

impl Life {
    pub(super) fn new(
        machine: Arc<Machine>,
        tls: Arc<TlsPool>,
        commands: mpsc::UnboundedReceiver<Command>,
    ) -> Self {
        let faults = machine.setup.faults.clone();
        let (seed, ..) = uuid::Uuid::new_v4().as_fields();
        let network = machine.setup.network.clone();
        let engine = Engine::new(machine.setup.retry, network, seed);
        let epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Self {
            machine,
            commands,
            faults,
            engine,
            quit: false,
            tls,
            alerts: VecDeque::new(),
            cookie: 0,
            epoch,
            origin: Instant::now(),
            why: String::new(),
        }
    }

    /// Time since the epoch.
    pub(crate) fn now(&self) -> Duration {
        self.epoch + self.origin.elapsed()
    }

    pub(super) async fn run(mut self, delay: Duration) {
        self.wake(delay);
        while !self.quit {
            match self.engine.poll_action() {
                Some(Action::Dial { trigger, server }) => self.attempt(trigger, server).await,
                // Of an attempt that has ended meanwhile.
                Some(Action::HangUp(_)) => {}
                None => self.idle().await,
            }
            self.publish();
        }
        self.machine.set_state(State::Stopped);
    }

    /// It is switched on: the clock begins to run, and what it is to begin with begins after `delay`.
    fn wake(&mut self, delay: Duration) {
        let now = self.now();
        let remote = self.machine.shared.read().remote_access.clone();
        self.engine.handle_configured_at(&remote, now, delay);
        let first = self.machine.setup.trigger;
        if first != Trigger::Periodic {
            self.engine.postpone_periodic(now + delay);
            self.engine.plan(first, now + delay);
        }
        self.publish();
    }

    pub(crate) fn next_cookie(&mut self) -> u16 {
        self.cookie = self.cookie.wrapping_add(1);
        self.cookie
    }

    fn keep_alert(&mut self, event: Arc<Pet>, trap: bool) {
        if self.alerts.len() == ALERTS {
            self.alerts.pop_front();
        }
        self.alerts.push_back(Alert { event, trap });
    }

    pub(crate) fn take_alerts(&mut self) -> VecDeque<Alert> {
        std::mem::take(&mut self.alerts)
    }

    /// Pulls a trigger. Events that belong to it wait for the tunnel.
    pub(crate) fn fire(&mut self, trigger: Trigger) -> Result<(), Ignored> {
        let now = self.now();
        self.engine.handle_trigger(trigger, now)?;
        match trigger {
            Trigger::User => {
                self.machine.note(Event::UserCall);
                let pet = Pet::user_call(self.next_cookie());
                self.keep_alert(Arc::new(pet), true);
            }
            Trigger::Alert => {
                let pet = Pet::chassis_intrusion(self.next_cookie());
                self.machine.happened(&pet);
                self.keep_alert(Arc::new(pet), true);
            }
            Trigger::Periodic => {}
        }
        Ok(())
    }

    /// Something happened to the PC: the alert trigger, and an event for the tunnel.
    pub(crate) fn raise(&mut self, pet: Arc<Pet>) {
        let now = self.now();
        let tunnel = matches!(self.engine.standing(), Standing::Connected { .. });
        let trap = self.machine.has_trap_receivers() || self.machine.listeners().is_empty();
        match self.engine.handle_trigger(Trigger::Alert, now) {
            Err(ignored) if !tunnel => tracing::debug!(%ignored, "an event reaches nobody"),
            Ok(()) | Err(_) => self.keep_alert(pet, trap),
        }
    }

    /// Obeys what has nothing to do with the socket of a tunnel.
    pub(crate) fn obey(&mut self, command: Command) {
        let now = self.now();
        match command {
            Command::Fire(trigger, verdict) => {
                let fired = self.fire(trigger);
                if let Err(ignored) = fired {
                    tracing::debug!(%trigger, %ignored, "a trigger does nothing");
                }
                if verdict.is_some_and(|verdict| verdict.send(fired).is_err()) {
                    tracing::trace!("nobody waits for what a trigger does");
                }
            }
            Command::Alert(pet) => self.raise(pet),
            Command::Fault(setting) => self.faults.apply(&setting),
            Command::Network(network) => {
                self.engine.handle_network(network, now);
            }
            Command::Configured => {
                let remote = self.machine.shared.read().remote_access.clone();
                self.engine.handle_configured(&remote, now);
                if self.faults.link_flap {
                    self.engine.handle_unnoticed();
                }
            }
            Command::CloseTunnel => self.engine.handle_close(),
            // There is no socket to drop.
            Command::Cut => {}
            Command::Shutdown => self.quit = true,
        }
        self.publish();
    }

    /// Waits for what comes next: a command, or the engine's time.
    async fn idle(&mut self) {
        let due = self.engine.poll_timeout();
        self.machine.set_state(match due {
            Some(_) if self.why.is_empty() => State::Connecting,
            Some(_) => State::Retrying { why: self.why.clone() },
            None => State::Stopped,
        });
        let over = self.sleep(due);
        tokio::pin!(over);
        tokio::select! {
            () = &mut over => {
                let now = self.now();
                self.engine.handle_timeout(now);
            }
            command = self.commands.recv() => match command {
                Some(command) => self.obey(command),
                None => self.quit = true,
            },
        }
    }

    fn sleep(&self, due: Option<Duration>) -> impl Future<Output = ()> + use<> {
        let at = due.map(|due| Instant::now() + due.saturating_sub(self.now()));
        async move {
            match at {
                Some(at) => sleep_until(at).await,
                None => pending().await,
            }
        }
    }

    /// Makes what the engine thinks known to whoever asks.
    pub(crate) fn publish(&self) {
        self.machine.set_outlook(Outlook {
            standing: self.engine.standing(),
            surroundings: self.engine.surroundings(),
        });
    }

    async fn attempt(&mut self, trigger: Trigger, number: u32) {
        let server = self.machine.shared.read().remote_access.server(number).cloned();
        let Some(server) = server else {
            let now = self.now();
            self.engine.handle_over(now);
            return;
        };
        self.machine.set_state(State::Connecting);
        self.publish();
        let network = self.engine.network().suffix();
        let route = Route::of(&self.machine.shared.read().remote_access, &server, network);
        self.machine.write_log(|log, now| {
            log.began(Attempt::new(trigger, &server), now);
        });
        match self.reach(&server, route).await {
            Ok((stream, proxy)) => {
                self.machine.write_log(|log, _| log.connected(proxy));
                if let Some(root) = tls::root_of(&stream) {
                    self.machine.shared.verified(server.number, &root);
                }
                self.inhabit(trigger, &server, stream).await;
            }
            Err(failure) => {
                self.why.clone_from(&failure.note);
                self.machine.write_log(|log, _| log.failed(failure));
            }
        }
        let now = self.now();
        self.engine.handle_over(now);
    }

    /// Dials, unless the engine changes its mind meanwhile.
    async fn reach(
        &mut self,
        server: &Server,
        route: Route,
    ) -> Result<(SslStream<TcpStream>, Option<String>), Failure> {
        let tls = {
            let configuration = self.machine.shared.read();
            self.tls.client(&configuration.certificates, &server.login)
        };
        let tls = tls.map_err(|error| Failure::internal(error.to_string()))?;
        // Boxed, so that the memory of a handshake does not stay with an idle platform.
        let source = self.machine.source;
        let mut dialling = Box::pin(async move { dial(&route, source, &tls).await });
        loop {
            if let Some(Action::HangUp(why)) = self.engine.poll_action() {
                return Err(given_up(why));
            }
            let over = self.sleep(self.engine.poll_timeout());
            tokio::pin!(over);
            tokio::select! {
                dialled = &mut dialling => return dialled,
                () = &mut over => {
                    let now = self.now();
                    self.engine.handle_timeout(now);
                }
                command = self.commands.recv() => match command {
                    Some(command) => self.obey(command),
                    None => self.quit = true,
                },
            }
            if self.quit {
                return Err(given_up(HangUp::Asked));
            }
        }
    }

    async fn inhabit(&mut self, trigger: Trigger, server: &Server, stream: SslStream<TcpStream>) {
        let machine = self.machine.clone();
        let seconds = u32::try_from(machine.setup.keepalive.as_secs()).unwrap_or(u32::MAX);
        machine.write_log(|log, _| log.keepalive_interval = seconds);
        let setup = &machine.setup;
        let config = setup.connection(&machine.identity, &self.faults, trigger, &server.login);
        let ended = Driver::new(self, stream, config).run().await;
        let Ended { by, apf_reason, amt_reason, tls_alert, why, was_admitted } = ended;
        machine.shared.tunnel(None);
        if was_admitted {
            self.announce(false);
        }
        self.why.clone_from(&why);
        machine.write_log(|log, at| {
            log.closed(Closure { at, by, apf_reason, amt_reason }, tls_alert, why);
        });
    }

    /// The server let it in.
    pub(crate) fn admitted(&mut self) {
        let now = self.now();
        self.engine.handle_admitted(now);
        self.machine.write_log(|log, _| log.admitted());
        let seconds = u32::try_from(self.machine.setup.keepalive.as_secs()).unwrap_or(u32::MAX);
        self.machine.shared.tunnel(Some(seconds));
        self.machine.set_state(State::Connected);
        self.announce(true);
        self.publish();
    }

    /// Tells that a tunnel came up or went down: to host software, and to who is subscribed. The trap waits for a
    /// tunnel: an end that made the platform dial for its sake would be followed by another one.
    fn announce(&mut self, up: bool) {
        self.machine.note(Event::Tunnel { up });
        let trap = self.machine.has_trap_receivers();
        if trap || !self.machine.listeners().is_empty() {
            let pet = Pet::tunnel(self.next_cookie(), up);
            self.keep_alert(Arc::new(pet), trap);
        }
    }
}

/// Why an attempt was given up before there was a tunnel.
fn given_up(why: HangUp) -> Failure {
    let note = match why {
        HangUp::LifeTime | HangUp::Asked => "given up on request",
        HangUp::Superseded => "given up for a trigger of higher priority",
        HangUp::NotOutside => "given up inside the company's network",
    };
    Failure {
        result: ConnectionResult::NotApplicable,
        tcp: TcpDetail::Ok,
        tls_alert: None,
        note: note.into(),
    }
}
