//! Where a platform lives in these tests: three servers, each with its way to meet it, and a clock.

use super::super::*;
use crate::remote_access::{Access, Environment, InfoFormat, Limits, Login, Policy, Schedule};
use std::collections::BTreeMap;

pub(super) const FIRST: u32 = 0;
pub(super) const SECOND: u32 = 1;
pub(super) const THIRD: u32 = 2;
pub(super) const MIDNIGHT: u64 = 1_700_006_400;
pub(super) const DAY: u64 = 24 * 60 * 60;

/// What a platform meets at a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Meets {
    Welcome,
    NoAnswer,
    WrongRoot,
    WrongName,
    WrongPassword,
}

use Meets::Welcome;

/// What happened, with the second at which it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Dialled(Trigger, u32, Meets),
    HungUp(HangUp),
}

use Seen::{Dialled, HungUp};

/// A platform, its servers, and what has happened between them.
pub(super) struct World {
    pub(super) engine: Engine,
    pub(super) now: Duration,
    pub(super) servers: BTreeMap<u32, Meets>,
    pub(super) seen: Vec<(u64, Seen)>,
}

pub(super) fn at(second: u64) -> Duration {
    Duration::from_secs(MIDNIGHT + second)
}

/// Three servers, user initiation, and an environment that is nowhere.
pub(super) fn remote() -> RemoteAccess {
    let mut remote = RemoteAccess::default();
    for name in ["a.example", "b.example", "c.example"] {
        let format = InfoFormat::Fqdn;
        let access = Access { info: name.into(), format, port: 4433, cn: None };
        let login = Login::Password { user: "admin".into(), password: "P@ssw0rd".into() };
        remote.add_server(access, login, &Limits::default()).unwrap();
    }
    remote.user_initiated.os = true;
    remote.environment = Environment::new(vec!["corp.example".into()], Vec::new()).unwrap();
    remote
}

pub(super) fn policy(trigger: Trigger, life: u32, servers: &[u32]) -> Policy {
    let schedule = (trigger == Trigger::Periodic).then_some(Schedule::Interval(3600));
    Policy::new(trigger, life, schedule, servers.iter().copied())
}

pub(super) fn every(seconds: u32, life: u32, servers: &[u32]) -> Policy {
    let schedule = Some(Schedule::Interval(seconds));
    Policy::new(Trigger::Periodic, life, schedule, servers.iter().copied())
}

impl World {
    pub(super) fn new(policies: impl IntoIterator<Item = Policy>) -> Self {
        Self::of(RetryProfile::Spec, policies)
    }

    pub(super) fn of(profile: RetryProfile, policies: impl IntoIterator<Item = Policy>) -> Self {
        let mut remote = remote();
        for policy in policies {
            remote.add_policy(policy, &Limits::default()).unwrap();
        }
        let mut engine = Engine::new(profile, Network::Outside, 7);
        engine.handle_configured(&remote, at(0));
        let servers = [FIRST, SECOND, THIRD].map(|server| (server, Welcome)).into();
        let mut world = Self { engine, now: at(0), servers, seen: Vec::new() };
        world.act();
        world
    }

    pub(super) fn meets(mut self, server: u32, meets: Meets) -> Self {
        self.servers.insert(server, meets);
        self
    }

    pub(super) fn fire(&mut self, trigger: Trigger) -> Result<(), Ignored> {
        let fired = self.engine.handle_trigger(trigger, self.now);
        self.act();
        fired
    }

    pub(super) fn change(&mut self, change: impl FnOnce(&mut RemoteAccess)) {
        let mut remote = self.engine.remote.clone();
        change(&mut remote);
        self.engine.handle_configured(&remote, self.now);
        self.act();
    }

    pub(super) fn enter(&mut self, network: Network) {
        self.engine.handle_network(network, self.now);
        self.act();
    }

    pub(super) fn lose(&mut self) {
        assert!(matches!(self.engine.standing(), Standing::Connected { .. }));
        self.engine.handle_over(self.now);
        self.act();
    }

    /// Lets time pass up to a second of the day.
    pub(super) fn until(&mut self, second: u64) {
        let end = at(second);
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.engine.handle_timeout(self.now);
            self.act();
        }
        self.now = end;
    }

    /// Does what the engine says, until it says nothing more.
    pub(super) fn act(&mut self) {
        while let Some(action) = self.engine.poll_action() {
            let second = self.now.as_secs() - MIDNIGHT;
            match action {
                Action::Dial { trigger, server } => {
                    let meets = self.servers[&server];
                    self.seen.push((second, Dialled(trigger, server, meets)));
                    if meets == Welcome {
                        self.engine.handle_admitted(self.now);
                    } else {
                        self.engine.handle_over(self.now);
                    }
                }
                Action::HangUp(why) => {
                    self.seen.push((second, HungUp(why)));
                    self.engine.handle_over(self.now);
                }
            }
        }
    }

    pub(super) fn attempts(&self) -> Vec<(Trigger, u32, Meets)> {
        let attempt = |seen: &(u64, Seen)| match seen.1 {
            Dialled(trigger, server, meets) => Some((trigger, server, meets)),
            HungUp(_) => None,
        };
        self.seen.iter().filter_map(attempt).collect()
    }

    pub(super) fn connected(&self) -> Option<(Trigger, u32)> {
        match self.engine.standing() {
            Standing::Connected { trigger, server } => Some((trigger, server)),
            Standing::Away | Standing::Dialling { .. } => None,
        }
    }
}
