//! Which servers a platform tries in which order, and with what result: every combination, over real TLS.

use crate::mps::{
    Manners, Mps, NAME,
    authority::{Authority, Leaf},
    soon,
};
use amt_sim::{
    ConnectionResult, Entry, Identity, Platform, PlatformConfig, RunningPlatform, Setup, State,
    Trigger,
    remote_access::{Access, InfoFormat, Login, Policy, Schedule},
};
use openssl::x509::X509;
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

const FIRST: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 1);
const SECOND: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// What a platform meets at a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meets {
    Welcome,
    NoAnswer,
    WrongRoot,
    WrongName,
    WrongPassword,
}

use Meets::{NoAnswer, Welcome, WrongName, WrongPassword, WrongRoot};

const ALL: [Meets; 5] = [Welcome, NoAnswer, WrongRoot, WrongName, WrongPassword];

/// One server of each kind at an address.
struct Servers(Vec<(Meets, SocketAddr, Option<Mps>)>);

impl Servers {
    async fn start(address: Ipv4Addr) -> Self {
        let mut servers = Vec::new();
        for meets in ALL {
            let mut manners = Manners { address, ..Manners::default() };
            match meets {
                Welcome | NoAnswer => {}
                WrongRoot => manners.authority = Some(Arc::new(Authority::new())),
                WrongName => manners.leaf = Leaf { name: "other.example".into(), bits: 2048 },
                WrongPassword => manners.password = Some("another".into()),
            }
            let mps = Mps::start(manners).await;
            servers.push((meets, mps.address, (meets != NoAnswer).then_some(mps)));
        }
        // The port of the one that does not answer was free a moment ago, and nobody listens there.
        let nobody = tokio::net::TcpListener::bind((address, 0)).await.unwrap();
        let free = nobody.local_addr().unwrap();
        drop(nobody);
        servers.iter_mut().filter(|(meets, ..)| *meets == NoAnswer).for_each(|s| s.1 = free);
        Self(servers)
    }

    fn of(&self, meets: Meets) -> SocketAddr {
        self.0.iter().find(|(kind, ..)| *kind == meets).unwrap().1
    }
}

fn access(address: SocketAddr) -> Access {
    Access {
        info: address.ip().to_string(),
        format: InfoFormat::Ipv4,
        port: address.port(),
        cn: Some(NAME.into()),
    }
}

/// A platform with two servers in the policy of one trigger, which fires at once.
fn start(trigger: Trigger, first: SocketAddr, second: SocketAddr) -> RunningPlatform {
    let mut setup = Setup::unconfigured();
    setup.trigger = trigger;
    let limits = setup.firmware.remote_access;
    let configuration = &mut setup.configuration;
    let root = X509::from_pem(Authority::shared().root_pem().as_bytes()).unwrap();
    configuration.certificates.add_root(&root.to_der().unwrap()).unwrap();
    let remote = &mut configuration.remote_access;
    let login = Login::Password { user: "admin".into(), password: "P@ssw0rd".into() };
    let servers = [first, second]
        .map(|address| remote.add_server(access(address), login.clone(), &limits).unwrap());
    let daily = (trigger == Trigger::Periodic).then_some(Schedule::Interval(86_400));
    remote.add_policy(Policy::new(trigger, 0, daily, servers), &limits).unwrap();
    remote.user_initiated.os = true;
    remote.environment.suffixes = vec!["corp.example".into()];
    let identity = Identity::new("seed", "pc-01", "").unwrap();
    Platform::start(PlatformConfig { identity, setup }).unwrap()
}

/// What the log says that a platform met.
fn met(entry: &Entry) -> Option<Meets> {
    match (entry.result, &entry.closure, entry.tls_alert) {
        (ConnectionResult::Tcp, ..) => Some(NoAnswer),
        (ConnectionResult::Tls, _, Some(48)) => Some(WrongRoot),
        (ConnectionResult::Tls, _, Some(46)) => Some(WrongName),
        (ConnectionResult::Success, Some(_), _) if entry.note.contains("credentials") => {
            Some(WrongPassword)
        }
        (ConnectionResult::Success, None, _) => Some(Welcome),
        _ => None,
    }
}

fn expected(first: Meets, second: Meets) -> Vec<(Ipv4Addr, Meets)> {
    let (one, two) = ((FIRST, first), (SECOND, second));
    match (first, second) {
        (Welcome, _) => vec![one],
        (_, Welcome) => vec![one, two],
        _ => vec![one, two, one, two],
    }
}

/// Waits until the platform has a tunnel, or has given the round up.
async fn over(platform: &RunningPlatform, attempts: usize) {
    let mut log = platform.cira_log_changes();
    let all = soon("the attempts", log.wait_for(|log| log.entries.len() >= attempts)).await;
    drop(all.unwrap());
    let mut state = platform.state();
    let done = |state: &State| !matches!(state, State::Connecting | State::Connected);
    soon("the end of the round", state.wait_for(done)).await.unwrap();
}

#[tokio::test]
async fn mps_are_tried_in_order_with_one_repeat_by_the_real_platform() {
    let (firsts, seconds) = (Servers::start(FIRST).await, Servers::start(SECOND).await);
    let mut running = Vec::new();
    for trigger in [Trigger::User, Trigger::Alert, Trigger::Periodic] {
        for first in ALL {
            for second in ALL {
                let platform = start(trigger, firsts.of(first), seconds.of(second));
                running.push((trigger, first, second, platform));
            }
        }
    }
    assert_eq!(running.len(), 75);
    for (trigger, first, second, platform) in &running {
        let expected = expected(*first, *second);
        over(platform, expected.len()).await;
        let log = platform.cira_log();
        let case = format!("{trigger} {first:?} {second:?}\n{log}");
        let attempts: Vec<_> = log
            .entries
            .iter()
            .map(|entry| (entry.mps_host.parse().unwrap(), met(entry).expect(&case)))
            .collect();
        assert_eq!(attempts, expected, "{case}");
        assert!(log.entries.iter().all(|entry| entry.trigger == *trigger), "{case}");
        assert_eq!(log.tunnel_open, attempts.iter().any(|(_, met)| *met == Welcome), "{case}");
    }
}
