//! What a platform decides by itself: when to dial in, whom, and when to hang up.
//!
//! A state machine without clock and sockets. Whoever owns it tells it what happens (`handle_*`, with the time since
//! the Unix epoch), does what [`Engine::poll_action`] says, and calls [`Engine::handle_timeout`] at
//! [`Engine::poll_timeout`]. Each [`Action::Dial`] is followed by at most one `handle_admitted` and exactly one
//! `handle_over`, also after [`Action::HangUp`].
//!
//! ```
//! use amt_sim::{
//!     RetryProfile, Trigger,
//!     engine::{Action, Engine, Network},
//!     remote_access::{Access, Environment, InfoFormat, Limits, Login, Policy, RemoteAccess},
//! };
//! use std::time::Duration;
//!
//! let mut remote = RemoteAccess::default();
//! let access = Access { info: "mps.example".into(), format: InfoFormat::Fqdn, port: 4433, cn: None };
//! let login = Login::Password { user: "admin".into(), password: "P@ssw0rd".into() };
//! let server = remote.add_server(access, login, &Limits::default())?;
//! remote.add_policy(Policy::new(Trigger::User, 300, None, [server]), &Limits::default())?;
//! remote.user_initiated.os = true;
//! remote.environment = Environment::new(vec!["corp.example".into()], Vec::new())?;
//!
//! let now = Duration::from_secs(1_700_000_000);
//! let mut engine = Engine::new(RetryProfile::Spec, Network::Outside, 7);
//! engine.handle_configured(&remote, now);
//! assert_eq!(engine.poll_action(), None);
//! engine.handle_trigger(Trigger::User, now)?;
//! assert_eq!(engine.poll_action(), Some(Action::Dial { trigger: Trigger::User, server }));
//! engine.handle_admitted(now);
//! assert_eq!(engine.poll_timeout(), Some(now + Duration::from_secs(300)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod network;
mod periodic;
mod priority;
mod round;
#[cfg(test)]
mod tests;
mod tunnel;
mod words;

pub use network::{Network, UnknownNetwork};
pub use words::{Action, HangUp, Ignored, Standing};

use crate::{
    RetryProfile, Surroundings, Trigger,
    remote_access::{Policy, RemoteAccess},
    retry::Retry,
};
use periodic::Periodic;
use priority::{BY_PRIORITY, Pending, rank};
use round::Round;
use std::{collections::VecDeque, time::Duration};
use tunnel::Tunnel;

/// From a change of what it is configured with to its consequence. Toolkits set several things in a row.
const SOON: Duration = Duration::from_secs(1);

#[derive(Debug, Clone)]
enum Doing {
    Nothing,
    /// An attempt is under way, or the next one waits for its time.
    Dialling(Round),
    Tunnel(Tunnel),
    /// `HangUp` was said; the owner has not come back yet.
    Leaving,
}

/// The state machine.
#[derive(Debug)]
pub struct Engine {
    remote: RemoteAccess,
    network: Network,
    retry: Retry,
    doing: Doing,
    pending: Pending,
    periodic: Option<Periodic>,
    /// When an eager platform dials again, and for what.
    again: Option<(Duration, Trigger)>,
    gave_up: bool,
    unaware: bool,
    actions: VecDeque<Action>,
}

impl Engine {
    /// A platform without any configuration. `seed` spreads the pauses of eager ones.
    #[must_use]
    pub fn new(profile: RetryProfile, network: Network, seed: u32) -> Self {
        Self {
            remote: RemoteAccess::default(),
            network,
            retry: Retry::new(profile, seed),
            doing: Doing::Nothing,
            pending: Pending::default(),
            periodic: None,
            again: None,
            gave_up: false,
            unaware: false,
            actions: VecDeque::new(),
        }
    }

    /// Takes over what it is configured with. A new periodic policy dials at once and then at its intervals.
    pub fn handle_configured(&mut self, remote: &RemoteAccess, now: Duration) {
        self.handle_configured_at(remote, now, SOON);
    }

    /// The same, with the periodic policy's first dialling after `delay`.
    pub(crate) fn handle_configured_at(
        &mut self,
        remote: &RemoteAccess,
        now: Duration,
        delay: Duration,
    ) {
        let was_outside = self.is_outside();
        let schedule = |remote: &RemoteAccess| remote.policy(Trigger::Periodic)?.schedule;
        let (before, after) = (schedule(&self.remote), schedule(remote));
        self.gave_up &= self.remote == *remote;
        self.remote.clone_from(remote);
        if before != after {
            self.periodic = None;
            self.restart_periodic(now, delay);
        }
        self.look_around(was_outside, now, delay);
    }

