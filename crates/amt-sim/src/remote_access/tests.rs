//! Limits and return codes, one by one.

use super::*;

fn address(last: u8) -> Access {
    let info = format!("192.0.2.{last}");
    Access { info, format: InfoFormat::Ipv4, port: 4433, cn: Some("mps.example".into()) }
}

fn password(user: &str, password: &str) -> Login {
    Login::Password { user: user.into(), password: password.into() }
}

fn login() -> Login {
    password("admin", "P@ssw0rd")
}

fn with_servers(count: u8) -> RemoteAccess {
    let mut remote = RemoteAccess::default();
    for last in 0..count {
        assert_eq!(remote.add_server(address(last), login(), &Limits::default()), Ok(last.into()));
    }
    remote
}

#[test]
fn four_servers_fit_and_the_fifth_is_one_too_many() {
    let mut remote = with_servers(4);
    let limits = Limits::default();
    assert_eq!(remote.add_server(address(9), login(), &limits), Err(Code::MaximumReached));
    assert_eq!(remote.add_server(address(9), login(), &Limits { servers: 6, ..limits }), Ok(4));
    // The lowest free number is given again.
    assert_eq!(remote.remove_server(1), Ok(()));
    assert_eq!(remote.add_server(address(8), login(), &limits), Err(Code::MaximumReached));
    assert_eq!(remote.remove_server(4), Ok(()));
    assert_eq!(remote.add_server(address(8), login(), &limits), Ok(1));
}

#[test]
fn values_out_of_their_limits_are_invalid_parameters() {
    let limits = Limits::default();
    let mut remote = RemoteAccess::default();
    let name =
        |info: &str| Access { info: info.into(), format: InfoFormat::Fqdn, port: 4433, cn: None };
    let long = "a".repeat(65);
    for (access, login) in [
        (Access { cn: None, ..address(1) }, login()),
        (Access { port: 0, ..address(1) }, login()),
        (Access { format: InfoFormat::Ipv6, ..address(1) }, login()),
        (name("mps:4433"), login()),
        (name(""), login()),
        (name("mps..example"), login()),
        (address(1), password("ad@min", "P@ssw0rd")),
        (address(1), password("ad$min", "P@ssw0rd")),
        (address(1), password("", "P@ssw0rd")),
        (address(1), password("admin", "")),
        (address(1), password(&long, "P@ssw0rd")),
        (address(1), password("admin", &long)),
    ] {
        let text = format!("{access:?} {login:?}");
        assert_eq!(
            remote.add_server(access, login, &limits),
            Err(Code::InvalidParameter),
            "{text}"
        );
    }
    assert_eq!(remote.add_server(name("mps.example"), login(), &limits), Ok(0));
    assert_eq!(remote.add_server(name("MPS.example"), login(), &limits), Err(Code::Duplicate));
    let narrow = Limits { credential: 16, ..limits };
    let seventeen = password(&"a".repeat(17), "P@ssw0rd");
    let refused = remote.add_server(address(1), seventeen.clone(), &narrow);
    assert_eq!(refused, Err(Code::InvalidParameter));
    assert_eq!(remote.add_server(address(1), seventeen, &limits), Ok(1));
}

#[test]
fn firmware_restricted_to_null_ciphers_refuses_to_have_an_mps_configured() {
    let limits = Limits { null_ciphers: true, ..Limits::default() };
    let mut remote = RemoteAccess::default();
    assert_eq!(remote.add_server(address(1), login(), &limits), Err(Code::NotPermitted));
}

#[test]
fn a_policy_has_one_or_two_servers_and_a_trigger_of_its_own() {
    let mut remote = with_servers(4);
    let limits = Limits::default();
    let policy = |servers: &[u32]| Policy::new(Trigger::User, 300, None, servers.iter().copied());
    for bad in [&[][..], &[0, 1, 2], &[0, 0], &[7]] {
        assert_eq!(remote.add_policy(policy(bad), &limits), Err(Code::InvalidParameter), "{bad:?}");
    }
    assert_eq!(remote.add_policy(policy(&[2, 1]), &limits), Ok(()));
    assert_eq!(remote.add_policy(policy(&[3]), &limits), Err(Code::Duplicate));
    assert_eq!(remote.policy(Trigger::User).unwrap().servers_outside(), [2, 1]);
    // A server of a policy stays as long as the policy.
    assert_eq!(remote.remove_server(1), Err(Code::NotPermitted));
    assert_eq!(remote.remove_server(3), Ok(()));
    let untimed = Policy::new(Trigger::Periodic, 0, None, [0]);
    assert_eq!(remote.add_policy(untimed, &limits), Err(Code::InvalidParameter));
}