    /// The firmware does not notice what it is configured with until its link has been down.
    pub fn handle_unnoticed(&mut self) {
        self.unaware = true;
    }

    /// The platform is in another network; a lost link counts as one.
    pub fn handle_network(&mut self, network: Network, now: Duration) {
        let was_outside = self.is_outside();
        self.gave_up = false;
        self.unaware &= network != Network::Down;
        self.network = network;
        self.look_around(was_outside, now, SOON);
    }

    /// Somebody or something pulls a trigger.
    ///
    /// # Errors
    /// When it does nothing, with the reason.
    pub fn handle_trigger(&mut self, trigger: Trigger, now: Duration) -> Result<(), Ignored> {
        let policy = self.remote.policy(trigger).ok_or(Ignored::NoPolicy)?;
        let (life, servers) = (policy.life(), policy.servers_outside());
        let user = self.remote.user_initiated;
        if trigger == Trigger::User && !user.bios && !user.os {
            return Err(Ignored::UserOff);
        }
        if !self.is_outside() {
            return Err(Ignored::Inside);
        }
        if self.unaware {
            return Err(Ignored::Unaware);
        }
        if trigger == Trigger::User {
            self.gave_up = false;
        }
        if self.gave_up {
            return Err(Ignored::GaveUp);
        }
        match &mut self.doing {
            Doing::Nothing => self.begin(trigger, now),
            Doing::Dialling(round) if rank(trigger) > rank(round.trigger) => {
                let (lower, under_way) = (round.trigger, round.is_under_way());
                self.pending.add(lower);
                self.pending.add(trigger);
                if under_way {
                    self.hang_up(HangUp::Superseded);
                } else {
                    self.doing = Doing::Nothing;
                }
                self.serve_pending(now);
            }
            Doing::Dialling(round) if trigger == round.trigger => {}
            Doing::Dialling(_) | Doing::Leaving => self.pending.add(trigger),
            Doing::Tunnel(tunnel) => {
                let moves = trigger == Trigger::User
                    && rank(trigger) > rank(tunnel.trigger)
                    && !servers.contains(&tunnel.server);
                if moves {
                    self.pending.add(trigger);
                    self.hang_up(HangUp::Superseded);
                } else {
                    tunnel.serve(trigger, life);
                }
            }
        }
        Ok(())
    }

    /// The server let the platform in: a tunnel is up.
    pub fn handle_admitted(&mut self, now: Duration) {
        let Doing::Dialling(round) = &self.doing else { return };
        let Some(server) = round.current() else { return };
        let trigger = round.trigger;
        let life = self.remote.policy(trigger).and_then(Policy::life);
        let mut tunnel = Tunnel { trigger, server, life, active: now };
        self.retry.succeeded();
        self.again = None;
        // What came meanwhile and can be served by this tunnel is.
        for lower in BY_PRIORITY {
            if rank(lower) < rank(trigger) && self.pending.take(lower) {
                let policy = self.remote.policy(lower);
                tunnel.serve(lower, policy.and_then(Policy::life));
            }
        }
        self.doing = Doing::Tunnel(tunnel);
    }

    /// Something happened in the tunnel: a channel was opened, or carried data. Keep-alives do not count.
    pub fn handle_activity(&mut self, now: Duration) {
        if let Doing::Tunnel(tunnel) = &mut self.doing {
            tunnel.active = now;
        }
    }

    /// The attempt or the tunnel that the last `Dial` began is over.
    pub fn handle_over(&mut self, now: Duration) {
        // What was to be ended has ended.
        self.actions.retain(|action| !matches!(action, Action::HangUp(_)));
        match std::mem::replace(&mut self.doing, Doing::Nothing) {
            Doing::Dialling(mut round) => {
                if round.failed(now) {
                    self.doing = Doing::Dialling(round);
                    self.dial_next(now);
                    return;
                }
                self.away(round.trigger, true, now);
            }
            Doing::Tunnel(tunnel) => self.away(tunnel.trigger, false, now),
            Doing::Leaving | Doing::Nothing => {}
        }
        self.serve_pending(now);
    }

    /// Somebody asks for the end of the tunnel, or of dialling, whatever began it.
    pub fn handle_close(&mut self) {
        self.pending.clear();
        self.again = None;
        match &self.doing {
            Doing::Dialling(round) if !round.is_under_way() => self.doing = Doing::Nothing,
            Doing::Dialling(_) | Doing::Tunnel(_) => self.hang_up(HangUp::Asked),
            Doing::Nothing | Doing::Leaving => {}
        }
    }