#[test]
fn internal_servers_are_not_dialled_servers_outside() {
    let mut policy = Policy::new(Trigger::User, 0, None, [0, 1]);
    policy.applies[0].mps_type = MpsType::Internal;
    assert_eq!(policy.servers_outside(), [1]);
    policy.applies[0].mps_type = MpsType::Both;
    policy.applies[0].order = 5;
    assert_eq!(policy.servers_outside(), [1, 0]);
}

#[test]
fn extended_data_is_an_interval_or_a_time_of_day() {
    let interval = [0, 0, 0, 0, 0, 0, 0, 25];
    assert_eq!(Schedule::from_bytes(&interval), Ok(Schedule::Interval(25)));
    let daily = [0, 0, 0, 1, 0, 0, 0, 23, 0, 0, 0, 59];
    assert_eq!(Schedule::from_bytes(&daily), Ok(Schedule::Daily { hour: 23, minute: 59 }));
    for bytes in [&interval[..], &daily] {
        assert_eq!(Schedule::from_bytes(bytes).unwrap().to_bytes(), bytes);
    }
    for bad in [
        &[][..],
        &[0; 8],
        &[0, 0, 0, 0, 0, 0, 0, 25, 0],
        &[0, 0, 0, 1, 0, 0, 0, 24, 0, 0, 0, 0],
        &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 60],
        &[0, 0, 0, 2, 0, 0, 0, 1],
    ] {
        assert_eq!(Schedule::from_bytes(bad), Err(Code::InvalidParameter), "{bad:?}");
    }
}

#[test]
fn intervals_count_from_their_beginning_and_days_from_midnight() {
    use std::time::Duration;
    let at = Duration::from_secs;
    let every = Schedule::Interval(25);
    assert_eq!(every.next(at(100), at(100)), at(125));
    assert_eq!(every.next(at(100), at(124)), at(125));
    assert_eq!(every.next(at(100), at(125)), at(150));
    let day = 24 * 60 * 60;
    let six = Schedule::Daily { hour: 6, minute: 30 };
    assert_eq!(six.next(at(0), at(3 * day)), at(3 * day + 23_400));
    assert_eq!(six.next(at(0), at(3 * day + 23_400)), at(4 * day + 23_400));
}

#[test]
fn a_proxy_serves_its_network_and_not_servers_within_it() {
    let mut remote = RemoteAccess::default();
    let limits = Limits::default();
    let access = |last| Access { cn: None, ..address(last) };
    assert_eq!(remote.add_proxy(access(1), "hotel.example".into(), &limits), Ok(0));
    assert_eq!(remote.add_proxy(access(2), "hotel.example".into(), &limits), Ok(1));
    assert_eq!(remote.add_proxy(access(3), "branch.example".into(), &limits), Ok(2));
    let again = remote.add_proxy(access(1), "HOTEL.example".into(), &limits);
    assert_eq!(again, Err(Code::Duplicate));
    let numbers = |server: &str, network: &str| -> Vec<u32> {
        remote.proxies_for(server, network).iter().map(|proxy| proxy.number).collect()
    };
    assert_eq!(numbers("mps.example", "lobby.hotel.example"), [0, 1]);
    assert_eq!(numbers("mps.hotel.example", "hotel.example"), [0; 0]);
    assert_eq!(numbers("mps.example", "home.lan"), [0; 0]);
    for last in 4..16 {
        remote.add_proxy(access(last), "x.example".into(), &limits).unwrap();
    }
    let one_more = remote.add_proxy(access(99), "x.example".into(), &limits);
    assert_eq!(one_more, Err(Code::MaximumReached));
    let long = remote.add_proxy(access(99), "a".repeat(193), &Limits { proxies: 99, ..limits });
    assert_eq!(long, Err(Code::InvalidParameter));
}

#[test]
fn user_initiation_has_four_states() {
    for state in 32_768..=32_771 {
        assert_eq!(UserInitiated::of_state(state).unwrap().state(), state);
    }
    assert_eq!(UserInitiated::of_state(32_772), None);
    assert_eq!(UserInitiated::of_state(2), None);
}