    /// When `handle_timeout` should be called although nothing happened.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Duration> {
        let doing = match &self.doing {
            Doing::Dialling(round) => round.due(),
            Doing::Tunnel(tunnel) => tunnel.ends(),
            Doing::Nothing | Doing::Leaving => None,
        };
        let again = self.again.filter(|_| matches!(self.doing, Doing::Nothing));
        let periodic =
            self.periodic.filter(|_| self.is_outside() && !self.gave_up && !self.unaware);
        [doing, again.map(|(at, _)| at), periodic.map(|periodic| periodic.due)]
            .into_iter()
            .flatten()
            .min()
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Duration) {
        match &self.doing {
            Doing::Tunnel(tunnel) if tunnel.ends().is_some_and(|at| at <= now) => {
                self.hang_up(HangUp::LifeTime);
            }
            Doing::Dialling(round) if round.due().is_some_and(|due| due <= now) => {
                self.dial_next(now);
            }
            Doing::Dialling(_) | Doing::Tunnel(_) | Doing::Nothing | Doing::Leaving => {}
        }
        if let Some((at, trigger)) = self.again
            && at <= now
            && matches!(self.doing, Doing::Nothing)
        {
            self.again = None;
            if let Err(ignored) = self.handle_trigger(trigger, now) {
                tracing::trace!(%trigger, %ignored, "nothing is dialled again");
            }
        }
        if self.periodic.is_some_and(|periodic| periodic.due <= now) {
            self.periodic_is_due(now);
        }
    }

    /// What is to be done.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Whether any server is dialled from here.
    #[must_use]
    pub fn is_outside(&self) -> bool {
        self.surroundings() == Surroundings::Outside && self.network != Network::Down
    }

    /// Where the platform takes itself to be.
    #[must_use]
    pub fn surroundings(&self) -> Surroundings {
        self.network.seen_from(&self.remote.environment)
    }

    /// The network it is in.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// How it stands to its servers.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match &self.doing {
            Doing::Dialling(round) => match round.current() {
                Some(server) => Standing::Dialling { trigger: round.trigger, server },
                None => Standing::Away,
            },
            Doing::Tunnel(tunnel) => {
                Standing::Connected { trigger: tunnel.trigger, server: tunnel.server }
            }
            Doing::Nothing | Doing::Leaving => Standing::Away,
        }
    }

    /// Compares where it was with where it is.
    fn look_around(&mut self, was_outside: bool, now: Duration, delay: Duration) {
        match (was_outside, self.is_outside()) {
            (false, true) => self.restart_periodic(now, delay),
            (true, false) => {
                self.pending.clear();
                self.again = None;
                match &self.doing {
                    Doing::Dialling(round) if !round.is_under_way() => self.doing = Doing::Nothing,
                    Doing::Dialling(_) | Doing::Tunnel(_) => self.hang_up(HangUp::NotOutside),
                    Doing::Nothing | Doing::Leaving => {}
                }
            }
            (true, true) | (false, false) => {}
        }
    }

    fn begin(&mut self, trigger: Trigger, now: Duration) {
        self.again = None;
        self.pending.take(trigger);
        let policy = self.remote.policy(trigger);
        let servers = policy.map(Policy::servers_outside).unwrap_or_default();
        self.doing = Doing::Dialling(Round::new(trigger, servers, self.retry.profile()));
        self.dial_next(now);
    }

    /// The next server of the round, if its time has come.
    fn dial_next(&mut self, now: Duration) {
        let Doing::Dialling(round) = &mut self.doing else { return };
        if round.is_over() {
            let trigger = round.trigger;
            self.doing = Doing::Nothing;
            self.away(trigger, true, now);
            return;
        }
        if let Some(server) = round.dial(now) {
            self.actions.push_back(Action::Dial { trigger: round.trigger, server });
        }
    }

    /// A round failed, or a tunnel was lost: what the profile makes of it.
    fn away(&mut self, trigger: Trigger, failed: bool, now: Duration) {
        match self.retry.profile() {
            RetryProfile::Spec => {}
            RetryProfile::GivesUp => self.gave_up |= failed,
            RetryProfile::Eager => self.again = Some((now + self.retry.pause(), trigger)),
        }
    }

    fn serve_pending(&mut self, now: Duration) {
        if !matches!(self.doing, Doing::Nothing) || !self.is_outside() {
            return;
        }
        if let Some(trigger) = self.pending.first() {
            self.begin(trigger, now);
        }
    }

    fn hang_up(&mut self, why: HangUp) {
        self.doing = Doing::Leaving;
        // A server that nobody has begun to dial need not be hung up.
        let before = self.actions.len();
        self.actions.retain(|action| !matches!(action, Action::Dial { .. }));
        if self.actions.len() == before {
            self.actions.push_back(Action::HangUp(why));
        } else {
            self.doing = Doing::Nothing;
        }
    }
}
